"""Signatures and guards: what is traced anew, what is noticed, and what is not."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest
from compiled import same, trainer
from draws import generator, seeded

import autograd as ag
import nn
from autograd import Tensor

rng = generator(7)


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
        assert out[0] == 2 * s
    assert f.why == ["first call"]


def test_arguments_in_lists_and_dictionaries() -> None:
    def f(parts: Any, *, scale: Any) -> Any:
        return {"sum": parts["a"] + parts["b"][0], "scaled": (parts["a"] * scale, "text")}

    g = ag.compile(f)
    for k in range(3):
        a, b = np.full(2, float(k)), np.ones(2)
        out = g({"a": a, "b": [b]}, scale=2.0)
        np.testing.assert_array_equal(out["sum"], a + b)
        np.testing.assert_array_equal(out["scaled"][0], 2 * a)
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
        assert not any(np.shares_memory(part, x) for part in f(x))


def test_a_frozen_parameter_is_noticed() -> None:
    X, y = nn.spiral(30, 3, seed=seeded(0))
    (net, _), (other, _) = trainer(), trainer()

    def backward(net: Any, X: Any, y: Any) -> Any:
        net.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        return loss

    compiled = ag.compile(lambda X, y: backward(other, X, y))
    same(compiled(X, y), backward(net, X, y))
    for model in (net, other):
        model.zero_grad()
        model.fc1.W.requires_grad = False
    for _ in range(2):
        same(compiled(X, y), backward(net, X, y))
        for p, q in zip(net.parameters(), other.parameters(), strict=True):
            if p is net.fc1.W:
                assert p.grad is q.grad is None
            else:
                same(q.grad, p.grad)
    assert compiled.why[1:] == ["requires_grad of W1 has changed"]


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
    assert g(np.ones(2))[0] == 6.0
    factor = 4.0
    assert g(np.ones(2))[0] == 8.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert g(np.ones(2))[0] == 20.0
    assert g.why == ["first call", "factor is 4.0, not 3.0", "SCALE is 5.0, not 2.0"]


def test_what_the_function_counts_itself_is_counted() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.steps = 0

        def step(self, x: Any) -> Any:
            self.steps += 1
            return x * 2

    trainer_ = Trainer()
    compiled = ag.compile(trainer_.step)
    for k in range(5):
        compiled(np.ones(2))
        assert trainer_.steps == k + 1
    assert compiled.why == ["first call", "self.steps has changed"]


def test_arrays_in_another_order_of_memory() -> None:
    f = ag.value_and_grad(lambda x: np.sum(np.exp(x) * x[::-1]))
    g = ag.compile(f)
    a = rng.normal(size=(40, 30))
    for x in (a, np.asfortranarray(a), a[::2], np.ascontiguousarray(a[::2])):
        same(g(x)[0], f(x)[0])
        same(g(x)[1], f(x)[1])


HUGE = 150_000  # elements of an array that is not compared as a whole


def test_a_large_array_from_outside_is_read_as_it_is_and_not_copied() -> None:
    data, weights = np.ones((HUGE, 2)), ag.Parameter(np.array([[0.5, -1.0], [1.5, 2.0]]))
    labels = np.zeros(HUGE, int)

    def step(x: Any) -> Any:
        weights.zero_grad()
        scores = data @ weights
        loss = np.sum(scores * x) + ag.softmax_cross_entropy(scores, labels)
        loss.backward()
        return loss + np.sum(data[7:9] * x)

    compiled = ag.compile(step)
    for at in range(3):
        data[7 + at, 1], labels[7 + at] = at + 3.0, 1  # none of those that are looked at
        loss = compiled(np.ones(2))
        gradient = weights.grad
        same(loss, step(np.ones(2)))
        same(gradient, weights.grad)
    assert compiled.why == ["first call"]
    kinds = [given.kind for given in compiled.program.inputs]
    assert kinds.count("array") == 3  # a view is one, too
    held = {x for e in compiled.program.equations for x in e.inputs if x.constant}
    assert not any(np.array_equal(x.value, data) for x in held)
    assert any(x is data for x in compiled.constants.values())


def test_a_large_mask_from_outside_stays_a_constant() -> None:
    mask = np.zeros(2_000_000, bool)
    mask[:3] = True
    compiled = ag.compile(lambda x: np.sum(np.broadcast_to(x, mask.shape)[mask]))
    assert compiled(2.0).item() == 6.0
    mask[1000:] = True
    assert compiled(2.0).item() == 2.0 * mask.sum()
    assert compiled.why[1:] == ["mask has been written to"]


class Alike:
    """All are equal."""

    k = 2.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike)

    def __hash__(self) -> int:
        return 0


def test_it_is_known_why_a_program_does_not_apply() -> None:
    array, frame = np.ones(3), np.ones((60, 60)).T
    weights = ag.Parameter(np.ones((2, 3)))
    remembered: dict[str, float] = {}

    @functools.cache
    def listed() -> list[float]:
        return [2.0]

    @ag.compile
    def f(x: Any, o: Any) -> Any:
        return np.sum(weights * x) * o.k * array[0] * frame.sum() * listed()[0] + len(remembered)

    one, other = Alike(), Alike()
    f(1.0, one)
    f(1.0, one)
    assert f.why[1:] == ["the cache of listed has remembered something that may change"]
    f(1.0, other)
    array[0] = 5.0
    f(1.0, other)
    frame[3, 4] = 2.0
    f(1.0, other)
    weights.data = np.ones((3, 2)).T
    f(1.0, other)
    weights.requires_grad = False
    f(1.0, other)
    with ag.no_grad():
        f(1.0, other)
    assert f.why[2:] == [
        "argument 1 is another Alike",
        "array has been written to",
        "frame has been written to",
        "requires_grad of a tensor has changed",
        "inside of no_grad",
    ]


def test_what_is_reached_is_bounded() -> None:
    objects = [Alike() for _ in range(21_000)]
    with pytest.raises(ag.TraceError, match="pass what it needs as arguments"):
        ag.compile(lambda x: x * objects[20_500].k)(1.0)


def test_a_frozen_array_is_not_looked_at() -> None:
    free, frozen = np.ones(3000), ag.frozen(np.ones(3000))
    compiled = ag.compile(lambda x: np.sum(free * x) + np.sum(frozen * x))
    compiled(1.0)
    looked_at = [g.space for g in compiled._last.outside.guards if g.kind == "bytes"]
    assert any(x is free for x in looked_at)
    assert not any(x is frozen for x in looked_at)


# --- why a program does not apply ----------------------------------------------------------------


class Holder:
    """Has attributes."""

    k = 0
    m = 1.0
    y: Any = None


def test_a_branch_on_a_carried_number_is_told() -> None:
    held = Holder()

    def f(x: Any) -> Any:
        held.k += 1
        return x * 2 if held.k % 2 else x * 3

    compiled = ag.compile(f)
    for k in range(1, 7):
        np.testing.assert_array_equal(compiled(np.ones(3)), np.full(3, 2.0 if k % 2 else 3.0))
    assert compiled.why[2:] == ["a number goes another way at a branch"]


def test_arguments_that_are_one_object_are_told() -> None:
    compiled = ag.compile(lambda x, y: x * 2 if x is y else x * y)
    a, b = np.full(3, 3.0), np.full(3, 5.0)
    for x, y in [(a, a), (a, a), (a, b), (a, b), (a, a)]:
        np.testing.assert_array_equal(compiled(x, y), x * 2 if x is y else x * y)
    assert compiled.why[1:] == ["other arguments are one object, or not any more"]


def test_a_number_of_another_kind_is_told() -> None:
    held = Holder()

    def f(x: Any) -> Any:
        held.m = held.m * 0.5
        return x * held.m

    compiled = ag.compile(f)
    for k in range(5):
        if k == 4:
            held.m = np.float64(3.0)
        wanted = held.m * 0.5
        np.testing.assert_array_equal(compiled(np.ones(2)), [wanted, wanted])
    assert compiled.why[2:] == ["held.m is a float64, not a float"]


def test_what_is_left_over_is_told() -> None:
    held = Holder()

    def f(x: Any) -> Any:
        held.y = x * 2
        return held.y

    compiled = ag.compile(f)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(np.ones(2)), [2.0, 2.0])
    assert "NaN" not in "".join(compiled.why)
