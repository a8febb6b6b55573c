"""A recorded graph with all that flows through it: the values, the gradients, and who uses what."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

from ..backward import backpropagate
from ..gate import Edge
from ..modes import computing_with
from ..node import Node
from ..replay import ancestors, operand_values, values
from ..tensor import Tensor, ones
from ..values import ARRAYS
from .places import is_finite

__all__ = ["Flow"]


class Flow:
    """The graph behind a loss. Values are computed again; no `.grad` is read or changed."""

    def __init__(self, loss: Tensor):
        self.root = loss.node
        self.order = ancestors(self.root)  # of creation
        with np.errstate(all="ignore"), computing_with(ARRAYS):
            self.values: dict[Node, Any] = values(self.order)
            tracked = loss.requires_grad
            self.grads = backpropagate(self.root, ones(loss), self.order) if tracked else {}
        self.grads.setdefault(self.root, ones(loss))

    @cached_property
    def users(self) -> dict[Node, list[tuple[Node, Edge]]]:
        """The gates that a value flows into, with the edges on which its gradient comes back."""
        found: dict[Node, list[tuple[Node, Edge]]] = {}
        for node in self.order:
            for edge in node.plan.edges if node.plan is not None else ():
                found.setdefault(node.parents[edge.position], []).append((node, edge))
        return found

    @cached_property
    def leaves(self) -> dict[int, list[Node]]:
        """The leaves that gradients are collected for, by the id of the slot that they share."""
        found: dict[int, list[Node]] = {}
        for node in self.order:
            if node.plan is None and node.slot is not None:
                found.setdefault(id(node.slot), []).append(node)
        return found

    @cached_property
    def constants(self) -> list[tuple[Node, int, Any]]:
        """What enters gates without a gradient: the gate, the position, and the array."""
        return [
            (node, k, x.value if isinstance(x, Node) else x)
            for node in self.order
            for k, x in enumerate(node.parents)
            if not isinstance(x, Node) or (x.plan is None and x.slot is None)
        ]

    def operands(self, node: Node) -> list[Any]:
        """The values that a gate was given."""
        return operand_values(node, self.values)

    def gradient(self, leaves: list[Node]) -> Any:
        """The gradient by a tensor that may have several leaves, as after a step; None without."""
        found = [self.grads[x] for x in leaves if x in self.grads]
        with np.errstate(all="ignore"):
            return sum(found[1:], np.asarray(found[0])) if found else None

    def contribution(self, node: Node, edge: Edge) -> Any:
        """The downstream gradient at one edge, before sums over what was broadcast."""
        with np.errstate(all="ignore"), computing_with(ARRAYS):
            return edge.back(node, self.grads[node])

    def local(self, node: Node, edge: Edge) -> Any:
        """The local gradient of an elementwise gate."""
        with np.errstate(all="ignore"), computing_with(ARRAYS):
            return edge.rule(*edge.arguments(node))

    def is_dead(self, node: Node) -> bool:
        """Whether no gradient arrives at a value: all of it is 0."""
        g = self.grads.get(node)
        return g is not None and not np.any(g)

    def is_finite(self, node: Node) -> bool:
        """Whether there is no NaN and no infinity in a value."""
        return is_finite(self.values[node])

    def way_back(self, leaf: Node) -> list[tuple[Node, Edge]]:
        """The edges from a leaf to the loss, where the largest gradients come from."""
        found: list[tuple[Node, Edge]] = []
        node = leaf
        while node is not self.root and (users := self.users.get(node)):
            user, edge = max(users, key=lambda pair: self.size(pair[0]))
            found.append((user, edge))
            node = user
        return found

    def size(self, node: Node) -> float:
        """The norm of the gradient that arrives at a value."""
        g = self.grads.get(node)
        return norm(g) if g is not None else 0.0


def norm(x: Any) -> float:
    """The length of an array as a vector, in double precision."""
    array = np.abs(np.asarray(x)).astype(float)
    largest = float(array.max(initial=0.0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.sum(np.square(array / largest))))


def rms(x: Any) -> float:
    """The root of the mean square of the elements."""
    return norm(x) / math.sqrt(max(np.size(x), 1))
