"""Compiled training: losses, weights and gradients of eager, in memory of their own."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from compiled import same, trainer
from draws import seeded

import autograd as ag
import nn
from autograd import Parameter


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.Tanh])
def test_training_gives_the_losses_weights_and_gradients_of_eager(
    activation: Any, dtype: Any
) -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0), dtype=dtype)
    (net, step), (other, other_step) = (trainer(dtype, activation()) for _ in range(2))
    compiled = ag.compile(other_step)
    for _ in range(50):
        same(compiled(X, y), step(X, y))
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        same(p, q)
        same(p.grad, q.grad)
    assert compiled.why == ["first call"]


def test_the_step_size_is_read_at_every_call() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    (_, step), (_, other_step) = trainer(), trainer()
    compiled = ag.compile(other_step)
    for lr in (0.5, 0.25, 0.125):
        step.sgd.lr = other_step.sgd.lr = lr
        same(compiled(X, y), step(X, y))
    assert compiled.why == ["first call"]


def test_parameters_may_be_replaced_between_calls() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    (net, step), (other, other_step) = trainer(), trainer()
    compiled = ag.compile(other_step)
    for k in range(3):
        for model in (net, other):
            model.params["W1"] = np.full((2, 16), 0.1 * k)
        same(compiled(X, y), step(X, y))


def test_graphs_that_read_old_weights_stay_right() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    net, step = trainer()
    parameters = net.parameters()
    compiled = ag.compile(step)
    compiled(X, y)
    weights = [p.numpy().copy() for p in parameters]
    net.zero_grad()
    net.loss(X, y).backward()
    expected = [p.grad.copy() for p in parameters]
    before = net.loss(X, y)
    compiled(X, y)
    compiled(X, y)  # a spare array that `before` still reads may not be written to
    for p, old in zip(parameters, weights, strict=True):
        assert not np.array_equal(p.numpy(), old)
    net.zero_grad()
    before.backward()
    for p, gradient in zip(parameters, expected, strict=True):
        same(p.grad, gradient)


def test_results_and_gradients_stay_as_they_are_given() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    net, step = trainer()
    compiled = ag.compile(step)
    compiled(X, y)
    compiled(X, y)
    held = net.fc1.W.grad, net.fc1.W.data
    copies = [x.copy() for x in held]
    for _ in range(3):
        compiled(X, y)
    for x, copy in zip(held, copies, strict=True):
        np.testing.assert_array_equal(x, copy)


def test_results_do_not_share_memory() -> None:
    f = ag.compile(lambda x: (x + 1, x + 1, x, x[1:]))
    a = np.arange(3.0)
    f(a)
    first = [np.copy(x) for x in f(a)]
    parts = f(a)
    for one, other in itertools.combinations(parts, 2):  # equal sums are worked out once
        assert not np.shares_memory(one, other)
    f(a + 1)
    for part, wanted in zip(parts, first, strict=True):
        np.testing.assert_array_equal(part, wanted)
    parts[2][0] = 9  # a result may be written to
    assert a[0] == 0


def test_gradients_are_added_to_what_is_there() -> None:
    def make() -> tuple[Parameter, Any]:
        p = Parameter([1.0, 2.0])

        def add_gradient(x: Any) -> Any:
            loss = np.sum(p * x)
            loss.backward()
            return loss

        return p, add_gradient

    (p, eager), (q, traced) = make(), make()
    compiled = ag.compile(traced)
    for k in range(4):
        x = np.array([1.0, k])
        same(compiled(x), eager(x))
        same(p.grad, q.grad)
    q.zero_grad()
    p.zero_grad()
    same(compiled(x), eager(x))
    same(p.grad, q.grad)


@pytest.mark.parametrize("way", ["descend", "isub", "data", "imul"])
def test_every_way_to_update_a_parameter(way: str) -> None:
    def make() -> tuple[Parameter, Any]:
        parameter = Parameter([1.0, 2.0])

        def step(x: Any) -> Any:
            p = parameter
            p.zero_grad()
            loss = np.sum(np.exp(p * x))
            loss.backward()
            if way == "descend":
                p.descend(p.grad, 0.1)
            elif way == "isub":
                p -= 0.1 * p.grad
            elif way == "imul":
                p *= 0.9
            else:
                p.data = p.data - 0.1 * p.grad
            return np.sum(p)

        return parameter, step

    (p, eager), (q, traced) = make(), make()
    compiled = ag.compile(traced)
    for k in range(4):
        x = np.array([0.1, 0.2 * k])
        same(compiled(x), eager(x))
        same(p, q)


def test_a_nan_of_an_unused_branch_is_noticed_and_masked() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.where(x > 0, np.log(x) * x, 0.0))

    eager, compiled = ag.grad(f), ag.compile(ag.grad(f))
    with np.errstate(divide="ignore", invalid="ignore"):
        for x in ([1.0, 2.0], [0.0, 2.0], [3.0, 0.0], [1.0, 1.0]):
            same(compiled(np.array(x)), eager(np.array(x)))
            assert np.isfinite(compiled(np.array(x))).all()
    assert compiled.why == ["first call", "a gradient holds NaN: masks are needed"]
