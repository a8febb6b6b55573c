"""`autograd.misc`: flat vectors, optimizers, fixed points, recorded programs."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
import numpy as onp
import pytest
from autograd.misc import const_graph, flatten
from autograd.misc.fixed_points import fixed_point
from autograd.misc.flatten import flatten_func
from autograd.misc.optimizers import adam, rmsprop, sgd
from autograd.misc.tracers import full_graph
from close import assert_close

from autograd import grad

NESTED = (1.0, onp.arange(6.0).reshape(2, 3), [onp.ones(2), {"y": 2.0, "x": onp.zeros((1, 2))}], ())


def test_there_and_back() -> None:
    flat, unflatten = flatten(NESTED)
    assert flat.shape == (12,)
    assert_close(flat[-3:], [0.0, 0.0, 2.0])  # by sorted keys
    again = unflatten(flat)
    assert again[2][1]["y"] == 2.0
    assert again[3] == ()
    assert_close(again[1], NESTED[1])
    z, back = flatten(1 + 2j)
    assert back(z) == 1 + 2j
    assert flatten(())[0].shape == (0,)


def test_gradients_go_through_both() -> None:
    assert grad(lambda x, y: np.sum(flatten([x, y])[0] ** 2))(1.0, 2.0) == 2.0
    _, unflatten = flatten({"a": 1.0, "b": onp.ones(2)})
    f = lambda v: unflatten(v)["a"] * np.sum(unflatten(v)["b"])  # noqa: E731
    assert_close(grad(f)(onp.array([3.0, 4.0, 5.0])), [9.0, 3.0, 3.0])
    g, _, start = flatten_func(lambda p: {"a": 2.0 * p["a"]}, {"a": onp.ones(2)})
    assert_close(g(start), [2.0, 2.0])


@pytest.mark.parametrize("optimizer", [sgd, rmsprop, adam])
def test_optimizers_find_the_bottom(optimizer: Any) -> None:
    steps = []
    slope = grad(lambda p, i: np.sum((p["w"] - 3.0) ** 2) + (p["b"] + 1.0) ** 2)
    start = {"w": onp.zeros(2), "b": 0.0}
    found = optimizer(
        slope, start, lambda p, i, g: steps.append((i, g["w"].shape)), num_iters=300, step_size=0.05
    )
    onp.testing.assert_allclose(found["w"], [3.0, 3.0], atol=0.1)
    onp.testing.assert_allclose(found["b"], -1.0, atol=0.1)
    assert steps[-1] == (299, (2,))
    assert optimizer(slope, start, num_iters=0)["b"] == 0.0


def test_a_fixed_point_is_differentiated_implicitly() -> None:
    def root(a: Any) -> Any:
        heron = lambda a: lambda x: 0.5 * (x + a / x)  # noqa: E731
        return fixed_point(heron, a, 1.0, lambda x, y: abs(x - y), 1e-12)

    assert_close(root(3.0), onp.sqrt(3.0))
    assert_close(grad(root)(3.0), 0.5 / onp.sqrt(3.0))
    assert_close(grad(grad(root))(3.0), -0.25 * 3.0**-1.5)


def test_a_program_is_recorded_once() -> None:
    calls = []

    def f(x: Any, y: Any) -> Any:
        calls.append(1)
        return grad(lambda x: np.exp(x) + x * 2.0)(x * y)

    program = const_graph(f)
    for x in (0.0, 1.0, 2.0):
        assert_close(program(x, 0.5), onp.exp(x * 0.5) + 2.0)
    assert len(calls) == 1
    with pytest.raises(ValueError, match="independent"):
        const_graph(lambda x: 1.0)(2.0)
    assert full_graph(lambda x: x * x, 2.0).gate.name == "multiply"
