"""A net of single values, as written for engines that know nothing else: x.relu(), one by one.

It learns two moons; each step is compared with the same net in matrices, differentiated by hand.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from draws import generator

from autograd import Tensor as Value

WIDTH = 8


def moons(count: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points on two half circles that reach into each other, and -1 or 1 for each."""
    rng = generator(5)
    angle = np.linspace(0, np.pi, count // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    X = np.concatenate([upper, lower]) + 0.05 * rng.normal(size=(2 * (count // 2), 2))
    return X, np.repeat([1.0, -1.0], count // 2)


class Neuron:
    """The sum of weighted inputs and a bias."""

    def __init__(self, inputs: int):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0.0)

    def __call__(self, x: Any) -> Any:
        return sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)

    def parameters(self) -> list[Value]:
        return [*self.w, self.b]


def loss_of(hidden: list[Neuron], out: Neuron, X: Any, y: Any) -> tuple[Any, float]:
    scores = [out([neuron(x).relu() for neuron in hidden]) for x in X]
    losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
    parameters = [p for neuron in [*hidden, out] for p in neuron.parameters()]
    penalty = 1e-4 * sum(p * p for p in parameters)
    right = [(yi > 0) == (score.data > 0) for yi, score in zip(y, scores, strict=True)]
    return sum(losses) * (1.0 / len(losses)) + penalty, float(np.mean(right))


def by_hand(theta: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """The same loss, and its gradient by all parameters in a row."""
    first = theta[: WIDTH * 3].reshape(WIDTH, 3)
    W, b, v, c = first[:, :2], first[:, 2], theta[WIDTH * 3 : -1], theta[-1]
    H = np.maximum(0, X @ W.T + b)
    margins = np.maximum(0, 1 - y * (H @ v + c))
    dscores = -y * (margins > 0) / len(y)
    dH = np.outer(dscores, v) * (H > 0)
    dfirst = np.concatenate([dH.T @ X, dH.sum(axis=0)[:, None]], axis=1)
    gradient = np.concatenate([dfirst.ravel(), dscores @ H, [dscores.sum()]])
    return margins.mean() + 1e-4 * (theta @ theta), gradient + 2e-4 * theta


def test_a_net_of_single_values_learns_two_moons() -> None:
    random.seed(1337)
    X, y = moons(20)
    hidden, out = [Neuron(2) for _ in range(WIDTH)], Neuron(WIDTH)
    parameters = [p for neuron in [*hidden, out] for p in neuron.parameters()]
    steps, losses, accuracy = 50, [], 0.0
    for step in range(steps):
        loss, accuracy = loss_of(hidden, out, X, y)
        for p in parameters:
            p.grad = 0
        loss.backward()
        wanted, gradient = by_hand(np.array([p.item() for p in parameters]), X, y)
        np.testing.assert_allclose(loss.data, wanted, rtol=1e-12)
        np.testing.assert_allclose([p.grad for p in parameters], gradient, atol=1e-12)
        for p in parameters:
            p.data -= (1.0 - 0.9 * step / steps) * p.grad
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert accuracy > 0.75


def test_numbers_are_shown_as_numbers() -> None:
    x = Value(-4.0)
    y = x * x
    y.backward()
    assert f"{x.data} {x.grad} {y.data}" == "-4.0 -8.0 16.0"
    assert f"{x.data:.4f} {x.grad:.4f}" == "-4.0000 -8.0000"
    assert "%.4f | %.4f" % (x.data, x.grad) == "-4.0000 | -8.0000"  # noqa: UP031 (as they write)
    assert x.grad == -8.0
    assert str(y) == "Tensor(16., gate=multiply)"


def test_the_expressions_of_engines_of_single_values_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")

    def expression(a: Any, b: Any) -> Any:
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + (b + a).relu()
        d = d + 3 * d + (b - a).relu()
        e = (c - d).tanh() + (a / b).exp() + b.log() + a.sigmoid()
        f = (c - d) ** 2
        return f / 2.0 + 10.0 / f + e

    ours = [Value(-4.0), Value(2.0)]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (-4.0, 2.0)]
    value, wanted = expression(*ours), expression(*theirs)
    value.backward()
    wanted.backward()
    np.testing.assert_allclose(value.data, wanted.item(), rtol=1e-14)
    for x, y in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(x.grad, y.grad.item(), rtol=1e-12)
