"""Repeated blocks: fifty steps of a loop, or twelve equal layers, are drawn once, as "× 50".

The gates in one scope, and the scopes in it, follow each other in the order in which they were
recorded. Where the same few of them come again and again, with wires in the same places, the last
repetition stands for all: what it takes from the one before is taken from what the first one got.
Nothing was recorded between the repetitions, so no wire leads out of them and back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..modes import Scope
from ..node import Node
from .names import legible
from .numbers import plural

__all__ = ["Folds", "Path", "find_folds"]

LEAST = 4  # repetitions that are worth a box
LONGEST = 400  # gates and scopes in one repetition
Path = tuple[Scope, ...]


@dataclass
class Folds:
    """What is drawn in place of what."""

    instead: dict[Node, Node] = field(default_factory=dict)  # a gate: that of the last repetition
    before: dict[tuple[Node, int], tuple[Node, int]] = field(default_factory=dict)
    # an operand that comes from the repetition before: the operand that the first one had there
    times: dict[Scope, int] = field(default_factory=dict)  # how often the box is repeated
    paths: dict[Node, Path] = field(default_factory=dict)  # the new scopes around gates
    members: dict[Scope, set[str]] = field(default_factory=dict)  # names of what it stands for
    names: list[str] = field(default_factory=list)  # what was folded, for the caption
    varies: dict[tuple[Node, int], int] = field(default_factory=dict)
    # an operand that each repetition takes from elsewhere, and how many those are

    def operand(self, node: Node, position: int) -> Any:
        """What goes into the gate of `node` in the picture."""
        while (node, position) in self.before:  # a loop in a loop has several steps here
            node, position = self.before[node, position]
        operand = node.parents[position]
        return self.drawn(operand) if isinstance(operand, Node) else operand

    def drawn(self, node: Node) -> Node:
        """The node that is drawn in place of this one: itself, unless it was folded away."""
        while node in self.instead:
            node = self.instead[node]
        return node


@dataclass(eq=False)
class _Item:
    """A gate, or a scope with all that is in it, among its siblings."""

    gates: list[Node]
    scope: Scope | None
    kind: int  # the same number for what looks the same


def find_folds(
    gates: list[Node], paths: dict[Node, Path], fused: Iterable[Scope], loose: bool
) -> Folds:
    """The repeated blocks among `gates`, in order of creation, the outermost first.

    fused   scopes that stand for one gate each
    loose   whether blocks count that consist of gates alone, with no other scope around any
    """
    folds = Folds(paths=dict(paths))
    finder = _Finder(folds, paths, frozenset(fused), loose)
    todo = [(gates, 0)]
    while todo:
        inside, depth = todo.pop()
        todo += [(item.gates, depth + 1) for item in finder.level(inside, depth)]
    return folds


class _Finder:
    def __init__(self, folds: Folds, paths: dict[Node, Path], fused: frozenset[Scope], loose: bool):
        self.folds, self.paths, self.fused, self.loose = folds, paths, fused, loose
        self.kinds: dict[Any, int] = {}
        self.looks: dict[Node, int] = {}

    def level(self, gates: list[Node], depth: int) -> list[_Item]:
        """Fold what repeats among the items at one depth; gives the scopes that are left."""
        items = [self._item(part, depth) for part in _parts(gates, self.paths, depth)]
        gone: set[int] = set()
        for run in _runs(np.array([item.kind for item in items], dtype=int)):
            start, period, count, rest = run
            block = items[start : start + period]
            if not self.loose and not any(map(self._is_box, block)):
                continue
            # where it begins is open: with a scope, if that costs no repetition
            shifts = sorted(range(period), key=lambda k: (k > rest, block[k].scope is None))
            for shift in shifts:
                first, many = start + shift, count - (shift > rest)
                if many >= LEAST and self._fold(items, first, period, many, depth):
                    gone.update(range(first, first + (many - 1) * period))
                    break
        return [item for k, item in enumerate(items) if item.scope is not None and k not in gone]

    def _is_box(self, item: _Item) -> bool:
        return item.scope is not None and item.scope not in self.fused

    def _item(self, gates: list[Node], depth: int) -> _Item:
        path = self.paths[gates[0]]
        scope = path[depth] if len(path) > depth else None
        look = (
            scope and (_plain(scope.name), scope.kind),
            tuple((self._look(g), *map(_called, self.paths[g][depth + 1 :])) for g in gates),
        )
        return _Item(gates, scope, self._number(look))

    def _look(self, node: Node) -> int:
        """The same number for gates of the same kind, with operands of the same shapes."""
        if node not in self.looks:
            gate = node.plan.gate  # type: ignore[union-attr]
            static = [(k, repr(v)) for k, v in (node.static or {}).items() if k != "index"]
            shapes = tuple(getattr(p, "shape", ()) for p in node.parents if p is not None)
            look = gate.name, node.shape, node.dtype.str, shapes, tuple(static)
            self.looks[node] = self._number(look)
        return self.looks[node]

    def _number(self, look: Any) -> int:
        return self.kinds.setdefault(look, len(self.kinds))

    def _fold(self, items: list[_Item], start: int, period: int, count: int, depth: int) -> bool:
        """Fold `count` repetitions if their wires agree; whether they do."""
        blocks = [
            [g for item in items[k : k + period] for g in item.gates]
            for k in range(start, start + count * period, period)
        ]
        place = {g: (r, k) for r, block in enumerate(blocks) for k, g in enumerate(block)}
        wires = [_wires(block, r, place) for r, block in enumerate(blocks)]
        last = wires[-1]
        if not all(_fits(mine, last, r == 0) for r, mine in enumerate(wires)):
            return False
        folds = self.folds
        for block in blocks[:-1]:
            folds.instead.update(zip(block, blocks[-1], strict=True))
        for k, node in enumerate(blocks[-1]):
            for position, wire in enumerate(last[k]):
                slots = [(block[k], position) for block in blocks]
                if wire is not None and wire[0] > 0:
                    folds.before[node, position] = slots[0]
                elif wire is None:
                    different = {id(g.parents[position]) for g, _ in slots}
                    if len(different) == count:
                        folds.varies[node, position] = count
        self._put_in_a_box(items[start : start + count * period], blocks[-1], period, count, depth)
        return True

    def _put_in_a_box(
        self, items: list[_Item], block: list[Node], period: int, count: int, depth: int
    ) -> None:
        """One scope that is repeated keeps its box; several items get one around them."""
        first, last = items[0].scope, items[-1].scope
        if period == 1 and first is not None and last is not None and first not in self.fused:
            box, name = last, _span(first.name, last.name)
            around = Scope(name, box.kind, box.note)
            for node in block:
                path = self.folds.paths[node]
                self.folds.paths[node] = (*path[:depth], around, *path[depth + 1 :])
        else:
            around = Scope("repeated")
            scopes = [item.scope.name for item in items if item.scope is not None]
            name = _span(scopes[0], scopes[-1]) if scopes else plural(len(block), "gate")
            for node in block:
                path = self.folds.paths[node]
                self.folds.paths[node] = (*path[:depth], around, *path[depth:])
        self.folds.times[around] = count
        self.folds.members[around] = {item.scope.name for item in items if item.scope is not None}
        self.folds.names.append(f"{legible(name)} × {count:,}")


def _parts(gates: list[Node], paths: dict[Node, Path], depth: int) -> Iterator[list[Node]]:
    """Single gates, and the gates of each scope at this depth, in order."""
    part: list[Node] = []
    scope: Scope | None = None
    for node in gates:
        path = paths[node]
        here = path[depth] if len(path) > depth else None
        if part and (here is None or here is not scope):
            yield part
            part = []
        part.append(node)
        scope = here
    if part:
        yield part


def _runs(kinds: np.ndarray[Any, Any]) -> list[tuple[int, int, int, int]]:
    """Places where a period comes again: (start, period, how often, rest), the longest first.

    The rest is how many items of one more repetition follow.
    """
    found = []
    for period in range(1, min(LONGEST, len(kinds) // LEAST) + 1):
        same = np.concatenate([[False], kinds[:-period] == kinds[period:], [False]])
        edges = np.flatnonzero(same[1:] != same[:-1])
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            count, rest = divmod(stop - start + period, period)
            if count >= LEAST:
                found.append((start, period, count, rest))
    found.sort(key=lambda run: (-run[1] * run[2], run[1], run[0]))
    taken = np.zeros(len(kinds), dtype=bool)
    chosen = []
    for start, period, count, rest in found:
        end = start + period * count + rest
        if not taken[start:end].any():
            taken[start:end] = True
            chosen.append((start, period, count, rest))
    return chosen


Wire = tuple[int, int] | None  # how many repetitions back, and which gate there; None: outside


def _wires(block: list[Node], number: int, place: dict[Node, tuple[int, int]]) -> list[list[Wire]]:
    """Where the operands of the gates in one repetition come from."""
    found: list[list[Wire]] = []
    for node in block:
        wires: list[Wire] = []
        for operand in node.parents:
            at = place.get(operand) if isinstance(operand, Node) else None
            wires.append(None if at is None else (number - at[0], at[1]))
        found.append(wires)
    return found


def _fits(mine: list[list[Wire]], last: list[list[Wire]], is_first: bool) -> bool:
    """Whether wires agree; in the first repetition those from the one before come from outside."""
    for wires, expected in zip(mine, last, strict=True):
        for wire, other in zip(wires, expected, strict=True):
            from_before = other is not None and other[0] == 1
            if wire != other and not (is_first and wire is None and from_before):
                return False
    return True


def _plain(name: str) -> str:
    """A name without its number."""
    return re.sub(r"\d+", "", name)


def _called(scope: Scope) -> tuple[str, str]:
    return _plain(scope.name), scope.kind


def _span(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"
