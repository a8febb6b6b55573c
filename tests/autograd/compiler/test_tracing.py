"""What cannot be traced is refused; what may differ from call to call is followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import same, trainer
from draws import generator, seeded

import autograd as ag
import nn
from autograd import LabelError, Tensor, TraceError

rng = generator(7)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x if x.sum() > 0 else -x, "a Python branch"),
        (lambda x: float(x.sum()), r"float\(t\)"),
        (lambda x: np.asarray(x), r"np.asarray\(t\)"),
        (lambda x: range(int(x[0])), r"int\(t\)|t.item\(\)"),
        (lambda x: x.tolist(), r"t.tolist\(\)"),
    ],
    ids=["branch", "float", "asarray", "int", "tolist"],
)
def test_what_needs_a_value_is_refused(f: Any, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        ag.compile(f)(np.ones(2))


def test_a_function_without_a_program_runs_as_it_is_if_that_is_asked_for() -> None:
    @ag.compile(fallback=True)
    def f(x: Any) -> Any:
        return x if np.sum(x) > 0 else -x

    for x in ([1.0, 2.0], [-1.0, -2.0]):
        np.testing.assert_array_equal(np.asarray(f(np.array(x))), [1.0, 2.0])
    assert len(f.why) == 1
    assert "a Python branch" in f.why[0]


def test_random_numbers_are_drawn_anew_and_in_the_order_of_eager() -> None:
    def make() -> Any:
        draw = generator(5)

        def dropout(x: Any) -> Any:
            kept = ag.fresh(draw.random, (3, 4)) < 0.5
            noise = ag.fresh(draw.normal, size=4)
            ag.fresh(draw.normal)  # drawn, though nobody reads it
            return np.sum(np.where(kept, x, 0.0) * noise + x)

        return ag.value_and_grad(dropout)

    eager, compiled = make(), ag.compile(make())
    seen = set()
    for _ in range(5):
        x = rng.normal(size=(3, 4))
        (v, g), (w, h) = compiled(x), eager(x)
        same(v, w)
        same(g, h)
        seen.add(float(g[0, 0]))
    assert len(seen) > 1
    assert compiled.why == ["first call"]


def test_a_failed_trace_leaves_everything_as_it_was() -> None:
    net = nn.TwoLayerNet(2, 4, 3, seed=seeded(0))
    sgd = nn.SGD(net, lr=0.1)
    X, y = nn.spiral(10, 3, seed=seeded(0))
    before = [p.numpy() for p in net.parameters()]
    net.loss(X, y).backward()
    grads = [p.grad.copy() for p in net.parameters()]

    def step(X: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        raise KeyError("late")

    with pytest.raises(KeyError):
        ag.compile(step)(X, y)
    for p, values, g in zip(net.parameters(), before, grads, strict=True):
        np.testing.assert_array_equal(p.numpy(), values)
        np.testing.assert_array_equal(p.grad, g)
    net.loss(X, y).backward()


def test_labels_are_checked_at_every_call() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    net, step = trainer()
    compiled = ag.compile(step)
    compiled(X, y)
    before = [p.numpy() for p in net.parameters()]
    for bad in (-1, 3):
        wrong = y.copy()
        wrong[4] = bad
        with pytest.raises(LabelError, match=f"label {bad} at position 4"):
            compiled(X, wrong)
    for p, values in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.numpy(), values)


@pytest.mark.parametrize(
    "f",
    [
        nn.softmax_cross_entropy,
        nn.svm_hinge,
        lambda x, y: np.sum(x[np.arange(4), y] * 2.0),
        lambda x, y: np.sum(x[y] ** 2),
        lambda x, y: np.sum(x[y, 1]),
    ],
)
def test_labels_and_indices_may_differ_from_call_to_call(f: Any) -> None:
    eager = ag.value_and_grad(f)
    compiled = ag.compile(eager)
    for y in ([0, 2, 1, 2], [2, 2, 0, 1], [0, 0, 0, 0]):
        x, labels = rng.normal(size=(4, 3)), np.array(y)
        for a, b in zip(compiled(x, labels), eager(x, labels), strict=True):
            same(a, b)
    assert compiled.why == ["first call"]


def test_scores_that_are_products_of_many_matrices_and_a_vector() -> None:
    eager = ag.value_and_grad(lambda w, x, y: nn.softmax_cross_entropy(x @ w, y))
    compiled = ag.compile(eager)
    for _ in range(2):
        w, x, y = rng.normal(size=5), rng.normal(size=(4, 3, 5)), rng.integers(0, 3, 4)
        for a, b in zip(compiled(w, x, y), eager(w, x, y), strict=True):
            same(a, b)


def test_fresh_hands_tensors_over_as_arrays() -> None:
    def f(x: Any) -> Any:
        return ag.fresh(lambda a: np.asarray(a) * 2, x * 1.0) + x

    x = np.array([1.0, 2.0])
    same(ag.compile(f)(x), f(Tensor(x)).detach())


def test_recorded_arguments_and_tensors_from_outside_are_refused() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(TraceError, match="an argument is a recorded tensor"):
        ag.compile(lambda t: t * 2)(x * 3)
    y = x * 3
    with pytest.raises(TraceError, match="computed outside of it"):
        ag.compile(lambda t: t * y)(np.ones(2))


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f: ag.grad(lambda x: f(x) + x)(1.0), lambda f: ag.jacobian(lambda x: f(x) + x)(1.0),
        lambda f: ag.jvp(lambda x: f(x) + x)(1.0, 1.0),
        lambda f: ag.vjp(f, allow_unused=True)(1.0, 1.0),
        lambda f: ag.grad(lambda x: x + ag.checkpoint(f)(x))(1.0),
        lambda f: ag.grad(lambda x: x + ag.compile(lambda y: np.sin(x) * y)(2.0))(1.0),
        lambda f: ag.grad(lambda a: a + ag.fixed_point(ag.compile(lambda x, a: x + a), 1, a))(1.0),
    ],
)  # fmt: skip
def test_a_compiled_function_is_no_part_of_what_is_differentiated(derivative: Any) -> None:
    """It records nothing: the derivative would lack what goes through it."""
    f = ag.compile(lambda x: x * x)
    f(1.0)  # it has a program already
    with pytest.raises(TraceError, match=r"records nothing.* ag\.compile\(ag\.grad\(f\)\)"):
        derivative(f)
    same(ag.compile(ag.grad(lambda x: f(x) + x))(1.0), np.array(3.0))  # the whole is compiled


def test_a_compiled_function_inside_another_becomes_part_of_it() -> None:
    inner = ag.compile(lambda x: np.exp(x))
    outer = ag.compile(lambda x: np.sum(inner(x) * 2))
    for k in range(3):
        x = np.array([0.1, 0.2 * k])
        same(outer(x), np.sum(np.exp(x) * 2))
    assert inner.entries == {}
