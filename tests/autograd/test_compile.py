"""compile: the same bits as eager, at other inputs too; fresh memory; errors that explain."""

from __future__ import annotations

import gc
import itertools
import re
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded
from gate_cases import CASES, Case, value_and_all_grads

import autograd as ag
import nn
from autograd import LabelError, Parameter, Tensor, TraceError
from autograd.compiler import scalars
from autograd.compiler.blocks import Loop, halves, sum_of_halves

rng = generator(7)


def same(a: Any, b: Any) -> None:
    """Equal to the last bit, dtype included."""
    a, b = (x.numpy() if isinstance(x, Tensor) else np.asarray(x) for x in (a, b))
    assert a.dtype == b.dtype
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_every_gate_gives_the_bits_of_eager_at_other_inputs(case: Case, dtype: Any) -> None:
    first = [np.asarray(x, dtype) for x in case.inputs]
    eager = value_and_all_grads(case)
    compiled = ag.compile(eager)
    compiled(*first)
    for shift in (0.0, 0.013):
        other = [np.asarray(rng.permuted(x) if x.ndim else x) for x in first]
        if case.smooth:
            other = [np.asarray(x + shift, dtype) for x in other]
        (value, grads), (wanted, wanted_grads) = compiled(*other), eager(*other)
        same(value, wanted)
        for g, wanted_g in zip(grads, wanted_grads, strict=True):
            same(g, wanted_g)
    assert compiled.why == ["first call"]


def test_second_derivatives() -> None:
    f = ag.grad(ag.grad(lambda x: np.tanh(x) * x))
    compiled = ag.compile(f)
    for x in (0.5, 1.5, -2.0):
        same(compiled(np.float64(x)), f(x))


# --- training ----------------------------------------------------------------------------------


