"""A step of a small convolutional net: by hand, with gategrad, with PyTorch if it is there.

    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 python -m benchmarks.conv_by_hand

32 images of 28 x 28, 16 filters of 5 x 5, ReLU, max pooling 2 x 2, an affine layer to 10 scores,
softmax cross-entropy, backward pass, SGD. The systems take turns in one process; what is printed
is each one's median, and the median of its ratio to the version as in the book.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from statistics import median
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

import autograd
import nn

Array = np.ndarray[Any, Any]
N, SIDE, FILTERS, K, CLASSES = 32, 28, 16, 5, 10
OUT = SIDE - K + 1  # 24: the side of the convolved image
HALF = OUT // 2
LR = 0.05


def start(dtype: str) -> tuple[list[Array], list[tuple[Array, Array]]]:
    """The weights W1 (f, 1, k, k), b1, W2, b2, and the batches."""
    rng = np.random.default_rng(0)
    (x, t), _ = nn.mnist(subset=True, dtype=np.dtype(dtype))
    batches = [(x.reshape(-1, 1, SIDE, SIDE), t) for x, t in nn.batches(x, t, N, seed=rng)]
    W1 = rng.standard_normal((FILTERS, 1, K, K)) * np.sqrt(2 / K**2)
    W2 = rng.standard_normal((FILTERS * HALF**2, CLASSES)) * np.sqrt(2 / (FILTERS * HALF**2))
    weights = [W1, np.zeros(FILTERS), W2, np.zeros(CLASSES)]
    return [w.astype(dtype) for w in weights], [b for b in batches if len(b[0]) == N]


class Book:
    """As "Deep Learning from Scratch" does it (chapter 7): im2col, argmax pooling, col2im."""

    def __init__(self, weights: list[Array]):
        self.W1, self.b1, self.W2, self.b2 = (w.copy() for w in weights)

    def step(self, x: Array, t: Array) -> float:
        """One step of gradient descent; gives the loss before it."""
        cols = _rows_of_windows(x, K, 1)
        W = self.W1.reshape(FILTERS, -1).T
        conv = (cols @ W + self.b1).reshape(N, OUT, OUT, FILTERS).transpose(0, 3, 1, 2)
        hidden = np.maximum(0, conv)
        windows = _rows_of_windows(hidden, 2, 2).reshape(-1, 4)
        winner = np.argmax(windows, axis=1)
        pooled = np.max(windows, axis=1).reshape(N, HALF, HALF, FILTERS).transpose(0, 3, 1, 2)
        flat = pooled.reshape(N, -1)
        loss, dscores = _cross_entropy(flat @ self.W2 + self.b2, t)

        dflat = dscores @ self.W2.T
        dpooled = dflat.reshape(pooled.shape).transpose(0, 2, 3, 1)
        dwindows = np.zeros((dpooled.size, 4), x.dtype)
        dwindows[np.arange(winner.size), winner] = dpooled.reshape(-1)
        dwindows = dwindows.reshape(N * HALF * HALF, -1)
        dhidden = _windows_to_image(dwindows, hidden.shape, 2, 2)
        dhidden[hidden <= 0] = 0
        dconv = dhidden.transpose(0, 2, 3, 1).reshape(-1, FILTERS)
        dW1 = (cols.T @ dconv).T.reshape(self.W1.shape)
        _windows_to_image(dconv @ W.T, x.shape, K, 1)  # dx: the layer does not know it is the first

        self.W1 -= LR * dW1
        self.b1 -= LR * np.sum(dconv, axis=0)
        self.W2 -= LR * (flat.T @ dscores)
        self.b2 -= LR * np.sum(dscores, axis=0)
        return float(loss)


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


def _cross_entropy(scores: Array, t: Array) -> tuple[Array, Array]:
    scores -= scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    rows = np.arange(N)
    loss = -np.mean(np.log(probs[rows, t]))
    probs[rows, t] -= 1
    probs /= probs.dtype.type(N)
    return loss, probs


class Tuned:
    """NumPy at its best: memory made once, and columns in the order in which pooling needs them.

    The columns of an image are sorted by their place in the pooling window, so its four elements
    lie in four blocks, and pooling is three maxima of blocks. ReLU comes after pooling, on a
    quarter of the numbers; the two commute.
    """

    def __init__(self, weights: list[Array]):
        self.W1, self.b1, self.W2, self.b2 = (w.copy() for w in weights)
        dtype = self.W1.dtype
        self.cols = np.empty((N, K, K, 2, 2, HALF, HALF), dtype)
        self.matrix = self.cols.reshape(N, K * K, OUT * OUT)
        self.conv = np.empty((N, FILTERS, 4, HALF * HALF), dtype)
        self.by_image = self.conv.reshape(N, FILTERS, -1)
        self.pooled = np.empty((N, FILTERS, HALF * HALF), dtype)
        self.share = np.empty_like(self.pooled)
        self.wins = np.empty((4, *self.pooled.shape), bool)
        self.dconv = np.empty_like(self.conv)
        self.dmatrix = self.dconv.reshape(self.by_image.shape)
        self.zeros = np.zeros_like(self.pooled)
        self.ones = np.ones(OUT * OUT, dtype)

    def step(self, x: Array, t: Array) -> float:
        """One step of gradient descent; gives the loss before it."""
        n, _, row, column = x.strides
        strides = n, row, column, row, column, 2 * row, 2 * column
        np.copyto(self.cols, as_strided(x, self.cols.shape, strides))
        np.matmul(self.W1.reshape(FILTERS, -1), self.matrix, out=self.by_image)
        conv, pooled, share = self.conv, self.pooled, self.share
        np.maximum(conv[:, :, 0], conv[:, :, 1], out=pooled)
        np.maximum(pooled, conv[:, :, 2], out=pooled)
        np.maximum(pooled, conv[:, :, 3], out=pooled)
        for k in range(4):
            np.equal(conv[:, :, k], pooled, out=self.wins[k])
        pooled += self.b1[:, None]
        np.maximum(pooled, self.zeros, out=pooled)
        flat = pooled.reshape(N, -1)
        loss, dscores = _cross_entropy(flat @ self.W2 + self.b2, t)

        np.dot(dscores, self.W2.T, out=share.reshape(N, -1))
        np.multiply(share, pooled > 0, out=share)
        db1 = share.reshape(N * FILTERS, -1).sum(axis=1).reshape(N, FILTERS).sum(axis=0)
        share /= np.add.reduce(self.wins.view(np.uint8), axis=0, dtype=np.uint8)
        for k in range(4):
            np.multiply(share, self.wins[k], out=self.dconv[:, :, k])
        dW1 = np.matmul(self.matrix, self.dmatrix.swapaxes(1, 2)).sum(axis=0).T

        lr = self.W1.dtype.type(LR)
        self.W1 -= lr * dW1.reshape(self.W1.shape)
        self.b1 -= lr * db1
        self.W2 -= lr * (flat.T @ dscores)
        self.b2 -= lr * dscores.sum(axis=0)
        return float(loss)


class Engine:
    """gategrad, eager, as a user of `nn` writes it."""

    def __init__(self, weights: list[Array]):
        W1, b1, W2, b2 = weights
        self.net = nn.Sequential(
            nn.Conv2d(W1, b1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(W2, b2)
        )
        self.sgd = nn.SGD(self.net, lr=LR)

    def train(self, x: Any, t: Any) -> Any:
        """The step itself; gives the loss as a Tensor."""
        self.sgd.zero_grad()
        loss = nn.softmax_cross_entropy(self.net(x), t)
        loss.backward()
        self.sgd.step()
        return loss

    def step(self, x: Array, t: Array) -> float:
        """One step of gradient descent; gives the loss before it."""
        return float(self.train(x, t))


class CompiledEngine(Engine):
    """The same step as one compiled program."""

    def __init__(self, weights: list[Array]):
        super().__init__(weights)
        self.program = autograd.compile(self.train)

    def step(self, x: Array, t: Array) -> float:
        """One step of gradient descent; gives the loss before it."""
        return float(self.program(x, t))


class Torch:
    """PyTorch, eager, on one thread."""

    def __init__(self, weights: list[Array]):
        import torch

        torch.set_num_threads(1)
        self.torch = torch
        W1, b1, W2, b2 = (torch.tensor(w) for w in weights)
        self.net = torch.nn.Sequential(
            torch.nn.Conv2d(1, FILTERS, K), torch.nn.ReLU(), torch.nn.MaxPool2d(2),
            torch.nn.Flatten(), torch.nn.Linear(FILTERS * HALF**2, CLASSES),
        ).to(W1.dtype)  # fmt: skip
        for parameter, w in zip(self.net.parameters(), (W1, b1, W2.T, b2), strict=True):
            parameter.data = w.contiguous()
        self.sgd = torch.optim.SGD(self.net.parameters(), lr=LR)
        self.seen: dict[int, Any] = {}

    def step(self, x: Array, t: Array) -> float:
        """One step of gradient descent; gives the loss before it."""
        if id(x) not in self.seen:  # the batches as tensors: made once, as they are for NumPy
            self.seen[id(x)] = self.torch.tensor(x), self.torch.tensor(t)
        images, labels = self.seen[id(x)]
        self.sgd.zero_grad()
        loss = self.torch.nn.functional.cross_entropy(self.net(images), labels)
        loss.backward()
        self.sgd.step()
        return float(loss.item())


SYSTEMS: dict[str, Any] = {
    "NumPy as in the book": Book, "NumPy tuned by hand": Tuned, "gategrad, eager": Engine,
    "gategrad, compiled": CompiledEngine,
}  # fmt: skip
if importlib.util.find_spec("torch"):
    SYSTEMS["PyTorch, eager"] = Torch


def main() -> None:
    """Check that the losses agree, then let the systems take turns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conv_by_hand")
    parser.add_argument("--rounds", type=int, default=40, help="of 5 steps each (%(default)s)")
    parser.add_argument("--dtype", default="float32", help="(%(default)s)")
    options = parser.parse_args()
    weights, batches = start(options.dtype)
    systems = {name: system(weights) for name, system in SYSTEMS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for k in range(10):
        losses = {name: s.step(*batches[k % len(batches)]) for name, s in systems.items()}
        if max(losses.values()) - min(losses.values()) > 1e-3:
            raise RuntimeError(f"the losses differ: {losses}")
    for k in range(options.rounds):
        for name, system in systems.items():
            begin = time.perf_counter()
            for step in range(5):
                system.step(*batches[(5 * k + step) % len(batches)])
            seconds[name].append((time.perf_counter() - begin) / 5)
    print("| system | µs a step | ratio |\n|---|---|---|")
    reference = seconds["NumPy as in the book"]
    for name, times in seconds.items():
        ratio = median(a / b for a, b in zip(times, reference, strict=True))
        print(f"| {name} | {1e6 * median(times):.0f} | {ratio:.3f} |")


if __name__ == "__main__":
    main()
