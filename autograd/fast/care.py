"""Which backward passes can do without a look for NaN: most nets, though they have ReLUs.

Where a gate selects, zeros may meet the infinities of other gates (see masks.py), and the plain
engine looks whether they did. Here passes are told apart for which they cannot.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..node import Node

__all__ = ["may_meet_infinities", "needs_care"]

FAR = 64  # so many gates are looked at; behind more, something is taken to be singular


def needs_care(order: Sequence[Node]) -> bool:
    """Whether zeros of a selecting gate may meet infinities, for the nodes of a backward pass."""
    above: set[Node] = set()  # values whose gradient may be infinite
    for node in order:
        plan = node.plan
        assert plan is not None
        if plan.selects and (node in above or may_meet_infinities(node)):
            return True
        if plan.singular or node in above:
            above.update(node.parents[k] for k in plan.positions)
    return False


def may_meet_infinities(node: Node) -> bool:
    """Whether zeros of a selecting gate may meet the infinities of gates below it.

    They are in what leads to its operands. What is above it cannot be seen here, and is assumed
    of what is not the sum over many operands that a layer gives.
    """
    for edge in node.plan.edges:  # type: ignore[union-attr]
        parent = node.parents[edge.position]
        if parent.plan is None:
            if edge.live is not None:
                return True
        elif parent.plan.gate.transparent or _singular_below(parent):
            return True
    return False


def _singular_below(node: Node) -> bool:
    """Whether a value was made with a gate of which some local gradient may be infinite."""
    found = [node]
    for seen in found:  # grows on the way
        plan = seen.plan
        if plan is None:
            continue
        if plan.singular or len(found) > FAR:
            return True
        found += [seen.parents[k] for k in plan.positions]
    return False
