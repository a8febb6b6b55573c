"""Activations and losses as functions, in one place: `import nn.functional as F`.

>>> import nn.functional as F
>>> F.gelu([1.0]).round(4), float(F.mse_loss([1.0], [3.0]))
(array([0.8413]), 4.0)
"""

from autograd import (
    avg_pool1d,
    avg_pool2d,
    conv1d,
    conv2d,
    conv_transpose2d,
    log_softmax,
    max_pool1d,
    max_pool2d,
    relu,
    sigmoid,
    softmax,
    tanh,
)

from .layers.activations import elu, gelu, hardtanh, leaky_relu, selu, silu, softplus
from .losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    l1_penalty,
    l2_penalty,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
    softmax_cross_entropy,
    sum_of_squares,
    svm_hinge,
    triplet_margin_loss,
)

__all__ = [
    "avg_pool1d", "avg_pool2d", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "conv1d", "conv2d", "conv_transpose2d", "cross_entropy", "elu", "gelu", "hardtanh",
    "huber_loss", "kl_div", "l1_loss", "l1_penalty", "l2_penalty", "leaky_relu", "log_softmax",
    "max_pool1d", "max_pool2d", "mse_loss", "nll_loss", "relu", "selu", "sigmoid", "silu",
    "smooth_l1_loss", "softmax", "softmax_cross_entropy", "softplus", "sum_of_squares",
    "svm_hinge", "tanh", "triplet_margin_loss",
]  # fmt: skip
