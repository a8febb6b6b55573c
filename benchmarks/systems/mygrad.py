"""MyGrad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.layers import conv_nd, max_pool
from mygrad.nnet.losses import softmax_crossentropy

from .by_hand import differences
from .common import Run, ScalarNet, chain, repeat

VERSION = f"MyGrad {mg.__version__}"
mg.turn_memory_guarding_off()  # as its documentation recommends where speed matters


def to_numpy(x: Any) -> Any:
    """The array in a tensor."""
    return x.data if isinstance(x, mg.Tensor) else np.asarray(x)


def training(loss_of: Any, parameters: list[Any], work: Any) -> Run:
    """Gradient descent; a backward pass clears the gradients of the one before."""

    def step(*batch: Any) -> Any:
        loss = loss_of(*batch)
        loss.backward()
        for p in parameters:
            p.data -= work.lr * p.grad
        return loss

    return repeat(step, work.batches() if hasattr(work, "W2") and parameters[0].ndim else [()])


def two_layer(work: Any) -> Run:
    """Training steps of the net."""
    W1, b1, W2, b2 = parameters = [mg.tensor(w) for w in work.weights()]

    def loss_of(X: Any, y: Any) -> Any:
        loss = softmax_crossentropy(relu(X @ W1 + b1) @ W2 + b2, y)
        if work.reg:
            loss = loss + 0.5 * work.reg * (mg.sum(W1 * W1) + mg.sum(W2 * W2))
        return loss

    return training(loss_of, parameters, work)


def conv(work: Any) -> Run:
    """Training steps of the convolutional net."""
    W1, b1, W2, b2 = parameters = [mg.tensor(w) for w in work.weights()]

    def loss_of(X: Any, y: Any) -> Any:
        maps = relu(conv_nd(X, W1, stride=1) + b1.reshape(1, -1, 1, 1))
        flat = max_pool(maps, (2, 2), 2).reshape(len(X), -1)
        return softmax_crossentropy(flat @ W2 + b2, y)

    return training(loss_of, parameters, work)


def moons(work: Any) -> Run:
    """The net of scalars, each a tensor."""
    net = ScalarNet(work, mg.tensor, lambda v: mg.maximum(v, 0.0))
    return training(net.loss, net.parameters(), work)


def gradients(f: Any, arrays: Any) -> Run:
    """Value and gradients of a function."""
    inputs = [mg.tensor(a) for a in arrays]

    def step() -> Any:
        value = f(*inputs)
        value.backward()
        return (value, *(x.grad for x in inputs))

    return repeat(step)


def chain_of(work: Any) -> Run:
    """The chain of gates."""
    return gradients(lambda x: chain(x, work.a, work.gates), [work.x])


def small_sum(work: Any) -> Run:
    """Sum of x y + z."""
    return gradients(lambda x, y, z: mg.sum(x * y + z), (work.x, work.y, work.z))


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""
    return gradients(lambda x, y: mg.sum(mg.tanh(mg.exp(-x * x) + x * y)), (work.x, work.y))


def gradcheck(work: Any) -> Run:
    """Two losses for each weight."""
    W1, b1, W2, b2 = weights = work.weights()
    X, y = work.batches()[0]

    @mg.no_autodiff
    def loss() -> float:
        return softmax_crossentropy(relu(X @ mg.astensor(W1) + b1) @ W2 + b2, y).item()

    return repeat(lambda: tuple(differences(loss, w, work.h) for w in weights))


RUNS: dict[str, Callable[[Any], Run]] = {
    "spiral": two_layer, "mnist": two_layer, "conv": conv, "moons": moons, "chain": chain_of,
    "small_sum": small_sum, "tanh": tanh, "gradcheck": gradcheck,
}  # fmt: skip
SKIPS = {"hessian": "no second derivatives"}
