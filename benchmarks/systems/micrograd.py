"""micrograd: scalars alone."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np
from micrograd.engine import Value

from .common import Run, ScalarNet, chain, repeat

VERSION = f"micrograd {version('micrograd')}"


def to_numpy(x: Any) -> Any:
    """The number in a value."""
    return np.asarray(x.data if isinstance(x, Value) else x)


def moons(work: Any) -> Run:
    """The net of scalars."""
    net = ScalarNet(work, Value, lambda v: v.relu())
    parameters = net.parameters()

    def step() -> Any:
        for p in parameters:
            p.grad = 0
        loss = net.loss()
        loss.backward()
        for p in parameters:
            p.data -= work.lr * p.grad
        return loss

    return repeat(step)


def chain_of(work: Any) -> Run:
    """The chain of gates."""

    def step() -> Any:
        x = Value(work.x)
        y = chain(x, work.a, work.gates)
        y.backward()
        return y, x.grad

    return repeat(step)


RUNS: dict[str, Callable[[Any], Run]] = {"moons": moons, "chain": chain_of}
SKIPS = dict.fromkeys(
    ("spiral", "mnist", "conv", "small_sum", "tanh", "gradcheck", "hessian"), "scalars alone"
)
