"""The sweep of `python -m demos.spiral --sweep`: more hidden units, and more regularisation.

CS231n shows both ("Setting number of layers and their sizes"): a larger net can express more, and
how smooth its regions are is a matter of regularisation, not of its size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
import nn
from nn import plots

from . import common, sheet

__all__ = ["REGS", "SIZES", "Trained", "learn", "picture", "run"]

SIZES = (3, 6, 20)
REGS = (0.001, 0.01, 0.1)
STD = 1.0  # of the first weights: of 0.01 a small net often stays in a poor minimum


class Trained(NamedTuple):
    """A net, and how it was trained."""

    hidden: int
    reg: float
    net: nn.TwoLayerNet
    loss: float  # with the penalty, before the last step
    accuracy: float

    def scores(self, points: Any) -> Any:
        """The net's scores of points, not recorded."""
        return self.net.predict(points)


def learn(
    net: nn.Module, loss_of: Callable[[], Any], *, lr: float, steps: int, label: str
) -> float:
    """Full-batch gradient descent by a compiled step; gives the loss before the last one."""
    sgd = nn.SGD(net, lr=lr)

    @ag.compile
    def step() -> Any:
        sgd.zero_grad()
        loss = loss_of()
        loss.backward()
        sgd.step()
        return loss

    for k in common.progress(range(steps), steps, label):
        loss = step().item()
        if not np.isfinite(loss):
            common.check_losses([k], [loss], lr)
    return loss


def run(
    X: Any, y: Any, pairs: list[tuple[int, float]], *, activation: str, lr: float, steps: int,
    seed: int,
) -> dict[tuple[int, float], Trained]:  # fmt: skip
    """A net for each number of hidden units with its regularisation; prints a line about each."""
    trained: dict[tuple[int, float], Trained] = {}
    print(f"{'hidden units':>12}  {'λ':>6}  {'parameters':>10}  {'loss':>8}  {'accuracy':>8}")
    for hidden, reg in dict.fromkeys(pairs):
        net = nn.TwoLayerNet(2, hidden, int(y.max()) + 1, STD, reg=reg, seed=seed,
                             activation=common.ACTIVATIONS[activation]())  # fmt: skip
        label = f"{hidden} units, λ = {reg:g}"
        loss = learn(net, partial(net.loss, X, y), lr=lr, steps=steps, label=label)
        found = trained[hidden, reg] = Trained(hidden, reg, net, loss, net.accuracy(X, y))
        count = sum(p.size for p in net.parameters())
        print(f"{hidden:12d}  {reg:6g}  {count:10,d}  {common.decimal(loss, 4):>8}  "
              f"{found.accuracy:8.3f}", flush=True)  # fmt: skip
    return trained


def picture(stem: Path, X: Any, y: Any, first: list[Trained], second: list[Trained]) -> None:
    """The regions of all: in the first row by the number of units, in the second by λ."""
    above = [f"{each.hidden} hidden units: {100 * each.accuracy:.0f} %" for each in first]
    below = [f"λ = {each.reg:g}: {100 * each.accuracy:.0f} %" for each in second]
    beside = f"λ = {first[0].reg:g}", f"{second[0].hidden} hidden units"

    def paint(look: sheet.Look) -> Any:
        figure, axes = sheet.grid(2, len(first), (9.3, 6.5))
        for row, nets, titles, label in zip(
            axes, (first, second), (above, below), beside, strict=True
        ):
            for axis, each, title in zip(row, nets, titles, strict=True):
                plots.decision_regions(X, y, each.scores, title, axis=axis, ground=look.ground)
            row[0].set_ylabel(label, fontsize=10.5, weight="bold")
        return figure

    sheet.write(stem, paint, "hidden units and regularisation", "\n".join([*above, *below]))
