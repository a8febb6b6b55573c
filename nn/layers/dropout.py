"""Dropout: in training some of the values are zero, at random."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

import autograd
from autograd import Tensor

from ..arguments import plain
from ..rng import Rng, Seed, as_rng
from .layer import Layer

__all__ = ["Dropout"]

Array = np.ndarray[Any, Any]


class Dropout(Layer):
    """In training each value is zero with probability p, and else divided by 1 - p.

    So the expected value stays, and `eval()` lets everything through as it is: the "inverted
    dropout" of the CS231n notes (Srivastava et al. 2014, JMLR 15).
    p      the share of values that are dropped, from 0 to 1
    seed   of the random numbers; without one they come from `nn.seed`, or from `initialise`
    Raises TypeError or ValueError for another p.

    >>> layer = Dropout(0.5, seed=0)
    >>> layer(np.ones(6)).numpy()
    array([2., 0., 0., 0., 2., 2.])
    >>> layer.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])
    """

    p: float

    def __init__(self, p: float = 0.5, *, seed: Seed = None):
        self.p = rate(p, "Dropout: p")
        self.rng: Rng | None = None if seed is None else as_rng(seed)
        self._own: bool = seed is not None

    def draw(self, seed: Seed) -> None:
        """Draw from this seed from now on, unless there was one given."""
        if not self._own:
            self.rng = as_rng(seed)

    def forward(self, x: Any) -> Any:
        """x of any shape, with some values dropped in training."""
        values = x if isinstance(x, Tensor) else plain(x, "Dropout: x")
        return dropped(values, self.p, self.rng) if self.training else values

    def extra_repr(self) -> str:
        """The share that is dropped."""
        return f"p={self.p:g}"


def rate(value: Any, name: str) -> float:
    """The probability of dropout as a float. Raises TypeError, ValueError."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; expected a number from 0 to 1, such as 0.5")
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} is {number}; expected a number from 0 to 1, such as 0.5")
    return number


def dropped(x: Any, p: float, seed: Seed) -> Any:
    """x with each value set to 0 with probability p, and the others divided by 1 - p."""
    if not p:
        return x

    def factors(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        rng, kind = as_rng(seed), dtype if dtype.kind == "f" else np.dtype(float)
        if isinstance(rng, np.random.Generator) and kind == np.float32:
            drawn: Array = rng.random(shape, np.float32)
        else:
            drawn = rng.random(shape)
        scale = kind.type(1 / (1 - p) if p < 1 else 0)
        return np.multiply(drawn >= p, scale, dtype=kind)

    return autograd.multiply(x, autograd.fresh(factors, x.shape, x.dtype))
