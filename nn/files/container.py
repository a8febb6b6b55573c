"""The file of a checkpoint: a line that names it, a JSON header, arrays, and a checksum.

    gategrad checkpoint 1\\n
    the length of the header, 8 bytes, little-endian
    the header: {"arrays": [[dtype, shape], ...], ...}, JSON in UTF-8
    the arrays' bytes, little-endian, in C order, one after the other
    the SHA-256 of all that, 32 bytes

Nothing in it is ever run, and nothing is made that is larger than the file is.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from .atomic import check_regular
from .errors import FileError
from .header import is_pickled, parse
from .tree import DTYPES

__all__ = ["read", "write"]

Array = np.ndarray[Any, Any]
MAGIC = b"gategrad checkpoint 1\n"
LENGTH, DIGEST = 8, 32
LONGEST = 1 << 26  # bytes of a header: about a million arrays
REMEDY = "load another checkpoint, such as the one before, or begin anew"


def write(file: BinaryIO, header: dict[str, Any], arrays: list[Array]) -> None:
    """Write a header without "arrays", and the arrays, which are little-endian and in C order."""
    table = [[array.dtype.str, list(array.shape)] for array in arrays]
    text = json.dumps({"arrays": table, **header}).encode()
    if len(text) > LONGEST:
        raise ValueError(
            f"the header of the checkpoint takes {len(text):,} bytes, expected at most "
            f"{LONGEST:,}: put long lists of numbers into arrays"
        )
    digest = hashlib.sha256()
    parts: Iterator[Any] = itertools.chain(
        (MAGIC, len(text).to_bytes(LENGTH, "little"), text), map(_bytes, arrays)
    )
    for part in parts:
        digest.update(part)
        file.write(part)
    file.write(digest.digest())


def read(path: Path) -> tuple[dict[str, Any], list[Array]]:
    """The header and the arrays of a file; FileError for one that `write` has not written so.

    Raises OSError for a file that is not there or cannot be read.
    """
    check_regular(path, REMEDY)
    try:
        with path.open("rb") as file:
            return _read(file, os.fstat(file.fileno()).st_size)
    except MemoryError:
        raise FileError(path, "it holds more than the memory does", REMEDY) from None
    except ValueError as error:
        raise FileError(path, str(error), REMEDY) from None


def _read(file: Any, size: int) -> tuple[dict[str, Any], list[Array]]:
    first = file.read(len(MAGIC) + LENGTH)
    if not first.startswith(MAGIC):
        raise ValueError(_told(first, size))
    length = int.from_bytes(first[len(MAGIC) :], "little")
    left = size - len(first) - DIGEST
    if length > min(left, LONGEST):
        raise ValueError(
            f"it is damaged or cut off: its header would take {length:,} bytes of {size:,}"
        )
    text = file.read(length)
    header = parse(text)
    shapes = list(_promised(header))
    promised = sum(dtype.itemsize * math.prod(shape) for dtype, shape in shapes)
    if promised != left - length:
        raise ValueError(
            f"it is damaged or cut off: it promises {promised:,} bytes of arrays, and holds "
            f"{left - length:,}"
        )
    digest = hashlib.sha256(first + text)
    arrays = [_array(file, digest, dtype, shape) for dtype, shape in shapes]
    if file.read(DIGEST + 1) != digest.digest():
        raise ValueError("it is damaged: its checksum does not agree with what it holds")
    return header, arrays


def _told(first: bytes, size: int) -> str:
    """What a file is that does not begin as a checkpoint."""
    if not size:
        return "it is empty"
    if first.startswith(MAGIC.rpartition(b" ")[0]):
        return "it is of another version of the format, or damaged"
    if is_pickled(first):
        return "it is a zip archive or a pickle, such as torch.save writes, no checkpoint"
    return "it is no checkpoint"


def _promised(header: dict[str, Any]) -> Iterator[tuple[np.dtype[Any], tuple[int, ...]]]:
    """The dtype and shape of each array."""
    table = header.get("arrays")
    if not isinstance(table, list):
        raise ValueError("its header has no table of arrays")
    for row in table:
        if not isinstance(row, list) or len(row) != 2:
            raise ValueError("its table of arrays has a row that is no dtype and shape")
        dtype, shape = row
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise ValueError(f"it has an array of dtype {dtype!r}, expected numbers")
        if not isinstance(shape, list) or len(shape) > 64:
            raise ValueError("it has an array of which the shape is no list of at most 64 sizes")
        if any(type(n) is not int or not 0 <= n < 1 << 48 for n in shape):
            raise ValueError("it has an array with a size that is no integer from 0 to 2^48")
        yield np.dtype(dtype), tuple(shape)


def _array(file: Any, digest: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """The next array, in memory of its own."""
    array = np.empty(shape, dtype)
    view = _bytes(array)
    if view.nbytes and file.readinto(view) != view.nbytes:
        raise ValueError("it is cut off")
    if dtype.kind == "b" and view.nbytes and max(view) > 1:
        raise ValueError("it is damaged: a truth value in it is neither 0 nor 1")
    digest.update(view)
    return array


def _bytes(part: Array) -> Any:
    """The bytes of an array in C order, without a copy."""
    flat: Any = part.reshape(-1).view(np.uint8)
    return memoryview(flat)
