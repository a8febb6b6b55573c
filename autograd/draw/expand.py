"""Put simpler gates in the place of a fused one, in a copy of the graph.

A gate such as the sigmoid can say how it would be written in simpler gates. That is recorded
here as fresh nodes on top of the user's leaves, and all other gates are copied, so that the order
of creation stays that of the program. The user's nodes are never written to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Array
from ..gate import GATES, Gate
from ..modes import MODE, Mode, Scope
from ..node import ArrayNode, Node, next_number
from ..replay import ancestors, operand_values, values
from ..tensor import Tensor, recorded_tensor
from ..values import ARRAYS
from .errors import DrawError
from .outline import Outline, blank

__all__ = ["Choice", "Expanded", "expand", "gates_inside", "names_of"]

SLOTS = {*Node.__slots__, *ArrayNode.__slots__} - {"number", "parents"}


class Choice:
    """Which gates are drawn in simpler ones: as asked for, and those that always are.

    Other names are those of scopes, which stay open where others are drawn as one box.
    """

    def __init__(self, wanted: bool | str | Iterable[str] = False, compact: bool = False):
        self.compact = compact
        self.everything = wanted is True
        names = () if isinstance(wanted, bool) else names_of("expand", wanted)
        can = {name for name, gate in GATES.items() if gate.expand is not None}
        self.names = can.intersection(names)
        self.scopes = frozenset(names) - can  # boxes that are to stay open

    def boxed(self, gate: Gate) -> bool:
        """Whether the simpler gates get a box with the name of the fused one."""
        return gate.name in self.names or (self.everything and gate.opened != "always")

    def covers(self, gate: Gate) -> bool:
        """Whether this gate is drawn in simpler ones."""
        if gate.expand is None or self.compact:
            return False
        return self.boxed(gate) or gate.opened == "always"


def names_of(option: str, given: Any) -> tuple[str, ...]:
    """The names that an option holds: one, or several. Raises DrawError for anything else."""
    if isinstance(given, str):
        return (given,)
    names = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(name, str) for name in names):
        raise DrawError(f"draw: {option}={given!r}; expected a name, or several in a list")
    return names


@dataclass
class Expanded:
    """A graph with its values; `fused` tells which gate stood where a scope is now."""

    root: Node
    nodes: list[Node]
    values: dict[Node, Array]
    names: dict[Node, str]
    fused: dict[Scope, Node] = field(default_factory=dict)


def expand(graph: Expanded, choice: Choice, bare: bool = False) -> Expanded:
    """The graph with the chosen gates in simpler ones, and those in simpler ones again.

    bare   only shapes are known
    """
    while any(node.plan is not None and choice.covers(node.plan.gate) for node in graph.nodes):
        graph = _one_level(graph, choice, bare)
    return graph


def _one_level(graph: Expanded, choice: Choice, bare: bool) -> Expanded:
    new: dict[Node, Node] = {}
    fused = dict(graph.fused)
    for node in graph.nodes:
        if node.plan is None:
            continue
        parents = tuple(new.get(p, p) if isinstance(p, Node) else p for p in node.parents)
        if choice.covers(node.plan.gate):
            site = node.site
            if choice.boxed(node.plan.gate):
                scope = Scope(node.plan.gate.name, parent=node.scope)
                fused[scope] = node
                site = site.moved(scope) if node.place is not None else scope
            new[node] = _in_simpler_gates(node, parents, graph.values, site, bare)
        else:
            new[node] = _copy(node, parents)
    root = new.get(graph.root, graph.root)
    nodes = ancestors(root)
    names = {new.get(node, node): name for node, name in graph.names.items()}
    if bare:
        return Expanded(root, nodes, {n: blank(n.shape, n.dtype) for n in nodes}, names, fused)
    with np.errstate(all="ignore"):
        return Expanded(root, nodes, values(nodes), names, fused)


def _in_simpler_gates(
    node: Node,
    parents: tuple[Any, ...],
    known: dict[Node, Array],
    site: Any,
    bare: bool = False,
) -> Node:
    """Record what the gate of `node` would be in simpler gates; gives the node of the result."""
    gate = node.plan.gate  # type: ignore[union-attr]
    operands = [_handle(p, v) for p, v in zip(parents, operand_values(node, known), strict=True)]
    token = MODE.set(Mode(recording=True, site=site, kind=Outline() if bare else ARRAYS))
    try:
        with np.errstate(all="ignore"):
            given = [operands] if gate.variadic else operands
            result = gate.expand(*given, **(node.static or {}))  # type: ignore[misc]
    finally:
        MODE.reset(token)
    return result.node  # type: ignore[no-any-return]


def _handle(parent: Any, value: Array) -> Any:
    """A tensor for the operand of an expansion; constants that are no nodes stay as they are."""
    if not isinstance(parent, Node):
        return parent
    handle: Tensor = recorded_tensor(value, parent)
    handle._tracked = parent.requires_grad
    return handle


def _copy(node: Node, parents: tuple[Any, ...]) -> Node:
    """The same node with other parents, created now."""
    copy = ArrayNode()
    for slot in SLOTS:
        setattr(copy, slot, getattr(node, slot))
    copy.parents, copy.number = parents, next_number()
    return copy


def gates_inside(node: Node, known: dict[Node, Array]) -> int:
    """How many simpler gates the gate of `node` stands for."""
    if node.plan is None or node.plan.gate.expand is None:
        return 0
    scope = Scope(node.plan.gate.name)
    result = _in_simpler_gates(node, node.parents, known, scope)
    return sum(made.scope is scope for made in ancestors(result))
