"""Arrays that are used again instead of being handed back to the operating system.

A fresh array of more than about 100 kB costs a page fault for every 4 kB: on a training step
that takes longer than the arithmetic. So this file keeps the large blocks of memory it has lent
out and lends one again as soon as nobody refers to it. Nobody has to say "free": CPython's
reference counts tell. Each thread has its own shelf, so one block is never lent twice.
"""

from __future__ import annotations

import functools
import math
import threading
from sys import getrefcount
from typing import Any

import numpy as np

__all__ = ["empty", "filled", "is_owned"]

SMALL = 1 << 15  # below 32 KiB the C library's own free lists are as good
LARGE = 1 << 25  # above 32 MiB a block is not worth keeping
SHELF = 1 << 26  # bytes kept by a thread, at most


class Block(np.ndarray[Any, Any]):
    """Memory of the shelf. A type of its own: NumPy lets a view of a lent array refer to the
    lent array, not to the block beneath it, so reference counts stay meaningful."""


class _Shelf(threading.local):
    def __init__(self) -> None:
        self.blocks: dict[int, list[Block]] = {}
        self.nbytes = 0


_shelf = _Shelf()


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An uninitialised C-ordered array, as `np.empty` gives, from the shelf if it is large."""
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes < SMALL or nbytes > LARGE:
        return np.empty(shape, dtype)
    blocks = _shelf.blocks.setdefault(nbytes, [])
    for block in blocks:
        if getrefcount(block) == _ON_SHELF_ONLY:
            return np.ndarray(shape, dtype, block)
    if _shelf.nbytes + nbytes > SHELF:  # start again; lent blocks live on with their users
        _shelf.blocks, _shelf.nbytes = {nbytes: (blocks := [])}, 0
    block = np.ndarray.__new__(Block, nbytes, np.uint8)
    blocks.append(block)
    _shelf.nbytes += nbytes
    return np.ndarray(shape, dtype, block)


@functools.lru_cache(maxsize=32)
def filled(shape: tuple[int, ...], dtype: np.dtype[Any], value: float) -> np.ndarray[Any, Any]:
    """An array of equal numbers, made once and read-only.

    `maximum` with an array of zeros takes a third of the time of `maximum` with the number 0, and
    a product with a vector of ones, which BLAS computes, a third of the time of a sum over rows.
    """
    array = np.full(shape, value, dtype)
    array.flags.writeable = False
    return array


def is_owned(array: Any, others: int = 0) -> bool:
    """Whether nobody refers to `array` but the caller's variable and `others` known holders.

    Such an array may be overwritten: nobody else will read it. A view is never owned.
    """
    base = array.base
    return (base is None or type(base) is Block) and getrefcount(array) <= _ALONE + others


def _count_on_shelf() -> int:
    for block in [np.empty(1)]:
        return getrefcount(block)
    raise AssertionError


def _count_alone() -> int:
    def count(array: Any) -> int:  # the very situation inside is_owned
        return getrefcount(array)

    array = np.empty(1)
    return count(array)


_ON_SHELF_ONLY = _count_on_shelf()
_ALONE = _count_alone()
