"""The methods of ufuncs: reduce, accumulate, reduceat, outer, at, of every ufunc that has a gate.

Sums, products and extremes are reduced by their gates. Of all others a fold is made: one call of
the ufunc after the other, as NumPy does it.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..arrays import plain_array
from ..errors import UnsupportedError
from ..gate import GATES
from ..gates.index import getitem, scatter, setitem
from ..gates.reduce import logsumexp
from ..gates.shape import astype
from ..modes import is_recording
from ..numpy_api import NUMPY_FUNCTIONS
from ..tensor import Axis, Tensor

__all__ = ["accumulate", "at", "is_discrete", "outer", "reduce", "reduceat"]


def is_discrete(function: Any) -> bool:
    """Whether a ufunc has a gate without a gradient: comparisons, logic, bits."""
    return any(function in row.functions and not row.differentiable for row in GATES.values())


# --- reduce --------------------------------------------------------------------------------------


def reduce(
    function: np.ufunc, x: Any, axis: Axis = 0, dtype: Any = None, keepdims: bool = False,
    initial: Any = np._NoValue, where: Any = True,
) -> Any:  # fmt: skip
    """`function.reduce`: the elements along axes made into one. Raises what NumPy raises."""
    x = _of_dtype(x, dtype)
    if where is not True:
        x = np.where(where, x, _neutral(function, initial))
    axes = range(x.ndim) if axis is None else axis
    axes = normalize_axis_tuple(axes, x.ndim) if x.ndim else ()
    if len(axes) > 1:  # raises for what cannot be reordered
        function.reduce(np.ones((1,) * x.ndim), axis=axes)
    given = initial is not np._NoValue and initial is not None
    if initial is None and not math.prod(x.shape[k] for k in axes):
        raise _nothing_to_reduce(function)
    gate = NUMPY_FUNCTIONS.get((function, "reduce")) or _REDUCTIONS.get(function)
    if gate is None or (not x.size and (given or function in _REDUCTIONS)):
        return _fold(function, x, axes, keepdims, [initial] if given else [])
    result = gate(x, axis=axis, keepdims=keepdims)
    return function(initial, result) if given else result


def _nothing_to_reduce(function: np.ufunc) -> ValueError:
    name = function.__name__
    return ValueError(f"zero-size array to reduction operation {name} which has no identity")


def _neutral(function: np.ufunc, initial: Any) -> Any:
    """What changes nothing, in the place of elements that are left out."""
    if function.identity is not None:
        return function.identity
    if initial is np._NoValue or initial is None or function not in _EXTREMES:
        raise ValueError(
            f"reduction operation '{function.__name__}' does not have an identity, so to use a "
            "where mask one has to specify 'initial', and it has to be a maximum or a minimum"
        )
    return initial


def _fold(
    function: np.ufunc, x: Any, axes: tuple[int, ...], keepdims: bool, start: list[Any]
) -> Any:
    """One call after the other, over what the axes hold in C order; from `start`, if not empty."""
    rest = [k for k in range(x.ndim) if k not in axes]
    shape = [x.shape[k] for k in rest]
    count = math.prod(x.shape[k] for k in axes)
    parts = np.reshape(np.transpose(x, (*axes, *rest)), (count, *shape))
    if not count and not start:
        if function.identity is None:
            raise _nothing_to_reduce(function)
        start = [function.identity]
    if start:
        start = [np.broadcast_to(np.asarray(start[0], x.dtype), shape)]
    result = functools.reduce(function, [*start, *(parts[k] for k in range(count))])
    kept = [1 if k in axes else n for k, n in enumerate(x.shape)]
    return np.reshape(result, kept if keepdims else shape)


def _logaddexp(x: Any, axis: Axis, keepdims: bool) -> Any:
    return logsumexp(x, axis=axis, keepdims=keepdims)


def _logaddexp2(x: Any, axis: Axis, keepdims: bool) -> Any:
    return logsumexp(x * math.log(2.0), axis=axis, keepdims=keepdims) / math.log(2.0)


def _fmax(x: Any, axis: Axis, keepdims: bool) -> Any:
    """The largest; NaN where all are NaN."""
    found = np.max(np.where(np.isnan(x), -np.inf, x), axis=axis, keepdims=keepdims)
    return np.where(np.all(np.isnan(x), axis=axis, keepdims=keepdims), np.nan, found)


def _fmin(x: Any, axis: Axis, keepdims: bool) -> Any:
    return -_fmax(-x, axis, keepdims)


_REDUCTIONS: Any = {
    np.logaddexp: _logaddexp, np.logaddexp2: _logaddexp2, np.fmax: _fmax, np.fmin: _fmin,
}  # fmt: skip
_EXTREMES = (np.maximum, np.minimum, np.fmax, np.fmin)

# --- accumulate, reduceat, outer -----------------------------------------------------------------


def accumulate(function: np.ufunc, x: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`function.accumulate`: all results on the way of a reduction."""
    x = _of_dtype(x, dtype)
    if not x.ndim:
        raise TypeError("cannot accumulate on a scalar")
    axis = normalize_axis_index(axis, x.ndim)
    gate = NUMPY_FUNCTIONS.get((function, "accumulate"))
    if gate is not None:
        return gate(x, axis=axis)
    before: tuple[Any, ...] = (slice(None),) * axis
    found: list[Any] = []
    for k in range(x.shape[axis]):
        part = x[(*before, k)]
        found.append(function(found[-1], part) if found else part)
    return np.stack(found, axis=axis) if found else np.copy(x)


