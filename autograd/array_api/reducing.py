"""Functions that sum up: statistics along axes, running sums, differences, all and any."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .calls import applied
from .dtypes import astype

__all__ = [
    "all", "any", "count_nonzero", "cumulative_prod", "cumulative_sum", "diff", "max", "mean",
    "min", "prod", "std", "sum", "var",
]  # fmt: skip

Axis = Any  # an int, a tuple of them, or None


def _reduced(function: Any, x: Any, axis: Axis, keepdims: bool, **options: Any) -> Tensor:
    return applied(function, x, axis=axis, keepdims=keepdims, **options)


def sum(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The sum along axes; of small integers in the default integers."""
    return _as(_reduced(np.sum, _cast(x, dtype), axis, keepdims), dtype)


def prod(x: Any, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The product along axes; of small integers in the default integers."""
    return _as(_reduced(np.prod, _cast(x, dtype), axis, keepdims), dtype)


def _cast(x: Any, dtype: Any) -> Any:
    """The summands in the dtype of the sum."""
    return x if dtype is None else astype(x, dtype, copy=False)


def _as(total: Any, dtype: Any) -> Tensor:
    """A sum in its dtype: NumPy adds up small integers in larger ones."""
    return total if dtype is None else astype(total, dtype, copy=False)


def mean(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean along axes."""
    return _reduced(np.mean, x, axis, keepdims)


def max(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest along axes."""
    return _reduced(np.max, x, axis, keepdims)


def min(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest along axes."""
    return _reduced(np.min, x, axis, keepdims)


def var(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variance along axes: squared deviations, divided by their number less `correction`."""
    return _reduced(np.var, x, axis, keepdims, ddof=correction)


def std(x: Any, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviation along axes: the root of `var`."""
    return _reduced(np.std, x, axis, keepdims, ddof=correction)


def all(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements along axes are other than zero."""
    return _reduced(np.all, x, axis, keepdims)


def any(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether an element along axes is other than zero."""
    return _reduced(np.any, x, axis, keepdims)


def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements along axes are other than zero."""
    return _reduced(np.sum, x != 0, axis, keepdims)


# --- running along an axis -----------------------------------------------------------------------


def cumulative_sum(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """The sums of all elements so far; with a 0 in front on request."""
    return _running(np.cumsum, 0, x, axis, dtype, include_initial)


def cumulative_prod(
    x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """The products of all elements so far; with a 1 in front on request."""
    return _running(np.cumprod, 1, x, axis, dtype, include_initial)


def _running(function: Any, first: int, x: Any, axis: Any, dtype: Any, initial: bool) -> Tensor:
    if axis is None and x.ndim != 1:
        raise ValueError(f"got axis=None for a tensor of {x.ndim} axes; say along which of them")
    axis = 0 if axis is None else axis
    result = _as(applied(function, _cast(x, dtype), axis=axis), dtype)
    if initial:
        shape = [*result.shape]
        shape[axis] = 1
        start = Tensor(np.full(shape, first, result.dtype), requires_grad=False)
        result = applied(np.concatenate, [start, result], axis=axis)
    return result


def diff(
    x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None
) -> Tensor:
    """Differences of neighbours along an axis, n times; `prepend` and `append` are joined first."""
    parts = [part for part in (prepend, x, append) if part is not None]
    joined = applied(np.concatenate, parts, axis=axis) if len(parts) > 1 else x
    return applied(np.diff, joined, n=n, axis=axis)
