"""A graph as it is explained: its parts in order, with names that a reader can find again."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..draw.algebra import Symbol, as_symbol
from ..draw.expand import Choice
from ..draw.names import legible
from ..draw.notation import in_words
from ..draw.numbers import number
from ..draw.sources import source_of
from ..draw.symbols import face, local_formula
from ..draw.trace import Trace, follow
from ..draw.wiring import Key, Shown, Unit, Wiring, Wishes, choose
from ..gate import Gate
from ..modes import Scope
from ..node import Node
from ..replay import ancestors
from ..tensor import Tensor
from .chain import downstream
from .formulas import role_text
from .parts import Part, Quantity

__all__ = ["Graph", "fused_gates"]

LONGEST = 24  # characters of such a name


def fused_gates(tensor: Tensor) -> tuple[str, ...]:
    """The gates of a graph that it helps to see in simpler ones."""
    nodes = ancestors(tensor.node)
    gates = {node.plan.gate for node in nodes if node.plan is not None}
    return tuple(sorted(g.name for g in gates if g.expand is not None and not g.opened))


class Graph:
    """A traced graph, and for each of its parts what is said about it.

    Parts are gates or closed scopes, `g0`, `g1`, ... and `s0`, `s1`, ... in order of computation;
    quantities are numbered likewise. The numbers do not depend on which scopes are closed.
    """

    def __init__(
        self, tensor: Tensor, expand: Any, names: Any = None, gradient: Any = None,
        decimals: int | None = None,
    ):  # fmt: skip
        self.trace: Trace = follow(tensor, Choice(expand), gradient, names)
        self.wiring = Wiring(self.trace, fold=False)  # every gate has its own step
        self.decimals = decimals
        self.downstream = downstream(self.trace)
        self.scopes = list(self.wiring.sizes)
        self._part_numbers = {node: k for k, node in enumerate(self.wiring.gates)}

    def shown(self, closed: frozenset[Scope]) -> Shown:
        """The view in which these scopes are closed."""
        return Shown(self.wiring, closed)

    def chosen(self, close: tuple[str, ...], max_nodes: int) -> Shown:
        """The view that fits into so many parts."""
        return choose(self.wiring, Wishes(frozenset(close), max_nodes=max_nodes))

    def units(self, shown: Shown) -> dict[Unit, list[Node]]:
        """What is shown as a part, in order of computation, and the gates that it holds."""
        found: dict[Unit, list[Node]] = {}
        for node in self.wiring.gates:
            unit = shown.unit(node)
            if shown.is_kept(unit):
                found.setdefault(unit, []).append(node)
        return found

    # --- quantities --------------------------------------------------------------------------

    @cached_property
    def keys(self) -> dict[Key, int]:
        """A number for every value: leaves when they are used first, then what is made of them."""
        numbers: dict[Key, int] = {}
        for node in self.wiring.gates:
            for _, key in self.wiring.operands[node]:
                numbers.setdefault(key, len(numbers))
            numbers.setdefault(node, len(numbers))
        numbers.setdefault(self.trace.root, len(numbers))
        return numbers

    @cached_property
    def labels(self) -> dict[Key, str]:
        """What every value is called."""
        names: dict[Key, str] = {}
        for key in self.keys:
            names[key] = self._name(key)
        labels = dict(names)
        for key, name in names.items():
            if not name and isinstance(key, Node) and key.plan is not None:
                labels[key] = self._expression(key, names)
            elif not name:
                labels[key] = self._constant(key)
        return labels

    def _name(self, key: Key) -> str:
        if not isinstance(key, Node):
            return key.name
        return self.trace.root_name if key is self.trace.root else self.trace.names.get(key, "")

    def _constant(self, key: Key) -> str:
        array = self.trace.values[key] if isinstance(key, Node) else key.array
        kind = "input" if isinstance(key, Node) and key.requires_grad else "constant"
        return number(array) if np.ndim(array) == 0 else kind

    def _expression(self, node: Node, names: dict[Key, str]) -> str:
        """The gate and the names that go in: w0 × x0, or … + … where those have no name."""
        gate, operands = node.plan.gate, dict(self.wiring.operands[node])  # type: ignore[union-attr]
        parts = [
            Symbol(names[operands[k]] or "…") if k in operands else _literal(node.parents[k])
            for k in range(len(node.parents))
            if node.parents[k] is not None
        ]
        symbol = face(node, self.wiring.folded[node]).symbol
        if symbol.startswith("[") and len(parts) == 1:  # an index stands behind
            text = f"{parts[0]}{symbol}"
        else:
            text = in_words(Symbol(gate, parts), {}, "signs")
        return text if len(text) <= LONGEST else f"{gate.name}(…)"

    @cached_property
    def quantities(self) -> dict[Key, Quantity]:
        """All that flows through the graph."""
        found = {}
        for key, k in self.keys.items():
            node = key if isinstance(key, Node) else None
            value = self.trace.values[node] if node is not None else key.array  # type: ignore[union-attr]
            found[key] = Quantity(
                k, self.labels[key], value,
                gradient=self.trace.grads.get(node) if node is not None else None,
                leaf=node is None or node.plan is None,
                named=bool(self._name(key)),
                tracked=node is not None and node.requires_grad,
            )  # fmt: skip
        return found

    # --- parts -------------------------------------------------------------------------------

    def part(self, unit: Unit) -> Part:
        """A gate, or a scope that is closed, as it is spoken of."""
        if isinstance(unit, Scope):
            return self._closed(unit)
        gate = unit.plan.gate  # type: ignore[union-attr]
        on_it = face(unit, self.wiring.folded[unit])
        return Part(
            f"g{self._part_numbers[unit]}", gate.name, on_it.symbol.replace("\n", " "),
            role_text(unit),
            tuple(map(self._scope_name, self.wiring.paths[unit])),
            source_of(unit), 1,
        )  # fmt: skip

    def _scope_name(self, scope: Scope) -> str:
        fused = scope in self.trace.fused
        return legible(scope.name.replace("_", " ") if fused else scope.name)

    def _closed(self, scope: Scope) -> Part:
        fused = self.trace.fused.get(scope)
        first = next(n for n in self.wiring.gates if scope in self.wiring.paths[n])
        path = self.wiring.paths[first]
        around = tuple(map(self._scope_name, path[: path.index(scope)]))
        held = self.wiring.sizes[scope]
        name = self._scope_name(scope)
        part = Part(f"s{self.scopes.index(scope)}", name, name, "", around, None, held)
        if fused is None:
            role = "a closed box: the gradients at its inputs are worked out inside"
            return replace(part, role=role, symbol=name)
        gate: Gate = fused.plan.gate  # type: ignore[union-attr]
        formula = local_formula(gate)
        role = f"its local gradient is {formula}" if formula else role_text(fused)
        return replace(
            part, symbol=gate.symbol.replace("\n", " "), role=role, source=source_of(fused)
        )


def _literal(constant: Any) -> Symbol:
    return as_symbol(constant) if np.ndim(constant) == 0 else Symbol("…")
