"""The backward pass for plain arrays: the same chain rule, without a list of the graph.

Gates wait in a heap by the number of their creation; rules are reached through one written-out
call; products and sums of large gradients go into memory that nobody else will read; and from one
scalar to the next there is nothing to broadcast, to cast or to overwrite.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from heapq import heappop, heappush, heappushpop
from typing import Any

import numpy as np
from numpy import ndarray

from ..backward import Gradients, go, reachable
from ..backward import collect as plain_collect
from ..backward import walk as plain_walk
from ..complexes import real_part
from ..gate import Edge, Need, Plan
from ..gates.shape import astype
from ..hooks import Hook
from ..masks import SILENT
from ..node import Node
from ..standins import StandIn, has_nan
from ..tensor import Tensor
from ..values import ARRAYS, Kind, Sweep
from .buffers import SMALL, empty, is_owned
from .care import may_meet_infinities, needs_care
from .kernels import sum_to
from .numbers import NumberNode
from .quick import QuickEdge

__all__ = ["collect", "walk"]


def walk(root: Node, seed: Any, wanted: frozenset[Node], kind: Kind) -> Gradients:
    """Backpropagation; gradients that are no plain arrays go the way of backward.py."""
    if kind is not ARRAYS or isinstance(seed, (Tensor, StandIn)):
        order = reachable(root)
        if needs_care(order) or any(map(_wants_plain, order)):
            return plain_walk(root, seed, wanted, kind)
        sweep = getattr(seed, "_sweep", Sweep)(kind)
        grads = go(order, {root: seed}, wanted, sweep)
        kind.leave()
        return grads
    try:
        return _Walk(root, seed, wanted).run(careful=False)
    except _CareError as error:
        looks = error.args[0] or needs_care(reachable(root))
    except PLAIN:
        return plain_walk(root, seed, wanted, kind)
    try:
        with np.errstate(**SILENT) if looks else nullcontext():
            grads = _Walk(root, seed, wanted).run(careful=True)
    except PLAIN:
        return plain_walk(root, seed, wanted, kind)
    if looks and any(map(has_nan, grads.values())):
        return plain_walk(root, seed, wanted, kind)
    return grads


class _CareError(Exception):
    """A gate was met whose zeros meet infinities, perhaps: what is above is told by the graph.

    The argument tells whether they may for what is below.
    """


class _PlainError(Exception):
    """A value was met for which the plain pass does more: it is complex, or has hooks."""


# and what the user has made errors, which may lie behind a mask
PLAIN = _PlainError, FloatingPointError, RuntimeWarning


def _wants_plain(node: Node) -> bool:
    """The plain pass does more for this value: see above."""
    return node.dtype.kind == "c" or (node.slot is not None and bool(node.slot.hooks))


class _Walk:
    """One backward pass, the last created gate first.

    `grads` has the gradients that have arrived so far, `waiting` the gates where they wait, by
    the number of their creation. `pending` is a heap of these numbers, all with a minus, for a
    heap gives the smallest first. Whatever uses a value was created after it and comes out of the
    heap before it, so the gradient of what comes out is complete.
    """

    def __init__(self, root: Node, seed: Any, wanted: frozenset[Node]):
        self.wanted, self.singular = wanted, False
        self.grads: Gradients = {root: seed}
        self.waiting: dict[int, Node] = {}
        self.pending: list[int] = []
        if root.plan is not None:
            self.wait(root)

    def wait(self, node: Node) -> None:
        """Put a gate in line."""
        number = -node.number
        self.waiting[number] = node
        heappush(self.pending, number)

    def run(self, careful: bool) -> Gradients:
        """Apply the chain rule until no gate is waiting."""
        grads, waiting, pending, wanted = self.grads, self.waiting, self.pending, self.wanted
        while pending:
            node = waiting.pop(heappop(pending))
            plan: Plan = node.plan  # type: ignore[assignment]
            if plan.selects and not careful:
                if may_meet_infinities(node):
                    raise _CareError(True)
                if self.singular:
                    raise _CareError(False)
            self.singular = self.singular or plan.singular
            if node.__class__ is NumberNode:
                self.run_numbers(node, careful)
                continue
            if node.dtype.kind == "c" or (node.slot is not None and node.slot.hooks):
                raise _PlainError
            steps, _ = plan.quick or _prepare(plan)
            parents, saved = node.parents, node.saved
            kept = node.slot is not None or node in wanted
            g = grads[node] if kept else grads.pop(node)
            for position, passes, pull, local, last in steps:
                # the chain rule: downstream = local x upstream
                if pull is not None:
                    downstream = pull(g, saved, parents)
                elif passes:
                    downstream = g
                elif last:
                    downstream = _times(g, local(saved, parents))
                else:
                    downstream = g * local(saved, parents)

                # what broadcasting repeated is added up; the gradient has the operand's dtype
                parent = parents[position]
                shape, dtype = parent.shape, parent.dtype
                if downstream.shape != shape:
                    downstream = sum_to(downstream, shape=shape)
                if downstream.dtype is not dtype and downstream.dtype != dtype:
                    downstream = astype(real_part(downstream, dtype), dtype=dtype)

                # at a fork the gradients add
                if parent in grads:
                    downstream = _plus(grads[parent], downstream)
                elif parent.plan is not None:
                    self.wait(parent)
                grads[parent] = downstream
                del downstream  # from here on only `grads` refers to it
        return grads

    def run_numbers(self, node: Node, careful: bool) -> None:
        """The same from one gate of scalars to the next, until another kind comes.

        The gate that comes next is mostly an operand of this one, which is spared the way through
        the heap.
        """
        grads, waiting, pending, wanted = self.grads, self.waiting, self.pending, self.wanted
        singular = self.singular
        while node.__class__ is NumberNode:
            g = grads.pop(node)
            if node.slot is not None or (wanted and node in wanted):
                grads[node] = g
                if node.slot is not None and node.slot.hooks:
                    raise _PlainError
            arrived = None  # the last operand that had no gradient before
            plan: Plan = node.plan  # type: ignore[assignment]
            _, steps = plan.quick or _prepare(plan)
            for second, local in steps:
                if local is None:
                    downstream = g
                else:
                    downstream, singular = g * local(node), True
                parent = node.y if second else node.x
                if parent in grads:
                    grads[parent] = grads[parent] + downstream
                    continue
                grads[parent] = downstream
                if parent.plan is not None:
                    if arrived is not None:
                        waiting[-arrived.number] = arrived
                        heappush(pending, -arrived.number)
                    arrived = parent
            if arrived is None:
                if not pending:
                    self.singular = singular
                    return
                node = waiting.pop(heappop(pending))
            else:
                number = -arrived.number
                first = heappushpop(pending, number)
                if first != number:
                    waiting[number] = arrived
                node = arrived if first == number else waiting.pop(first)
            if node.plan.selects and not careful:  # type: ignore[union-attr]
                break
        self.singular = singular
        self.wait(node)


# --- edges, written out --------------------------------------------------------------------------


def _prepare(plan: Plan) -> tuple[list[Any], list[Any]]:
    """For each edge its position, and its rule as functions of what nodes save.

    The second list is for nodes of scalars: the position, and the local gradient unless it is 1.
    """
    steps, on_numbers = [], []
    for edge in plan.edges:
        quick = isinstance(edge, QuickEdge)
        rule = edge.quick_rule if isinstance(edge, QuickEdge) else edge.rule
        needs = edge.quick_needs if isinstance(edge, QuickEdge) else edge.needs
        parts = tuple(
            f"parents[{need.key}].shape" if need.kind == "shape"
            else str(getattr(edge, need.key)) if need.kind == "edge"
            else f"saved[{plan.layout.index(need)}]"
            for need in needs
        )  # fmt: skip
        times = edge.gate.times and not quick
        pull = None if times else _written("g, saved, parents", "g", *parts)(rule)
        local = _written("saved, parents", *parts)(rule) if times else None
        steps.append((edge.position, edge.passes, pull, local, edge is plan.edges[-1]))
        if times and len(edge.gate.operands) <= 2:
            places = (_in_number_node(need, edge, plan.positions) for need in needs)
            of_number = None if edge.passes else _written("node", *places)(rule)
            on_numbers.append((edge.position, of_number))
    plan.quick = both = steps, on_numbers
    return both


@functools.cache
def _written(given: str, *inputs: str) -> Callable[[Any], Any]:
    """Makes a rule a function of what nodes save; called for every gate, so without detours."""
    return eval(f"lambda rule: lambda {given}: rule({', '.join(inputs)})")  # type: ignore[no-any-return]


def _in_number_node(need: Need, edge: Edge, tracked: tuple[int, ...]) -> str:
    """Where a `NumberNode` has what a rule needs."""
    if need.kind in ("shape", "edge"):
        return "()" if need.kind == "shape" else str(getattr(edge, need.key))
    if need.kind != "operand":
        return "node.value"
    return f"node.{'xy'[need.key]}" + (".value" if need.key in tracked else "")


# --- memory that nobody else will read -----------------------------------------------------------


def _times(g: Any, local: Any) -> Any:
    """g times local; large arrays into the memory of one of them if nobody else will read that."""
    if g.__class__ is ndarray and g.nbytes >= SMALL:
        if is_owned(g, callers=1):  # the walk
            return np.multiply(g, local, out=g)
        fits = local.__class__ is ndarray and local.dtype == g.dtype
        if fits and local.shape == g.shape and is_owned(local):
            return np.multiply(g, local, out=local)
        if g.flags.c_contiguous:
            return np.multiply(g, local, out=empty(g.shape, g.dtype))
    return g * local


def _plus(total: Any, g: Any) -> Any:
    """total + g; large arrays into the memory of one of them if nobody else will read that."""
    if total.__class__ is ndarray and total.nbytes >= SMALL and g.__class__ is ndarray:
        if is_owned(total, others=1):  # the dictionary of gradients, or the leaf
            return np.add(total, g, out=total)
        if is_owned(g, callers=1):  # the walk
            return np.add(total, g, out=g)
    return total + g


def collect(grads: Gradients, kind: Kind) -> None:
    """Add the gradients to what the leaves have collected, in place where nobody else reads it."""
    if kind is not ARRAYS:
        plain_collect(grads, kind)
        return
    hooked = Hook.registered  # else no slot is there for a hook alone
    while grads:
        node, g = grads.popitem()  # from here on nobody else refers to it
        slot = node.slot
        if slot is None or (hooked and not slot.retained):
            continue
        old = slot.grad
        if g.__class__ is not ndarray or (old is not None and old.__class__ is not ndarray):
            total = g if old is None else old + g
            slot.grad = total if isinstance(total, (Tensor, StandIn)) else np.array(total)
        elif old is None:
            slot.grad = g if is_owned(g) else np.array(g)
        else:
            slot.grad = np.asarray(_plus(old, g))
