"""One system in a process of its own, so that none profits from another's warm allocator.

Says what it runs, or why it cannot; then reads a number of runs per line, does them, and answers
with seconds a run and the values that came out.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .workloads import Work


def main() -> None:
    """Arguments: system, kind of work, file of its arrays, threads, file of the small ones."""
    system, kind, path, threads, *small = sys.argv[1:]
    answers, sys.stdout = sys.stdout, sys.stderr  # systems may print
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-int(threads) :])

    def answer(**found: Any) -> None:
        print(json.dumps(found), file=answers, flush=True)

    try:
        module = importlib.import_module(f"benchmarks.systems.{system}")
    except ImportError as error:
        return answer(absent=str(error))
    if kind not in module.RUNS:
        return answer(skipped=module.SKIPS.get(kind, "it has no such thing"))
    for name in small:  # so that only what the size costs counts as memory
        module.RUNS[kind](_load(name))(3)
    work = _load(path)
    clock = time.process_time if os.environ.get("BENCHMARKS_CLOCK") else time.perf_counter
    before = _memory("VmRSS")
    run = module.RUNS[kind](work)
    answer(version=module.VERSION)
    for line in sys.stdin:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
        start = clock()
        result = run(int(line))
        seconds = (clock() - start) / int(line)
        peak = _memory("VmHWM") - before
        to_numpy = getattr(module, "to_numpy", np.asarray)
        values = [_size(to_numpy(piece)) for piece in _pieces(result)]
        answer(seconds=seconds, values=values, peak=peak)


def _load(path: str) -> Work:
    with np.load(path) as arrays:
        return Work(dict(arrays))


def _pieces(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [piece for part in result for piece in _pieces(part)]
    return [result]


def _size(x: Any) -> float:
    """A number that stands for an array when results are compared."""
    x = np.asarray(x, np.float64)
    return float(x) if x.ndim == 0 else float(np.sqrt(np.sum(x * x)))


def _memory(field: str) -> int:
    """Bytes of memory that the process holds, or 0 where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return 1024 * int(line.split()[1])
    return 0


if __name__ == "__main__":
    main()
