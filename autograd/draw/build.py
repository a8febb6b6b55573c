"""From a traced graph to a drawing: which texts stand on which wires, gates and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..modes import Scope
from ..node import Node
from .expand import gates_inside
from .model import Box, Drawing, Gate, Lines, Use, Value
from .names import legible
from .numbers import gradient_norm, is_finite, number, plural, rows, shape, statistics
from .origins import origins
from .reach import cut_long_wires
from .symbols import face, is_ordered, local_formula
from .wiring import DEEPEST, PHASES, Constant, Key, Path, Shown, Unit, Wiring

__all__ = ["Builder", "Options", "build"]

LONGEST_TITLE = 300  # characters
LONGEST_NOTE = 70
SMALL = 16  # arrays of up to so many elements are printed with show="values"


@dataclass(frozen=True)
class Options:
    """How the user wants it to look."""

    title: str | None = None
    decimals: int | None = None
    show: str = "auto"
    direction: str = "LR"
    scheme: str = "light"


def build(wiring: Wiring, shown: Shown, options: Options) -> Drawing:
    """The drawing of what is to be shown."""
    return Builder(wiring, shown, options).drawing()


class Builder:
    """Numbers the parts in the order of computation, each when it is met first."""

    def __init__(self, wiring: Wiring, shown: Shown, options: Options):
        self.wiring, self.trace, self.shown, self.options = wiring, wiring.trace, shown, options
        self.items: list[Value | Gate] = []
        self.boxes: dict[Scope, Box] = {}
        self.values: dict[Key, Value] = {}
        self.gates: dict[Unit, Gate] = {}
        self.counts: dict[str, int] = {}
        self.origins = frozenset() if self.options.show == "outline" else origins(wiring)

    def drawing(self) -> Drawing:
        for node in self.wiring.gates:
            if self.shown.is_kept(self.shown.unit(node)):
                self._draw(node)
        self._lead_back()
        root, *_ = [self._value(end) for end in self.wiring.ends]
        drawing = Drawing(
            root,
            self.trace.root_name,
            legible(self.options.title, LONGEST_TITLE) if self.options.title else None,
            self.items,
            list(self.boxes.values()),
            [*self._remarks(), *self.shown.remarks],
            self.options.direction,
            self.options.scheme,
            of_program=self.trace.of_program,
        )
        if self.trace.of_program:
            _turn_back(drawing)
        cut_long_wires(drawing)
        return drawing

    def _lead_back(self) -> None:
        """Tell each gate in a repetition which gates of the one before it takes values from."""
        for node, user in self.wiring.loops:
            maker, gate = (self.gates.get(self.shown.unit(n)) for n in (node, user))
            if gate is not None and maker is not None and maker not in gate.again:
                gate.again.append(maker)

    def _draw(self, node: Node) -> None:
        """Draw a gate, or its share of a closed scope, with its operands and its result."""
        unit = self.shown.unit(node)
        operands = [
            (position, self._value(key))
            for position, key in self.wiring.operands[node]
            if self.shown.is_visible(key) and (unit, key) not in self.shown.hidden
        ]
        if unit not in self.gates:
            self.gates[unit] = (
                self._closed(unit, node) if isinstance(unit, Scope) else self._gate(node)
            )
            self.items.append(self.gates[unit])
        gate = self.gates[unit]
        gate.bad = gate.bad or not self.origins.isdisjoint(self._in_its_place(node))
        for position, value in operands:
            flows = position in node.plan.positions  # type: ignore[union-attr]
            self._connect(gate, value, flows, closed=isinstance(unit, Scope))
        if self.shown.is_visible(node):
            gate.outputs.append(self._value(node))

    def _in_its_place(self, node: Node) -> Iterator[Key]:
        """What the gate of `node` stands for: itself, and operands hidden in the same box."""
        yield node
        for _, key in self.wiring.operands[node]:
            if not self.shown.is_visible(key):
                yield key

    def _connect(self, gate: Gate, value: Value, flows: bool, closed: bool) -> None:
        """Lead a value into a gate; one wire per use, and one for all uses in a closed scope."""
        if closed:
            if any(made is value for made in gate.outputs):
                return
            for use in gate.inputs:
                if use.value is value:
                    use.flows = use.flows or flows
                    return
        inner = gate.box is not None and not _contains(gate.box, value.box)
        gate.inputs.append(Use(value, flows, inner))

    # --- gates and boxes ---------------------------------------------------------------------

    def _gate(self, node: Node) -> Gate:
        gate = node.plan.gate  # type: ignore[union-attr]
        on_it = face(node, self.wiring.folded[node])
        heading, detail = "", on_it.detail
        inside = self._gates_inside(node)
        if inside > 1 and self._is_single(node):
            heading = f"{gate.name} · {inside} gates"
            detail = self._local(node) or detail
        about = f"{gate.name}: {gate.role}" if gate.role else gate.name
        box = self._box(self.wiring.paths[node])
        return Gate(
            self._next(), on_it.symbol, detail, heading, gate.name, "", about, False, box,
            ordered=is_ordered(gate),
        )  # fmt: skip

    def _closed(self, scope: Scope, node: Node) -> Gate:
        """One box in place of a scope and all that is in it; `node` is the first of its gates."""
        path = self.wiring.paths[node]
        box = self._box(path[: path.index(scope)])
        name, kind, note = _texts(scope)
        heading = plural(self.wiring.sizes[scope], "call" if self.trace.of_program else "gate")
        times = self.wiring.folds.times.get(scope, 1)
        note = " · ".join(filter(None, [note, heading + " each" * (times > 1)]))
        alone = face(node, self.wiring.folded[node]).detail if self.wiring.sizes[scope] == 1 else ""
        return Gate(self._next(), "", alone, note, name, kind, name, False, box, times)

    def _box(self, path: Path) -> Box | None:
        """The innermost box of a path; the boxes around it are made with it."""
        box = None
        for scope in path:
            if scope not in self.boxes:
                self.boxes[scope] = self._make_box(scope, box)
            box = self.boxes[scope]
        return box

    def _make_box(self, scope: Scope, parent: Box | None) -> Box:
        number, fused = len(self.boxes) + 1, self.trace.fused.get(scope)
        name, kind, note = _texts(scope)
        if fused is None:
            times = self.wiring.folds.times.get(scope, 1)
            return Box(number, name, kind, note, False, "", parent, times)
        symbol = fused.plan.gate.symbol  # type: ignore[union-attr]
        local = self._local(fused).replace("local", "local gradient", 1)
        count = plural(self.wiring.sizes[scope], "gate")
        note = " · ".join(filter(None, [count, local]))
        name = name.replace("_", " ")
        return Box(number, name, "", note, True, symbol if len(symbol) <= 2 else "", parent)

    def _gates_inside(self, node: Node) -> int:
        """How many simpler gates a gate stands for; counted once for each kind."""
        gate = node.plan.gate  # type: ignore[union-attr]
        if gate.expand is None or self.trace.of_program or not self._is_single(node):
            return 0
        if gate.name not in self.counts:
            self.counts[gate.name] = gates_inside(node, self.trace.values)
        return self.counts[gate.name]

    def _is_single(self, node: Node) -> bool:
        """Whether one single value goes in, and one comes out."""
        parents = [p for p in node.parents if isinstance(p, Node)]
        return node.shape == () and len(parents) == 1 and parents[0].shape == ()

    def _local(self, node: Node) -> str:
        """The local gradient of a gate with one input: what it makes of an upstream 1."""
        if not self._is_single(node) or len(node.plan.positions) != 1:  # type: ignore[union-attr]
            return ""
        closure = node.closures[node.plan.positions[0]]  # type: ignore[union-attr]
        with np.errstate(all="ignore"):
            local = closure(node.dtype.type(1))  # type: ignore[misc]
        formula = local_formula(node.plan.gate)  # type: ignore[union-attr]
        return f"local {formula} = {number(local, self.options.decimals)}".replace("  ", " ")

    # --- values ------------------------------------------------------------------------------

    def _value(self, key: Key) -> Value:
        if key not in self.values:
            self.values[key] = self._make_value(key)
            self.items.append(self.values[key])
        return self.values[key]

    def _make_value(self, key: Key) -> Value:
        is_node = isinstance(key, Node)
        array = self.trace.values[key] if isinstance(key, Node) else key.array
        tracked = isinstance(key, Node) and key.requires_grad
        quiet = self.trace.bare  # there are no gradients, or they are values like others
        made = isinstance(key, Node) and key.plan is not None
        cut = made and not self.shown.is_kept(self.shown.unit(key))  # type: ignore[arg-type]
        g = self.trace.grads.get(key) if isinstance(key, Node) else None
        above, is_shape = self._above(array)
        below, is_norm = self._below(g)
        look = "wire" if made or np.ndim(array) == 0 else "data"
        if look == "data" and is_node and self.wiring.is_parameter(key):  # type: ignore[arg-type]
            look = "parameter"
        name = self._name(key)
        return Value(
            self._next(), look, "…" if cut else name, above, is_shape, below, is_norm,
            note="" if quiet else self._why_no_gradient(array, tracked, g),
            about=f"{name or look}: {np.asarray(array).dtype} {shape(array)}",
            leaf=not made or cut,
            flows=quiet or (tracked and (g is not None or not self.trace.grads)),
            bad_value=not is_finite(array) and self.options.show != "outline",
            bad_gradient=g is not None and not is_finite(g),
            box=self._box(self.shown.home(key)),
            bad=key in self.origins and not made,
        )  # fmt: skip

    def _name(self, key: Key) -> str:
        name = key.name if isinstance(key, Constant) else self.trace.names.get(key, "")
        if key is self.trace.root:
            name = self.trace.root_name
        if key in self.wiring.many:
            name = (
                f"{name} × {self.wiring.many[key]:,}" if name else f"1 of {self.wiring.many[key]:,}"
            )
        return name

    def _above(self, array: Any) -> tuple[Lines, bool]:
        """The value, or the shape of an array."""
        if self._prints(array):
            return self._printed(array), False
        bad = (
            ""
            if self.trace.bare or is_finite(array)
            else f" {'NaN' if np.isnan(array).any() else '∞'}"
        )
        known = self.options.show == "stats" and not self.trace.bare
        more = statistics(array) if known else []
        return [shape(array) + bad, *more], True

    def _below(self, g: Any) -> tuple[Lines, bool]:
        """The gradient, or the norm of a gradient that is an array."""
        if g is None:
            return [], False
        if self._prints(g):
            return self._printed(g), False
        more = statistics(g) if self.options.show == "stats" and np.ndim(g) else []
        return [gradient_norm(g), *more], True

    def _prints(self, array: Any) -> bool:
        """Whether the numbers themselves are shown."""
        if np.ndim(array) == 0:
            return self.options.show not in ("shapes", "outline")
        if self.trace.bare:
            return False
        return self.options.show == "values" and 0 < np.size(array) <= SMALL

    def _printed(self, array: Any) -> Lines:
        if np.ndim(array) == 0:
            return [number(array, self.options.decimals)]
        return rows(array, self.options.decimals)

    def _why_no_gradient(self, array: Any, tracked: bool, g: Any) -> str:
        if g is not None or (tracked and not self.trace.grads):
            return ""
        kind = {"i": "int, ", "u": "int, ", "b": "bool, "}.get(np.asarray(array).dtype.kind, "")
        return kind + "no gradient"

    def _remarks(self) -> Lines:
        remarks = []
        if names := self.wiring.folds.names:
            listed = ", ".join(names[:4]) + ", …" * (len(names) > 4)
            remarks.append(f"repeated blocks are drawn once, with the values of the last: {listed}")
        if not self.trace.grads and not self.trace.bare:
            root = self.trace.root
            if root.requires_grad:
                why = f"the result has shape {root.shape}; pass gradient=..., or reduce it first"
            else:
                why = "nothing that requires one leads to the result"
            remarks.append(f"no gradients: {why}")
        if self.wiring.too_deep:
            remarks.append(f"scopes inside scopes are drawn {DEEPEST} levels deep")
        if self.trace.stale:
            remarks.append("an array was changed after it had been used: the values are new ones")
        return remarks

    def _next(self) -> int:
        return len(self.items) + 1


def _turn_back(drawing: Drawing) -> None:
    """Let the backward pass and the update run from right to left, below the forward pass."""
    for gate in drawing.gates:
        box = gate.box
        while box is not None and box.parent is not None:
            box = box.parent
        outermost = gate.name if box is None else box.name
        gate.back = outermost in PHASES[1:]
        for value in gate.outputs:
            value.back = gate.back
    forward = {use.value.number for gate in drawing.gates if not gate.back for use in gate.inputs}
    for value in drawing.values:
        if value.leaf and value.number not in forward:
            value.back = True


def _texts(scope: Scope) -> tuple[str, str, str]:
    return legible(scope.name), legible(scope.kind), legible(scope.note, LONGEST_NOTE)


def _contains(outer: Box, inner: Box | None) -> bool:
    """Whether `inner` is `outer`, or lies inside of it."""
    while inner is not None:
        if inner is outer:
            return True
        inner = inner.parent
    return False
