"""The files in a tar archive, read as they lie there, one after the other.

Of the format of POSIX.1-1988 (ustar) no more than is needed: names, kinds, sizes. Longer names and
other extensions are entries that nobody asks for. Nothing follows a link, nothing is written, and
what is not asked for is passed over in small pieces, so that no archive fills the memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["Entry", "entries"]

BLOCK, PIECE = 512, 1 << 16
REGULAR = b"0\0"  # the kinds that stand for a regular file


class Entry:
    """An entry of an archive; `read()` gives its content, while it is the newest one."""

    def __init__(self, header: bytes, file: Any):
        stated, rest = header[148:156], header[:148] + b" " * 8 + header[156:]
        if _octal(stated) != sum(rest):
            raise ValueError("an entry's header does not agree with its checksum")
        self.name = _text(header[:100])
        if header[257:263] == b"ustar\0" and (folder := _text(header[345:500])):
            self.name = f"{folder}/{self.name}"
        self.size = _octal(header[124:136])
        self.is_file = header[156] in REGULAR
        self._file, self._left = file, self.size

    def read(self) -> bytes:
        """All that it holds. Raises ValueError where the archive ends before."""
        return self._next(self._left)

    def pass_over(self) -> None:
        """Go to the end of the entry, and of its last block."""
        while self._left:
            self._next(min(self._left, PIECE))
        self._left = -self.size % BLOCK
        self._next(self._left)

    def _next(self, count: int) -> bytes:
        data: bytes = self._file.read(count)
        if len(data) < count:
            raise ValueError(f"it ends within {self.name!r:.80}")
        self._left -= count
        return data


def entries(file: Any) -> Iterator[Entry]:
    """The entries of an archive that `file.read(count)` gives, up to the empty block at its end.

    Raises ValueError for what is no archive, or is cut off.
    """
    while (header := file.read(BLOCK)) != bytes(BLOCK):
        if len(header) < BLOCK:
            raise ValueError("it ends without the empty block of an archive")
        entry = Entry(header, file)
        yield entry
        entry.pass_over()


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise ValueError("an entry's header has a number that is not octal")
    return int(digits or b"0", 8)
