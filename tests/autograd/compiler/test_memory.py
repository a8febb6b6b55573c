"""Memory of compiled functions: nothing stays, nothing is shared by calls or by threads."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
from compiled import same, trainer
from draws import generator, seeded

import autograd as ag
import nn

rng = generator(7)


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
