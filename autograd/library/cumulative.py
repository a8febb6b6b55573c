"""Running sums and products, differences, and integrals of samples."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arrays import Array, plain_array
from ..declare import composed, gate
from ..numpy_api import NUMPY_FUNCTIONS
from ..tensor import Tensor
from .reductions import NOT_GIVEN, as_floats, cast, finished

__all__: list[str] = []


def _back(axis: int, ndim: int) -> tuple[slice, ...]:
    """The index that turns an axis around."""
    return (slice(None),) * (axis % ndim) + (slice(None, None, -1),)


def _part(axis: int, ndim: int, start: Any, stop: Any = None, step: Any = None) -> Any:
    """The index of a slice along an axis."""
    return (slice(None),) * (axis % ndim) + (slice(start, stop, step),)


def _as_array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else plain_array(x)


# --- running sums and products -------------------------------------------------------------------


def _sums_after(g: Array, axis: int) -> Array:
    """Along an axis: the sum of each element and all that follow."""
    turned = _back(axis, g.ndim)
    return np.cumsum(g[turned], axis=axis)[turned]


@gate(
    name="cumsum",
    linear=True,
    vjp=lambda g, axis: _sums_after(g, axis),
    says="the sum of {g} from there on",
)
def _cumsum(x: Array, axis: int) -> Array:
    return np.cumsum(x, axis=axis)


@composed(np.cumsum, methods=["cumsum"])
def cumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sums along `axis` (None: of all elements in order), as `np.cumsum`."""
    x, axis = _along(cast(_as_array(a), dtype), axis)
    return finished(_cumsum(x, axis=axis), out, "cumsum")


def _along(x: Any, axis: int | None) -> tuple[Any, int]:
    """x and the axis to run along, which for None is that of its elements in order."""
    if axis is None or not x.ndim:
        return np.reshape(x, -1), 0
    return x, normalize_axis_index(axis, x.ndim)


def _shifted(x: Array, step: int, axis: int, fill: float) -> Array:
    """x[k + step] in the place of x[k], and what fills the end."""
    shape = list(x.shape)
    shape[axis] = step
    end: Any = np.full(shape, fill, x.dtype)
    return np.concatenate([x[_part(axis, x.ndim, step)], end], axis=axis)


def _through_products(g: Array, x: Array, axis: int) -> Array:
    """The gradient of running products, right where elements are 0.

    An element meets the product of all before it, and a sum over all products that it is in:
    s[k] = g[k] + x[k+1] s[k+1]. That recurrence is run in log2(n) steps, each of which doubles
    how far an element sees (Blelloch, "Prefix Sums and Their Applications").
    """
    length = x.shape[axis]
    if not length:
        return g
    before = np.concatenate(
        [np.ones_like(x[_part(axis, x.ndim, 0, 1)]), x[_part(axis, x.ndim, 0, -1)]], axis=axis
    )
    total, factor, step = g, _shifted(x, 1, axis, 0.0), 1
    while step < length:
        total = total + factor * _shifted(total, step, axis, 0.0)
        factor = factor * _shifted(factor, step, axis, 0.0)
        step *= 2
    return np.cumprod(before, axis=axis) * total


@gate(
    name="cumprod",
    role="switcher",
    vjp=lambda g, x, axis: _through_products(g, x, axis),
    of_complex="holomorphic",
    says="Σ {g} ⊙ (product of all other factors), from there on",
)
def _cumprod(x: Array, axis: int) -> Array:
    return np.cumprod(x, axis=axis)


