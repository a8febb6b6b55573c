"""Keep NaN and infinity of unused branches out of the gradient.

In `np.where(x > 0, np.log(x), 0)` the logarithm at x = 0 is computed and thrown away. Its upstream
gradient is 0, its local gradient 1/x is infinite, and 0 times infinity is NaN: a wrong gradient
that every engine without this file gives. So gates that select (where, max, clip, indexing) say
which elements they used (`live` in the gate table), and below them the product at an element
that nobody used is 0, whatever the local gradient is. A backward pass does without masks first,
and is done again with them if it gave NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .gate import Edge
from .gates.shape import sum_to
from .node import Node
from .values import Sweep

__all__ = ["MaskedSweep", "Masks", "needs_care"]


class MaskedSweep(Sweep):
    """A backward pass, of any kind, that goes through masks."""

    def __init__(self, sweep: Sweep, masks: Masks):
        super().__init__(sweep.kind)
        self.sweep, self.masks = sweep, masks

    def back(self, node: Node, edge: Edge, g: Any) -> Any:
        """The chain rule at an edge, where values were used; zeros where they were not."""
        downstream = self.sweep.back(node, edge, g)
        return self.masks.pass_on(node, edge, edge.arguments(node), downstream)


class Masks:
    """Which elements of each value were used, for one backward pass."""

    def __init__(self, exposed: set[Node]):
        self.exposed = exposed  # values below which some local gradient may not be finite
        self.used: dict[Node, Any] = {}  # node -> bool array; None when all of it was used

    @classmethod
    def of(cls, order: Sequence[Node]) -> Masks | None:
        """The masks for the nodes of a backward pass; None if there is nothing to mask."""
        exposed: set[Node] = set()
        for node in reversed(order):
            if node.plan is not None and (
                node.plan.gate.singular
                or (
                    node.plan.gate.transparent
                    and any(node.parents[k] in exposed for k in node.plan.positions)
                )
            ):
                exposed.add(node)
        return cls(exposed) if exposed else None

    def pass_on(self, node: Node, edge: Edge, arguments: Sequence[Any], downstream: Any) -> Any:
        """Silence unused elements of a downstream gradient, and note what the parent's were."""
        used = self.used.get(node)
        gate, parent = edge.gate, node.parents[edge.position]
        if used is not None and gate.singular:
            downstream = np.where(used, downstream, 0.0)
        if parent in self.exposed:
            self._note(parent, self._of_operand(node, edge, arguments, used))
        return downstream

    def _of_operand(self, node: Node, edge: Edge, arguments: Sequence[Any], used: Any) -> Any:
        """Which elements of the operand were used, given which of the result were."""
        gate, shape = edge.gate, node.parents[edge.position].shape
        if gate.linear:
            if used is None and not gate.selects:
                return None
            seed = np.ones(node.shape) if used is None else used.astype(float)
            mask = edge.rule(seed, *arguments) != 0
        elif edge.live is not None:
            mask = edge.live(*[arguments[k] for k in edge.live_args])
            if used is not None and gate.elementwise:
                mask = np.logical_and(mask, used)
        else:
            mask = used if gate.elementwise else None
        if mask is None or mask.shape == shape:
            return mask
        return sum_to(np.broadcast_to(mask, node.shape).astype(float), shape) != 0

    def _note(self, parent: Node, mask: Any) -> None:
        if parent not in self.used:
            self.used[parent] = mask
        elif mask is None or self.used[parent] is None:
            self.used[parent] = None
        else:
            self.used[parent] = np.logical_or(self.used[parent], mask)


def needs_care(node: Node) -> bool:
    """Whether zeros that a selecting gate makes can reach the local gradient of another gate."""
    if not node.plan.selects:  # type: ignore[union-attr]
        return False
    parents = [node.parents[k].plan for k in node.plan.positions]  # type: ignore[union-attr]
    return any(plan is not None and plan.gate.transparent for plan in parents)