def trainer(dtype: Any = float, activation: Any = None) -> tuple[nn.TwoLayerNet, Any]:
    net = nn.TwoLayerNet(2, 16, 3, reg=1e-3, seed=seeded(0), dtype=dtype, activation=activation)
    sgd = nn.SGD(net, lr=0.7)

    def step(X: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        return loss

    step.sgd = sgd  # type: ignore[attr-defined]
    return net, step


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
    compiled = ag.compile(step)
    compiled(X, y)
    before = net.loss(X, y)
    weights = net.fc1.W.numpy()
    compiled(X, y)
    compiled(X, y)
    net.fc1.W.zero_grad()
    before.backward()
    g = net.fc1.W.grad  # the gradient went to the slot of the parameter
    fresh = nn.TwoLayerNet(2, 16, 3, reg=1e-3, seed=seeded(0))
    assert g.shape == fresh.fc1.W.shape
    assert not np.array_equal(weights, net.fc1.W.numpy())


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
    first = [t.numpy() for t in f(a)]
    parts = f(a)
    f(a + 1)
    for t, wanted in zip(parts, first, strict=True):
        np.testing.assert_array_equal(t.numpy(), wanted)
    parts[2]._data[0] = 9  # a result may be written to
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


# --- programs of numbers -------------------------------------------------------------------------


def test_numbers_run_as_python_floats_with_the_bits_of_eager() -> None:
    def f(a: Any, b: Any) -> Any:
        c = a * b + np.exp(a) / (1 + b**2) - np.maximum(a, b)
        return np.tanh(c) * np.sqrt(b) + ag.relu(c - 1) ** 3 + np.abs(a) / b - np.log(b)

    eager, compiled = ag.value_and_grad(f, (0, 1)), ag.compile(ag.value_and_grad(f, (0, 1)))
    for a, b in rng.uniform(0.1, 2, size=(20, 2)):
        (v, g), (w, h) = compiled(float(a), float(b)), eager(float(a), float(b))
        same(v, w)
        same(g[0], h[0])
        same(g[1], h[1])
    assert "float(arguments[0])" in compiled.generated


@pytest.mark.parametrize("part", [1, 2, 7, 40, 1000])
@pytest.mark.parametrize("longest", [0, 2, 30])
def test_a_long_program_of_numbers_is_cut_into_parts(
    part: int, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scalars, "PART", part)
    monkeypatch.setattr(scalars, "FOR_EACH", 0)
    monkeypatch.setattr(scalars, "LONGEST", longest)
    weights = [Parameter(float(w)) for w in rng.uniform(-1, 1, 4)]

    def f(a: Any, b: Any, unused: Any) -> Any:
        early, values = a * b, [a, b]
        for k, w in enumerate(weights):
            x, y = values[k], values[k + 1]
            values.append(
                np.tanh(x * w) + np.maximum(x, y * y) * w - np.square(y - x) / (1 + w * w)
            )
        return sum(values[2:]) * early + np.where(a > b, early, values[-1]) - b

    eager = ag.value_and_grad(f, (0, 1))
    compiled = ag.compile(lambda *x: [*ag.value_and_grad(f, (0, 1))(*x), x[0], 2.0])
    for a, b in rng.uniform(0.1, 2, size=(4, 2)):
        (v, (g, h), first, two), (w, other) = compiled(a, b, 1.0), eager(a, b, 1.0)
        for x, y in [(v, w), (g, other[0]), (h, other[1]), (first, a), (two, 2.0)]:
            same(x, y)
        for weight in weights:
            weight.data = weight.data * 1.1
    assert (compiled.generated.count("def part_") > 1) == (part < 1000)


def test_names_of_numbers_are_used_again() -> None:
    def f(x: Any, a: Any) -> Any:
        y = x
        for _ in range(500):
            y = np.tanh(y * a) + x
        return y

    compiled = ag.compile(f)
    same(compiled(0.5, 0.9), f(np.float64(0.5), np.float64(0.9)))
    assert len(set(re.findall(r"\bv\d+", compiled.generated))) < 5


def test_where_python_floats_raise_numpy_gives_infinity() -> None:
    eager, compiled = (
        ag.value_and_grad(lambda x: 1 / x),
        ag.compile(ag.value_and_grad(lambda x: 1 / x)),
    )
    compiled(2.0)
    with np.errstate(all="ignore"):
        for x in (0.0, 4.0, 1e-200):
            same(compiled(x)[0], eager(x)[0])
            same(compiled(x)[1], eager(x)[1])


def test_a_micrograd_net_trains_as_in_eager() -> None:
    def make() -> Any:
        draw = generator(3)
        weights = [Parameter(float(w)) for w in draw.uniform(-1, 1, 9)]
        points = draw.uniform(-1, 1, (5, 2)).tolist()

        def step() -> Any:
            for w in weights:
                w.zero_grad()
            loss = 0.0
            for x, y in points:
                hidden = [ag.relu(weights[k] * x + weights[k + 1] * y) for k in (0, 2, 4)]
                score = sum(h * w for h, w in zip(hidden, weights[6:], strict=True))
                loss = loss + (score - x * y) ** 2
            loss.backward()
            for w in weights:
                w.descend(w.grad, 0.1)
            return loss

        return step

    eager, compiled = make(), ag.compile(make())
    for _ in range(30):
        same(compiled(), eager())
    assert compiled.why == ["first call"]


# --- signatures and guards -----------------------------------------------------------------------


def test_new_shapes_dtypes_and_fixed_values_are_traced_anew_and_it_says_why() -> None:
    f = ag.compile(lambda x, n: np.sum(x) * n)
    for x, n in [(np.ones(3), 2), (np.ones(4), 2), (np.ones(3), 2), (np.ones(3), 3),
                 (np.ones(3, np.float32), 2)]:  # fmt: skip
        assert float(f(x, n)) == x.sum() * n
    assert len(f.why) == 4
    assert f.why[1] == "x is float64 (4,), before float64 (3,)"
    assert f.why[2] == "n is 3, before 2"
    assert f.why[3] == "x is float32 (3,), before float64 (3,)"


def test_floats_may_change_and_do_not_widen_float32() -> None:
    f = ag.compile(lambda x, s: x * (s * 2))
    for s in (0.5, 1.5):
        out = f(np.ones(2, np.float32), s)
        assert out.dtype == np.float32
        assert out.numpy()[0] == 2 * s
    assert f.why == ["first call"]


def test_arguments_in_lists_and_dictionaries() -> None:
    def f(parts: Any, *, scale: Any) -> Any:
        return {"sum": parts["a"] + parts["b"][0], "scaled": (parts["a"] * scale, "text")}

    g = ag.compile(f)
    for k in range(3):
        a, b = np.full(2, float(k)), np.ones(2)
        out = g({"a": a, "b": [b]}, scale=2.0)
        np.testing.assert_array_equal(out["sum"].numpy(), a + b)
        np.testing.assert_array_equal(out["scaled"][0].numpy(), 2 * a)
        assert out["scaled"][1] == "text"


@pytest.mark.parametrize(
    "calls",
    [
        [(np.ones(2),), (np.ones(3),), (np.ones(2, np.float32),), (np.ones(2, int),)],
        [(np.float64(2.0),), (np.array(3.0),), (2.5,), (np.float32(2.5),), (3,), (True,), (11,)],
        [(Tensor([2.0]),), (Tensor([3.0]),), (Tensor([2.0], requires_grad=False),), (np.ones(1),)],
        [([np.ones(2), 2.0],), ((np.ones(2), 2.0),), ([np.ones(2), 2.0, 3.0],), ([],)],
        [({"a": 2.0, "b": 3.0},), ({"b": 3.0, "a": 2.0},), ({"a": 2.0},), ({"a": {"b": 2.0}},)],
        [("one", np.ones(2)), ("three", np.ones(2)), (None, np.ones(2)), (np.ones(2), "one")],
    ],
    ids=["arrays", "numbers", "tensors", "lists", "dictionaries", "words"],
)
def test_programs_are_not_mistaken_for_each_other(calls: list[Any]) -> None:
    def total(*args: Any, **kwargs: Any) -> Any:
        def walk(x: Any, weight: float) -> Any:
            if isinstance(x, (tuple, list)):
                parts = [walk(item, weight + k) for k, item in enumerate(x)]
                return sum(parts, type(x) is list)
            if isinstance(x, dict):
                return sum(walk(item, weight + 10 * ord(key)) for key, item in x.items())
            return len(str(x)) * weight if x is None or isinstance(x, (str, int)) else x * weight

        return {"total": [np.sum(walk(args, 1.0) + walk(kwargs, 5.0)) * 1.0]}

    compiled = ag.compile(total)
    orders = [calls, calls[::-1], calls, calls[1::2] + calls[::2]]
    for names in ((), ("c",), ("c", "d")):
        for args in itertools.chain(*orders, *orders):
            kwargs = dict.fromkeys(names, args[0])
            same(compiled(*args, **kwargs)["total"][0], total(*args, **kwargs)["total"][0])
    assert len(compiled.why) <= 3 * len(calls)


def test_another_tensor_with_a_gradient_is_not_taken_for_the_first() -> None:
    def square(t: Any) -> Any:
        loss = np.sum(t * t)
        loss.backward()
        return loss

    compiled = ag.compile(square)
    first, second = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    for t, loss in [(first, 5.0), (second, 25.0), (first, 5.0), (second, 25.0)]:
        t.zero_grad()
        same(compiled(t), np.float64(loss))
        same(t.grad, 2 * t.data)
    assert compiled.why[1:] == ["argument 0 is another tensor that requires a gradient"]


def test_the_first_result_is_no_argument_either() -> None:
    f, x = ag.compile(lambda x: (x, x.T)), np.ones((2, 3))
    for _ in range(2):
        assert not any(np.shares_memory(part._data, x) for part in f(x))


def test_a_frozen_parameter_is_noticed() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    net, step = trainer()

    def loss_only(X: Any, y: Any) -> Any:
        return net.loss(X, y)

    compiled = ag.compile(loss_only)
    compiled(X, y)
    net.fc1.W.requires_grad = False
    compiled(X, y)
    assert compiled.why[1] == "requires_grad of W1 has changed"
    del step


SCALE = 2.0


def test_numbers_from_outside_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    net, step = trainer()
    other, other_step = trainer()
    compiled = ag.compile(other_step)
    for reg in (1e-3, 1e-3, 0.5, 0.0, 1e-3):
        net.reg = other.reg = reg
        same(compiled(X, y), step(X, y))
    assert compiled.why[1:] == ["net.reg is 0.5, not 0.001", "net.reg is 0.0, not 0.5"]

    factor = 3.0

    def f(x: Any) -> Any:
        return x * SCALE * factor

    g = ag.compile(f)
    assert g(np.ones(2)).numpy()[0] == 6.0
    factor = 4.0
    assert g(np.ones(2)).numpy()[0] == 8.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert g(np.ones(2)).numpy()[0] == 20.0
    assert g.why == ["first call", "factor is 4.0, not 3.0", "SCALE is 5.0, not 2.0"]


def test_what_the_function_counts_itself_is_no_reason_to_trace_again() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.steps = 0

        def step(self, x: Any) -> Any:
            self.steps += 1
            return x * 2

    trainer_ = Trainer()
    compiled = ag.compile(trainer_.step)
    for _ in range(3):
        compiled(np.ones(2))
    assert compiled.why == ["first call"]


def test_arrays_in_another_order_of_memory() -> None:
    f = ag.value_and_grad(lambda x: np.sum(np.exp(x) * x[::-1]))
    g = ag.compile(f)
    a = rng.normal(size=(40, 30))
    for x in (a, np.asfortranarray(a), a[::2], np.ascontiguousarray(a[::2])):
        same(g(x)[0], f(x)[0])
        same(g(x)[1], f(x)[1])


def test_nothing_of_a_call_stays_in_memory() -> None:
    gc.collect()
    gc.disable()
    try:
        x, y = rng.normal(size=(2, 1000))
        compiled = ag.compile(ag.value_and_grad(lambda x, y: np.sum(np.tanh(x) * y), (0, 1)))
        held = [weakref.ref(g) for _ in range(3) for g in compiled(x, y)[1]]
        assert [ref() for ref in held] == [None] * 6
    finally:
        gc.enable()


def peak_of_a_call(f: Callable[..., Any], *args: Any) -> int:
    """Bytes that a call takes for a while or for good."""
    for _ in range(3):
        f(*args)
    tracemalloc.start()
    f(*args)
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    f(*args)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - before


def test_a_step_allocates_nothing_after_the_first_calls() -> None:
    X, y = nn.spiral(1000, 3, seed=seeded(0))
    _, step = trainer()
    working_space = 150_000  # that of NumPy, for 8192 elements at a time, and chosen elements
    compiled = ag.compile(step)
    assert peak_of_a_call(compiled, X, y) < working_space
    assert compiled.memory().values > 15 * working_space
    f = ag.compile(ag.value_and_grad(lambda x: np.sum(np.tanh(x) * x)))
    assert peak_of_a_call(f, rng.normal(size=100_000)) < 2000  # the last result is used again


def test_gradients_that_somebody_keeps_are_not_overwritten() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    net, step = trainer()
    compiled = ag.compile(step)
    kept = []
    for _ in range(4):
        compiled(X, y)
        kept.append([(p.grad, p.grad.copy()) for p in net.parameters()])
    row = net.fc1.W.grad[0]
    before = row.copy()
    compiled(X, y)
    same(row, before)
    for pairs in kept:
        for gradient, copy in pairs:
            same(gradient, copy)


def test_threads_do_not_disturb_each_other() -> None:
    f = ag.compile(ag.grad(lambda x: np.sum(np.tanh(x) ** 2)))
    inputs = [rng.normal(size=(200, 50)) for _ in range(4)]
    wanted = [ag.grad(lambda x: np.sum(np.tanh(x) ** 2))(x) for x in inputs]
    f(inputs[0])
    wrong: list[int] = []

    def work(k: int) -> None:
        wrong.extend(k for _ in range(50) if not np.array_equal(f(inputs[k]), wanted[k]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- what cannot be traced -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x if x.sum() > 0 else -x, "a Python branch"),
        (lambda x: float(x.sum()), r"float\(t\)"),
        (lambda x: np.asarray(x), r"np.asarray\(t\)"),
        (lambda x: range(int(x[0])), r"float\(t\)|t.item\(\)"),
        (lambda x: x.numpy(), r"np.asarray\(t\)"),
    ],
    ids=["branch", "float", "asarray", "int", "numpy"],
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


def test_a_compiled_function_inside_another_becomes_part_of_it() -> None:
    inner = ag.compile(lambda x: np.exp(x))
    outer = ag.compile(lambda x: np.sum(inner(x) * 2))
    for k in range(3):
        x = np.array([0.1, 0.2 * k])
        same(outer(x), np.sum(np.exp(x) * 2))
    assert inner.entries == {}


# --- programs and passes -------------------------------------------------------------------------


def test_a_program_reads_like_its_function() -> None:
    f = ag.compile(lambda x, w: np.sum(np.exp(x) * w))
    f(np.ones(3), np.ones(3))
    text = str(f.program).splitlines()
    assert text[0] == "inputs x: float64[3], w: float64[3]"
    assert text[1].endswith("np.exp(x)")
    assert len(f.program) == 3


def test_common_and_dead_computations_are_left_out() -> None:
    def f(x: Any) -> Any:
        unused = np.log(x)
        del unused
        return np.exp(x) * np.exp(x)

    g = ag.compile(f)
    g(np.ones(3))
    assert [e.function for e in g.program.equations] == [np.exp, np.multiply]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_constant_arrays_of_one_number_are_read_as_that_number(dtype: Any) -> None:
    zeros = np.array([[-0.0, 0.0]], dtype)
    thirds = np.full((1, 2), 1 / 3, dtype)

    def f(x: Any) -> Any:
        return np.mean((x * thirds) ** 2), x * zeros, thirds - thirds * x

    compiled = ag.compile(f)
    for x in (np.ones((4, 2), dtype), rng.normal(size=(4, 2)).astype(dtype)):
        for a, b in zip(compiled(x), f(Tensor(x)), strict=True):
            same(a, b.detach())
    equations = compiled.program.equations
    read = {v for e in equations for v in e.inputs if v.constant}
    assert [v.shape for v in read] == [(1, 2)]  # the zeros of both signs


def test_a_product_reads_what_was_broadcast() -> None:
    x, y = rng.normal(size=(3, 3)), rng.normal(size=3)
    f = lambda x, y: np.matmul(x, np.broadcast_to(y, (3, 3)))  # noqa: E731
    for a in (x, x + 1):
        same(ag.compile(f)(a, y), f(Tensor(a), Tensor(y)))
    compiled = ag.compile(f)
    compiled(x, y)
    same(compiled(x, y), f(Tensor(x), Tensor(y)))


@pytest.mark.parametrize("names", [
    ("x", "\U0001d465"), ("fi", "\ufb01"), ("0", "1"), ("x\xb2", "x"), ("if", "if_1"), ("", " "),
    ("np", "np_add"), ("np_multiply", "np_sum"), ("x", "x"), ("v3", "v4"), ("run", "arguments"),
])  # fmt: skip
def test_tensors_of_any_name(names: tuple[str, str]) -> None:
    """Python reads a mathematical x as x: the product was once the square of one of the two."""
    a, b = Tensor([2.0, 3.0], name=names[0]), Tensor([5.0, 7.0], name=names[1])

    @ag.compile
    def f() -> Any:
        return (a * b + b).sum()

    assert [float(f()), float(f())] == [43.0, 43.0]


def test_constants_keep_their_layout() -> None:
    big = rng.normal(size=(40, 60))
    for A in (big.T, big[::2, ::-3], np.broadcast_to(big[0], (5, 60)), big[:, 1:7].T):
        f = lambda x, A=A: np.matmul(A, x)  # noqa: E731
        compiled = ag.compile(f)
        for _ in range(20):
            x = rng.normal(size=A.shape[1])
            same(compiled(x), f(Tensor(x)))
        constants = [v.value for e in compiled.program.equations for v in e.inputs if v.constant]
        assert constants[0].strides == A.strides
        assert not np.shares_memory(constants[0], big)


def test_numbers_that_differ_in_the_last_bit_or_in_sign_are_not_merged() -> None:
    a, b = 0.1, np.nextafter(0.1, 1)
    f = ag.compile(lambda x: (x * a, x * b, x * 0.0, x * -0.0))
    f(np.ones(3))
    out = f(np.full(3, 1.0))
    assert out[0].numpy()[0] == a != b == out[1].numpy()[0]
    assert np.signbit(out[3].numpy()[0])
    assert not np.signbit(out[2].numpy()[0])


def test_memory_is_shared_between_values() -> None:
    def chain(x: Any) -> Any:
        for _ in range(10):
            x = np.exp(-x * 1.5)
        return np.sum(x)

    f = ag.compile(chain)
    f(np.ones(1000))
    memory = f.memory()
    assert memory.nbytes == 8000
    assert memory.values >= 20 * 8000
    assert "buffers" in str(memory)


MAKERS: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a + b, lambda a, b: a * b, np.maximum, lambda a, b: np.tanh(a),
    lambda a, b: np.dot(a, b) / 10, lambda a, b: a.T, lambda a, b: a - np.sum(b, axis=0) / 10,
    lambda a, b: a.reshape(-1)[5:11] + b,
]  # fmt: skip


