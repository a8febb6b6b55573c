"""The step of the convolutional net with memory made once, in the order that pooling needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .by_hand_conv import cross_entropy
from .common import Run, repeat

Array = np.ndarray[Any, Any]


def run(work: Any) -> Run:
    """Training steps of the net."""
    return repeat(Tuned(work).step, work.batches())


class Tuned:
    """Columns in the order in which pooling needs them.

    The columns of an image are sorted by their place in the pooling window, so its four elements
    lie in four blocks, and pooling is three maxima of blocks. ReLU comes after pooling, on a
    quarter of the numbers; the two commute.
    """

    def __init__(self, work: Any):
        self.W1, self.b1, self.W2, self.b2 = work.weights()
        dtype = self.W1.dtype
        self.lr = dtype.type(work.lr)
        n, (filters, _, k, _) = work.X.shape[1], self.W1.shape
        half = (work.X.shape[-1] - k + 1) // 2
        places = half * half
        self.cols = np.empty((n, k, k, 2, 2, half, half), dtype)
        self.matrix = self.cols.reshape(n, k * k, 4 * places)
        self.conv = np.empty((n, filters, 4, places), dtype)
        self.by_image = self.conv.reshape(n, filters, -1)
        self.pooled = np.empty((n, filters, places), dtype)
        self.share = np.empty_like(self.pooled)
        self.wins = np.empty((4, *self.pooled.shape), bool)
        self.dconv = np.empty_like(self.conv)
        self.dmatrix = self.dconv.reshape(self.by_image.shape)
        self.zeros = np.zeros_like(self.pooled)

    def step(self, x: Array, t: Array) -> Any:
        """One step of gradient descent; gives the loss before it."""
        n = len(x)
        image, _, row, column = x.strides
        strides = image, row, column, row, column, 2 * row, 2 * column
        np.copyto(self.cols, as_strided(x, self.cols.shape, strides))
        np.matmul(self.W1.reshape(len(self.W1), -1), self.matrix, out=self.by_image)
        conv, pooled, share = self.conv, self.pooled, self.share
        np.maximum(conv[:, :, 0], conv[:, :, 1], out=pooled)
        np.maximum(pooled, conv[:, :, 2], out=pooled)
        np.maximum(pooled, conv[:, :, 3], out=pooled)
        for k in range(4):
            np.equal(conv[:, :, k], pooled, out=self.wins[k])
        pooled += self.b1[:, None]
        np.maximum(pooled, self.zeros, out=pooled)
        flat = pooled.reshape(n, -1)
        loss, dscores = cross_entropy(flat @ self.W2 + self.b2, t)

        np.dot(dscores, self.W2.T, out=share.reshape(n, -1))
        np.multiply(share, pooled > 0, out=share)
        db1 = share.sum(axis=2).sum(axis=0)
        share /= np.add.reduce(self.wins.view(np.uint8), axis=0, dtype=np.uint8)
        for k in range(4):
            np.multiply(share, self.wins[k], out=self.dconv[:, :, k])
        dW1 = np.matmul(self.matrix, self.dmatrix.swapaxes(1, 2)).sum(axis=0).T

        self.W1 -= self.lr * dW1.reshape(self.W1.shape)
        self.b1 -= self.lr * db1
        self.W2 -= self.lr * (flat.T @ dscores)
        self.b2 -= self.lr * dscores.sum(axis=0)
        return loss
