"""Layers: the modules that nets are built from, by subject."""

from .activations import ReLU, Sigmoid, Tanh
from .layer import Layer
from .linear import Array, Init, Linear, check_affine

__all__ = ["Array", "Init", "Layer", "Linear", "ReLU", "Sigmoid", "Tanh", "check_affine"]
