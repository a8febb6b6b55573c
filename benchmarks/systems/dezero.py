"""DeZero, the framework of "Deep Learning from Scratch 3"."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import numpy as np

vars(np).setdefault("int", int)  # DeZero asks for np.int, which NumPy has dropped

from dezero import Variable, functions, no_grad  # noqa: E402

from .by_hand import differences  # noqa: E402
from .common import Run, ScalarNet, chain, repeat  # noqa: E402

VERSION = f"DeZero {version('dezero')}"


def to_numpy(x: Any) -> Any:
    """The array in a variable."""
    return x.data if isinstance(x, Variable) else np.asarray(x)


def training(loss_of: Any, parameters: list[Any], lr: float, batches: Any) -> Run:
    """Gradient descent."""

    def step(*batch: Any) -> Any:
        for p in parameters:
            p.cleargrad()
        loss = loss_of(*batch)
        loss.backward()
        for p in parameters:
            p.data -= lr * p.grad.data
        return loss

    return repeat(step, batches)


def two_layer(work: Any) -> Run:
    """Training steps of the net."""
    W1, b1, W2, b2 = parameters = [Variable(w) for w in work.weights()]

    def loss_of(X: Any, y: Any) -> Any:
        loss = functions.softmax_cross_entropy(
            functions.linear(functions.relu(functions.linear(X, W1, b1)), W2, b2), y
        )
        if work.reg:
            loss = loss + 0.5 * work.reg * (functions.sum(W1 * W1) + functions.sum(W2 * W2))
        return loss

    return training(loss_of, parameters, work.lr, work.batches())


def conv(work: Any) -> Run:
    """Training steps of the convolutional net."""
    W1, b1, W2, b2 = parameters = [Variable(w) for w in work.weights()]

    def loss_of(X: Any, y: Any) -> Any:
        maps = functions.pooling(functions.relu(functions.conv2d(X, W1, b1)), 2, 2)
        return functions.softmax_cross_entropy(
            functions.linear(functions.reshape(maps, (len(X), -1)), W2, b2), y
        )

    return training(loss_of, parameters, work.lr, work.batches())


def moons(work: Any) -> Run:
    """The net of scalars, each a variable."""
    net = ScalarNet(work, lambda v: Variable(np.array(v)), functions.relu)
    return training(net.loss, net.parameters(), work.lr, [()])


def gradients(f: Any, arrays: Any) -> Run:
    """Value and gradients of a function."""
    inputs = [Variable(np.asarray(a)) for a in arrays]

    def step() -> Any:
        for x in inputs:
            x.cleargrad()
        value = f(*inputs)
        value.backward()
        return (value, *(x.grad for x in inputs))

    return repeat(step)


def chain_of(work: Any) -> Run:
    """The chain of gates."""
    return gradients(lambda x: chain(x, work.a, work.gates), [work.x])


def small_sum(work: Any) -> Run:
    """Sum of x y + z."""
    return gradients(lambda x, y, z: functions.sum(x * y + z), (work.x, work.y, work.z))


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""
    return gradients(
        lambda x, y: functions.sum(functions.tanh(functions.exp(-x * x) + x * y)), (work.x, work.y)
    )


def gradcheck(work: Any) -> Run:
    """Two losses for each weight."""
    W1, b1, W2, b2 = weights = work.weights()
    X, y = work.batches()[0]

    def loss() -> float:
        scores = functions.linear(functions.relu(functions.linear(X, W1, b1)), W2, b2)
        return float(functions.softmax_cross_entropy(scores, y).data)

    def step() -> Any:
        with no_grad():
            return tuple(differences(loss, w, work.h) for w in weights)

    return repeat(step)


def hessian(work: Any) -> Run:
    """One row after the other: the gradient's elements are differentiated again."""
    X, y, w = work.X, work.y, Variable(work.w.copy())

    def step() -> Any:
        w.cleargrad()
        loss = functions.sum(
            functions.log(
                1 + functions.exp(-y * functions.matmul(X, functions.reshape(w, (-1, 1)))[:, 0])
            )
        ) / len(X)
        loss.backward(create_graph=True)
        gradient, rows = w.grad, []
        for k in range(len(w)):
            w.cleargrad()
            gradient[k].backward()
            rows.append(w.grad.data)
        return np.stack(rows)

    return repeat(step)


RUNS: dict[str, Callable[[Any], Run]] = {
    "spiral": two_layer, "mnist": two_layer, "conv": conv, "moons": moons, "chain": chain_of,
    "small_sum": small_sum, "tanh": tanh, "gradcheck": gradcheck, "hessian": hessian,
}  # fmt: skip
SKIPS: dict[str, str] = {}
