"""Losses: how wrong the scores are, as a single number."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import autograd
from autograd import ShapeError, Tensor, softmax_cross_entropy, svm_hinge

from .arguments import check_examples
from .layers import Layer

__all__ = [
    "HingeLoss",
    "SoftmaxWithLoss",
    "l2_penalty",
    "softmax_cross_entropy",
    "sum_of_squares",
    "svm_hinge",
]


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
    """½ λ Σ W², the regularisation of the CS231n notes, over all the given weights.

    Raises TypeError when no weights are given.
    """
    if not weights:
        raise TypeError("l2_penalty: got no weights; expected l2_penalty(strength, W, ...)")
    penalties = [autograd.l2_penalty(W, strength=strength) for W in weights]
    return functools.reduce(autograd.add, penalties)


class SoftmaxWithLoss(Layer):
    """Softmax and cross-entropy in one, the mean over the batch; labels as indices or one-hot.

    Called with scores (n, k) and labels. Raises LabelError for labels that do not fit, ShapeError
    for an empty batch. The layer of "Deep Learning from Scratch" is `nn.book.SoftmaxWithLoss`.
    """

    def forward(self, scores: Any, labels: Any) -> Tensor:
        """The loss, a single number."""
        check_examples(scores, "SoftmaxWithLoss")
        return softmax_cross_entropy(scores, labels)  # type: ignore[no-any-return]


class HingeLoss(Layer):
    """The multiclass SVM hinge with margin delta, the mean over the batch.

    Called with scores (n, k) and labels. Raises LabelError for labels that do not fit, ShapeError
    for an empty batch.
    """

    def __init__(self, delta: float = 1.0):
        self.delta = delta

    def forward(self, scores: Any, labels: Any) -> Tensor:
        """The loss, a single number."""
        check_examples(scores, "HingeLoss")
        return svm_hinge(scores, labels, self.delta)  # type: ignore[no-any-return]
