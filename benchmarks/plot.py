"""The results as plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

from .runner import Result


def ratios(results: Sequence[Result], path: str) -> None:
    """Each system's time as a multiple of the reference's; a row for each line of the table."""
    done = [result for result in results if result.seconds]
    lines = list(dict.fromkeys((result.case, result.state) for result in done))
    figure, axes = plt.subplots(figsize=(9, 0.4 * len(lines) + 2), layout="constrained")
    for k, system in enumerate(dict.fromkeys(result.system for result in done)):
        own = [result for result in done if result.system == system]
        axes.plot([result.ratio for result in own],
                  [lines.index((result.case, result.state)) for result in own],
                  **_style(k), linestyle="", label=system)  # fmt: skip
    axes.set_yticks(range(len(lines)), [f"{case} ({state})" for case, state in lines])
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.grid(axis="both", alpha=0.3)
    axes.set_xlabel("time, as a multiple of the step by hand")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path)


def sizes(found: Sequence[tuple[str, int, list[Result]]], path: str) -> None:
    """Cost against size: one panel for each thing that grows."""
    kinds = list(dict.fromkeys(what for what, _, _ in found))
    figure, panels = plt.subplots(
        1, len(kinds), figsize=(4.5 * len(kinds), 4.5), layout="constrained", squeeze=False
    )
    for what, axes in zip(kinds, panels[0], strict=True):
        points: dict[str, list[tuple[int, float]]] = {}
        columns = [(size, results) for kind, size, results in found if kind == what]
        for size, results in columns:
            for result in results:
                if result.seconds:
                    points.setdefault(result.system, []).append((size, result.spread()[0]))
        for k, (system, curve) in enumerate(points.items()):
            axes.plot(*zip(*curve, strict=True), **_style(k), label=system)
        axes.set(xscale="log", yscale="log", xlabel=what, ylabel=columns[0][1][0].unit)
        axes.grid(alpha=0.3)
    panels[0][-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path)


def _style(k: int) -> dict[str, Any]:
    return {"marker": "osD^v<>Pph*X8"[k % 13], "color": plt.get_cmap("tab20")(k % 20)}
