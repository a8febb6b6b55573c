"""What a training run leaves behind to be drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..module import Module

__all__ = ["History", "dead_units"]


@dataclass
class History:
    """Loss, accuracy, and how healthy the training was, every few steps.

    >>> import nn
    >>> X, y = nn.spiral(10, seed=0)
    >>> net = nn.TwoLayerNet(2, 5, 3, seed=0)
    >>> history = nn.plots.History()
    >>> loss = net.loss(X, y)
    >>> loss.backward()
    >>> history.record(0, loss.item(), net=net, lr=1.0)
    >>> sorted(history.update_ratios)
    ['W1', 'W2']
    """

    steps: list[int] = field(default_factory=list)
    data_loss: list[float] = field(default_factory=list)
    penalty: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    gradient_norms: dict[str, list[float]] = field(default_factory=dict)
    update_ratios: dict[str, list[float]] = field(default_factory=dict)
    dead: list[float] = field(default_factory=list)

    def record(
        self,
        step: int,
        data_loss: float,
        penalty: float = 0.0,
        accuracy: float | None = None,
        *,
        net: Module | None = None,
        lr: float | None = None,
        hidden: Any = None,
    ) -> None:
        """Note how things are before the update of a step.

        penalty   the regularisation loss, which is not part of data_loss
        net       whose gradients are there: their norms are noted
        lr        the step size of plain gradient descent: ‖lr dW‖ / ‖W‖ is noted for matrices
        hidden    activations (examples, units) of a ReLU layer: the share of dead units is noted
        """
        self.steps.append(step)
        self.data_loss.append(as_number(data_loss))
        self.penalty.append(as_number(penalty))
        if accuracy is not None:
            self.accuracy.append(as_number(accuracy))
        if hidden is not None:
            self.dead.append(dead_units(hidden))
        for path, p in net.named_parameters() if net is not None else ():
            name = p.name or path
            norm = float(np.linalg.norm(p.grad)) if p.grad is not None else np.nan
            self.gradient_norms.setdefault(name, []).append(norm)
            size = float(np.linalg.norm(p.numpy()))
            if lr is not None and p.ndim > 1:
                self.update_ratios.setdefault(name, []).append(lr * norm / size if size else np.nan)


def dead_units(hidden: Any) -> float:
    """The share of units, in columns, that are zero for every example.

    >>> dead_units([[0.0, 1.0], [0.0, 0.0]])
    0.5
    """
    return float(np.mean(np.all(np.asarray(hidden) <= 0, axis=0)))


def as_number(x: Any) -> float:
    """A number, or the single value of an array or a tensor."""
    return float(x.item() if hasattr(x, "item") else x)
