"""Derivatives of a call as clients expect them, from which all the others are made.

They differ from those of `autograd.vjp` and `autograd.jvp` in four things: what does not depend on
the argument has a gradient of zeros, with a warning; lists of numbers are containers; single values
come as NumPy numbers; and the gradient of complex numbers is the conjugate of ours, dL/dx - i dL/dy
for z = x + i y. So a function with a complex derivative f' takes g to g f'.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from autograd import arrays
from autograd.backward import backpropagate, reachable
from autograd.functional import rows
from autograd.functional.boundary import operands_of, pull_back
from autograd.functional.forward import Forward
from autograd.gates.shape import astype, copy
from autograd.hooks import have_hooks
from autograd.leaf import GradSlot
from autograd.modes import MODE, recording
from autograd.node import Node, next_number
from autograd.tensor import Tensor, another, constant_tensor

from .containers import Container, is_tracked
from .deprecated import primitive
from .primitives import (
    JVPNode,
    VJPNode,
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    primitive_jvps,
    primitive_vjps,
)  # fmt: skip
from .tracer import Box, getval, isbox
from .vspaces import VSpace, vspace

__all__ = [
    "Box", "Call", "JVPNode", "VJPNode", "VSpace", "def_linear", "defjvp", "defjvp_argnum",
    "defjvp_argnums", "defvjp", "defvjp_argnum", "defvjp_argnums", "getval", "isbox", "make_jvp",
    "make_vjp", "primitive", "primitive_jvps", "primitive_vjps", "vspace",
]  # fmt: skip


def make_vjp(fun: Callable[[Any], Any], x: Any) -> tuple[Callable[[Any], Any], Any]:
    """The function that takes a gradient by fun(x) to that by x, and fun(x).

    >>> vjp, value = make_vjp(lambda x: x * x, 3.0)
    >>> float(value), float(vjp(10.0))
    (9.0, 60.0)
    """
    call = Call(fun, x)
    return call.pull_back, call.value


def make_jvp(fun: Callable[[Any], Any], x: Any) -> Callable[[Any], tuple[Any, Any]]:
    """The function that takes a change of x to fun(x) and its change.

    >>> value, change = make_jvp(lambda x: x * x, 3.0)(10.0)
    >>> float(value), float(change)
    (9.0, 60.0)
    """

    def jvp(v: Any) -> tuple[Any, Any]:
        call = Call(fun, x)
        return call.value, call.push_forward(v)

    return jvp


DEPTH: ContextVar[int] = ContextVar("calls_of_clients", default=0)  # calls around this one


class Call:
    """A call of fun with variables in the place of the arrays and numbers that x holds.

    `value` is what it gave: tensors only where something outside of this call, which is
    differentiated too, leads there. Raises TypeError if x cannot be differentiated by.
    """

    def __init__(self, fun: Callable[[Any], Any], x: Any):
        self.space = vspace(x)
        self.argument = Container(x)
        self.recording = MODE.get().recording
        self.outer: set[Node] = set()  # variables that something outside of this call leads to
        self.slot = _Slot()
        with recording():
            self.variables = [self._variable(leaf) for leaf in self.argument.leaves]
            self.nodes = [x.node for x in self.variables]  # now, for fun may write to the tensors
            self.start = next_number()  # what has a higher one was made by fun
            token = DEPTH.set(DEPTH.get() + 1)
            try:
                result = fun(self.argument.built(list(self.variables)))
            finally:
                DEPTH.reset(token)
                self.slot.is_open = False
        self.result = Container(result)
        origins = [self._origins(leaf) for leaf in self.result.leaves]
        self.reached = [not found.isdisjoint(self.nodes) for found in origins]
        self.connected = [self.recording and self._leads_here(found) for found in origins]
        pairs = zip(self.result.leaves, self.connected, strict=True)
        self.value = self.result.built([x if outer else _outside(x) for x, outer in pairs])
        if self.variables and not any(self.reached):
            warnings.warn("Output seems independent of input.", stacklevel=4)

    def _variable(self, x: Any) -> Tensor:
        """A tensor that a gate made, for clients write `x += 1`."""
        if is_tracked(x):
            made: Tensor = copy(x)
            self.outer.add(made.node)
            return made
        x = Tensor(x, dtype=None if _is_floating(x) else float)
        x.requires_grad = True
        x.node.slot = self.slot
        return copy(x)  # type: ignore[no-any-return]

    def _origins(self, value: Any) -> set[Node]:
        """What was there before fun was called, and leads to a value."""
        if not is_tracked(value):
            return set()
        return (
            {value.node}
            if value.node.number < self.start
            else {*operands_of(value.node, self.start)}
        )

    def _leads_here(self, origins: set[Node]) -> bool:
        """Whether something that is still differentiated by is behind some of these."""
        outside = origins - (set(self.nodes) - self.outer)
        if not outside or DEPTH.get():  # inside of another call: perhaps it is, and that may be so
            return bool(outside)
        gates = {node for origin in outside for node in (origin, *reachable(origin))}
        parents = (x.parents[k] for x in gates if x.plan for k in x.plan.positions)
        return any(_is_open(node) for node in (*gates, *parents))

    # --- the three ways --------------------------------------------------------------------------

    def pull_back(self, g: Any) -> Any:
        """The gradient by x for one by the result, in the containers of x."""
        found: list[Any] = [None] * len(self.variables)
        seeds = self._seeds(g)
        if seeds:
            recorded = self._is_recorded(*[seed for _, seed in seeds])
            with recording():
                root, seed = seeds[0] if len(seeds) == 1 else _joined(seeds)
            seed = rows.constant(seed) if recorded else _array(seed)
            gradients = self._backward(root.node, seed)
            found = [gradients.get(node) for node in self.nodes]
            found = [None if g is None else _clients(g, recorded) for g in found]
        return self._like_the_argument(found)

    def push_forward(self, v: Any) -> Any:
        """The change of the result for a change of x, in the containers of the result."""
        leaves = [v] if self.argument.single else Container(v).leaves
        pairs = zip(leaves, self.variables, strict=True)
        directions = [rows.constant(_cast(v, x.dtype)) for v, x in pairs]
        roots = [
            x.node for x, is_used in zip(self.result.leaves, self.reached, strict=True) if is_used
        ]
        recorded = self._is_recorded(*directions)
        tangents = Forward(roots, recorded).run(dict(zip(self.nodes, directions, strict=True)))
        found = [
            tangents.get(x.node) if is_reached else None
            for x, is_reached in zip(self.result.leaves, self.reached, strict=True)
        ]
        pairs = zip(found, self.result.leaves, strict=True)
        return self.result.built(
            [vspace(x).zeros() if t is None else t if recorded else _outside(t) for t, x in pairs]
        )

    def rows(self) -> Any:
        """All derivatives of an array by x: the axes of the result, then those of x."""
        if not self.result.single:
            raise TypeError(
                f"jacobian: the function gave a {type(self.value).__name__}; it should give one "
                "array, such as np.array([...]) of the values"
            )
        (value,), shape = self.result.leaves, np.shape(self.value)
        found: list[Any] = [None] * len(self.variables)
        recorded = self._is_recorded()
        if self.reached[0] and value.size:
            singly = recorded or have_hooks(reachable(value.node))
            joined = (rows.one_by_one if singly else rows.all_rows)(value, self.nodes, recorded)
            found = [None if x is None else _clients(x, recorded) for x in joined]
        zeros = [Tensor(x) for x in self._like_the_argument_leaves([None] * len(found))]
        shapes = [(*shape, *x.shape) for x in self.variables]
        return self.argument.built(
            [
                np.zeros(shape, zero.dtype) if x is None else np.reshape(x, shape)
                for x, shape, zero in zip(found, shapes, zeros, strict=True)
            ]
        )

    def _backward(self, root: Node, seed: Any) -> dict[Node, Any]:
        """The gradients by the variables: not by what is behind them, outside of this call."""
        if not self.outer:
            return backpropagate(root, seed, self.nodes)
        found = pull_back(root, seed, self.start)
        return {node: another(g) if isinstance(g, Tensor) else g for node, g in found.items()}

    # --- their parts -----------------------------------------------------------------------------

    def _is_recorded(self, *others: Any) -> bool:
        outer = any(self.connected) or any(map(is_tracked, others))
        return outer and MODE.get().recording

    def _seeds(self, g: Any) -> list[tuple[Tensor, Any]]:
        """The values that depend on x, each with its upstream gradient as the engine has it."""
        leaves = [g] if self.result.single else Container(g).leaves
        if len(leaves) != len(self.result.leaves):
            raise ValueError(
                f"vjp: the gradient holds {len(leaves)} arrays, but the function gave "
                f"{len(self.result.leaves)}; give it the same containers"
            )
        parts = zip(self.result.leaves, leaves, self.reached, strict=True)
        return [(x, _seed(g, x)) for x, g, is_reached in parts if is_reached]

    def _like_the_argument(self, found: list[Any]) -> Any:
        return self.argument.built(self._like_the_argument_leaves(found))

    def _like_the_argument_leaves(self, found: list[Any]) -> list[Any]:
        if all(g is not None for g in found):
            return found
        zeros = Container(self.space.zeros()).leaves
        return [zero if g is None else g for g, zero in zip(found, zeros, strict=True)]


class _Slot(GradSlot):
    """What marks the variables of a call, which is over when its function has returned."""

    is_open = True


def _is_open(node: Node) -> bool:
    """Whether a value is a leaf that is still differentiated by."""
    return node.plan is None and getattr(node.slot, "is_open", node.slot is not None)


def _is_floating(x: Any) -> bool:
    return np.dtype(getattr(x, "dtype", type(x))).kind in "fc"


def _outside(x: Any) -> Any:
    """A value as the client gets it: a number of NumPy's, or an array that it may write to."""
    if not isinstance(x, Tensor):
        return x[()] if isinstance(x, np.ndarray) and not x.ndim else x
    array = x._array
    return arrays.own(array) if array.shape else array


