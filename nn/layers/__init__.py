"""Layers: the modules that nets are built from, by subject."""

from .activations import ReLU, Sigmoid, Tanh
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .layer import Layer
from .linear import Array, Init, Linear, check_affine
from .neuron import Neuron
from .normalisation import BatchNorm1d, BatchNorm2d, LayerNorm, RMSNorm

__all__ = [
    "Array",
    "BatchNorm1d",
    "BatchNorm2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "Init",
    "Layer",
    "LayerNorm",
    "Linear",
    "Neuron",
    "RMSNorm",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "check_affine",
]
