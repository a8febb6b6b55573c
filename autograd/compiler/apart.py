"""Apart: what a function given to `fresh` computes with while the function around it is traced.

It runs at its place in the function, but a program reads all tensors first and puts all new values
in place last. So it must not look at what the function has changed before, nor change what the
function reads: both are refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import TraceError
from ..gate import Gate
from ..leaf import GradSlot
from ..modes import Scope
from ..node import Node
from ..tensor import Tensor
from ..values import Kind

if TYPE_CHECKING:
    from .program import Program

__all__ = ["Apart"]


class Around(Protocol):
    """The trace around it."""

    def reads(self, x: Tensor | GradSlot) -> bool:
        """Whether the function has read or set the value of a tensor, or a gradient."""

    def has_changed(self, x: Tensor | GradSlot) -> bool:
        """Whether it has set it."""


class Apart(Kind):
    """Plain arrays. It notes the tensors and gradients that are looked at, and how they were."""

    eager = False

    def __init__(self, trace: Around):
        self.trace = trace
        self._seen: dict[int, tuple[Tensor | GradSlot, Any]] = {}

    def enter(self, gate: Gate, operands: Sequence[Any], scope: Scope | None) -> Sequence[Any]:
        """A gate is called: it reads its operands."""
        for x in operands:
            if isinstance(x, Tensor):
                self._see(x)
        return operands

    def here(self, tensor: Tensor, value: bool = True) -> Tensor:
        """A tensor stands for itself."""
        if value:
            self._see(tensor)
        return tensor

    def slot(self, slot: GradSlot, cleared: bool = False) -> GradSlot:
        """So does a gradient."""
        self._see(slot)
        return slot

    def gradient(self, node: Node) -> Any:
        """The gradient at a leaf."""
        return None if node.slot is None else self.slot(node.slot).grad

    def used(self, program: Program) -> None:
        """A program has run here."""
        for given in program.inputs:
            if given.kind in ("tensor", "grad"):
                self._see(given.source)
        for output in program.outputs:
            if output.kind in ("tensor", "grad"):
                self._see(output.source)
                self._seen[id(output.source)] = output.source, None

    def check(self, x: Tensor | GradSlot | None = None) -> None:
        """Raise TraceError if what the function reads was changed here: `x`, or anything."""
        seen = self._seen.values() if x is None else [self._seen.get(id(x), (x, _value(x)))]
        for thing, before in seen:
            if _value(thing) is not before and (x is not None or self.trace.reads(thing)):
                raise TraceError(
                    f"compile: a function given to fresh changes {_told(thing)}, which the "
                    "function around it reads; a program has read it by then. Do it outside of "
                    "the compiled function"
                )

    def _see(self, x: Tensor | GradSlot) -> None:
        if self.trace.has_changed(x):
            raise TraceError(
                f"compile: a function given to fresh looks at {_told(x)}, which the function "
                "around it has changed before; a program puts new values in place at its end. "
                "Pass it what it needs as an argument, as in ag.fresh(draw, p)"
            )
        self._seen.setdefault(id(x), (x, _value(x)))


def _value(x: Tensor | GradSlot) -> Any:
    return x._array if isinstance(x, Tensor) else x.grad


def _told(x: Tensor | GradSlot) -> str:
    return (x.name or "a tensor") if isinstance(x, Tensor) else "a gradient"
