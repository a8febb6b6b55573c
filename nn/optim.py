"""Optimisers: how parameters follow their gradients downhill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autograd import GraphError, Parameter, setting

from .module import Module

__all__ = ["SGD"]


class SGD:
    """Stochastic gradient descent: p -= lr * p.grad.

    params   a module, or the parameters themselves; leave out for the book's `update`
    lr       the step size, positive
    `step()` updates and raises GraphError when a parameter has no gradient; `zero_grad()` clears.
    """

    def __init__(self, params: Module | Iterable[Parameter] = (), lr: float = 0.01):
        self.params = params.parameters() if isinstance(params, Module) else list(params)
        for p in self.params:
            if not isinstance(p, Parameter):
                raise TypeError(f"SGD: expected parameters, got {type(p).__name__}")
        if not lr > 0:
            raise ValueError(f"SGD: lr is {lr}; expected a positive step size")
        self.lr = lr

    def step(self) -> None:
        """Move every parameter against its gradient."""
        gradients = [p.grad for p in self.params]
        for p, g in zip(self.params, gradients, strict=True):
            if g is None:
                raise GraphError(
                    f"SGD: parameter {p.name or p.shape} has no gradient; call loss.backward() "
                    "first, and give the optimiser only parameters that the loss depends on"
                )
        lr = setting(self, "lr")
        for p, g in zip(self.params, gradients, strict=True):
            p.descend(g, lr)

    def zero_grad(self) -> None:
        """Forget the gradients; call it before the next `backward()`."""
        for p in self.params:
            p.zero_grad()

    def update(self, params: Mapping[str, Any], grads: Mapping[str, Any]) -> None:
        """The book's way: params and their gradients as dictionaries with the same keys."""
        missing = params.keys() - grads.keys()
        if missing:
            raise KeyError(f"SGD.update: no gradient for {', '.join(sorted(missing))}")
        for name, p in params.items():
            if isinstance(p, Parameter):
                p.descend(grads[name], self.lr)
            else:
                p -= self.lr * grads[name]
