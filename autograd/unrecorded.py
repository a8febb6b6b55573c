"""Values that depend on a variable, though nobody recorded how: compiled functions give them.

What is computed from one is unrecorded, too. Where it meets a value that is recorded, a gate
refuses, for the gradient would lack its part without a word; `t.detach()` says that this is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .arrays import Array
from .errors import GraphError
from .leaf import leaf_node
from .node import ArrayNode
from .tensor import Tensor, constant_tensor

__all__ = ["among", "check_recorded", "constant_of", "unrecorded"]


class Unrecorded(ArrayNode):
    """The node of such a value."""

    __slots__ = ("by",)
    by: str  # the function that gave it


def unrecorded(data: Array, by: str) -> Tensor:
    """A tensor around what the function `by` gave, or what was computed from that."""
    tensor = constant_tensor(data)
    tensor._node = node = leaf_node(tensor._array, None, None, Unrecorded)
    node.by = by
    return tensor


def among(parents: Sequence[Any]) -> Unrecorded | None:
    """The first unrecorded value among the parents, if there is one."""
    return next((node for node in parents if node.__class__ is Unrecorded), None)


def constant_of(data: Array, parents: Sequence[Any]) -> Tensor:
    """What a gate computed from these parents without recording it."""
    source = among(parents)
    return unrecorded(data, source.by) if source else constant_tensor(data)


def check_recorded(parents: Sequence[Any], gate: str) -> None:
    """Raise GraphError if one of the parents of a gate that is recorded is unrecorded."""
    if source := among(parents):
        raise GraphError(
            f"{gate}: an operand comes from the compiled function {source.by}, which records "
            "nothing, so the gradient would lack its part; compile the whole computation, as "
            "ag.compile(ag.value_and_grad(f)) does, or use t.detach() for a constant"
        )
