"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd import DTypeError, Parameter, ShapeError, Tensor

from ..arguments import plain
from .optimiser import Optimiser, Params
from .settings import Group, Setting, flag, fraction, not_negative, positive

__all__ = ["SGD"]


class SGD(Optimiser):
    """Stochastic gradient descent: p -= lr * p.grad; with momentum, p -= lr * v.

    v = momentum * v + (1 - dampening) * g, at the first step v = g; Nesterov's looks ahead and
    moves by g + momentum * v (CS231n, "Parameter updates"; Sutskever et al. 2013).
    params         a module, its parameters, or groups of them; none for the book's `update`
    lr             the step size; all settings can be changed between steps
    weight_decay   adds weight_decay * p to the gradient

    >>> import nn
    >>> from autograd import Parameter
    >>> p = Parameter([1.0])
    >>> sgd = nn.SGD([p], lr=0.1, momentum=0.9)
    >>> for _ in range(2):
    ...     sgd.zero_grad()
    ...     (p * 2).sum().backward()
    ...     sgd.step()
    >>> p.numpy().round(3)
    array([0.42])
    """

    lr = Setting(positive)
    momentum = Setting(fraction)
    dampening = Setting(fraction)
    weight_decay = Setting(not_negative)
    nesterov = Setting(flag)
    complex_too = True

    def __init__(
        self,
        params: Params = (),
        lr: float = 0.01,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        super().__init__(params, lr=lr, momentum=momentum, dampening=dampening,
                         weight_decay=weight_decay, nesterov=nesterov)  # fmt: skip

    def check_group(self, group: Group) -> None:
        """Raise ValueError for Nesterov's momentum without momentum, or with dampening."""
        if group.nesterov and (group.momentum == 0 or group.dampening != 0):
            raise ValueError(
                f"SGD: nesterov=True with momentum={group.momentum} and "
                f"dampening={group.dampening}; expected a momentum above 0, and no dampening"
            )

    @classmethod
    def arrays_of(cls, group: Group) -> dict[str, float]:
        """The moving sum of gradients, with momentum."""
        return {"momentum_buffer": 0.0} if group.momentum else {}

    def counts(self) -> bool:
        """With dampening, which the first step goes without."""
        return any(group.now().dampening for group in self.param_groups)

    def rule(self, group: Group, step: int) -> Any:
        """The step of the class's docstring."""
        lr, momentum, decay = group.lr, group.momentum, group.weight_decay
        nesterov = group.nesterov
        damped = group.dampening != 0
        share = 1 - group.dampening * (step > 1) if damped else 1.0

        def move(values: Any, g: Any, out: Any, work: Any) -> Any:
            p = values[0]
            if decay:
                g = decayed(p, g, decay, work[1])
            if not momentum:
                return (np.subtract(p, np.multiply(lr, g, out=out[0]), out=out[0]),)
            v = np.multiply(momentum, values[1], out=out[1])
            v = np.add(v, np.multiply(share, g, out=work[0]) if damped else g, out=out[1])
            way = v
            if nesterov:
                way = np.add(g, np.multiply(momentum, v, out=work[0]), out=work[0])
            return np.subtract(p, np.multiply(lr, way, out=work[0]), out=out[0]), v

        return move

    def update(self, params: Mapping[str, Any], grads: Mapping[str, Any]) -> None:
        """The book's way: params and their gradients as dictionaries with the same keys.

        The values are Parameters, or arrays of floats, which are changed in place. Raises KeyError
        for a missing gradient, TypeError for a value that cannot be changed, ShapeError for a
        gradient that does not fit; nothing is changed then.
        """
        group = self.param_groups[0]
        if group.momentum or group.weight_decay:
            raise ValueError(
                "SGD.update: this way has neither momentum nor weight decay; give the parameters "
                "to SGD(params, ...) and call step()"
            )
        moving = {name: p for name, p in params.items() if not _is_frozen(p)}
        missing = moving.keys() - grads.keys()
        if missing:
            raise KeyError(f"SGD.update: no gradient for {', '.join(sorted(missing))}")
        steps = [(p, _gradient_for(name, p, grads[name])) for name, p in moving.items()]
        for p, g in steps:
            if isinstance(p, Parameter):
                p.descend(g, group.lr)
            else:
                p -= group.lr * g


def decayed(p: Any, g: Any, decay: float, work: Any) -> Any:
    """The gradient with weight decay: g + decay * p."""
    return np.add(g, np.multiply(decay, p, out=work), out=work)


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
