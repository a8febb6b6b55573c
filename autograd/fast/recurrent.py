"""Recurrent layers in few calls a step: everything is written into memory that is there already.

A sigmoid is a tanh of half its operand, σ(x) = ½ + ½ tanh(x / 2), so all gates of a step are one
`tanh`. On the way back, what does not depend on the step after is worked out for all steps at once,
where its result will be: the loop multiplies it by what arrives.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from inspect import unwrap
from typing import Any

import numpy as np

from .. import gates
from ..arrays import Array
from ..gates.recurrent import Sizes, gru_shapes, lstm_shapes, rnn_shapes, split
from ..standins import as_one_call
from .buffers import empty
from .quick import accelerate

BLOCK = 1 << 18  # bytes of gates that are worked on at once


@functools.lru_cache(maxsize=32)
def _halves(blocks: tuple[float, ...], hidden: int, dtype: Any) -> Array:
    """One number for each block of columns."""
    columns = np.repeat(np.array(blocks, dtype), hidden)
    columns.flags.writeable = False
    return columns


def _columns(a: Array, count: int) -> list[Array]:
    """The last axis in so many equal parts: views."""
    width = a.shape[-1] // count
    return [a[..., k * width : (k + 1) * width] for k in range(count)]


def _rows(a: Array) -> Array:
    """All steps and examples as the rows of one matrix: a view."""
    return a.reshape(-1, a.shape[-1])


def _latest_first(a: Array) -> Iterator[slice]:
    """So many steps at once that what belongs to them stays in the cache."""
    step = max(1, len(a) * BLOCK // max(a.nbytes, 1))
    return (slice(max(0, end - step), end) for end in range(len(a), 0, -step))


def _outputs(states: Array, first: int) -> Array:
    out = empty((len(states) - first, *states.shape[1:]), states.dtype)
    np.copyto(out, states[first:])
    return out


# --- the plain cell ------------------------------------------------------------------------------


@as_one_call
def _rnn(v: Array, sizes: Sizes, relu: bool) -> Array:
    x, w, h = split(v, rnn_shapes(sizes))
    out = empty(sizes, v.dtype)
    for given, state in zip(x, out, strict=True):
        np.dot(h, w, out=state)
        state += given
        np.maximum(state, 0, out=state) if relu else np.tanh(state, out=state)
        h = state
    return out


@as_one_call
def _rnn_back(g: Array, v: Array, out: Array, sizes: Sizes, relu: bool) -> Array:
    _, w, h = split(v, rnn_shapes(sizes))
    w = w.T.copy()
    found = empty(v.shape, v.dtype)
    dx, dw, dh = split(found, rnn_shapes(sizes))
    if relu:
        np.greater(out, 0, out=dx, casting="unsafe")
    else:
        np.multiply(out, out, out=dx)
        np.subtract(1, dx, out=dx)
    dh.fill(0)
    for local, arriving in zip(dx[::-1], g[::-1], strict=True):
        dh += arriving
        local *= dh
        np.dot(local, w, out=dh)
    np.dot(_rows(out[:-1]).T, _rows(dx[1:]), out=dw)
    dw += np.dot(h.T, dx[0])
    return found


accelerate(
    gates.recurrent.rnn_gate,
    _rnn,
    vjp=(lambda g, v, out, sizes, relu: _rnn_back(g, v, out, sizes, relu),),
    alone=True,
)


# --- LSTM ----------------------------------------------------------------------------------------


def _lstm_shapes(sizes: Sizes) -> list[tuple[int, ...]]:
    """What is kept: gates, tanh of the cells, cells; states, and behind them the last cell."""
    steps, count, hidden = sizes
    of_steps = steps, count, hidden
    return [(steps, count, 4 * hidden), of_steps, (steps + 1, *sizes[1:]), (steps + 2, *sizes[1:])]


@as_one_call
def _lstm_run(v: Array, sizes: Sizes) -> Array:
    """All that the backward pass wants, in one vector."""
    x, w, h, c = split(v, lstm_shapes(sizes))
    half = _halves((0.5, 0.5, 1.0, 0.5), sizes[2], v.dtype)
    shift = _halves((0.5, 0.5, 0.0, 0.5), sizes[2], v.dtype)
    kept = empty((_size(_lstm_shapes(sizes)),), v.dtype)
    a, squashed, cells, states = split(kept, _lstm_shapes(sizes))
    cells[0], states[0] = c, h
    product, term = np.empty(a.shape[1:], v.dtype), np.empty(sizes[1:], v.dtype)
    for given, step, i, f, b, o, tanh_c, c, c_next, h, h_next in zip(
        x, a, *_columns(a, 4), squashed, cells, cells[1:], states, states[1:], strict=False
    ):
        np.dot(h, w, out=product)
        product += given
        product *= half
        np.tanh(product, out=step)
        step *= half
        step += shift
        np.multiply(f, c, out=c_next)
        np.multiply(i, b, out=term)
        c_next += term
        np.tanh(c_next, out=tanh_c)
        np.multiply(o, tanh_c, out=h_next)
    states[-1] = cells[-1]
    return kept


@as_one_call
def _lstm_outputs(kept: Array, sizes: Sizes) -> Array:
    return _outputs(split(kept, _lstm_shapes(sizes))[-1], 1)


@as_one_call
def _lstm_back(g: Array, v: Array, kept: Array, sizes: Sizes) -> Array:
    steps = sizes[0]
    w = split(v, lstm_shapes(sizes))[1].T.copy()
    a, squashed, cells, states = split(kept, _lstm_shapes(sizes))
    found = empty(v.shape, v.dtype)
    dx, dw, dh, dc = split(found, lstm_shapes(sizes))
    dh.fill(0)
    np.copyto(dc, g[steps])
    for part in _latest_first(a):
        local = dx[part]
        by_c = _lstm_local(a[part], squashed[part], cells[part], local)
        _lstm_steps(g[part], local, by_c, a[part], w, dh, dc)
    np.dot(_rows(states[:steps]).T, _rows(dx), out=dw)
    return found


def _lstm_local(a: Array, squashed: Array, before: Array, local: Array) -> Array:
    """Into `local` what multiplies the gradient of the cell, or the state, on its way to each gate.

    Gives the same for the way from the state to the cell.
    """
    i, _, b, o = _columns(a, 4)
    by_i, by_f, by_b, by_o = _columns(local, 4)
    np.subtract(1, a, out=local)
    local *= a
    np.multiply(b, b, out=by_b)
    np.subtract(1, by_b, out=by_b)
    for by_gate, other in ((by_i, b), (by_f, before), (by_b, i), (by_o, squashed)):
        by_gate *= other
    by_c = squashed * squashed
    np.subtract(1, by_c, out=by_c)
    by_c *= o
    return by_c


def _lstm_steps(
    g: Array, local: Array, by_c: Array, a: Array, w: Array, dh: Array, dc: Array
) -> None:
    """The way back through some steps."""
    blocks = local.reshape(*local.shape[:2], 4, -1)
    forget, to_blocks, term = _columns(a, 4)[1], dc[:, None], np.empty(dc.shape, dc.dtype)
    for arriving, da, three, last, through, f in zip(
        g[::-1], local[::-1], blocks[::-1, :, :3], blocks[::-1, :, 3], by_c[::-1], forget[::-1],
        strict=True,
    ):  # fmt: skip
        dh += arriving
        np.multiply(dh, through, out=term)
        dc += term
        three *= to_blocks
        last *= dh
        dc *= f
        np.dot(da, w, out=dh)


def _lstm_and_keep(v: Array, sizes: Sizes) -> tuple[Array, tuple[Array]]:
    kept = _lstm_run(v, sizes)
    return _lstm_outputs(kept, sizes), (kept,)


accelerate(
    gates.recurrent.lstm_gate,
    lambda v, sizes: _lstm_outputs(_lstm_run(v, sizes), sizes),
    fused=_lstm_and_keep,
    keeps=("kept",),
    vjp=(lambda g, v, kept, sizes: _lstm_back(g, v, kept, sizes),),
    alone=True,
)


# --- GRU -----------------------------------------------------------------------------------------


def _gru_shapes(sizes: Sizes) -> list[tuple[int, ...]]:
    """What is kept: gates, what the states add to the last of them, states."""
    steps, count, hidden = sizes
    return [(steps, count, 3 * hidden), (steps, count, hidden), (steps + 1, count, hidden)]


@as_one_call
def _gru_run(v: Array, sizes: Sizes) -> Array:
    """All that the backward pass wants, in one vector."""
    hidden = sizes[2]
    x, w, b, h = split(v, gru_shapes(sizes))
    half = _halves((0.5, 0.5, 1.0), hidden, v.dtype)
    kept = empty((_size(_gru_shapes(sizes)),), v.dtype)
    a, to_last, states = split(kept, _gru_shapes(sizes))
    np.multiply(x, half, out=a)
    w, b = w * half, b * half
    both = a[..., : 2 * hidden]
    both += b[: 2 * hidden]
    states[0] = h
    product, term = np.empty(a.shape[1:], v.dtype), np.empty(sizes[1:], v.dtype)
    to_both, added, bias = product[:, : 2 * hidden], product[:, 2 * hidden :], b[2 * hidden :]
    for two, r, z, new, to_new, h, h_next in zip(
        both, *_columns(a, 3), to_last, states, states[1:], strict=False
    ):
        np.dot(h, w, out=product)
        two += to_both
        np.tanh(two, out=two)
        two *= 0.5
        two += 0.5
        np.add(added, bias, out=to_new)
        np.multiply(r, to_new, out=term)
        new += term
        np.tanh(new, out=new)
        np.subtract(h, new, out=h_next)
        h_next *= z
        h_next += new
    return kept


@as_one_call
def _gru_outputs(kept: Array, sizes: Sizes) -> Array:
    return _outputs(split(kept, _gru_shapes(sizes))[-1], 1)


@as_one_call
def _gru_back(g: Array, v: Array, kept: Array, sizes: Sizes) -> Array:
    steps, count, hidden = sizes
    w = split(v, gru_shapes(sizes))[1].T.copy()
    a, to_last, states = split(kept, _gru_shapes(sizes))
    found = empty(v.shape, v.dtype)
    dx, dw, db, dh = split(found, gru_shapes(sizes))
    r, z, new = _columns(a, 3)
    local = empty((steps, count, 4 * hidden), v.dtype)  # of new, then of what is added by states
    by_new, by_r, by_z, by_last = _columns(local, 4)
    by_state = local[..., hidden:]
    np.multiply(new, new, out=by_new)
    np.subtract(1, by_new, out=by_new)
    np.subtract(1, z, out=by_last)
    by_new *= by_last
    np.multiply(by_last, z, out=by_z)
    np.subtract(1, r, out=by_r)
    np.multiply(by_new, r, out=by_last)
    for factor in (by_last, to_last):
        by_r *= factor
    by_z *= np.subtract(states[:-1], new, out=empty(new.shape, v.dtype))
    dh.fill(0)
    blocks = local.reshape(steps, count, 4, hidden)
    to_blocks, through = dh[:, None], np.empty(dh.shape, v.dtype)
    for arriving, four, to_state, keep in zip(
        g[::-1], blocks[::-1], by_state[::-1], z[::-1], strict=True
    ):
        dh += arriving
        four *= to_blocks
        np.dot(to_state, w, out=through)
        dh *= keep
        dh += through
    dx[..., : 2 * hidden] = by_state[..., : 2 * hidden]
    dx[..., 2 * hidden :] = by_new
    rows = _rows(local)[:, hidden:]
    np.dot(_rows(states[:steps]).T, rows, out=dw)
    np.add.reduce(rows, axis=0, out=db)
    return found


def _gru_and_keep(v: Array, sizes: Sizes) -> tuple[Array, tuple[Array]]:
    kept = _gru_run(v, sizes)
    return _gru_outputs(kept, sizes), (kept,)


accelerate(
    gates.recurrent.gru_gate,
    lambda v, sizes: _gru_outputs(_gru_run(v, sizes), sizes),
    fused=_gru_and_keep,
    keeps=("kept",),
    vjp=(lambda g, v, kept, sizes: _gru_back(g, v, kept, sizes),),
    alone=True,
)


# --- for programs --------------------------------------------------------------------------------


def _size(shapes: list[tuple[int, ...]]) -> int:
    return sum(a * b * c for a, b, c in shapes)


def _like(shape: Callable[[Sizes], tuple[int, ...]]) -> Callable[..., Array]:
    """What a helper of these sizes gives: an array without values."""

    def gives(v: Array, sizes: Sizes, relu: bool = False) -> Array:
        return np.empty(shape(sizes), v.dtype)

    return gives


_GIVES: dict[Callable[..., Any], Callable[..., Array]] = {
    _rnn: _like(lambda sizes: sizes),
    _lstm_run: _like(lambda sizes: (_size(_lstm_shapes(sizes)),)),
    _lstm_outputs: _like(lambda sizes: (sizes[0] + 1, *sizes[1:])),
    _gru_run: _like(lambda sizes: (_size(_gru_shapes(sizes)),)),
    _gru_outputs: _like(lambda sizes: sizes),
    _rnn_back: lambda g, v, out, sizes, relu: np.empty(v.shape, v.dtype),
    _lstm_back: lambda g, v, kept, sizes: np.empty(v.shape, v.dtype),
    _gru_back: lambda g, v, kept, sizes: np.empty(v.shape, v.dtype),
}
for _helper, _gives in _GIVES.items():
    setattr(unwrap(_helper), "gives", _gives)  # noqa: B010
