"""Hooks: functions of the user's that see the gradient of a value on its way back.

t.register_hook(print)            # what arrives at t, complete
t.register_hook(lambda g: g / 2)  # and what goes on in its place
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .arrays import as_constant, read_only
from .declare import register_method
from .errors import GraphError, ShapeError
from .leaf import GradSlot
from .node import Node
from .standins import StandIn
from .tensor import Tensor

__all__ = ["Hook", "call_hooks", "have_hooks"]


class Hook:
    """A function that was registered; `remove()` ends that."""

    registered = False  # whether there ever was one: mostly there is none to look for

    def __init__(self, slot: GradSlot, function: Callable[[Any], Any]):
        Hook.registered, self._slot = True, slot
        slot.hooks = {**(slot.hooks or {}), self: function}

    def remove(self) -> None:
        """The function is not called any more."""
        hooks = {hook: f for hook, f in (self._slot.hooks or {}).items() if hook is not self}
        self._slot.hooks = hooks or None


def register_hook(tensor: Tensor, function: Callable[[Any], Any]) -> Hook:
    """Call a function with the gradient of this tensor at each backward pass through it.

    It is given the whole gradient, an array that cannot be written to (a Tensor with
    `create_graph`), once, before it goes on. What it returns goes on in its place; None changes
    nothing. Gives a handle with `remove()`. Raises GraphError if no gradient reaches the tensor,
    and, in the backward pass, ShapeError when what it returns has another shape.

    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> y = x * 3.0
    >>> hook = y.register_hook(lambda g: g * 10.0)
    >>> y.sum().backward()
    >>> x.grad
    array([30., 30.])
    """
    if not tensor.requires_grad:
        raise GraphError("register_hook: the tensor has requires_grad=False; no gradient gets here")
    node = tensor.node
    if node.slot is None:
        node.slot = GradSlot(retained=False)
    return Hook(node.slot, function)


def have_hooks(nodes: Iterable[Node]) -> bool:
    """Whether some value has a hook."""
    return Hook.registered and any(node.slot is not None and node.slot.hooks for node in nodes)


def call_hooks(node: Node, g: Any) -> Any:
    """The gradient that goes on, after the hooks of a value have seen the one that arrived."""
    for function in list(node.slot.hooks.values()) if node.slot and node.slot.hooks else ():
        new = function(_shown(g))
        if new is None:
            continue
        if not isinstance(g, Tensor):
            new = new._current() if isinstance(new, Tensor) else as_constant(new, dtype=node.dtype)
        if np.shape(new) != node.shape:
            raise ShapeError(
                f"a hook returned shape {np.shape(new)} for a gradient of shape {node.shape}; "
                "return a gradient of the same shape, or None to leave it as it is"
            )
        g = new
    return g


def _shown(g: Any) -> Any:
    """A gradient as a program may look at it."""
    if isinstance(g, StandIn):
        return g.outside()
    return g if isinstance(g, Tensor) else read_only(g)


register_method(["register_hook"], register_hook)
