"""The same programs as with `gategrad_eager`, each compiled to one NumPy program."""

from __future__ import annotations

from functools import partial
from typing import Any

import autograd

from . import gategrad_eager, gategrad_nets
from .common import repeat
from .gategrad_eager import STEPS

VERSION = gategrad_eager.VERSION
to_numpy = gategrad_eager.to_numpy


def run_of(kind: str, backend: str = "numpy") -> Any:
    """The run for a kind of work."""
    step, arguments = STEPS[kind]
    return lambda work: repeat(autograd.compile(step(work), backend=backend), arguments(work))


TRAIN = partial(gategrad_nets.train, wrap=autograd.compile)
RUNS = {kind: run_of(kind) for kind in STEPS}
SKIPS = {"gradcheck": "`numerical_gradient` runs the net eagerly"}
