"""Run several systems on one workload, in turns, and compare them.

The systems take turns round by round in processes of their own, so a machine that gets slower
for a while slows all of them. What is reported is each one's median, and the median of the ratio
to the first system, round by round.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

REFERENCE = "by_hand"
WARM_UP = 3
# glibc hands large freed blocks back to the system and faults them in again; these keep them
PINNED = {
    "MALLOC_TRIM_THRESHOLD_": "1000000000",
    "MALLOC_MMAP_THRESHOLD_": "1000000000",
    "MALLOC_TOP_PAD_": "67108864",
}


@dataclass
class Result:
    """One system on one workload."""

    system: str
    seconds: list[float]
    losses: list[float]
    ratios: list[float]

    @property
    def row(self) -> str:
        """The figures for a table: microseconds, their spread, the ratio."""
        us = sorted(1e6 * s for s in self.seconds)
        low, high = us[len(us) // 10], us[-1 - len(us) // 10]
        return f"{median(us):.0f} ({low:.0f} to {high:.0f}) | {median(self.ratios):.2f}"


class Worker:
    """A process that runs one system."""

    def __init__(self, system: str, workload: str, dtype: str, environment: dict[str, str]):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", system, workload, dtype],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **environment},
        )  # fmt: skip

    def round(self) -> dict[str, Any]:
        """Do one round; raises RuntimeError if the process failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a benchmark process failed: {self.process.args}")
        return json.loads(answer)  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def compare(
    systems: list[str], workload: str, dtype: str, *, rounds: int, pinned: bool, threads: int
) -> list[Result]:
    """Time the systems in turns; raises RuntimeError if their losses disagree."""
    environment = {name: str(threads) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")}
    if pinned:
        environment |= PINNED
    workers = [Worker(system, workload, dtype, environment) for system in systems]
    results = [Result(system, [], [], []) for system in systems]
    try:
        for k in range(WARM_UP + rounds):
            answers = [worker.round() for worker in workers]
            if k == 0:  # later on, rounding errors have been amplified by training itself
                _check(systems, answers, dtype)
            if k < WARM_UP:
                continue
            for result, answer in zip(results, answers, strict=True):
                result.seconds.append(answer["seconds"])
                result.losses.append(answer["loss"])
                result.ratios.append(answer["seconds"] / answers[0]["seconds"])
    finally:
        for worker in workers:
            worker.close()
    return results


def _check(systems: list[str], answers: list[dict[str, Any]], dtype: str) -> None:
    """After the first round the systems must have computed the same."""
    allowed = 1e-9 if dtype == "float64" else 1e-3
    for system, answer in zip(systems, answers, strict=True):
        difference = abs(answer["loss"] - answers[0]["loss"])
        if not difference <= allowed * max(1.0, abs(answers[0]["loss"])):
            raise RuntimeError(
                f"{system} has loss {answer['loss']}, but {systems[0]} has {answers[0]['loss']}"
            )