@composed(np.cumprod, methods=["cumprod"])
def cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running products along `axis`, as `np.cumprod`; the gradient is right at zeros."""
    x, axis = _along(cast(_as_array(a), dtype), axis)
    return finished(_cumprod(x, axis=axis), out, "cumprod")


def _with_initial(function: Any, first: float) -> Any:
    """The definition of cumulative_sum, or of cumulative_prod."""
    name = "cumulative_sum" if function is np.cumsum else "cumulative_prod"

    def definition(
        x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None,
        include_initial: bool = False,
    ) -> Any:  # fmt: skip
        x = _as_array(x)
        x = x if x.ndim else np.reshape(x, (1,))
        if axis is None and x.ndim != 1:
            raise ValueError(f"np.{name}: say along which of the {x.ndim} axes, with axis=")
        found = function(x, axis=0 if axis is None else axis, dtype=dtype)
        if include_initial:
            shape = list(found.shape)
            shape[axis or 0] = 1
            start = np.full(shape, first, found.dtype)
            found = np.concatenate([start, found], axis=axis or 0)
        return finished(found, out, name)

    return definition


composed(np.cumulative_sum)(_with_initial(np.cumsum, 0.0))
composed(np.cumulative_prod)(_with_initial(np.cumprod, 1.0))


# --- running extremes ----------------------------------------------------------------------------


def _won(x: Array, out: Array) -> Array:
    """Which elements are the extreme up to there; NaN, which equals nothing, is one as well."""
    return np.logical_or(x == out, np.isnan(out))


def _to_winners(g: Array, x: Array, out: Array, axis: int) -> Array:
    """Each running extreme is shared equally by those up to there that are equal to it.

    It stays the same over a stretch of places, which begins with a winner. So what a winner gets is
    a running sum, from it to the end of the stretch, of the gradients over the winners so far.
    """
    length = x.shape[axis]
    if not length:
        return g
    g, x, out = (np.swapaxes(y, axis, -1) for y in (g, x, out))
    places = np.arange(length)
    begins = np.logical_or(places == 0, out != np.concatenate([out[..., :1], out[..., :-1]], -1))
    last = np.concatenate([begins[..., 1:], np.ones_like(begins[..., :1])], -1)
    start = np.maximum.accumulate(np.where(begins, places, 0), axis=-1)
    end = np.minimum.accumulate(np.where(last, places, length)[..., ::-1], axis=-1)[..., ::-1]
    won = _won(x, out).astype(g.dtype)
    so_far = np.cumsum(won, axis=-1)
    shares = g / (so_far - np.take_along_axis(so_far, start, axis=-1) + 1.0)
    sums = np.cumsum(shares, axis=-1)
    found = won * (np.take_along_axis(sums, end, axis=-1) - sums + shares)
    return np.swapaxes(found, axis, -1)


@gate(
    role="router",
    vjp=lambda g, x, out, axis: _to_winners(g, x, out, axis),
    live=lambda x, out: _won(x, out),
    says="{g} to the largest up to there",
)
def running_max(x: Array, axis: int = 0) -> Array:
    """The largest element so far along `axis`, as `np.maximum.accumulate`."""
    return np.maximum.accumulate(x, axis=axis)


@gate(
    role="router",
    vjp=lambda g, x, out, axis: _to_winners(g, x, out, axis),
    live=lambda x, out: _won(x, out),
    says="{g} to the smallest up to there",
)
def running_min(x: Array, axis: int = 0) -> Array:
    """The smallest element so far along `axis`, as `np.minimum.accumulate`."""
    return np.minimum.accumulate(x, axis=axis)


def _accumulate(
    gate: Any, ufunc: np.ufunc, a: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    x = cast(_as_array(a), dtype)
    if not x.ndim:
        raise TypeError("cannot accumulate on a scalar")
    found = gate(x, axis=normalize_axis_index(axis, x.ndim))
    return finished(found, out, f"{ufunc.__name__}.accumulate")


for _gate, _ufunc in ((running_max, np.maximum), (running_min, np.minimum)):
    NUMPY_FUNCTIONS[_ufunc, "accumulate"] = functools.partial(_accumulate, _gate, _ufunc)


# --- differences ---------------------------------------------------------------------------------


@composed(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN
) -> Any:
    """Differences of neighbors along `axis`, n times, as `np.diff`."""
    if n < 0:
        raise ValueError(f"np.diff: n is {n}; it tells how many times, so give 0 or more")
    x = _as_array(a)
    if not n:
        return x
    if not x.ndim:
        raise ValueError("np.diff: got a single value, which has no neighbors")
    axis = normalize_axis_index(axis, x.ndim)
    parts = [_end(prepend, x, axis), x, _end(append, x, axis)]
    parts = [part for part in parts if part is not None]
    x = np.concatenate(parts, axis=axis) if len(parts) > 1 else x
    for _ in range(n):
        upper, lower = x[_part(axis, x.ndim, 1)], x[_part(axis, x.ndim, None, -1)]
        x = np.not_equal(upper, lower) if x.dtype == bool else upper - lower
    return x


def _end(x: Any, of: Any, axis: int) -> Any:
    """What is put in front or behind: a single value stands in each row."""
    if x is NOT_GIVEN:
        return None
    x = _as_array(x)
    if x.ndim:
        return x
    return np.broadcast_to(x, (*of.shape[:axis], 1, *of.shape[axis + 1 :]))


@composed(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of neighbors, of all elements in order, as `np.ediff1d`."""
    x = np.ravel(_as_array(ary))
    found = x[1:] - x[:-1]
    ends = [None if end is None else np.ravel(_as_array(end)) for end in (to_begin, to_end)]
    parts = [part for part in (ends[0], found, ends[1]) if part is not None]
    return np.concatenate(parts) if len(parts) > 1 else found


