"""The single neuron of the lecture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import Parameter, ShapeError, Tensor

from .. import init
from ..arguments import size
from ..module import Module
from ..rng import Seed
from .activations import Sigmoid

__all__ = ["Neuron"]


class Neuron(Module):
    """A neuron as CS231n's lecture on neural networks writes it: its firing rate for its inputs.

    inputs       how many there are; or the weights themselves, with a bias: `Neuron(weights, 0.5)`
    activation   of the sum in the cell body; a sigmoid, which is a rate from 0 to 1
    seed, dtype  of the weights, drawn with deviation √(1 / inputs); the bias is 0
    Inputs (..., inputs) give (...). Raises ShapeError for anything else.

    >>> neuron = Neuron([1.0, -2.0], 0.5)
    >>> round(neuron([3.0, 1.0]).item(), 4)
    0.8176
    """

    def __init__(
        self,
        inputs: int | ArrayLike | Parameter,
        bias: float | Parameter = 0.0,
        *,
        activation: Module | None = None,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        weights: Any = inputs
        self._drawn = np.ndim(weights) == 0
        if self._drawn:
            weights = _weights(size(weights, "Neuron: inputs"), seed, dtype)
        elif np.ndim(weights) != 1:
            raise ShapeError(f"Neuron: the weights have shape {np.shape(weights)}; expected (n,)")
        if activation is not None and (isinstance(activation, type) or not callable(activation)):
            raise TypeError(
                f"Neuron: activation is {activation!r}; expected a layer, such as nn.Tanh()"
            )
        self.weights = weights if isinstance(weights, Parameter) else Parameter(weights)
        kind = self.weights.dtype
        self.bias = bias if isinstance(bias, Parameter) else Parameter(bias, dtype=kind)
        self.activation = activation or Sigmoid()

    def draw(self, seed: Seed) -> None:
        """Draw the weights anew and set the bias to zero, unless they were given."""
        if self._drawn:
            self.weights.data = _weights(self.weights.size, seed, self.weights.dtype)
            self.bias.data = np.zeros(())

    def forward(self, inputs: Any) -> Tensor:
        """The firing rate."""
        if np.shape(inputs)[-1:] != self.weights.shape:
            raise ShapeError(
                f"Neuron: the inputs have shape {np.shape(inputs)}; expected (..., "
                f"{self.weights.size}), one for each weight"
            )
        cell_body_sum = np.sum(autograd.multiply(inputs, self.weights), axis=-1) + self.bias
        firing_rate: Tensor = self.activation(cell_body_sum)
        return firing_rate

    def extra_repr(self) -> str:
        """The number of inputs."""
        return str(self.weights.size)


def _weights(count: int, seed: Seed, dtype: DTypeLike) -> Any:
    return init.normal(count, 1, std=float(count**-0.5), seed=seed, dtype=dtype).ravel()
