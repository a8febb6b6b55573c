"""The IDX format of the MNIST files: a big-endian header, then one byte per value."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .errors import DatasetError

__all__ = ["open_payload", "read_idx"]

REPLACE = "replace the file by a complete copy, or delete it to have it downloaded again"
AT_MOST = 1 << 30  # bytes; the largest of the real files holds 47 million


def open_payload(path: Path) -> Any:
    """The file, decompressed while it is read if it is gzip."""
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        return gzip.open(path) if compressed else path.open("rb")
    except OSError as error:
        raise DatasetError(
            path, f"it cannot be read ({error.strerror})", "check its name and rights"
        ) from None


def read_idx(path: Path, axes: int) -> np.ndarray[Any, Any]:
    """The array of bytes in an IDX file, plain or gzip, with `axes` axes.

    Raises DatasetError for a file that is no IDX file of unsigned bytes with that many axes, or
    that does not hold exactly what its header promises.
    """
    try:
        with open_payload(path) as file:
            shape = _header(path, file.read(4 + 4 * axes), axes)
            promised = math.prod(shape)
            if promised > AT_MOST:
                raise DatasetError(
                    path, f"its header promises {promised:,} bytes for shape {shape}", REPLACE
                )
            data = file.read(promised + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(path, f"it is damaged or cut off ({error})", REPLACE) from None
    if len(data) != promised:
        found = "more" if len(data) > promised else f"only {len(data):,}"
        raise DatasetError(
            path, f"its header promises {promised:,} bytes, but it holds {found}", REPLACE
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def _header(path: Path, header: bytes, axes: int) -> tuple[int, ...]:
    """The shape that the header states, after a check of its magic number."""
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
