"""Programs as they are written down, and the passes that shorten them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from compiled import same
from draws import generator

import autograd as ag
from autograd import Tensor

rng = generator(7)


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
    assert out[0][0] == a != b == out[1][0]
    assert np.signbit(out[3][0])
    assert not np.signbit(out[2][0])


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

        def f(x: Any, y: Any, seed: int = seed) -> Any:
            choose, pool = generator(seed), [x, y]
            for _ in range(25):
                a, b = (pool[k] for k in choose.integers(len(pool), size=2))
                pool.append(MAKERS[choose.integers(len(MAKERS))](a, b))
            return sum(pool[2:], start=pool[0]), pool[7], np.sum(pool[-1])

        compiled = ag.compile(f)
        a = [rng.normal(size=(6, 6)) for _ in range(2)]
        compiled(*a)
        for _ in range(2):
            a = [rng.normal(size=(6, 6)) for _ in range(2)]
            for x, wanted in zip(compiled(*a), f(*map(ag.Tensor, a)), strict=True):
                same(x, wanted)


@pytest.mark.parametrize("f", [lambda x: np.maximum(x, 0), lambda x: np.maximum(0, x)])
def test_what_is_quicker_with_two_arrays_gets_two_where_they_are_large(f: Any) -> None:
    x = rng.normal(size=(300, 4))
    for values, number in ((x, False), (x[:2], True)):
        compiled = ag.compile(f)
        compiled(values)
        same(compiled(-values), f(-values))
        (equation,) = compiled.program.equations
        assert (0 in equation.args) is number
