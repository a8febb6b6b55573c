"""How the demos train a classifier of images or signals, and how they judge it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
import nn
from autograd import Tensor

from . import common

__all__ = ["Curves", "Fit", "evaluate", "fit", "scores_of", "shifted"]

AT_ONCE = 500  # examples of a batch in evaluation


class Curves(NamedTuple):
    """What was measured on the way: lists of equal length. Accuracies are shares."""

    steps: list[int]
    loss: list[float]
    training: list[float]
    test: list[float]


class Fit(NamedTuple):
    """A training: its curves, the seconds of its steps, and how many there were."""

    curves: Curves
    seconds: float
    steps: int

    @property
    def milliseconds(self) -> float:
        """The time of a step, its batch included."""
        return 1000 * self.seconds / max(1, self.steps)


def fit(
    net: nn.Module,
    data: Any,
    optimiser: nn.Optimiser,
    schedule: nn.Schedule | None = None,
    *,
    steps: int,
    every: int,
    batch: int = 100,
    seed: int = 0,
    transform: Callable[..., Any] | None = None,
    compiled: bool = False,
    tell: Callable[[Curves, float], None] = lambda curves, milliseconds: None,
) -> Fit:
    """Train on the first pair of data, ((x, t), (x_test, t_test)), and judge on both.

    `every` so many steps, and after the last one, loss and accuracies are noted, and `tell` is
    called with them and the milliseconds of a step. It ends early when these are not finite.
    """

    def step(x: Any, t: Any) -> Tensor:
        optimiser.zero_grad()
        loss: Tensor = nn.softmax_cross_entropy(net(x), t)
        loss.backward()
        optimiser.step()
        if schedule is not None:
            schedule.step()
        return loss

    step = ag.compile(step) if compiled else step
    loader = nn.DataLoader(*data[0], batch, shuffle=True, seed=seed, transform=transform)
    curves, losses, taken, seconds = Curves([], [], [], []), [], 0, 0.0
    start = time.perf_counter()
    for x, t in common.progress(_batches(loader, steps), steps, "training"):
        losses.append(step(x, t).item())
        taken += 1
        if taken % every == 0 or taken == steps:
            seconds += time.perf_counter() - start
            right = [evaluate(net, *pair) for pair in data]
            loss = float(np.mean(losses)) if np.isfinite(right).all() else np.nan
            for values, value in zip(curves, (taken, loss, *right), strict=True):
                values.append(value)
            tell(curves, 1000 * seconds / taken)
            if not np.isfinite(loss):
                break
            losses, start = [], time.perf_counter()
    return Fit(curves, seconds, taken)


def _batches(loader: nn.DataLoader, steps: int) -> Iterator[Any]:
    """So many batches, epoch after epoch."""
    return islice(chain.from_iterable(repeat(loader)), steps)


def scores_of(net: nn.Module, x: Any) -> Any:
    """The scores (n, classes) of examples (n, ...) in evaluation, as a plain array."""
    net.eval()
    with ag.no_grad():
        parts = [net(x[k : k + AT_ONCE]).numpy() for k in range(0, len(x), AT_ONCE)]
    net.train()
    return np.concatenate(parts)


def evaluate(net: nn.Module, x: Any, t: Any) -> float:
    """The accuracy on the first 10,000 examples, which is all of a test set."""
    return common.accuracy(scores_of(net, x[:10_000]), t[:10_000])


def shifted(x: Any, t: Any, rng: np.random.Generator, by: int = 1) -> Any:
    """Images (n, c, h, w), each moved by up to so many pixels down and across, with zeros around.

    >>> x, _ = shifted(np.ones((1, 1, 4, 4)), None, np.random.default_rng(3))
    >>> x[0, 0].sum()
    np.float64(12.0)
    """
    n, _, h, w = x.shape
    down, across = rng.integers(0, 2 * by + 1, (2, n, 1))
    padded = np.pad(x, ((0, 0), (0, 0), (by, by), (by, by)))
    rows, columns = (np.arange(h) + down)[:, :, None], (np.arange(w) + across)[:, None]
    return padded[np.arange(n)[:, None, None], :, rows, columns].transpose(0, 3, 1, 2), t