def _array(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


def _clients(g: Any, recorded: bool) -> Any:
    """A gradient of the engine's in the convention of clients."""
    g = np.conj(g) if g.dtype.kind == "c" else g
    if recorded:
        return g
    return arrays.own(_array(g)) if g.shape else _array(g)[()]


def _seed(g: Any, value: Tensor) -> Any:
    """An upstream gradient of a client's in the convention of the engine."""
    g = _cast(g, value.dtype)
    if g.shape != value.shape:
        g = np.broadcast_to(g, value.shape)
    return np.conj(g) if g.dtype.kind == "c" else g


def _cast(x: Any, dtype: np.dtype[Any]) -> Any:
    """A vector in the dtype of what it is a direction or a gradient of."""
    x = x if isinstance(x, Tensor) else np.asarray(x)[()]
    if x.dtype.kind == "c" and dtype.kind != "c":
        x = np.real(x)
    if x.dtype == dtype:
        return x
    return astype(x, dtype=dtype) if isinstance(x, Tensor) else x.astype(dtype)


def _joined(seeds: Sequence[tuple[Tensor, Any]]) -> tuple[Tensor, Any]:
    """One value whose gradients by several values are these, and the gradient by itself."""
    total: Any = sum(np.sum(np.real(np.conj(seed) * x)) for x, seed in seeds)
    return total, constant_tensor(total.dtype.type(1))
