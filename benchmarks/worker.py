"""One system in a process of its own, so that none profits from another's warm allocator.

Reads the number of a round per line, does that round, and answers with its seconds and loss.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

from .workloads import WORKLOADS


def main() -> None:
    """Arguments: the module of the system, the workload, the dtype."""
    system, workload, dtype = sys.argv[1:]
    work = WORKLOADS[workload](dtype)
    net = importlib.import_module(f"benchmarks.{system}").Net(work)
    count = len(work.batches)
    for _ in sys.stdin:
        start = time.perf_counter()
        for k in range(work.steps):
            loss = net.step(*work.batches[k % count])
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds / work.steps, "loss": loss}), flush=True)


if __name__ == "__main__":
    main()
