"""Activations: nonlinear functions of every element."""

from __future__ import annotations

from typing import Any

import autograd
from autograd import Tensor

from .layer import Layer

__all__ = ["ReLU", "Sigmoid", "Tanh"]


class ReLU(Layer):
    """max(0, x), elementwise; the gradient at 0 is 0."""

    def forward(self, x: Any) -> Tensor:
        """max(0, x) of a tensor of any shape."""
        return autograd.relu(x)  # type: ignore[no-any-return]


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), elementwise."""

    def forward(self, x: Any) -> Tensor:
        """The sigmoid of a tensor of any shape."""
        return autograd.sigmoid(x)  # type: ignore[no-any-return]


class Tanh(Layer):
    """tanh(x), elementwise."""

    def forward(self, x: Any) -> Tensor:
        """The hyperbolic tangent of a tensor of any shape."""
        return autograd.tanh(x)  # type: ignore[no-any-return]
