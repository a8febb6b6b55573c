"""Run several systems on one case, in turns, and compare them.

The systems take turns round by round in processes of their own, so a machine that gets slower
for a while slows all of them. What is reported is each one's median, and the median of the ratio
to the reference, round by round.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .systems import OURS, SYSTEMS
from .workloads import Arrays, Case

ROOT = Path(__file__).resolve().parents[1]
# glibc may hand large freed blocks back to the system and fault them in again, or not: that depends
# on what lies where, so "default" differs from process to process. The others do not:
STATES: dict[str, dict[str, str]] = {
    "default": {},
    "pinned": {  # freed memory is kept and used again
        "MALLOC_TRIM_THRESHOLD_": "1000000000",
        "MALLOC_MMAP_THRESHOLD_": "1000000000",
        "MALLOC_TOP_PAD_": "67108864",
    },
    "fresh": {"MALLOC_MMAP_THRESHOLD_": "131072"},  # arrays of 128 KiB and more: always new pages
}


@dataclass(frozen=True)
class Options:
    """How to measure."""

    rounds: int = 20
    threads: int = 1
    seconds: float = 0.05  # about so long is a round of one system
    limit: float = 60.0  # a system that takes longer for a round is skipped
    processor: bool = False  # measure the time of the processor, not that on the wall
    pythons: dict[str, str] = field(default_factory=dict)  # for systems with their own environment

    def environment(self, state: str) -> dict[str, str]:
        """Variables of a worker: as many threads as asked for, and the state of the allocator."""
        n = str(self.threads)
        found = dict(os.environ) | dict.fromkeys(
            ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "CPU_COUNT"), n
        )
        if self.threads == 1:
            found["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
        if self.processor:
            found["BENCHMARKS_CLOCK"] = "processor"
        return found | STATES[state]


@dataclass
class Result:
    """One system on one case."""

    case: str
    state: str
    system: str
    unit: str
    seconds: list[float] = field(default_factory=list)  # of one run (a gate, for a chain)
    ratios: list[float] = field(default_factory=list)
    peak: float | None = None  # bytes
    version: str = ""
    skipped: str = ""

    def spread(self) -> tuple[float, float, float]:
        """Median, and 10 % and 90 %, in the unit of the case."""
        scale = {"ns": 1e9, "µs": 1e6, "ms": 1e3}[self.unit.split()[0]]
        times = sorted(scale * s for s in self.seconds)
        return median(times), times[len(times) // 10], times[-1 - len(times) // 10]

    @property
    def ratio(self) -> float:
        """The time as a multiple of the reference's."""
        return median(self.ratios)


class SkippedError(Exception):
    """A system that does not take part, and why."""


