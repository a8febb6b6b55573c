"""Offsets: where CPython and NumPy keep what native code reads of their objects, in bytes.

These are parts of their binary interfaces, which compiled extensions rely on as well. They are
tried out all the same: `check` finds an array's parts with them.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any, NamedTuple

import numpy as np

__all__ = ["ARRAY", "DESCRIPTION", "TUPLE", "check"]

HEAD = object.__basicsize__  # a count of references, and the class
WORD = ctypes.sizeof(ctypes.c_void_p)


class _Array(NamedTuple):
    kind: int = HEAD - WORD
    data: int = HEAD
    ndim: int = HEAD + WORD
    shape: int = HEAD + 2 * WORD
    strides: int = HEAD + 3 * WORD
    dtype: int = HEAD + 5 * WORD


class _Description(NamedTuple):
    order: int = HEAD + WORD + 2
    number: int = HEAD + WORD + 4


class _Tuple(NamedTuple):
    items: int = tuple.__basicsize__


ARRAY, DESCRIPTION, TUPLE = _Array(), _Description(), _Tuple()


@functools.cache
def check() -> None:
    """Raises RuntimeError if they are not what is expected."""
    probe = np.empty((3, 5), np.float32)[::2, ::-1]
    things = (probe, np.ndarray)
    at, description = id(probe), id(probe.dtype)
    found = (
        _read(at + ARRAY.kind), _read(at + ARRAY.data), _read(at + ARRAY.ndim, ctypes.c_int),
        _read(_read(at + ARRAY.shape)), _read(_read(at + ARRAY.strides) + WORD),
        _read(at + ARRAY.dtype), _read(description + DESCRIPTION.order, ctypes.c_char),
        _read(description + DESCRIPTION.number, ctypes.c_int),
        _read(id(things) + TUPLE.items + WORD), WORD,
    )  # fmt: skip
    wanted = (
        id(np.ndarray), probe.ctypes.data, probe.ndim, probe.shape[0], probe.strides[1],
        description, probe.dtype.byteorder.encode(), probe.dtype.num, id(np.ndarray), 8,
    )  # fmt: skip
    if found != wanted:
        raise RuntimeError(
            f"compile: arrays of NumPy {np.__version__} are laid out in another way than native "
            f"code expects ({found}, expected {wanted}); leave out backend= to run on NumPy alone"
        )


def _read(address: int, kind: Any = ctypes.c_ssize_t) -> Any:
    return kind.from_address(address).value
