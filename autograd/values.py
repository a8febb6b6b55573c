"""Kinds of values: what gates compute with, and what gradients are made of.

Values are plain arrays, or stand-ins that write down what happens to them while a function is
compiled, or shapes alone, in an outline. What flows back is an array, a tensor to be differentiated
again, many gradients at once, or a gradient with a mask. Gates and rules never ask. What differs is
said here, in a `Kind` for what gates compute with and a `Sweep` for what flows back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .gate import Edge, Gate, Plan
    from .leaf import GradSlot
    from .modes import Scope
    from .node import Node
    from .tensor import Tensor

__all__ = ["ARRAYS", "Kind", "RecordedSweep", "Sweep"]


class Kind:
    """Plain arrays: gates compute at once, and nobody else wants to know.

    A mode holds one (modes.py); `compiler.trace` overrides all of it, others a few methods."""

    names_gradients = False  # whether `made` and `arrived` are to be called
    eager = True  # whether the program sees values, and what it does takes place at once

    def enter(self, gate: Gate, operands: Sequence[Any], scope: Scope | None) -> Sequence[Any]:
        """A gate is called; gives the operands that it is to be called with."""
        return operands

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """The result of a gate, and what an accelerator's rules want beside."""
        return gate.compute(values, static, plan)

    def made(self, result: Tensor) -> None:
        """A gate has recorded its result."""

    def back(self, node: Node, edge: Edge, g: Any, arguments: Any = None) -> Any:
        """The downstream gradient at an edge; `arguments` of the rule if not the saved arrays."""
        return edge.back(node, g) if arguments is None else edge.apply(g, arguments)

    def along(self, node: Node, edge: Edge) -> None:
        """A tangent goes through an edge, in a pass of forward mode."""

    def arrived(self, parent: Node, g: Any) -> None:
        """The gradient with respect to a value, as far as it has been added up."""

    def leave(self, finite: Iterable[Any] | None = None) -> None:
        """A pass over the graph is over. `finite`: gradients that were right as none holds NaN."""

    def slot(self, slot: GradSlot, cleared: bool = False) -> GradSlot:
        """Where the gradient of a leaf is kept; `cleared`: whatever it was, it is set now."""
        return slot

    def gradient(self, node: Node) -> Any:
        """The gradient that the program sees at a leaf; None if there is none."""
        return node.slot.grad if node.slot is not None else None

    def here(self, tensor: Tensor, value: bool = True) -> Tensor:
        """What stands for a tensor, of which the `value` is read or set, or something else."""
        return tensor

    def born(self, tensor: Tensor) -> None:
        """The program makes a tensor of a value."""

    def constant(self, value: Any) -> Any:
        """A value that does not depend on any other."""
        return value

    def setting(self, owner: Any, name: str) -> Any:
        """The number `owner.name`, such as a step size."""
        return getattr(owner, name)


ARRAYS = Kind()


class Sweep:
    """One backward pass: how gradients go through edges. These are plain arrays."""

    def __init__(self, kind: Kind):
        self.kind = kind

    def back(self, node: Node, edge: Edge, g: Any) -> Any:
        """The chain rule at an edge: the upstream gradient in, the downstream gradient out."""
        return self.kind.back(node, edge, g)


class RecordedSweep(Sweep):
    """A pass that records gates: its gradients are tensors and can be differentiated again."""

    def back(self, node: Node, edge: Edge, g: Any) -> Any:
        """The rule, given the node's operands and result as tensors that belong to the graph."""
        return self.kind.back(node, edge, g, edge.recorded_arguments(node))
