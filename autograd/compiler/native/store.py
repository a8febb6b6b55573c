"""Store: small files that nobody but the user can have written.

What is kept here is executed later, so whoever can write it can act in the user's name. The folder
and every file in it must belong to the user and be writable by nobody else. They are looked at
once they are open, so that they cannot be exchanged in between. A file is written aside and then
renamed, so that a reader sees all of it or nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

__all__ = ["keep", "read"]

MARK = b"gategrad: kept by store.py, 1\n"
HEAD = len(MARK) + hashlib.sha256().digest_size
RELATIVE = os.open in os.supports_dir_fd  # not on Windows, where a profile is private as it is
PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def keep(folder: Path, name: str, data: bytes) -> None:
    """Write a file, so that it is there as a whole or not at all.

    Raises OSError where that cannot be done, or the folder is open to others.
    """
    _make(folder)
    with _opened(folder) as place:
        aside = f".{name}.{secrets.token_hex(8)}"
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | PLAIN
        descriptor = os.open(place.at(aside), new, 0o600, dir_fd=place.descriptor)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(MARK + hashlib.sha256(data).digest() + data)
            place.rename(aside, name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(place.at(aside), dir_fd=place.descriptor)
            raise


def read(folder: Path, name: str) -> bytes | None:
    """What a file holds; None if there is none.

    Raises OSError for a file that is damaged, and for a file or folder that others can write to.
    """
    try:
        with _opened(folder) as place:
            here = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | PLAIN  # it does not wait for a pipe
            descriptor = os.open(place.at(name), here, dir_fd=place.descriptor)
            with os.fdopen(descriptor, "rb") as file:
                _check(os.fstat(descriptor), folder / name)
                text = file.read()
    except FileNotFoundError:
        return None
    data = text[HEAD:]
    if text[:HEAD] != MARK + hashlib.sha256(data).digest():
        raise OSError(f"{folder / name} is damaged")
    return data


class _Place:
    """A folder that is held open: what is done in it is done in the one that was checked."""

    def __init__(self, folder: Path, descriptor: int | None):
        self.folder, self.descriptor = folder, descriptor

    def at(self, name: str) -> str:
        """How a file in it is called."""
        return name if self.descriptor is not None else str(self.folder / name)

    def rename(self, old: str, new: str) -> None:
        """Give a file a new name, and end the file that had it."""
        here: dict[str, Any] = {"src_dir_fd": self.descriptor, "dst_dir_fd": self.descriptor}
        os.replace(self.at(old), self.at(new), **here)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[_Place]:
    if not RELATIVE:
        yield _Place(folder, None)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | PLAIN)
    try:
        _check(os.fstat(descriptor), folder)
        yield _Place(folder, descriptor)
    finally:
        os.close(descriptor)


def _check(status: os.stat_result, path: Path) -> None:
    """Raise PermissionError if somebody else may have written a file or folder."""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise PermissionError(f"{path} is neither a file nor a folder")
    if not RELATIVE:
        return
    if status.st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to another user (uid {status.st_uid})")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        mode = stat.S_IMODE(status.st_mode)
        raise PermissionError(f"{path} can be written to by other users (mode {mode:o})")
    if stat.S_ISREG(status.st_mode) and status.st_nlink != 1:
        raise PermissionError(f"{path} is a file with another name elsewhere (a hard link)")


def _make(folder: Path) -> None:
    """Make a folder, and those on the way to it, for the user alone."""
    missing = takewhile(lambda path: not path.is_dir(), (folder, *folder.parents))
    for path in reversed(list(missing)):
        with contextlib.suppress(FileExistsError):  # made by another process in between
            path.mkdir(mode=0o700)
