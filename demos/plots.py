"""The pictures of a training run: curves, decision regions, weights as tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

VALUE, GRADIENT, MUTED, BIAS = "#006e69", "#bf3b00", "#52606d", "#8a6100"
CLASS_COLOURS = ["#0072B2", "#E69F00", "#7b3294", "#009E73", "#D55E00", "#56B4E9"]
CLASS_MARKERS = ["o", "s", "^", "D", "v", "P"]
DASHES = ["-", "--", ":", "-."]
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.titleweight": "bold",
    "axes.titlesize": 10.5,
    "legend.frameon": False,
    "figure.dpi": 110,
}


@dataclass
class History:
    """What a training run recorded, every few steps."""

    steps: list[int] = field(default_factory=list)
    data_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    gradient_norms: dict[str, list[float]] = field(default_factory=dict)
    update_ratios: dict[str, list[float]] = field(default_factory=dict)


def save(plt: Any, figure: Any, path: Path, title: str) -> None:
    """Write a figure, with a title for those who cannot see it, and close it."""
    figure.savefig(path, metadata={"Title": title} if path.suffix == ".png" else None)
    plt.close(figure)


def loss_curve(axis: Any, history: History, classes: int) -> None:
    """Data loss and penalty apart, and the level of guessing, ln K."""
    axis.plot(history.steps, history.data_loss, color=VALUE, lw=2, label="data loss")
    if any(history.penalty):
        axis.plot(history.steps, history.penalty, "--", color=MUTED, label="½λ‖W‖²")
    axis.axhline(np.log(classes), color=MUTED, lw=1, ls=":")
    axis.text(1, np.log(classes), f"ln {classes}: chance ", transform=axis.get_yaxis_transform(),
              ha="right", va="bottom", fontsize=9)  # fmt: skip
    axis.set(title="loss", xlabel="step", ylim=(0, None))
    axis.legend(loc="center right")


def accuracy_curve(axis: Any, steps: Sequence[int], curves: dict[str, Sequence[float]]) -> None:
    """Accuracies in per cent, one line a set of data."""
    for (label, values), dash in zip(curves.items(), DASHES, strict=False):
        colour = VALUE if dash == "-" else GRADIENT
        axis.plot(steps, 100 * np.asarray(values), dash, color=colour, lw=2, label=label)
    last = next(reversed(curves.values()))[-1]
    axis.set(title=f"{next(reversed(curves))} accuracy: {100 * last:.1f} %", xlabel="step",
             ylim=(0, 102))  # fmt: skip
    if len(curves) > 1:
        axis.legend(loc="lower right")


def decision_regions(
    axis: Any, X: Any, y: Any, scores: Callable[[Any], Any], title: str = "decision regions"
) -> None:
    """The class chosen at every place, stronger where the net is surer, and the examples."""
    classes = int(y.max()) + 1
    low, high = X.min(axis=0) - 0.25, X.max(axis=0) + 0.25
    u, v = np.meshgrid(np.linspace(low[0], high[0], 240), np.linspace(low[1], high[1], 240))
    s = scores(np.c_[u.ravel(), v.ravel()])
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    sure = np.clip((p.max(axis=1) - 1 / classes) / (1 - 1 / classes), 0, 1)
    colours = np.array([_rgb(CLASS_COLOURS[k % 6]) for k in range(classes)])[p.argmax(axis=1)]
    image = 1 - (0.12 + 0.5 * sure)[:, None] * (1 - colours)
    extent = (low[0], high[0], low[1], high[1])
    axis.imshow(image.reshape(*u.shape, 3), origin="lower", extent=extent, aspect="equal")
    for k in range(classes):
        style = {"color": CLASS_COLOURS[k % 6], "ms": 4.5, "mec": "white", "mew": 0.6}
        axis.plot(*X[y == k].T, CLASS_MARKERS[k % 6], label=f"class {k}", **style)
    axis.set(title=title, xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def _rgb(colour: str) -> list[float]:
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def log_curves(axis: Any, steps: Sequence[int], curves: dict[str, list[float]], title: str) -> None:
    """Several positive quantities on a logarithmic axis; biases in another colour."""
    for (name, values), dash in zip(curves.items(), DASHES, strict=False):
        positive = np.where(np.asarray(values) > 0, values, np.nan)
        axis.semilogy(
            steps, positive, dash, color=BIAS if "b" in name else GRADIENT, lw=1.4, label=name
        )
    axis.set(title=title, xlabel="step")
    low, high = axis.get_ylim()
    axis.set_ylim(low, high * (high / low) ** 0.15)  # room for the legend
    axis.legend(loc="upper right", ncols=2, fontsize=9)


def activations(axis: Any, hidden: Any) -> None:
    """How strong the hidden units are, and how many never are."""
    zeros = float((hidden <= 0).mean())
    dead = int((hidden <= 0).all(axis=0).sum())
    axis.hist(hidden[hidden > 0], bins=50, color=VALUE, alpha=0.85)
    axis.set(
        title=f"hidden: {100 * zeros:.0f} % zeros, {dead}/{hidden.shape[1]} units dead",
        xlabel="h = ReLU(XW1 + b1), positive part",
    )


def tiles(axis: Any, columns: Any, side: int, title: str) -> None:
    """Each column as a picture of side x side; blue is negative, orange positive."""
    count = columns.shape[1]
    across = int(np.ceil(np.sqrt(count * 1.6)))
    down = -(-count // across)
    sheet = np.full((down * (side + 1) - 1, across * (side + 1) - 1), np.nan)
    for k in range(count):
        row, column = (side + 1) * (k // across), (side + 1) * (k % across)
        tile = columns[:, k].reshape(side, side)
        sheet[row : row + side, column : column + side] = tile / (np.abs(tile).max() or 1)
    axis.imshow(sheet, cmap="PuOr_r", vmin=-1, vmax=1)
    axis.set(title=title, xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
