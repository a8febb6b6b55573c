"""Checkpoints: the same gradients from less memory."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import GraphError, Parameter, Tensor

rng = generator(8)


def part(x: Any, w: Any) -> Any:
    return np.tanh(x @ w) * np.sin(x)


def chain(x: Any, ws: Any, wrap: Any = lambda f: f) -> Any:
    for w in ws:
        x = wrap(part)(x, w)
    return (x * x).sum()


X, WS = rng.normal(size=(5, 4)), [rng.normal(size=(4, 4)) for _ in range(3)]


def test_the_gradients_are_those_without() -> None:
    plain, kept = ([Parameter(w) for w in WS] for _ in range(2))
    x, y = Tensor(X), Tensor(X)
    chain(x, plain).backward()
    chain(y, kept, ag.checkpoint).backward()
    np.testing.assert_array_equal(x.grad, y.grad)
    for a, b in zip(plain, kept, strict=True):
        np.testing.assert_array_equal(a.grad, b.grad)


def test_inner_values_are_let_go() -> None:
    inner: list[Any] = []

    def f(x: Any) -> Any:
        hidden = np.exp(x)
        inner.append(weakref.ref(hidden))
        return hidden * hidden

    x = Tensor(X)
    y = ag.checkpoint(f)(x)
    gc.collect()
    assert inner[0]() is None
    assert y.node.gate.name == "checkpoint"
    assert y.node.parents == (x.node,)  # and nothing in between
    y.sum().backward()
    assert len(inner) == 2
    assert_close(x.grad, 2 * np.exp(X) ** 2)


def test_what_it_reads_from_outside_gets_its_gradient() -> None:
    w = Parameter(WS[0])
    scale = w * 2.0  # not a leaf
    x = Tensor(X)
    ag.checkpoint(lambda x: (x @ scale) * (x @ w))(x).sum().backward()
    found = x.grad, w.grad
    x.grad = w.grad = None
    ((x @ scale) * (x @ w)).sum().backward()
    assert_close(found[0], x.grad)
    assert_close(found[1], w.grad)


def test_containers_options_and_constants() -> None:
    @ag.checkpoint
    def f(net: dict[str, Any], x: Any, power: int = 2) -> Any:
        return {"out": net["w"] * x**power, "rows": len(x), "as it is": x}

    w, x = Tensor(np.ones(3)), np.arange(3.0)
    found = f({"w": w}, x, power=3)
    assert found["rows"] == 3
    assert found["as it is"] is x
    found["out"].sum().backward()
    assert_close(w.grad, x**3)
    with ag.no_grad():
        assert not f({"w": w}, x)["out"].requires_grad


def test_derivatives_of_higher_order() -> None:
    f = ag.checkpoint(lambda x: (np.sin(x) * x**2).sum())
    g = lambda x: (np.sin(x) * x**2).sum()  # noqa: E731
    x, v = rng.normal(size=4), rng.normal(size=4)
    assert_close(ag.hessian(f)(x), ag.hessian(g)(x))
    assert_close(ag.hvp(f)(x, v), ag.hvp(g)(x, v))
    assert_close(ag.jvp(f)(x, v), ag.jvp(g)(x, v))
    assert_close(ag.grad(ag.grad(ag.grad(ag.checkpoint(lambda x: x**4))))(2.0), 48.0)


def test_a_function_that_gives_other_values_is_found_out() -> None:
    draws = generator(1)
    y = ag.checkpoint(lambda x: x * draws.normal(size=4))(Tensor(np.ones(4)))
    with pytest.raises(GraphError, match="random numbers have to be drawn outside"):
        y.sum().backward()


def test_compiled_it_is_the_function() -> None:
    step = ag.compile(ag.grad(lambda x: chain(x, WS, ag.checkpoint)))
    for _ in range(3):
        np.testing.assert_array_equal(step(X), ag.grad(lambda x: chain(x, WS))(X))
