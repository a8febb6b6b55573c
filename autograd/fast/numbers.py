"""The node of a scalar: graphs of numbers have a gate per addition, so each is kept small.

Python's garbage collector goes through all that can hold other objects, again and again while a
graph grows. Here the two operands have no tuple around them, and nothing is saved twice: operands
and result are numbers of the graph.
"""

from __future__ import annotations

from typing import Any

from ..node import Node

__all__ = ["NumberNode"]


class NumberNode(Node):
    """The node of a single float64 that a gate made of one or two others."""

    __slots__ = ()

    # the operands, each a Node if gradients flow to it, else the number itself: they lie where
    # other nodes have their tuples
    x = Node.__dict__["parents"]
    y = Node.__dict__["saved"]

    @property
    def parents(self) -> tuple[Any, ...]:  # type: ignore[override]
        """The operands: nodes, or numbers."""
        both = len(self.plan.gate.operands) == 2  # type: ignore[union-attr]
        return (self.x, self.y) if both else (self.x,)

    @property
    def saved(self) -> tuple[Any, ...]:  # type: ignore[override]
        """What the local gradients need."""
        operands = [x.value if isinstance(x, Node) else x for x in self.parents]
        needs = self.plan.layout  # type: ignore[union-attr]
        return tuple(operands[key] if kind == "operand" else self.value for kind, key in needs)
