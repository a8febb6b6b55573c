"""Losses: how wrong the scores are, as a single number."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import autograd
from autograd import GraphError, ShapeError, softmax_cross_entropy, svm_hinge

from .module import Module

__all__ = [
    "HingeLoss",
    "SoftmaxWithLoss",
    "l2_penalty",
    "softmax_cross_entropy",
    "sum_of_squares",
    "svm_hinge",
]

Array = np.ndarray[Any, Any]


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


def l2_penalty(strength: float, *weights: Any) -> Any:
    """½ λ Σ W², the regularisation of the CS231n notes, over all the given weights."""
    penalties = [autograd.l2_penalty(W, strength=strength) for W in weights]
    return functools.reduce(autograd.add, penalties)


class SoftmaxWithLoss(Module):
    """Softmax and cross-entropy in one, the mean over the batch; labels as indices or one-hot.

    Called with scores (n, k) and labels it gives the loss as a Tensor. As in the book,
    `forward(x, t)` gives a plain number and `backward()` the gradient by x; `y` and `t` are the
    probabilities and labels of the last forward. Raises LabelError for labels that do not fit.
    """

    y: Array | None = None
    t: Array | None = None
    loss: float | None = None
    _dx: Array | None = None

    def __call__(self, *inputs: Any) -> Any:
        scores, labels = inputs
        return softmax_cross_entropy(scores, labels)

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        """The loss of plain scores x (n, k) with labels t, as a number."""
        scores = np.asarray(x)
        value, self._dx = autograd.value_and_grad(softmax_cross_entropy)(scores, t)
        self.y, self.t = autograd.softmax(scores), np.asarray(t)
        self.loss = float(value)
        return self.loss

    def backward(self, dout: float = 1.0) -> Array:
        """The gradient by the scores: (y - one-hot) / n, times dout."""
        if self._dx is None:
            raise GraphError("SoftmaxWithLoss.backward: call forward(x, t) first")
        return dout * self._dx


class HingeLoss(Module):
    """The multiclass SVM hinge with margin delta, the mean over the batch."""

    def __init__(self, delta: float = 1.0):
        self.delta = delta

    def __call__(self, *inputs: Any) -> Any:
        scores, labels = inputs
        return svm_hinge(scores, labels, self.delta)
