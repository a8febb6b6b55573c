"""Forward mode: how a small change of the arguments goes through the gates to the result.

Each value has a tangent, the change of it. A gate's tangent is the sum, over its operands, of the
local derivative times the operand's tangent, and the gates come in the order of their creation.
Nothing is said of it in a row: where the row has a local gradient, that is the local derivative; a
linear gate of one operand is its own; and a vjp rule is linear in the upstream gradient, so its
gradient with respect to that gives the product with the rule's transpose.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import NUMBERS
from ..backward import backpropagate, reachable
from ..call import run
from ..complexes import is_turned, real_part
from ..gate import Edge
from ..gates.shape import astype, broadcast_to, sum_to
from ..masks import SILENT
from ..modes import MODE, no_grad, recording
from ..node import Node
from ..standins import has_nan
from ..tensor import Tensor
from .calls import Argnums, Call, result, zeros
from .gradients import grad
from .rows import constant

__all__ = ["hvp", "jvp"]


def jvp(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function of (*args, v) that gives the product of the Jacobian of `f` and v.

    `v` has the shape of the argument (for several argnums it is a tuple), the product that of
    what `f` returns: the slope of f along v, in one pass forward. Raises ShapeError when v does
    not fit; else as `grad`.

    >>> jvp(lambda x: x * x)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        call = Call("jvp", f, argnums, args[:-1], kwargs)
        return _along(call, args[-1], allow_unused)

    return product


def hvp(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function of (*args, v) that gives the product of the Hessian of `f` and v.

    It is the change of the gradient along v, forward over reverse, and costs a few times what f
    does, however many elements the argument has. `f` returns a single value; v and the product
    have the argument's shape (tuples for several argnums). Raises ShapeError when v does not fit;
    else as `grad`.

    >>> hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    gradient = grad(f, argnums, allow_unused=allow_unused)

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        call = Call("hvp", gradient, argnums, args[:-1], kwargs)
        return _along(call, args[-1], allow_unused=True)

    return product


def _along(call: Call, given: Any, allow_unused: bool) -> Any:
    """The change of what a function gives along a direction, in the containers of its result."""
    directions = call.directions(given)
    recorded = call.is_recorded(*directions)
    roots = [x.node for x in call.values if isinstance(x, Tensor) and x.requires_grad]
    sweep = Forward(roots, recorded or not MODE.get().kind.eager)
    call.check_reached([x if x in sweep.met else None for x in call.nodes], allow_unused)
    tangents = sweep.run(dict(zip(call.nodes, directions, strict=True)))
    found = [tangents.get(x.node) if isinstance(x, Tensor) else None for x in call.values]
    pairs = zip(call.values, found, strict=True)
    return call.tree.built([result(zeros(x) if t is None else t, recorded) for x, t in pairs])


class Forward:
    """A pass forward through all gates that lead to the roots.

    With `recorded` the tangents are tensors, and the pass is a part of the graph.
    """

    def __init__(self, roots: Sequence[Node], recorded: bool):
        self.roots, self.recorded, self.kind = roots, recorded, MODE.get().kind
        nodes = {node for root in roots for node in reachable(root)}
        self.order = sorted(nodes, key=lambda node: node.number)
        parents = (x.parents[k] for x in self.order for k in x.plan.positions)  # type: ignore[union-attr]
        self.met = {*roots, *parents}

    def run(self, tangents: dict[Node, Tensor]) -> dict[Node, Any]:
        """The tangents of all values, from those of the leaves."""
        start: dict[Node, Any] = dict(tangents)
        if not self.recorded:
            start = {node: v._current() for node, v in tangents.items()}
        with np.errstate(**SILENT):
            found = self.go(start, careful=False)
            last = [found[root] for root in self.roots if root in found]
            finite: Any = [v._array if isinstance(v, Tensor) else v for v in last]
            if any(map(has_nan, finite)):
                found, finite = self.go(start, careful=True), None
        self.kind.leave(finite)
        return found

    def go(self, start: dict[Node, Any], careful: bool) -> dict[Node, Any]:
        """The chain rule at every gate, the first created first.

        What does not change has no part in a change, whatever the local derivative: with `careful`
        0 times infinity is 0.
        """
        tangents = dict(start)
        with recording() if self.recorded else no_grad():
            for node in self.order:
                total: Any = None
                for edge in node.plan.edges:  # type: ignore[union-attr]
                    v = tangents.get(node.parents[edge.position])
                    part = None if v is None else self.through(node, edge, v, careful)
                    if part is not None:
                        total = part if total is None else total + part
                if total is not None:
                    tangents[node] = total
        return tangents

    def through(self, node: Node, edge: Edge, v: Any, careful: bool) -> Any:
        """What the tangent of one operand adds to that of the gate; None if nothing."""
        gate = edge.gate
        self.kind.along(node, edge)
        product: Any
        if edge.passes:
            product = v
        elif (
            gate.tangent is not None
            and (own := gate.tangent(v, *self.arguments(node, edge))) is not NotImplemented
        ):
            product = own
        elif gate.times and (is_turned(gate, v) or v.dtype.kind != "c"):
            local = edge.rule(*self.arguments(node, edge))
            product = v * local
            if careful and not (local.__class__ in NUMBERS and np.isfinite(local)):
                product = np.where(np.logical_or(v != 0, np.isfinite(local)), product, 0.0)
        elif gate.linear and len(node.parents) == 1 and not gate.variadic:
            product = run(gate, [v], node.static or {}, MODE.get())
        else:
            product = self.transposed(node, edge, v)
        if product is not None and product.shape != node.shape:
            product = broadcast_to(product, shape=node.shape)
        if product is not None and product.dtype != node.dtype:
            product = astype(product, dtype=node.dtype)
        return product

    def arguments(self, node: Node, edge: Edge) -> list[Any]:
        """What the rule names: tensors of the graph, or arrays."""
        return edge.recorded_arguments(node) if self.recorded else edge.arguments(node)

    def transposed(self, node: Node, edge: Edge, v: Any) -> Any:
        """The product with the transpose of a rule: its gradient by the upstream gradient."""
        parent = node.parents[edge.position]
        with recording():
            upstream = Tensor(constant(_zeros(node)), requires_grad=True)
            g: Any = edge.apply(upstream, self.arguments(node, edge))
            if g.shape != parent.shape:
                g = sum_to(g, shape=parent.shape)
            if g.dtype != parent.dtype:
                g = astype(real_part(g, parent.dtype), dtype=parent.dtype)
        if not isinstance(g, Tensor) or not g.requires_grad:  # the rule gives 0 in any case
            return None
        if self.recorded and not isinstance(v, Tensor):
            v = constant(v)
        return backpropagate(g.node, v, [upstream.node]).get(upstream.node)


def _zeros(node: Node) -> Any:
    return np.zeros(node.shape, node.dtype)[()]
