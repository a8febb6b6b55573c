"""Reductions that pass over NaN: what is NaN is replaced, and takes no part in the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import composed
from ..gates.compare import constant
from ..tensor import Axis
from .reductions import NOT_GIVEN, finished, given
from .statistics import root

__all__ = ["some"]


def some(x: Any, where: Any = True) -> Any:
    """A mask of the elements that are no NaN, and that `where` picks."""
    there = np.logical_not(np.isnan(x))
    return there if where is True or where is NOT_GIVEN else np.logical_and(there, where)


def _filled(x: Any, value: Any) -> Any:
    return x if x.dtype.kind not in "fc" else np.where(np.isnan(x), value, x)


@composed(np.nansum)
def nansum(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = NOT_GIVEN,
    initial: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The sum of what is not NaN, as `np.nansum`."""
    options = given(keepdims=keepdims, initial=initial, where=where)
    return np.sum(_filled(a, 0), axis=axis, dtype=dtype, out=out, **options)


@composed(np.nanprod)
def nanprod(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = NOT_GIVEN,
    initial: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The product of what is not NaN, as `np.nanprod`."""
    options = given(keepdims=keepdims, initial=initial, where=where)
    return np.prod(_filled(a, 1), axis=axis, dtype=dtype, out=out, **options)


@composed(np.nanmean)
def nanmean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = NOT_GIVEN, *,
    where: Any = True,
) -> Any:  # fmt: skip
    """The mean of what is not NaN, as `np.nanmean`."""
    options = given(keepdims=keepdims)
    return np.mean(a, axis=axis, dtype=dtype, out=out, where=some(a, where), **options)


@composed(np.nanvar)
def nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = NOT_GIVEN, *, where: Any = True, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The variance of what is not NaN, as `np.nanvar`; NaN where too little is left."""
    options = given(keepdims=keepdims, mean=mean, correction=correction)
    found = np.var(a, axis=axis, dtype=dtype, ddof=ddof, where=some(a, where), **options)
    return finished(np.where(np.isinf(found), np.nan, found), out, "nanvar")


@composed(np.nanstd)
def nanstd(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = NOT_GIVEN, *, where: Any = True, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The standard deviation of what is not NaN, as `np.nanstd`."""
    options = given(keepdims=keepdims, mean=mean, correction=correction)
    found = np.nanvar(a, axis=axis, dtype=dtype, ddof=ddof, where=where, **options)
    return finished(root(found), out, "nanstd")


def _extreme(function: Any, least: float) -> Any:
    """The definition of nanmax, or of nanmin."""

    def definition(
        a: Any, axis: Axis = None, out: Any = None, keepdims: bool = NOT_GIVEN,
        initial: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
    ) -> Any:  # fmt: skip
        options = given(keepdims=keepdims, initial=initial, where=where)
        if a.dtype.kind not in "fc":
            return function(a, axis=axis, out=out, **options)
        there = some(a, where)
        found = function(np.where(np.isnan(a), least, a), axis=axis, **options)
        if initial is NOT_GIVEN or initial is None:  # of nothing but NaN it is NaN
            kept = given(keepdims=keepdims)
            found = np.where(np.any(there, axis=axis, **kept), found, np.nan)
        return finished(found, out, f"nan{function.__name__}")

    return definition


composed(np.nanmax)(_extreme(np.max, -np.inf))
composed(np.nanmin)(_extreme(np.min, np.inf))


@composed(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running sums in which NaN counts as 0, as `np.nancumsum`."""
    return np.cumsum(_filled(a, 0), axis=axis, dtype=dtype, out=out)


@composed(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """Running products in which NaN counts as 1, as `np.nancumprod`."""
    return np.cumprod(_filled(a, 1), axis=axis, dtype=dtype, out=out)


constant(np.nanargmax, np.nanargmin)
