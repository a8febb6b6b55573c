"""The same programs as with `gategrad_compiled`, in part as native code."""

from __future__ import annotations

from functools import partial

import numba

import autograd

from . import gategrad_compiled, gategrad_nets
from .gategrad_compiled import SKIPS, STEPS, run_of

__all__ = ["RUNS", "SKIPS", "TRAIN", "VERSION", "to_numpy"]

VERSION = f"{gategrad_compiled.VERSION}, numba {numba.__version__}"
to_numpy = gategrad_compiled.to_numpy
TRAIN = partial(gategrad_nets.train, wrap=partial(autograd.compile, backend="numba"))
RUNS = {kind: run_of(kind, "numba") for kind in STEPS}
