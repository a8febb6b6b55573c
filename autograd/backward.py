"""Backpropagation: walk the recorded graph from the result to the leaves.

Every value was created after the values that it was made from, so the order of creation is a
topological order, and going through it from the last to the first meets each gate after all the
gates that used its result. At each gate the chain rule multiplies the upstream gradient by the
local one; where a value was used twice, the gradients that arrive are added.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from heapq import heappop, heappush, heappushpop
from operator import attrgetter
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import ArrayLike

from .buffers import SMALL, empty, is_owned
from .errors import GraphError, ShapeError
from .gate import GATES, Edge, Plan, register_method
from .gates.shape import astype, sum_to
from .masks import Masks, from_transparent
from .modes import MODE
from .node import GradSlot, Node, NumberNode
from .stacked import Stacked, each
from .tensor import Tensor, another, as_constant, constant_tensor
from .traced import Traced

__all__ = ["backpropagate", "backward"]

by_creation = attrgetter("number")
sum_array_to = GATES["sum_to"].kernel


def reachable(root: Node) -> list[Node]:
    """The values behind `root` that gates made and gradients flow to, the last created first."""
    found = [root] if root.plan is not None else []
    seen = set(found)
    for node in found:  # grows on the way
        parents = node.parents
        for position in node.plan.positions:  # type: ignore[union-attr]
            parent = parents[position]
            if parent.plan is not None and parent not in seen:
                seen.add(parent)
                found.append(parent)
    found.sort(key=by_creation, reverse=True)
    return found


def backpropagate(root: Node, seed: Any, wanted: Iterable[Node] = ()) -> dict[Node, Any]:
    """The gradients by the leaves, and by the inner nodes that retain theirs or are `wanted`.

    `seed` is the gradient of the final result by `root`: an array; or a Tensor, and then the
    rules record gates, so that the gradients can be differentiated again; or a `Stacked`, many
    gradients at once.
    """
    grads = _Sweep(root, seed, frozenset(wanted)).run(None, careful=False)
    if isinstance(seed, Tensor):  # one that arrived at several places is a value of each
        return {node: another(g) for node, g in grads.items()}
    return grads


class _Sweep:
    """One backward pass: the chain rule at every gate, the last created first.

    `grads` has the gradients that have arrived so far, `waiting` the gates where they wait, by
    the number of their creation. `pending` is a heap of these numbers, all with a minus, for a
    heap gives the smallest first. Whatever uses a value was created after it and comes out of the
    heap before it, so the gradient of what comes out is complete.
    """

    def __init__(self, root: Node, seed: Any, wanted: frozenset[Node]):
        self.root, self.seed, self.wanted = root, seed, wanted
        self.recorded, self.tracer = isinstance(seed, Tensor), MODE.get().tracer
        self.start()

    def start(self) -> None:
        """Only the result has a gradient, and waits if a gate made it."""
        self.grads: dict[Node, Any] = {self.root: self.seed}
        self.waiting: dict[int, Node] = {}
        self.pending: list[int] = []
        if self.root.plan is not None:
            self.wait(self.root)

    def wait(self, node: Node) -> None:
        """Put a gate in line."""
        number = -node.number
        self.waiting[number] = node
        heappush(self.pending, number)

    def run_carefully(self) -> dict[Node, Any]:
        """Go on where zeros may meet infinities: if that gives NaN, start again with masks."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            grads = self.run(None, careful=True)
            values = [g._data if isinstance(g, Tensor) else g for g in grads.values()]
            masks = None
            if any(_has_nan(value) for value in values):
                masks = Masks.of(reachable(self.root))
            if masks is None:
                if self.tracer is not None:
                    self.tracer.expect_no_nan(
                        [g.values if isinstance(g, Stacked) else g for g in values]
                    )
                return grads
            self.start()
            return self.run(masks, careful=True)

    def through(self, node: Node, edge: Edge, arguments: Any, g: Any) -> Any:
        """The chain rule at one edge, for one gradient or many."""
        if self.tracer is None:
            return edge.apply(g, arguments)
        return self.tracer.go_back(node, edge, g, arguments)

    def run(self, masks: Masks | None, careful: bool) -> dict[Node, Any]:
        """Apply the chain rule until no gate is waiting."""
        grads, waiting, pending = self.grads, self.waiting, self.pending
        wanted, recorded, tracer = self.wanted, self.recorded, self.tracer
        stacked = isinstance(self.seed, Stacked)
        special = recorded or stacked or masks is not None or tracer is not None
        while pending:
            node = waiting.pop(heappop(pending))
            plan: Plan = node.plan  # type: ignore[assignment]
            if plan.selects and not careful and from_transparent(node):
                self.wait(node)
                return self.run_carefully()
            if node.__class__ is NumberNode and not special:
                self.run_numbers(node, careful)
                continue
            edges, parents, saved = plan.edges, node.parents, node.saved
            kept = node.slot is not None or node in wanted
            g = grads[node] if kept else grads.pop(node)
            for edge in edges:
                # the chain rule: downstream = local x upstream
                if special:
                    arguments = edge.given(node, recorded)
                    if stacked:
                        downstream = each(partial(self.through, node, edge, arguments), g)
                    elif tracer is not None:
                        downstream = tracer.go_back(node, edge, g, arguments)
                    else:
                        downstream = edge.apply(g, arguments)
                    if masks is not None:
                        downstream = masks.pass_on(node, edge, arguments, downstream)
                elif edge.pull is not None:
                    downstream = edge.pull(g, saved, parents)
                elif edge.passes:
                    downstream = g
                elif edge is edges[-1]:
                    downstream = _times(g, edge.local(saved, parents))
                else:
                    downstream = g * edge.local(saved, parents)

                # what broadcasting repeated is added up; the gradient has the operand's dtype
                parent = parents[edge.position]
                shape, dtype = parent.shape, parent.dtype
                if downstream.shape != shape:
                    total = sum_array_to if not special else sum_to
                    downstream = total(downstream, shape=shape)
                if downstream.dtype is not dtype and downstream.dtype != dtype:
                    downstream = astype(downstream, dtype=dtype)

                # at a fork the gradients add
                if parent in grads:
                    downstream = _plus(grads[parent], downstream)
                elif parent.plan is not None:
                    self.wait(parent)
                if tracer is not None and tracer.named:
                    tracer.arrived(parent, downstream)
                grads[parent] = downstream
                del downstream  # from here on only `grads` refers to it
        if tracer is not None:
            tracer.leave()
        return grads

    def run_numbers(self, node: Node, careful: bool) -> None:
        """The same from one gate of single numbers to the next, until another kind comes.

        There is nothing to broadcast, to cast or to overwrite. And the gate that comes next is
        mostly an operand of this one, which is spared the way through the heap.
        """
        grads, waiting, pending, wanted = self.grads, self.waiting, self.pending, self.wanted
        while node.__class__ is NumberNode:
            g = grads.pop(node)
            if node.slot is not None or (wanted and node in wanted):
                grads[node] = g
            arrived = None  # the last operand that had no gradient before
            for edge in node.plan.edges:  # type: ignore[union-attr]
                downstream = g if edge.passes else g * edge.local_of_number(node)
                parent = node.y if edge.position else node.x
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
        self.wait(node)


