"""Losses: how wrong the scores are, as a single number; and what large weights cost."""

from .binary import (
    BCELoss,
    BCEWithLogitsLoss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
)
from .classes import (
    CrossEntropyLoss,
    HingeLoss,
    MultiMarginLoss,
    NLLLoss,
    SoftmaxWithLoss,
    cross_entropy,
    nll_loss,
    softmax_cross_entropy,
    svm_hinge,
)
from .distances import KLDivLoss, TripletMarginLoss, kl_div, triplet_margin_loss
from .penalties import l1_penalty, l2_penalty
from .regression import (
    HuberLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
    SumOfSquaresLoss,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
    sum_of_squares,
)

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "HingeLoss", "HuberLoss", "KLDivLoss",
    "L1Loss", "MSELoss", "MultiMarginLoss", "NLLLoss", "SmoothL1Loss", "SoftmaxWithLoss",
    "SumOfSquaresLoss", "TripletMarginLoss", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "kl_div", "l1_loss",
    "l1_penalty", "l2_penalty", "mse_loss", "nll_loss", "smooth_l1_loss", "softmax_cross_entropy",
    "sum_of_squares", "svm_hinge", "triplet_margin_loss",
]  # fmt: skip
