"""What is remembered of one recorded value: the computation graph is made of these.

A `Tensor` is a handle that the user holds and may move on to a new value; a `Node` is the
record of one value and never changes its meaning. Edges lead from node to node, so a picture
or a gradient speaks of the values as they were when the expression ran.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from .lines import Place
from .modes import Scope

if TYPE_CHECKING:
    from .gate import Gate, Plan
    from .leaf import GradSlot

__all__ = ["ArrayNode", "Node"]

next_number = count(1).__next__  # atomic, so threads may record at the same time


class Node:
    """One value of the graph and how it was made."""

    __slots__ = ("name", "number", "parents", "plan", "saved", "site", "slot", "value")

    plan: Plan | None  # the gate with its local gradients; None for a leaf or a constant
    parents: tuple[Any, ...]  # one entry per operand, in order: a Node, or the constant itself
    saved: tuple[Any, ...]  # what the local gradients need, and nothing else
    value: Any  # the array of a leaf, the number of an inner scalar; None for inner arrays
    number: int  # order of creation: parents come before the values made from them
    site: Any  # where the gate was called: a Scope, or a Place that has one, or None
    slot: GradSlot | None
    name: str | None
    shape: tuple[int, ...] = ()  # and dtype: a float64 scalar, unless an ArrayNode says other
    dtype: np.dtype[Any] = np.dtype(np.float64)
    static: dict[str, Any] | None = None  # keyword arguments of the gate, such as axis

    @property
    def gate(self) -> Gate | None:
        """The gate that made this value; None for a leaf."""
        return self.plan.gate if self.plan is not None else None

    @property
    def scope(self) -> Scope | None:
        """The innermost box around the gate."""
        site = self.site
        return site.scope if isinstance(site, Place) else site

    @property
    def place(self) -> Place | None:
        """The place in the program that called the gate; None where none was noted."""
        return self.site if isinstance(self.site, Place) else None

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to (or through) this value."""
        return self.plan is not None or self.slot is not None

    @property
    def closures(self) -> tuple[Callable[[Any], Any] | None, ...]:
        """One local backward closure per parent: upstream gradient in, downstream out.

        None stands beside a parent that needs no gradient. Closures hold arrays as they were.
        """
        if self.plan is None:
            return ()
        edges = {edge.position: partial(edge.back, self) for edge in self.plan.edges}
        return tuple(edges.get(k) for k in range(len(self.parents)))

    def __repr__(self) -> str:
        what = self.plan.gate.name if self.plan else ("leaf" if self.slot else "constant")
        name = f" {self.name!r}" if self.name else ""
        return f"<Node {self.number}{name}: {what} {self.shape} {self.dtype}>"


class ArrayNode(Node):
    """The node of any value: of an array, of a leaf, of what a gate with keyword arguments made."""

    __slots__ = ("dtype", "shape", "static")
