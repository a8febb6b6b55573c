"""What a classifier does: its regions in the plane, its mistakes, its weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .style import CLASS_COLOURS, CLASS_MARKERS, GRADIENT, on_axis, rgb

__all__ = [
    "confidence", "confusion", "decision_regions", "mistakes", "region_image", "weight_tiles",
]  # fmt: skip

Array = np.ndarray[Any, Any]
Scores = Callable[[Array], Any]


def region_image(
    scores: Scores, bounds: tuple[float, float, float, float], size: int, ground: str = "#ffffff"
) -> Array:
    """The class chosen at every place of the plane as a picture (size, size, 3), lowest row first.

    scores   gives the scores (points, classes) of points (points, 2)
    bounds   left, right, bottom, top
    ground   the colour on which it is painted
    The colour is that of the class, stronger where the softmax of the scores is surer; a place
    whose scores hold NaN has the colour of the ground.
    """
    left, right, bottom, top = bounds
    u, v = np.meshgrid(np.linspace(left, right, size), np.linspace(bottom, top, size))
    chosen, sure = confidence(scores(np.c_[u.ravel(), v.ravel()]))
    palette = np.array([rgb(colour) for colour in CLASS_COLOURS]) / 255
    below = np.array(rgb(ground)) / 255
    strength = np.where(np.isnan(sure), 0, 0.12 + 0.5 * sure)
    image: Array = below + strength[:, None] * (palette[chosen % 6] - below)
    return image.reshape(size, size, 3)


def confidence(scores: Any) -> tuple[Array, Array]:
    """The class chosen by each row of scores (n, classes), and how sure the softmax is of it.

    Sure is 0 where all classes are alike and 1 where one has it all. It is NaN where a score is
    NaN: no class is chosen there, and the number given for it means nothing.

    >>> confidence([[0.0, 0.0], [0.0, np.inf], [0.0, np.nan]])
    (array([0, 1, 0]), array([ 0.,  1., nan]))
    """
    s = np.clip(np.asarray(scores, dtype=np.float64), -1e300, 1e300)  # inf - inf would be NaN
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    chance = 1 / p.shape[1]
    sure = np.clip((p.max(axis=1) - chance) / (1 - chance), 0, 1) if chance < 1 else p[:, 0]
    return p.argmax(axis=1), sure


def bounds_of(X: Array, margin: float = 0.25) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of points in the plane, with a margin."""
    (left, bottom), (right, top) = X.min(axis=0) - margin, X.max(axis=0) + margin
    return float(left), float(right), float(bottom), float(top)


@on_axis
def decision_regions(
    X: Array, y: Array, scores: Scores, title: str = "decision regions", *, axis: Any = None,
    size: int = 240, ground: str = "#ffffff",
) -> None:  # fmt: skip
    """The class chosen at every place, stronger where the net is surer, and the examples.

    X (n, 2) points of classes y (n,), told apart by colour and by marker; scores gives the scores
    (points, classes) of points (points, 2); ground is the colour of the paper, such as "#14191f".
    """
    bounds = bounds_of(X)
    image = region_image(scores, bounds, size, ground)
    axis.imshow(image, origin="lower", extent=bounds, aspect="equal", interpolation="bilinear")
    for k in range(int(y.max()) + 1):
        style = {"color": CLASS_COLOURS[k % 6], "ms": 4.5, "mec": "white", "mew": 0.6, "ls": ""}
        axis.plot(*X[y == k].T, marker=CLASS_MARKERS[k % 6], label=f"class {k}", **style)
    axis.set(title=title)
    _bare(axis)


@on_axis
def weight_tiles(
    columns: Array, shape: Sequence[int], title: str = "weights, a tile a unit", *, axis: Any = None
) -> None:
    """Each column of a weight matrix as a picture of `shape`, each scaled by its own largest.

    Negative is violet, positive is orange, zero is white.
    """
    count, (height, width) = columns.shape[1], shape
    across = math.ceil(math.sqrt(count * 1.6 * height / width))
    down = -(-count // across)
    sheet = np.full((down * (height + 1) - 1, across * (width + 1) - 1), np.nan)
    for k in range(count):
        row, column = (height + 1) * (k // across), (width + 1) * (k % across)
        tile = columns[:, k].reshape(height, width)
        with np.errstate(invalid="ignore"):  # a weight that is no number leaves a gap
            sheet[row : row + height, column : column + width] = tile / (np.abs(tile).max() or 1)
    axis.imshow(sheet, cmap="PuOr_r", vmin=-1, vmax=1)
    axis.set(title=title)
    _bare(axis)


@on_axis
def mistakes(
    images: Array, labels: Array, probabilities: Array, shape: Sequence[int],
    title: str = "most confident mistakes", *, axis: Any = None, count: int = 15,
    across: int = 5, names: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """The wrong answers that the net is surest of, with the right one and its confidence.

    images (n, height * width) in 0 to 1, labels (n,), probabilities (n, classes); so many images
    across; names of the classes, where they are no digits.
    """
    chosen = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(chosen != labels)
    worst = wrong[np.argsort(-probabilities[wrong, chosen[wrong]], kind="stable")][:count]
    height, width = shape
    lines = 1 if names is None else 3  # of text above an image
    tall, wide = height + lines * max(8, height // 3), width + max(12, width // 2)
    sheet = np.ones((tall * max(1, -(-len(worst) // across)), across * wide))
    for k, i in enumerate(worst):
        row, column = tall * (k // across), wide * (k % across)
        sheet[row + tall - height : row + tall, column : column + width] = 1 - images[i].reshape(
            height, width
        )
        sure = f"{100 * probabilities[i, chosen[i]]:.0f} %"
        told = f"{labels[i]}, not {chosen[i]}  {sure}"
        if names is not None:
            told = f"{names[labels[i]]},\nnot {names[chosen[i]]}\n{sure}"
        axis.text(column, row + tall - height - 2, told, fontsize=8, color=GRADIENT)
    axis.imshow(sheet, cmap="gray", vmin=0, vmax=1)
    axis.set(title=f"{title}: {len(wrong):,} of {len(labels):,} wrong")
    _bare(axis)


@on_axis
def confusion(
    labels: Array, predictions: Array, classes: int | None = None, *, axis: Any = None,
    names: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """How often each class (a row) was taken for each (a column): the diagonal is right.

    names   of the classes; by default their numbers
    """
    count = classes or int(max(labels.max(), predictions.max())) + 1
    table = np.zeros((count, count), dtype=int)
    np.add.at(table, (labels, predictions), 1)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axis.imshow(share, cmap="Greens", vmin=0, vmax=1)
    for row, column in np.argwhere(table):
        colour = "white" if share[row, column] > 0.6 else "black"
        axis.text(column, row, f"{table[row, column]:,}", ha="center", va="center", fontsize=8,
                  color=colour, weight="bold" if row == column else "normal")  # fmt: skip
    right = np.trace(table) / max(1, table.sum())
    axis.set(title=f"confusion: {100 * right:.1f} % right", xlabel="taken for", ylabel="is",
             xticks=range(count), yticks=range(count))  # fmt: skip
    if names is not None:
        axis.set_xticklabels(names, rotation=90)
        axis.set_yticklabels(names)


def _bare(axis: Any) -> None:
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
