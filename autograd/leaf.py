"""Leaves: values that no gate made, such as parameters, and where their gradients are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .node import ArrayNode, Node, next_number

__all__ = ["GradSlot", "filled", "is_lent", "leaf_node", "lend", "retain"]

NOTHING: tuple[Any, ...] = ()


class GradSlot:
    """Where the gradient of a leaf is kept: shared by a tensor and the nodes of its values.

    Neither side owns the other, so there is no reference cycle between tensor and node.
    """

    __slots__ = ("grad", "hooks", "lent", "of_parameter", "retained")

    def __init__(self, of_parameter: bool = False, retained: bool = True) -> None:
        self.grad: Any = None
        self.retained = retained  # whether it is filled: an inner value may have hooks alone
        self.hooks: dict[Any, Callable[[Any], Any]] | None = None  # see hooks.py
        self.of_parameter = of_parameter  # pictures tell parameters from other variables
        self.lent = False  # whether it belongs to a call of grad or its kin: see `lend`


def retain(node: Node) -> None:
    """Fill the gradient of a node at each backward pass from now on."""
    node.slot = node.slot or GradSlot()
    node.slot.retained = True


def lend(node: Node) -> None:
    """Note that a leaf stands for an argument, and a derivative by it is asked once f returns.

    What records nothing, as a compiled function, must not be given it: the result would be a
    constant, and the derivative wrong.
    """
    node.slot = node.slot or GradSlot()
    node.slot.lent = True


def is_lent(node: Node) -> bool:
    """Whether a derivative by this leaf is asked later."""
    return node.slot is not None and node.slot.lent


def filled(node: Node) -> GradSlot | None:
    """Where the gradient of a leaf, or of an inner value that retains it, is to be put."""
    return node.slot if node.slot is not None and node.slot.retained else None


def leaf_node(
    data: Any, slot: GradSlot | None, name: str | None, kind: type[ArrayNode] = ArrayNode
) -> Any:
    """The node of a value that no gate made; with a slot it is a variable, else a constant."""
    node = kind()
    node.plan = None
    node.parents = node.saved = NOTHING
    node.static = node.site = None
    node.shape, node.dtype, node.value = data.shape, data.dtype, data
    node.number, node.slot, node.name = next_number(), slot, name
    return node
