"""Compute a recorded graph again, from its leaves: the values of every gate on the way.

The graph itself keeps only what gradients need. Pictures and checks want all the values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .arrays import Array
from .node import Node

__all__ = ["ancestors", "operand_values", "values"]


def ancestors(root: Node) -> list[Node]:
    """All nodes that `root` was computed from, constants included, in order of creation."""
    found, todo = {root}, [root]
    while todo:
        for parent in todo.pop().parents:
            if isinstance(parent, Node) and parent not in found:
                found.add(parent)
                todo.append(parent)
    return sorted(found, key=lambda node: node.number)


def operand_values(node: Node, known: dict[Node, Array]) -> list[Any]:
    """The operands of a gate: values of nodes, and constants as they are."""
    return [known[parent] if isinstance(parent, Node) else parent for parent in node.parents]


def values(nodes: Iterable[Node]) -> dict[Node, Array]:
    """The value of every node, computed anew; `nodes` as `ancestors` gives them."""
    known: dict[Node, Array] = {}
    for node in nodes:
        if node.plan is None or node.value is not None:
            known[node] = node.value
        else:
            operands = operand_values(node, known)
            known[node], _ = node.plan.gate.compute(operands, node.static or {}, None)
    return known
