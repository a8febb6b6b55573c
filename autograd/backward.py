"""Backpropagation: walk the recorded graph from the result to the leaves.

Every value was created after the values that it was made from, so the order of creation is a
topological order, and going through it from the last to the first meets each gate after all the
gates that used its result. At each gate the chain rule multiplies the upstream gradient by the
local one; where a value was used twice, the gradients that arrive are added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .arrays import as_constant
from .complexes import gradient_wanted, real_part
from .declare import register_method
from .errors import GraphError, ShapeError, keyword
from .gates.shape import astype, sum_to
from .hooks import Hook, call_hooks, have_hooks
from .leaf import filled, retain
from .masks import SILENT, MaskedSweep, Masks
from .modes import MODE, recording
from .node import Node
from .standins import has_nan, packed
from .tensor import Tensor, another, constant_tensor, ones
from .values import Kind, Sweep

__all__ = ["backpropagate", "backward"]

Gradients = dict[Node, Any]


def reachable(root: Node) -> list[Node]:
    """The values behind `root` that gates made and gradients flow to, the last created first."""
    found = [root] if root.plan is not None else []
    seen = set(found)
    for node in found:  # grows on the way
        for position in node.plan.positions:  # type: ignore[union-attr]
            parent = node.parents[position]
            if parent.plan is not None and parent not in seen:
                seen.add(parent)
                found.append(parent)
    return sorted(found, key=attrgetter("number"), reverse=True)


def backpropagate(root: Node, seed: Any, wanted: Iterable[Node] = ()) -> Gradients:
    """The gradients by the leaves, and by the inner nodes that retain theirs or are `wanted`.

    `seed` is the gradient of the final result by `root`: an array; or a Tensor, and then the
    rules record gates, so that the gradients can be differentiated again; or a stand-in.
    """
    grads = walk(root, seed, frozenset(wanted), MODE.get().kind)
    if Hook.registered:
        grads = {n: g if n.plan else call_hooks(n, g) for n, g in grads.items()}
    if isinstance(seed, Tensor):  # one that arrived at several places is a value of each
        return {node: another(g) for node, g in grads.items()}
    return grads


def walk(root: Node, seed: Any, wanted: frozenset[Node], kind: Kind) -> Gradients:
    """Backpropagation through all gates that lead to `root`. (`fast` replaces this one.)

    Where a gate selects, zeros may meet infinities: if that gives NaN, once more with masks.
    """
    order, finite = reachable(root), None
    sweep = getattr(seed, "_sweep", Sweep)(kind)  # of tensors and stand-ins their own
    selecting = any(node.plan.selects for node in order)  # type: ignore[union-attr]
    masks = Masks.of(order) if selecting and have_hooks(order) else None  # these are called once
    with np.errstate(**SILENT) if selecting else nullcontext():
        grads = go(order, {root: seed}, wanted, MaskedSweep(sweep, masks) if masks else sweep)
        if selecting and masks is None:
            finite = [g._array if isinstance(g, Tensor) else g for g in grads.values()]
            masks = Masks.of(order) if any(map(has_nan, finite)) else None
            if masks is not None:
                grads, finite = go(order, {root: seed}, wanted, MaskedSweep(sweep, masks)), None
    kind.leave(finite)
    return grads


def go(order: Sequence[Node], grads: Gradients, wanted: frozenset[Node], sweep: Sweep) -> Gradients:
    """The chain rule at every gate, the last created first.

    `grads` has the gradients that have arrived so far. Whatever uses a value was created after it
    and has had its turn, so the gradient of the node whose turn it is is complete.
    """
    for node in order:
        grads[node] = g = call_hooks(node, grads[node])
        if node.slot is None and node not in wanted:
            del grads[node]
        for edge in node.plan.edges:  # type: ignore[union-attr]
            parent = node.parents[edge.position]
            downstream = sweep.back(node, edge, g)
            if downstream.shape != parent.shape:  # what broadcasting repeated is added up
                downstream = sum_to(downstream, shape=parent.shape)
            if downstream.dtype != parent.dtype:
                downstream = astype(real_part(downstream, parent.dtype), dtype=parent.dtype)
            # at a fork the gradients add
            grads[parent] = grads[parent] + downstream if parent in grads else downstream
            if sweep.kind.names_gradients:
                sweep.kind.arrived(parent, grads[parent])
    return grads


def backward(
    tensor: Tensor, gradient: ArrayLike | Tensor | None = None, *, create_graph: bool = False,
    retain_grads: bool = False, **foreign: Any,
) -> None:  # fmt: skip
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
    if foreign:
        raise keyword("backward", foreign, ["gradient", "create_graph", "retain_grads"])
    if not tensor.requires_grad:
        raise GraphError(
            "backward: no tensor that requires a gradient leads to this one; it was made of "
            "constants, integers, inside no_grad(), or after detach(), comparing or a compiled call"
        )
    for node in reachable(tensor.node) if retain_grads else ():
        retain(node)
    seed = _seed(tensor, gradient)
    if create_graph:
        if not isinstance(seed, Tensor):
            seed = constant_tensor(MODE.get().kind.constant(seed))
        with recording():
            grads = backpropagate(tensor.node, seed)
    else:
        seed = seed.detach()._array if isinstance(seed, Tensor) else seed
        grads = backpropagate(tensor.node, seed)
    del seed
    collect(grads, MODE.get().kind)


def collect(grads: Gradients, kind: Kind) -> None:
    """Add the gradients to what the leaves have collected. (`fast` replaces this one.)"""
    for slot, g in [(kind.slot(s), g) for n, g in grads.items() if (s := filled(n))]:
        total = g if slot.grad is None else slot.grad + g
        slot.grad = total if isinstance(total, Tensor) else packed(total)


def _seed(tensor: Tensor, gradient: Any) -> Any:
    """The gradient to start with, checked: an array, or a tensor."""
    if gradient is None:
        if tensor.size != 1 or tensor.dtype.kind == "c":
            raise gradient_wanted(tensor)
        return ones(tensor)
    if not isinstance(gradient, Tensor):
        gradient = as_constant(gradient, dtype=tensor.dtype)
    if gradient.shape != tensor.shape:
        raise ShapeError(f"backward: the gradient is {gradient.shape}, the tensor {tensor.shape}")
    return gradient


register_method(["backward"], backward)
