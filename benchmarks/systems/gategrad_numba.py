"""The same programs as with `gategrad_compiled`, in part as native code."""

from __future__ import annotations

import numba

from . import gategrad_compiled
from .gategrad_compiled import SKIPS, STEPS, run_of

__all__ = ["RUNS", "SKIPS", "VERSION", "to_numpy"]

VERSION = f"{gategrad_compiled.VERSION}, numba {numba.__version__}"
to_numpy = gategrad_compiled.to_numpy
RUNS = {kind: run_of(kind, "numba") for kind in STEPS}
