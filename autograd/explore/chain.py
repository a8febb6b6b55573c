"""The chain rule, edge by edge: which gradient each gate hands to each of its operands.

The engine adds gradients up as soon as they arrive. To explain it they are needed one by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import reachable
from ..complexes import real_part
from ..draw.trace import Trace
from ..gates.shape import astype, sum_to
from ..masks import Masks
from ..node import Node

__all__ = ["Downstream", "downstream", "local_gradient"]

Downstream = dict[tuple[Node, int], Any]  # by gate and position of the operand


def downstream(trace: Trace) -> Downstream:
    """What each operand gets from each gate, going back; sums of it are the gradients."""
    found: Downstream = {}
    if not trace.grads or trace.root.plan is None:
        return found
    order = reachable(trace.root)
    masks = Masks.of(order)
    with np.errstate(all="ignore"):
        for node in order:
            for edge in node.plan.edges:  # type: ignore[union-attr]
                g = edge.back(node, trace.grads[node])
                if masks is not None:
                    g = masks.pass_on(node, edge, edge.arguments(node), g)
                parent = node.parents[edge.position]
                g = g if g.shape == parent.shape else sum_to(g, shape=parent.shape)
                if g.dtype != parent.dtype:
                    g = astype(real_part(g, parent.dtype), dtype=parent.dtype)
                found[node, edge.position] = g
    return found


def local_gradient(node: Node, position: int) -> Any:
    """The local gradient at an operand: d out / d operand; None if it is no number for each place.

    That is what a gate makes of an upstream gradient of 1.
    """
    plan = node.plan
    edge = next((e for e in plan.edges if e.position == position), None) if plan else None
    if edge is None:
        return None
    with np.errstate(all="ignore"):
        if edge.gate.times:
            local = np.asarray(edge.rule(*edge.arguments(node)))
            return local[()] if local.dtype.kind == "c" else local.astype(node.dtype)[()]
        if node.shape == () and node.parents[position].shape == ():
            return edge.apply(node.dtype.type(1), edge.arguments(node))
    return None
