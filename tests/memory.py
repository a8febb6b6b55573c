"""How much memory a piece of work keeps."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

ROUNDS = 4


def kept_by(step: Callable[[], None], times: int) -> int:
    """Bytes that `times` steps leave behind, with Python's cyclic collector off.

    Of a few rounds the least: other threads of the process, such as those that report to the
    runner of the tests, allocate as well, but a leak is there in every round. Fails if a step
    leaves a reference cycle.
    """
    for _ in range(50):  # what is made once
        step()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        growth, cycles = [], []
        for _ in range(ROUNDS):
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(times):
                step()
            cycles.append(gc.collect())  # gives back what Python keeps of tuples, too
            growth.append(tracemalloc.get_traced_memory()[0] - before)
    finally:
        tracemalloc.stop()
        gc.enable()
    assert min(cycles) == 0
    return min(growth)


def peak_of_a_call(f: Callable[..., Any], *args: Any) -> int:
    """Bytes that a call takes for a while or for good."""
    for _ in range(3):
        f(*args)
    tracemalloc.start()
    f(*args)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    f(*args)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - before
