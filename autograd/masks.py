"""Keep NaN and infinity of unused branches out of the gradient.

In `np.where(x > 0, np.log(x), 0)` the logarithm at x = 0 is computed and thrown away. Its upstream
gradient is 0, its local gradient 1/x is infinite, and 0 times infinity is NaN: a wrong gradient
that every engine without this file gives. In `np.sqrt(np.maximum(x, 0))` it is the other way
around: at x = -1 the root's local gradient is infinite, and maximum gives x no part of it. So gates
that select (where, max, clip, indexing) say which elements they used (`live` in the gate table),
and the gradient of an element that nobody used is 0, whatever arrives and whatever the local
gradients are. A backward pass does without masks first, and is done again with them if it gave NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .gate import Edge, Gate
from .gates.shape import sum_to
from .node import Node
from .standins import concrete
from .tensor import Tensor
from .values import Sweep

__all__ = ["SILENT", "MaskedSweep", "Masks"]

# where zeros may meet infinities, these are no errors
SILENT: Any = {"divide": "ignore", "invalid": "ignore", "over": "ignore"}


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
                _may_be_infinite(node.plan.gate)
                or any(node.parents[k] in exposed for k in node.plan.positions)
            ):
                exposed.add(node)
        selects = any(node.plan is not None and node.plan.selects for node in order)
        return cls(exposed) if selects else None

    def pass_on(self, node: Node, edge: Edge, arguments: Sequence[Any], downstream: Any) -> Any:
        """Silence unused elements of a downstream gradient, and note what the parent's were."""
        used, parent = self.used.get(node), node.parents[edge.position]
        silences = not edge.gate.linear and not (used is None and edge.live is None)
        if not silences and parent not in self.exposed:
            return downstream
        mask = self._of_operand(node, edge, arguments, used)
        if parent in self.exposed:
            self._note(parent, mask, node.shape if edge.gate.elementwise else ())
        if silences and mask is not None:
            downstream = _kept(downstream, np.logical_or(mask, _is_zero(downstream)))
        return downstream

    def _of_operand(self, node: Node, edge: Edge, arguments: Sequence[Any], used: Any) -> Any:
        """Which elements of the operand were used, given which of the result were."""
        gate, live = edge.gate, None
        if edge.live is not None:
            live = (
                edge.rule(*arguments) != 0  # 0 also at a tie with a constant
                if gate.times
                else edge.live(*[arguments[k] for k in edge.live_args])
            )
            live = np.bool_(live) if live.__class__ is bool else live  # of a condition in Python
        if gate.elementwise:
            return used if live is None else live if used is None else np.logical_and(live, used)
        if used is None and not (gate.linear and gate.selects):
            return live
        seed = np.ones(node.shape) if used is None else _without_zeros(used.astype(float)) * used
        try:
            return self._reached(edge, arguments, live, seed)
        except np.linalg.LinAlgError:  # there is no such derivative
            return live

    def _reached(self, edge: Edge, arguments: Sequence[Any], live: Any, seed: Any) -> Any:
        """Which elements of the operand a gradient of these numbers reaches."""
        gate = edge.gate
        if live is not None:  # who competes: all, if they are equal; NaN would have no winner
            return np.logical_and(live, edge.rule(seed, *map(_equal, arguments)) != 0)
        reached = edge.rule(seed, *arguments)
        if gate.linear:
            return reached != 0
        reached = np.logical_and(reached != 0, np.logical_not(np.isnan(reached)))
        return np.logical_or(reached, edge.rule(seed, *map(_without_zeros, arguments)) != 0)

    def _note(self, parent: Node, mask: Any, shape: tuple[int, ...]) -> None:
        if mask is not None and mask.shape != parent.shape:
            whole = np.broadcast_to(mask, np.broadcast_shapes(mask.shape, shape))
            mask = sum_to(whole.astype(float), parent.shape) != 0
        if parent not in self.used:
            self.used[parent] = mask
        elif mask is None or self.used[parent] is None:
            self.used[parent] = None
        else:
            self.used[parent] = np.logical_or(self.used[parent], mask)


def _may_be_infinite(gate: Gate) -> bool:
    """Whether a local gradient of the gate may not be finite; constants may be infinite too."""
    return gate.singular or not gate.transparent


def _equal(value: Any) -> Any:
    """Equal numbers in place of floats."""
    floats = getattr(getattr(value, "dtype", None), "kind", "") in ("f", "c")
    return np.zeros(value.shape, value.dtype)[()] if floats else value


def _without_zeros(value: Any) -> Any:
    """Positive numbers in place of floats: what depends on what, not which values happen to be 0.

    They follow the golden ratio, so that sums and differences of few do not cancel.
    """
    if getattr(getattr(value, "dtype", None), "kind", "") not in ("f", "c"):
        return value
    numbers = np.arange(1, value.size + 1) * 0.6180339887498949 % 1 + 0.5
    return numbers.reshape(value.shape).astype(value.dtype)[()]


def _kept(g: Any, mask: Any) -> Any:
    """A gradient where the mask is set, 0 elsewhere; laid out in memory as it is without masks.

    Sums have other last bits in another order. Of arrays in several orders NumPy takes C order.
    """
    order = _axes_in_memory(concrete(g._array if isinstance(g, Tensor) else g), g.ndim)
    if order == sorted(order):
        return np.where(mask, g, 0.0)
    turned = np.where(np.transpose(mask, order), np.transpose(g, order), 0.0)
    return np.transpose(turned, sorted(range(g.ndim), key=order.__getitem__))


def _axes_in_memory(x: Any, ndim: int) -> list[int]:
    """The last `ndim` axes of an array, the one with the largest steps in memory first."""
    shape, strides, order = x.shape[-ndim:], x.strides[-ndim:], [*range(ndim)]
    stepping = [k for k in order if shape[k] > 1 and strides[k]]
    by_step = sorted(stepping, key=lambda k: -abs(strides[k]))
    for place, k in zip(stepping, by_step, strict=True):
        order[place] = k
    return order


def _is_zero(g: Any) -> Any:
    """Where a gradient is 0 as it is: what was not used in a pass that needs no masks. Left alone,
    zeros have the same signs, and the same second derivatives, whatever happens elsewhere."""
    return (g.detach() if isinstance(g, Tensor) else g) == 0