def test_no_buffer_is_overwritten_while_it_is_still_read() -> None:
    """A random program, many times: shared memory must never change a result."""
    for seed in range(60):
        choose = generator(seed)

        def f(x: Any, y: Any, choose: Any = choose) -> Any:
            pool = [x, y]
            for _ in range(25):
                a, b = (pool[k] for k in choose.integers(len(pool), size=2))
                pool.append(MAKERS[choose.integers(len(MAKERS))](a, b))
            return sum(pool[2:], start=pool[0]), pool[7], np.sum(pool[-1])

        state = choose.bit_generator.state
        compiled = ag.compile(f)
        a = [rng.normal(size=(6, 6)) for _ in range(2)]
        compiled(*a)
        for _ in range(2):
            a = [rng.normal(size=(6, 6)) for _ in range(2)]
            choose.bit_generator.state = state
            for x, wanted in zip(compiled(*a), f(*map(ag.Tensor, a)), strict=True):
                same(x, wanted)


# --- source that people read ---------------------------------------------------------------------

SPIRAL = """\
import numpy as np


def step(X, y, W1, b1, W2, b2, lr):
    hidden = np.maximum(0, np.dot(X, W1) + b1)                           # (30, 16)
    scores = np.dot(hidden, W2) + b2                                     # (30, 3)
    assert y.min() >= 0 and y.max() < 3
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))  # (30, 3)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)       # (30, 3)
    correct_logprobs = -np.log(probs[range(30), y])                      # (30,)
    data_loss = np.sum(correct_logprobs) / 30
    reg_loss = 0.0005 * np.sum(W1 * W1) + 0.0005 * np.sum(W2 * W2)
    loss = data_loss + reg_loss
    difference = probs.copy()                                            # (30, 3)
    difference[range(30), y] -= 1
    dscores = difference / 30                                            # (30, 3)
    dhidden = np.dot(dscores, W2.T)                                      # (30, 16)
    dW2 = 0.001 * W2 + np.dot(hidden.T, dscores)                         # (16, 3)
    db2 = np.sum(dscores, axis=0)                                        # (3,)
    dfc1 = dhidden * (hidden > 0)                                        # (30, 16)
    dW1 = 0.001 * W1 + np.dot(X.T, dfc1)                                 # (2, 16)
    db1 = np.sum(dfc1, axis=0)                                           # (16,)
    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
    b2 -= lr * db2
    return loss
"""


