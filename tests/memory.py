"""How much memory a piece of work keeps."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

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
        growth = []
        for _ in range(ROUNDS):
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(times):
                step()
            growth.append(tracemalloc.get_traced_memory()[0] - before)
        assert gc.collect() == 0
    finally:
        tracemalloc.stop()
        gc.enable()
    return min(growth)
