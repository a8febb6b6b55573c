"""Random programs that read and write: the gradients are those of `np.where`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag

INDICES: list[Callable[[np.random.Generator, tuple[int, ...]], Any]] = [
    lambda rng, shape: int(rng.integers(-shape[0], shape[0])),
    lambda rng, shape: slice(*sorted(rng.integers(0, shape[0] + 1, size=2).tolist())),
    lambda rng, shape: slice(None, None, -1),
    lambda rng, shape: (..., int(rng.integers(shape[-1]))),
    lambda rng, shape: (slice(None),) * (len(shape) - 1) + (None, slice(1, None)),
    lambda rng, shape: rng.integers(-shape[0], shape[0], size=rng.integers(0, 4)),
    lambda rng, shape: rng.integers(0, shape[0], size=(2, 2)),
    lambda rng, shape: tuple(rng.integers(0, n, size=3) for n in shape),
    lambda rng, shape: tuple(rng.integers(0, n, size=(2, 1)[:k]) for k, n in enumerate(shape, 1)),
    lambda rng, shape: rng.random(shape) < 0.5,
    lambda rng, shape: rng.random(shape[0]) < 0.5,
    lambda rng, shape: (slice(None),) * (len(shape) - 1) + ([0, -1],),
]


def random_program(rng: np.random.Generator) -> Callable[..., Any]:
    """A function that computes, reads and writes; the same on arrays and on tensors."""
    shape = tuple(rng.integers(2, 4, size=rng.integers(1, 4)).tolist())
    steps: list[Callable[[list[Any]], None]] = []
    example = [np.ones(shape) for _ in range(2)]

    def add(step: Callable[[list[Any]], None]) -> None:
        step(example)
        steps.append(step)

    for _ in range(rng.integers(2, 8)):
        i, j = rng.integers(len(example), size=2)
        index = INDICES[rng.integers(len(INDICES))](rng, shape)
        kind = rng.integers(6)
        factor = float(rng.normal())
        if kind == 0:
            add(lambda v, i=i, j=j, f=factor: v.append(np.tanh(v[i] * f) + v[j] * 0.5))
        elif kind == 1:
            add(lambda v, i=i, j=j: v.append(np.copy(v[i]) * v[j]))
        elif kind == 2:  # a number
            add(lambda v, i=i, k=index, f=factor: _write(v, i, k, f))
        elif kind == 3:  # values that were taken there, which fit
            add(lambda v, i=i, j=j, k=index: _write(v, i, k, v[j][k] * 2.0))
        elif kind == 4:  # one that is broadcast
            add(lambda v, i=i, j=j, k=index: _write(v, i, k, np.sum(v[j] * v[j]) * 0.1))
        else:

            def augment(v: list[Any], i: Any = i, j: Any = j, k: Any = index) -> None:
                v[i] = np.copy(v[i])
                v[i][k] = v[i][k] * np.tanh(v[j][k])

            add(augment)

    def run(*inputs: Any) -> Any:
        values = [x * 1.0 for x in inputs]
        for step in steps:
            step(values)
        return sum(np.sum(v * v * (0.5 + k)) for k, v in enumerate(values))

    run.shape = shape  # type: ignore[attr-defined]
    return run


def _write(values: list[Any], which: int, index: Any, value: Any) -> None:
    values[which] = np.copy(values[which])
    values[which][index] = value


@pytest.mark.parametrize("chapter", range(8))
def test_random_programs(chapter: int) -> None:
    """Values are NumPy's; gradients and second derivatives are the numerical ones; compiled too.

    And the source of the compiled program gives the same with NumPy alone.
    """
    rng = generator(chapter)
    for _ in range(10):
        run = random_program(rng)
        inputs = [rng.normal(size=run.shape) for _ in range(2)]  # type: ignore[attr-defined]
        wanted = run(*inputs)
        value, grads = ag.value_and_grad(run, (0, 1))(*inputs)
        assert_close(value, wanted)
        ag.check_gradients(run, *inputs, order=2, rtol=1e-4, atol=1e-5 * max(1, abs(wanted)))
        compiled = ag.compile(ag.value_and_grad(run, (0, 1)))
        for _ in range(3):
            value, grads = ag.value_and_grad(run, (0, 1))(*inputs)
            found, found_grads = compiled(*inputs)
            np.testing.assert_array_equal(found, value)
            for ours, theirs in zip(found_grads, grads, strict=True):
                np.testing.assert_array_equal(ours, theirs)
            inputs = [rng.normal(size=x.shape) for x in inputs]
        assert compiled.why == ["first call"]
        scope: dict[str, Any] = {}
        exec(compiled.source, scope)
        value, grads = compiled(*inputs)
        result, slopes = scope["run"](*inputs, *compiled.constants.values())
        for ours, theirs in zip([result, *slopes], [value, *grads], strict=True):
            assert_close(ours, theirs, rtol=1e-10)
