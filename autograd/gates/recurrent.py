"""Recurrent layers: one gate for a whole sequence, of a plain cell, an LSTM or a GRU.

What the inputs of all steps add to a cell is one matrix product, which the caller has made; left
is the loop over the steps. Each gate takes its operands as parts of one vector, so that a single
pass back through time gives the gradients with respect to all of them.

The rules work out the values of all steps at once, since the states before every step are known,
and leave to their loop only what really comes one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from ..errors import DTypeError, ShapeError
from .elementwise import sigmoid
from .shape import concatenate, ravel, stack
from .windows import as_operand

__all__ = ["gru", "lstm", "rnn"]

Sizes = tuple[int, int, int]  # steps, examples, hidden units


def split(v: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """The arrays of these shapes that lie one after the other in a vector."""
    parts, start = [], 0
    for shape in shapes:
        size = 1
        for length in shape:
            size *= length
        parts.append(np.reshape(v[start : start + size], shape))
        start += size
    return parts


def _packed(parts: Sequence[Any]) -> Any:
    return concatenate([ravel(x) for x in parts])


def _before(first: Any, out: Any, steps: int) -> Any:
    """The states before every step."""
    return concatenate([np.expand_dims(first, 0), out[: steps - 1]])


def _blocks(a: Any, count: int) -> list[Any]:
    """The last axis in so many equal parts."""
    width = a.shape[-1] // count
    return [a[..., k * width : (k + 1) * width] for k in range(count)]


def _by_weights(before: Any, g: Any, sizes: Sizes) -> Any:
    """The sum over all steps and examples of state times gradient, a product of matrices."""
    steps, count, hidden = sizes
    rows = steps * count
    return np.matmul(
        np.transpose(np.reshape(before, (rows, hidden))), np.reshape(g, (rows, g.shape[-1]))
    )


# --- the plain cell ------------------------------------------------------------------------------


def rnn_shapes(sizes: Sizes) -> list[tuple[int, ...]]:
    """Of x, w and h, as they lie in the vector."""
    steps, count, hidden = sizes
    return [(steps, count, hidden), (hidden, hidden), (count, hidden)]


def _rnn(v: Any, sizes: Sizes, relu: bool) -> Any:
    x, w, h = split(v, rnn_shapes(sizes))
    states = []
    for k in range(sizes[0]):
        h = x[k] + np.matmul(h, w)
        h = np.maximum(0, h) if relu else np.tanh(h)
        states.append(h)
    return stack(states)


def _rnn_back(g: Any, v: Any, out: Any, sizes: Sizes, relu: bool) -> Any:
    """Backpropagation through time: what reaches a state, and through its cell the one before."""
    _, w, h = split(v, rnn_shapes(sizes))
    before = _before(h, out, sizes[0])
    local = (out > 0).astype(out.dtype) if relu else 1.0 - out * out
    found, dh = [], None
    for k in reversed(range(sizes[0])):
        dh = g[k] if dh is None else dh + g[k]
        da = dh * local[k]
        found.append(da)
        dh = np.matmul(da, np.transpose(w))
    dx = stack(found[::-1])
    return _packed([dx, _by_weights(before, dx, sizes), dh])


@gate(
    name="rnn",
    symbol="RNN",
    role="switcher",
    vjp=lambda g, v, out, sizes, relu: _rnn_back(g, v, out, sizes, relu),
    expand=lambda v, sizes, relu: _rnn(v, sizes, relu),
    opened="asked for",
    shape=lambda v, sizes, relu: sizes,
    says="{g}, back through time, step by step",
)
def rnn_gate(v: Array, sizes: Sizes, relu: bool) -> Array:
    """The states after all steps, of operands in one vector; see `rnn`."""
    return _rnn(v, sizes, relu)


# --- LSTM ----------------------------------------------------------------------------------------


def lstm_shapes(sizes: Sizes) -> list[tuple[int, ...]]:
    """Of x, w, h and c, as they lie in the vector."""
    steps, count, hidden = sizes
    return [(steps, count, 4 * hidden), (hidden, 4 * hidden), (count, hidden), (count, hidden)]


def _lstm(v: Any, sizes: Sizes) -> Any:
    x, w, h, c = split(v, lstm_shapes(sizes))
    states = []
    for k in range(sizes[0]):
        i, f, a, o = _blocks(x[k] + np.matmul(h, w), 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(a)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return stack([*states, c])


def _lstm_back(g: Any, v: Any, out: Any, sizes: Sizes) -> Any:
    """Backpropagation through time: gradients of h and c go from each step to the one before."""
    x, w, h, c = split(v, lstm_shapes(sizes))
    before = _before(h, out, sizes[0])
    i, f, a, o = _blocks(x + np.matmul(before, w), 4)
    i, f, a, o = sigmoid(i), sigmoid(f), np.tanh(a), sigmoid(o)
    cells = [c]
    for k in range(sizes[0]):
        cells.append(f[k] * cells[k] + i[k] * a[k])
    squashed = np.tanh(stack(cells[1:]))
    by_i, by_f, by_a = a * i * (1.0 - i), stack(cells[:-1]) * f * (1.0 - f), i * (1.0 - a * a)
    by_o, by_c = squashed * o * (1.0 - o), o * (1.0 - squashed * squashed)
    found, dh, dc = [], None, g[sizes[0]]
    for k in reversed(range(sizes[0])):
        dh = g[k] if dh is None else dh + g[k]
        dc = dc + dh * by_c[k]
        da = concatenate([dc * by_i[k], dc * by_f[k], dc * by_a[k], dh * by_o[k]], axis=-1)
        found.append(da)
        dh, dc = np.matmul(da, np.transpose(w)), dc * f[k]
    dx = stack(found[::-1])
    return _packed([dx, _by_weights(before, dx, sizes), dh, dc])


@gate(
    name="lstm",
    symbol="LSTM",
    role="switcher",
    vjp=lambda g, v, out, sizes: _lstm_back(g, v, out, sizes),
    expand=lambda v, sizes: _lstm(v, sizes),
    opened="asked for",
    shape=lambda v, sizes: (sizes[0] + 1, *sizes[1:]),
    says="{g}, back through time, step by step",
)
def lstm_gate(v: Array, sizes: Sizes) -> Array:
    """The states after all steps, and behind them the last cell; see `lstm`."""
    return _lstm(v, sizes)


# --- GRU -----------------------------------------------------------------------------------------


def gru_shapes(sizes: Sizes) -> list[tuple[int, ...]]:
    """Of x, w, b and h, as they lie in the vector."""
    steps, count, hidden = sizes
    return [(steps, count, 3 * hidden), (hidden, 3 * hidden), (3 * hidden,), (count, hidden)]


def _gru(v: Any, sizes: Sizes) -> Any:
    x, w, b, h = split(v, gru_shapes(sizes))
    states = []
    for k in range(sizes[0]):
        r, z, a = _blocks(x[k], 3)
        to_r, to_z, to_a = _blocks(np.matmul(h, w) + b, 3)
        r, z = sigmoid(r + to_r), sigmoid(z + to_z)
        a = np.tanh(a + r * to_a)
        h = a + z * (h - a)
        states.append(h)
    return stack(states)


def _gru_back(g: Any, v: Any, out: Any, sizes: Sizes) -> Any:
    """Backpropagation through time: all that a step passes on is a multiple of what reaches it."""
    x, w, b, h = split(v, gru_shapes(sizes))
    before = _before(h, out, sizes[0])
    r, z, a = _blocks(x, 3)
    to_r, to_z, to_a = _blocks(np.matmul(before, w) + b, 3)
    r, z = sigmoid(r + to_r), sigmoid(z + to_z)
    a = np.tanh(a + r * to_a)
    by_a, by_z = (1.0 - z) * (1.0 - a * a), (before - a) * z * (1.0 - z)
    by_r, by_to_a = by_a * to_a * r * (1.0 - r), by_a * r
    by_hidden = concatenate([by_r, by_z, by_to_a], axis=-1)
    found, dh = [], None
    for k in reversed(range(sizes[0])):
        dh = g[k] if dh is None else dh + g[k]
        found.append(dh)
        da = concatenate([dh * by_k for by_k in _blocks(by_hidden[k], 3)], axis=-1)
        dh = dh * z[k] + np.matmul(da, np.transpose(w))
    reached = stack(found[::-1])
    dx = concatenate([reached * by_r, reached * by_z, reached * by_a], axis=-1)
    da = concatenate([reached * by_r, reached * by_z, reached * by_to_a], axis=-1)
    return _packed([dx, _by_weights(before, da, sizes), np.sum(da, axis=(0, 1)), dh])


@gate(
    name="gru",
    symbol="GRU",
    role="switcher",
    vjp=lambda g, v, out, sizes: _gru_back(g, v, out, sizes),
    expand=lambda v, sizes: _gru(v, sizes),
    opened="asked for",
    shape=lambda v, sizes: sizes,
    says="{g}, back through time, step by step",
)
def gru_gate(v: Array, sizes: Sizes) -> Array:
    """The states after all steps, of operands in one vector; see `gru`."""
    return _gru(v, sizes)


# --- what users call -----------------------------------------------------------------------------


def rnn(x: Any, w: Any, h: Any = None, relu: bool = False) -> Any:
    """The states h = tanh(x + h @ w) of all steps of a sequence (Elman 1990); or max(0, x + h @ w).

    x   (steps, n, hidden) floats: what the inputs add, such as `inputs @ W + b`
    w   (hidden, hidden);  h (n, hidden): the state before the first step, None for zeros
    Gives the states (steps, n, hidden); the last one is the state to go on with. Raises ShapeError,
    DTypeError.

    >>> rnn(np.ones((5, 2, 3)), np.zeros((3, 3))).shape
    (5, 2, 3)
    """
    (x, w, h), sizes = _checked("rnn", 1, x, w, (("h", h),))
    return rnn_gate(_packed([x, w, h]), sizes=sizes, relu=bool(relu))


def lstm(x: Any, w: Any, h: Any = None, c: Any = None) -> tuple[Any, Any]:
    """The states of all steps of a long short-term memory, and its last cell.

    x      (steps, n, 4 hidden) floats: what the inputs add to the gates, such as `inputs @ W + b`
    w      (hidden, 4 hidden)
    h, c   (n, hidden): state and cell before the first step, None for zeros
    With [i, f, a, o] = x + h @ w every step makes c = σ(f) c + σ(i) tanh(a) and h = σ(o) tanh(c)
    (Hochreiter, Schmidhuber 1997, with the forget gate of Gers et al. 2000; the order of the gates
    is PyTorch's). Gives h of all steps (steps, n, hidden), and c (n, hidden). Raises ShapeError,
    DTypeError.

    >>> states, cell = lstm(np.ones((5, 2, 12)), np.zeros((3, 12)))
    >>> states.shape, cell.shape
    ((5, 2, 3), (2, 3))
    """
    (x, w, h, c), sizes = _checked("lstm", 4, x, w, (("h", h), ("c", c)))
    out = lstm_gate(_packed([x, w, h, c]), sizes=sizes)
    return out[: sizes[0]], out[sizes[0]]


def gru(x: Any, w: Any, b: Any = None, h: Any = None) -> Any:
    """The states of all steps of a gated recurrent unit (Cho et al. 2014, arXiv:1406.1078).

    x   (steps, n, 3 hidden) floats: what the inputs add to the gates, such as `inputs @ W + b`
    w   (hidden, 3 hidden);  b (3 hidden,), None for zeros
    h   (n, hidden): the state before the first step, None for zeros
    With [r, z, a] of x and [r', z', a'] of h @ w + b, every step makes r = σ(r + r'),
    z = σ(z + z'), a = tanh(a + r a') and h = (1 - z) a + z h, as PyTorch does. Gives the states
    (steps, n, hidden). Raises ShapeError, DTypeError.

    >>> gru(np.ones((5, 2, 9)), np.zeros((3, 9))).shape
    (5, 2, 3)
    """
    (x, w, h), sizes = _checked("gru", 3, x, w, (("h", h),))
    wide = (3 * sizes[2],)
    b = np.zeros(wide, x.dtype) if b is None else as_operand(b)
    _check_part("gru", "b", b, wide, "a number for each column of w")
    return gru_gate(_packed([x, w, b, h]), sizes=sizes)


def _checked(
    name: str, gates: int, x: Any, w: Any, states: Sequence[tuple[str, Any]]
) -> tuple[list[Any], Sizes]:
    """The operands, zeros for states that are None; and the sizes. Raises unless they fit."""
    x, w = as_operand(x), as_operand(w)
    if x.ndim != 3 or w.ndim != 2 or w.shape[1] != gates * w.shape[0] or not w.shape[0]:
        wide = "hidden" if gates == 1 else f"{gates} hidden"
        raise ShapeError(
            f"{name}: x is {x.shape} and w is {w.shape}; expected x (steps, n, {wide}) and w "
            f"(hidden, {wide})"
        )
    hidden = w.shape[0]
    _check_part(name, "x", x, (*x.shape[:2], gates * hidden), f"a column for each of w {w.shape}")
    _check_part(name, "w", w, w.shape, "")
    if not x.shape[0]:
        raise ShapeError(f"{name}: x is {x.shape}, without a step; pass at least one")
    found, shape = [x, w], (x.shape[1], hidden)
    for state, given in states:
        value = np.zeros(shape, x.dtype) if given is None else as_operand(given)
        _check_part(name, state, value, shape, "a row for each example")
        found.append(value)
    return found, (*x.shape[:2], hidden)


def _check_part(name: str, part: str, x: Any, shape: tuple[int, ...], why: str) -> None:
    if x.shape != shape:
        raise ShapeError(f"{name}: {part} is {x.shape}; expected {shape}, {why}")
    if x.dtype.kind != "f":
        raise DTypeError(
            f"{name}: {part} is {x.dtype}; expected floats, so use {part}.astype(float)"
        )
