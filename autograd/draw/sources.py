"""Where in a program a gate was called: file, line, the very expression, and its name there."""

from __future__ import annotations

import ast
import functools
import linecache
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from ..lines import Place
from ..node import Node

__all__ = ["Source", "assigned_names", "names_in_program", "source_of"]

LONGEST = 120  # characters of a line that is shown


@dataclass(frozen=True)
class Source:
    """A line of the program; `start` and `end` tell which part of it made the gate."""

    file: str  # as short as it is clear: relative to the working folder
    line: int
    text: str
    start: int
    end: int


def source_of(node: Node) -> Source | None:
    """The line that called the gate of this node; None where none was noted."""
    place = node.place
    if place is None:
        return None
    line, end_line, start, end = _span(place)
    line = line or place.code.co_firstlineno
    whole = linecache.getline(place.code.co_filename, line).rstrip("\n")
    text = whole.strip()
    indent = len(whole) - len(whole.lstrip())
    if start is None or end is None or not text:
        start, end = indent, len(whole)
    else:  # Python counts the bytes of UTF-8
        start = len(whole.encode()[:start].decode(errors="ignore"))
        end = len(whole.encode()[:end].decode(errors="ignore")) if end_line == line else len(whole)
    bounds = (min(max(0, column - indent), LONGEST) for column in (start, end))
    return Source(_short(place.code.co_filename), line, text[:LONGEST], *bounds)


def names_in_program(nodes: list[Node]) -> dict[Node, str]:
    """The names that values were given, else those of the variables they are assigned to."""
    return {**assigned_names(nodes), **{node: node.name for node in nodes if node.name}}


def assigned_names(nodes: Iterable[Node]) -> dict[Node, str]:
    """The names of variables to which the very results of gates are assigned: `q` in q = x + y.

    What `q[index] = y` makes is q, too. A function that records several gates, such as a module,
    names the last of them.
    """
    keys: dict[Node, tuple[str, Span]] = {}
    named: dict[Node, str] = {}
    for node in sorted(nodes, key=lambda node: node.number):
        place = node.place
        if place is None:
            continue
        key = keys[node] = place.code.co_filename, _span(place)
        for parent in node.parents:
            if isinstance(parent, Node) and keys.get(parent) == key:
                named.pop(parent, None)
        whole, parts = _assignments(place.code.co_filename)
        name = whole.get(key[1])
        if len(node.parents) > 1:  # what reads a part has one operand, what writes to it has more
            name = parts.get(key[1], name)
        if name is not None:
            named[node] = name
    return named


Span = tuple[int | None, int | None, int | None, int | None]  # line, last line, column, last column


def _span(place: Place) -> Span:
    """Where the expression of a call stands in its file."""
    positions = islice(place.code.co_positions(), place.offset // 2, None)
    return next(positions, (None, None, None, None))


@functools.lru_cache(maxsize=32)
def _assignments(file: str) -> tuple[dict[Span, str], dict[Span, str]]:
    """The variables of a file, by where the expression stands that is assigned to them.

    And those to parts of which something is assigned, by where the part stands: q[index].
    """
    whole: dict[Span, str] = {}
    parts: dict[Span, str] = {}
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:  # not Python, or cells of a notebook with commands
        return whole, parts
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target: ast.expr = statement.targets[0]
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            target = statement.target
        else:
            continue
        value = statement.value
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            parts[_span_of(target)] = target.value.id
        elif isinstance(target, ast.Name) and value is not None:
            whole[_span_of(value)] = target.id
    return whole, parts


def _span_of(expression: ast.expr) -> Span:
    return (expression.lineno, expression.end_lineno, expression.col_offset,
            expression.end_col_offset)  # fmt: skip


def _short(file: str) -> str:
    """A path inside the working folder without it, any other path by its last part."""
    folder = os.getcwd() + os.sep
    return file.removeprefix(folder) if file.startswith(folder) else os.path.basename(file)
