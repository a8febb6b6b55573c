"""The programs of the course with gategrad: one source for eager, compiled and native code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from autograd import Parameter

from ..course import LOSSES, PARAMETERS

Update = Callable[[], None]


def step_of(kind: str) -> Callable[[Any], Callable[..., Any]]:
    """One step of training, as a function of the batch."""
    update_of = {"momentum": momentum, "adam": adam}.get(kind, sgd)

    def make(work: Any) -> Callable[..., Any]:
        names = PARAMETERS[kind]
        params = [Parameter(w, name=n) for n, w in zip(names, work.copies(names), strict=True)]
        work.cross_entropy = nn.softmax_cross_entropy
        loss_of, update = LOSSES[kind], update_of(params, work)

        def train(X: Any, y: Any) -> Any:
            for p in params:
                p.zero_grad()
            loss = loss_of(np, params, X, y, work)
            loss.backward()
            update()
            return loss

        return train

    return make


def sgd(params: list[Parameter], work: Any) -> Update:
    """p -= lr * dp."""

    def update() -> None:
        for p in params:
            p -= work.lr * p.grad

    return update


def momentum(params: list[Parameter], work: Any) -> Update:
    """CS231n, "Momentum update"."""
    velocity = zeros(params)

    def update() -> None:
        for p, v in zip(params, velocity, strict=True):
            v.data = work.mu * v.data - work.lr * p.grad
            p += v.data

    return update


def adam(params: list[Parameter], work: Any) -> Update:
    """CS231n, "Adam", with the correction of the first steps."""
    means, squares = zeros(params), zeros(params)
    t = Parameter(np.zeros((), params[0].dtype), requires_grad=False)
    beta1, beta2 = work.beta1, work.beta2

    def update() -> None:
        t.data = t.data + 1
        for p, m, v in zip(params, means, squares, strict=True):
            m.data = beta1 * m.data + (1 - beta1) * p.grad
            v.data = beta2 * v.data + (1 - beta2) * p.grad**2
            mt = m.data / (1 - beta1**t.data)
            vt = v.data / (1 - beta2**t.data)
            p -= work.lr * mt / (np.sqrt(vt) + work.eps)

    return update


def zeros(params: list[Parameter]) -> list[Parameter]:
    """What an optimiser remembers: no gradient reaches it."""
    return [Parameter(np.zeros_like(p.numpy()), requires_grad=False) for p in params]


STEPS = {kind: step_of(kind) for kind in LOSSES}
