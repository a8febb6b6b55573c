"""tinygrad on the processor, with its `TinyJit`."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

os.environ.setdefault("DEV", "CPU")

import numpy as np
from tinygrad import Tensor, TinyJit

from .common import Run, repeat

VERSION = f"tinygrad {version('tinygrad')}"


def to_numpy(x: Any) -> Any:
    """The array in a tensor."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def leaves(arrays: Any) -> list[Any]:
    """Tensors that gradients are wanted of."""
    return [Tensor(np.array(a)).realize() for a in arrays]


def training(loss_of: Any, work: Any) -> Run:
    """Gradient descent in one captured function."""
    weights = leaves(work.weights())
    batches = [(Tensor(X.copy()).realize(), Tensor(y.astype(np.int32)).realize())
               for X, y in work.batches()]  # fmt: skip

    @TinyJit
    def step(X: Any, y: Any) -> Any:
        loss = loss_of(weights, X, y)
        gradients = loss.gradient(*weights)
        updates = [w.assign(w - work.lr * g) for w, g in zip(weights, gradients, strict=True)]
        Tensor.realize(loss, *updates)
        return loss

    return finished(repeat(step, batches))


def finished(run: Run) -> Run:
    """A run whose result has been read."""

    def waited(n: int) -> Any:
        result = run(n)
        first = result[0] if isinstance(result, tuple) else result
        first.numpy()
        return result

    return waited


def two_layer(work: Any) -> Run:
    """Training steps of the net."""

    def loss_of(weights: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2 = weights
        loss = ((X @ W1 + b1).relu() @ W2 + b2).sparse_categorical_crossentropy(y)
        if work.reg:
            loss = loss + 0.5 * work.reg * ((W1 * W1).sum() + (W2 * W2).sum())
        return loss

    return training(loss_of, work)


def conv(work: Any) -> Run:
    """Training steps of the convolutional net."""

    def loss_of(weights: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2 = weights
        flat = X.conv2d(W1, b1).relu().max_pool2d((2, 2)).flatten(1)
        return (flat @ W2 + b2).sparse_categorical_crossentropy(y)

    return training(loss_of, work)


def gradients(f: Any, arrays: Any) -> Run:
    """Value and gradients of a function, captured."""
    inputs = leaves(arrays)

    @TinyJit
    def step() -> Any:
        value = f(*inputs)
        found = (value, *value.gradient(*inputs))
        Tensor.realize(*found)
        return found

    return finished(repeat(step))


def small_sum(work: Any) -> Run:
    """Sum of x y + z."""
    return gradients(lambda x, y, z: (x * y + z).sum(), (work.x, work.y, work.z))


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""
    return gradients(lambda x, y: ((-x * x).exp() + x * y).tanh().sum(), (work.x, work.y))


RUNS: dict[str, Callable[[Any], Run]] = {
    "spiral": two_layer, "mnist": two_layer, "conv": conv, "small_sum": small_sum, "tanh": tanh
}  # fmt: skip
SKIPS = dict.fromkeys(
    ("chain", "moons"), "compiling so many operations one by one takes minutes"
) | {
    "gradcheck": "a captured forward pass costs milliseconds, and it takes 79,520",
    "hessian": "no such function; row by row it compiles 50 programs",
}
