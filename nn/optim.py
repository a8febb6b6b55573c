"""Optimisers: how parameters follow their gradients downhill."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from autograd import DTypeError, GraphError, Parameter, ShapeError, Tensor, setting

from .arguments import plain
from .module import Module

__all__ = ["SGD"]


class SGD:
    """Stochastic gradient descent: p -= lr * p.grad.

    params   a module, or the parameters themselves; leave out for the book's `update`
    lr       the step size, positive and finite; it can be changed between steps
    A parameter that is listed twice steps once, and a frozen one (`requires_grad=False`) stays.
    `step()` updates and raises GraphError when a parameter has no gradient; `zero_grad()` clears.
    Everything is checked before the first parameter is changed.
    """

    def __init__(self, params: Module | Iterable[Parameter] = (), lr: float = 0.01):
        if not isinstance(params, (Module, Iterable)):
            raise TypeError(f"SGD: got {type(params).__name__}; expected a net or its parameters")
        listed = params.parameters() if isinstance(params, Module) else list(params)
        for p in listed:
            if not isinstance(p, Parameter):
                raise TypeError(f"SGD: expected parameters, got {type(p).__name__}")
        self.params = list({id(p): p for p in listed}.values())
        self.lr = lr

    @property
    def lr(self) -> float:
        """The step size. Raises TypeError for what is no number, ValueError unless positive."""
        return vars(self)["lr"]  # type: ignore[no-any-return]

    @lr.setter
    def lr(self, value: float) -> None:
        if not isinstance(value, Real) or isinstance(value, bool):
            raise TypeError(f"SGD: lr is {value!r}; expected a positive number, the step size")
        if not 0 < value < math.inf:
            raise ValueError(f"SGD: lr is {value}; expected a positive, finite step size")
        # a stand-in, while a function that changes it is compiled, has no value to convert
        vars(self)["lr"] = float(value) if isinstance(value, np.generic) else value * 1.0

    def step(self) -> None:
        """Move every parameter against its gradient."""
        if not self.params:
            raise GraphError("SGD.step: there are no parameters; give them as SGD(net, lr=...)")
        found = [(p, p.grad) for p in self.params if p.requires_grad]
        for p, g in found:
            if g is None:
                raise GraphError(
                    f"SGD: parameter {p.name or p.shape} has no gradient; call loss.backward() "
                    "first, and give the optimiser only parameters that the loss depends on"
                )
        lr = setting(self, "lr")
        for p, g in found:
            p.descend(g, lr)

    def zero_grad(self) -> None:
        """Forget the gradients; call it before the next `backward()`."""
        for p in self.params:
            p.zero_grad()

    def update(self, params: Mapping[str, Any], grads: Mapping[str, Any]) -> None:
        """The book's way: params and their gradients as dictionaries with the same keys.

        The values are Parameters, or arrays of floats, which are changed in place. Raises KeyError
        for a missing gradient, TypeError for a value that cannot be changed, ShapeError for a
        gradient that does not fit; nothing is changed then.
        """
        moving = {name: p for name, p in params.items() if not _is_frozen(p)}
        missing = moving.keys() - grads.keys()
        if missing:
            raise KeyError(f"SGD.update: no gradient for {', '.join(sorted(missing))}")
        steps = [(p, _gradient_for(name, p, grads[name])) for name, p in moving.items()]
        for p, g in steps:
            if isinstance(p, Parameter):
                p.descend(g, setting(self, "lr"))
            else:
                p -= self.lr * g


def _is_frozen(p: Any) -> bool:
    return isinstance(p, Parameter) and not p.requires_grad


def _gradient_for(name: str, p: Any, g: Any) -> Any:
    """The gradient of `params[name]` as an array; raises unless the step can be taken."""
    if not isinstance(p, Parameter):
        _check_changeable(f"SGD.update: params[{name!r}]", p)
    if isinstance(g, Tensor):
        g = g.data
    elif not hasattr(g, "dtype") or isinstance(g, np.ndarray):
        g = plain(g, f"SGD.update: grads[{name!r}]")
    if g.dtype.kind not in "fiu":
        raise DTypeError(f"SGD.update: grads[{name!r}] holds {g.dtype}; expected floats")
    if g.shape != p.shape:
        raise ShapeError(
            f"SGD.update: grads[{name!r}] has shape {g.shape}, but params[{name!r}] has {p.shape}"
        )
    return g


def _check_changeable(name: str, p: Any) -> None:
    if not isinstance(p, np.ndarray) or plain(p, name).dtype.kind != "f":
        kind = f"an array of {p.dtype}" if isinstance(p, np.ndarray) else f"a {type(p).__name__}"
        raise TypeError(
            f"{name} is {kind}, which cannot be changed in place; expected a Parameter or an "
            "array of floats"
        )
    if not p.flags.writeable:
        raise ValueError(f"{name} is read-only; pass a copy, p.copy()")