@composed(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Second-order differences of samples along each axis, as `np.gradient`.

    The samples lie 1 apart, or as far as is given: a number, or the coordinates along an axis.
    """
    x = as_floats(_as_array(f))
    if edge_order not in (1, 2):
        raise ValueError(f"np.gradient: edge_order is {edge_order!r}; expected 1 or 2")
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [normalize_axis_index(k, x.ndim) for k in axes]
    found = [
        _slopes(x, spacing, k, edge_order)
        for k, spacing in zip(axes, _spacings(varargs, len(axes)), strict=True)
    ]
    return found[0] if len(found) == 1 else tuple(found)


def _spacings(given: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    if not given:
        return (1.0,) * count
    if len(given) == 1 and np.ndim(given[0]) == 0:
        return given * count
    if len(given) != count:
        raise TypeError(f"np.gradient: got {len(given)} spacings for {count} axes; give one each")
    return given


def _slopes(x: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """Along one axis: between both neighbors inside, to one side at the ends.

    With unequal steps the slope is that of the parabola through three points (Fornberg,
    "Generation of Finite Difference Formulas on Arbitrarily Spaced Grids").
    """
    length = x.shape[axis]
    if length < edge_order + 1:
        raise ValueError(
            f"np.gradient: axis {axis} has {length} elements; edge_order={edge_order} needs at "
            f"least {edge_order + 1}"
        )
    x = np.moveaxis(x, axis, -1)
    h = _steps(spacing, length, x)
    d = (x[..., 1:] - x[..., :-1]) / h
    lower, upper, ahead, behind = 0.5, 0.5, 0.5, 0.5
    if h.ndim:
        lower = h[1:] / (h[:-1] + h[1:])
        upper = h[:-1] / (h[:-1] + h[1:])
        ahead, behind = upper[:1], lower[-1:]
    inside = d[..., :-1] * lower + d[..., 1:] * upper
    first, last = d[..., :1], d[..., -1:]
    if edge_order == 2:  # the parabola's slope at its own end
        first = first + ahead * (first - d[..., 1:2])
        last = last + behind * (last - d[..., -2:-1])
    return np.moveaxis(np.concatenate([first, inside, last], axis=-1), -1, axis)


def _steps(spacing: Any, length: int, x: Any) -> Any:
    """The distances of neighbors, or the one distance, in the kind of number of x."""
    real = np.zeros((), x.dtype).real.dtype
    h = spacing if isinstance(spacing, Tensor) else np.asarray(plain_array(spacing), real)
    if not h.ndim:
        return h
    if h.shape != (length,):
        raise ValueError(
            f"np.gradient: got coordinates of shape {h.shape} for an axis of {length} elements"
        )
    return h[1:] - h[:-1]


@composed(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of samples by the trapezoidal rule, as `np.trapezoid`."""
    y = np.moveaxis(_as_array(y), axis, -1)
    if x is not None:
        x = _as_array(x)
        x = x if x.ndim == 1 else np.moveaxis(x, axis, -1)
        dx = x[..., 1:] - x[..., :-1]
    return np.sum(dx * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)