class Worker:
    """A process that runs one system."""

    def __init__(self, system: str, case: Case, files: list[str], state: str, options: Options):
        self.system, self.case, self.limit = system, case, options.limit
        path, *small = files
        self.version, self.count = "", 1
        try:
            self.process = subprocess.Popen(
                [options.pythons.get(system, sys.executable), "-m", "benchmarks.worker",
                 system, case.kind, path, str(options.threads), *small],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=options.environment(state), cwd=ROOT,
            )  # fmt: skip
        except OSError as error:
            raise SkippedError(f"its interpreter: {error}") from None

    def start(self) -> None:
        """Raises SkippedError unless the system can do this work."""
        answer = self._answer()
        if "version" not in answer:
            raise SkippedError(answer.get("skipped") or f"not there: {answer['absent']}")
        self.version = answer["version"]

    def round(self, count: int) -> dict[str, Any]:
        """Do the work `count` times; raises SkippedError if the process failed or took too long."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        timer = threading.Timer(self.limit, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        late = not timer.is_alive()
        timer.cancel()
        if line:
            return json.loads(line)  # type: ignore[no-any-return]
        if late:
            raise SkippedError(f"a round takes more than {self.limit:.0f} s")
        errors = self.process.stderr.read()
        if self.system in OURS:
            raise RuntimeError(f"{self.system} failed on {self.case.name}:\n{errors}")
        raise SkippedError(f"fails: {(errors.strip().splitlines() or ['no message'])[-1][:100]}")

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


class Comparison:
    """One case, one state of the allocator, several systems."""

    def __init__(self, case: Case, state: str, systems: list[str], options: Options):
        self.case, self.state, self.options = case, state, options
        ordered = [case.reference, *[name for name in systems if name != case.reference]]
        self.results = {
            name: Result(case.name, state, SYSTEMS[name], case.unit) for name in ordered
        }

    def run(self) -> list[Result]:
        """Time the systems in turns; raises RuntimeError if one of ours gives other values."""
        with TemporaryDirectory() as folder:
            files = [_save(folder, "case", self.case.make())]
            if self.case.small:
                files.append(_save(folder, "small", self.case.small()))
            workers: dict[str, Worker] = {}
            try:
                for name in self.results:
                    self._attempt(workers, name, self._open, workers, name, files)
                for name in list(workers):
                    self._attempt(workers, name, workers[name].start)
                self._check(workers)
                self._measure(workers)
            finally:
                for worker in workers.values():
                    worker.close()
        return list(self.results.values())

    def _open(self, workers: dict[str, Worker], name: str, files: list[str]) -> None:
        workers[name] = Worker(name, self.case, files, self.state, self.options)

    def _attempt(self, workers: dict[str, Worker], name: str, action: Any, *given: Any) -> Any:
        """Do something with a worker; if it cannot, note why, and go on without it."""
        try:
            return action(*given)
        except SkippedError as reason:
            self.results[name].skipped = str(reason)
            if name in workers:
                workers.pop(name).close()
            return None

    def _check(self, workers: dict[str, Worker]) -> None:
        """After a few runs from the same start, all must have computed the same."""
        expected: list[float] = []
        for name in list(workers):
            answer = self._attempt(workers, name, workers[name].round, self.case.check)
            if answer is None:
                continue
            self.results[name].version = workers[name].version
            expected = expected or answer["values"]
            if not _agree(answer["values"], expected, self.case.tolerance):
                text = f"gives {answer['values']}, and {self.case.reference} {expected}"
                if name in OURS:
                    raise RuntimeError(f"{self.case.name}: {name} {text}")
                self._attempt(workers, name, _raise, SkippedError(text))
                continue
            for _ in range(2 if answer["seconds"] < 1 else 1):  # the first may have compiled
                if name in workers:
                    answer = self._attempt(workers, name, workers[name].round, 1) or answer
            if name in workers:
                workers[name].count = max(1, int(self.options.seconds / answer["seconds"]))

    def _measure(self, workers: dict[str, Worker]) -> None:
        rounds = min(self.options.rounds, self.case.rounds or self.options.rounds)
        for k in range(-1, rounds):  # one to warm up
            reference = None
            for name in list(workers):
                worker = workers[name]
                if k < 0 and worker.count == 1:  # warm already
                    continue
                answer = self._attempt(workers, name, worker.round, worker.count)
                if answer is None or k < 0:
                    continue
                seconds = answer["seconds"] / self.case.per
                reference = reference or seconds
                result = self.results[name]
                result.seconds.append(seconds)
                result.ratios.append(seconds / reference)
                if self.case.small and answer["peak"] > 0:
                    result.peak = max(result.peak or 0, answer["peak"] / self.case.per)


def _raise(error: Exception) -> None:
    raise error


def _save(folder: str, name: str, arrays: Arrays) -> str:
    path = Path(folder) / f"{name}.npz"
    np.savez(path, **arrays)
    return str(path)


def _agree(found: list[float], expected: list[float], tolerance: float) -> bool:
    return len(found) == len(expected) and all(
        abs(a - b) <= tolerance * max(1.0, abs(b)) for a, b in zip(found, expected, strict=True)
    )
