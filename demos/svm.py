"""The multiclass SVM beside the softmax, as a linear classifier and as a two-layer net.

Prints the losses of CS231n's examples ("Linear classification") with their gradients, trains four
classifiers on points in the plane, and leaves a figure of their regions. The hinge asks that the
right score lies above all others by a margin and then is content; the softmax never is. A dashed
line shows where the highest score is ahead by that margin; examples that still have a loss have
a ring.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nn
from autograd import Tensor
from nn import plots

from . import common, sheet
from .sweep import STD, learn

DATA: dict[str, Callable[..., tuple[Any, Any]]] = {"spiral": nn.spiral, "blobs": nn.blobs}
EXAMPLES = {  # scores, the right class, margin
    "notes: 13, −7, 11": ([13.0, -7.0, 11.0], 0, 10.0),
    "notes: SVM vs. softmax": ([-2.85, 0.86, 0.28], 2, 1.0),
    "lecture: the cat": ([3.2, 5.1, -1.7], 0, 1.0),
    "lecture: the car": ([1.3, 4.9, 2.0], 1, 1.0),
    "lecture: the frog": ([2.2, 2.5, -3.1], 2, 1.0),
}


class Trained(NamedTuple):
    """A classifier after training on points."""

    loss: str  # "SVM hinge" or "softmax"
    kind: str  # "linear" or "two-layer"
    net: nn.Module
    X: Any
    y: Any
    value: float  # of the loss that it was trained with

    def scores(self, points: Any) -> Any:
        """The scores of points, as a plain array."""
        return self.net(points).numpy()

    @property
    def accuracy(self) -> float:
        """The share of examples whose highest score is the right one."""
        return common.accuracy(self.scores(self.X), self.y)

    @property
    def gaps(self) -> Any:
        """By how much each right score is above the highest of the others, (n,)."""
        scores, row = self.scores(self.X), np.arange(len(self.y))
        right = scores[row, self.y]
        scores[row, self.y] = -np.inf
        return right - scores.max(axis=1)


def examples() -> None:
    """Print the losses of the lecture's scores, and the gradients that backprop gives."""
    print(f"{'scores':24}{'Δ':>3}{'hinge':>7}  {'its gradient':18}{'softmax':>8}  its gradient")
    for name, (numbers, label, delta) in EXAMPLES.items():
        told = []
        for loss in (lambda s, y, d=delta: nn.svm_hinge(s, y, d), nn.softmax_cross_entropy):
            scores = Tensor([numbers])
            value = loss(scores, [label])
            value.backward()
            told += [value.item(), " ".join(f"{g + 0.0:5.2f}" for g in scores.grad[0])]
        print(f"{name:24}{delta:3g}{told[0]:7.2f}  {told[1]:18}{told[2]:8.2f}  {told[3]}")
    cases = [case for name, case in EXAMPLES.items() if name.startswith("lecture")]
    mean = nn.svm_hinge([numbers for numbers, *_ in cases], [label for _, label, _ in cases])
    print(f"the mean hinge of the lecture's three: {float(mean):.2f}\n")


def train(X: Any, y: Any, hidden: int, reg: float, delta: float, squared: bool,
          **options: Any) -> list[Trained]:  # fmt: skip
    """Both classifiers with both losses, from the same weights; prints a line about each."""
    classes, seed = int(y.max()) + 1, options.pop("seed")
    losses: dict[str, Callable[[Any], Any]] = {
        "SVM hinge": lambda scores: nn.svm_hinge(scores, y, delta, squared=squared),
        "softmax": lambda scores: nn.softmax_cross_entropy(scores, y),
    }
    print(f"{'':22}  {'loss':>7}  {'accuracy':>8}  gap at least {delta:g}")
    found = []
    for name, loss_of in losses.items():
        nets = {"linear": nn.Linear(2, classes, init=nn.init.normal, seed=seed),
                "two-layer": nn.TwoLayerNet(2, hidden, classes, STD, seed=seed)}  # fmt: skip
        for kind, net in nets.items():

            def loss(net: nn.Module = net, loss_of: Callable[[Any], Any] = loss_of) -> Any:
                return loss_of(net(X)) + nn.l2_penalty(reg, net)

            value = learn(net, loss, label=f"{name}, {kind}", **options)
            made = Trained(name, kind, net, X, y, value)
            content = f"{np.sum(made.gaps >= delta)} of {len(y)}"
            print(f"{name + ', ' + kind:22}  {common.decimal(value, 4):>7}  {made.accuracy:8.3f}  "
                  f"{content:>12}", flush=True)  # fmt: skip
            found.append(made)
    return found


