"""The two-layer net of CS231n and of "Deep Learning from Scratch": affine, ReLU, affine."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import Parameter, Tensor, no_grad, softmax_cross_entropy

from . import init
from .arguments import check_examples, plain, size
from .layers import Layer, Linear, ReLU
from .layers.flatten import Flatten
from .losses import l2_penalty
from .module import Module
from .rng import Seed, as_rng
from .slopes import numerical_slopes

__all__ = ["TwoLayerNet"]

Array = np.ndarray[Any, Any]


class Params(MutableMapping[str, Parameter]):
    """The parameters by the names of the book; assigning an array keeps the parameter."""

    def __init__(self, **parameters: Parameter):
        self._parameters = parameters

    def __getitem__(self, name: str) -> Parameter:
        return self._parameters[name]

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._parameters:
            raise KeyError(f"params: {name!r} is none of {', '.join(self._parameters)}")
        if value is not self._parameters[name]:
            self._parameters[name].data = value.data if isinstance(value, Tensor) else value

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"params: the net needs {name!r}; assign new values instead")

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        return f"Params({', '.join(f'{k}: {p.shape}' for k, p in self._parameters.items())})"


class TwoLayerNet(Module):
    """affine - activation - affine, with softmax cross-entropy; the book's interface.

    input_size, hidden_size, output_size   number of features, hidden units and classes
    weight_init_std                        W is normal with this deviation, b is zero
    reg                                    λ of the penalty ½ λ (‖W1‖² + ‖W2‖²)
    activation                             ReLU() (default), Sigmoid() or Tanh()
    seed, dtype                            of the initial weights
    Raises TypeError for an activation that is no layer.
    `params["W1"], ["b1"], ["W2"], ["b2"]` are the parameters, (D, H), (H,), (H, K), (K,).

    >>> net = TwoLayerNet(4, 10, 3, seed=0)
    >>> net.predict(np.ones((5, 4))).shape
    (5, 3)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        *,
        reg: float = 0.0,
        activation: Layer | None = None,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        if activation is not None and (isinstance(activation, type) or not callable(activation)):
            raise TypeError(
                f"TwoLayerNet: activation is {activation!r}; expected a layer, such as nn.Sigmoid()"
            )
        rng = as_rng(seed)
        input_size = size(input_size, "TwoLayerNet: input_size")
        hidden_size = size(hidden_size, "TwoLayerNet: hidden_size")
        output_size = size(output_size, "TwoLayerNet: output_size")

        def affine(fan_in: int, fan_out: int, number: int) -> Linear:
            normal = functools.partial(init.normal, std=weight_init_std)
            layer = Linear(fan_in, fan_out, init=normal, seed=rng, dtype=dtype)
            layer.W.name, layer.b.name = f"W{number}", f"b{number}"
            return layer

        self.fc1 = affine(input_size, hidden_size, 1)
        self.activation = activation or ReLU()
        self.fc2 = affine(hidden_size, output_size, 2)
        self.reg = reg

    @property
    def params(self) -> Params:
        """The four parameters by name; `params[key] -= lr * grads[key]` updates them."""
        return Params(W1=self.fc1.W, b1=self.fc1.b, W2=self.fc2.W, b2=self.fc2.b)

    def forward(self, x: Any) -> Tensor:
        """Scores (n, classes) for inputs (n, features); images (n, ...) are flattened."""
        if getattr(x, "ndim", 2) > 2:
            x = Flatten()(x)
        hidden = self.activation(self.fc1(x))
        scores: Tensor = self.fc2(hidden)
        return scores

    def predict(self, x: Any) -> Array:
        """Scores as a plain array, not recorded."""
        with no_grad():
            return self(x).numpy()  # type: ignore[no-any-return]

    def loss(self, x: Any, t: Any) -> Tensor:
        """The mean cross-entropy with labels t (indices or one-hot), plus the penalty.

        Raises LabelError for labels that do not fit, ShapeError for an empty batch.
        """
        check_examples(x, "TwoLayerNet.loss")
        data_loss: Tensor = softmax_cross_entropy(self(x), t)
        if not self.reg:
            return data_loss
        reg_loss: Tensor = l2_penalty(self.reg, self.fc1.W, self.fc2.W)
        return data_loss + reg_loss

    def accuracy(self, x: ArrayLike, t: ArrayLike) -> float:
        """The share of inputs whose highest score is at the label; NaN when a score is NaN."""
        check_examples(x, "TwoLayerNet.accuracy")
        scores = self.predict(x)
        labels = autograd.check_labels(plain(t, "TwoLayerNet.accuracy: t"), scores.shape)
        if np.isnan(scores).any():
            return math.nan
        return float(np.mean(np.argmax(scores, axis=1) == labels))

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """The gradients of the loss by backpropagation, under the names of `params`.

        Frozen parameters (`requires_grad=False`) have none.
        """
        loss = self.loss(x, t)
        grads = autograd.backpropagate(loss.node, np.ones((), loss.dtype)[()])
        params = self.params.items()
        return {name: np.asarray(grads[p.node]) for name, p in params if p.requires_grad}

    def numerical_gradient(self, x: Any, t: Any, h: float = 1e-4) -> dict[str, Array]:
        """The same by central differences, (loss(w + h) - loss(w - h)) / 2h for every weight w.

        Nothing of backpropagation is used (see slopes.py).
        """

        def activation(values: Array) -> Array:
            with no_grad():
                return np.asarray(self.activation(values))

        check_examples(x, "TwoLayerNet.numerical_gradient")
        inputs = plain(x.numpy() if isinstance(x, Tensor) else x, "numerical_gradient: x")
        W1, b1, W2, b2 = (p.numpy() for p in self.params.values())
        inputs = inputs.reshape(len(inputs), -1).astype(W1.dtype, copy=False)
        labels = autograd.check_labels(t, (len(inputs), len(b2)))
        found = numerical_slopes((W1, b1, W2, b2), activation, self.reg, inputs, labels, h)
        return dict(zip(self.params, found, strict=True))
