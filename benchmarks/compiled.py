"""The same training step, compiled to one NumPy program."""

from __future__ import annotations

from typing import Any

import autograd

from . import engine
from .workloads import Workload


class Net(engine.Net):
    """As `engine.Net`, but the whole step is one compiled function."""

    def __init__(self, work: Workload):
        super().__init__(work)
        self.program = autograd.compile(self.train)

    def step(self, X: Any, y: Any) -> float:
        """One step of gradient descent; gives the loss before it."""
        return float(self.program(X, y))
