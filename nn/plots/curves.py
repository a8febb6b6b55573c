"""Curves of a training run: loss, accuracy, and how healthy gradients and units are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .history import History, dead_units
from .style import BIAS, DASHES, GRADIENT, MUTED, VALUE, drawable, label, on_axis

__all__ = [
    "accuracy_curve", "activations", "dead_units_curve", "gradient_norms", "loss_curve",
    "update_ratios",
]  # fmt: skip

HEALTHY = (5e-4, 2e-3)  # of update to weight: "about 1e-3", CS231n, "Learning"


@on_axis
def loss_curve(history: History, classes: int | None = None, *, axis: Any = None) -> None:
    """Data loss and regularisation loss apart; for K classes the level of guessing, ln K.

    Here and in the other curves there is a gap where a number is not finite.
    """
    axis.plot(history.steps, drawable(history.data_loss), color=VALUE, lw=2, label="data loss")
    if any(history.penalty):
        penalty = drawable(history.penalty)
        axis.plot(history.steps, penalty, "--", color=MUTED, label="½λ‖W‖²")
        axis.legend(loc="center right")
    if classes is not None:
        level = np.log(classes)
        axis.axhline(level, color=MUTED, lw=1, ls=":")
        axis.text(1, level, f"ln {classes}: chance ", transform=axis.get_yaxis_transform(),
                  ha="right", va="bottom", fontsize=9)  # fmt: skip
    axis.set(title="loss", xlabel="step", ylim=(0, None))


@on_axis
def accuracy_curve(
    steps: Sequence[int], curves: Mapping[str, Sequence[float]], *, axis: Any = None
) -> None:
    """Accuracies, given as shares, in per cent; one line for each set of data, by name."""
    for (name, values), dash in zip(curves.items(), DASHES, strict=False):
        colour = VALUE if dash == "-" else GRADIENT
        axis.plot(steps, 100 * drawable(values), dash, color=colour, lw=2, label=label(name))
    name = list(curves)[-1]
    title = f"{label(name)} accuracy: {100 * curves[name][-1]:.1f} %"
    axis.set(title=title, xlabel="step", ylim=(0, 102))
    if len(curves) > 1:
        axis.legend(loc="lower right")


@on_axis
def gradient_norms(history: History, *, axis: Any = None) -> None:
    """The norm of the gradient by each parameter, on a logarithmic axis."""
    curves = {f"‖∂L/∂{label(name)}‖": values for name, values in history.gradient_norms.items()}
    _log_curves(axis, history.steps, curves, "gradient norms")


@on_axis
def update_ratios(history: History, *, axis: Any = None) -> None:
    """How large the update of each matrix is beside the matrix, on a logarithmic axis.

    About 1e-3 is healthy (CS231n, "Learning and evaluation").
    """
    curves = {label(name): values for name, values in history.update_ratios.items()}
    _log_curves(axis, history.steps, curves, "update / weight ratio")
    low, high = axis.get_ylim()
    axis.set_ylim(min(low, HEALTHY[0] / 2), max(high, 2 * HEALTHY[1]))  # the band is seen
    axis.axhspan(*HEALTHY, color="#eef3f7", zorder=0)
    where = {"ha": "right", "va": "bottom", "transform": axis.get_yaxis_transform()}
    axis.text(0.98, HEALTHY[0] * 1.1, "about 1e-3 is healthy", color=MUTED, fontsize=9, **where)


def _log_curves(
    axis: Any, steps: Sequence[int], curves: Mapping[str, Sequence[float]], title: str
) -> None:
    """Several positive quantities; biases in another colour."""
    seen: list[float] = []
    axis.set_autoscaley_on(False)  # it warns of numbers that are all but equal
    for k, (name, values) in enumerate(curves.items()):
        numbers = drawable(values)
        positive = np.where(numbers > 1e-150, numbers, np.nan)
        seen += positive[np.isfinite(positive)].tolist()
        colour = BIAS if "b" in name else GRADIENT
        axis.semilogy(steps, positive, DASHES[k % 4], color=colour, lw=1.4, label=name)
    axis.set(title=title, xlabel="step")
    low, high = (min(seen), max(seen)) if seen else (1e-3, 1.0)
    span = max(high / low, 2.0)
    axis.set_ylim(low / span**0.05, high * span**0.2)  # room for the legend
    if curves:
        axis.legend(loc="upper right", ncols=2, fontsize=9)


@on_axis
def activations(hidden: Any, title: str = "hidden", *, axis: Any = None) -> None:
    """How strong the units of a layer are, (examples, units); of a ReLU layer, how many never are.

    Activations below zero are no ReLU's: then all are counted.
    """
    hidden = np.asarray(hidden)
    if (hidden < 0).any():
        shown = drawable(hidden)
        axis.hist(shown[np.isfinite(shown)], bins=50, color=VALUE, alpha=0.85)
        share = 100 * float((hidden < 0).mean())
        axis.set(title=f"{title}: {share:.0f} % negative", xlabel="activations", ylabel="how many")
        return
    zeros, dead = float((hidden <= 0).mean()), round(dead_units(hidden) * hidden.shape[1])
    shown = drawable(hidden)
    axis.hist(shown[shown > 0], bins=50, color=VALUE, alpha=0.85)
    axis.set(
        title=f"{title}: {100 * zeros:.0f} % zeros, {dead}/{hidden.shape[1]} units dead",
        xlabel="activations above zero",
        ylabel="how many",
    )


@on_axis
def dead_units_curve(history: History, *, axis: Any = None) -> None:
    """The share of hidden units that are zero for every example, in per cent."""
    axis.plot(history.steps, 100 * np.asarray(history.dead), color=GRADIENT, lw=2)
    axis.set(title=f"dead units: {100 * history.dead[-1]:.0f} %", xlabel="step", ylim=(0, 102))
