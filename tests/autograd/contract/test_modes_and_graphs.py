"""The contract of modes and of the graph: threads, tasks, parents, copies, errors."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import Parameter, ShapeError, Tensor, UnsupportedError, no_grad

# --- modes ------------------------------------------------------------------------------------


def test_no_grad_is_safe_in_threads_and_tasks() -> None:
    seen = {}
    inside, done = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        seen["thread"] = (Tensor(1.0) * 2).requires_grad
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        done.wait()
        assert not (Tensor(1.0) * 2).requires_grad
    thread.join()
    assert seen["thread"]

    async def quiet() -> bool:
        with no_grad():
            await asyncio.sleep(0)
            return (Tensor(1.0) * 2).requires_grad

    async def loud() -> bool:
        await asyncio.sleep(0)
        return (Tensor(1.0) * 2).requires_grad

    async def both() -> list[bool]:
        return await asyncio.gather(quiet(), loud())

    assert asyncio.run(both()) == [False, True]


def test_no_grad_as_a_decorator_and_when_it_raises() -> None:
    @no_grad()
    def f(x: Tensor) -> Tensor:
        return x * 2

    assert not f(Tensor(1.0)).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert ag.is_recording()


def test_threads_backpropagate_through_large_arrays_side_by_side() -> None:
    results: list[tuple[Any, Any]] = []

    def work(seed: int) -> None:
        a = generator(seed).normal(size=(120, 130))
        for _ in range(20):
            x = Tensor(a)
            (ag.relu(x @ a.T) * 2.0).sum().backward()
            expected = 2 * (((a @ a.T) > 0) @ a)
            results.append((x.grad, expected))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 80
    for found, expected in results:
        assert_close(found, expected)


# --- the graph --------------------------------------------------------------------------------


def test_parents_in_order_with_repeats_and_closures() -> None:
    x, y = Tensor(3.0, name="x"), Tensor(4.0, name="y")
    z = x * y
    assert [p.name for p in z.parents] == ["x", "y"]
    assert [c(2.0) for c in z.node.closures] == [8.0, 6.0]
    assert len((x * x).parents) == 2
    assert (x - 1.5).parents[1] == 1.5
    assert x.node.number < y.node.number < z.node.number
    assert z.node.gate.name == "multiply"
    assert "multiply" in repr(z)
    assert x.is_leaf
    assert not z.is_leaf


def test_pickle_and_copies() -> None:
    x = pickle.loads(pickle.dumps(Parameter([1.0, 2.0], name="w")))
    assert isinstance(x, Parameter)
    assert (x.name, x.numpy().tolist(), x.requires_grad) == ("w", [1.0, 2.0], True)
    with pytest.raises(UnsupportedError, match="detach"):
        pickle.dumps(Tensor(1.0) * 2)


def test_errors_read_like_help() -> None:
    with pytest.raises(ShapeError) as raised:
        Tensor(np.ones((100, 784))) @ Tensor(np.ones((50, 784)))
    assert str(raised.value) == (
        "matmul: x is (100, 784) but y is (50, 784); the inner sizes 784 and 50 differ. "
        "Did you mean x @ y.T?"
    )
    with pytest.raises(ShapeError, match="affine"):
        ag.affine(np.ones((5, 3)), Tensor(np.ones((3, 4))), Tensor(np.ones(5)))
    with pytest.raises(ShapeError, match="12 values, which do not fit"):
        Tensor(np.ones((3, 4))).reshape(5, 5)
