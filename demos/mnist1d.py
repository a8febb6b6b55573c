"""MNIST-1D: how much a net gains from knowing that neighbours belong together.

Signals of 40 numbers in 10 classes (Greydanus and Kobak, arXiv:2011.14439), 4,000 to learn from
and 1,000 to test on, made by the package mnist1d without a download. Logistic regression, an MLP,
a CNN and a GRU of the sizes of the paper's are trained on the signals as they are, and with the 40
positions shuffled: only the last two lose by it. Prints the accuracies beside those published, and
leaves a picture of them, with a signal of each class.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd.draw import colours
from nn.plots.style import GRADIENT, MUTED, STYLE, VALUE

from . import common, front
from .classifier import Fit, fit

BATCH = 100


class MLP(nn.Module):
    """40-100-100-10, with a short cut around the second layer."""

    def __init__(self) -> None:
        self.first = nn.Linear(40, 100, dtype=np.float32)
        self.second = nn.Linear(100, 100, dtype=np.float32)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(100, 10, dtype=np.float32)

    def forward(self, x: Any) -> Any:
        """Scores (n, 10) of signals (n, 40)."""
        hidden = np.maximum(0, self.first(x))
        hidden = hidden + np.maximum(0, self.second(hidden))
        return self.last(self.drop(hidden))


class CNN(nn.Module):
    """Three convolutions of 25 channels with stride 2, and a linear layer of 125 to 10."""

    def __init__(self) -> None:
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, 25, 5, stride=2, padding=1, dtype=np.float32), nn.ReLU(),
            nn.Conv1d(25, 25, 3, stride=2, padding=1, dtype=np.float32), nn.ReLU(),
            nn.Conv1d(25, 25, 3, stride=2, padding=1, dtype=np.float32), nn.ReLU(),
            nn.Flatten(),
        )  # fmt: skip
        self.last = nn.Linear(125, 10, dtype=np.float32)

    def forward(self, x: Any) -> Any:
        """Scores (n, 10) of signals (n, 40)."""
        return self.last(self.convolutions(x[:, None]))


class GRU(nn.Module):
    """Six units forward, six backward, and a linear layer that sees them at all 40 places."""

    def __init__(self) -> None:
        self.gru = nn.GRU(1, 6, batch_first=True, bidirectional=True, dtype=np.float32)
        self.drop = nn.Dropout(0.2)
        self.last = nn.Linear(480, 10, dtype=np.float32)

    def forward(self, x: Any) -> Any:
        """Scores (n, 10) of signals (n, 40)."""
        states, _ = self.gru(x[:, :, None])
        return self.last(self.drop(states.reshape(len(x), -1)))


def logistic() -> nn.Module:
    """A linear classifier, 40 to 10, that begins at zero: so the order makes no difference."""
    return nn.Linear(40, 10, init=zeros, dtype=np.float32)


def zeros(fan_in: int, fan_out: int, *, seed: Any = None, dtype: Any = float) -> Any:
    """Weights (fan_in, fan_out) of zero; a net without hidden units has no symmetry to break."""
    return np.zeros((fan_in, fan_out), dtype)


class Recipe(NamedTuple):
    """A model, how it is trained, and the published accuracies in per cent."""

    net: Callable[[], nn.Module]
    epochs: int
    lr: float
    decay: float
    published: tuple[int, int]  # as they are, shuffled


MODELS = {
    "logistic regression": Recipe(logistic, 20, 3e-2, 0.0, (32, 32)),
    "MLP": Recipe(MLP, 60, 3e-2, 0.1, (68, 68)),
    "CNN": Recipe(CNN, 80, 2e-2, 0.1, (94, 56)),
    "GRU": Recipe(GRU, 80, 4e-2, 0.03, (91, 57)),
}
ORDERS, COLOURS = ("as they are", "shuffled"), (VALUE, GRADIENT)


def train(recipe: Recipe, data: Any, seed: int, compiled: bool, quick: bool = False) -> Fit:
    """Train by AdamW and the one-cycle schedule; judged when it is over, not on the way."""
    net = recipe.net().initialise(seed)
    epochs = 2 if quick else recipe.epochs
    steps = epochs * -(-len(data[0][0]) // BATCH)
    adam = nn.AdamW(net, lr=recipe.lr, weight_decay=recipe.decay)
    cycle = nn.OneCycleLR(adam, recipe.lr, total_steps=steps)
    return fit(net, data, adam, cycle, steps=steps, every=steps, batch=BATCH, seed=seed,
               compiled=compiled)  # fmt: skip


# --- the picture ----------------------------------------------------------------------------------


def picture(scheme: str, found: dict[str, list[list[float]]], data: Sequence[Any]) -> bytes:
    """Signals in both orders, and the accuracies beside those published, as PNG."""
    import matplotlib.pyplot as plt

    ground, ink, muted = (front.on(scheme, c) for c in ("#ffffff", colours.LIGHT["ink"], MUTED))
    lines = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), muted)
    look: dict[Any, Any] = {**STYLE, **lines, "axes.facecolor": ground, "axes.labelcolor": muted,
                            "text.color": ink}  # fmt: skip
    content = io.BytesIO()
    with plt.rc_context(look):
        figure, axes = plt.subplots(1, 3, figsize=(12, 4.8), layout="constrained", facecolor=ground,
                                    width_ratios=(1, 1, 2.4))  # fmt: skip
        for axis, ((x, t), _), order, colour in zip(axes, data, ORDERS, COLOURS, strict=False):
            _signals(axis, x, t, f"signals {order}", front.on(scheme, colour), muted)
        _accuracies(axes[2], found, [front.on(scheme, c) for c in COLOURS], ink, ground)
        figure.savefig(content, dpi=110)
        plt.close(figure)
    return content.getvalue()


def _signals(axis: Any, x: Any, t: Any, title: str, colour: str, muted: str) -> None:
    """The first example of each class, from 0 on top to 9 below."""
    for digit in range(10):
        signal = x[np.flatnonzero(t == digit)[0]]
        level = -4.5 * digit
        axis.axhline(level, color=muted, lw=0.5, alpha=0.4)
        axis.plot(level + signal, color=colour, lw=1.6)
        axis.text(-1.5, level, digit, color=muted, ha="right", va="center")
    axis.set(title=title, xlabel="position", yticks=[], xlim=(-0.5, 39.5))
    axis.spines["left"].set_visible(False)


def _accuracies(axis: Any, found: Any, colours: Sequence[str], ink: str, ground: str) -> None:
    """A bar for each model and order, a dot for each seed; what was published points at it."""
    for k, (order, colour) in enumerate(zip(ORDERS, colours, strict=True)):
        for place, (name, runs) in enumerate(found.items()):
            at, mean = place + 0.38 * (k - 0.5), float(np.mean(runs[k]))
            axis.bar(at, mean, 0.36, color=colour, label=order if not place else None)
            if len(runs[k]) > 1:
                offsets = np.linspace(-0.09, 0.09, len(runs[k]))
                axis.plot(at + offsets, runs[k], "o", ms=3.5, color=ground, mec=ink, mew=0.8)
            published = MODELS[name].published[k]
            axis.plot(at + (0.22 if k else -0.22), published, "<" if k else ">", color=ink, ms=6,
                      label=None if place or k else "published")  # fmt: skip
            top = max(runs[k]) + 1.5
            axis.text(at, top, f"{mean:.1f}", ha="center", color=colour, weight="bold")
    axis.axhline(10, color=ink, lw=0.8, ls=":")
    axis.text(len(found) - 0.5, 10.5, "chance", color=ink, fontsize=8, ha="left", va="bottom")
    axis.set(
        title="test accuracy in per cent",
        ylim=(0, 112),
        yticks=range(0, 101, 20),
        xlim=(-0.55, len(found) - 0.15),
        xticks=range(len(found)),
        xticklabels=list(found),
    )
    axis.tick_params(axis="x", length=0)
    axis.legend(loc="upper left", ncols=3, fontsize=9)


# --- the program ----------------------------------------------------------------------------------


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "mnist1d")
    parser.add_argument("--seeds", type=common.positive, default=1,
                        help="runs of each, from --seed on (%(default)s)")  # fmt: skip
    parser.add_argument("--compile", action="store_true", help="the same bits, quicker")
    parser.add_argument("--quick", action="store_true", help="two epochs of each")
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    data = [common.imported(nn.mnist1d, shuffled=shuffled) for shuffled in (False, True)]
    print(f"{'':20} {'signals':12} {'weights':>7}  {'test':>6}  {'published':>9}  {'seconds':>7}  "
          f"{'ms/step':>7}")  # fmt: skip
    found: dict[str, list[list[float]]] = {}
    for name, recipe in MODELS.items():
        found[name] = [[], []]
        for k, order in enumerate(ORDERS):
            for seed in range(options.seed, options.seed + options.seeds):
                run = train(recipe, data[k], seed, options.compile, options.quick)
                found[name][k].append(100 * run.curves.test[-1])
                print(f"{name:20} {order:12} {weights(recipe):7,}  {found[name][k][-1]:6.1f}  "
                      f"{recipe.published[k]:9}  {run.seconds:7.1f}  {run.milliseconds:7.2f}",
                      flush=True)  # fmt: skip
    if not common.can_plot():
        return
    for scheme in front.SCHEMES:
        file = out / f"mnist1d-{scheme}.png"
        text = "\n".join(f"{name} {order}" for name in found for order in ORDERS)
        front.save_png(file, picture(scheme, found, data), "MNIST-1D", text)
        common.wrote(file)


def weights(recipe: Recipe) -> int:
    """How many there are in a model, biases included."""
    return sum(p.size for p in recipe.net().parameters())


if __name__ == "__main__":
    main()
