"""A call of a function as one gate: what it depends on, and its gradient by that.

The function runs as it is, and the graph that it records tells which values from outside it was
made of: arguments, and whatever it reads. Those are the operands of the gate; the graph is let go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..backward import go
from ..gate import Gate
from ..masks import SILENT, MaskedSweep, Masks
from ..modes import MODE
from ..node import ArrayNode, Node, next_number
from ..tensor import Tensor, recorded_tensor
from ..values import Sweep

__all__ = ["Work", "as_gate", "operands_of", "pull_back", "row"]


class Work:
    """What is done in a gate of this kind; `gradients` gives those by all operands."""

    operands: list[Node]  # what it was made of

    def __init__(self) -> None:
        self._last: Any = None

    def value(self) -> Any:
        """The result, worked out again."""
        raise NotImplementedError

    def gradients(self, g: Any, out: Any) -> list[Any]:
        """The gradients by the operands for the upstream gradient g; `out` is the result."""
        raise NotImplementedError

    def gradient(self, g: Any, out: Any, position: int) -> Any:
        """That by one of the operands; they are worked out together, for the first of them."""
        if self._last is None or self._last[0] is not g or position not in self._last[1]:
            self._last = g, dict(enumerate(self.gradients(g, out)))
        found = self._last[1]
        mine = found.pop(position)
        if not found:
            self._last = None
        node = self.operands[position]
        return np.zeros(node.shape, node.dtype) if mine is None else mine


def made_since(start: int, root: Node) -> list[Node]:
    """The values behind `root` that gates made after the number `start`, the last first."""
    found = [root] if root.plan is not None and root.number > start else []
    seen = set(found)
    for node in found:  # grows on the way
        for position in node.plan.positions:  # type: ignore[union-attr]
            parent = node.parents[position]
            if parent.plan is not None and parent.number > start and parent not in seen:
                seen.add(parent)
                found.append(parent)
    return sorted(found, key=lambda node: node.number, reverse=True)


def operands_of(root: Node, start: int) -> list[Node]:
    """The tracked values made up to the number `start` that a value made later comes of."""
    found: dict[Node, None] = {}
    for node in made_since(start, root):
        parents = (node.parents[k] for k in node.plan.positions)  # type: ignore[union-attr]
        found |= {parent: None for parent in parents if parent.number <= start}
    return list(found)


def pull_back(root: Node, g: Any, start: int) -> dict[Node, Any]:
    """The gradients by what was made up to the number `start`, and no further back than that."""
    order = made_since(start, root)
    sweep: Sweep = getattr(g, "_sweep", Sweep)(MODE.get().kind)
    masks = Masks.of(order)
    with np.errstate(**SILENT):
        return go(order, {root: g}, frozenset(), MaskedSweep(sweep, masks) if masks else sweep)


def as_gate(gate: Gate, work: Work, out: Any) -> Tensor:
    """The tensor of a result that a gate with this work made of its operands."""
    node, static = ArrayNode(), {"work": work}
    node.plan = gate.plan(tuple(range(len(work.operands))))
    node.parents, node.static = tuple(work.operands), static
    node.saved = node.plan.saved([work.operands], out, static, None)
    node.shape, node.dtype, node.value = out.shape, out.dtype, None if out.shape else out
    node.number, node.site, node.slot, node.name = next_number(), MODE.get().site, None, None
    return recorded_tensor(out, node)


def row(name: str, symbol: str) -> Gate:
    """The row of such gates. It is not in the table, for nobody calls it by name."""
    return Gate(
        kernel=_again, name=name, symbol=symbol, variadic=True,
        vjp=lambda g, out, work, position: work.gradient(g, out, position),
    )  # fmt: skip


def _again(values: Sequence[Any], work: Work) -> Any:
    return work.value()
