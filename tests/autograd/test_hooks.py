"""Hooks see the gradient of a value, whole and once, and may put another in its place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
from autograd import GraphError, ShapeError, Tensor


def test_a_hook_sees_the_whole_gradient_once() -> None:
    seen: list[Any] = []
    x = Tensor([1.0, 2.0])
    y = x * 3.0
    y.register_hook(seen.append)
    z = y * y + np.exp(y)  # three ways to y
    z.sum().backward()
    assert len(seen) == 1
    assert_close(seen[0], 2 * y.numpy() + np.exp(y.numpy()))
    assert y.grad is None  # only looked at
    assert_close(x.grad, 3 * (2 * y.numpy() + np.exp(y.numpy())))


def test_what_it_returns_goes_on() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 3.0
    first = y.register_hook(lambda g: g * 10.0)
    y.register_hook(lambda g: g + 1.0)
    y.sum().backward()
    assert_close(x.grad, [33.0, 33.0])
    first.remove()
    first.remove()
    x.zero_grad()
    (y * 1.0).sum().backward()
    assert_close(x.grad, [6.0, 6.0])


def test_hooks_of_leaves_numbers_and_results() -> None:
    for value in (2.0, np.array([2.0, 5.0])):
        x = Tensor(value)
        seen: list[Any] = []
        x.register_hook(lambda g: g * 2.0)
        loss = (x * x).sum()
        loss.register_hook(seen.append)
        loss.backward()
        loss.backward()
        assert_close(x.grad, 2 * 2 * 2 * np.asarray(value))
        assert_close(seen, [1.0, 1.0])


def test_once_also_where_the_pass_needs_masks() -> None:
    seen: list[Any] = []
    x = Tensor([0.0, 2.0])
    with np.errstate(divide="ignore"):
        y = np.log(x)
    y.register_hook(seen.append)
    np.where(x > 0, y, x).sum().backward()
    assert_close(x.grad, [1.0, 0.5])
    assert len(seen) == 1
    assert_close(seen[0], [0.0, 1.0])


def test_recorded_gradients_jacobians_and_programs() -> None:
    def f(x: Any) -> Any:
        y = x * x
        y.register_hook(lambda g: g * 10.0)
        return (y * y).sum()

    x = np.array([1.0, 2.0])
    assert_close(ag.grad(f)(x), 40 * x**3)
    assert_close(ag.jacobian(f)(x), 40 * x**3)
    compiled = ag.compile(ag.grad(f))
    for k in range(3):
        np.testing.assert_array_equal(compiled(x + k), ag.grad(f)(x + k))


def test_retained_and_with_a_hook() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 2.0
    y.register_hook(lambda g: -g)
    y.retain_grad()
    y.sum().backward()
    assert_close(y.grad, [-1.0, -1.0])
    assert_close(x.grad, [-2.0, -2.0])


def test_bad_hooks_are_told() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(GraphError, match="no gradient"):
        x.detach().register_hook(print)
    y = x * 2.0
    y.register_hook(lambda g: g[:1])
    with pytest.raises(ShapeError, match=r"shape \(1,\) for a gradient of shape \(2,\)"):
        y.sum().backward()
    assert x.grad is None
    z = x * 2.0

    def write(g: Any) -> None:
        g[0] = 5.0

    z.register_hook(write)
    with pytest.raises(ag.InPlaceError):
        z.sum().backward()