# --- the figure -----------------------------------------------------------------------------------


def figure(look: sheet.Look, found: Sequence[Trained], delta: float) -> Any:
    """A row for each loss: the regions of both classifiers, and how far ahead right scores are."""
    made, axes = sheet.grid(2, 3, (10.6, 6.9), widths=(1, 1, 1.15))
    gap = np.concatenate([each.gaps for each in found])
    limits = float(min(gap.min(), 0)), float(max(gap.max(), 2 * delta))
    for row, pair in zip(axes, (found[:2], found[2:]), strict=True):
        for axis, each in zip(row, pair, strict=False):
            regions(axis, each, delta, look)
        row[0].set_ylabel(pair[0].loss, fontsize=10.5, weight="bold")
        gaps(row[2], pair, limits, delta, look)
    return made


def title(each: Trained) -> str:
    """Which classifier it is, and how good."""
    return f"{each.kind}: {100 * each.accuracy:.1f} % right"


def regions(axis: Any, each: Trained, delta: float, look: sheet.Look) -> None:
    """The regions, the line of the margin, and rings round examples that have a hinge loss."""
    plots.decision_regions(each.X, each.y, each.scores, title(each), axis=axis, ground=look.ground)
    left, right, bottom, top = axis.images[0].get_extent()
    u, v = np.meshgrid(np.linspace(left, right, 240), np.linspace(bottom, top, 240))
    ranked = np.sort(each.scores(np.c_[u.ravel(), v.ravel()]), axis=1)
    ahead = (ranked[:, -1] - ranked[:, -2]).reshape(u.shape)
    axis.contour(u, v, ahead, levels=[delta], colors=[look.ink], linewidths=1, linestyles="--")
    if each.loss != "softmax":
        inside = each.X[each.gaps < delta]
        axis.plot(*inside.T, "o", mfc="none", mec=look.ink, ms=7.5, mew=0.6, ls="")


def gaps(axis: Any, pair: Sequence[Trained], limits: tuple[float, float], delta: float,
         look: sheet.Look) -> None:  # fmt: skip
    """How many right scores are how far above the others."""
    bins = np.linspace(*limits, 57)
    for each, colour, filled in zip(pair, (look.muted, look.value), (False, True), strict=True):
        axis.hist(each.gaps, bins=bins, color=colour, label=each.kind,
                  histtype="stepfilled" if filled else "step", alpha=0.75 if filled else 1,
                  linewidth=1.6)  # fmt: skip
    axis.axvline(delta, color=look.gradient, linewidth=1.4, linestyle="--", label=f"Δ = {delta:g}")
    axis.set(title="how far ahead the right score is", xlabel="right score − highest of the others",
             xlim=limits)  # fmt: skip
    axis.legend(loc="upper right")


def picture(stem: Path, found: Sequence[Trained], delta: float) -> None:
    """The figure, for light and for dark ground."""
    words = "\n".join(f"{each.loss}, {title(each)}" for each in found)
    sheet.write(stem, lambda look: figure(look, found, delta), "SVM and softmax", words)


@common.program
@np.errstate(over="ignore", invalid="ignore")  # a training that goes astray is told in a line
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "svm")
    parser.add_argument("--data", choices=list(DATA), default="spiral", help="%(default)s")
    for name, value, what in (
        ("points", 100, "per class"),
        ("classes", 3, "how many"),
        ("hidden", 20, "hidden units"),
        ("steps", 3000, "of training"),
    ):
        parser.add_argument(f"--{name}", type=common.positive, default=value,
                            help=f"{what} (%(default)s)")  # fmt: skip
    parser.add_argument("--lr", type=common.step_size, default=0.3, help="step size (%(default)s)")
    parser.add_argument("--reg", type=common.not_negative, default=1e-3,
                        help="weight of ½‖W‖² (%(default)s)")  # fmt: skip
    parser.add_argument("--delta", type=common.step_size, default=1.0,
                        help="the margin (%(default)s)")  # fmt: skip
    parser.add_argument("--squared", action="store_true", help="the squared hinge, of the L2-SVM")
    options = parser.parse_args(arguments)
    if options.classes < 2:
        parser.error("--classes 1: a margin needs at least 2 classes")
    out = common.folder(options.out)
    examples()
    X, y = DATA[options.data](options.points, options.classes, seed=options.seed)
    print(f"{options.data}, {len(X)} points of {options.classes} classes")
    found = train(X, y, options.hidden, options.reg, options.delta, options.squared,
                  lr=options.lr, steps=options.steps, seed=options.seed)  # fmt: skip
    picture(out / "svm", found, options.delta)


if __name__ == "__main__":
    main()
