"""Losses of numbers: how far predictions y are from targets t of the same shape.

The output of the net is taken as it is (the identity of "Deep Learning from Scratch", section 3.5).
"""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import ShapeError, Tensor

from ..arguments import with_settings
from ..layers import Layer
from .common import paired, reduced, reduction_named

__all__ = [
    "HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss", "SumOfSquaresLoss", "huber_loss", "l1_loss",
    "mse_loss", "smooth_l1_loss", "sum_of_squares",
]  # fmt: skip


def mse_loss(y: Any, t: Any, reduction: str = "mean") -> Any:
    """(y - t)², the squared error; the mean is over all elements.

    Raises ShapeError unless y and t have one shape, and for the mean of an empty batch.

    >>> float(mse_loss([1.0, 3.0], [0.0, 1.0]))
    2.5
    """
    y, t = paired("mse_loss", y, t)
    return reduced(np.square(y - t), reduction, "mse_loss")


def sum_of_squares(y: Any, t: Any) -> Any:
    """½ Σ (y - t)², over all elements ("Deep Learning from Scratch", eq. 4.1).

    Raises ShapeError unless y and t have one shape.
    """
    if np.shape(y) != np.shape(t):
        raise ShapeError(
            f"sum_of_squares: y is {np.shape(y)} and t is {np.shape(t)}; give both one shape"
        )
    difference = autograd.subtract(y, t)
    return 0.5 * autograd.sum(autograd.square(difference))


def l1_loss(y: Any, t: Any, reduction: str = "mean") -> Any:
    """|y - t|, the absolute error; its gradient at 0 is 0.

    Raises ShapeError unless y and t have one shape, and for the mean of an empty batch.

    >>> float(l1_loss([1.0, 3.0], [0.0, 1.0]))
    1.5
    """
    y, t = paired("l1_loss", y, t)
    return reduced(np.abs(y - t), reduction, "l1_loss")


def huber_loss(y: Any, t: Any, delta: float = 1.0, reduction: str = "mean") -> Any:
    """½ (y - t)² up to an error of `delta`, and delta (|y - t| - ½ delta) beyond (Huber 1964).

    Raises ShapeError unless y and t have one shape, and for the mean of an empty batch; ValueError
    for a delta that is not positive.

    >>> float(huber_loss([1.0, 3.0], [0.0, 0.0], reduction="sum"))
    3.0
    """
    if not delta > 0:
        raise ValueError(f"huber_loss: delta is {delta}; expected a positive number")
    y, t = paired("huber_loss", y, t)
    return reduced(_huber(y - t, delta), reduction, "huber_loss")


def _huber(error: Any, delta: float) -> Any:
    """c (e - ½ c) with c the error limited to delta; so the gradient is c."""
    limited = np.clip(error, -delta, delta)
    return limited * (error - 0.5 * limited)


def smooth_l1_loss(y: Any, t: Any, beta: float = 1.0, reduction: str = "mean") -> Any:
    """The Huber loss divided by its delta, which is `beta` here; the L1 loss for beta = 0.

    Raises ShapeError unless y and t have one shape, and for the mean of an empty batch; ValueError
    for a negative beta (Girshick 2015, arXiv:1504.08083, eq. 3).

    >>> float(smooth_l1_loss([1.0, 3.0], [0.0, 0.0], reduction="sum"))
    3.0
    """
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: beta is {beta}; expected a number of at least 0")
    y, t = paired("smooth_l1_loss", y, t)
    losses = np.abs(y - t) if beta == 0 else _huber(y - t, beta) / beta
    return reduced(losses, reduction, "smooth_l1_loss")


# --- modules --------------------------------------------------------------------------------------


@with_settings
class MSELoss(Layer):
    """The squared error, called with predictions and targets; see `nn.mse_loss`."""

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction_named(reduction)

    def forward(self, y: Any, t: Any) -> Tensor:
        """The loss, reduced."""
        return mse_loss(y, t, self.reduction)  # type: ignore[no-any-return]


class SumOfSquaresLoss(Layer):
    """½ Σ (y - t)², called with predictions and targets; see `nn.sum_of_squares`."""

    def forward(self, y: Any, t: Any) -> Tensor:
        """The loss, a single number."""
        return sum_of_squares(y, t)  # type: ignore[no-any-return]


@with_settings
class L1Loss(Layer):
    """The absolute error, called with predictions and targets; see `nn.l1_loss`."""

    def __init__(self, reduction: str = "mean"):
        self.reduction = reduction_named(reduction)

    def forward(self, y: Any, t: Any) -> Tensor:
        """The loss, reduced."""
        return l1_loss(y, t, self.reduction)  # type: ignore[no-any-return]


@with_settings
class HuberLoss(Layer):
    """Squared for small errors, linear for large ones; see `nn.huber_loss`."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0):
        self.reduction, self.delta = reduction_named(reduction), delta

    def forward(self, y: Any, t: Any) -> Tensor:
        """The loss, reduced."""
        return huber_loss(y, t, self.delta, self.reduction)  # type: ignore[no-any-return]


@with_settings
class SmoothL1Loss(Layer):
    """The Huber loss divided by its delta, `beta`; see `nn.smooth_l1_loss`."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0):
        self.reduction, self.beta = reduction_named(reduction), beta

    def forward(self, y: Any, t: Any) -> Tensor:
        """The loss, reduced."""
        return smooth_l1_loss(y, t, self.beta, self.reduction)  # type: ignore[no-any-return]
