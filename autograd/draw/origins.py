"""Where NaN and infinity began: what the picture outlines.

A leaf that brings one in is where it began, and so is the first gate that makes one of finite
numbers. Both count only if it gets as far as the result: an infinity that a mask holds, and that a
softmax turns into 0, is as it should be.
"""

from __future__ import annotations

from ..node import Node
from .numbers import is_finite
from .wiring import Key, Wiring

__all__ = ["origins"]


def origins(wiring: Wiring) -> frozenset[Key]:
    """The leaves, constants and gates to be outlined; empty if all numbers are finite."""
    bad = {node for node, value in wiring.trace.values.items() if not is_finite(value)}
    found = _of_the_results(wiring, bad) if bad else set()
    first = None if found else _first_gate(wiring, bad) or _first_gate_back(wiring)
    return frozenset([first] if first is not None else found)


def _of_the_results(wiring: Wiring, bad: set[Node]) -> set[Key]:
    """What a NaN or infinity in a result comes from: all such leaves, and the first gate."""
    found: set[Key] = set()
    first: Node | None = None
    for node in _leading_on(wiring, bad):
        if node.plan is None:  # a result that no gate made
            found.add(node)
            continue
        given = [k for k, p in enumerate(node.parents) if _is_bad(p, bad)]
        if not given:
            first = node
        for k in given:
            parent = node.parents[k]
            if not isinstance(parent, Node) or parent.plan is None:
                found.add(_shown(wiring, node, k))
    return found if first is None else {*found, wiring.folds.drawn(first)}


def _leading_on(wiring: Wiring, bad: set[Node]) -> list[Node]:
    """Results that are not finite, and the gates that they are made of by way of others such.

    The last comes first.
    """
    ends = bad.intersection(wiring.trace.ends)
    leading = set(ends)
    for node in reversed(wiring.trace.nodes):
        if node in leading:
            leading.update(p for p in node.parents if isinstance(p, Node) and p in bad)
    return [n for n in reversed(wiring.trace.nodes) if n in leading and (n.plan or n in ends)]


def _shown(wiring: Wiring, node: Node, position: int) -> Key:
    """What is drawn for an operand; a number that is written on the gate is the gate itself."""
    drawn = wiring.folds.drawn(node)
    return dict(wiring.operands.get(drawn, [])).get(position, drawn)


def _is_bad(operand: object, bad: set[Node]) -> bool:
    if isinstance(operand, Node):
        return operand in bad
    return operand is not None and not is_finite(operand)


def _first_gate(wiring: Wiring, bad: set[Node]) -> Node | None:
    """The first gate that makes NaN or infinity of finite numbers, though no result shows it."""
    for node in wiring.trace.nodes:
        if node in bad and node.plan and not any(_is_bad(p, bad) for p in node.parents):
            return wiring.folds.drawn(node)
    return None


def _first_gate_back(wiring: Wiring) -> Node | None:
    """The first gate, on the way back, that makes such a gradient of a finite one."""
    grads = wiring.trace.grads
    good = {node for node, g in grads.items() if is_finite(g)}
    for node in reversed(wiring.trace.nodes):
        reached = [p for p in node.parents if isinstance(p, Node) and p in grads]
        if node.plan and node in good and not all(p in good for p in reached):
            return wiring.folds.drawn(node)
    return None
