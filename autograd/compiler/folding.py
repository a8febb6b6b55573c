"""Folding: lines that stand there once for each parameter, as one loop over all of them.

An optimiser does the same to every parameter, so its update is one block of lines that is repeated
with other names. A person writes a loop over tuples of those names, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from .identifiers import Identifiers

__all__ = ["Row", "fold"]

Row = tuple[str, str]  # a line, and a note behind it

TIMES, LINES = 3, 3  # blocks, and lines in each, that are worth a loop
TOKEN = re.compile(r"[^\W\d]\w*|\W|\d[\w.]*")
INDENT = " " * 4
STEM = "p"  # what a parameter is called in such a loop


class _Loop(NamedTuple):
    """`times` blocks of `length` rows from `start` on, which differ in some names."""

    start: int
    length: int
    times: int
    names: list[tuple[str, ...]]  # for each block what stands in the place of a name of the first

    @property
    def end(self) -> int:
        return self.start + self.length * self.times


def fold(rows: list[Row], arrays: Collection[str], parameters: Iterable[str]) -> list[Row]:
    """The rows, with loops where blocks of them differ in names alone: of `arrays` from outside
    that are written to, and of what is only read.

    `parameters` are the arguments of the text, whose names a loop must not take.
    """
    taken = {word for line, _ in rows for word in TOKEN.findall(line)} | {*parameters}
    values = {line.split()[0] for line, _ in rows if line.split()[1:2] == ["="]} | {*parameters}
    found: list[Row] = []
    at = 0
    while at < len(rows):
        loop = _loop_at(rows, at, arrays, values)
        if loop is None:
            found.append(rows[at])
            at += 1
        else:
            found += _written(rows, loop, taken)
            at = loop.end
    return found


def _loop_at(
    rows: list[Row], start: int, arrays: Collection[str], values: Collection[str]
) -> _Loop | None:
    """The longest loop that begins here, of the shortest blocks."""
    for length in range(LINES, (len(rows) - start) // TIMES + 1):
        block = rows[start : start + length]
        names = [_renamed(block, block)]
        for first in range(start + length, len(rows) - length + 1, length):
            other = _renamed(block, rows[first : first + length])
            if other is None:
                break
            names.append(other)
        loop = _of_names(start, length, [x for x in names if x is not None], arrays, block)
        if loop is not None and all(name in values for column in loop.names for name in column):
            return loop
    return None


def _renamed(block: Sequence[Row], other: Sequence[Row]) -> dict[str, str] | None:
    """By which names those of a block are replaced in the other one, if that is all."""
    found: dict[str, str] = {}
    for (line, _), (text, _) in zip(block, other, strict=True):
        words, others = TOKEN.findall(line), TOKEN.findall(text)
        if len(words) != len(others):
            return None
        for word, instead in zip(words, others, strict=True):
            named = word.isidentifier() and instead.isidentifier()
            if word != instead and not named:
                return None
            if named and found.setdefault(word, instead) != instead:
                return None
    return found if len(set(found.values())) == len(found) else None


def _of_names(
    start: int,
    length: int,
    names: list[dict[str, str]],
    arrays: Collection[str],
    block: Sequence[Row],
) -> _Loop | None:
    """The loop over these blocks, if each name that they differ in is only read, or of an array
    that is written to."""
    if len(names) < TIMES:
        return None
    varied = [name for name in names[0] if len({other[name] for other in names}) > 1]
    columns = [tuple(other[name] for other in names) for name in varied]
    everything = [name for column in columns for name in column]
    if not varied or len(set(everything)) < len(everything):
        return None  # one block reads what another one is about
    if any(quote in line for line, _ in block for quote in "\"'"):
        return None
    assigned = {line.split(" = ")[0] for line, _ in block if " = " in line}
    written = {line.split()[0].removesuffix("[...]") for line, _ in block}
    touched = {name for column in columns if column[0] in written for name in column}
    if assigned & set(varied) or not touched or not touched <= set(arrays):
        return None
    columns = sorted(columns, key=lambda column: _comes_late(column, columns, arrays))
    stems = [_stem(column, columns[0]) for column in columns]
    own = stems.count(STEM) == 1 and len(set(stems)) == len(stems)  # all else belongs to it
    return _Loop(start, length, len(names), columns) if own else None


def _written(rows: list[Row], loop: _Loop, taken: Collection[str]) -> list[Row]:
    """The lines of a loop."""
    columns = loop.names
    names = Identifiers(taken)
    called = [names.new(_stem(column, columns[0])) for column in columns]
    tuples = [f"({', '.join(column)})" for column in zip(*columns, strict=True)]
    head = f"for {', '.join(called)} in [{', '.join(tuples)}]:"
    if len(called) == 1:
        tuples = [*columns[0]]
        head = f"for {called[0]} in [{', '.join(tuples)}]:"
    found: list[Row] = [(head, "")]
    if len(head) > 92:
        found = [(f"for {', '.join(called)} in [", "")]
        found += [*((f"{INDENT}{text},", "") for text in tuples), ("]:", "")]
    new = {column[0]: name for column, name in zip(columns, called, strict=True)}
    for line, _ in rows[loop.start : loop.start + loop.length]:
        text = "".join(new.get(word, word) for word in TOKEN.findall(line))
        found.append((INDENT + text, ""))
    return found


def _comes_late(
    column: tuple[str, ...], all_: Sequence[tuple[str, ...]], arrays: Collection[str]
) -> tuple[int, bool]:
    """Parameters first, after which others are called; then their gradients."""
    named = sum(_stem(other, column) != STEM for other in all_)
    return -named, column[0] in arrays


def _stem(column: tuple[str, ...], parameters: tuple[str, ...]) -> str:
    """dp and m, of names such as dW1 and mW1 that belong to W1."""
    ends = zip(column, parameters, strict=True)
    prefixes = {name.removesuffix(of) if name.endswith(of) else "" for name, of in ends}
    prefix = prefixes.pop() if len(prefixes) == 1 else ""
    if not prefix:
        return STEM
    return f"d{STEM}" if prefix == "d" else prefix.rstrip("_")
