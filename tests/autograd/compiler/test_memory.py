"""Memory of compiled functions: nothing stays, nothing is shared by calls or by threads."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest
from compiled import same, trainer
from draws import generator, seeded
from memory import peak_of_a_call

import autograd as ag
import nn
from autograd.compiler.memory import plan
from autograd.compiler.program import Equation, Output, Program, Variable
from autograd.compiler.types import packed
from autograd.compiler.verify import verify_memory

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


def test_a_step_allocates_nothing_after_the_first_calls() -> None:
    X, y = nn.spiral(1000, 3, seed=seeded(0))
    _, step = trainer()
    working_space = 200_000  # that of NumPy, for 8192 elements at a time, and chosen elements
    compiled = ag.compile(step)
    assert peak_of_a_call(compiled, X, y) < working_space
    assert compiled.memory().values > 10 * working_space


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


def test_what_an_update_subtracts_takes_no_memory_of_its_own() -> None:
    w, x = ag.Parameter(rng.normal(size=(50, 40))), rng.normal(size=50)

    def step(x: Any) -> None:
        w.zero_grad()
        np.sum(np.tanh(x @ w)).backward()
        w.descend(w.grad, 0.5)

    compiled = ag.compile(step)
    start, ends = w.numpy(), []
    for run in step, compiled:
        w.data = start
        for _ in range(4):
            run(x)
        ends.append(w.numpy())
    same(*ends)
    assert 0 < max(compiled.memory().blocks) < w.data.nbytes


def test_memory_that_is_written_over_too_early_is_found() -> None:
    W, dW, lr, step, new = (Variable(k, packed((3, 4), np.float64)) for k in range(5))
    first = Equation(step, np.multiply, (lr, dW))
    second = Equation(new, np.subtract, (W, step))
    program = Program([], [first, second], [Output(new, "result", 0)])
    memory = plan(program)
    assert memory.early == {step: new}
    verify_memory(program, memory)
    memory.early[dW] = new
    late = Equation(new, np.subtract, (dW, step))
    with pytest.raises(ag.TraceError, match="written over"):
        verify_memory(program.with_equations([first, late]), memory)


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
