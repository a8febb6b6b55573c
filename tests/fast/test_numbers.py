"""Graphs of single numbers, whose gates are recorded and passed through in a shorter way."""

from __future__ import annotations

import gc
import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator
from gate_cases import CASES
from memory import kept_by

import autograd as ag
from autograd import Parameter, Tensor
from autograd.fast.calls import caller
from autograd.fast.kernels import larger
from autograd.fast.numbers import NumberNode
from autograd.gate import GATES, Gate
from autograd.node import ArrayNode

ON_NUMBERS = [
    gate
    for gate in GATES.values()
    if gate.times and len(gate.operands) <= 2 and not gate.statics and None not in gate.rules
]


def _equal(x: Any, y: Any) -> None:
    """To the last digit: NumPy's own powers of a number and of an array differ by that."""
    np.testing.assert_array_max_ulp(np.reshape(x, -1), np.reshape(y, -1), maxulp=1)


def _bits(x: Any) -> bytes:
    assert np.asarray(x).dtype == np.float64
    return np.asarray(x).tobytes()


def _call(gate: Gate, *operands: Any) -> Tensor:
    function = gate.numpy or getattr(ag, gate.name)
    result: Tensor = function(*operands)
    return result


def _values(gate: Gate) -> tuple[float, ...]:
    """Numbers that a gate takes: the first of its example inputs, or others in their place."""
    inputs = next(c.inputs for c in CASES if c.gate == gate.name)
    given = [float(np.real(x.flat[0])) for x in inputs]
    return (*given, 1.7)[: len(gate.operands)]


# --- the same values, gradients and derivatives of higher order ---------------------------------


def test_the_usual_elementwise_gates_are_among_them() -> None:
    names = {gate.name for gate in ON_NUMBERS}
    assert {"add", "subtract", "multiply", "divide", "power", "exp", "tanh", "relu"} <= names


@pytest.mark.parametrize("gate", ON_NUMBERS, ids=lambda gate: gate.name)
def test_values_and_gradients_are_those_of_arrays(gate: Gate) -> None:
    values = _values(gate)
    numbers = [Tensor(v) for v in values]
    arrays = [Tensor([v]) for v in values]
    one, many = _call(gate, *numbers), _call(gate, *arrays)
    assert type(one.node) is NumberNode
    assert type(many.node) is ArrayNode
    _equal(one.numpy(), many.numpy())
    one.backward()
    many.backward()
    for x, y in zip(numbers, arrays, strict=True):
        _equal(x.grad, y.grad)
    assert one.node.gate is gate
    assert one.parents == tuple(x.node for x in numbers)
    for closure, x in zip(one.node.closures, numbers, strict=True):
        assert closure is not None
        assert _bits(closure(np.float64(1))) == _bits(x.grad)


@pytest.mark.parametrize("gate", [g for g in ON_NUMBERS if len(g.operands) == 2], ids=str)
@pytest.mark.parametrize("other", [2.5, 3, np.float64(2.5), Tensor(2.5, requires_grad=False)])
def test_constants_on_either_side(gate: Gate, other: Any) -> None:
    for first in (True, False):
        gradients = []
        for value in (0.3, np.array([0.3])):
            x = Tensor(value)
            result = _call(gate, x, other) if first else _call(gate, other, x)
            result.backward()
            gradients.append(_bits(x.grad))
        assert gradients[0] == gradients[1]


def _formula(rng: np.random.Generator, leaves: list[Tensor], gates: int) -> Tensor:
    """A random graph in which old values are used again and again."""
    values: list[Any] = [*leaves, 0.5, Tensor(1.25, requires_grad=False, name="c")]
    choices: list[Callable[[Any, Any], Any]] = [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * np.tanh(y),
        lambda x, y: np.maximum(x, y),
        lambda x, y: ag.relu(x) + np.stack([y, x]).sum(),
        lambda x, y: np.where(np.tanh(x) > 0, x, y * np.ones(3)).mean(),
    ]
    for _ in range(gates):
        x, y = (values[k] for k in rng.integers(0, len(values), 2))
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            values.append(choices[rng.integers(len(choices))](x, y))
    return np.sum(np.stack([np.tanh(v) for v in values if isinstance(v, Tensor)]))


@pytest.mark.parametrize("seed", range(20))
def test_any_graph_has_the_gradients_of_the_long_way(seed: int) -> None:
    """With create_graph each gate goes through the general pass, so the bits must agree."""
    rng = generator(seed)
    leaves = [Tensor(v) for v in rng.normal(size=4)]
    result = _formula(rng, leaves, 60)
    result.backward()
    short = [x.grad for x in leaves]
    for x in leaves:
        x.zero_grad()
    result.backward(create_graph=True)
    for x, g in zip(leaves, short, strict=True):
        assert (x.grad is None) is (g is None)
        assert g is None or _bits(x.grad.numpy()) == _bits(g)


def test_second_and_third_order() -> None:
    f = lambda x: np.exp(-x * x) * x + 1 / x  # noqa: E731
    second, third = ag.grad(ag.grad(f)), ag.grad(ag.grad(ag.grad(f)))
    x = 0.7
    assert_close(second(x), (4 * x**3 - 6 * x) * np.exp(-x * x) + 2 / x**3)
    exact = (-8 * x**4 + 24 * x**2 - 6) * np.exp(-x * x) - 6 / x**4
    assert_close(third(x), exact)


