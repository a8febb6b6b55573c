"""Turns: threads trace one after the other, and so they run one program.

A trace keeps what it does to itself (see trace.py), so two at once would be right as well. But
they take the interpreter from each other, threads that call one function for the first time would
all trace it, and what the function changes in the user's objects is told from what it does itself
only if nobody else traces. So there is one lock for all traces. Nobody waits for ever:

- a thread that waits can be interrupted, and after `PATIENCE` seconds traces beside the other one,
  which perhaps waits for it;
- while a function that was given to `fresh` runs, the turn is another's;
- in the child of a fork the turn is free, unless it is the forking thread's own.

The buffers of a program are one call's at a time, in the same way.
"""

from __future__ import annotations

import gc
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, Generic, TypeVar

__all__ = ["PAUSED_COLLECTOR", "TURN", "Buffers", "Once", "Turn"]

T = TypeVar("T")

PATIENCE = 10.0  # seconds
LOOK = 0.05  # seconds after which a thread that waits can be interrupted
SHORT = 0.0001


class Turn:
    """What a thread has while it traces; it may take it again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    @property
    def is_mine(self) -> bool:
        """Whether this thread has it."""
        return self._lock._is_owned()  # type: ignore[attr-defined, no-any-return]

    @contextmanager
    def taken(self, nested: bool = False) -> Iterator[None]:
        """In here this thread has the turn; `nested`, it may have had it before."""
        if not nested:
            self._give_back()  # an interrupt may have come in the midst of the lines below
        before = self.is_mine
        try:
            self._wait()
            yield
        finally:
            if not before:
                self._give_back()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """In here others may have it."""
        before = self.is_mine
        self._give_back()
        try:
            yield
        finally:
            if before:
                self._wait()

    def _wait(self) -> None:
        end = monotonic() + PATIENCE
        while not self._lock.acquire(timeout=LOOK) and monotonic() < end:
            pass

    def _give_back(self) -> None:
        while self.is_mine:
            self._lock.release()

    def after_fork(self) -> None:
        """The other threads are gone, and what they held would be held for ever."""
        if not self.is_mine:
            self._lock = threading.RLock()


class _PausedCollector:
    """Python's search for reference cycles waits: the many objects of a program all stay, and
    to go through them again and again takes a third of the time.

    There is no lock that an interrupt could leave closed; who comes in between is slower, at worst.
    """

    def __init__(self) -> None:
        self._inside: set[int] = set()  # threads
        self._enabled = False

    def __enter__(self) -> None:
        if not self._inside:
            self._enabled = gc.isenabled()
        self._inside.add(threading.get_ident())
        gc.disable()

    def __exit__(self, *_: object) -> None:
        self._inside.discard(threading.get_ident())
        if not self._inside and self._enabled:
            gc.enable()

    def after_fork(self) -> None:
        """The other threads are gone."""
        gone = self._inside - {threading.get_ident()}
        self._inside -= gone
        if gone and not self._inside and self._enabled:
            gc.enable()


class Once(Generic[T]):
    """Something that is made when it is asked for: `once()` gives it.

    Threads that ask at the same time may all make one, and get the same: a lock would not be
    worth its dangers, for an interrupt, or a fork, could leave it closed.
    """

    def __init__(self, make: Callable[[], T]):
        self._make = make
        self._made: dict[None, T] = {}

    def __call__(self) -> T:
        return self._made[None] if self._made else self._made.setdefault(None, self._make())


class Buffers:
    """Who uses the buffers of a program: written code has this as `buffers` among its globals.

    A program that calls no function of the user's just waits. If it calls some, which may wait for
    each other, it waits for a while, and then runs without its buffers.
    """

    def __init__(self, calls: bool):
        self._calls, self._owner = calls, 0
        self.lock: Any = threading.Lock() if calls else threading.RLock()
        BUFFERS.add(self)

    def lines(self, body: str) -> str:
        """The body of a function, where `again(arguments)` runs it without the buffers."""
        lock = "buffers.lock"
        test = f"{lock}.locked() and buffers.taken()" if self._calls else f"{lock}._is_owned()"
        first = "buffers.take()\n        " if self._calls else ""
        return f"    if {test}: return again(arguments)\n    with {lock}:\n        {first}{body}\n"

    def take(self) -> None:
        """They are this thread's, which has the lock."""
        self._owner = threading.get_ident()

    def taken(self) -> bool:
        """Whether they are in use by this thread, or for long by another."""
        end = monotonic() + PATIENCE
        while self._owner != threading.get_ident() and monotonic() < end:
            if not self.lock.locked():
                return False
            sleep(SHORT)
        return True

    def after_fork(self) -> None:
        """As of a turn."""
        mine = self._owner == threading.get_ident() if self._calls else self.lock._is_owned()
        if not mine:
            self.lock = threading.Lock() if self._calls else threading.RLock()


BUFFERS: weakref.WeakSet[Buffers] = weakref.WeakSet()
PAUSED_COLLECTOR = _PausedCollector()
TURN = Turn()


def _after_fork() -> None:
    """In the child there is one thread, which has what it had."""
    PAUSED_COLLECTOR.after_fork()
    TURN.after_fork()
    for buffers in list(BUFFERS):
        buffers.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
