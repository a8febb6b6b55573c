"""Compiled gates give the same bits as eager: at other inputs, twice derived, in large arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled import same
from draws import generator
from gate_cases import CASES, Case, value_and_all_grads

import autograd as ag
from autograd.compiler.blocks import Loop, halves, sum_of_halves

rng = generator(7)


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
