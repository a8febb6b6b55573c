"""Leaves: values that no gate made, such as parameters, and where their gradients are kept."""

from __future__ import annotations

from typing import Any

from .node import ArrayNode, Node, next_number

__all__ = ["GradSlot", "leaf_node"]

NOTHING: tuple[Any, ...] = ()


class GradSlot:
    """Where the gradient of a leaf is kept: shared by a tensor and the nodes of its values.

    Neither side owns the other, so there is no reference cycle between tensor and node.
    """

    __slots__ = ("grad", "of_parameter")

    def __init__(self, of_parameter: bool = False) -> None:
        self.grad: Any = None
        self.of_parameter = of_parameter  # pictures tell parameters from other variables


def leaf_node(data: Any, slot: GradSlot | None, name: str | None) -> Node:
    """The node of a value that no gate made; with a slot it is a variable, else a constant."""
    node = ArrayNode()
    node.plan = None
    node.parents = node.saved = NOTHING
    node.static = node.site = None
    node.shape, node.dtype, node.value = data.shape, data.dtype, data
    node.number, node.slot, node.name = next_number(), slot, name
    return node
