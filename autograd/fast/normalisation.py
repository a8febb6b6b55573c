"""Normalisation in few passes over memory: the same numbers in less time.

Three layouts are known. "Rows" are normalised each for itself, along the last axes, as in a layer
norm, and "columns" along the examples; there x̂ is kept for the backward pass. "Channels" are
normalised along all axes but the second, as in a batch norm; there a block of images at a time is
in the cache, and x̂ is computed again. All others go the way of the row of the table. Sums are
products with ones, which BLAS computes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from inspect import unwrap
from typing import Any
from weakref import ref

import numpy as np
from numpy import ndarray

from .. import gates
from ..arrays import Array
from ..gate import GATES
from ..standins import StandIn, as_one_call
from .buffers import empty, filled
from .quick import accelerate

BLOCK = 1 << 18  # bytes of channels that are worked on at once

_row = GATES["normalise"]
_plain_by_x, _plain_by_gamma, _plain_by_beta = _row.rules
_plain_moments = GATES["moments"].kernel


def _layout(x: Any, axis: Any, *others: Any) -> str:
    """ "rows", "columns" or "channels", or "" for what the row of the table does."""
    if not all(map(_is_plain, (x, *others))) or x.dtype not in (np.float32, np.float64):
        return ""
    if any(operand.dtype != x.dtype for operand in others):
        return ""
    shape = x.shape
    if 0 in shape or len(shape) < 2:
        return ""
    axes = tuple(sorted(k % len(shape) for k in ((axis,) if isinstance(axis, int) else axis)))
    if axes == (0, *range(2, len(shape))):
        fits = (shape[1], *(1 for _ in shape[2:]))
        fit = all(o.shape in (fits, (1, *fits)) for o in others)
        single = math.prod(shape[2:]) == 1
        return ("columns" if single else "channels") if fit else ""
    first = len(shape) - len(axes)
    if first and axes == tuple(range(first, len(shape))):
        return "rows" if all(o.shape == shape[first:] for o in others) else ""
    return ""


def _is_plain(x: Any) -> bool:
    return x.__class__ is ndarray or isinstance(x, StandIn)


# --- rows ----------------------------------------------------------------------------------------


def _as_rows(x: Array, gamma: Array) -> Array:
    return x.reshape(-1, gamma.size)


def _row_means(x: Array) -> Array:
    """The means of rows, as a column."""
    width = x.shape[1]
    sums = np.dot(x, filled((width,), x.dtype, 1.0))
    sums /= sums.dtype.type(width)
    return sums[:, None]


def _row_dots(x: Array, y: Array) -> Array:
    """The means of the products of two rows, as a column."""
    dots = np.einsum("ij,ij->i", x, y)
    dots /= dots.dtype.type(x.shape[1])
    return dots[:, None]


@as_one_call
def _row_standard(x: Array, gamma: Array, eps: float) -> Array:
    """x̂ of rows, and behind them the inverse deviations, in one vector."""
    rows = _as_rows(x, gamma)
    kept = empty((rows.size + len(rows),), x.dtype)
    standard, inverse = _row_parts(kept, gamma)
    np.subtract(rows, _row_means(rows), out=standard)
    left = _row_means(standard)  # of the rounding of a large mean
    if np.abs(left).max() > 8 * np.finfo(left.dtype).eps:
        standard -= left
    np.add(_row_dots(standard, standard), eps, out=inverse)
    np.sqrt(inverse, out=inverse)
    np.divide(1, inverse, out=inverse)
    standard *= inverse
    return kept


def _row_parts(kept: Array, gamma: Array) -> tuple[Array, Array]:
    width = gamma.size
    count = kept.size // (width + 1)
    return kept[: count * width].reshape(count, width), kept[count * width :].reshape(count, 1)


@as_one_call
def _row_scaled(x: Array, kept: Array, gamma: Array, beta: Array) -> Array:
    standard, _ = _row_parts(kept, gamma)
    out = np.multiply(standard, gamma.reshape(-1), out=empty(standard.shape, kept.dtype))
    out += beta.reshape(-1)
    return out.reshape(x.shape)


@as_one_call
def _row_by_x(g: Array, kept: Array, gamma: Array) -> Array:
    standard, inverse = _row_parts(kept, gamma)
    found = empty(standard.shape, kept.dtype)
    np.multiply(_as_rows(g, gamma), gamma.reshape(-1), out=found)
    mean, along = _row_means(found), _row_dots(found, standard)
    found -= mean
    found -= np.multiply(standard, along, out=empty(standard.shape, kept.dtype))
    found *= inverse
    return found.reshape(g.shape)


@as_one_call
def _row_by_gamma(g: Array, kept: Array, gamma: Array) -> Array:
    standard, _ = _row_parts(kept, gamma)
    product = np.multiply(_as_rows(g, gamma), standard, out=empty(standard.shape, kept.dtype))
    return _row_sums(product).reshape(gamma.shape)


@as_one_call
def _row_by_beta(g: Array, gamma: Array) -> Array:
    return _row_sums(_as_rows(g, gamma)).reshape(gamma.shape)


def _row_sums(x: Array) -> Array:
    return np.dot(filled((len(x),), x.dtype, 1.0), x)


# --- columns -------------------------------------------------------------------------------------


def _as_columns(x: Array) -> Array:
    return x.reshape(x.shape[:2])


def _column_means(x: Array) -> Array:
    means = np.dot(filled((len(x),), x.dtype, 1.0), x)
    means /= means.dtype.type(len(x))
    return means


def _centred(columns: Array, out: Array) -> Array:
    """Columns with a mean of 0, written into `out`; gives their means."""
    mean = _column_means(columns)
    np.subtract(columns, mean, out=out)
    left = _column_means(out)  # of the rounding of a large mean
    if np.abs(left).max() > 8 * np.finfo(left.dtype).eps:
        out -= left
        mean += left
    return mean


@as_one_call
def _column_standard(x: Array, gamma: Array, eps: float) -> Array:
    """x̂ of columns, and behind them the inverse deviations: (n + 1, c)."""
    columns = _as_columns(x)
    kept = empty((len(x) + 1, x.shape[1]), x.dtype)
    standard, inverse = kept[:-1], kept[-1]
    _centred(columns, standard)
    np.add(_column_means(standard * standard), eps, out=inverse)
    np.sqrt(inverse, out=inverse)
    np.divide(1, inverse, out=inverse)
    standard *= inverse
    return kept


@as_one_call
def _column_scaled(x: Array, kept: Array, gamma: Array, beta: Array) -> Array:
    out = np.multiply(kept[:-1], gamma.reshape(-1), out=empty(x.shape[:2], x.dtype))
    out += beta.reshape(-1)
    return out.reshape(x.shape)


@as_one_call
def _column_by_x(g: Array, kept: Array, gamma: Array) -> Array:
    standard, inverse = kept[:-1], kept[-1]
    columns = _as_columns(g)
    found = np.multiply(columns, standard, out=empty(standard.shape, kept.dtype))
    np.multiply(standard, _column_means(found), out=found)
    found += _column_means(columns)
    np.subtract(columns, found, out=found)
    found *= inverse * gamma.reshape(-1)
    return found.reshape(g.shape)


@as_one_call
def _column_by_gamma(g: Array, kept: Array, gamma: Array) -> Array:
    return _row_sums(_as_columns(g) * kept[:-1]).reshape(gamma.shape)


@as_one_call
def _column_by_beta(g: Array, gamma: Array) -> Array:
    return _row_sums(_as_columns(g)).reshape(gamma.shape)


@as_one_call
def _column_moments(x: Array) -> Array:
    centred = empty(x.shape[:2], x.dtype)
    found = np.empty((2, x.shape[1]), x.dtype)
    found[0] = _centred(_as_columns(x), centred)
    found[1] = _column_means(np.square(centred, out=centred))
    return found


# --- channels ------------------------------------------------------------------------------------


def _as_channels(x: Array) -> tuple[Array, int]:
    """Each example as a row, and how many of its numbers belong to one channel."""
    return x.reshape(len(x), -1), math.prod(x.shape[2:])


def _blocks(x: Array) -> Iterator[tuple[slice, Array]]:
    """So many examples at once that they stay in the cache, and memory of their size."""
    step = max(1, len(x) * BLOCK // x.nbytes)
    work = empty((min(step, len(x)), x.shape[1]), x.dtype)
    for k in range(0, len(x), step):
        yield slice(k, k + step), work[: len(x) - k]


def _sums(x: Array, places: int) -> Array:
    """The sums of channels, in double precision over the examples."""
    sums = np.dot(x.reshape(-1, places), filled((places,), x.dtype, 1.0))
    return np.add.reduce(sums.reshape(len(x), -1), axis=0, dtype=np.float64)


def _dots(x: Array, y: Array, places: int) -> Array:
    """The sums of products of channels."""
    x, y = x.reshape(len(x), -1, places), y.reshape(len(y), -1, places)
    return np.add.reduce(np.einsum("ncp,ncp->nc", x, y), axis=0, dtype=np.float64)


def _wide(values: Array, places: int, dtype: Any) -> Array:
    """One number for each channel, as often as it has places: quicker than broadcasting."""
    return np.repeat(values.astype(dtype), places)


@as_one_call
def _channel_moments(x: Array) -> Array:
    """A number near the mean, how far the mean is from it, and the variance: (3, c) doubles.

    The first is the mean of the first examples; where that turns out to be too far off for a
    precise variance, the mean itself.
    """
    count = x.size // x.shape[1]
    found = np.empty((3, x.shape[1]))
    x, places = _as_channels(x)
    first = x[next(_blocks(x))[0]]
    centre = _sums(first, places) / (len(first) * places)
    for _ in range(2):
        found[0], found[1:] = centre.astype(x.dtype), 0
        about = _wide(found[0], places, x.dtype)
        for part, apart in _blocks(x):
            np.subtract(x[part], about, out=apart)
            found[1] += _sums(apart, places)
            found[2] += _dots(apart, apart, places)
        found[1:] /= count
        square = np.square(found[1])
        found[2] -= square
        if not (square > 0.1 * found[2]).any():
            break
        centre = found[0] + found[1]
    return found


def _factors(stats: Array, gamma: Array, eps: float) -> tuple[Array, Array]:
    """The inverse deviations, and gamma times them."""
    inverse = 1.0 / np.sqrt(stats[2] + eps)
    return inverse, inverse * gamma.reshape(-1)


@as_one_call
def _channel_scaled(x: Array, stats: Array, gamma: Array, beta: Array, eps: float) -> Array:
    shape, (x, places) = x.shape, _as_channels(x)
    out = empty(x.shape, x.dtype)
    _, factor = _factors(stats, gamma, eps)
    shift = beta.reshape(-1) - stats[1] * factor
    mean, factor, shift = (_wide(v, places, x.dtype) for v in (stats[0], factor, shift))
    for part, _ in _blocks(x):
        piece = np.subtract(x[part], mean, out=out[part])
        piece *= factor
        piece += shift
    return out.reshape(shape)


@as_one_call
def _channel_sums(g: Array, x: Array, stats: Array) -> Array:
    """The sums of g, and of g times x - mean: (2, c) doubles."""
    found = np.zeros((2, x.shape[1]))
    (g, _), (x, places) = _as_channels(g), _as_channels(x)
    mean = _wide(stats[0], places, x.dtype)
    for part, centred in _blocks(x):
        np.subtract(x[part], mean, out=centred)
        found[0] += _sums(g[part], places)
        found[1] += _dots(g[part], centred, places)
    found[1] -= stats[1] * found[0]
    return found


@as_one_call
def _channel_by_x(g: Array, x: Array, stats: Array, sums: Array, gamma: Array, eps: float) -> Array:
    shape, count = x.shape, x.size // x.shape[1]
    (g, _), (x, places) = _as_channels(g), _as_channels(x)
    found = empty(x.shape, x.dtype)
    inverse, factor = _factors(stats, gamma, eps)
    slope = factor * np.square(inverse) * sums[1] / count
    shift = factor * sums[0] / count - stats[1] * slope
    mean, factor, slope, shift = (
        _wide(v, places, x.dtype) for v in (stats[0], factor, slope, shift)
    )
    for part, along in _blocks(x):
        np.subtract(x[part], mean, out=along)
        along *= slope
        along += shift
        piece = np.multiply(g[part], factor, out=found[part])
        piece -= along
    return found.reshape(shape)


@as_one_call
def _channel_by_gamma(gamma: Array, sums: Array, stats: Array, eps: float) -> Array:
    inverse, _ = _factors(stats, gamma, eps)
    return (sums[1] * inverse).astype(gamma.dtype).reshape(gamma.shape)


@as_one_call
def _channel_by_beta(gamma: Array, sums: Array) -> Array:
    return sums[0].astype(gamma.dtype).reshape(gamma.shape)


# --- the gates -----------------------------------------------------------------------------------


class _Sums:
    """The sums that the three rules of channels need, for the gradient that has arrived last."""

    def __init__(self) -> None:
        self.of: Any = None
        self.sums: Array = np.empty(0)

    def get(self, g: Array, x: Array, stats: Array) -> Array:
        """The sums of g and of g times x - mean; programs see to it themselves."""
        if g.__class__ is not ndarray:
            return _channel_sums(g, x, stats)
        if self.of is None or self.of() is not g:
            self.of, self.sums = ref(g), _channel_sums(g, x, stats)
        return self.sums


def _normalised(
    x: Array, gamma: Array, beta: Array, axis: Any, eps: float = 1e-5
) -> tuple[Array, tuple[Any, Any]]:
    """The result, and x̂ or moments for the way back."""
    layout = _layout(x, axis, gamma, beta)
    if layout == "rows":
        kept = _row_standard(x, gamma, eps)
        return _row_scaled(x, kept, gamma, beta), (kept, None)
    if layout == "columns":
        kept = _column_standard(x, gamma, eps)
        return _column_scaled(x, kept, gamma, beta), (kept, None)
    if layout == "channels":
        stats = _channel_moments(x)
        return _channel_scaled(x, stats, gamma, beta, eps), (stats, _Sums())
    return _row.kernel(x, gamma, beta, axis, eps), (None, None)


def _by_x(g: Array, x: Array, gamma: Array, kept: Any, shared: Any, axis: Any, eps: float) -> Array:
    if kept is None:
        return _plain_by_x(g, x, gamma, axis, eps)
    if shared is None:
        return (_row_by_x if kept.ndim == 1 else _column_by_x)(g, kept, gamma)
    return _channel_by_x(g, x, kept, shared.get(g, x, kept), gamma, eps)


def _by_gamma(
    g: Array, x: Array, gamma: Array, kept: Any, shared: Any, axis: Any, eps: float
) -> Array:
    if kept is None:
        return _plain_by_gamma(g, x, gamma.shape, axis, eps)
    if shared is None:
        return (_row_by_gamma if kept.ndim == 1 else _column_by_gamma)(g, kept, gamma)
    return _channel_by_gamma(gamma, shared.get(g, x, kept), kept, eps)


def _by_beta(
    g: Array, x: Array, gamma: Array, kept: Any, shared: Any, beta_shape: tuple[int, ...]
) -> Array:
    if kept is None:
        return _plain_by_beta(g, beta_shape)
    if shared is None:
        return (_row_by_beta if kept.ndim == 1 else _column_by_beta)(g, gamma)
    return _channel_by_beta(gamma, shared.get(g, x, kept))


def _moments(x: Array, axis: Any) -> Array:
    layout = _layout(x, axis)
    if layout == "columns":
        return _column_moments(x)
    if layout != "channels":
        return _plain_moments(x, axis)
    return _mean_and_variance(x, _channel_moments(x))


@as_one_call
def _mean_and_variance(x: Array, stats: Array) -> Array:
    return np.stack([stats[0] + stats[1], stats[2]]).astype(x.dtype)


accelerate(
    gates.normalise,
    lambda x, gamma, beta, axis, eps=1e-5: _normalised(x, gamma, beta, axis, eps)[0],
    fused=_normalised,
    keeps=("kept", "shared"),
    vjp=(_by_x, _by_gamma, _by_beta),
    alone=True,
)
accelerate(gates.moments, _moments)


# --- for programs --------------------------------------------------------------------------------


def _gives(shape: Callable[..., Any], dtype: Any = None) -> Callable[..., Array]:
    """What a helper gives, told by its operands: an array without values."""
    return lambda x, *rest: np.empty(shape(x, *rest), dtype or x.dtype)


def _like_first(x: Array, *rest: Any) -> Any:
    return x.shape


_GIVES: list[tuple[Callable[..., Any], Callable[..., Any], Any]] = [
    (_row_standard, lambda x, gamma, eps: x.size + x.size // gamma.size, None),
    (_row_scaled, _like_first, None),
    (_row_by_x, _like_first, None),
    (_row_by_gamma, lambda g, kept, gamma: gamma.shape, None),
    (_row_by_beta, lambda g, gamma: gamma.shape, None),
    (_column_standard, lambda x, gamma, eps: (x.shape[0] + 1, x.shape[1]), None),
    (_column_scaled, _like_first, None),
    (_column_by_x, _like_first, None),
    (_column_by_gamma, lambda g, kept, gamma: gamma.shape, None),
    (_column_by_beta, lambda g, gamma: gamma.shape, None),
    (_column_moments, lambda x: (2, x.shape[1]), None),
    (_channel_moments, lambda x: (3, x.shape[1]), float),
    (_channel_scaled, _like_first, None),
    (_channel_sums, lambda g, x, stats: (2, x.shape[1]), float),
    (_channel_by_x, _like_first, None),
    (_channel_by_gamma, _like_first, None),
    (_channel_by_beta, _like_first, None),
    (_mean_and_variance, lambda x, stats: (2, x.shape[1]), None),
]
for _helper, _shape, _dtype in _GIVES:
    setattr(unwrap(_helper), "gives", _gives(_shape, _dtype))  # noqa: B010
