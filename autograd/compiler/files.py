"""Files that a function reads while it is traced: what is in them comes from outside as well."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from .guards import Guard

__all__ = ["guards_of_files", "noting_files"]

READERS = {  # a function that has none of these names in it reads no file
    "fromfile", "genfromtxt", "load", "loadtxt", "memmap", "open", "read", "read_bytes", "read_csv",
    "read_text", "readlines",
}  # fmt: skip
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CODE = (".py", ".pyc")

_noted: dict[int, list[str]] = {}  # paths, by threads that trace
_installed = threading.Event()


def _on_event(event: str, args: Any) -> None:
    if event == "open" and (paths := _noted.get(threading.get_ident())) is not None:
        path, _, flags = args
        if isinstance(path, (str, bytes, os.PathLike)) and not (flags or 0) & WRITES:
            paths.append(os.fsdecode(path))


@contextmanager
def noting_files(names: Iterable[str]) -> Iterator[list[str]]:
    """Gives a list, to which every path is added that is opened for reading in here.

    `names` are those in the code that runs. Python tells of opened files through a hook, which
    takes a little time at many occasions and cannot be removed: it is installed when it is needed.
    """
    paths: list[str] = []
    if READERS.isdisjoint(names):
        yield paths
        return
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_on_event)
    thread = threading.get_ident()
    before = _noted.get(thread)
    _noted[thread] = paths
    try:
        yield paths
    finally:
        del _noted[thread]
        if before is not None:  # this was a trace inside another one
            _noted[thread] = before


def guards_of_files(paths: Iterable[str]) -> list[Guard]:
    """What has to be as it was: the files, and the working folder where a path begins there."""
    found = [path for path in dict.fromkeys(paths) if not path.endswith(CODE)]
    guards = [Guard("file", path, None, f"the file {path}") for path in found]
    if not all(map(os.path.isabs, found)):
        guards.append(Guard("answer", os.getcwd, None, "the working folder"))
    return guards
