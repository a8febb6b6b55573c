"""Losses of yes or no: logistic regression, for one question or for many labels at once."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd
from autograd import LabelError, ShapeError, Tensor

from ..arguments import with_settings
from ..layers import Layer
from .common import checked_range, floats, paired, reduced, reduction_named

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
]  # fmt: skip

LEAST = -100.0  # so that the logarithm of a probability of 0 is finite, as in PyTorch


def binary_cross_entropy_with_logits(
    scores: Any,
    targets: Any,
    *,
    weight: Any = None,
    pos_weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """-t ln σ(s) - (1 - t) ln(1 - σ(s)), the logistic loss, stable for scores of any size.

    scores, targets   of one shape: (n,), or (n, labels) for several labels at once; targets are
                      probabilities, so 0 and 1, or numbers between
    weight            of each loss; it broadcasts
    pos_weight        of the first term, one for each label: more than 1 finds more of what is rare
    Raises ShapeError for two shapes, weights that do not fit, and the mean of an empty batch;
    LabelError for targets outside of 0 to 1.

    >>> float(binary_cross_entropy_with_logits([0.0, 1e4], [1.0, 1.0]).round(4))
    0.3466
    """
    name = "binary_cross_entropy_with_logits"
    scores, targets = paired(name, scores, targets)
    targets = checked_range(targets, f"{name}: a target", 0, 1)
    if pos_weight is None:
        losses = autograd.sigmoid_cross_entropy(scores, targets)
    else:
        factor = _weights(pos_weight, scores, f"{name}: pos_weight")
        losses = (1.0 - targets) * autograd.log1pexp(scores)
        losses = losses + factor * targets * autograd.log1pexp(-scores)
    return reduced(_weighted(losses, weight, name), reduction, name)


def binary_cross_entropy(
    probs: Any, targets: Any, *, weight: Any = None, reduction: str = "mean"
) -> Any:
    """-t ln p - (1 - t) ln(1 - p), with logarithms of at least -100.

    probs, targets   probabilities, of one shape
    weight           of each loss; it broadcasts
    Raises ShapeError for two shapes and the mean of an empty batch, LabelError for numbers outside
    of 0 to 1. Of scores, `binary_cross_entropy_with_logits` is more precise and quicker.

    >>> float(binary_cross_entropy([0.5, 1.0], [1.0, 1.0]).round(4))
    0.3466
    """
    name = "binary_cross_entropy"
    probs, targets = paired(name, probs, targets)
    targets = checked_range(targets, f"{name}: a target", 0, 1)
    try:
        inside = checked_range(_constant(probs), f"{name}: a probability", 0, 1)
    except LabelError as error:
        raise LabelError(
            f"{error}. Did you mean nn.binary_cross_entropy_with_logits, which takes scores?"
        ) from None
    probs = probs if isinstance(probs, Tensor) else inside
    losses = -(targets * _log(probs) + (1.0 - targets) * _log(1.0 - probs))
    return reduced(_weighted(losses, weight, name), reduction, name)


def _constant(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


def _log(p: Any) -> Any:
    """ln p, or -100 where that is less; of 0 without a warning."""
    return np.maximum(np.where(p > 0, np.log(np.where(p > 0, p, 1.0)), LEAST), LEAST)


def _weighted(losses: Any, weight: Any, name: str) -> Any:
    return losses if weight is None else losses * _weights(weight, losses, f"{name}: weight")


def _weights(weight: Any, losses: Any, name: str) -> Any:
    """Weights in the dtype of the losses; ShapeError unless they broadcast to their shape."""
    weight = floats(weight, name, losses.dtype)
    try:
        fits = np.broadcast_shapes(weight.shape, losses.shape) == losses.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name} is {weight.shape} for losses of shape {losses.shape}; expected a shape that "
            "broadcasts to theirs, such as one weight for each label of the last axis"
        )
    return weight


# --- modules --------------------------------------------------------------------------------------


@with_settings
class BCEWithLogitsLoss(Layer):
    """The logistic loss of scores; see `nn.binary_cross_entropy_with_logits`.

    Both kinds of weights are buffers, as PyTorch has them.
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(self, weight: Any = None, *, pos_weight: Any = None, reduction: str = "mean"):
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = reduction_named(reduction)

    def forward(self, scores: Any, targets: Any) -> Tensor:
        """The loss, reduced."""
        return binary_cross_entropy_with_logits(  # type: ignore[no-any-return]
            scores,
            targets,
            weight=self.weight,
            pos_weight=self.pos_weight,
            reduction=self.reduction,
        )


@with_settings
class BCELoss(Layer):
    """The logistic loss of probabilities; see `nn.binary_cross_entropy`.

    The weights are a buffer, as PyTorch has them.
    """

    weight: Tensor | None

    def __init__(self, weight: Any = None, *, reduction: str = "mean"):
        self.register_buffer("weight", weight)
        self.reduction = reduction_named(reduction)

    def forward(self, probs: Any, targets: Any) -> Tensor:
        """The loss, reduced."""
        return binary_cross_entropy(  # type: ignore[no-any-return]
            probs, targets, weight=self.weight, reduction=self.reduction
        )
