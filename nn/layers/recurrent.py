"""Recurrent layers: plain, LSTM, and GRU; in several layers, and in both directions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

import autograd
from autograd import DTypeError, Parameter, ShapeError, Tensor

from ..arguments import size
from ..module import Module
from ..rng import Seed, as_rng
from .dropout import dropped, rate

__all__ = ["GRU", "LSTM", "RNN"]


class _Recurrent(Module):
    """What the three have in common: parameters, layers, directions, the order of the axes."""

    _gates = 1  # so many times `hidden_size` columns of the weights
    _states = 1  # how many arrays the state is
    torch_turned: ClassVar[str] = "weight_*"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        name = type(self).__name__
        self.input_size = size(input_size, f"{name}: input_size")
        self.hidden_size = size(hidden_size, f"{name}: hidden_size")
        self.num_layers = size(num_layers, f"{name}: num_layers")
        if np.dtype(dtype).kind != "f":
            raise DTypeError(f"{name}: dtype is {np.dtype(dtype)}; weights are floats: pass float")
        self.bias, self.batch_first = bool(bias), bool(batch_first)
        self.bidirectional, self.dropout = bool(bidirectional), rate(dropout, f"{name}: dropout")
        self._rng = as_rng(seed)
        for key, shape in self._shapes():
            setattr(self, key, Parameter(self._drawn(shape, self._rng, dtype), name=key))

    def _shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The names and shapes of all parameters."""
        hidden, wide = self.hidden_size, self._gates * self.hidden_size
        both = hidden * (2 if self.bidirectional else 1)
        for layer in range(self.num_layers):
            for suffix in self._suffixes(layer):
                yield f"weight_ih_{suffix}", (both if layer else self.input_size, wide)
                yield f"weight_hh_{suffix}", (hidden, wide)
                if self.bias:
                    yield f"bias_ih_{suffix}", (wide,)
                    yield f"bias_hh_{suffix}", (wide,)

    def _suffixes(self, layer: int) -> list[str]:
        """What the names of the parameters of a layer end in, for each direction."""
        return [f"l{layer}", f"l{layer}_reverse"] if self.bidirectional else [f"l{layer}"]

    def _drawn(self, shape: tuple[int, ...], rng: Any, dtype: DTypeLike) -> Any:
        bound = 1 / math.sqrt(self.hidden_size)
        return rng.uniform(-bound, bound, shape).astype(dtype)

    def draw(self, seed: Seed) -> None:
        """Draw all parameters anew, from -1/√hidden to 1/√hidden as PyTorch does."""
        self._rng = as_rng(seed)
        for key, shape in self._shapes():
            parameter = getattr(self, key)
            parameter.data = self._drawn(shape, self._rng, parameter.dtype)

    def forward(self, x: Any, state: Any = None) -> tuple[Tensor, Any]:
        """The states of the last layer after all steps, and the last state of every layer."""
        x, single = self._steps_first(x)
        states = self._given(state, x, single)
        ends: list[list[Any]] = [[] for _ in range(self._states)]
        for layer in range(self.num_layers):
            if layer and self.training:
                x = dropped(x, self.dropout, self._rng)
            found = []
            for k, suffix in enumerate(self._suffixes(layer)):
                given = [s[2 * layer + k if self.bidirectional else layer] for s in states]
                out, end = self._run(x[::-1] if k else x, given, suffix)
                found.append(out[::-1] if k else out)
                for gathered, last in zip(ends, end, strict=True):
                    gathered.append(last)
            x = np.concatenate(found, axis=-1) if len(found) > 1 else found[0]
        joined = [autograd.stack(last) for last in ends]
        if single:
            return x[:, 0], self._told([s[:, 0] for s in joined])
        return x.swapaxes(0, 1) if self.batch_first else x, self._told(joined)

    def _told(self, states: list[Any]) -> Any:
        return states[0] if len(states) == 1 else tuple(states)

    def _steps_first(self, x: Any) -> tuple[Any, bool]:
        """The inputs as (steps, n, input_size); and were they a single sequence?"""
        x = x if isinstance(x, Tensor) else autograd.Tensor(x, requires_grad=False)
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size or not x.size:
            axes = "n, steps" if self.batch_first else "steps, n"
            raise ShapeError(
                f"{self._path()}: x is {x.shape}; expected ({axes}, {self.input_size}), or "
                f"(steps, {self.input_size}) for a single sequence, without an empty axis"
            )
        if x.dtype.kind != "f":
            raise DTypeError(
                f"{self._path()}: x is {x.dtype}; expected floats, so use x.astype(float)"
            )
        if x.ndim == 2:
            return x[:, None], True
        return (x.swapaxes(0, 1) if self.batch_first else x), False

    def _path(self) -> str:
        """The class, and the name that it has in a net."""
        name = type(self).__name__
        return f"{name} {self._name!r}" if self._name else name

    def _given(self, state: Any, x: Any, single: bool) -> list[Any]:
        """The state before the first step, an array (layers, n, hidden) or None for each part."""
        layers = self.num_layers * (2 if self.bidirectional else 1)
        if state is None:
            return [[None] * layers] * self._states
        parts = [state] if self._states == 1 else state
        shape = (layers, *(() if single else x.shape[1:2]), self.hidden_size)
        pair = isinstance(parts, (tuple, list)) and len(parts) == self._states
        if not pair or any(np.shape(s) != shape for s in parts):
            got = [np.shape(s) for s in parts] if pair else type(state).__name__
            wanted = f"{shape}" if self._states == 1 else f"a pair (h, c), each {shape}"
            raise ShapeError(
                f"{self._path()}: the state is {got}; expected {wanted}: layers, "
                f"{'' if single else 'examples, '}hidden_size; or None for zeros"
            )
        parts = [s if isinstance(s, (Tensor, np.ndarray)) else np.asarray(s) for s in parts]
        return [s[:, None] for s in parts] if single else parts

    def _run(self, x: Any, state: list[Any], suffix: str) -> tuple[Any, list[Any]]:
        """One layer in one direction: its states, and the last state."""
        w, u = (getattr(self, f"weight_{side}_{suffix}") for side in ("ih", "hh"))
        biases = [getattr(self, f"bias_{side}_{suffix}") for side in ("ih", "hh") if self.bias]
        return self._cell(x, state, w, u, biases)

    def _cell(
        self, x: Any, state: list[Any], w: Any, u: Any, biases: list[Any]
    ) -> tuple[Any, list[Any]]:
        raise NotImplementedError

    def __repr__(self) -> str:
        usual = {
            "num_layers": 1, "nonlinearity": "tanh", "bias": True, "batch_first": False,
            "dropout": 0.0, "bidirectional": False,
        }  # fmt: skip
        options = [
            f", {k}={getattr(self, k)!r}" for k, v in usual.items() if getattr(self, k, v) != v
        ]
        return f"{type(self).__name__}({self.input_size}, {self.hidden_size}{''.join(options)})"


