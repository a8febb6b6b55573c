"""What happens in a graph, step by step: forward through the gates, then back.

One stream of events is what the text, the page and the tests are made of. It depends on the
graph alone, and holds numbers, not texts.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..draw.wiring import Key, Shown, Unit
from ..modes import Scope
from ..node import Node
from .chain import local_gradient
from .formulas import local_text, shape_text, vjp_text
from .parts import Part, Quantity
from .view import Graph

__all__ = ["Backward", "Event", "Flow", "Forward", "Seed", "Start", "events"]


@dataclass(frozen=True, eq=False)
class Flow:
    """The chain rule at one operand: local x upstream = downstream."""

    into: Quantity
    position: int
    local: Any  # None where it is no number for each place
    downstream: Any
    formula: str  # of the local gradient, or of the downstream one for arrays
    shapes: str  # empty for single values
    total: Any  # the sum of what has arrived at this quantity by now
    count: int  # how many have arrived, this one included
    arrivals: list[Any]  # all that arrive at it, in order; each flow into it has the same list
    elsewhere: int  # how many more come from gates that are not shown

    @property
    def uses(self) -> int:
        """How many arrive in all: more than one at a fork."""
        return len(self.arrivals) + self.elsewhere

    @property
    def arrived(self) -> list[Any]:
        """What has arrived by now, this one last."""
        return self.arrivals[: self.count]


@dataclass(frozen=True)
class Start:
    """The leaves have their values, and so has what parts that are not shown computed."""

    leaves: tuple[Quantity, ...]


@dataclass(frozen=True)
class Forward:
    """A gate computes."""

    part: Part
    inputs: tuple[Quantity, ...]
    outputs: tuple[Quantity, ...]


@dataclass(frozen=True)
class Seed:
    """The way back begins: the gradient of the result by itself."""

    result: Quantity


@dataclass(frozen=True)
class Backward:
    """A gate applies the chain rule."""

    part: Part
    outputs: tuple[Quantity, ...]  # their gradients are the upstream ones
    flows: tuple[Flow, ...]


Event = Start | Forward | Seed | Backward


def events(graph: Graph, shown: Shown) -> list[Event]:
    """All steps, for a view of the graph: forward in order of computation, then in reverse."""
    units = graph.units(shown)
    parts = {unit: graph.part(unit) for unit in units}
    inside = {unit: _Wires(graph, shown, nodes) for unit, nodes in units.items()}
    made = {q for wires in inside.values() for q in wires.outputs}
    given = dict.fromkeys(q for wires in inside.values() for q in wires.inputs if q not in made)
    steps: list[Event] = [Start(tuple(given) or (graph.quantities[graph.trace.root],))]
    steps += [Forward(parts[u], inside[u].inputs, inside[u].outputs) for u in units]
    if not graph.trace.grads:
        return steps
    steps.append(Seed(graph.quantities[graph.trace.root]))
    sums = _Sums(_not_shown(graph, list(inside.values())))
    for unit in reversed(units):
        flows = inside[unit].flows(unit, sums)
        if flows:
            steps.append(Backward(parts[unit], inside[unit].outputs, flows))
    return steps


@dataclass
class _Sums:
    """What has arrived at each quantity so far, on the way back."""

    elsewhere: Counter[Key]
    arrivals: dict[Key, list[Any]] = field(default_factory=dict)
    totals: dict[Key, Any] = field(default_factory=dict)

    def add(self, key: Key, g: Any) -> tuple[Any, int, list[Any], int]:
        """One more gradient; gives what a Flow tells of the sum."""
        self.totals[key] = self.totals[key] + g if key in self.totals else g
        here = self.arrivals.setdefault(key, [])
        here.append(g)
        return self.totals[key], len(here), here, self.elsewhere[key]


def _not_shown(graph: Graph, shown: list[_Wires]) -> Counter[Key]:
    """How many gradients come to each quantity from gates that are not shown."""
    operands = graph.wiring.operands
    uses: Counter[Key] = Counter(dict(operands[node])[k] for node, k in graph.downstream)
    uses.subtract(key for wires in shown for _, _, key in wires.tracked)
    return uses


class _Wires:
    """The wires into and out of a part."""

    def __init__(self, graph: Graph, shown: Shown, nodes: list[Node]):
        self.graph, self.nodes = graph, nodes
        made = {node for node in nodes if shown.is_visible(node)}
        self.made = [node for node in nodes if node in made]
        self.operands: list[tuple[Node, int, Key]] = [
            (node, position, key)
            for node in nodes
            for position, key in graph.wiring.operands[node]
            if shown.is_visible(key) and key not in made
        ]
        keys = [key for _, _, key in self.operands]
        if len(nodes) > 1:
            keys = list(dict.fromkeys(keys))
        self.inputs = tuple(graph.quantities[key] for key in keys)
        self.outputs = tuple(graph.quantities[node] for node in self.made)
        self.tracked = [(n, p, key) for n, p, key in self.operands if (n, p) in graph.downstream]
        self.targets: list[Key] = [key for _, _, key in self.tracked]
        if len(nodes) > 1:
            self.targets = list(dict.fromkeys(self.targets))

    def flows(self, unit: Unit, sums: _Sums) -> tuple[Flow, ...]:
        """One flow for each wire that a gradient goes back through."""
        found = []
        for k, key in enumerate(self.targets):
            if isinstance(unit, Scope):
                position, given = k, self._sum(key)
                local, formula, shapes = self._of_scope(unit, key)
            else:
                node, position, _ = self.tracked[k]
                given = self.graph.downstream[node, position]
                local = local_gradient(node, position)
                formula, shapes = _texts(self.graph, node, position)
            into = self.graph.quantities[key]
            total = sums.add(key, given)
            found.append(Flow(into, position, local, given, formula, shapes, *total))
        return tuple(found)

    def _sum(self, key: Key) -> Any:
        """What a closed scope hands to a value, over all its gates that use it."""
        total = None
        for node, position, used in reversed(self.tracked):
            if used is key:
                g = self.graph.downstream[node, position]
                total = g if total is None else total + g
        return total

    def _of_scope(self, scope: Scope, key: Key) -> tuple[Any, str, str]:
        """Local gradient and formula of the gate that a closed scope stands for."""
        fused = self.graph.trace.fused.get(scope)
        if fused is None or len(self.targets) != 1 or len(fused.plan.positions) != 1:  # type: ignore[union-attr]
            return None, "", ""
        return (
            local_gradient(fused, fused.plan.positions[0]),  # type: ignore[union-attr]
            *_texts_of(self.graph, fused, fused.plan.positions[0], self.made, key),  # type: ignore[union-attr]
        )


def _texts(graph: Graph, node: Node, position: int) -> tuple[str, str]:
    return _texts_of(graph, node, position, [node], dict(graph.wiring.operands[node])[position])


def _texts_of(
    graph: Graph, node: Node, position: int, made: list[Node], key: Key
) -> tuple[str, str]:
    """The formula of the gradient at an operand, and its check of shapes."""
    gate = node.plan.gate  # type: ignore[union-attr]
    keys = dict(graph.wiring.operands.get(node, [(position, key)]))
    labels = [_label(graph, node, k, keys.get(k)) for k in range(len(node.parents))]
    out = graph.labels[made[-1]] if made else "out"
    if node.shape == () and node.parents[position].shape == ():
        return local_text(node, position, labels, out), ""
    named = made and graph.quantities[made[-1]].named
    g = f"d{out}" if named and out.isidentifier() else "dout"
    left = f"d{labels[position]}" if labels[position].isidentifier() else "din"
    shapes = [tuple(getattr(parent, "shape", ())) for parent in node.parents]
    formula = vjp_text(node, position, labels, out, g)
    if gate.elementwise and node.shape != node.parents[position].shape:
        formula = f"Σ {formula}, over what was repeated"
    return f"{left} = {formula}", shape_text(gate, position, shapes, node.shape)


def _label(graph: Graph, node: Node, position: int, key: Key | None) -> str:
    """What an operand is called in a formula: by its name, else as the gate calls it."""
    gate, parent = node.plan.gate, node.parents[position]  # type: ignore[union-attr]
    if key is not None and (graph.quantities[key].named or getattr(parent, "shape", None) == ()):
        return graph.labels[key]
    if key is None and isinstance(parent, (int, float)):
        return f"{parent:g}"
    return gate.operands[min(position, len(gate.operands) - 1)]
