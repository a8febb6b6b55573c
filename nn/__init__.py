"""Nets built from the gates of autograd: layers, losses, optimisers, data.

>>> import nn
>>> X, y = nn.spiral(seed=0)
>>> net = nn.TwoLayerNet(2, 100, 3, seed=0)
>>> optimiser = nn.SGD(net, lr=1.0)
>>> for step in range(10):
...     optimiser.zero_grad()
...     loss = net.loss(X, y)
...     loss.backward()
...     optimiser.step()
"""

from typing import TYPE_CHECKING, Any

from autograd import Parameter

from . import book, data, init, optim, plots
from .conv import AvgPool2d, Conv2d, Flatten, MaxPool2d
from .data import DatasetError, SubsetWarning, batches, mnist, spiral
from .layers import Layer, Linear, ReLU, Sigmoid, Tanh
from .losses import (
    HingeLoss,
    SoftmaxWithLoss,
    l2_penalty,
    softmax_cross_entropy,
    sum_of_squares,
    svm_hinge,
)
from .module import Module, Sequential
from .optim import (
    LBFGS,
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    Optimiser,
    ReduceLROnPlateau,
    RMSProp,
    Schedule,
    SequentialLR,
    StepLR,
    clip_grad_norm,
    clip_grad_value,
)
from .two_layer_net import TwoLayerNet

__all__ = [
    "LBFGS",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "ChainedScheduler",
    "ConstantLR",
    "Conv2d",
    "CosineAnnealingLR",
    "DatasetError",
    "ExponentialLR",
    "Flatten",
    "HingeLoss",
    "LambdaLR",
    "Layer",
    "Linear",
    "LinearLR",
    "MaxPool2d",
    "Module",
    "MultiStepLR",
    "OneCycleLR",
    "Optimiser",
    "Parameter",
    "RMSProp",
    "ReLU",
    "ReduceLROnPlateau",
    "Schedule",
    "Sequential",
    "SequentialLR",
    "Sigmoid",
    "SoftmaxWithLoss",
    "StepLR",
    "SubsetWarning",
    "Tanh",
    "TwoLayerNet",
    "batches",
    "book",
    "clip_grad_norm",
    "clip_grad_value",
    "data",
    "init",
    "l2_penalty",
    "mnist",
    "optim",
    "plots",
    "softmax_cross_entropy",
    "spiral",
    "sum_of_squares",
    "svm_hinge",
]  # fmt: skip

if not TYPE_CHECKING:  # so that a type checker knows that there is nothing else

    def __getattr__(name: str) -> Any:
        """AttributeError, which tells how a name of PyTorch's is written here."""
        if name.startswith("_"):  # which protocols look for
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .elsewhere import of_package

        raise of_package(__name__, name)
