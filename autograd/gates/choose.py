"""Gates that pass on one of their inputs: max, min, where, clip, abs.

Kinks follow one principle, the subgradient of minimum norm: a tie of tracked inputs is shared
equally, a tie with a constant gives 0, and so do |x| at 0 and clip at its bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..buffers import SMALL, empty, filled
from ..gate import register_method
from ..numpy_api import refuse_options
from ..record import gate
from ..tensor import NUMBERS, NUMPY_FUNCTIONS, Array, Tensor
from ..traced import ARRAYS
from .shape import copy

__all__ = ["abs", "clip", "maximum", "minimum", "where"]


def _wins(first: Array, second: Array, out: Array, tracked: int) -> Array:
    """1 where `out` is the first, 0 where the second; at a tie a half, if both are tracked.

    NaN equals nothing and passes the gradient on.
    """
    if tracked == 1:
        return out != second
    return np.where(first == second, out.dtype.type(0.5), out != second)


def larger(x: Array, y: Array) -> Array:
    """`np.maximum`, in half the time for a number and a large array, and for two numbers."""
    if x.__class__ is np.float64 and y.__class__ in (int, float, np.float64):
        if x > y:
            return x
        if x < y:
            return np.float64(y)  # else a tie, where -0.0 and 0.0 differ, or NaN
    if y.__class__ in ARRAYS and x.__class__ in NUMBERS:
        x, y = y, x
    if x.__class__ not in ARRAYS or x.nbytes < 2048:
        return np.maximum(x, y)
    number = y.__class__ in (int, float) and x.dtype.kind == "f"
    if x.nbytes > 32 * SMALL:
        whole = number and x.__class__ is np.ndarray and x.flags.c_contiguous
        return _larger_than_number(x, float(y)) if whole else np.maximum(x, y)
    if number:  # NumPy is slow with a number
        y = filled(x.shape, x.dtype, float(y))
    elif y.__class__ not in ARRAYS or y.shape != x.shape or y.dtype != x.dtype:
        return np.maximum(x, y)
    return np.maximum(x, y, out=empty(x.shape, x.dtype))


def _larger_than_number(x: Array, y: float) -> Array:
    """The same for an array that does not fit the cache, piece by piece."""
    out = empty(x.shape, x.dtype)
    size = SMALL // x.itemsize
    numbers, flat, flat_out = filled((size,), x.dtype, y), x.reshape(-1), out.reshape(-1)
    for k in range(0, x.size, size):
        piece = flat[k : k + size]
        np.maximum(piece, numbers[: len(piece)], out=flat_out[k : k + size])
    return out


maximum = gate(
    larger,
    np.maximum,
    symbol="max",
    role="router",
    local=(
        lambda x, y, out, tracked: _wins(x, y, out, tracked),
        lambda x, y, out, tracked: _wins(y, x, out, tracked),
    ),
    live=(lambda x, y: x >= y, lambda x, y: y >= x),
)
minimum = gate(
    np.minimum,
    symbol="min",
    role="router",
    local=(
        lambda x, y, out, tracked: _wins(x, y, out, tracked),
        lambda x, y, out, tracked: _wins(y, x, out, tracked),
    ),
    live=(lambda x, y: x <= y, lambda x, y: y <= x),
)
abs = gate(np.absolute, name="abs", symbol="|x|", methods=["__abs__"], local=lambda x: np.sign(x))


@gate(
    elementwise=True,
    role="router",
    vjp=(
        None,
        lambda g, condition: np.where(condition, g, 0.0),
        lambda g, condition: np.where(condition, 0.0, g),
    ),
    live=(None, lambda condition: condition, lambda condition: np.logical_not(condition)),
)
def where(condition: Array, x: Array, y: Array) -> Array:
    """x where the condition holds, y elsewhere, as `np.where`; broadcasts.

    A NaN or an infinity in the branch that is not taken does not reach the gradient.
    """
    return np.where(condition, x, y)


def _where(condition: Any, *branches: Any) -> Any:
    if not branches:
        return np.where(condition.numpy())
    return where(condition, *branches)


NUMPY_FUNCTIONS[np.where] = _where


@gate(
    symbol="clip",
    role="router",
    local=(lambda x, a_min, a_max: _inside(x, a_min, a_max),),
    live=lambda x, a_min, a_max: _inside(x, a_min, a_max),
    name="clip",
)
def _clip(x: Array, a_min: Array = None, a_max: Array = None) -> Array:
    return np.clip(x, a_min, a_max)


def _inside(x: Array, a_min: Array, a_max: Array) -> Array:
    if a_min is None or a_max is None:
        return x < a_max if a_min is None else x > a_min
    return np.logical_and(x > a_min, x < a_max)


def clip(
    x: Any,
    a_min: Any = None,
    a_max: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **options: Any,
) -> Any:
    """x limited to the interval from `a_min` to `a_max` (None: no limit), as `np.clip`.

    The gradient is that of x inside, and 0 on and outside of the bounds. Bounds may be tensors.
    """
    refuse_options("clip", options)
    low = a_min if min is None else min
    high = a_max if max is None else max
    if low is None and high is None:
        return copy(x)
    if any(isinstance(bound, Tensor) and bound.requires_grad for bound in (low, high)):
        above = x if low is None else maximum(x, low)
        return above if high is None else minimum(above, high)
    return _clip(x, a_min=_plain(low), a_max=_plain(high))


def _plain(bound: Any) -> Any:
    if bound is None or isinstance(bound, (int, float)):
        return bound
    return bound.numpy() if isinstance(bound, Tensor) else np.array(bound)


NUMPY_FUNCTIONS[np.clip] = clip
register_method(["clip"], clip)
