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

from . import book, data, files, functional, init, metrics, optim, plots
from .attention import MultiheadAttention, PositionalEncoding, TransformerBlock
from .conv import Conv1d, Conv2d, ConvTranspose2d
from .data import (
    DataLoader,
    DatasetError,
    SubsetWarning,
    batches,
    blobs,
    cifar10,
    circles,
    digits,
    fashion_mnist,
    mnist,
    mnist1d,
    moons,
    spiral,
    tales,
    xor,
)
from .files import FileError, load_checkpoint, load_weights, save_checkpoint, save_weights
from .layers import Layer, Linear, ReLU, Sigmoid, Tanh
from .layers.activations import (
    ELU,
    GELU,
    SELU,
    Hardtanh,
    LeakyReLU,
    LogSoftmax,
    Maxout,
    PReLU,
    RReLU,
    SiLU,
    Softmax,
    Softplus,
)
from .layers.dropout import Dropout
from .layers.embedding import Embedding
from .layers.flatten import Flatten
from .layers.neuron import Neuron
from .layers.normalisation import BatchNorm1d, BatchNorm2d, LayerNorm, RMSNorm
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
    SoftmaxWithLoss,
    SumOfSquaresLoss,
    TripletMarginLoss,
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
from .pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AvgPool1d,
    AvgPool2d,
    GlobalAvgPool,
    GlobalMaxPool,
    MaxPool1d,
    MaxPool2d,
)
from .recurrent import GRU, LSTM, RNN
from .rng import seed
from .state import StateError
from .two_layer_net import TwoLayerNet

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LBFGS",
    "LSTM",
    "RNN",
    "SELU",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "ChainedScheduler",
    "ConstantLR",
    "Conv1d",
    "Conv2d",
    "ConvTranspose2d",
    "CosineAnnealingLR",
    "CrossEntropyLoss",
    "DataLoader",
    "DatasetError",
    "Dropout",
    "Embedding",
    "ExponentialLR",
    "FileError",
    "Flatten",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "Hardtanh",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LambdaLR",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LinearLR",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "Maxout",
    "Module",
    "MultiMarginLoss",
    "MultiStepLR",
    "MultiheadAttention",
    "NLLLoss",
    "Neuron",
    "OneCycleLR",
    "Optimiser",
    "PReLU",
    "Parameter",
    "PositionalEncoding",
    "RMSNorm",
    "RMSProp",
    "RReLU",
    "ReLU",
    "ReduceLROnPlateau",
    "Schedule",
    "Sequential",
    "SequentialLR",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "SoftmaxWithLoss",
    "Softplus",
    "StateError",
    "StepLR",
    "SubsetWarning",
    "SumOfSquaresLoss",
    "Tanh",
    "TransformerBlock",
    "TripletMarginLoss",
    "TwoLayerNet",
    "batches",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "blobs",
    "book",
    "cifar10",
    "circles",
    "clip_grad_norm",
    "clip_grad_value",
    "cross_entropy",
    "data",
    "digits",
    "fashion_mnist",
    "files",
    "functional",
    "huber_loss",
    "init",
    "kl_div",
    "l1_loss",
    "l1_penalty",
    "l2_penalty",
    "load_checkpoint",
    "load_weights",
    "metrics",
    "mnist",
    "mnist1d",
    "moons",
    "mse_loss",
    "nll_loss",
    "optim",
    "plots",
    "save_checkpoint",
    "save_weights",
    "seed",
    "smooth_l1_loss",
    "softmax_cross_entropy",
    "spiral",
    "sum_of_squares",
    "svm_hinge",
    "tales",
    "triplet_margin_loss",
    "xor",
]  # fmt: skip

if not TYPE_CHECKING:  # so that a type checker knows that there is nothing else

    def __getattr__(name: str) -> Any:
        """AttributeError, which tells how a name of PyTorch's is written here."""
        if name.startswith("_"):  # which protocols look for
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .elsewhere import of_package

        raise of_package(__name__, name)
