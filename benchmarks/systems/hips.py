"""HIPS autograd. Its package is called `autograd`, as ours: it needs its own environment."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .common import Run, ScalarNet, chain, repeat

ROOT = Path(__file__).resolve().parents[2]
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]

import autograd  # noqa: E402

if hasattr(autograd, "Tensor"):
    raise ImportError("this `autograd` is gategrad; see --help for an environment of its own")

import autograd.numpy as np  # noqa: E402

from autograd import hessian, value_and_grad  # noqa: E402

from .by_hand import differences  # noqa: E402

VERSION = f"HIPS autograd {version('autograd')}"


def loss_of(weights: Any, X: Any, y: Any, reg: float) -> Any:
    """The loss of the two-layer net."""
    W1, b1, W2, b2 = weights
    scores = np.dot(np.maximum(0, np.dot(X, W1) + b1), W2) + b2
    scores = scores - np.max(scores, axis=1, keepdims=True)
    loss = np.mean(np.log(np.sum(np.exp(scores), axis=1)) - scores[np.arange(len(y)), y])
    if reg:
        loss = loss + 0.5 * reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
    return loss


def two_layer(work: Any) -> Run:
    """Training steps of the net."""
    weights = work.weights()
    both = value_and_grad(loss_of)

    def step(X: Any, y: Any) -> Any:
        loss, gradients = both(weights, X, y, work.reg)
        for w, g in zip(weights, gradients, strict=True):
            w -= work.lr * g
        return loss

    return repeat(step, work.batches())


def moons(work: Any) -> Run:
    """The net of scalars; the weights are a list of floats."""
    net = ScalarNet(work, float, lambda v: np.maximum(0.0, v))
    values = net.parameters()

    def loss(parameters: Any) -> Any:
        given = iter(parameters)
        net.layers = [
            ([[next(given) for _ in row] for row in W], [next(given) for _ in b])
            for W, b in net.layers
        ]
        return net.loss()

    both = value_and_grad(loss)

    def step() -> Any:
        found, gradients = both(values)
        for k, g in enumerate(gradients):
            values[k] -= work.lr * g
        return found

    return repeat(step)


def chain_of(work: Any) -> Run:
    """The chain of gates."""
    both = value_and_grad(lambda x: chain(x, work.a, work.gates))
    return repeat(lambda: both(work.x))


def small_sum(work: Any) -> Run:
    """Sum of x y + z."""
    both = value_and_grad(lambda xyz: np.sum(xyz[0] * xyz[1] + xyz[2]))
    inputs = work.x, work.y, work.z
    return repeat(lambda: both(inputs))


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""
    both = value_and_grad(lambda xy: np.sum(np.tanh(np.exp(-xy[0] * xy[0]) + xy[0] * xy[1])))
    inputs = work.x, work.y
    return repeat(lambda: both(inputs))


def gradcheck(work: Any) -> Run:
    """Two losses for each weight."""
    weights, (X, y) = work.weights(), work.batches()[0]

    def loss() -> Any:
        return loss_of(weights, X, y, 0.0)

    return repeat(lambda: tuple(differences(loss, w, work.h) for w in weights))


def hessian_of(work: Any) -> Run:
    """`autograd.hessian`."""
    X, y = work.X, work.y
    f = hessian(lambda w: np.mean(np.log1p(np.exp(-y * np.dot(X, w)))))
    return repeat(lambda: f(work.w))


RUNS: dict[str, Callable[[Any], Run]] = {
    "spiral": two_layer, "mnist": two_layer, "moons": moons, "chain": chain_of,
    "small_sum": small_sum, "tanh": tanh, "gradcheck": gradcheck, "hessian": hessian_of,
}  # fmt: skip
SKIPS = {"conv": "no gate for convolution and pooling but one by loops in Python"}
