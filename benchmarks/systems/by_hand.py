"""By hand: the training step in plain NumPy as the CS231n notes write it, scalars as floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import by_hand_conv, by_hand_course, by_hand_moons
from .common import Run, repeat

VERSION = f"NumPy {np.__version__}"


class Net:
    """Forward pass, backward pass and update, each line by hand."""

    def __init__(self, work: Any):
        self.W, self.b, self.W2, self.b2 = work.weights()
        self.step_size, self.reg = work.lr, work.reg

    def step(self, X: Any, y: Any) -> Any:
        """One step of gradient descent; gives the loss before it."""
        W, b, W2, b2, reg = self.W, self.b, self.W2, self.b2, self.reg
        num_examples = X.shape[0]
        hidden_layer = np.maximum(0, np.dot(X, W) + b)
        scores = np.dot(hidden_layer, W2) + b2
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        correct_logprobs = -np.log(probs[range(num_examples), y])
        loss = np.sum(correct_logprobs) / num_examples
        if reg:
            loss += 0.5 * reg * np.sum(W * W) + 0.5 * reg * np.sum(W2 * W2)

        dscores = probs
        dscores[range(num_examples), y] -= 1
        dscores /= num_examples
        dW2 = np.dot(hidden_layer.T, dscores)
        db2 = np.sum(dscores, axis=0)
        dhidden = np.dot(dscores, W2.T)
        dhidden[hidden_layer <= 0] = 0
        dW = np.dot(X.T, dhidden)
        db = np.sum(dhidden, axis=0)
        if reg:
            dW2 += reg * W2
            dW += reg * W

        W += -self.step_size * dW
        b += -self.step_size * db
        W2 += -self.step_size * dW2
        b2 += -self.step_size * db2
        return loss


def two_layer(work: Any) -> Run:
    """Training steps of the net."""
    return repeat(Net(work).step, work.batches())


def chain(work: Any) -> Run:
    """The chain and its derivative in two loops over Python floats."""
    x, a, half = work.x, work.a, work.gates // 2

    def step() -> Any:
        y = x
        for _ in range(half):
            y = y * a
            y = y + x
        dx, dy = 0.0, 1.0
        for _ in range(half):
            dx += dy
            dy *= a
        return y, dx + dy

    return repeat(step)


def small_sum(work: Any) -> Run:
    """Sum of x y + z."""
    x, y, z = work.x, work.y, work.z

    def step() -> Any:
        f = x * y + z
        L = np.sum(f)
        df = np.ones_like(f)
        return L, df * y, df * x, df

    return repeat(step)


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""
    x, y = work.x, work.y

    def step() -> Any:
        e = np.exp(-x * x)
        t = np.tanh(e + x * y)
        L = np.sum(t)
        ds = 1 - t * t
        dx = ds * y - 2 * x * e * ds
        dy = ds * x
        return L, dx, dy

    return repeat(step)


def gradcheck(work: Any) -> Run:
    """Two losses for each weight, each from the beginning."""
    (X, y), h = work.batches()[0], work.h
    W, b, W2, b2 = weights = work.weights()
    rows = np.arange(len(y))

    def loss() -> Any:
        hidden_layer = np.maximum(0, np.dot(X, W) + b)
        exp_scores = np.exp(np.dot(hidden_layer, W2) + b2)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        return np.sum(-np.log(probs[rows, y])) / len(y)

    def step() -> Any:
        return tuple(differences(loss, w, h) for w in weights)

    return repeat(step)


def differences(loss: Any, w: Any, h: float) -> Any:
    """The gradient of `loss` by an array that it reads, changed in place."""
    gradient = np.empty_like(w)
    flat, found = w.reshape(-1), gradient.reshape(-1)
    for k in range(w.size):
        at = flat[k]
        flat[k] = at + h
        above = loss()
        flat[k] = at - h
        found[k] = (above - loss()) / (2 * h)
        flat[k] = at
    return gradient


def hessian(work: Any) -> Run:
    """The closed form: Xᵀ D X / n with D = p (1 - p)."""
    X, w = work.X, work.w

    def step() -> Any:
        p = 1 / (1 + np.exp(-np.dot(X, w)))
        return np.dot(X.T * (p * (1 - p) / len(X)), X)

    return repeat(step)


RUNS = {
    "spiral": two_layer, "mnist": two_layer, "conv": by_hand_conv.run, "moons": by_hand_moons.run,
    "chain": chain, "small_sum": small_sum, "tanh": tanh, "gradcheck": gradcheck,
    "hessian": hessian, **by_hand_course.RUNS,
}  # fmt: skip
SKIPS: dict[str, str] = {}
