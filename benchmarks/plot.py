"""The results as plots."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

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


def beside(
    found: Mapping[str, Mapping[str, tuple[float, float]]], note: str, *,
    ink: str, muted: str, ground: str, own: str, colours: Sequence[str],
) -> str:  # fmt: skip
    """An SVG: systems one below the other, the fastest first, with a marker for each kind of work.

    found   for each system, for each kind of work, the least and the greatest multiple of the
            time by hand; the marker stands at their geometric mean
    own     the colour of our own rows; colours are those of the kinds of work
    """
    kinds = list(dict.fromkeys(kind for name in found for kind in found[name]))
    shared = [kind for kind in kinds if all(kind in found[name] for name in found)]
    systems = sorted(found, key=lambda name: _mean(*(found[name][kind] for kind in shared)))
    look = {"text.color": ink, "axes.labelcolor": muted, "xtick.color": muted, "font.size": 11,
            "svg.fonttype": "none", "svg.hashsalt": "beside"}  # fmt: skip
    with plt.rc_context(look):
        figure = plt.figure(figsize=(8.65, 5), facecolor=ground)
        axes = figure.add_axes((0.26, 0.225, 0.72, 0.7), facecolor=ground)
        axes.axvline(1, color=muted, linewidth=1.2)
        axes.text(1, -0.85, "NumPy by hand", ha="center", color=muted)
        for k, kind in enumerate(kinds):
            rows = [row for row, name in enumerate(systems) if kind in found[name]]
            axes.plot([_mean(found[systems[row]][kind]) for row in rows],
                      [row + 0.16 * (k - 1) for row in rows],  # so that none hides another
                      "osD"[k], color=colours[k], markersize=(8, 7.5, 7)[k], markeredgecolor=ground,
                      linestyle="", label=kind, gid=f"work{k}", zorder=3)  # fmt: skip
        _rows(axes, systems, ink, muted, own)
        axes.set_xlabel(f"time of a training step, as a multiple of NumPy by hand\n{note}")
        figure.legend(loc="lower center", bbox_to_anchor=(0.54, 0), ncols=len(kinds), frameon=False,
                      handletextpad=0.2)  # fmt: skip
        text = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", metadata=nothing)
    plt.close(figure)
    return re.sub(
        r"font-family: [^;\"]+", "font-family: Helvetica, Arial, sans-serif", text.getvalue()
    )


def _rows(axes: Any, systems: Sequence[str], ink: str, muted: str, own: str) -> None:
    axes.set_xscale("log")
    ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(systems)), systems)
    axes.set(xlim=(0.05, 12), ylim=(len(systems) - 0.5, -0.5))
    for label in axes.get_yticklabels():
        ours = label.get_text().startswith("gategrad")
        label.set(color=own if ours else ink, weight="bold" if ours else "normal")
    axes.grid(axis="y", color=muted, alpha=0.25)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _mean(*ranges: tuple[float, float]) -> float:
    """The geometric mean of all ends."""
    return float(np.exp(np.mean(np.log(ranges))))


def _style(k: int) -> dict[str, Any]:
    return {"marker": "osD^v<>Pph*X8"[k % 13], "color": plt.get_cmap("tab20")(k % 20)}