def reduceat(function: np.ufunc, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`function.reduceat`: reductions from each index to the next; of one element if none is."""
    axis = normalize_axis_index(axis, np.ndim(x))
    length, bounds = np.shape(x)[axis], [int(k) for k in np.asarray(indices)]
    for k in bounds:
        if not 0 <= k < length:
            name = f"{function.__name__}.reduceat"
            raise IndexError(f"index {k} out-of-bounds in {name} [0, {length})")
    before: tuple[Any, ...] = (slice(None),) * axis
    ends = [*bounds[1:], length] if bounds else []
    parts = [
        reduce(function, x[(*before, slice(i, j if i < j else i + 1))], axis, dtype)
        for i, j in zip(bounds, ends, strict=True)
    ]
    return np.stack(parts, axis=axis) if parts else x[(*before, slice(0))]


def outer(x: Any, y: Any) -> tuple[Any, Any]:
    """The operands of `function.outer`, such that they broadcast: each of x with each of y."""
    x, y = (z if isinstance(z, Tensor) else plain_array(z) for z in (x, y))
    return np.reshape(x, x.shape + (1,) * y.ndim), y


# --- at ------------------------------------------------------------------------------------------


def at(function: np.ufunc, x: Any, index: Any, *values: Any) -> None:
    """`function.at`: elements changed in place, and again where an index is repeated.

    A tensor moves on to the result, gradients and all. Raises UnsupportedError where a recorded
    value would go into an array.
    """
    name = f"np.{function.__name__}.at"
    if not isinstance(x, Tensor):
        if is_recording() and any(isinstance(v, Tensor) and v.requires_grad for v in values):
            raise UnsupportedError(
                f"{name}(array, ...): a recorded value cannot be written into an array, where its "
                "gradient would be lost; let the array be a Tensor"
            )
        function.at(x, *[v.numpy() if isinstance(v, Tensor) else v for v in (index, *values)])
        return
    if _adds_up(function):
        value: Any = np.broadcast_to(values[0], np.shape(getitem(x, index)))
        result = function(x, scatter(value, index=_index(index), shape=x.shape))
    else:
        result = _in_rounds(function, x, index, values)
    if result.dtype != x.dtype:
        result = astype(result, dtype=x.dtype)
    x._move_on(result, f"{name}(t, ...)", "take a copy first: t = t.copy()")


def _adds_up(function: np.ufunc) -> bool:
    """Whether changes at the same place add up: local gradients are numbers, as those of a sum."""
    (row,) = [row for row in GATES.values() if function in row.functions]
    return len(row.rules) == 2 and row.rules[0] == 1 and row.rules[1] in (1, -1)


def _index(index: Any) -> Any:
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(np.asarray(p) if isinstance(p, (list, range, Tensor)) else p for p in parts)
    return parts if isinstance(index, tuple) else parts[0]


def _in_rounds(function: np.ufunc, x: Tensor, index: Any, values: Sequence[Any]) -> Any:
    """Each round changes elements that differ; one that is named n times is in n rounds."""
    taken = np.asarray(np.arange(x.size).reshape(x.shape)[_index(index)])
    places = taken.ravel()
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    first = np.searchsorted(ordered, ordered)
    rounds = np.empty(places.size, int)
    rounds[order] = np.arange(places.size) - first
    flat = np.reshape(x, -1)
    given = [np.reshape(np.broadcast_to(v, taken.shape), -1) for v in values]
    for k in range(rounds.max(initial=-1) + 1):
        now = np.flatnonzero(rounds == k)
        changed = function(flat[places[now]], *[v[now] for v in given])
        flat = setitem(flat, places[now], changed)
    return np.reshape(flat, x.shape)


def _of_dtype(x: Any, dtype: Any) -> Any:
    x = x if isinstance(x, Tensor) else plain_array(x)
    return x if dtype is None or x.dtype == np.dtype(dtype) else astype(x, dtype=np.dtype(dtype))