def test_the_source_of_the_spiral_net_is_what_the_notes_write() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    _, step = trainer()
    compiled = ag.compile(step)
    compiled(X, y)
    assert compiled.source == SPIRAL


def run_source(compiled: ag.Compiled, *args: Any) -> Any:
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    function = scope[compiled.__name__]
    return function(*args, *compiled.constants.values())


def test_the_source_trains_without_this_package() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    net, step = trainer()
    weights = [p.numpy() for p in net.parameters()]
    compiled = ag.compile(step)
    losses = [float(compiled(X, y)) for _ in range(40)]
    text = compiled.source
    assert "autograd" not in text
    scope: dict[str, Any] = {}
    exec(text, scope)
    again = [float(scope["step"](X, y, *weights, 0.7)) for _ in range(40)]
    assert_close(again, losses)
    for p, w in zip(net.parameters(), weights, strict=True):
        assert_close(w, p, of=[1.0])  # probabilities of all points, over their number


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_the_source_of_every_gate_runs_and_is_right(case: Case) -> None:
    def f(*xs: Any) -> Any:
        out = case.f(*xs)
        return np.sum(out * np.linspace(0.5, 1.5, out.size).reshape(out.shape))

    eager = ag.value_and_grad(f, range(len(case.inputs)), allow_unused=True)

    def both(*xs: Any) -> Any:
        return eager(*xs)

    compiled = ag.compile(both)
    compiled(*case.inputs)
    other = [np.asarray(rng.permuted(x) if x.ndim else x) for x in case.inputs]
    value, grads = eager(*other)
    found = run_source(compiled, *other)
    assert_close(found[0], value, of=[case.f(*other)])  # what was summed
    for a, b in zip(grads, found[1:], strict=True):
        assert_close(b, a)


