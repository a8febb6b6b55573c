"""A small net, its optimiser and a step of training, for the tests of optimisers and schedules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import nn
from tests.draws import generator


class Run:
    """A small net, its optimiser, and a step of training."""

    def __init__(self, make: Callable[[Any], Any], dtype: Any = np.float64, schedule: Any = None):
        rng = generator(4)
        self.net = nn.Sequential(nn.Linear(3, 5, seed=0), nn.Tanh(), nn.Linear(5, 2, seed=1))
        for p in self.net.parameters():
            p.__init__(rng.normal(size=p.shape).astype(dtype), name=p.name)  # type: ignore[misc]
        self.optimiser = make(self.net)
        self.schedule = schedule(self.optimiser) if schedule else None
        self.batches = [rng.normal(size=(7, 3)).astype(dtype) for _ in range(24)]

    def step(self, x: Any) -> Any:
        self.optimiser.zero_grad()
        loss = np.mean(self.net(x) ** 2)
        loss.backward()
        self.optimiser.step()
        if self.schedule is not None:
            self.schedule.step()
        return loss

    def state(self) -> Any:
        """Parameters, gradients and the state of the optimiser, in bits."""
        ps = self.net.parameters()
        arrays = [(p.numpy().tobytes(), None if p.grad is None else p.grad.tobytes()) for p in ps]
        return (
            arrays,
            bits(self.optimiser.state_dict()),
            self.schedule and self.schedule.state_dict(),
        )


def bits(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: bits(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [bits(value) for value in x]
    return (x.dtype.str, x.tobytes()) if isinstance(x, np.ndarray) else (type(x), x)
