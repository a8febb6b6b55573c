"""Turns: threads trace one after the other.

A trace keeps what it does to itself (see trace.py), so two at once would be right as well. But
they take the interpreter from each other, threads that call one function for the first time would
all trace it, and what the function changes in the user's objects is told from what it does itself
only if nobody else traces. So there is one lock for all traces. Nobody waits for ever:

- a thread that waits can be interrupted, and after `PATIENCE` seconds traces beside the other one,
  which perhaps waits for it;
- while a function that was given to `fresh` runs, the turn is another's;
- in the child of a fork the turn is free, unless it is the forking thread's own.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

__all__ = ["PAUSED_COLLECTOR", "TURN", "Turn"]

PATIENCE = 10.0  # seconds
LOOK = 0.05  # seconds after which a thread that waits can be interrupted


class Turn:
    """What a thread has while it traces; it may take it again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._after_fork)

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

    def _after_fork(self) -> None:
        """The other threads are gone, and what they held would be held for ever."""
        mine = self.is_mine
        if not mine:
            self._lock = threading.RLock()
        PAUSED_COLLECTOR.after_fork(int(mine))


class _PausedCollector:
    """Python's search for reference cycles waits: the many objects of a program all stay, and
    to go through them again and again takes a third of the time."""

    def __init__(self) -> None:
        self._inside = 0
        self._enabled = False
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._enabled = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._enabled:
                gc.enable()

    def after_fork(self, inside: int) -> None:
        """So many of those inside are still there."""
        self._lock = threading.Lock()
        if self._inside and not inside and self._enabled:
            gc.enable()
        self._inside = inside


PAUSED_COLLECTOR = _PausedCollector()
TURN = Turn()
