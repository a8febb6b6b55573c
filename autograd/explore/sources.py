"""Where in a program a gate was called: file, line, and the very expression."""

from __future__ import annotations

import linecache
import os
from dataclasses import dataclass
from itertools import islice

from ..modes import Place, Scope

__all__ = ["Source", "source_of"]

LONGEST = 120  # characters of a line that is shown


@dataclass(frozen=True)
class Source:
    """A line of the program; `start` and `end` tell which part of it made the gate."""

    file: str  # as short as it is clear: relative to the working folder
    line: int
    text: str
    start: int
    end: int


def source_of(scope: Scope | None) -> Source | None:
    """The line that called the gate with this scope; None where none was noted."""
    while scope is not None and not isinstance(scope, Place):
        scope = scope.parent
    if scope is None:
        return None
    found = next(islice(scope.code.co_positions(), scope.offset // 2, None), None)
    line, end_line, start, end = found or (None, None, None, None)
    line = line or scope.code.co_firstlineno
    whole = linecache.getline(scope.code.co_filename, line).rstrip("\n")
    text = whole.strip()
    indent = len(whole) - len(whole.lstrip())
    if start is None or end is None or not text:
        start, end = indent, len(whole)
    else:  # Python counts the bytes of UTF-8
        start = len(whole.encode()[:start].decode(errors="ignore"))
        end = len(whole.encode()[:end].decode(errors="ignore")) if end_line == line else len(whole)
    bounds = (min(max(0, place - indent), LONGEST) for place in (start, end))
    return Source(_short(scope.code.co_filename), line, text[:LONGEST], *bounds)


def _short(file: str) -> str:
    """A path inside the working folder without it, any other path by its last part."""
    folder = os.getcwd() + os.sep
    return file.removeprefix(folder) if file.startswith(folder) else os.path.basename(file)
