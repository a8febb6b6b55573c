"""Layers: affine and activations, with the forward/backward protocol of the fish book.

As modules they are called, `layer(x)`, and record gates. "Deep Learning from Scratch" (chapter 5)
instead calls `out = layer.forward(x)` and `dx = layer.backward(dout)` on plain arrays; these
layers offer that too, with the very same gates behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import GraphError, Parameter, ShapeError, Tensor

from . import init
from .module import Module
from .rng import Seed

__all__ = ["Affine", "Layer", "Linear", "ReLU", "Sigmoid", "Tanh"]

Array = np.ndarray[Any, Any]
Init = Callable[..., Array]


class Layer(Module):
    """A module with the book's protocol: `forward(x)`, then `backward(dout)`, on plain arrays."""

    _recorded: tuple[Tensor, Tensor] | None = None

    def apply(self, x: Any) -> Tensor:
        """The layer as a differentiable function; this is what calling the layer does."""
        raise NotImplementedError(f"{type(self).__name__} does not define apply()")

    def __call__(self, *inputs: Any) -> Any:
        return self.apply(*inputs)

    def forward(self, x: ArrayLike) -> Array:
        """The output for an array x, as an array; remembered for `backward`."""
        source = Tensor(x, requires_grad=True, dtype=_floating(x))
        result = self(source)
        self._recorded = source, result
        return result.numpy()  # type: ignore[no-any-return]

    def backward(self, dout: ArrayLike) -> Array:
        """The gradient by x, given the gradient by the output; fills `dW` and `db`.

        Raises GraphError before a `forward`, ShapeError when dout has not the output's shape.
        """
        if self._recorded is None:
            raise GraphError(
                f"{type(self).__name__}.backward: nothing to go back through; call forward(x) first"
            )
        source, result = self._recorded
        upstream = np.asarray(dout, dtype=result.dtype)
        if upstream.shape != result.shape:
            raise ShapeError(
                f"{type(self).__name__}.backward: dout has shape {upstream.shape}, but the output "
                f"of forward had {result.shape}"
            )
        grads = autograd.backpropagate(result.node, upstream[()])
        self._take(grads)
        return np.array(grads[source.node])

    def _take(self, grads: dict[Any, Any]) -> None:
        """Keep the gradients of the layer's parameters."""


def _floating(x: Any) -> Any:
    dtype = np.asarray(x).dtype
    return dtype if dtype.kind == "f" else np.dtype(float)


class Linear(Layer):
    """The affine layer x @ W + b; also under the name Affine.

    in_features, out_features   sizes of W (in, out) and b (out,); or, as in the book, the arrays
                                W and b themselves: `Affine(W, b)`
    init                        how W is drawn (`nn.init.he`, `xavier`, `normal`); b is zeros
    seed, dtype                 of the random numbers; of the parameters
    Inputs of more than two axes are flattened to (examples, in). Raises ShapeError otherwise.
    """

    W: Parameter
    b: Parameter
    dW: Array | None = None
    db: Array | None = None

    def __init__(
        self,
        in_features: int | ArrayLike | Parameter,
        out_features: int | ArrayLike | Parameter,
        *,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        if isinstance(in_features, int) and isinstance(out_features, int):
            weights: Any = init(in_features, out_features, seed=seed, dtype=dtype)
            biases: Any = np.zeros(out_features, dtype)
        else:
            weights, biases = in_features, out_features
        self.W = weights if isinstance(weights, Parameter) else Parameter(weights, name="W")
        self.b = biases if isinstance(biases, Parameter) else Parameter(biases, name="b")
        if self.W.ndim != 2 or self.b.shape not in ((self.W.shape[1],), (1, self.W.shape[1])):
            raise ShapeError(
                f"Linear: W is {self.W.shape} and b is {self.b.shape}; expected W (in, out) and "
                "b (out,)"
            )

    def apply(self, x: Any) -> Tensor:
        """x @ W + b for x (examples, in), (in,), or (examples, ...) flattened to (examples, in)."""
        if not isinstance(x, Tensor):
            x = np.asarray(x)
        if x.ndim > 2:
            x = x.reshape((x.shape[0], -1))
        out: Tensor = autograd.affine(x, self.W, self.b)
        return (self._box or self._make_box()).put(out)

    def _take(self, grads: dict[Any, Any]) -> None:
        self.dW, self.db = np.array(grads[self.W.node]), np.array(grads[self.b.node])

    def __repr__(self) -> str:
        return f"Linear({self.W.shape[0]}, {self.W.shape[1]})"


Affine = Linear


class ReLU(Layer):
    """max(0, x), elementwise; the gradient at 0 is 0."""

    def apply(self, x: Any) -> Tensor:
        """max(0, x) of a tensor of any shape."""
        return autograd.relu(x)  # type: ignore[no-any-return]


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), elementwise."""

    def apply(self, x: Any) -> Tensor:
        """The sigmoid of a tensor of any shape."""
        return autograd.sigmoid(x)  # type: ignore[no-any-return]


class Tanh(Layer):
    """tanh(x), elementwise."""

    def apply(self, x: Any) -> Tensor:
        """The hyperbolic tangent of a tensor of any shape."""
        return autograd.tanh(x)  # type: ignore[no-any-return]
