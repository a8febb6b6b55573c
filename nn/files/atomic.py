"""Write a file whole or not at all, and read only what is a file."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import shutil
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from .errors import FileError

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed
    fcntl = None  # type: ignore[assignment]

__all__ = ["check_regular", "clear", "replacing"]

UNSUITABLE = [  # what a name can stand for besides a regular file
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (lambda mode: True, "a device"),
]


@contextlib.contextmanager
def replacing(target: Path, *, keep: int = 1) -> Iterator[BinaryIO]:
    """A new file beside `target`, which takes its place when the block ends without an error.

    At any moment `target` is the old file or the new one, complete and on the disk: the new one is
    written under another name, flushed, and renamed, and then its folder is flushed. An error or an
    interruption leaves nothing behind; what a killed process left, `clear` removes. With `keep`
    above 1 the files that were there before stay as target.1, target.2, the newest first.
    """
    target = Path(os.path.realpath(target))  # a link stays, and what it points to is replaced
    file = _create(target)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _keep_former(target, keep)
        os.replace(file.name, target)
    except BaseException:  # an interruption too must not leave half a file
        Path(file.name).unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)


def clear(targets: Iterable[Path]) -> None:
    """Remove the temporary files that killed processes left beside these targets.

    Who writes one holds a lock on it, which the system releases when the process ends, however
    that happens.
    """
    for target in targets:
        target = Path(os.path.realpath(target))
        with _alone_in(target.parent):
            for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
                try:
                    with left.open("r+b") as file:
                        _lock(file)
                    left.unlink(missing_ok=True)
                except OSError:  # in use, or not ours to remove
                    continue


def check_regular(path: Path, remedy: str, error: type[FileError] = FileError) -> None:
    """Raise `error` for what is no regular file: a pipe or a device may never come to an end.

    Raises OSError for what is not there or cannot be looked up.
    """
    try:
        mode = os.stat(path).st_mode
    except OSError as problem:
        if problem.errno != errno.ELOOP:
            raise
        raise error(path, "it cannot be read: it is a loop of links", remedy) from None
    if not stat.S_ISREG(mode):
        kind = next(kind for fits, kind in UNSUITABLE if fits(mode))
        raise error(path, f"it cannot be read: it is {kind}, expected a regular file", remedy)


def _create(target: Path) -> BinaryIO:
    """A new, locked file in the target's folder, with the rights that any new file has."""
    name = target.parent / f".{target.name}.{secrets.token_hex(8)}.part"
    with _alone_in(target.parent):  # or `clear` might meet the file before it is locked
        file = name.open("xb")
        with contextlib.suppress(OSError):  # a file system without locks
            _lock(file)
    return file


def _keep_former(target: Path, keep: int) -> None:
    """Give the files that are there numbers; `target` itself stays where it is meanwhile."""
    former = [target, *(target.with_name(f"{target.name}.{k}") for k in range(1, keep))]
    for older, newer in zip(former[:1:-1], former[-2:0:-1], strict=True):
        with contextlib.suppress(FileNotFoundError):
            os.replace(newer, older)
    if keep > 1 and target.exists():
        with contextlib.suppress(FileNotFoundError):
            former[1].unlink()
        try:
            os.link(target, former[1])
        except OSError:  # a file system without links
            shutil.copyfile(target, former[1])


def _flush_folder(folder: Path) -> None:
    """Make a change of names survive a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """While temporary files are made or removed in a folder, nobody else does so."""
    try:
        handle = os.open(folder, os.O_RDONLY) if fcntl is not None else None
    except OSError:
        handle = None
    try:
        if handle is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(file: Any) -> None:
    """Lock a file until it is closed; OSError where another process holds it."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
