"""Functions that choose between values: fmax, fmin, heaviside, select, choose, piecewise."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate
from ..errors import DTypeError, ShapeError
from ..numpy_api import refuse_options
from ..tensor import Tensor

__all__: list[str] = []


def _taken(wins: Array, x: Array, y: Array, out: Array, tracked: int) -> Array:
    """1 where x is taken, 0 where y is; a tie is shared if both are tracked, else it gives 0."""
    wins = np.logical_or(wins, np.isnan(y))
    if tracked == 1:
        return wins
    return np.where(x == y, out.dtype.type(0.5), wins)


gate(
    np.fmax,
    role="router",
    says=("[{x} > {y}]", "[{y} > {x}]"),
    local=(
        lambda x, y, out, tracked: _taken(x > y, x, y, out, tracked),
        lambda x, y, out, tracked: _taken(y > x, y, x, out, tracked),
    ),
    live=(
        lambda x, y: np.logical_or(x >= y, np.isnan(y)),
        lambda x, y: np.logical_or(y >= x, np.isnan(x)),
    ),
)
gate(
    np.fmin,
    role="router",
    says=("[{x} < {y}]", "[{y} < {x}]"),
    local=(
        lambda x, y, out, tracked: _taken(x < y, x, y, out, tracked),
        lambda x, y, out, tracked: _taken(y < x, y, x, out, tracked),
    ),
    live=(
        lambda x, y: np.logical_or(x <= y, np.isnan(y)),
        lambda x, y: np.logical_or(y <= x, np.isnan(x)),
    ),
)
# at the step, where there is no gradient, 0
gate(np.heaviside, symbol="step", local=(0, lambda x: x == 0), live=(None, lambda x: x == 0))
# |x| with a sign: at 0 it has the kink of |x|
gate(np.copysign, local=(lambda x, out: np.sign(x) * np.sign(out), 0))


@composed(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
               ) -> Any:  # fmt: skip
    """Numbers in place of NaN and infinities, which get the gradient 0, as `np.nan_to_num`."""
    refuse_options("nan_to_num", {"copy": None if copy else False})
    if x.dtype.kind == "c":
        options = {"nan": nan, "posinf": posinf, "neginf": neginf}
        return np.nan_to_num(np.real(x), **options) + 1j * np.nan_to_num(np.imag(x), **options)
    if x.dtype.kind != "f":
        return np.copy(x)
    most = np.finfo(x.dtype).max
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, most if posinf is None else posinf, x)
    return np.where(x == -np.inf, -most if neginf is None else neginf, x)


@composed(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """The first choice whose condition holds, element by element, as `np.select`."""
    if len(condlist) != len(choicelist):
        raise ShapeError(
            f"np.select: {len(condlist)} conditions and {len(choicelist)} choices; give one "
            "condition for each choice"
        )
    if not len(condlist):
        raise ValueError("np.select: the lists are empty; give at least one condition and choice")
    for k, condition in enumerate(condlist):
        if np.result_type(condition).kind != "b":
            raise TypeError(
                f"np.select: condition {k} is {np.result_type(condition)}; expected bools, such as "
                "x > 0"
            )
    dtype = np.result_type(*choicelist, default)
    choices = [x if hasattr(x, "dtype") else np.asarray(x, dtype) for x in (*choicelist, default)]
    chosen = choices.pop()
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        chosen = np.where(condition, choice, chosen)
    return chosen


@composed(np.choose, methods=["choose"])
def choose(a: Any, choices: Sequence[Any], out: Any = None, mode: str = "raise") -> Any:
    """Of several arrays, the elements of those that `a` numbers, as `np.choose`."""
    refuse_options("choose", {"out": out})
    last = len(choices) - 1
    if np.result_type(a).kind not in "iu":
        raise DTypeError(
            f"np.choose: the numbers of choices are {np.result_type(a)}; expected integers"
        )
    number = np.mod(a, last + 1) if mode == "wrap" else np.clip(a, 0, last)
    if mode == "raise" and np.any(number != a):
        raise ValueError(
            f"np.choose: the choices are numbered from 0 to {last}; mode='clip' or 'wrap' takes "
            "other numbers too"
        )
    arrays = [x if isinstance(x, Tensor) else np.asarray(x) for x in choices]
    chosen = np.where(number == 0, arrays[0], arrays[0])
    for k, choice in enumerate(arrays[1:], 1):
        chosen = np.where(number == k, choice, chosen)
    return chosen


@composed(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **options: Any) -> Any:
    """Functions (or numbers) of those elements for which conditions hold, as `np.piecewise`."""
    x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
    several = not np.isscalar(condlist) and len(np.shape(condlist)) + (np.ndim(x) == 0) > 0
    if several and np.ndim(x) and not np.shape(condlist[0]):
        several = False  # a single condition, not in a list
    conditions = [np.reshape(c, x.shape or 1) for c in (condlist if several else [condlist])]
    if len(funclist) == len(conditions) + 1:  # the last is for all others
        conditions.append(np.logical_not(functools.reduce(np.logical_or, conditions)))
    if len(funclist) != len(conditions):
        raise ShapeError(
            f"np.piecewise: {len(conditions)} conditions and {len(funclist)} functions; give one "
            "function for each condition, and perhaps one more for all other elements"
        )
    values = np.reshape(x, x.shape or 1)
    result = Tensor(np.zeros(values.shape, x.dtype), requires_grad=False)
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            result[condition] = function
        elif (part := values[condition]).size:
            result[condition] = function(part, *args, **options)
    return np.reshape(result, x.shape)
