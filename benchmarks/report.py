"""The results as tables in Markdown."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .runner import Result


def machine(threads: int) -> str:
    """What the figures were measured on."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index,call-overload]
    return (f"{_processor()}, Python {platform.python_version()}, NumPy {np.__version__} "
            f"({blas['name']} {blas['version']}), {threads} thread(s)")  # fmt: skip


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} cores" if names else platform.machine()


class Table:
    """Lines, printed as they come."""

    def __init__(self) -> None:
        self.results: list[Result] = []

    def add(self, results: list[Result]) -> None:
        """The results of one case."""
        if not self.results:
            print("| workload | allocator | system | median (10 % to 90 %) | ratio | memory |")
            print("|---|---|---|---|---|---|")
        self.results += results
        for result in results:
            if result.seconds:
                print(f"| {result.case} | {result.state} | {result.system} | {_times(result)} |",
                      flush=True)  # fmt: skip

    def skipped(self) -> None:
        """Who did not take part, and why; then the versions of those who did."""
        reasons: dict[tuple[str, str], list[str]] = {}
        for result in self.results:
            if result.skipped:
                lines = reasons.setdefault((result.system, result.skipped), [])
                lines += [result.case] if result.case not in lines else []
        if reasons:
            print("\nLeft out:\n")
        for (system, reason), lines in reasons.items():
            print(f"- {system}, {', '.join(lines)}: {reason}")
        versions = dict.fromkeys(result.version for result in self.results if result.version)
        print(f"\nVersions: {', '.join(versions)}.")


def summary(results: Sequence[Result]) -> str:
    """One row for each line, one column for each system: the reference's time, and ratios.

    There is a table for each reference, which stands first among the results of its cases.
    """
    reference: dict[str, str] = {}
    for result in results:
        reference.setdefault(result.case, result.system)
    parts = [
        _summary([r for r in results if r.seconds and reference[r.case] == name])
        for name in dict.fromkeys(reference.values())
    ]
    return "\n\n".join(part for part in parts if part)


def _summary(done: Sequence[Result]) -> str:
    if not done:
        return ""
    systems = list(dict.fromkeys(result.system for result in done))
    text = [f"| workload | allocator | {' | '.join(systems)} |", "|---" * (len(systems) + 2) + "|"]
    for case, state in dict.fromkeys((result.case, result.state) for result in done):
        own = {r.system: r for r in done if (r.case, r.state) == (case, state)}
        cells = [_number(own[name].ratio) if name in own else "" for name in systems[1:]]
        first = own[systems[0]]
        cells.insert(0, f"{_number(first.spread()[0])} {first.unit}")
        text.append(f"| {case} | {state} | {' | '.join(cells)} |")
    return "\n".join(text)


def _times(result: Result) -> str:
    middle, low, high = (_number(x) for x in result.spread())
    memory = "" if result.peak is None else _bytes(result.peak)
    return f"{middle} {result.unit} ({low} to {high}) | {_number(result.ratio)} | {memory}"


def _number(x: float) -> str:
    """Three digits."""
    return f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def _bytes(n: float) -> str:
    return f"{n:.0f} bytes" if n < 1e5 else f"{n / 1e6:.0f} MB"


def curves(found: Sequence[tuple[str, int, list[Result]]]) -> str:
    """Cost against size: a table for each thing that grows, sizes across."""
    text = []
    for what in dict.fromkeys(what for what, _, _ in found):
        columns = [(size, results) for kind, size, results in found if kind == what]
        unit = columns[0][1][0].unit
        text += ["", f"| {what}: {unit} | {' | '.join(f'{size:,}' for size, _ in columns)} |"]
        text += ["|---" * (len(columns) + 1) + "|"]
        for k, first in enumerate(columns[0][1]):
            rows = [results[k] for _, results in columns]
            if any(row.seconds for row in rows):
                cells = [_number(row.spread()[0]) if row.seconds else "" for row in rows]
                text.append(f"| {first.system} | {' | '.join(cells)} |")
    return "\n".join(text)


def multiples(text: str) -> dict[str, dict[str, tuple[float, float]]]:
    """The tables of a page read back: for each workload, for each system, (least, greatest).

    A table of multiples begins with the workload and the time by hand; a cell is a number, or
    "0.5 to 0.6" for several runs, or empty. Of a workload in several tables all systems count.
    """
    found: dict[str, dict[str, tuple[float, float]]] = {}
    systems: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            systems = []
        elif cells[:2] == ["workload", "by hand"]:
            systems = cells[2:]
        elif systems and not cells[0].startswith("---"):
            for system, cell in zip(systems, cells[2:], strict=True):
                if cell:
                    numbers = [float(number) for number in cell.split(" to ")]
                    found.setdefault(cells[0], {})[system] = numbers[0], numbers[-1]
    return found
