"""The step of the convolutional net as "Deep Learning from Scratch" does it (chapter 7)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .common import Run, repeat

Array = np.ndarray[Any, Any]


def run(work: Any) -> Run:
    """Training steps of the net."""
    return repeat(Book(work).step, work.batches())


class Book:
    """im2col, argmax pooling, col2im."""

    def __init__(self, work: Any):
        self.W1, self.b1, self.W2, self.b2 = work.weights()
        self.lr = work.lr

    def step(self, x: Array, t: Array) -> Any:
        """One step of gradient descent; gives the loss before it."""
        n, filters, k = len(x), len(self.W1), self.W1.shape[-1]
        out = x.shape[-1] - k + 1
        cols = _rows_of_windows(x, k, 1)
        W = self.W1.reshape(filters, -1).T
        conv = (cols @ W + self.b1).reshape(n, out, out, filters).transpose(0, 3, 1, 2)
        hidden = np.maximum(0, conv)
        windows = _rows_of_windows(hidden, 2, 2).reshape(-1, 4)
        winner = np.argmax(windows, axis=1)
        pooled = np.max(windows, axis=1).reshape(n, out // 2, out // 2, filters)
        pooled = pooled.transpose(0, 3, 1, 2)
        flat = pooled.reshape(n, -1)
        loss, dscores = cross_entropy(flat @ self.W2 + self.b2, t)

        dflat = dscores @ self.W2.T
        dpooled = dflat.reshape(pooled.shape).transpose(0, 2, 3, 1)
        dwindows = np.zeros((dpooled.size, 4), x.dtype)
        dwindows[np.arange(winner.size), winner] = dpooled.reshape(-1)
        dwindows = dwindows.reshape(-1, 4 * filters)
        dhidden = _windows_to_image(dwindows, hidden.shape, 2, 2)
        dhidden[hidden <= 0] = 0
        dconv = dhidden.transpose(0, 2, 3, 1).reshape(-1, filters)
        dW1 = (cols.T @ dconv).T.reshape(self.W1.shape)
        _windows_to_image(dconv @ W.T, x.shape, k, 1)  # dx: the layer does not know it is the first

        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * np.sum(dconv, axis=0)
        self.W2 -= self.lr * (flat.T @ dscores)
        self.b2 -= self.lr * np.sum(dscores, axis=0)
        return loss


def _rows_of_windows(x: Array, k: int, stride: int) -> Array:
    """im2col: every window of the images, flattened, in a row."""
    n, c, side, _ = x.shape
    places = (side - k) // stride + 1
    cols = np.zeros((n, c, k, k, places, places), x.dtype)
    for i in range(k):
        for j in range(k):
            rows, columns = (slice(m, m + stride * places, stride) for m in (i, j))
            cols[:, :, i, j] = x[:, :, rows, columns]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(n * places * places, -1)


def _windows_to_image(cols: Array, shape: tuple[int, ...], k: int, stride: int) -> Array:
    """col2im: the sum of all windows, each in its place."""
    n, c, side, _ = shape
    places = (side - k) // stride + 1
    pieces = cols.reshape(n, places, places, c, k, k).transpose(0, 3, 4, 5, 1, 2)
    image = np.zeros(shape, cols.dtype)
    for i in range(k):
        for j in range(k):
            rows, columns = (slice(m, m + stride * places, stride) for m in (i, j))
            image[:, :, rows, columns] += pieces[:, :, i, j]
    return image


def cross_entropy(scores: Array, t: Array) -> tuple[Array, Array]:
    """The mean loss, and its gradient by the scores."""
    scores -= scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    rows = np.arange(len(t))
    loss = -np.mean(np.log(probs[rows, t]))
    probs[rows, t] -= 1
    probs /= probs.dtype.type(len(t))
    return loss, probs
