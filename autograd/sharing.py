"""Which tensors show the same memory: NumPy lets all of them see what is written through one.

A tensor that was made by slicing, reshaping or detaching another may show its memory. Writing to
one of them would have to change the others, so it is refused; this file tells who shares.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import getrefcount
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from .standins import concrete

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["OUTSIDE", "Memory", "count", "is_alone", "shown"]


# What tensors that show the same memory have in common: each of them holds this list. NumPy lets
# all of them see what is written through one (see library/views.py). How many there are is told by
# the references to the list, when somebody asks; which, by those that are in it.
Memory = list["ref[Tensor]"]

OUTSIDE: Memory = []  # stands for memory that others than tensors may look at


def shown(result: Tensor, array: Any, operands: Iterable[Any]) -> Tensor:
    """`result`, made known to the tensor among the operands whose memory it shows, if any does.

    `array` is what the gate computed, which for a single value may show memory as well.
    """
    owner = _owner(array)
    for x in operands:
        if hasattr(x, "_memory") and x._array.shape and _owner(x._array) is owner:
            if x._memory is None:
                x._memory = [ref(x)]
            result._memory = memory = x._memory
            memory.append(ref(result))
            if not len(memory) % 64:  # those that are gone are forgotten
                memory[:] = [handle for handle in memory if handle() is not None]
            break
    return result


def is_alone(tensor: Tensor) -> bool:
    """Whether nobody else looks at the same memory."""
    return tensor._memory is None or count(tensor) <= 1


def count(tensor: Tensor) -> int:
    """How many tensors have the memory of one in common, with that one."""
    return 1 + _holders(tensor) - _ONE_HANDLE


def _owner(data: Any) -> Any:
    """The array that has the memory which `data` shows."""
    array = concrete(data)
    while getattr(array, "base", None).__class__ is np.ndarray:
        array = array.base
    return array


def _holders(tensor: Any) -> int:
    """References to what a tensor has in common with others."""
    memory = tensor._memory
    return getrefcount(memory)


_ONE_HANDLE = _holders(SimpleNamespace(_memory=[]))
