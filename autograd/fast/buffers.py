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
from collections import deque
from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

__all__ = ["Shelf", "empty", "filled", "is_owned"]

SMALL = 1 << 15  # below 32 KiB the C library's own free lists are as good
LARGE = 1 << 25  # above 32 MiB a block is not worth keeping
SHELF = 1 << 26  # bytes kept by a thread, at most


class Block(np.ndarray[Any, Any]):
    """Memory of the shelf. A type of its own: NumPy lets a view of a lent array refer to the
    lent array, not to the block beneath it, so reference counts stay meaningful."""


class Shelf:
    """Blocks of memory that are lent, and lent again when they are back; `most` bytes of them."""

    def __init__(self, most: int):
        self.most = most
        self.blocks: dict[int, list[Block]] = {}
        self.nbytes = 0

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        """An uninitialised C-ordered array."""
        nbytes = math.prod(shape) * dtype.itemsize
        blocks = self.blocks.setdefault(nbytes, [])
        for block in blocks:
            if getrefcount(block) == _ON_SHELF_ONLY:
                return np.ndarray(shape, dtype, block)
        if self.nbytes + nbytes > self.most:  # start again; lent blocks live on with their users
            self.blocks, self.nbytes = {nbytes: (blocks := [])}, 0
        block = np.ndarray.__new__(Block, nbytes, np.uint8)
        blocks.append(block)
        self.nbytes += nbytes
        return np.ndarray(shape, dtype, block)


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.shelf = Shelf(SHELF)


_here = _OfThread()


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """An uninitialised C-ordered array, as `np.empty` gives, from the shelf if it is large."""
    if not SMALL <= math.prod(shape) * dtype.itemsize <= LARGE:
        return np.empty(shape, dtype)
    return _here.shelf.empty(shape, dtype)


@functools.lru_cache(maxsize=32)
def filled(shape: tuple[int, ...], dtype: np.dtype[Any], value: float) -> np.ndarray[Any, Any]:
    """An array of equal numbers, made once and read-only.

    `maximum` with an array of zeros takes a third of the time of `maximum` with the number 0, and
    a product with a vector of ones, which BLAS computes, a third of the time of a sum over rows.
    """
    array = np.full(shape, value, dtype)
    array.flags.writeable = False
    return array


def is_owned(array: Any, others: int = 0, callers: int = 0) -> bool:
    """Whether nobody refers to `array` but the caller's variable and known holders.

    They are `others`, and the variables of so many `callers` of the caller, which passed it on.
    Such an array may be overwritten: nobody else will read it. A view is never owned.
    """
    base = array.base
    most = _ALONE + others + callers * _CALLER
    return (base is None or type(base) is Block) and getrefcount(array) <= most


def copied(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy in C order; a large one in memory that is lent."""
    if array.nbytes < SMALL:
        return array.copy()
    copy = empty(array.shape, array.dtype)
    np.copyto(copy, array)
    return copy


def own(array: Any) -> np.ndarray[Any, Any]:
    """A gradient as an array that belongs to the caller: itself, if nobody else refers to it."""
    if array.__class__ is np.ndarray and is_owned(array, callers=1):  # `_result`
        return array
    return np.array(array)


def lender(most: int) -> Callable[[tuple[int, ...], np.dtype[Any]], np.ndarray[Any, Any]]:
    """A function that lends arrays, and the last `most` of each size again and again.

    It forgets others, so they go with their users, and a look for one that is back is short.
    """
    known: dict[int, deque[Block]] = {}

    def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
        nbytes = math.prod(shape) * dtype.itemsize
        blocks = known.get(nbytes)
        if blocks is None:
            blocks = known[nbytes] = deque(maxlen=most)
        for block in blocks:
            if getrefcount(block) == _ON_SHELF_ONLY:
                return np.ndarray(shape, dtype, block)
        block = np.ndarray.__new__(Block, nbytes, np.uint8)
        blocks.append(block)
        return np.ndarray(shape, dtype, block)

    return empty


def _count_on_shelf() -> int:
    for block in [np.empty(1)]:
        return getrefcount(block)
    raise AssertionError


def _count(array: Any) -> int:  # the very situation inside is_owned
    return getrefcount(array)


def _count_alone() -> int:
    array = np.empty(1)
    return _count(array)


def _count_of_caller() -> int:
    def caller(array: Any) -> int:
        return _count(array)

    array = np.empty(1)
    return caller(array)


_ON_SHELF_ONLY = _count_on_shelf()
_ALONE = _count_alone()
_CALLER = _count_of_caller() - _ALONE  # 1; but 0 where functions borrow what they are passed
