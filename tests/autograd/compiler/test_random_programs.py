"""Random programs: compiled they give the bits of eager, at every call, and keep giving them.

They are made of what squeezes, reshapes, indexes and sums small arrays, for a view of memory that
is used again is the likeliest thing to go wrong without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag

Program = list[tuple[Callable[..., Any], tuple[int, ...]]]

SHAPES = [(1,), (1, 1), (3,), (2, 3), (2, 1), (3, 1, 1), ()]
OF_ONE: list[Callable[[Any], Any]] = [
    lambda x: np.exp(0.2 * x),
    np.tanh,
    lambda x: x * 1.5,
    lambda x: 0.5 - x,
    np.abs,
    lambda x: np.maximum(x, 0.1),
    np.sum,
    np.mean,
    np.max,
    ag.logsumexp,
    lambda x: np.sum(x, keepdims=True),
    lambda x: np.sum(x, axis=-1, keepdims=True) if np.ndim(x) else x,
    lambda x: np.sum(x, axis=0) if np.ndim(x) else x,
    np.squeeze,
    np.squeeze,
    lambda x: np.reshape(x, ()) if np.size(x) == 1 else x,
    lambda x: np.reshape(x, ()) if np.size(x) == 1 else x,
    lambda x: np.reshape(x, (1,)) if np.size(x) == 1 else x,
    lambda x: np.reshape(x, -1),
    lambda x: x[..., 0] if np.ndim(x) else x,
    lambda x: x[..., -1:] if np.ndim(x) else x,
    lambda x: x[0] if np.ndim(x) else x,
    lambda x: x[()],
    lambda x: x[None],
    np.transpose,
]
OF_TWO: list[Callable[[Any, Any], Any]] = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    lambda x, y: x / (1.0 + y * y),
    np.maximum,
    lambda x, y: np.where(x > y, x, y * y),
]


def random_program(rng: np.random.Generator, inputs: list[Any]) -> Program:
    """Steps, each a function and the numbers of the values that it reads."""
    values, steps = list(inputs), []
    for _ in range(rng.integers(3, 14)):
        which = rng.integers(len(values), size=2)
        if rng.random() < 0.65:
            function, reads = OF_ONE[rng.integers(len(OF_ONE))], (int(which[0]),)
        else:
            function, reads = OF_TWO[rng.integers(len(OF_TWO))], tuple(map(int, which))
        try:
            value = function(*(values[k] for k in reads))
        except ValueError:  # these shapes do not broadcast
            continue
        if np.size(value) <= 12:
            steps.append((function, reads))
            values.append(value)
    return steps


def runner(steps: Program, returned: list[int]) -> Callable[..., Any]:
    """The program as a function that gives a loss, and some of the values on the way."""

    def run(*inputs: Any) -> Any:
        values = list(inputs)
        for function, reads in steps:
            values.append(function(*(values[k] for k in reads)))
        loss = sum(np.sum(v * (0.3 + 0.1 * k)) for k, v in enumerate(values))
        return loss, *(values[k] for k in returned)

    return run


def results(run: Callable[..., Any], inputs: list[Any]) -> list[Any]:
    """Loss, values on the way, and the gradient of the loss by each input."""
    found = list(run(*inputs))
    found += ag.grad(lambda *a: run(*a)[0], tuple(range(len(inputs))))(*inputs)
    return found


def plain(x: Any) -> np.ndarray:
    return x.numpy() if isinstance(x, ag.Tensor) else np.asarray(x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("chapter", range(10))
def test_random_programs_give_the_bits_of_eager_at_every_call(chapter: int, dtype: Any) -> None:
    rng = generator(chapter)
    for _ in range(12):
        shapes = [SHAPES[k] for k in rng.integers(len(SHAPES), size=rng.integers(1, 4))]

        def drawn(shapes: Any = shapes) -> list[Any]:
            return [np.asarray(rng.normal(size=shape), dtype) for shape in shapes]

        inputs = drawn()
        steps = random_program(rng, inputs)
        count = len(inputs) + len(steps)
        run = runner(steps, [int(k) for k in rng.integers(count, size=2)])
        compiled = ag.compile(lambda *a, run=run: results(run, list(a)))
        before: list[tuple[Any, list[np.ndarray]]] = []
        for _ in range(4):
            wanted = [plain(x) for x in results(run, inputs)]
            found = compiled(*inputs)
            for ours, theirs in zip(found, wanted, strict=True):
                assert plain(ours).dtype == theirs.dtype
                np.testing.assert_array_equal(plain(ours), theirs)
            before.append((found, wanted))
            inputs = drawn()
        for found, wanted in before:  # what was returned stays as it was
            for ours, theirs in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(plain(ours), theirs)
        assert compiled.why == ["first call"]
