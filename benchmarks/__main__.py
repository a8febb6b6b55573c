"""Time training steps against NumPy written by hand, and print a table in Markdown."""

from __future__ import annotations

import argparse
import platform

import numpy as np

from .runner import REFERENCE, compare
from .workloads import WORKLOADS

SYSTEMS = {"by_hand": "NumPy by hand, as in the notes", "engine": "gategrad, eager",
           "compiled": "gategrad, compiled"}  # fmt: skip


def main() -> None:
    """Run what was asked for; the table goes to standard output."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), help="spiral, mnist")
    parser.add_argument("--rounds", type=int, default=20, help="of 100 steps each (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="for BLAS (%(default)s)")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"unknown workload {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")

    print(f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, "
          f"NumPy {np.__version__}, {options.threads} thread(s)\n")  # fmt: skip
    print("| workload | allocator | system | µs a step: median (10 % to 90 %) | ratio |")
    print("|---|---|---|---|---|")
    for workload in options.workloads:
        for dtype in ("float64", "float32"):
            for pinned in (False, True):
                results = compare(
                    [REFERENCE, *[s for s in SYSTEMS if s != REFERENCE]], workload, dtype,
                    rounds=options.rounds, pinned=pinned, threads=options.threads,
                )  # fmt: skip
                state = "pinned" if pinned else "default"
                for result in results:
                    system = SYSTEMS[result.system]
                    print(f"| {workload} {dtype} | {state} | {system} | {result.row} |", flush=True)


if __name__ == "__main__":
    main()
