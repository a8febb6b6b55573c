"""What differs from call to call: random numbers, what `fresh` gives, the object of a method."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Parameter, Tensor, TraceError
from autograd.compiler.binding import HOLDS_NAN, reader
from autograd.compiler.draws import HANDED_ON
from autograd.compiler.interpret import run_apart

X = np.array([0.5, -1.0, 2.0])


def same(a: Any, b: Any) -> None:
    a, b = (x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in (a, b))
    assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


# --- random numbers -------------------------------------------------------------------------------


class Dropout:
    def __init__(self, rng: Any) -> None:
        self._rng = rng

    def __call__(self, x: Any) -> Any:
        return x * (self._rng.random(3) > 0.5)


class Noise(nn.Module):
    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def forward(self, x: Any) -> Any:
        return x + self.rng.normal(size=3)


def functions() -> dict[str, Callable[[Any], Any]]:
    """Functions that draw from sources that are as when they were made."""
    rng, old = np.random.default_rng(0), np.random.RandomState(0)
    twister = np.random.Generator(np.random.MT19937(0))
    python, draw = random.Random(0), np.random.default_rng(0).random
    several = {"a": [np.random.default_rng(0)]}
    random.seed(0)
    np.random.seed(0)

    def helper() -> Any:
        return rng.normal(size=3)

    return {
        "generator": lambda x: x + rng.normal(size=3),
        "twister": lambda x: x + twister.normal(size=3),
        "random-state": lambda x: x + old.rand(3),
        "module": lambda x: x + np.random.rand(3),
        "python": lambda x: x * python.random(),
        "python-module": lambda x: x * random.random(),
        "method": lambda x: x + draw(3),
        "in-a-container": lambda x: x + several["a"][0].random(3),
        "helper": lambda x: x + helper(),
        "attribute": Dropout(np.random.default_rng(0)),
        "module-of-a-net": Noise(),
        "beside-fresh": lambda x: x + ag.fresh(rng.normal, size=3) + rng.normal(size=3),
        "before-fresh": lambda x: x + rng.normal(size=3) + ag.fresh(rng.normal, size=3),
    }


@pytest.mark.parametrize("name", functions())
def test_random_numbers_that_would_be_repeated_are_refused(name: str) -> None:
    compiled = ag.compile(functions()[name])
    with pytest.raises(TraceError, match=r"draws random numbers from .*ag\.fresh"):
        compiled(X)


@pytest.mark.parametrize("name", functions())
def test_with_a_fallback_they_are_those_of_eager(name: str) -> None:
    eager = functions()[name]
    wanted = [eager(X) for _ in range(3)]
    compiled = ag.compile(functions()[name], fallback=True)
    for out in wanted:
        same(compiled(X), out)


def test_random_numbers_that_are_the_same_in_eager_are_fine() -> None:
    rng = np.random.default_rng(0)

    def f(x: Any) -> Any:
        own = np.random.default_rng(3).normal(size=3)
        return x * own + ag.fresh(rng.normal, size=3)

    first, other = ag.compile(f), np.random.default_rng(0)
    for _ in range(3):
        same(first(X), X * np.random.default_rng(3).normal(size=3) + other.normal(size=3))
    assert first.why == ["first call"]


def test_a_source_that_nobody_draws_from_is_fine() -> None:
    rng = np.random.default_rng(0)

    def f(x: Any, train: bool) -> Any:
        return x + rng.normal(size=3) if train else x * 2

    compiled = ag.compile(f)
    for _ in range(3):
        same(compiled(X, False), X * 2)
        rng.normal()
    assert compiled.why == ["first call"]


# --- fresh ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "later", [np.ones(1), np.ones((3, 1)), np.ones(3, np.float32), np.float64(1.0)]
)
def test_a_fresh_value_of_another_kind_is_refused(later: Any) -> None:
    values = iter([np.ones(3), np.full(3, 2.0), later])
    W = Parameter(np.ones(3))

    def step(x: Any) -> Any:
        W.zero_grad()
        loss = np.sum(W * x * ag.fresh(lambda: next(values)))
        loss.backward()
        W.descend(W.grad, 0.5)
        return loss

    compiled = ag.compile(step)
    compiled(np.ones(3))
    compiled(np.ones(3))
    before = W.numpy().copy()
    with pytest.raises(TraceError, match="one shape and dtype"):
        compiled(np.ones(3))
    assert np.array_equal(W.numpy(), before)


# --- methods --------------------------------------------------------------------------------------


class Net:
    def __init__(self, scale: float) -> None:
        self.W, self.scale = Parameter(np.ones(3)), scale

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Net)

    def __hash__(self) -> int:
        return 1

    @ag.compile
    def step(self, x: Any) -> Any:
        self.W.zero_grad()
        loss = np.sum(self.W * x * self.scale)
        loss.backward()
        self.W.descend(self.W.grad, 0.5)
        return loss


def test_a_compiled_method_belongs_to_each_object() -> None:
    first, second = Net(2.0), Net(3.0)
    for net, weights in [(first, 1.0), (second, 1.0), (first, 0.0), (second, -0.5), (first, -1.0)]:
        same(net.W.numpy(), np.full(3, weights))
        same(net.step(np.ones(3)), np.float64(3 * weights * net.scale))
    first.scale = 10.0
    same(first.step(np.ones(3)), np.float64(3 * -2.0 * 10.0))
    assert isinstance(Net.step, ag.Compiled)
    assert len(Net.step.why) == 3


def test_a_compiled_static_method_and_a_function_in_an_object() -> None:
    class Two:
        @staticmethod
        @ag.compile
        def twice(x: Any) -> Any:
            return x * 2

    two = Two()
    two.thrice = ag.compile(lambda x: x * 3)  # type: ignore[attr-defined]
    same(two.twice(X), X * 2)
    same(Two.twice(X), X * 2)
    same(two.thrice(X), X * 3)  # type: ignore[attr-defined]


# --- gradients that were there before -------------------------------------------------------------


def descend(W: Parameter, x: Any) -> Any:
    W.descend(W.grad, 0.1)
    return np.sum(W * x)


def average(W: Parameter, x: Any) -> Any:
    old = W.grad
    W.zero_grad()
    np.sum(W * W * x).backward()
    if old is not None:
        W.grad = 0.9 * old + 0.1 * W.grad
    return W.grad * 1.0


def norm(W: Parameter, x: Any) -> Any:
    return np.sum(W.grad**2) if W.grad is not None else np.sum(x)


def clip(W: Parameter, x: Any) -> Any:
    W.grad = W.grad * np.minimum(1.0, 1.0 / np.sqrt(np.sum(W.grad**2)))
    return np.sum(x)


def add(W: Parameter, x: Any) -> Any:
    before = W.grad * 1.0
    np.sum(W * x).backward()
    return before - W.grad


@pytest.mark.parametrize("size", [3, 3000])
@pytest.mark.parametrize("f", [descend, average, norm, clip, add])
def test_a_gradient_from_outside_is_read_at_every_call(f: Any, size: int) -> None:
    def run(change: Callable[[Any], Any]) -> list[Any]:
        W, x = Parameter(np.linspace(-1, 2, size)), np.ones(size)
        step = change(lambda x: f(W, x))
        seen = []
        for k in range(4):
            if k != 2:
                W.zero_grad()
            np.sum(W * W * float(k + 1)).backward()
            seen += [step(x), W.grad.copy(), W.numpy().copy()]
        return seen

    for out, wanted in zip(run(ag.compile), run(lambda f: f), strict=True):
        same(out, wanted)


def test_a_gradient_that_is_only_read_stays_the_array_that_it_is() -> None:
    W = Parameter(np.ones(3))
    np.sum(W * 3).backward()
    held, compiled = W.grad, ag.compile(lambda x: x * W.grad)
    for _ in range(2):
        same(compiled(X), X * 3)
        assert W.grad is held
    W.zero_grad()
    with pytest.raises(TypeError):  # as in eager: None * x
        compiled(X)
    np.sum(W * 5).backward()
    same(compiled(X), X * 5)


def largest_times_draw(rng: Any) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        return np.max(x) * ag.fresh(rng.random) + np.sum(x) * ag.fresh(next, rng.counter)

    return ag.grad(f)


class Counting:
    """A generator, and a count that nobody can set back."""

    def __init__(self) -> None:
        self.random, self.counter = np.random.default_rng(0).random, iter(range(100))


def test_what_is_drawn_in_a_call_that_finds_nan_is_drawn_once() -> None:
    ours, theirs = Counting(), Counting()
    compiled, eager = ag.compile(largest_times_draw(ours)), largest_times_draw(theirs)
    for x in ([1.0, 2.0], [1.0, np.nan], [3.0, 1.0], [np.nan, 1.0], [2.0, 1.0]):
        with np.errstate(invalid="ignore"):
            same(compiled(np.array(x)), eager(np.array(x)))
    assert next(ours.counter) == next(theirs.counter)
    assert ours.random() == theirs.random()
    assert len(compiled.why) == 2


@pytest.mark.parametrize("error", [TraceError, ag.UnsupportedError, ag.InPlaceError])
def test_a_refusal_puts_random_numbers_back(error: type[Exception]) -> None:
    rng = np.random.default_rng(0)

    @ag.compile
    def f(x: Any) -> Any:
        drawn = ag.fresh(rng.random)
        raise error(f"{drawn}")

    with pytest.raises(error):
        f(X)
    assert rng.random() == np.random.default_rng(0).random()


def test_draws_stay_in_order_around_large_arrays() -> None:
    def f(x: Any, rng: Any) -> Any:
        y = np.exp(np.tanh(x) * 0.5) + 1.0
        first = ag.fresh(lambda total: rng.random() + 0 * total, np.sum(y))
        return np.sum(y) * first + ag.fresh(rng.random)

    ours, theirs = np.random.default_rng(0), np.random.default_rng(0)
    compiled, x = ag.compile(lambda x: f(x, ours)), np.ones(300_000)
    for _ in range(3):
        same(compiled(x), f(Tensor(x), theirs))


def test_fresh_is_called_with_gradients_that_masks_have_made_right() -> None:
    slope = ag.grad(lambda t: np.sum(np.where(t > 0, np.sqrt(np.abs(t)), t)))
    rngs = [np.random.default_rng(0) for _ in range(2)]

    def step(x: Any, rng: Any) -> Any:
        noise = ag.fresh(rng.normal, size=3)
        return ag.fresh(np.cumsum, slope(x) * 0.1) + noise

    zero = np.array([1.0, 0.0, -1.0])
    compiled = ag.compile(lambda x: step(x, rngs[0]))
    with np.errstate(all="ignore"):
        same(compiled(X), step(X, rngs[1]))
        with HANDED_ON.once_more():
            read = functools.partial(reader, compiled.program)
            assert run_apart(compiled.program, read, (zero,)) == HOLDS_NAN
            assert len(HANDED_ON._given) == 1  # the noise, and nothing that was made of NaN
        rngs[1].normal(size=3)
        for x in (zero, X):
            same(compiled(x), step(x, rngs[1]))
