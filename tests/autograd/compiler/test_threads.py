"""Threads beside a trace, and in the same program: each sees what it would see alone."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
import nn
from autograd.compiler import turns
from autograd.draw import draw

X = generator(3).normal(size=(20, 2))
LABELS = generator(4).integers(3, size=20)


def beside(*work: Callable[[], Any]) -> list[Any]:
    """What functions give, each in a thread of its own, begun at the same moment."""
    start = threading.Barrier(len(work))
    found: list[Any] = [None] * len(work)

    def run(k: int) -> None:
        start.wait()
        try:
            found[k] = work[k]()
        except BaseException as error:
            found[k] = error

    threads = [threading.Thread(target=run, args=(k,), daemon=True) for k in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    for x in found:
        if isinstance(x, BaseException):
            raise x
    return found


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def _net(depth: int) -> nn.Sequential:
    hidden = [layer for k in range(depth) for layer in (nn.Linear(2 if not k else 5, 5), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(5, 3), seed=depth)


def _step(net: nn.Sequential) -> Callable[..., Any]:
    def step(x: Any, y: Any) -> Any:
        net.zero_grad()
        loss = nn.softmax_cross_entropy(net(x), y)
        loss.backward()
        for p in net.parameters():
            p.data = p.data - 0.1 * p.grad
        return loss

    return step


def test_threads_that_train_nets_of_their_own_give_the_bits_of_eager() -> None:
    def train(depth: int, compiler: Callable[[Any], Any]) -> list[bytes]:
        for _ in range(3):  # traced three times
            net = _net(depth)
            step = compiler(_step(net))
            for _ in range(8):
                step(X, LABELS)
        return [p.numpy().tobytes() for p in net.parameters()]

    wanted = [train(depth, lambda f: f) for depth in range(1, 5)]
    assert beside(*[lambda d=d: train(d, ag.compile) for d in range(1, 5)]) == wanted


def test_eager_code_beside_traces_of_the_same_net() -> None:
    net, done = _net(2), threading.Event()
    wanted = net(X).numpy().tobytes()

    def trace() -> None:
        try:
            for _ in range(10):
                ag.compile(lambda x: ag.value_and_grad(lambda x: net(x).sum())(x))(X)
        finally:
            done.set()

    def eager() -> set[bytes]:
        seen = {wanted}
        while not done.is_set():
            seen.add(net(X).numpy().tobytes())
        return seen

    assert beside(trace, eager, eager)[1:] == [{wanted}, {wanted}]


def _in_another_thread(function: Callable[[], Any]) -> Any:
    return beside(function)[0]


def _inside_of_a_step(look: Callable[[ag.Parameter], Any]) -> tuple[ag.Parameter, Any]:
    """What another thread finds in the midst of a trace that has changed a parameter."""
    p = ag.Parameter(np.array([1.0, 2.0]), name="p")
    p.grad = np.array([3.0, 4.0])
    found: list[Any] = []

    def step(x: Any) -> Any:
        (p * x).sum().backward()
        p.data = p.data - p.grad
        found.append(_in_another_thread(lambda: look(p)))
        return p * x

    ag.compile(step)(np.ones(2))
    return p, found[0]


@pytest.mark.parametrize(
    ("look", "wanted"),
    [
        (lambda p: p.numpy().tolist(), [1.0, 2.0]),
        (lambda p: p.data.tolist(), [1.0, 2.0]),
        (lambda p: (p * p).numpy().tolist(), [1.0, 4.0]),
        (lambda p: np.exp(p).sum().item(), np.exp([1.0, 2.0]).sum()),
        (lambda p: p[0].item(), 1.0),
        (lambda p: p.detach().numpy().tolist(), [1.0, 2.0]),
        (lambda p: ag.grad(lambda x: (x * p).sum())(np.ones(2)).numpy().tolist(), [1.0, 2.0]),
        (lambda p: p.grad.tolist(), [3.0, 4.0]),
        (repr, "Parameter([1., 2.], requires_grad=True, name='p')"),
        (lambda p: (p.is_leaf, p.requires_grad, p.name), (True, True, "p")),
        (lambda p: 2.0 in p, True),
        (lambda p: "1." in draw((p * p).sum(), names={"p": p}).text, True),
    ],
)
def test_another_thread_sees_what_was_there_before_the_call(
    look: Callable[[ag.Parameter], Any], wanted: Any
) -> None:
    p, found = _inside_of_a_step(look)
    assert found == wanted
    assert p.numpy().tolist() == [-3.0, -3.0]
    assert p.grad.tolist() == [4.0, 5.0]


def test_what_another_thread_writes_to_what_is_only_read_stays() -> None:
    p, q = ag.Parameter(np.ones(2)), ag.Parameter(np.ones(2))

    def write() -> None:
        p.data -= 3.0
        q.grad = np.full(2, 7.0)

    @ag.compile
    def step(x: Any) -> Any:
        y = p * x + q
        if not step.entries:
            _in_another_thread(write)
        return y

    assert step(np.ones(2)).numpy().tolist() == [2.0, 2.0]
    assert p.numpy().tolist() == [-2.0, -2.0]
    assert q.grad.tolist() == [7.0, 7.0]
    assert step(np.ones(2)).numpy().tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("what", ["values", "a gradient"])
def test_what_two_write_at_once_is_an_error_and_changes_nothing(what: str) -> None:
    p, q = ag.Parameter(np.ones(2), name="p"), ag.Parameter(np.ones(2))

    def write() -> None:
        if what == "values":
            p.data -= 3.0
        else:
            p.grad = np.full(2, 7.0)

    def step(x: Any) -> Any:
        (p * x).sum().backward()
        q.data = q.data + 1.0
        p.data = p.data - p.grad
        _in_another_thread(write)
        return p

    with pytest.raises(ag.errors.TraceError, match="was changed by somebody else"):
        ag.compile(step)(np.ones(2))
    assert q.numpy().tolist() == [1.0, 1.0]
    assert p.numpy().tolist() == ([-2.0, -2.0] if what == "values" else [1.0, 1.0])
    assert (None if what == "values" else [7.0, 7.0]) == (
        p.grad if p.grad is None else p.grad.tolist()
    )


def test_threads_that_call_first_at_the_same_moment_trace_once() -> None:
    def function(x: Any) -> Any:
        for _ in range(20):
            x = np.tanh(x) + 0.1
        return x

    compiled = ag.compile(function)
    xs = [np.full(3, k / 10) for k in range(16)]
    found = beside(*[lambda x=x: compiled(x).tobytes() for x in xs])
    assert len(compiled.why) == 1
    assert found == [ag.compile(function)(x).tobytes() for x in xs]


def test_a_traced_function_may_wait_for_another_thread_that_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.2)

    def other() -> Any:
        return ag.compile(lambda x: x * 2)(np.ones(2))

    waits = ag.compile(lambda x: x + _in_another_thread(other))
    assert np.asarray(waits(np.ones(2))).tolist() == [3.0, 3.0]


def test_a_function_given_to_fresh_may_wait_for_another_thread_that_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 1e9)

    def other() -> Any:
        return ag.compile(lambda x: x * 2)(np.ones(2))

    waits = ag.compile(lambda x: x + ag.fresh(_in_another_thread, other))
    for _ in range(2):
        assert np.asarray(waits(np.ones(2))).tolist() == [3.0, 3.0]


def test_nor_do_two_programs_wait_for_each_other_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.2)
    meet = threading.Barrier(2, timeout=100)
    nested = threading.local()

    def call(other: str) -> Any:
        if getattr(nested, "on", False):
            return np.zeros(2)
        nested.on = True
        meet.wait()  # each is in its program now
        found = np.asarray(programs[other](np.ones(2)))
        meet.wait()
        nested.on = False
        return found

    programs = {
        "a": ag.compile(lambda x: x * 2 + ag.fresh(call, "b")),
        "b": ag.compile(lambda x: x * 3 + ag.fresh(call, "a")),
    }

    def run(name: str) -> list[list[float]]:
        return [np.asarray(programs[name](np.ones(2))).tolist() for _ in range(2)]

    assert beside(lambda: run("a"), lambda: run("b")) == [[[5.0, 5.0]] * 2] * 2


FORK = """
    import gc, os, threading, time
    import numpy as np
    import autograd as ag

    tracing, running, go = threading.Event(), threading.Event(), threading.Event()

    def slow(x):
        tracing.set()
        go.wait()
        return np.sum(x * x)

    def draw():
        if tracing.is_set():
            running.set()
            go.wait()
        return np.zeros(3)

    with_fresh = ag.compile(lambda x: x + ag.fresh(draw))
    plain = ag.compile(lambda x: np.exp(x) * 2)
    for f in (with_fresh, plain):
        f(np.ones(3))
    work = [lambda: ag.compile(slow)(np.ones(3)), lambda: with_fresh(np.ones(3))]
    threads = [threading.Thread(target=w) for w in work]
    threads[0].start(); tracing.wait(); threads[1].start(); running.wait()
    lock = next(iter(plain.entries.values()))[0]._arrays().scope["buffers"].lock
    holds = threading.Thread(target=lambda: lock.acquire() and go.wait())
    holds.start()
    time.sleep(0.01)
    pid = os.fork()
    if not pid:
        go.set()
        traced = ag.compile(lambda x: x * 3)
        found = [traced(np.ones(3)), with_fresh(np.ones(3)), plain(np.zeros(3))]
        right = [np.asarray(x).tolist() for x in found] == [[3.0] * 3, [1.0] * 3, [2.0] * 3]
        os._exit(0 if right and gc.isenabled() else 1)
    ended = os.waitpid(pid, 0)[1]
    go.set()
    for thread in threads:
        thread.join()
    assert ended == 0 and gc.isenabled(), ended
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_in_the_midst_of_traces_and_programs_of_other_threads() -> None:
    code = textwrap.dedent(FORK)
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=100)


def test_a_thread_that_waits_for_its_turn_can_be_interrupted() -> None:
    tracing, begun, go, ended = (threading.Event() for _ in range(4))

    def slow(x: Any) -> Any:
        tracing.set()
        go.wait(100)
        return x * 2

    def wait() -> None:
        try:
            begun.set()
            ag.compile(lambda x: x * 3)(np.ones(2))
        except InterruptedError:
            ended.set()

    first = threading.Thread(target=lambda: ag.compile(slow)(np.ones(2)), daemon=True)
    first.start()
    tracing.wait(100)
    second = threading.Thread(target=wait, daemon=True)
    second.start()
    begun.wait(100)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(second.ident or 0), ctypes.py_object(InterruptedError)
    )
    assert ended.wait(100)
    go.set()
    first.join(100)
    second.join(100)
    assert ag.compile(lambda x: x * 3)(np.ones(2)).tolist() == [3.0, 3.0]
