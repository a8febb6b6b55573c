"""Indexing, of every kind that NumPy knows: reading, its adjoint, and writing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import NUMBERS, Array, as_constant, check_plain
from ..declare import gate, register_method
from ..errors import DTypeError, InPlaceError, ShapeError
from ..standins import StandIn, in_company_of
from ..tensor import Tensor
from .choose import where
from .shape import astype, reshape
from .signatures import recorded

__all__ = ["getitem", "scatter", "setitem"]

ARRAYS: Any = (np.ndarray, StandIn)  # what can be an index of more than one element


@gate(
    name="getitem",
    symbol="[ ]",
    face="[{index}]",
    linear=True,
    role="router",
    vjp=lambda g, x_shape, index: _scatter_back(g, x_shape, index),
    selects=True,
    says="{g} where it was taken from, 0 elsewhere",
)
def _getitem(x: Array, index: Any) -> Array:
    return in_company_of(x, index)[index]


@recorded
def getitem(x: Any, index: Any) -> Any:
    """x[index]: slices, integers, None, ..., arrays of integers (repeats allowed), masks."""
    return _getitem(x, index=_plain_index(index))


def _scatter_back(g: Array, shape: tuple[int, ...], index: Any) -> Array:
    return scatter(g, index=index, shape=shape)


@gate(
    linear=True,
    role="router",
    vjp=lambda g, index: getitem(g, index),
    says="{g} from where it was put",
)
def scatter(x: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with x added at `index`; the adjoint of indexing.

    Where an index is repeated, the values add up, like the gradients at a fork.
    """
    if not shape:  # an index takes a single value once, or as a mask perhaps not at all
        return np.sum(x)
    # in C order: in which order x is, nobody can tell where one of its axes has length 1
    out = np.zeros_like(in_company_of(x, index), shape=shape, order="C")
    if _takes_once(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


# --- writing -------------------------------------------------------------------------------------


@gate(
    name="setitem",
    symbol="[ ] =",
    face="[{index}] = {value}",
    linear=True,
    role="router",
    vjp=(
        lambda g, index: _written_over(g, index),
        lambda g, value_shape, index: _arrived(g, value_shape, index),
    ),
    selects=True,
    says=("{g}, 0 where it was written over", "{g} from where it was written"),
)
def _setitem(x: Array, value: Array, index: Any) -> Array:
    out = in_company_of(x, index).copy("K")
    if np.ndim(value) > 1 and not _is_basic(index):
        value = value.copy()  # in C order, else NumPy may go through it in another order
    try:
        out[index] = value
    except (ValueError, TypeError):  # the latter for a mask and a value of more axes
        raise ShapeError(
            f"t[index] = value: the value has shape {np.shape(value)}, but t[index] has shape "
            f"{np.shape(x[index])}; give it that shape, or one that broadcasts to it"
        ) from None
    return out


@recorded
def setitem(x: Any, index: Any, value: Any) -> Any:
    """x with `value` at `index` (all kinds of `getitem`); gives a new tensor, x stays as it is.

    The gradient goes to the value where it was written, and to x elsewhere. Where an index is
    repeated the last value counts, in C order. Raises ShapeError when the value does not broadcast
    to `x[index]`, and DTypeError for floats that are written among integers or bools.
    """
    if not isinstance(value, Tensor) and type(value) not in NUMBERS:
        value = as_constant(value, copy=False)
    given = np.result_type(value.__class__) if value.__class__ in NUMBERS else value.dtype
    if not np.can_cast(given, x.dtype, "same_kind") and given.kind in "fc":
        lost, kind = ("decimals", "float") if given.kind == "f" else ("imaginary part", "complex")
        raise DTypeError(
            f"t[index] = value: the value is {given} but t is {x.dtype}, which would cut off "
            f"its {lost}; write to t.astype({kind}), or give the value as {x.dtype}"
        )
    index = _plain_index(index)
    if not x.shape:
        written = where(_of_single(index), _single(value, index), x)
        return written if written.dtype == x.dtype else astype(written, dtype=x.dtype)
    return _setitem(x, value, index=index)


def _of_single(index: Any) -> Any:
    """Whether an index takes a single value: `...` and () do, and a mask tells."""
    if _is_mask(index) and not index.ndim:
        return index
    if all(part is Ellipsis for part in _parts(index)):
        return np.True_
    raise InPlaceError("t[index] = value: t is a single value; write t[...] = value")


def _single(value: Any, index: Any) -> Any:
    """A value for a single place: without axes, or none at all for a mask that is false."""
    if np.size(value) == 0 and _is_mask(index) and not np.any(index):
        return 0
    return reshape(value, ()) if np.ndim(value) else value


def _assign(x: Tensor, index: Any, value: Any) -> None:
    """t[index] = value: the handle moves on to a new value, made by a gate."""
    what, advice = "t[index] = value", "take a copy first: t = t.copy()"
    if x._is_number():
        raise InPlaceError(f"{what}: t is a number, as in NumPy, and has no parts; write t = value")
    x._move_on(setitem(x, index, value), what, advice)


def _written_over(g: Array, index: Any) -> Array:
    return _setitem(g, 0.0, index=index)


def _arrived(g: Array, value_shape: tuple[int, ...], index: Any) -> Array:
    """The gradient of a value that was written at `index`; the engine sums what was broadcast."""
    if _is_mask(index):
        rest = g.ndim - index.ndim  # axes behind those of the mask
        if len(value_shape) <= rest or value_shape[-rest - 1] == 1:
            # one value wherever the mask is true: however often that is
            mask = np.reshape(index, index.shape + (1,) * rest)
            total = np.sum(np.where(mask, g, 0.0), axis=tuple(range(index.ndim)))
            return np.reshape(total, (1,) * (len(value_shape) - rest) + total.shape)
    taken: Any = getitem(g, index)
    if not _takes_once(index):
        taken = np.where(_is_last(index, g.shape, taken.shape), taken, 0.0)
    spare = len(value_shape) - taken.ndim  # axes of length 1 in front, which NumPy lets be
    return np.reshape(taken, (1,) * spare + taken.shape) if spare > 0 else taken


def _is_last(index: Any, shape: tuple[int, ...], taken_shape: tuple[int, ...]) -> Array:
    """For each element written at `index`, whether no other one was written over it."""
    numbers = np.arange(math.prod(taken_shape)).reshape(taken_shape)
    number = np.zeros_like(in_company_of(numbers, index), shape=shape)
    number[index] = numbers
    return number[index] == numbers


# --- indices -------------------------------------------------------------------------------------


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _takes_once(index: Any) -> bool:
    """Whether no element can be taken twice."""
    return _is_basic(index) or _is_mask(index)


def _is_basic(index: Any) -> bool:
    """Slices, integers, None and ... only."""
    return not any(isinstance(part, ARRAYS) and not _is_integer(part) for part in _parts(index))


def _is_integer(part: Any) -> bool:
    """What stands for a single integer."""
    return not part.ndim and part.dtype != bool


def _is_mask(index: Any) -> bool:
    return isinstance(index, ARRAYS) and index.dtype == bool


def _plain_index(index: Any) -> Any:
    """The index with arrays of our own in place of lists, ranges and tensors."""
    if isinstance(index, tuple):
        return tuple(_plain_part(part) for part in index)
    return _plain_part(index)


def _plain_part(part: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer)):
        return part.inside() if isinstance(part, StandIn) else part
    array: Any = part._current() if isinstance(part, Tensor) else part
    if isinstance(array, StandIn):
        array = array.inside().in_order()
    else:
        array = np.array(check_plain(array), order="C")
    if array.size == 0 and not isinstance(part, (np.ndarray, Tensor, StandIn)):
        array = array.astype(np.intp)  # an empty list
    if array.dtype.kind not in "iub":
        raise DTypeError(
            f"t[index]: got an index of dtype {array.dtype}; expected integers, bools or slices"
        )
    if not array.ndim and array.dtype != bool:
        return array if isinstance(array, StandIn) else int(array)
    if array.__class__ is np.ndarray:  # our own: nobody writes to it, so nobody need copy it again
        array.flags.writeable = False
    return array


register_method(["__getitem__"], getitem)
register_method(["__setitem__"], _assign)