def _projected(x: Any, w: Any, biases: list[Any]) -> Any:
    """x @ w plus the biases, for all steps in one product."""
    if not biases:
        return autograd.matmul(x, w)
    return autograd.affine(x, w, biases[0] if len(biases) == 1 else biases[0] + biases[1])


class RNN(_Recurrent):
    """The plain recurrent net of Elman (1990): h = tanh(x @ W_ih + b_ih + h @ W_hh + b_hh).

    input_size, hidden_size   features of every input, and of the state
    num_layers      so many on top of one another
    nonlinearity    "tanh", or "relu"
    bias            False: no b_ih, b_hh
    batch_first     inputs and outputs are (n, steps, ...) rather than (steps, n, ...)
    dropout         of what goes from layer to layer, in training
    bidirectional   a second net reads from the end on; the outputs of both stand side by side
    seed, dtype     of the random numbers; of the parameters
    Inputs x (steps, n, input_size), and a state (layers, n, hidden_size) or None for zeros, give
    the outputs (steps, n, hidden_size) and the last state. A single sequence needs no axis n.
    Parameters are named as in PyTorch, weights (in, out) as in `Linear`. Raises ShapeError,
    DTypeError.

    >>> import nn
    >>> outputs, state = nn.RNN(8, 16, num_layers=2, seed=0)(np.ones((5, 3, 8)))
    >>> outputs.shape, state.shape
    ((5, 3, 16), (2, 3, 16))
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, *,
        nonlinearity: str = "tanh", **options: Any,
    ):  # fmt: skip
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity is {nonlinearity!r}; expected 'tanh' or 'relu'")
        self.nonlinearity = nonlinearity
        super().__init__(input_size, hidden_size, num_layers, **options)

    def _cell(
        self, x: Any, state: list[Any], w: Any, u: Any, biases: list[Any]
    ) -> tuple[Any, list[Any]]:
        out = autograd.rnn(_projected(x, w, biases), u, state[0], self.nonlinearity == "relu")
        return out, [out[-1]]


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter, Schmidhuber 1997): see `autograd.lstm` for its equations.

    The arguments are those of `RNN`, but for `nonlinearity`. The state is a pair (h, c), each
    (layers, n, hidden_size); the columns of the weights belong to the gates i, f, g, o.

    >>> import nn
    >>> outputs, (h, c) = nn.LSTM(8, 16, seed=0)(np.ones((5, 3, 8)))
    >>> outputs.shape, h.shape, c.shape
    ((5, 3, 16), (1, 3, 16), (1, 3, 16))
    """

    _gates = 4
    _states = 2

    def _cell(
        self, x: Any, state: list[Any], w: Any, u: Any, biases: list[Any]
    ) -> tuple[Any, list[Any]]:
        out, cell = autograd.lstm(_projected(x, w, biases), u, *state)
        return out, [out[-1], cell]


class GRU(_Recurrent):
    """Gated recurrent unit (Cho et al. 2014): see `autograd.gru` for its equations.

    The arguments and shapes are those of `RNN`, but for `nonlinearity`; the columns of the weights
    belong to the gates r, z, n.

    >>> import nn
    >>> outputs, state = nn.GRU(8, 16, bidirectional=True, seed=0)(np.ones((5, 3, 8)))
    >>> outputs.shape, state.shape
    ((5, 3, 32), (2, 3, 16))
    """

    _gates = 3

    def _cell(
        self, x: Any, state: list[Any], w: Any, u: Any, biases: list[Any]
    ) -> tuple[Any, list[Any]]:
        out = autograd.gru(_projected(x, w, biases[:1]), u, *biases[1:] or [None], *state)
        return out, [out[-1]]
