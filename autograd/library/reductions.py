"""Reductions with all options of NumPy: dtype, where, initial, out; and those made of others.

The gates of sum, prod, mean, max and min know axis and keepdims. With another option the
definitions here run: an element that `where` leaves out is replaced before the gate sees it, so it
takes no part in the gradient either, be it NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..declare import composed, register_method
from ..gates.shape import astype
from ..tensor import Axis
from .calls import options_of, written

__all__ = ["among", "as_floats", "finished", "given"]

NOT_GIVEN: Any = np._NoValue


def given(**options: Any) -> dict[str, Any]:
    """The options that are not NumPy's mark for "not given"."""
    return {name: value for name, value in options.items() if value is not NOT_GIVEN}


def as_floats(x: Any, dtype: Any = None) -> Any:
    """x in the kind of number that a mean of it has, or in `dtype`."""
    if dtype is None:
        if np.result_type(x).kind in "fc":
            return x
        dtype = np.float64
    return x if x.dtype == np.dtype(dtype) else astype(x, dtype=dtype)


def cast(x: Any, dtype: Any) -> Any:
    """x as `dtype`, if one is given."""
    return x if dtype is None or x.dtype == np.dtype(dtype) else astype(x, dtype=dtype)


def among(x: Any, where: Any, other: Any) -> Any:
    """x where a mask is true, a constant elsewhere; all of x for True."""
    return x if where is True or where is NOT_GIVEN else np.where(where, x, other)


def finished(result: Any, out: Any, name: str) -> Any:
    """The result, or `out` after it has been written there."""
    if isinstance(out, tuple):
        (out,) = out
    return result if out is None else written(result, out, f"np.{name}")


@options_of(np.sum)
def _sum(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    total = np.sum(among(cast(a, dtype), where, 0), axis=axis, keepdims=keepdims)
    return finished(total if initial is None else total + initial, out, "sum")


@options_of(np.prod)
def _prod(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    product = np.prod(among(cast(a, dtype), where, 1), axis=axis, keepdims=keepdims)
    return finished(product if initial is None else product * initial, out, "prod")


@options_of(np.mean)
def _mean(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False, *,
    where: Any = True,
) -> Any:  # fmt: skip
    x = as_floats(a, dtype)
    if where is True:
        return finished(np.mean(x, axis=axis, keepdims=keepdims), out, "mean")
    total = np.sum(among(x, where, 0), axis=axis, keepdims=keepdims)
    return finished(total / how_many(x, where, axis, keepdims), out, "mean")


def how_many(x: Any, where: Any, axis: Axis, keepdims: bool) -> Any:
    """How many elements of each slice a mask picks, as floats like x."""
    mask = np.broadcast_to(where, x.shape)
    dtype = np.zeros((), x.dtype).real.dtype
    return np.sum(np.where(mask, dtype.type(1), dtype.type(0)), axis=axis, keepdims=keepdims)


def _extreme(function: Any, pair: Any, least: str) -> Callable[..., Any]:
    """The definition of max, or of min: `least` tells which number is never chosen."""

    def definition(
        a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False, initial: Any = None,
        where: Any = True, dtype: Any = None,
    ) -> Any:  # fmt: skip
        a = cast(a, dtype)
        if where is not True:
            if initial is None:
                raise ValueError(
                    f"np.{function.__name__}(..., where=mask): of no elements there is no "
                    f"{function.__name__}; say with initial= what it is then"
                )
            a = np.where(where, a, _bound(a.dtype, least))
        if initial is None:
            return finished(function(a, axis=axis, keepdims=keepdims), out, function.__name__)
        if 0 in a.shape:  # of no elements it is what is given
            a = np.sum(a, axis=axis, keepdims=keepdims) + _bound(a.dtype, least)
        else:
            a = function(a, axis=axis, keepdims=keepdims)
        return finished(pair(a, initial), out, function.__name__)

    return definition


def _bound(dtype: np.dtype[Any], which: str) -> Any:
    """The smallest number of a dtype ("min"), or the largest ("max")."""
    if dtype.kind in "iu":
        return dtype.type(getattr(np.iinfo(dtype), which))
    if dtype.kind == "b":
        return np.bool_(which == "max")
    return dtype.type(-np.inf if which == "min" else np.inf)


options_of(np.max, np.amax)(_extreme(np.max, np.maximum, "min"))
options_of(np.min, np.amin)(_extreme(np.min, np.minimum, "max"))


@composed(np.ptp)
def ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: bool = NOT_GIVEN) -> Any:
    """The largest less the smallest over `axis`, as `np.ptp`."""
    options = given(keepdims=keepdims)
    return finished(np.max(a, axis=axis, **options) - np.min(a, axis=axis, **options), out, "ptp")


# --- without a gradient --------------------------------------------------------------------------


def _all(
    x: Any, axis: Axis = None, out: Any = None, *,
    keepdims: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    return np.all(x, axis=axis, out=out, **given(keepdims=keepdims, where=where))


def _any(
    x: Any, axis: Axis = None, out: Any = None, *,
    keepdims: Any = NOT_GIVEN, where: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    return np.any(x, axis=axis, out=out, **given(keepdims=keepdims, where=where))


register_method(["all"], _all)
register_method(["any"], _any)