def test_a_number_in_an_unused_branch_stays_there() -> None:
    x = Tensor(0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (np.maximum(np.log(x), 1.0) + x).backward()
    assert x.grad == 1.0


# --- what is recorded ---------------------------------------------------------------------------


def test_float32_integers_and_arrays_are_recorded_as_ever() -> None:
    x = Tensor(np.float32(0.5))
    y = x * 3.0
    assert type(y.node) is ArrayNode
    y.backward()
    assert x.grad.dtype == np.float32
    z = Tensor(0.5)
    for mixed in (z * np.ones(2), z * x, z + Tensor(3)):
        assert type(mixed.node) is ArrayNode
        mixed.backward(np.ones(mixed.shape))
    assert z.grad == 2.0 + 0.5 + 1.0


def test_a_constant_with_a_name_keeps_it_in_the_graph() -> None:
    c = Tensor(2.0, requires_grad=False, name="c")
    x = Tensor(3.0)
    y = c * x
    assert y.parents[0] is c.node
    y.backward()
    assert x.grad == 2.0


def test_what_rules_need_is_there_and_inner_gradients_can_be_kept() -> None:
    x, y = Tensor(2.0), Tensor(3.0)
    product = (x * y).retain_grad()
    quotient = product / 4.0
    assert sorted(product.node.saved) == [2.0, 3.0]
    assert quotient.node.saved == (4.0,)
    assert (quotient.node.shape, quotient.node.static) == ((), None)
    (quotient * product).backward(retain_grads=True)
    assert product.grad == 3.0
    assert quotient.grad == 6.0


def test_old_values_stay_when_a_handle_moves_on() -> None:
    x, p = Tensor(2.0), Parameter(3.0)
    y = p * x
    p -= 1.0
    y *= p
    y.backward()
    assert x.grad == 3.0 * 2.0


def test_keyword_arguments_are_kept_when_they_were_given() -> None:
    x = Tensor(np.ones((2, 3)))
    assert x.sum().node.static is None
    assert np.sum(x, axis=0).node.static == {"axis": 0}
    assert x.sum(0, keepdims=True).node.static == {"axis": 0, "keepdims": True}
    assert x.reshape(6).node.static == {"shape": 6}
    with pytest.raises(TypeError, match="reshape"):
        ag.reshape(x)


@pytest.mark.parametrize("name", ["node", "tracked", "out_", "x"])
def test_operands_may_have_any_name(name: str) -> None:
    kernel = eval(f"lambda {name}, times=2.0: {name} * times")
    twice = caller(Gate(kernel=kernel, name="twice", vjp=lambda g, times: g * times))
    for value, upstream in ((3.0, None), (np.ones(4), np.ones(4))):
        x = Tensor(value)
        twice(x, times=5.0).backward(upstream)
        np.testing.assert_array_equal(x.grad, 5.0 * np.ones(x.shape))


# --- small things that must not be shared, and memory -------------------------------------------


def test_gradients_of_leaves_have_memory_of_their_own() -> None:
    x, y = Tensor(np.ones(3)), Tensor(np.ones(3))
    upstream = np.ones(3)
    (x + y).backward(upstream)
    x.grad[0] = 7.0
    assert y.grad[0] == upstream[0] == 1.0

    value_and_grads = ag.value_and_grad(lambda x, y: np.sum(x + y), (0, 1, 0))
    first, second, third = value_and_grads(np.ones(3), np.ones(3))[1]
    first[0] = second[1] = 7.0
    np.testing.assert_array_equal(third, np.ones(3))
    np.testing.assert_array_equal(second, [1.0, 7.0, 1.0])
    constant = np.arange(3.0)
    gradient = ag.grad(lambda x: np.sum(x * constant))(np.ones(3))
    gradient[0] = 7.0
    assert constant[0] == 0.0


@pytest.mark.parametrize("x", [-1.0, -0.0, 0.0, 1.0, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("y", [0, 0.0, -0.0, 1, np.nan, np.float64(-1.0), np.inf])
def test_maximum_of_numbers_has_the_bits_of_numpy(x: float, y: float) -> None:
    assert _bits(larger(np.float64(x), y)) == _bits(np.maximum(np.float64(x), y))


@pytest.mark.parametrize("size", [2, 3000, 400_001])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_maximum_has_the_signs_of_zeros_that_numpy_has(size: int, dtype: Any) -> None:
    zeros = np.resize(np.array([0.0, -0.0], dtype), size)
    for number in (0.0, -0.0, 0):
        for f in (lambda x, n=number: np.maximum(n, x), lambda x, n=number: np.maximum(x, n)):
            expected = np.signbit(f(zeros))
            np.testing.assert_array_equal(np.signbit(f(Tensor(zeros)).numpy()), expected)
            np.testing.assert_array_equal(np.signbit(ag.compile(f)(zeros)), expected)


def test_scalar_training_keeps_memory_flat_without_the_collector() -> None:
    weights = [Parameter(v) for v in (0.5, -0.25, 0.125)]

    def step() -> None:
        loss = sum((ag.relu(w * 2.0 + 1.0) - 1.0 / (w + 3.0)) ** 2 for w in weights)
        for w in weights:
            w.zero_grad()
        loss.backward()
        for w in weights:
            w.descend(w.grad, 0.01)

    assert kept_by(step, 300) < 300 * 5


def test_a_gate_of_numbers_takes_few_bytes() -> None:
    gc.collect()
    tracemalloc.start()
    y = Tensor(1.0)
    for _ in range(10_000):
        y = y * 1.0
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / 10_000 <= 250


def test_a_gate_of_numbers_is_one_object_for_the_collector() -> None:
    x = Tensor(0.5)
    y = x * 3.0
    gc.collect()
    gc.disable()
    more = []
    try:
        for _ in range(4):  # the least: other threads of the process make objects as well
            before = len(gc.get_objects())
            for _ in range(100):
                y = y * 0.5 + x
            more.append(len(gc.get_objects()) - before)
    finally:
        gc.enable()
    assert min(more) <= 200 + 5