def _has_nan(value: Any) -> bool:
    value = value.values if isinstance(value, Stacked) else value
    return bool(np.isnan(value.value if isinstance(value, Traced) else value).any())


def _times(g: Any, local: Any) -> Any:
    """g times local; large arrays into the memory of one of them if nobody else will read that."""
    if g.__class__ is ndarray and g.nbytes >= SMALL:
        if is_owned(g, others=1):  # the variable of the sweep
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
        if is_owned(g, others=1):  # the variable of the sweep
            return np.add(total, g, out=g)
    return total + g


def backward(
    tensor: Tensor,
    gradient: ArrayLike | Tensor | None = None,
    *,
    create_graph: bool = False,
    retain_grads: bool = False,
) -> None:
    """Add the gradients of this tensor to the `.grad` of the leaves that it was made from.

    gradient       the upstream gradient, of the tensor's shape; for a single value it is 1
    create_graph   make each `.grad` a Tensor that can be differentiated again
    retain_grads   fill the `.grad` of all inner tensors too
    Raises GraphError when nothing that requires a gradient leads here, and when the tensor is no
    single value and no gradient is given; ShapeError when the gradient does not fit.

    >>> from autograd import Tensor
    >>> x = Tensor(3.0)
    >>> (x * x).backward()
    >>> x.grad
    array(6.)
    """
    root = _root(tensor)
    seed = _seed(tensor, gradient, create_graph)
    if retain_grads:
        for node in reachable(root):
            if node.slot is None:
                node.slot = GradSlot()
    if create_graph:
        mode = MODE.get()
        token = MODE.set(replace(mode, site=mode.scope, recording=True))
        try:
            grads = backpropagate(root, seed)
        finally:
            MODE.reset(token)
    else:
        grads = backpropagate(root, seed)
    del seed
    traced = MODE.get().tracer is not None
    while grads:
        node, g = grads.popitem()
        slot = node.slot
        if slot is None:
            continue
        if slot.grad is None and g.__class__ is ndarray and not traced:
            slot.grad = g if is_owned(g) else np.array(g)
        else:
            _collect(slot, g)


def _collect(slot: GradSlot, g: Any) -> None:
    """Add a gradient to what a leaf has collected."""
    tracer = MODE.get().tracer
    old = slot.grad if tracer is None else tracer.gradient_before(slot)
    if isinstance(g, (Tensor, Traced)) or isinstance(old, (Tensor, Traced)):
        slot.grad = g if old is None else old + g
    elif old is None:
        slot.grad = np.array(g)
    else:
        slot.grad = np.asarray(_plus(old, g))


def _root(tensor: Tensor) -> Node:
    if not tensor.requires_grad:
        raise GraphError(
            "backward: no tensor that requires a gradient leads to this one; it was made of "
            "constants, of integers, inside no_grad(), or after detach() or a comparison"
        )
    return tensor.node


def _seed(tensor: Tensor, gradient: Any, create_graph: bool) -> Any:
    """The gradient to start with, checked."""
    data = tensor._data
    if gradient is None and not data.shape:
        one = data.dtype.type(1)
        return constant_tensor(one) if create_graph else one
    if gradient is None:
        if tensor.size != 1:
            raise GraphError(
                f"backward: the tensor has shape {tensor.shape}, and only a single value has a "
                "gradient of its own; reduce it first, with t.sum() or t.mean(), or pass the "
                f"upstream gradient: t.backward(np.ones({tensor.shape}))"
            )
        gradient = np.ones(tensor.shape, tensor.dtype)
    elif not isinstance(gradient, Tensor):
        gradient = as_constant(gradient, dtype=tensor.dtype)
    elif not create_graph:
        gradient = gradient.detach()._data
    if gradient.shape != tensor.shape:
        raise ShapeError(
            f"backward: the gradient has shape {gradient.shape}, but the tensor {tensor.shape}; "
            "they must agree"
        )
    if create_graph and not isinstance(gradient, Tensor):
        gradient = constant_tensor(gradient)
    return gradient


register_method(["backward"], backward)
