"""The store of programs is bounded, and so is all that a compiled function keeps."""

from __future__ import annotations

import gc
import threading
import tracemalloc
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from compiled import trainer
from draws import seeded

import autograd as ag
import nn
from autograd.compiler import entries, results, store, turns
from autograd.errors import TraceError


def kept(compiled: Any) -> list[Any]:
    """All programs that a compiled function has."""
    return [entry for entries in compiled.entries.values() for entry in entries]


def test_the_programs_that_were_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PROGRAMS", 10)
    f = ag.compile(lambda x: np.tanh(x) * 2)
    for n in range(1, 31):
        assert np.array_equal(f(np.ones(n)), np.tanh(np.ones(n)) * 2)
        f(np.ones(1))
    assert len(kept(f)) == 10
    sizes = {entry.program.inputs[0].variable.shape[0] for entry in kept(f)}
    assert sizes == {1, *range(22, 31)}
    assert len(f.why) == 30  # those that were used are not traced again
    assert "the program used longest ago let go, 10 are kept" in f.why[-1]
    assert "let go" not in f.why[9]


def test_they_are_bounded_in_bytes_as_well_but_not_to_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "NBYTES", 40 * 8000)
    f = ag.compile(lambda x: np.sum(np.tanh(x) * x))
    for n in range(1000, 1030):
        f(np.ones(n))
    assert store.FEWEST < len(kept(f)) < 30
    g = ag.compile(lambda x: np.sum(np.tanh(x) * x))
    for n in range(100_000, 100_030):
        g(np.ones(n))
    assert len(kept(g)) == store.FEWEST
    traced = len(g.why)
    for _ in range(3):  # epochs of a few large batches, and a last one that is smaller
        for n in (100_029, 100_028, 100_027):
            g(np.ones(n))
    assert len(g.why) == traced


def test_the_memory_of_many_shapes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PROGRAMS", 20)
    monkeypatch.setattr(store, "SAID", 30)
    monkeypatch.setattr(results, "MOST", 30)  # of types that rules remember, for everybody
    f = ag.compile(lambda x: np.sum(x * x + 1))
    held = []
    for n in range(400):
        if n == 100:
            tracemalloc.start()
        f(np.ones((n % 37 + 1, n % 29 + 1)))
        if n in (200, 300, 399):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[-1] < 1.2 * held[0]
    assert len(f.why) == 30
    assert f.why[0] == "first call"


def test_results_that_are_let_go_give_back_their_memory() -> None:
    f = ag.compile(lambda x: np.tanh(x) * x)
    x = np.ones(10_000)
    f(x)
    tracemalloc.start()
    try:
        given = [f(x) for _ in range(200)]
        assert tracemalloc.get_traced_memory()[0] > 190 * x.nbytes
        del given
        assert tracemalloc.get_traced_memory()[0] < 6 * x.nbytes
    finally:
        tracemalloc.stop()


def test_results_that_are_kept_stay_as_they_are() -> None:
    f = ag.compile(lambda x: (x + 1, x * 2))
    given = [f(np.full(5000, float(k))) for k in range(50)]
    for k, (a, b) in enumerate(given):
        assert (a == k + 1).all()
        assert (b == 2 * k).all()


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _long(x: Any) -> Any:
    for _ in range(400):  # more than one function of Python is written for
        x = x * 1.01 + 0.1
    return x


@pytest.mark.parametrize(
    ("function", "argument"),
    [(lambda x: x * 2 + 1, 2.0), (_long, 2.0), (ag.grad(lambda x: np.sum(x**2)), np.ones(3)),
     (lambda x: x + ag.fresh(np.ones, 3), np.ones(3))],
)  # fmt: skip
def test_a_compiled_function_that_is_let_go_frees_its_programs(
    function: Callable[..., Any], argument: Any
) -> None:
    with _no_collector():
        f = ag.compile(function)
        f(argument)
        f(argument)
        held = [weakref.ref(x) for entry in kept(f) for x in (entry, entry.program, entry.traced)]
        del f
        assert [ref() for ref in held] == [None] * 3


def test_so_does_a_training_step() -> None:
    X, y = nn.spiral(20, 3, seed=seeded(0))
    with _no_collector():
        _, step = trainer()
        f = ag.compile(step)
        f(X, y)
        held = [weakref.ref(x) for entry in kept(f) for x in (entry, entry.program)]
        del f
        assert [ref() for ref in held] == [None] * 2


# --- an int that changes at each call ------------------------------------------------------------


def _bias_corrected(m: Any, t: Any) -> Any:
    return m / (1 - 0.9**t)


