"""Which values go into which gates, in which scope each lies, and what of it fits a picture."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..modes import Scope
from ..node import Node
from .errors import DrawError
from .fold import Folds, Path, find_folds
from .names import legible
from .numbers import plural
from .symbols import folded
from .trace import Trace

__all__ = [
    "DEEPEST",
    "PHASES",
    "Constant",
    "Key",
    "Path",
    "Shown",
    "Unit",
    "Wiring",
    "Wishes",
    "choose",
]

DEEPEST = 20  # boxes inside boxes
PHASES = ("forward", "backward", "update")
MANY = 20  # wires into one gate, where not all can be drawn


class Constant:
    """An operand that is an array or a number of its own, without a node."""

    __slots__ = ("array", "name")

    def __init__(self, array: Any, name: str):
        self.array, self.name = array, name


Key = Node | Constant  # what a value is known by
Unit = Node | Scope  # what is drawn as one gate: a gate, or a scope that is closed


class Wiring:
    """The operands of every gate, the scopes around it, and the home of every value."""

    def __init__(self, trace: Trace, fold: bool = True, loose: bool = False):
        self.trace = trace
        gates = [node for node in trace.nodes if node.plan is not None]
        paths, self.too_deep = _visits(gates)
        single = trace.closed.union(trace.fused)  # what stands for one gate
        folds = find_folds(gates, paths, single, loose) if fold else Folds(paths=paths)
        self.folds = folds
        self.paths = self.folds.paths
        self.ends = list(dict.fromkeys(map(folds.drawn, trace.ends)))
        self.folded: dict[Node, tuple[int, ...]] = {}
        self.operands: dict[Node, list[tuple[int, Key]]] = {}
        self.many: dict[Key, int] = {}  # of so many values, one in each repetition, one is drawn
        self.crosses: set[Key] = set()  # values of a program that two of its parts use
        self.loops: list[tuple[Node, Node]] = []  # a value that goes into a gate the next time
        self._constants: dict[int, Constant] = {}
        leaves = [n for n in trace.nodes if n.plan is None and n.slot is not None]
        self.has_parameters = any(n.slot and n.slot.of_parameter for n in leaves)
        self.gates = self._connected()
        self.sizes = Counter(scope for node in self.gates for scope in self.paths[node])
        self.home = self._homes()

    def _connected(self) -> list[Node]:
        """The gates that lead to what is drawn, in order of creation."""
        todo = [node for node in self.ends if node.plan is not None]
        while todo:
            node = todo.pop()
            if node not in self.operands:
                self._connect(node)
                keys = [key for _, key in self.operands[node]]
                todo += [key for key in keys if isinstance(key, Node) and key.plan is not None]
        return sorted(self.operands, key=lambda node: node.number)

    def is_parameter(self, node: Node) -> bool:
        """Whether a leaf is to be learned; where nothing says so, every tracked array is."""
        if node.slot is None:
            return False
        return node.slot.of_parameter or (not self.has_parameters and node.shape != ())

    def _connect(self, node: Node) -> None:
        path = self.paths[node]
        inside = len(self._outside_fused(path)) < len(path)
        constants = self.folded[node] = folded(node, inside)
        operands: list[tuple[int, Key]] = []
        for k, parent in enumerate(node.parents):
            if k in constants:
                continue
            operand = self.folds.operand(node, k)
            key = operand if isinstance(operand, Node) else self._constant(node, k, operand)
            if operand is not parent and any(key is other for _, other in operands):
                continue  # several repetitions go in, of which one is drawn
            operands.append((k, key))
            if (node, k) in self.folds.before and isinstance(parent, Node):
                self.loops.append((self.folds.drawn(parent), node))
            if (node, k) in self.folds.varies:
                self.many[key] = self.folds.varies[node, k]
        self.operands[node] = operands

    def _constant(self, node: Node, position: int, array: Any) -> Constant:
        """The same array is the same box, however often it is used."""
        name, original = self._find(array)
        if original is None:
            operands = node.plan.gate.operands  # type: ignore[union-attr]
            operand = operands[min(position, len(operands) - 1)]
            name = operand if len(operand) > 1 else ""  # "labels" says something, "x" does not
            original = array
        known = self._constants.get(id(original))
        if known is None:
            known = self._constants[id(original)] = Constant(original, name)
        return known

    def _find(self, array: Any) -> tuple[str, Any]:
        """The array that the caller has a name for: this one, or what it is a frozen copy of."""
        for name, named in self.trace.arrays:
            if named is array:
                return name, named
        for name, named in self.trace.arrays:
            if isinstance(array, np.ndarray) and _equal(named, array):
                return name, named
        return "", None

    def _homes(self) -> dict[Key, Path]:
        """Where each value lies: inside the innermost scope that holds all that touches it.

        Data comes from outside and stays there, and so does the result; parameters lie with
        the gates that use them, and constants of a fused gate inside of it.
        """
        home: dict[Key, Path] = {}
        for node in self.gates:
            path = self.paths[node]
            home[node] = path
            for _, key in self.operands[node]:
                near = path
                if isinstance(key, Constant):
                    near = path if len(self._outside_fused(path)) < len(path) else ()
                elif key.plan is None:
                    near = self._outside_fused(path) if self.is_parameter(key) else ()
                known = home.get(key, near)
                if not self.trace.of_program or _phase(known) == _phase(near) or not near:
                    home[key] = _common(known, near)
                else:  # the backward pass uses it: it stays where it was made, and can be seen
                    self.crosses.add(key)
        return home | dict.fromkeys(self.ends, ())

    def _outside_fused(self, path: Path) -> Path:
        """The part of a path that is not inside the simpler gates of a fused one."""
        for depth, scope in enumerate(path):
            if scope in self.trace.fused:
                return path[:depth]
        return path


def _visits(gates: Iterable[Node]) -> tuple[dict[Node, Path], bool]:
    """The scopes around each gate; one that was left and entered again becomes another scope.

    So the gates of a scope follow each other without a gap in the order of creation: if it is
    drawn as one box, no path leaves the box and comes back. The second result tells whether
    some scopes lie too deep to be drawn.
    """
    paths: dict[Node, Path] = {}
    entered: set[Scope] = set()
    before: Path = ()  # the scopes around the gate before, and what is drawn for them
    visits: Path = ()
    too_deep = False
    for node in gates:
        if node.scope is not (before[-1] if before else None):
            around = _around(node.scope)
            shared = len(_common(before, around))
            new = around[shared:DEEPEST]
            visits = (*visits[:shared], *(_copy(s) if s in entered else s for s in new))
            entered.update(new)
            before, too_deep = around, too_deep or len(around) > DEEPEST
        paths[node] = visits
    return paths, too_deep


def _around(scope: Scope | None) -> Path:
    """The scopes that `scope` lies in, from the outermost to itself."""
    return () if scope is None else scope.path


def _copy(scope: Scope) -> Scope:
    return Scope(scope.name, scope.kind, scope.note)


def _equal(named: Any, array: Any) -> bool:
    same = named.shape == array.shape and named.dtype == array.dtype
    return same and np.array_equal(named, array, equal_nan=named.dtype.kind == "f")


def _phase(path: Path) -> str:
    """Which part of a program a place is in."""
    return path[0].name if path and path[0].name in PHASES else ""


def _common(a: Path, b: Path) -> Path:
    if a is b:
        return a
    length = 0
    for mine, other in zip(a, b, strict=False):
        if mine is not other:
            break
        length += 1
    return a[:length]


@dataclass
class Shown:
    """What is drawn: closed scopes, and, if not all fits, which gates."""

    wiring: Wiring
    closed: frozenset[Scope] = frozenset()
    kept: frozenset[Unit] | None = None  # None: all
    hidden: frozenset[tuple[Unit, Key]] = frozenset()  # wires that are left out
    remarks: list[str] = field(default_factory=list)

    def unit(self, node: Node) -> Unit:
        """What the gate of `node` is drawn as: itself, or the closed scope that it lies in."""
        if self.closed:
            for scope in self.wiring.paths[node]:
                if scope in self.closed:
                    return scope
        return node

    def is_visible(self, key: Key) -> bool:
        """Whether a value lies in no closed scope, or is used by another part of a program."""
        return (
            key in self.wiring.crosses
            or not self.closed
            or self.closed.isdisjoint(self.wiring.home[key])
        )

    def home(self, key: Key) -> Path:
        """Where a value is drawn: in the innermost open scope around it."""
        path = self.wiring.home.get(key, ())
        closed = [k for k, scope in enumerate(path) if scope in self.closed]
        return path[: closed[0]] if closed else path

    def is_kept(self, unit: Unit) -> bool:
        """Whether a gate is near enough to the result to be drawn."""
        return self.kept is None or unit in self.kept

    def outermost(self) -> frozenset[Scope]:
        """The closed scopes that lie in no other closed one."""
        return frozenset(u for node in self.wiring.gates if isinstance(u := self.unit(node), Scope))

    def size(self) -> int:
        """How many gates and values there are to draw."""
        units = {self.unit(node) for node in self.wiring.gates}
        return len(units) + sum(map(self.is_visible, self.wiring.home))


@dataclass(frozen=True)
class Wishes:
    """Which boxes the user wants open, and which closed."""

    collapse: frozenset[str] = frozenset()
    expand: frozenset[str] = frozenset()
    depth: int | None = None
    max_nodes: int = 300


def choose(wiring: Wiring, wishes: Wishes) -> Shown:
    """What to draw: close scopes, the innermost first, until it fits; then only the last gates."""
    paths = {wiring.paths[node] for node in wiring.gates}
    _check_names(wiring, wishes)
    open_ones = {
        scope
        for path in paths
        for k, scope in enumerate(path)
        if any(_is_called(wiring, inner, wishes.expand) for inner in path[k:])
    }
    asked = {scope for scope in wiring.sizes if _is_called(wiring, scope, wishes.collapse)}
    if wishes.depth is not None:
        deeper = [[s for s in path[wishes.depth :] if s not in open_ones] for path in paths]
        asked |= {scopes[0] for scopes in deeper if scopes}
    asked |= (wiring.trace.closed - open_ones).intersection(wiring.sizes)
    shown = Shown(wiring, frozenset(asked))
    for depth in range(max(map(len, paths), default=0), 0, -1):
        if shown.size() <= wishes.max_nodes:
            return shown
        closed = {path[depth - 1] for path in paths if len(path) >= depth} - open_ones
        shown = Shown(wiring, frozenset(asked | closed))
        names = sorted({legible(scope.name) or "…" for scope in shown.outermost() - asked})
        listed = ", ".join(names[:5]) + ", …" * (len(names) > 5)
        shown.remarks = [f"more than {wishes.max_nodes} parts: closed are {listed}"]
    if shown.size() > wishes.max_nodes:
        _keep_the_nearest(shown, wishes.max_nodes)
    return shown


def _is_called(wiring: Wiring, scope: Scope, names: frozenset[str]) -> bool:
    return scope.name in names or not names.isdisjoint(wiring.folds.members.get(scope, ()))


def _check_names(wiring: Wiring, wishes: Wishes) -> None:
    known = {scope.name for scope in wiring.sizes}.union(*wiring.folds.members.values())
    listed = ", ".join(sorted(known)[:20]) or "none"
    for name in sorted(wishes.collapse - known):
        raise DrawError(f"draw: collapse={name!r}, but there is no such scope; there are: {listed}")
    for name in sorted(wishes.expand - known):
        raise DrawError(
            f"draw: expand={name!r}, but there is no such scope, and no gate of that name with "
            f"simpler ones inside; there are the scopes: {listed}"
        )


def _keep_the_nearest(shown: Shown, max_nodes: int) -> None:
    """Leave out the gates that are furthest from the result, and most wires into very wide ones."""
    wiring = shown.wiring
    members: dict[Unit, list[Node]] = {}
    for node in wiring.gates:
        members.setdefault(shown.unit(node), []).append(node)
    values: set[Key] = set(wiring.ends)
    kept: set[Unit] = set()
    hidden: set[tuple[Unit, Key]] = set()
    queue: deque[Unit] = deque(shown.unit(end) for end in wiring.ends if end.plan is not None)
    while queue:
        unit = queue.popleft()
        operands = [key for node in reversed(members[unit]) for _, key in wiring.operands[node]]
        wires = list(filter(shown.is_visible, dict.fromkeys(operands)))
        new = {*wires[:MANY], *filter(shown.is_visible, members[unit])} - values
        if unit in kept or (kept and len(kept) + 1 + len(values) + len(new) > max_nodes):
            continue
        kept.add(unit)
        values |= new
        hidden.update((unit, key) for key in wires[MANY:])
        queue += [shown.unit(k) for k in wires[:MANY] if isinstance(k, Node) and k.plan is not None]
    shown.kept, shown.hidden = frozenset(kept), frozenset(hidden)
    left_out = []
    if len(kept) < len(members):
        left_out = [f"{plural(len(members) - len(kept), 'gate')} further from the result"]
    if hidden:
        left_out.append(f"{plural(len(hidden), 'wire')} into gates with more than {MANY}")
    if left_out:
        shown.remarks.append(f"left out (max_nodes={max_nodes}): {', '.join(left_out)}")
