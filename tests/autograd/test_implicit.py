"""Implicit functions: solutions of equations, with the gradient of the theorem."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import ConvergenceError, Parameter, ShapeError, Tensor, check_gradients

rng = generator(12)
W, B = rng.normal(size=(4, 4)) / 6, rng.normal(size=4)


def layer(x: Any, w: Any, b: Any) -> Any:
    return np.tanh(w @ x + b)


def equilibrium(w: Any, b: Any) -> Any:
    return ag.fixed_point(layer, np.zeros(4), w, b)


def test_a_fixed_point_solves_its_equation_and_has_its_gradient() -> None:
    x = equilibrium(W, B)
    assert_close(x.numpy(), layer(x.numpy(), W, B))
    check_gradients(equilibrium, W, B)


def test_the_gradient_is_that_of_many_steps() -> None:
    def unrolled(w: Any, b: Any) -> Any:
        x = np.zeros(4)
        for _ in range(60):
            x = layer(x, w, b)
        return (x**3).sum()

    found = ag.grad(lambda w, b: (equilibrium(w, b) ** 3).sum(), (0, 1))(W, B)
    expected = ag.grad(unrolled, (0, 1))(W, B)
    for a, b in zip(found, expected, strict=True):
        assert_close(a, b, 1e-11)


def test_derivatives_of_higher_order() -> None:
    check_gradients(equilibrium, W, B, order=2, rtol=1e-5, atol=1e-7)
    sqrt = lambda a: ag.fixed_point(lambda x, a: 0.5 * (x + a / x), 1.0, a)  # noqa: E731
    assert_close(ag.grad(ag.grad(sqrt))(2.0), -0.25 * 2**-1.5)
    assert_close(ag.grad(ag.grad(ag.grad(sqrt)))(2.0), 0.375 * 2**-2.5)


def test_a_parameter_that_is_read_from_outside_is_trained() -> None:
    w = Parameter(W)
    ag.fixed_point(lambda x: np.tanh(w @ x + B), np.zeros(4)).sum().backward()
    assert_close(w.grad, ag.grad(lambda w: equilibrium(w, B).sum())(W), 1e-12)


def test_a_root_of_several_equations() -> None:
    def circle(x: Any, radius: Any, slope: Any) -> Any:
        return np.stack([x[0] ** 2 + x[1] ** 2 - radius**2, x[1] - slope * x[0]])

    f = lambda radius, slope: ag.root(circle, [1.0, 1.0], radius, slope)  # noqa: E731
    x = f(2.0, 3.0)
    assert isinstance(x, Tensor)
    assert_close(x.numpy(), np.array([1.0, 3.0]) * 2 / 10**0.5)
    check_gradients(f, 2.0, 3.0)


def test_float32_stays_and_plain_arrays_give_constants() -> None:
    x = ag.fixed_point(layer, np.zeros(4, "f4"), W.astype("f4"), B.astype("f4"))
    assert x.dtype == np.float32
    assert not x.requires_grad
    assert ag.root(lambda x: x**2 - np.float32(2), np.float32(1)).dtype == np.float32


def test_what_does_not_converge_or_fit_is_told() -> None:
    with pytest.raises(ConvergenceError, match="contract"):
        ag.fixed_point(lambda x: 2 * x + 1, 1.0, most=20)
    with pytest.raises(ShapeError, match=r"shape \(2,\), but f gives \(\)"):
        ag.fixed_point(lambda x: x.sum() / 4, np.ones(2))
    with pytest.raises(ShapeError, match="as many"):
        ag.root(lambda x: x[:1], np.ones(2))
    with pytest.raises(ConvergenceError, match="singular"):
        ag.root(lambda x: x * 0 + 1, np.ones(2))
    with pytest.raises(ConvergenceError, match="begin nearer"):
        ag.root(lambda x: x**2 + 1, 0.7, most=8)
    with pytest.raises(ag.TraceError, match="cannot be compiled"):
        ag.compile(lambda a: ag.root(lambda x, a: x - a, 1.0, a))(2.0)
