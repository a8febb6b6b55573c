"""What may become an array of the engine, and how: checked, converted, and safe from writes.

What was recorded must stay true, so an array that somebody else may write to is copied before a
rule keeps it; `frozen` makes one that nobody can write to, which need not be.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds
from numpy.typing import ArrayLike, DTypeLike

from .errors import InPlaceError, UnsupportedError
from .modes import MODE
from .standins import StandIn

__all__ = [
    "NUMBERS", "Array", "as_constant", "check_plain", "frozen", "kept",
    "lender", "plain_array", "settled", "unboxed",
]  # fmt: skip

Array = Any  # np.ndarray or a NumPy scalar
NUMBERS = (float, int, bool, complex, np.float64, np.float32)
# what NumPy makes a new array of, or a view; of other objects it takes the array that they have
MADE_ANEW = (np.ndarray, list, tuple, range)


class Frozen(np.ndarray[Any, Any]):
    """The memory of arrays that nobody can write to: only read-only views of it are given away."""


def as_constant(value: Any, *, dtype: DTypeLike | None = None, copy: bool = True) -> Array:
    """`value` as an array of floats, complex numbers, integers or bools that nobody else writes to.

    A single value becomes a NumPy scalar: arithmetic on those is ten times faster.
    Raises DTypeError for other kinds of numbers.
    """
    if isinstance(value, StandIn):
        return value.as_array(dtype, copy)
    try:
        array = np.asarray(check_plain(value), dtype=dtype)
    except ValueError as error:
        from .words.values import not_an_array

        raise not_an_array(value, error) from None
    if array.dtype.kind not in "fciub":
        from .words.values import not_numbers

        raise not_numbers(value, array)
    if array.ndim == 0:
        return array[()]
    made = array is not value and array.base is None and isinstance(value, MADE_ANEW)
    if not copy or made or is_frozen(array):
        return array
    return copied(array)


def check_plain(value: Any) -> Any:
    """Refuse what NumPy would turn into an array with a loss: masks, matrices, tracked parts."""
    if value.__class__ is np.ndarray:  # by far the most often
        return value
    if isinstance(value, (list, tuple)) and MODE.get().recording and _holds_tracked(value):
        raise UnsupportedError(
            "a list that holds tracked tensors is not an array; use np.stack(list) or "
            "np.concatenate(list), which record where each gradient goes"
        )
    return _check_kind(value)


def plain_array(value: Any) -> Array:
    """An operand that is no tensor, with a shape: as it is if it is an array."""
    if isinstance(value, StandIn):
        return value.as_array(None)
    return np.asarray(check_plain(value))


def _check_kind(value: Any) -> Any:
    """Refuse masked arrays and matrices, also in lists."""
    if isinstance(value, (list, tuple)):
        for part in value:
            if isinstance(part, (list, tuple, np.ndarray)):
                _check_kind(part)
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise UnsupportedError(
            f"got a {type(value).__name__}; its special behaviour would be lost: pass a plain "
            "array, such as np.asarray(a) or a.filled(0)"
        )
    return value


def _holds_tracked(values: Any) -> bool:
    return any(
        _holds_tracked(v) if isinstance(v, (list, tuple)) else getattr(v, "requires_grad", False)
        for v in values
    )


# --- writes --------------------------------------------------------------------------------------


def frozen(array: ArrayLike) -> np.ndarray[Any, Any]:
    """A copy of `array` that nobody can ever write to.

    Gates keep the arrays that the backward pass reads as they were: they copy them, except for
    these. Worthwhile for data that many steps use. Its write flag cannot be set again.

    >>> import numpy as np
    >>> frozen(np.ones(3)).flags.writeable
    False
    """
    source = np.asarray(as_constant(array, copy=False))
    memory = np.ndarray.__new__(Frozen, max(source.nbytes, 1), np.uint8)
    np.ndarray(source.shape, source.dtype, memory)[...] = source
    read = np.frombuffer(memoryview(memory.data).toreadonly(), source.dtype, source.size)
    return read.reshape(source.shape)


def settled(value: Any) -> Any:
    """A keyword argument as it is now: rules read it later, and lists and arrays may change."""
    if value.__class__ is list:
        return tuple(map(settled, value))
    writable = type(value) is np.ndarray and value.flags.writeable
    return value.copy() if writable else value


def is_frozen(array: np.ndarray[Any, Any]) -> bool:
    """Whether nobody can write to the array, nor to what it is a view of."""
    base: Any = array
    while isinstance(base, np.ndarray):
        base = base.base
    if not isinstance(base, memoryview):
        return isinstance(base, bytes)
    return isinstance(base.obj, (Frozen, bytes))


def kept(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """`array` as it is now: a copy, unless nobody can write to it.

    The copy is laid out in memory like the array: BLAS gives other bits for another layout.
    """
    if isinstance(array, StandIn):
        return array.kept()  # type: ignore[no-any-return]
    if not array.shape or is_frozen(array):
        return array
    if array.flags.c_contiguous or not array.size:
        return copied(array)
    start, end = byte_bounds(array)
    first = array.__array_interface__["data"][0] - start
    memory = np.empty(end - start, np.uint8)
    copy = np.ndarray(array.shape, array.dtype, memory, first, array.strides)
    copy[...] = array
    return copy


class ReadOnly(np.ndarray[Any, Any]):
    """The values of a tensor, to be read: `t.data -= step` makes new ones, `t.data[0] = 5` raises.

    What is computed from it are ordinary arrays.
    """

    def __setitem__(self, index: Any, value: Any) -> None:
        if not self.flags.writeable:
            raise InPlaceError(
                "t.data[index] = value: t.data is read-only, so that recorded graphs stay right; "
                "write t[index] = value inside `with no_grad():`, or assign a new array: "
                "t.data = array"
            )
        super().__setitem__(index, value)

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __array_wrap__(
        self, array: np.ndarray[Any, Any], context: Any = None, return_scalar: bool = False
    ) -> Any:
        return array[()] if return_scalar else np.asarray(array)


def read_only(data: Array) -> ReadOnly:
    """A view of an array, or of a single value, that cannot be written to."""
    view = np.asarray(data).view(ReadOnly)
    view.flags.writeable = False
    return view


def _in_place(name: str) -> Any:
    """`x += y` as it is where x may be written to; else x + y."""
    written, made = getattr(np.ndarray, name), getattr(np.ndarray, "__" + name[3:])
    return lambda self, other: (written if self.flags.writeable else made)(self, other)


for _name in [name for name in dir(np.ndarray) if name.startswith("__i")]:
    if hasattr(np.ndarray, "__" + _name[3:]):  # __iadd__ has an __add__
        setattr(ReadOnly, _name, _in_place(_name))


def unboxed(x: Any) -> Any:
    """An array without axes as its number; a complex number of Python (1j * float64) as NumPy's."""
    if x.__class__ is complex:
        return np.complex128(x)
    return x[()] if isinstance(x, np.ndarray) and not x.ndim else x


def copied(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy in C order. (`fast` replaces this one.)"""
    return array.copy()


def own(array: Any) -> np.ndarray[Any, Any]:
    """A gradient as an array that belongs to the caller. (`fast` replaces this one.)"""
    return np.array(array)


def lender(most: int) -> Callable[[Any, np.dtype[Any]], np.ndarray[Any, Any]]:
    """A function that gives memory for an array. `fast` replaces this one: the last `most` arrays
    of a size are then lent again when nobody refers to them any more."""
    return np.empty
