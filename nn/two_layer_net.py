"""The two-layer net of CS231n and of "Deep Learning from Scratch": affine, ReLU, affine."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import Parameter, Tensor, no_grad, softmax_cross_entropy

from . import init
from .layers import Layer, Linear, ReLU
from .losses import l2_penalty
from .module import Module
from .rng import Seed, as_rng

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

        def affine(fan_in: int, fan_out: int, number: int) -> Linear:
            W = init.normal(fan_in, fan_out, std=weight_init_std, seed=rng, dtype=dtype)
            b = np.zeros(fan_out, dtype)
            return Linear(Parameter(W, name=f"W{number}"), Parameter(b, name=f"b{number}"))

        self.fc1 = affine(input_size, hidden_size, 1)
        self.activation = activation or ReLU()
        self.fc2 = affine(hidden_size, output_size, 2)
        self.reg = reg

    @property
    def params(self) -> Params:
        """The four parameters by name; `params[key] -= lr * grads[key]` updates them."""
        return Params(W1=self.fc1.W, b1=self.fc1.b, W2=self.fc2.W, b2=self.fc2.b)

    def forward(self, x: Any) -> Tensor:
        """Scores (n, classes) for inputs (n, features)."""
        hidden = self.activation(self.fc1(x))
        scores: Tensor = self.fc2(hidden)
        return scores

    def predict(self, x: Any) -> Array:
        """Scores as a plain array, not recorded."""
        with no_grad():
            return self(x).numpy()  # type: ignore[no-any-return]

    def loss(self, x: Any, t: Any) -> Tensor:
        """The mean cross-entropy with labels t (indices or one-hot), plus the penalty."""
        data_loss: Tensor = softmax_cross_entropy(self(x), t)
        if not self.reg:
            return data_loss
        reg_loss: Tensor = l2_penalty(self.reg, self.fc1.W, self.fc2.W)
        return data_loss + reg_loss

    def accuracy(self, x: ArrayLike, t: ArrayLike) -> float:
        """The share of inputs whose highest score is at the label."""
        scores = self.predict(x)
        labels = autograd.check_labels(t, scores.shape)
        return float(np.mean(np.argmax(scores, axis=1) == labels))

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """The gradients of the loss by backpropagation, under the names of `params`."""
        params = self.params
        loss = self.loss(x, t)
        grads = autograd.backpropagate(loss.node, np.ones((), loss.dtype)[()])
        return {name: np.asarray(grads[p.node]) for name, p in params.items()}

    def numerical_gradient(self, x: Any, t: Any, h: float = 1e-4) -> dict[str, Array]:
        """The same by central differences, (loss(w + h) - loss(w - h)) / 2h for every weight w.

        Nothing of backpropagation is used. A weight changes a single column of its layer's output,
        so the losses of all weights that lead to one column are worked out together from there.
        """
        W1, b1, W2, b2 = (p.numpy() for p in self.parameters())
        x = np.asarray(x.numpy() if isinstance(x, Tensor) else x)
        x = x.reshape(len(x), -1).astype(W1.dtype, copy=False)
        before, labels = x @ W1 + b1, autograd.check_labels(t, (len(x), len(b2)))
        hidden = self._activate(before)
        scores = hidden @ W2 + b2

        def by_hidden(j: int, moved: Array) -> Array:
            """Losses when column j of the first output is `moved` (variants, n)."""
            change = self._activate(before[:, j] + moved) - hidden[:, j]
            return _cross_entropies(scores + change[..., None] * W2[j], labels)

        def by_score(k: int, moved: Array) -> Array:
            """Losses when column k of the scores is `moved` (variants, n)."""
            return _cross_entropies(scores + moved[..., None] * np.eye(len(b2))[k], labels)

        def slopes(losses: Any, columns: int, inputs: Array) -> tuple[Array, Array]:
            """The differences for all weights and biases of a layer with these inputs (n, d)."""
            steps = np.concatenate([inputs.T, np.ones((1, len(x)), x.dtype)])  # the last: the bias
            both = [losses(j, h * steps) - losses(j, -h * steps) for j in range(columns)]
            table = np.stack(both, axis=1) / (2 * h)
            return table[:-1], table[-1]

        dW1, db1 = slopes(by_hidden, len(b1), x)
        dW2, db2 = slopes(by_score, len(b2), hidden)
        for slope, W in ((dW1, W1), (dW2, W2)):
            slope += self.reg * ((W + h) ** 2 - (W - h) ** 2) / (4 * h)
        grads = {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
        return {name: g.astype(W1.dtype, copy=False) for name, g in grads.items()}

    def _activate(self, x: Array) -> Array:
        with no_grad():
            return np.asarray(self.activation(x))


def _cross_entropies(scores: Array, labels: Array) -> Array:
    """The mean cross-entropy of every variant of scores (variants, n, classes)."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    right = np.take_along_axis(shifted, labels[None, :, None], axis=-1)[..., 0]
    losses: Array = np.mean(np.log(np.exp(shifted).sum(axis=-1)) - right, axis=-1)
    return losses
