"""From a tensor to everything that its picture shows: the gates, all values, all gradients.

The recorded graph is only read. Values are worked out again from the leaves, and gradients by
backpropagation into a table of our own, so no `.grad` changes and none has to be retained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Array, as_constant
from ..backward import backpropagate
from ..errors import DTypeError, ShapeError
from ..leaf import leaf_node
from ..modes import Scope
from ..node import Node
from ..replay import ancestors, operand_values, values
from ..tensor import Tensor
from .errors import DrawError
from .expand import Choice, Expanded, expand
from .names import legible
from .outline import blank
from .sources import names_in_program

__all__ = ["Trace", "follow"]


@dataclass
class Trace:
    """A graph to be drawn, with what flowed through it in both directions."""

    root: Node
    nodes: list[Node]  # in order of creation
    values: dict[Node, Array]
    grads: dict[Node, Array]
    names: dict[Node, str]
    arrays: list[tuple[str, Any]]  # names for operands that are no nodes
    fused: dict[Scope, Node] = field(default_factory=dict)  # the gate that a scope stands for
    simpler: bool = False  # some gates are shown in simpler ones
    stale: bool = False  # an array was written to after it had been used
    ends: list[Node] = field(default_factory=list)  # of a program: all that leaves it
    closed: frozenset[Scope] = frozenset()  # boxes that are closed unless asked for
    of_program: str = ""  # the text of the program, if it is one
    bare: bool = False  # arrays are blank: there are only shapes to show, and no gradients

    def __post_init__(self) -> None:
        self.ends = self.ends or [self.root]

    @property
    def root_name(self) -> str:
        """The name of the result: its own, or `f` if that is still free."""
        given = self.names.get(self.root)
        return given or ("f" if "f" not in self.names.values() else "out")


def follow(
    tensor: Tensor,
    choice: Choice,
    gradient: Any = None,
    names: Mapping[str, Any] | None = None,
    bare: bool = False,
) -> Trace:
    """Collect the graph behind `tensor`, with its values and gradients, unless shapes are all."""
    root = tensor._node or leaf_node(tensor._array, None, None)
    order = ancestors(root)
    known = {n: blank(n.shape, n.dtype) for n in order} if bare else values_of(order)
    stale = not bare and _is_changed(tensor, order, known)
    nodes_by_name, arrays = _named(names or {})
    nodes_by_name = {**names_in_program(order), **nodes_by_name}
    graph = expand(Expanded(root, order, known, nodes_by_name), choice, bare)
    seed = None if bare else _seed(tensor, gradient)
    grads = _gradients(graph.root, graph.nodes, seed)
    shown = {node: legible(name) for node, name in graph.names.items() if node in graph.values}
    return Trace(
        graph.root, graph.nodes, graph.values, grads, shown, arrays, graph.fused,
        simpler=graph.root is not root, stale=stale, bare=bare,
    )  # fmt: skip


def _is_changed(tensor: Tensor, order: list[Node], known: dict[Node, Array]) -> bool:
    """Whether something was written to after it had been used."""
    return not _same(known[order[-1]], tensor.data) or any(_is_stale(n, known) for n in order)


def values_of(order: list[Node]) -> dict[Node, Array]:
    """Every value, computed again; a NaN on the way is a thing to draw, not to warn of."""
    with np.errstate(all="ignore"):
        return values(order)


def _is_stale(node: Node, known: dict[Node, Array]) -> bool:
    """Whether a single value, which the graph keeps, is no longer what its operands make."""
    if node.plan is None or node.value is None:
        return False
    operands = operand_values(node, known)
    if all(np.ndim(x) == 0 for x in operands):  # numbers cannot be written to
        return False
    gate = node.plan.gate
    with np.errstate(all="ignore"):
        now, _ = gate.compute(operands, node.static or {}, None)
    return not _same(now, node.value)


def _same(a: Array, b: Array) -> bool:
    return bool(np.allclose(a, b, equal_nan=True))


def _gradients(root: Node, order: list[Node], seed: Any) -> dict[Node, Array]:
    if seed is None or not root.requires_grad:
        return {}
    with np.errstate(all="ignore"):
        return backpropagate(root, seed, order)


def _seed(tensor: Tensor, gradient: Any) -> Any:
    """The gradient of the result by itself: 1, or what the caller gives; None: not defined."""
    if gradient is None:
        return np.ones(tensor.shape, tensor.dtype)[()] if tensor.size == 1 else None
    if isinstance(gradient, Tensor):
        gradient = gradient.numpy()
    try:
        seed = as_constant(gradient, dtype=tensor.dtype)
    except (ValueError, DTypeError) as error:
        expected = f"expected numbers of shape {tensor.shape}"
        raise DrawError(f"draw: gradient: {error}; {expected}") from None
    if seed.shape != tensor.shape:
        raise ShapeError(
            f"draw: the gradient has shape {seed.shape}, but the tensor {tensor.shape}; "
            "they must agree"
        )
    return seed


def _named(names: Mapping[str, Any]) -> tuple[dict[Node, str], list[tuple[str, Any]]]:
    """The names that the caller gives: to nodes, and to arrays that have no node.

    Anything else is passed over, so that `names=locals()` works.
    """
    nodes: dict[Node, str] = {}
    arrays: list[tuple[str, Any]] = []
    for name, value in names.items():
        if isinstance(value, Tensor) and value._node is not None:
            nodes.setdefault(value._node, name)
        elif isinstance(value, Tensor):
            arrays.append((legible(name), value._array))
        elif isinstance(value, np.ndarray):
            arrays.append((legible(name), value))
    return nodes, arrays