def test_an_int_that_changes_at_each_call_is_said_once() -> None:
    f = ag.compile(_bias_corrected)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for t in range(1, 20):
            f(np.ones(3), t)
    assert len(said) == 1
    assert said[0].filename == __file__
    assert said[0].category is RuntimeWarning
    assert "t is an int" in str(said[0].message)
    assert "(1, 2, 3, 4, 5); pass what changes" in f.why[store.TRACES - 1]


@pytest.mark.parametrize("remedy", [float, np.int64, np.array])
def test_its_remedies_are_remedies(remedy: Any) -> None:
    f = ag.compile(_bias_corrected)
    for t in range(1, 20):
        got = f(np.full(3, 0.5), remedy(t))
        assert got.tobytes() == np.asarray(_bias_corrected(np.full(3, 0.5), remedy(t))).tobytes()
    assert len(f.why) == 1


def test_ints_that_differ_for_other_reasons_are_nothing_to_warn_of() -> None:
    f = ag.compile(lambda x, n: x * n)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(20):
            f(np.ones(k + 1), k)  # new shapes, too
        for _ in range(5):
            for n in range(4):  # as many as there are
                f(np.ones(3), n)
        for flag in (True, False):
            f(np.ones(3), flag)


# --- functions given to fresh, while the function around is traced -------------------------------


def _looks(p: ag.Parameter) -> Callable[[Any], Any]:
    def step(x: Any) -> Any:
        p.data = p.data + x
        return ag.fresh(lambda: p.numpy() * 1.0) + x

    return step


def _looks_at_a_gradient(p: ag.Parameter) -> Callable[[Any], Any]:
    def step(x: Any) -> Any:
        p.zero_grad()
        (p * x).sum().backward()
        return ag.fresh(lambda: p.grad * 1.0) + x

    return step


def _looks_in_a_program(p: ag.Parameter) -> Callable[[Any], Any]:
    inner = ag.compile(lambda: p * 1.0)
    inner()

    def step(x: Any) -> Any:
        p.data = p.data + x
        return ag.fresh(lambda: inner().numpy()) + x

    return step


def _writes_before(p: ag.Parameter) -> Callable[[Any], Any]:
    def write() -> Any:
        p.data = p.data * 2
        return np.zeros(2)

    return lambda x: ag.fresh(write) + p.data + x


def _writes_in_the_midst(p: ag.Parameter) -> Callable[[Any], Any]:
    def write() -> Any:
        p.data -= 2.0
        return np.zeros(2)

    def step(x: Any) -> Any:
        a = p * x
        return ag.fresh(write) + a + p

    return step


@pytest.mark.parametrize(
    "made",
    [_looks, _looks_at_a_gradient, _looks_in_a_program, _writes_before, _writes_in_the_midst],
)
def test_what_they_share_with_the_function_in_another_order_is_refused(made: Any) -> None:
    p = ag.Parameter(np.ones(2), name="p")
    with pytest.raises(TraceError, match=r"a function given to fresh (looks at|changes)"):
        ag.compile(made(p))(np.ones(2))


def test_what_is_as_it_was_may_be_looked_at() -> None:
    p, q = ag.Parameter(np.ones(2)), ag.Parameter(np.ones(2))

    def draw() -> Any:
        q.data = q.data + 1.0  # nobody else reads it
        return (p * q).numpy()

    def step(x: Any) -> Any:
        y = p * x + ag.fresh(draw)
        p.data = p.data * 0.5
        return y

    compiled = ag.compile(step)
    found = [compiled(np.ones(2)).numpy().tolist() for _ in range(4)]
    p.data, q.data = np.ones(2), np.ones(2)
    assert found == [step(np.ones(2)).numpy().tolist() for _ in range(4)]


@pytest.mark.parametrize("x", [np.ones(3), 2.0], ids=["array", "number"])
def test_what_runs_a_program_is_made_at_the_second_call(
    x: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for name in ("Runner", "FloatRunner", "caller"):
        make = getattr(entries, name)
        monkeypatch.setattr(
            entries,
            name,
            lambda *args, make=make, name=name, **options: (
                made.append(name) or make(*args, **options)
            ),
        )
    step = ag.compile(lambda x: x * 2)
    step(x)
    assert made == []
    step(x)
    runner = "Runner" if isinstance(x, np.ndarray) else "FloatRunner"
    assert made == [runner, "caller"]
    step(x)
    assert len(made) == 2


def test_threads_that_ask_at_the_same_time_get_the_same() -> None:
    start = threading.Barrier(2)

    def make() -> object:
        start.wait(5)
        return object()

    once = turns.Once(make)
    given: list[object] = []
    threads = [threading.Thread(target=lambda: given.append(once())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given[0] is given[1] is once()
