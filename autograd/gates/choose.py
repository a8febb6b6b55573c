"""Gates that pass on one of their inputs: max, min, where, clip, abs.

Kinks follow one principle, the subgradient of minimum norm: a tie of tracked inputs is shared
equally, a tie with a constant gives 0, and so do |x| at 0 and clip at its bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, check_plain
from ..declare import gate, register_method
from ..numpy_api import NUMPY_FUNCTIONS, refuse_options
from ..standins import StandIn
from ..tensor import Tensor
from .shape import copy
from .signatures import recorded

__all__ = ["abs", "clip", "maximum", "minimum", "where"]


def _wins(first: Array, second: Array, out: Array, tracked: int) -> Array:
    """1 where `out` is the first, 0 where the second; at a tie a half, if both are tracked.

    NaN equals nothing and passes the gradient on.
    """
    if tracked == 1:
        return out != second
    return np.where(first == second, out.dtype.type(0.5), out != second)


maximum = gate(
    np.maximum,
    symbol="max",
    role="router",
    says=("[{x} > {y}]", "[{y} > {x}]"),
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
    says=("[{x} < {y}]", "[{y} < {x}]"),
    local=(
        lambda x, y, out, tracked: _wins(x, y, out, tracked),
        lambda x, y, out, tracked: _wins(y, x, out, tracked),
    ),
    live=(lambda x, y: x <= y, lambda x, y: y <= x),
)
abs = gate(
    np.absolute,
    name="abs",
    symbol="|x|",
    methods=["__abs__"],
    of_complex="own",
    local=lambda x: np.sign(x),
)


@gate(
    elementwise=True,
    role="router",
    vjp=(
        None,
        lambda g, condition: np.where(condition, g, 0.0),
        lambda g, condition: np.where(condition, 0.0, g),
    ),
    live=(None, lambda condition: condition, lambda condition: np.logical_not(condition)),
    of_complex="holomorphic",
    says="{g} where it was taken, 0 elsewhere",
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
    face="clip({a_min:−∞}, {a_max:∞})",
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


@recorded
def clip(
    x: Any,
    /,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
    **options: Any,
) -> Any:
    """x limited to the interval from `a_min` to `a_max` (None: no limit), as `np.clip`.

    The gradient is that of x inside, and 0 on and outside of the bounds. Bounds may be tensors.
    """
    refuse_options("clip", options)
    limited = _limited(x, a_min if min is None else min, a_max if max is None else max)
    if out is None:
        return limited
    from ..library.calls import written

    return written(limited, out, "np.clip")


def _limited(x: Any, low: Any, high: Any) -> Any:
    if low is None and high is None:
        return copy(x)
    if any(isinstance(bound, Tensor) and bound.requires_grad for bound in (low, high)):
        above = x if low is None else maximum(x, low)
        return above if high is None else minimum(above, high)
    return _clip(x, a_min=_plain(low), a_max=_plain(high))


def _plain(bound: Any) -> Any:
    if isinstance(bound, StandIn):
        return bound.inside()
    if bound is None or isinstance(bound, (int, float)):
        return bound
    return bound.numpy() if isinstance(bound, Tensor) else np.array(check_plain(bound))


NUMPY_FUNCTIONS[np.clip] = clip
register_method(["clip"], clip)
