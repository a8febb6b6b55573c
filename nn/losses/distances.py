"""Losses that compare: distributions by their divergence, embeddings by their distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor

from ..arguments import with_settings
from ..layers import Layer
from .common import checked_range, floats, paired, reduced, reduction_named

__all__ = ["KLDivLoss", "TripletMarginLoss", "kl_div", "triplet_margin_loss"]


def kl_div(
    log_probs: Any, targets: Any, *, log_target: bool = False, reduction: str = "mean"
) -> Any:
    """t (ln t - q), the Kullback-Leibler divergence of targets t from ln-probabilities q.

    log_probs, targets   of one shape; targets are probabilities, or with `log_target` their ln
    reduction            also "batchmean": the sum divided by the first axis, which is the
                         divergence itself; "mean" divides by all elements
    A target of 0 contributes 0. Raises ShapeError for two shapes and an empty batch, LabelError for
    a negative target.

    >>> float(kl_div(np.log([[0.5, 0.5]]), [[1.0, 0.0]], reduction="batchmean").round(4))
    0.6931
    """
    log_probs, targets = paired("kl_div", log_probs, targets)
    reduction_named(reduction, "batchmean")
    if log_target:
        losses = np.exp(targets) * (targets - log_probs)
    else:
        targets = checked_range(targets, "kl_div: a target", 0, math.inf)
        some = targets > 0
        logs = np.log(np.where(some, targets, 1.0))
        losses = np.where(some, targets * (logs - log_probs), 0.0)
    if reduction != "batchmean":
        return reduced(losses, reduction, "kl_div")
    if not (losses.ndim and losses.shape[0]):
        raise ShapeError(f"kl_div: a batch of shape {losses.shape} has no mean; expected (n, ...)")
    return np.sum(losses) / losses.shape[0]


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), for embeddings (..., d).

    p      of the norm ‖x - y + eps‖ that is the distance
    swap   take d(positive, negative) where that is less than d(anchor, negative)
    (Schroff et al. 2015, arXiv:1503.03832; swap: Balntas et al. 2016.) Raises ShapeError unless
    all have one shape, and for the mean of an empty batch.

    >>> float(triplet_margin_loss([[0.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]]).round(4))
    1.0
    """
    name = "triplet_margin_loss"
    anchor, positive = paired(name, anchor, positive)
    negative = floats(negative, f"{name}: negative", anchor.dtype)
    if negative.shape != anchor.shape or not anchor.ndim:
        raise ShapeError(
            f"{name}: anchor is {anchor.shape} and negative is {negative.shape}; give all three "
            "one shape (n, d)"
        )
    near = _distance(anchor - positive + eps, p)
    far = _distance(anchor - negative + eps, p)
    if swap:
        far = np.minimum(far, _distance(positive - negative + eps, p))
    return reduced(np.maximum(0, near - far + margin), reduction, name)


def _distance(x: Any, p: float) -> Any:
    return np.linalg.norm(x, ord=p, axis=-1)


# --- modules --------------------------------------------------------------------------------------


@with_settings
class KLDivLoss(Layer):
    """The divergence from log-probabilities to targets; see `nn.kl_div`."""

    def __init__(self, reduction: str = "mean", log_target: bool = False):
        self.reduction = reduction_named(reduction, "batchmean")
        self.log_target = log_target

    def forward(self, log_probs: Any, targets: Any) -> Tensor:
        """The loss, reduced."""
        return kl_div(  # type: ignore[no-any-return]
            log_probs, targets, log_target=self.log_target, reduction=self.reduction
        )


@with_settings
class TripletMarginLoss(Layer):
    """Called with anchors, positives and negatives (n, d); see `nn.triplet_margin_loss`."""

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: str = "mean",
    ):
        if not margin > 0:
            raise ValueError(f"TripletMarginLoss: margin is {margin}; expected a positive number")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap
        self.reduction = reduction_named(reduction)

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        """The loss, reduced."""
        return triplet_margin_loss(  # type: ignore[no-any-return]
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )
