"""Interrupts in the midst of a compiled training step, threads, re-entrance, and many shapes.

After an exception every parameter, and every gradient, is as it was before the call, or all are as
after it; and training goes on with the bits of a run that nobody disturbed.

    python -m tests.autograd.compiler.interrupts 5000
    python -m tests.autograd.compiler.interrupts 200 --way signal --backend numba
"""

from __future__ import annotations

import argparse
import contextlib
import contextvars
import ctypes
import functools
import gc
import inspect
import itertools
import multiprocessing
import signal
import sys
import threading
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
import nn

HERE = Path(__file__).parent
COMPILER = str(Path(ag.__file__).parent)
X = np.random.default_rng(0).normal(size=(40, 2))
LABELS = np.random.default_rng(1).integers(3, size=40)


def _half() -> ag.Parameter:
    return ag.Parameter(np.array([0.5]), False)


class Trainer:
    """A net that is trained with momentum, so that a step writes to many parameters."""

    def __init__(
        self,
        compiler: Callable[[Any], Any],
        draw: Callable[[], Any] | None = None,
        outside: ag.Parameter | None = None,
    ):
        self.net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3), seed=0)
        self.speeds = [ag.Parameter(np.zeros(p.shape), False) for p in self.net.parameters()]
        self.draw = draw or (lambda: np.ones((40, 1)))
        self.outside = outside if outside is not None else _half()  # perhaps of other threads too
        self.step = compiler(self._step)
        self.context = contextvars.copy_context()

    def _step(self, x: Any, y: Any) -> Any:
        self.net.zero_grad()
        scores = self.net(x) * ag.fresh(self._drawn) * (self.outside * 2)
        loss = nn.softmax_cross_entropy(scores, y)
        loss.backward()
        for p, v in zip(self.net.parameters(), self.speeds, strict=True):
            v.data = 0.9 * v.data - 0.1 * p.grad
            p.data = p.data + v.data
        return loss

    def _drawn(self) -> Any:
        return self.draw()

    def take_over(self, other: Trainer) -> None:
        """Go on from where another one is."""
        ours = [*self.net.parameters(), *self.speeds]
        theirs = [*other.net.parameters(), *other.speeds]
        for p, q in zip(ours, theirs, strict=True):
            p.data = q.numpy().copy()
            if q.grad is not None:
                p.grad = q.grad.copy()

    def run(self) -> None:
        """One step, in a context that other trainers do not share."""
        self.context.run(self.step, X, LABELS)

    def state(self) -> list[bytes]:
        """Everything that a step writes to, in bits."""
        ps = self.net.parameters()
        reads = [(lambda p=p: p.numpy()) for p in [*ps, *self.speeds]]
        return [_read(look) for look in [*reads, *((lambda p=p: p.grad) for p in ps)]]


def _read(look: Callable[[], Any]) -> bytes:
    try:
        x = look()
        return b"" if x is None else x.tobytes()
    except Exception as error:  # a stand-in that was left behind
        return f"cannot be read: {type(error).__name__}".encode()


class Undisturbed:
    """The states of a run without interrupts, step after step, computed as they are asked for."""

    def __init__(self, compiler: Callable[[Any], Any]):
        self.trainer = Trainer(compiler)
        self.states = [self.trainer.state()]

    def __getitem__(self, steps: int) -> list[bytes]:
        while len(self.states) <= steps:
            self.trainer.run()
            self.states.append(self.trainer.state())
            if len(self.states) > 8:
                self.states[len(self.states) - 8] = []  # nobody asks so far back
        return self.states[steps]


# --- three ways to interrupt ---------------------------------------------------------------------


class Interrupt(Exception):  # noqa: N818 (as KeyboardInterrupt)
    """Raised on purpose."""


@contextlib.contextmanager
def by_signal(delay: float) -> Iterator[None]:
    """As Ctrl-C does: a signal after so many seconds. Of the main thread alone."""

    def handler(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, delay)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def by_another_thread(delay: float) -> Iterator[None]:
    """Another thread raises an exception in this one after so many seconds."""
    me, lock = threading.get_ident(), threading.Lock()
    done = sent = arrived = False

    def raise_there() -> None:
        nonlocal sent
        end = time.perf_counter() + delay
        while time.perf_counter() < end:
            time.sleep(0)
        with lock:
            if not done:
                sent = True
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(me), ctypes.py_object(Interrupt)
                )

    other = threading.Thread(target=raise_there)
    other.start()
    try:
        yield
    except Interrupt:
        arrived = True
        raise
    finally:
        with contextlib.suppress(Interrupt):
            with lock:
                done = True
            other.join()
            waiting = 1_000_000 if sent and not arrived else 0
            for _ in range(waiting):  # what is on its way has to arrive here
                pass


@contextlib.contextmanager
def at_line(number: int) -> Iterator[None]:
    """At the so-manieth line, call or return in code of the package, or of a compiled program."""
    left = itertools.count(number, -1)

    def trace(frame: Any, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith((COMPILER, "<")) or file.startswith("<frozen"):
            return None
        if event == "return" and frame.f_code.co_flags & inspect.CO_GENERATOR:
            return trace  # what is raised while a generator is given up, Python swallows
        if next(left) == 0:
            raise Interrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


class Stuck(Exception):  # noqa: N818
    """A call waits for ever: perhaps for a lock that an interrupt has left locked."""


class Watch:
    """A context manager that raises Stuck in the main thread, where it is, after a few seconds."""

    seconds = 2.0

    def __init__(self) -> None:
        self.end = 0.0
        self.dog: threading.Thread | None = None

    def __enter__(self) -> None:
        if self.dog is None:
            signal.signal(signal.SIGUSR1, self._bite)
            self.dog = threading.Thread(target=self._look, daemon=True)
            self.dog.start()
        self.end = time.monotonic() + self.seconds

    def __exit__(self, *_: object) -> None:
        self.end = 0.0

    def _look(self) -> None:
        while True:
            time.sleep(0.1)
            if 0 < self.end < time.monotonic():
                self.end = 0.0
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

    def _bite(self, *_: object) -> None:
        raise Stuck("a call waits for ever")


WATCH = Watch()


class Tally(NamedTuple):
    """How interrupted steps ended: as before, all updated, not interrupted; and what was wrong."""

    ends: Counter[str]
    wrong: list[str]


def interrupted(
    count: int, way: str, compiler: Callable[[Any], Any] = ag.compile, seed: int = 0
) -> Tally:
    """Train, and interrupt steps at random moments: `line`, `signal` or `thread`."""
    rng = np.random.default_rng(seed)
    wanted, trainer = Undisturbed(compiler), Trainer(compiler)
    trainer.run()
    seconds = min(_seconds_of(trainer.run) for _ in range(4))
    lines = min(_lines_of(trainer.run), _lines_of(trainer.run))
    done, tally = 7, Tally(Counter(), [])
    for k in range(count):
        if way == "line":
            interrupt = at_line(int(rng.integers(lines)))
        else:
            delay = float(rng.uniform(1e-6, 2 * seconds))
            interrupt = by_signal(delay) if way == "signal" else by_another_thread(delay)
        ended, state = _interrupted(trainer, interrupt)
        words = ""
        if state == wanted[done + 1]:
            done += 1
            end = f"{ended}, updated"
        elif state == wanted[done] and ended == "interrupted":
            end = "interrupted, as before"
        else:
            end, words = "half done", _told(state, wanted, done)
        if not words and ended != "finished":
            after, state = _interrupted(trainer, contextlib.nullcontext())
            done += 1
            if (after, state) != ("finished", wanted[done]):
                end, words = "wrong afterwards", f"{after}: {_told(state, wanted, done - 1)}"
        tally.ends[end] += 1
        if words:
            tally.wrong.append(f"interrupt {k} ({ended}), {end}: {words}")
            if sum(map(_is_stuck, tally.wrong[-3:])) == 3:
                tally.wrong.append("no call ends any more")
                return tally
            trainer = Trainer(compiler)  # begin again, from where the undisturbed one is
            done = len(wanted.states) - 1
            trainer.take_over(wanted.trainer)
    return tally


def _seconds_of(call: Callable[[], Any]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before


def _interrupted(trainer: Trainer, interrupt: Any) -> tuple[str, list[bytes]]:
    """How a step ended, and what it left behind."""
    ended = "finished"
    try:
        with WATCH, interrupt:
            trainer.run()
    except (Interrupt, KeyboardInterrupt):
        ended = "interrupted"
    except Exception as error:
        ended = f"{type(error).__name__}: {error}"
    state = trainer.state()
    if not gc.isenabled():
        gc.enable()
        state[0] += b"; the garbage collector is left off"
    return ended, state


def _told(state: list[bytes], wanted: Undisturbed, done: int) -> str:
    """Which parts are old, new, or neither."""
    old, new = wanted[done], wanted[done + 1]
    ends = [
        "same" if a == b == c else "old" if a == b else "new" if a == c else "neither"
        for a, b, c in zip(state, old, new, strict=True)
    ]
    return " ".join(ends)


# --- a first call that is interrupted, and exceptions of the user's ------------------------------


def in_the_first_call(count: int, compiler: Callable[[Any], Any] = ag.compile) -> Tally:
    """Interrupt the call that traces, at a random line; then train."""
    rng, tally = np.random.default_rng(0), Tally(Counter(), [])
    wanted = Undisturbed(compiler)
    lines = _lines_of(lambda: Trainer(compiler).run())
    for k in range(count):
        trainer = Trainer(compiler)
        ended, state = _interrupted(trainer, at_line(int(rng.integers(lines))))
        done = 1 if state == wanted[0] else 2
        try:
            if state not in (wanted[0], wanted[1]):
                raise AssertionError(_told(state, wanted, 0))
            _interrupted(trainer, contextlib.nullcontext())
            if _interrupted(trainer, contextlib.nullcontext()) != ("finished", wanted[done + 1]):
                raise AssertionError("afterwards training goes on with other bits")
            tally.ends[f"{ended}, {'as before' if done == 1 else 'updated'}"] += 1
        except Exception as error:
            tally.ends["half done"] += 1
            tally.wrong.append(f"interrupt {k} ({ended}): {type(error).__name__}: {error}")
            if sum(map(_is_stuck, tally.wrong[-3:])) == 3:
                tally.wrong.append("no call ends any more")
                return tally
    return tally


def _is_stuck(words: str) -> bool:
    return Stuck.__name__ in words


def _lines_of(call: Callable[[], Any]) -> int:
    lines = 0

    def trace(frame: Any, event: str, _: Any) -> Any:
        nonlocal lines
        file = frame.f_code.co_filename
        if not file.startswith((COMPILER, "<")) or file.startswith("<frozen"):
            return None
        lines += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return lines


def in_a_fresh_call(compiler: Callable[[Any], Any] = ag.compile) -> str:
    """What is wrong after the function given to `fresh` raised, at the third call; or nothing."""
    calls, error = itertools.count(1), KeyError("no more data")

    def draw() -> Any:
        if next(calls) == 3:
            raise error
        return np.ones((40, 1))

    wanted, trainer = Undisturbed(compiler), Trainer(compiler, draw)
    trainer.run()
    trainer.run()
    try:
        trainer.run()
    except KeyError as raised:
        if raised is not error:
            return "another exception"
    else:
        return "the exception is swallowed"
    if trainer.state() != wanted[2]:
        return f"half done: {_told(trainer.state(), wanted, 2)}"
    trainer.run()
    return "" if trainer.state() == wanted[3] else "afterwards training goes on with other bits"


def in_a_fresh_call_of_its_own(compiler: Callable[[Any], Any] = ag.compile) -> str:
    """What is wrong when the function given to `fresh` calls the same step, or nothing."""

    def run(change: Callable[[Any], Any]) -> list[Any]:
        inside = [False]

        def draw() -> Any:
            if inside[0]:
                return np.full(3, 2.0)
            inside[0] = True
            try:
                result = step(np.arange(3.0))
            finally:
                inside[0] = False
            return _array(result) * 1.0

        step = change(lambda x: np.exp(x * 0.1) * ag.fresh(draw) + x)
        results = [step(np.array([1.0, 2.0, 3.0]) * k) for k in range(1, 5)]
        return [_bits(r) for r in results]

    try:
        got = run(compiler)
    except ag.AutogradError as error:
        return f"refused: {error}"
    return "" if got == run(lambda f: f) else "other bits"


def _array(x: Any) -> np.ndarray:
    return np.asarray(x.numpy() if isinstance(x, ag.Tensor) else x)


def _bits(x: Any) -> bytes:
    return _array(x).tobytes()


# --- threads -------------------------------------------------------------------------------------


def threads(
    number: int, steps: int = 30, compiler: Callable[[Any], Any] = ag.compile, shared: bool = False
) -> list[str]:
    """What is wrong when so many threads trace and train at once, beside one with eager code.

    Each has a net of its own; `shared`, one compiled function without state that all call first
    at the same moment.
    """
    wrong: list[str] = []
    wanted = Undisturbed(compiler)[steps]
    start, stop = threading.Barrier(number + 1), threading.Event()
    outside = _half()  # a parameter that everybody reads
    function = compiler(lambda x: np.sum(np.tanh(x * x + outside.data)) * x)

    def train(k: int) -> None:
        try:
            start.wait()
            for _ in range(3):
                trainer = Trainer(compiler, outside=outside)
                for _ in range(steps):
                    trainer.run()
                if trainer.state() != wanted:
                    wrong.append(f"thread {k}: other bits")
        except BaseException as error:
            wrong.append(f"thread {k}: {type(error).__name__}: {error}")

    def call(k: int) -> None:
        try:
            start.wait()
            for n in range(steps):
                x = np.arange(1.0, 4 + n % 5) * (k + 1)
                result = np.sum(np.tanh(x * x + 0.5)) * x
                if _bits(function(x)) != _bits(result):
                    wrong.append(f"thread {k}: other bits at call {n}")
        except BaseException as error:
            wrong.append(f"thread {k}: {type(error).__name__}: {error}")

    def eager() -> None:
        """The same parameters, read and differentiated while others trace with them."""
        try:
            start.wait()
            while not stop.is_set():
                x = ag.Tensor(np.arange(3.0))
                y = np.sum(x * x * outside.numpy()[0] + outside.detach()[0] * 0)
                y.backward()
                if x.grad.tobytes() != (2 * np.arange(3.0) * 0.5).tobytes():
                    wrong.append("eager: another gradient")
                    return
        except BaseException as error:
            wrong.append(f"eager: {type(error).__name__}: {error}")

    target = call if shared else train
    work = [threading.Thread(target=target, args=(k,), daemon=True) for k in range(number)]
    beside = threading.Thread(target=eager, daemon=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in [*work, beside]:
            thread.start()
        for thread in work:
            thread.join(120)
            if thread.is_alive():
                wrong.append("a thread waits for ever")
        stop.set()
        beside.join()
    finally:
        sys.setswitchinterval(interval)
    return wrong


# --- shapes --------------------------------------------------------------------------------------


class Grown(NamedTuple):
    """Megabytes that are held after so many shapes, and what the results were."""

    megabytes: list[tuple[int, float]]
    wrong: list[str]


def shapes(number: int, compiler: Callable[[Any], Any] = ag.compile, width: int = 64) -> Grown:
    """Call one function with so many batch sizes, and measure what it keeps."""
    W = ag.Parameter(np.random.default_rng(0).normal(size=(width, width)))

    def step(x: Any) -> Any:
        W.zero_grad()
        loss = np.sum(np.tanh(x @ W) ** 2)
        loss.backward()
        return loss

    compiled = compiler(step)
    grown = Grown([], [])
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        marks = {number // 4, number // 2, 3 * number // 4, number}
        for n in range(1, number + 1):
            x = np.full((n, width), 0.01)
            compiled(x)
            loss, grad = compiled(x), W.grad.copy()
            if n % max(1, number // 16) == 0:
                want = step(x)
                if not np.array_equal(np.asarray(loss.item()), want.item()):
                    grown.wrong.append(f"{n} rows: another loss")
                if not np.array_equal(W.grad, grad):
                    grown.wrong.append(f"{n} rows: another gradient")
            del x, loss, grad
            if n in marks:
                gc.collect()
                held = tracemalloc.get_traced_memory()[0] - before
                grown.megabytes.append((n, held / 1e6))
    finally:
        tracemalloc.stop()
    return grown


def apart(function: Callable[..., Any], *args: Any, seconds: float = 100, **kwargs: Any) -> Any:
    """What a function gives in another process: an interrupt may leave this one in a bad way."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply_async(function, args, kwargs).get(seconds)


def main() -> int:
    """Interrupt, and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--way", choices=["line", "signal", "thread"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--shapes", type=int, default=1000)
    parser.add_argument("--show", type=int, default=3, help="how many faults of a kind to print")
    options = parser.parse_args()
    failed = False

    compiler = functools.partial(ag.compile, backend=options.backend)

    def tell(what: str, ends: Any, wrong: list[str]) -> None:
        nonlocal failed
        failed |= bool(wrong)
        print(f"{what:34} {ends}{'' if wrong else ' right'}", flush=True)
        for words in wrong[: options.show]:
            print(f"    {words}")

    for way in [options.way] if options.way else ["line", "signal", "thread"]:
        ends, wrong = apart(interrupted, options.count, way, compiler, options.seed, seconds=3600)
        tell(f"{options.count} interrupts by {way}", dict(ends), wrong)
    if options.way is None:
        ends, wrong = apart(in_the_first_call, options.count // 10, compiler, seconds=3600)
        tell(f"{options.count // 10} in the first call", dict(ends), wrong)
        for check in (in_a_fresh_call, in_a_fresh_call_of_its_own):
            words = apart(check, compiler)
            tell(check.__name__, "", [words] if words else [])
        for shared in (False, True):
            wrong = apart(threads, options.threads, compiler=compiler, shared=shared)
            kind = "share a function" if shared else "train"
            tell(f"{options.threads} threads {kind}", f"{len(wrong)} faults", wrong)
        megabytes, wrong = shapes(options.shapes, compiler)
        told = ", ".join(f"{n}: {mb:.1f} MB" for n, mb in megabytes)
        tell(f"{options.shapes} shapes", told, wrong)
    return failed


if __name__ == "__main__":
    sys.exit(main())
