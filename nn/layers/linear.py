"""The affine layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import Parameter, ShapeError, Tensor

from .. import init
from ..arguments import size
from ..rng import Seed
from .layer import Layer

__all__ = ["Linear"]

Array = np.ndarray[Any, Any]
Init = Callable[..., Array]


class Linear(Layer):
    """The affine layer x @ W + b, on the last axis of inputs of any rank.

    in_features, out_features   sizes of W (in, out) and b (out,); or copies of given arrays:
                                `Linear(W, b)`
    bias                        False: no b, just x @ W; `Linear(W, bias=False)`
    init                        how W is drawn (`nn.init.he`, `xavier`, `normal`); b is zeros
    seed, dtype                 of the random numbers; of the parameters
    Inputs (..., in) give (..., out); raises ShapeError otherwise. The layer of "Deep Learning from
    Scratch", which flattens images and shares the arrays that it is given, is `nn.book.Affine`.

    >>> import nn
    >>> nn.Linear(3, 5, seed=0)(np.ones((2, 7, 3))).shape
    (2, 7, 5)
    """

    W: Parameter
    b: Parameter  # or None, with bias=False
    torch_names: ClassVar[Mapping[str, str]] = {"W": "weight", "b": "bias"}
    torch_turned: ClassVar[str] = "W"

    def __init__(
        self,
        in_features: int | ArrayLike | Parameter,
        out_features: int | ArrayLike | Parameter | None = None,
        *,
        bias: bool = True,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        weights: Any = in_features
        biases: Any = out_features
        bias = bool(bias)
        self._init = None if np.ndim(weights) else init
        if self._init is not None:
            fan_in = size(weights, "Linear: in_features")
            fan_out = size(biases, "Linear: out_features")
            weights = self._init(fan_in, fan_out, seed=seed, dtype=dtype)
            biases = np.zeros(fan_out, dtype) if bias else None
        if bias is (biases is None):
            raise TypeError(
                f"Linear: got W, {'no b' if bias else 'b'} and bias={bias}; expected Linear(W, b) "
                "or Linear(W, bias=False)"
            )
        check_affine("Linear", np.shape(weights), np.shape(biases) if bias else None)
        self.W = weights if isinstance(weights, Parameter) else Parameter(weights, name="W")
        if bias and not isinstance(biases, Parameter):
            biases = Parameter(biases, name="b")
        self.b = biases

    def draw(self, seed: Seed) -> None:
        """Draw W anew and set b to zero, unless they were given."""
        if self._init is not None:
            self.W.data = self._init(*self.W.shape, seed=seed, dtype=self.W.dtype)
            if self.b is not None:
                self.b.data = np.zeros(self.b.shape)

    def forward(self, x: Any) -> Tensor:
        """x @ W + b for x (..., in)."""
        try:
            if self.b is None:
                out: Tensor = autograd.matmul(x, self.W)
            else:
                out = autograd.affine(x, self.W, self.b)
        except ShapeError as error:
            if np.ndim(x) > 2 and math.prod(np.shape(x)[1:]) == self.W.shape[0]:
                raise ShapeError(f"{error}. Did you mean nn.Flatten() before it?") from None
            raise
        return (self._box or self._make_box()).put(out)

    def extra_repr(self) -> str:
        """The sizes, in and out."""
        bias = ", bias=False" if self.b is None else ""
        return f"{self.W.shape[0]}, {self.W.shape[1]}{bias}"


def check_affine(name: str, W: tuple[int, ...], b: tuple[int, ...] | None) -> None:
    """Raise ShapeError unless the shapes of weights and biases fit together."""
    if len(W) != 2 or b not in (None, W[1:], (1, *W[1:])):
        biases = "" if b is None else f" and b is {b}"
        raise ShapeError(f"{name}: W is {W}{biases}; expected W (in, out) and b (out,)")