def test_reading_the_source_changes_nothing() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    net, step = trainer()
    compiled = ag.compile(step)
    compiled(X, y)
    before = [p.numpy() for p in net.parameters()]
    assert compiled.source == compiled.source
    for p, values in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.numpy(), values)
    with pytest.raises(TraceError, match="call the function once"):
        _ = ag.compile(step).source


def test_names_come_from_the_function() -> None:
    offset = np.arange(20.0) * 1.5

    def wave(x: Any, w: Any) -> Any:
        phase = w * x + offset
        signal = np.tanh(phase)
        return np.sum(signal * signal)

    compiled = ag.compile(ag.grad(wave, (0, 1)))
    compiled(np.ones(20), np.ones(20))
    text = compiled.source
    assert "phase = w * x + offset " in text
    assert "signal = np.tanh(phase) " in text
    assert "dsignal = " in text
    assert "def wave(x, w, offset):" in text
    assert "return dx, dw" in text
    assert list(compiled.constants) == ["offset"]


# --- large arrays --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(300_001,), (517, 1000), (3, 401, 333)], ids=str)
def test_chains_over_large_arrays_run_in_pieces_with_the_bits_of_eager(
    shape: tuple[int, ...], dtype: Any
) -> None:
    def f(x: Any, y: Any) -> Any:
        z = np.tanh(np.exp(-x * x) + x * y)
        return np.sum(z) * np.sum(y * 0.5)

    eager = ag.value_and_grad(f, (0, 1))
    compiled = ag.compile(eager)
    for _ in range(3):
        x, y = (rng.normal(size=shape).astype(dtype) for _ in range(2))
        (v, g), (w, h) = compiled(x, y), eager(x, y)
        same(v, w)
        same(g[0], h[0])
        same(g[1], h[1])
    loops = [e for e in compiled.program.equations if isinstance(e, Loop)]
    assert len(loops) == 2
    assert sum(len(loop.inside) for loop in loops) > 12


def test_what_is_no_chain_stays_outside_of_the_loop() -> None:
    def f(x: Any) -> Any:
        a = np.exp(x) * 2.0
        b = a - np.sum(a, axis=0)  # needs all of a
        return np.sqrt(np.abs(b)) + 1.0 + x.T.T

    eager, compiled = (lambda x: f(ag.Tensor(x))), ag.compile(f)
    for _ in range(2):
        x = rng.normal(size=(400, 500))
        same(compiled(x), eager(x))


@pytest.mark.parametrize("size", [1, 7, 128, 129, 1000, 8193, 300_001])
def test_sums_of_halves_are_pairwise_sums(size: int) -> None:
    for dtype in (np.float64, np.float32):
        x = rng.normal(size=size).astype(dtype)
        sums = [np.add.reduce(x[a:b]) for a, b in halves(0, size, 500)]
        assert sum_of_halves(sums, size, 500) == np.add.reduce(x)
