"""NumPy at its best: memory made once, `out=` everywhere, the order that suits the machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import numpy_tuned_conv
from .common import Run, repeat

VERSION = f"NumPy {np.__version__}"
Array = np.ndarray[Any, Any]


class Net:
    """The two-layer net, transposed: examples along the contiguous axis, biases in the weights.

    A row of ones under the inputs and under the hidden layer multiplies the biases, which are the
    last column of the weights. ReLU's mask is made of sign bits: -hidden >> 63 is all ones where
    hidden is positive, and zero elsewhere.
    """

    def __init__(self, work: Any):
        W1, b1, W2, b2 = work.weights()
        self.dtype = dtype = W1.dtype
        (h, d), (k, _) = W1.T.shape, W2.T.shape
        n = work.X.shape[1]
        self.P1, self.P2 = np.c_[W1.T, b1].copy(), np.c_[W2.T, b2].copy()
        self.W1, self.W2 = self.P1[:, :d], self.P2[:, :h]
        self.dP1, self.dP2 = np.empty_like(self.P1), np.empty_like(self.P2)
        self.hidden = np.ones((h + 1, n), dtype)
        self.dhidden, self.zeros = np.empty((h, n), dtype), np.zeros((h, n), dtype)
        integer = np.dtype(f"i{dtype.itemsize}")
        self.mask, self.bits = np.empty((h, n), integer), integer.type(8 * dtype.itemsize - 1)
        self.scores, self.top, self.total = np.empty((k, n), dtype), *np.empty((2, n), dtype)
        self.n, self.lr, self.reg = dtype.type(n), dtype.type(work.lr), work.reg
        self.decay = dtype.type(1 - work.lr * work.reg)
        self.batches = [self.prepared(X, y) for X, y in work.batches()]

    def prepared(self, X: Array, y: Array) -> tuple[Array, Array]:
        """A batch as columns over a row of ones, and the places of the labels in the scores."""
        columns = np.c_[X, np.ones(len(X), X.dtype)]
        if X.shape[1] < X.shape[0]:
            return columns.T.copy(), y * len(y) + np.arange(len(y))
        return columns.T, y * len(y) + np.arange(len(y))

    def step(self, X: Array, places: Array) -> Any:
        """One step of gradient descent; gives the loss before it."""
        inner = self.hidden[:-1]
        np.dot(self.P1, X, out=inner)
        np.maximum(inner, self.zeros, out=inner)
        scores, total = np.dot(self.P2, self.hidden, out=self.scores), self.total
        np.subtract(scores, np.maximum.reduce(scores, axis=0, out=self.top), out=scores)
        loss = -np.add.reduce(scores.take(places))
        np.exp(scores, out=scores)
        np.add.reduce(scores, axis=0, out=total)
        loss = (loss + np.add.reduce(np.log(total, out=self.top))) / self.n
        if self.reg:
            squares = np.vdot(self.W1, self.W1) + np.vdot(self.W2, self.W2)
            loss = loss + 0.5 * self.reg * squares
        scores /= np.multiply(total, self.n, out=total)
        flat = scores.reshape(-1)
        flat[places] -= 1 / self.n

        np.dot(scores, self.hidden.T, out=self.dP2)
        np.dot(self.W2.T, scores, out=self.dhidden)
        mask, dhidden = self.mask, self.dhidden.view(self.mask.dtype)
        np.negative(inner.view(mask.dtype), out=mask)
        np.right_shift(mask, self.bits, out=mask)
        np.bitwise_and(dhidden, mask, out=dhidden)
        np.dot(self.dhidden, X.T, out=self.dP1)
        for P, W, dP in ((self.P1, self.W1, self.dP1), (self.P2, self.W2, self.dP2)):
            if self.reg:
                W *= self.decay
            P -= np.multiply(dP, self.lr, out=dP)
        return loss


def two_layer(work: Any) -> Run:
    """Training steps of the net."""
    net = Net(work)
    return repeat(net.step, net.batches)


def small_sum(work: Any) -> Run:
    """Sum of x y + z; its gradients are the operands themselves."""
    x, y, z = work.x, work.y, work.z
    f, df = np.empty_like(x), np.ones_like(z)

    def step() -> Any:
        np.multiply(x, y, out=f)
        np.add(f, z, out=f)
        return np.add.reduce(f), y, x, df

    return repeat(step)


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y), in pieces that fit the cache."""
    x, y = work.x, work.y
    dx, dy = np.empty_like(x), np.empty_like(y)
    piece = min(len(x), 64 * 1024 // x.itemsize)
    buffers = np.empty((3, piece), x.dtype)

    def step() -> Any:
        L = 0.0
        for k in range(0, len(x), piece):
            places = slice(k, k + piece)
            L += float(tanh_piece(x[places], y[places], dx[places], dy[places], buffers))
        return L, dx, dy

    return repeat(step)


def tanh_piece(x: Array, y: Array, dx: Array, dy: Array, buffers: Array) -> Any:
    """One piece; writes its gradients."""
    e, t, s = buffers[:, : len(x)]
    np.multiply(x, x, out=e)
    np.exp(np.negative(e, out=e), out=e)
    np.multiply(x, y, out=t)
    np.tanh(np.add(t, e, out=t), out=t)
    L = np.add.reduce(t)
    np.subtract(1, np.multiply(t, t, out=t), out=t)
    np.multiply(t, x, out=dy)
    np.multiply(e, np.multiply(dy, -2, out=s), out=s)
    np.add(np.multiply(t, y, out=dx), s, out=dx)
    return L


def gradcheck(work: Any) -> Run:
    """A weight moves one unit only, so nothing before that unit is computed again.

    For W1 and b1: the change of one hidden unit changes the scores by its row of W2. For W2 and
    b2 one score moves. The losses of all weights of a layer come from one array of scores.
    """
    (X, y), h = work.batches()[0], work.h
    W1, b1, W2, b2 = work.weights()
    n, rows = len(y), np.arange(len(y))

    def slopes(moved: list[Array]) -> Array:
        """From scores (..., n, k), above and below, to slopes."""
        losses = []
        for scores in moved:
            top = np.maximum.reduce(scores, axis=-1)
            sums = np.add.reduce(np.exp(scores - top[..., None]), axis=-1)
            losses.append(np.sum(top + np.log(sums) - scores[..., rows, y], axis=-1) / n)
        return (losses[0] - losses[1]) / (2 * h)

    def step() -> Any:
        before = np.dot(X, W1) + b1
        hidden = np.maximum(0, before)
        scores = np.dot(hidden, W2) + b2
        inputs = np.r_[X.T, np.ones((1, n))]  # (features + 1, n): the last moves the bias
        first = np.empty((len(inputs), len(b1)))
        for j in range(len(b1)):
            units = [np.maximum(0, before[:, j] + s * inputs) - hidden[:, j] for s in (h, -h)]
            first[:, j] = slopes([scores + u[:, :, None] * W2[j] for u in units])
        units = np.r_[hidden.T, np.ones((1, n))][:, None, :, None] * np.eye(len(b2))[:, None]
        second = slopes([scores + s * units for s in (h, -h)])
        return first[:-1], first[-1], second[:-1], second[-1]

    return repeat(step)


def hessian(work: Any) -> Run:
    """The closed form, √D X against itself."""
    X, w = work.X, work.w
    scaled = np.empty_like(X)
    n = len(X)

    def step() -> Any:
        p = 1 / (1 + np.exp(-np.dot(X, w)))
        np.multiply(X, np.sqrt(p * (1 - p) / n)[:, None], out=scaled)
        return np.dot(scaled.T, scaled)

    return repeat(step)


RUNS = {
    "spiral": two_layer, "mnist": two_layer, "conv": numpy_tuned_conv.run, "small_sum": small_sum,
    "tanh": tanh, "gradcheck": gradcheck, "hessian": hessian,
}  # fmt: skip
SKIPS = {
    "moons": "no arrays: the plain floats by hand are the reference",
    "chain": "no arrays: the plain floats by hand are the reference",
}
