"""The IDX format of the MNIST files: a big-endian header, then one byte per value."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ..files.atomic import check_regular
from .errors import DatasetError

__all__ = ["AT_MOST", "idx_shape", "open_payload", "read_idx"]

REPLACE = "replace the file by a complete copy, or delete it to have it downloaded again"
AT_MOST = 1 << 28  # bytes; the largest of the real files holds 47 million


def open_payload(path: Path) -> Any:
    """The file, decompressed while it is read if it is gzip.

    Raises DatasetError for what is no regular file: a pipe or a device may never come to an end.
    """
    try:
        check_regular(path, REPLACE, DatasetError)
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        return gzip.open(path) if compressed else path.open("rb")
    except OSError as error:
        raise DatasetError(
            path, f"it cannot be read ({error.strerror})", "check its name and rights"
        ) from None


def idx_shape(path: Path, tail: tuple[int, ...]) -> tuple[int, ...]:
    """The shape (n, *tail) that an IDX file of bytes promises, from its first bytes alone.

    Raises DatasetError unless the file begins as one with those trailing sizes, at least one
    element, and no more bytes than such a file may have.
    """
    try:
        with open_payload(path) as file:
            return _promised(path, file, tail)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from None


def read_idx(path: Path, tail: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The array (n, *tail) of bytes in an IDX file, plain or gzip.

    At most a byte more is unpacked than the header promises. Raises DatasetError as `idx_shape`
    does, and for a file that does not hold exactly what its header promises.
    """
    try:
        with open_payload(path) as file:
            shape = _promised(path, file, tail)
            promised = math.prod(shape)
            data = file.read(promised + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _damaged(path, error) from None
    if len(data) != promised:
        found = "more" if len(data) > promised else f"only {len(data):,}"
        raise DatasetError(
            path, f"its header promises {promised:,} bytes, but it holds {found}", REPLACE
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _damaged(path: Path, error: Exception) -> DatasetError:
    return DatasetError(path, f"it is damaged or cut off ({error})", REPLACE)


def _promised(path: Path, file: Any, tail: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that the header states, once it is one that may be read."""
    axes = 1 + len(tail)
    shape = _header(path, file.read(4 + 4 * axes), axes)
    if shape[1:] != tail:
        found, expected = (" x ".join(map(str, sizes)) for sizes in (shape[1:], tail))
        raise DatasetError(path, f"its images are {found}, not {expected}", REPLACE)
    if not shape[0]:
        raise DatasetError(
            path, "it is empty: its header promises 0 examples, expected at least 1", REPLACE
        )
    promised = math.prod(shape)
    if promised > AT_MOST:
        raise DatasetError(
            path,
            f"its header promises {promised:,} bytes for shape {shape}, expected at most "
            f"{AT_MOST:,}",
            REPLACE,
        )
    return shape


def _header(path: Path, header: bytes, axes: int) -> tuple[int, ...]:
    """The sizes that the header states, after a check of its magic number."""
    expected = 0x0800 + axes
    if not header:
        raise DatasetError(path, "it is empty", REPLACE)
    if header.lstrip()[:1] == b"<":
        raise DatasetError(
            path, "it is an HTML page, such as an error page of a server, not data", REPLACE
        )
    magic = int.from_bytes(header[:4], "big")
    if magic != expected:
        raise DatasetError(
            path,
            f"its magic number is {magic}, expected {expected} ({axes} axes of bytes)",
            REPLACE,
        )
    if len(header) < 4 + 4 * axes:
        raise DatasetError(path, "it ends within its header", REPLACE)
    return tuple(int.from_bytes(header[4 + 4 * k : 8 + 4 * k], "big") for k in range(axes))
