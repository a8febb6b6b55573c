"""The layers of "Deep Learning from Scratch" (Saito, chapters 5 to 7), under the book's names.

`out = layer.forward(x)` and `dx = layer.backward(dout)` work on plain arrays. Where the book
derives every `backward` by hand, here the gates behind `forward` are recorded, and `backward` goes
back through them.

A layer holds the very arrays that it is given. So a net as the book writes it, which keeps them in
a dictionary, gives `Affine(params["W1"], params["b1"])` and trains by
`params[key] -= learning_rate * grads[key]`, changes what its layers compute with.

>>> W, b = np.array([[1.0, 2.0]]), np.zeros(2)
>>> affine, relu = Affine(W, b), Relu()
>>> relu.forward(affine.forward(np.array([[3.0], [-1.0]])))
array([[3., 6.],
       [0., 0.]])
>>> affine.backward(relu.backward(np.ones((2, 2))))
array([[3.],
       [0.]])
>>> affine.dW
array([[3., 3.]])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import autograd
from autograd import DTypeError, GraphError, Parameter, ShapeError, Tensor

from .arguments import check_examples, plain
from .layers.convolution import check_filters
from .layers.flatten import Flatten
from .layers.linear import check_affine
from .rng import Seed, as_rng

__all__ = [
    "AddLayer", "Affine", "BatchNormalization", "Convolution", "Dropout", "MulLayer", "Pooling",
    "ReLU", "Relu", "Sigmoid", "SoftmaxWithLoss",
]  # fmt: skip

Array = np.ndarray[Any, Any]


class _Layer:
    """What all layers share: gates recorded forward, and a way back through them."""

    _operands: tuple[Tensor, ...] = ()
    _result: Tensor | None = None

    def _run(self, function: Callable[..., Any], *operands: Any) -> Any:
        """What `function` gives for the operands, as an array; recorded for `_go_back`."""
        self._result = None
        self._operands = tuple(self._variable(x) for x in operands)
        result = function(*self._operands)
        if result.requires_grad:  # not so inside no_grad()
            self._result = result
        return result.numpy()[()]

    def _variable(self, x: Any) -> Tensor:
        """A tensor with a copy of x, so that later writes to x do not change what was recorded."""
        name = type(self).__name__
        if isinstance(x, Parameter):
            x = x.data
        elif isinstance(x, Tensor) and x.requires_grad:
            raise GraphError(
                f"nn.book.{name}: got a tracked Tensor, but works on plain arrays, so no gradient "
                "would reach it; pass t.numpy(), or use the layers of nn"
            )
        x = x.numpy() if isinstance(x, Tensor) else plain(x, f"nn.book.{name}: the input")
        return Tensor(x, requires_grad=True, dtype=float if x.dtype.kind in "iub" else None)

    def _go_back(self, dout: ArrayLike) -> tuple[Array, ...]:
        """The gradients with respect to the operands, as arrays of their shapes."""
        name = type(self).__name__
        if self._result is None:
            raise GraphError(
                f"{name}.backward: nothing to go back through; call forward(...) first, and not "
                "inside no_grad()"
            )
        shape, dtype = self._result.shape, self._result.dtype
        upstream = plain(dout, f"{name}.backward: dout").astype(dtype)
        if upstream.ndim == 0:
            upstream = np.full(shape, upstream)
        if upstream.shape != shape:
            raise ShapeError(
                f"{name}.backward: dout has shape {upstream.shape}, but the output of forward had "
                f"{shape}"
            )
        grads = autograd.backpropagate(self._result.node, upstream[()])
        return tuple(np.array(grads[x.node]) for x in self._operands)


class _Unary(_Layer):
    """A layer without weights."""

    def backward(self, dout: ArrayLike) -> Array:
        """The gradient with respect to x, in the shape of x.

        dout has the output's shape, or is a single number. Raises GraphError before a `forward`,
        ShapeError when dout does not fit.
        """
        (dx,) = self._go_back(dout)
        return dx


class Relu(_Unary):
    """max(0, x), elementwise; the gradient at 0 is 0. Also called ReLU."""

    def forward(self, x: ArrayLike) -> Array:
        """max(0, x) for x of any shape."""
        return self._run(autograd.relu, x)  # type: ignore[no-any-return]


ReLU = Relu


class Sigmoid(_Unary):
    """1 / (1 + exp(-x)), elementwise."""

    def forward(self, x: ArrayLike) -> Array:
        """The sigmoid of x of any shape."""
        return self._run(autograd.sigmoid, x)  # type: ignore[no-any-return]


class _Weighted(_Layer):
    """A layer with weights and biases: `backward` also gives `dW` and `db`."""

    dW: Array | None = None
    db: Array | None = None

    def __init__(self, W: Array | Parameter, b: Array | Parameter):
        name = type(self).__name__
        self.W, self.b = _shared(W, f"{name}: W"), _shared(b, f"{name}: b")

    def backward(self, dout: ArrayLike) -> Array:
        """The gradient with respect to x, in the shape of x; also sets `dW` and `db`.

        dout has the output's shape, or is a single number. Raises GraphError before a `forward`,
        ShapeError when dout does not fit.
        """
        dx, self.dW, self.db = self._go_back(dout)
        return dx


class Affine(_Weighted):
    """x @ W + b, with the very arrays W (in, out) and b (out,) that it is given.

    Images (n, ...) are flattened to (n, in), and their gradients have the shape of the images.
    Raises ShapeError for shapes that do not fit, TypeError when W or b is no array of floats.
    """

    def __init__(self, W: Array | Parameter, b: Array | Parameter):
        super().__init__(W, b)
        check_affine("Affine", W.shape, b.shape)

    def forward(self, x: ArrayLike) -> Array:
        """x @ W + b for x (n, ...), or (in,) for a single example."""
        return self._run(_affine, x, self.W, self.b)  # type: ignore[no-any-return]


def _affine(x: Tensor, W: Tensor, b: Tensor) -> Any:
    return autograd.affine(Flatten()(x) if x.ndim > 2 else x, W, b)


class Convolution(_Weighted):
    """Convolution with the very arrays W (out, in, rows, columns) and b (out,) that it is given.

    stride, pad   how far the window moves; the zeros around the image
    Raises ShapeError for shapes that do not fit, TypeError when W or b is no array of floats.
    """

    def __init__(self, W: Array | Parameter, b: Array | Parameter, stride: int = 1, pad: int = 0):
        super().__init__(W, b)
        check_filters("Convolution", W.shape, b.shape)
        self.stride, self.pad = stride, pad

    def forward(self, x: ArrayLike) -> Array:
        """Images (n, in, h, w) give (n, out, down, across)."""

        def convolve(x: Tensor, W: Tensor, b: Tensor) -> Any:
            return autograd.conv2d(x, W, b, self.stride, self.pad)

        return self._run(convolve, x, self.W, self.b)  # type: ignore[no-any-return]


class Pooling(_Unary):
    """The largest of every window of pool_h rows and pool_w columns.

    Equally large ones share the gradient, and padding never wins (the book: the first one takes
    it all, and padding is zeros).
    """

    def __init__(self, pool_h: int, pool_w: int, stride: int = 1, pad: int = 0):
        self.pool_h, self.pool_w = pool_h, pool_w
        self.stride, self.pad = stride, pad

    def forward(self, x: ArrayLike) -> Array:
        """Images (n, c, h, w) give (n, c, down, across)."""

        def pool(x: Tensor) -> Any:
            return autograd.max_pool2d(x, (self.pool_h, self.pool_w), self.stride, self.pad)

        return self._run(pool, x)  # type: ignore[no-any-return]


class Dropout(_Unary):
    """In training, numbers are zero with probability `dropout_ratio` (Srivastava et al. 2014).

    Otherwise all are multiplied by 1 - dropout_ratio, which is their mean in training. `mask` has
    the places that the last forward in training kept; `seed` is that of the random numbers.
    """

    mask: Array | None = None

    def __init__(self, dropout_ratio: float = 0.5, *, seed: Seed = None):
        if not 0 <= dropout_ratio < 1:
            raise ValueError(f"Dropout: dropout_ratio is {dropout_ratio}; expected 0 <= ratio < 1")
        self.dropout_ratio, self._rng = float(dropout_ratio), as_rng(seed)

    def forward(self, x: ArrayLike, train_flg: bool = True) -> Array:
        """Some of x in training (`train_flg`), a share of all of x otherwise."""
        factor: Any = 1.0 - self.dropout_ratio
        if train_flg:
            factor = self.mask = self._rng.random(np.shape(x)) > self.dropout_ratio
        return self._run(lambda x: x * factor, x)  # type: ignore[no-any-return]


class BatchNormalization(_Layer):
    """Every feature with mean 0 and variance 1 over the batch, times gamma, plus beta.

    gamma, beta                 (features,), the very arrays that training changes
    momentum                    how much of the running mean and variance stays at each step
    running_mean, running_var   what is used instead of the batch's outside of training
    Images (n, ...) are flattened to (n, features), and given back in their shape. Raises ShapeError
    for shapes that do not fit (Ioffe, Szegedy 2015, arXiv:1502.03167, algorithm 1).
    """

    dgamma: Array | None = None
    dbeta: Array | None = None

    def __init__(
        self,
        gamma: Array | Parameter,
        beta: Array | Parameter,
        momentum: float = 0.9,
        running_mean: Array | None = None,
        running_var: Array | None = None,
    ):
        self.gamma = _shared(gamma, "BatchNormalization: gamma")
        self.beta = _shared(beta, "BatchNormalization: beta")
        if gamma.ndim != 1 or gamma.shape != beta.shape:
            raise ShapeError(
                f"BatchNormalization: gamma is {gamma.shape} and beta is {beta.shape}; expected "
                "(features,)"
            )
        self.momentum = momentum
        self.running_mean = np.zeros(gamma.shape) if running_mean is None else running_mean
        self.running_var = np.zeros(gamma.shape) if running_var is None else running_var

    def forward(self, x: ArrayLike, train_flg: bool = True) -> Array:
        """x (n, ...) normalised: by the batch in training (`train_flg`), else by the running."""
        check_examples(x, "BatchNormalization.forward")
        return self._run(  # type: ignore[no-any-return]
            self._by_batch if train_flg else self._by_running, x, self.gamma, self.beta
        )

    def _by_batch(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Any:
        rows = Flatten()(x)
        mean = autograd.mean(rows, axis=0)
        variance = autograd.mean(autograd.square(rows - mean), axis=0)
        old, new = self.momentum, 1 - self.momentum
        self.running_mean = old * self.running_mean + new * mean.numpy()
        self.running_var = old * self.running_var + new * variance.numpy()
        return _normalised(x, mean, variance, gamma, beta)

    def _by_running(self, x: Tensor, gamma: Tensor, beta: Tensor) -> Any:
        mean, variance = self.running_mean.astype(x.dtype), self.running_var.astype(x.dtype)
        return _normalised(x, mean, variance, gamma, beta)

    def backward(self, dout: ArrayLike) -> Array:
        """The gradient with respect to x, in the shape of x; also sets `dgamma` and `dbeta`."""
        dx, self.dgamma, self.dbeta = self._go_back(dout)
        return dx


def _normalised(x: Tensor, mean: Any, variance: Any, gamma: Tensor, beta: Tensor) -> Any:
    """gamma (x - mean) / √(variance + 1e-6) + beta for each feature, in the shape of x."""
    scaled = (Flatten()(x) - mean) / autograd.sqrt(variance + 1e-6)
    return autograd.reshape(gamma * scaled + beta, x.shape)


class SoftmaxWithLoss(_Unary):
    """Softmax and cross-entropy in one, the mean over the batch; the last layer of a net.

    After `forward`, `y` has the probabilities, `t` the labels and `loss` the loss.
    """

    y: Array | None = None
    t: Array | None = None
    loss: float | None = None

    def forward(self, x: ArrayLike, t: ArrayLike) -> float:
        """The loss of scores x (n, k), with labels t as indices (n,) or one-hot rows (n, k).

        A single example has scores (k,), and an index or a one-hot row. Raises LabelError for
        labels that do not fit, ShapeError for an empty batch.
        """
        check_examples(x, "SoftmaxWithLoss.forward")
        labels = plain(t, "SoftmaxWithLoss.forward: t")

        def lose(scores: Tensor) -> Any:
            if scores.ndim == 1:
                return autograd.softmax_cross_entropy(scores[None], labels[None])
            return autograd.softmax_cross_entropy(scores, labels)

        self.loss = float(self._run(lose, x))
        self.y, self.t = autograd.softmax(self._operands[0].data), labels
        return self.loss

    def backward(self, dout: ArrayLike = 1) -> Array:
        """The gradient with respect to the scores, (y - one-hot) / n, times dout."""
        return super().backward(dout)


class AddLayer(_Layer):
    """x + y, of chapter 5."""

    def forward(self, x: ArrayLike, y: ArrayLike) -> Array:
        """x + y, of numbers or arrays."""
        return self._run(autograd.add, x, y)  # type: ignore[no-any-return]

    def backward(self, dout: ArrayLike) -> tuple[Array, Array]:
        """The gradients with respect to x and y."""
        dx, dy = self._go_back(dout)
        return dx[()], dy[()]


class MulLayer(_Layer):
    """x * y, of chapter 5.

    >>> apples = MulLayer()
    >>> float(apples.forward(100, 2)), [float(d) for d in apples.backward(1)]
    (200.0, [2.0, 100.0])
    """

    def forward(self, x: ArrayLike, y: ArrayLike) -> Array:
        """x * y, of numbers or arrays."""
        return self._run(autograd.multiply, x, y)  # type: ignore[no-any-return]

    def backward(self, dout: ArrayLike) -> tuple[Array, Array]:
        """The gradients with respect to x and y."""
        dx, dy = self._go_back(dout)
        return dx[()], dy[()]


def _shared(array: Any, name: str) -> Any:
    """The array itself, which others may change in place; a copy would never learn."""
    if isinstance(array, Parameter):
        return array
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"{name} is a {type(array).__name__}; expected an array, which the layer shares: "
            "update it in place"
        )
    if plain(array, name).dtype.kind != "f":
        raise DTypeError(f"{name} holds {array.dtype}; expected floats, which training can change")
    return array
