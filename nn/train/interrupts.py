"""Ctrl-C and SIGTERM wait until a step of training is over."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """While its block runs, signals that end a program are noted, and delivered by `check()`.

    A second signal is delivered at once, in case that something hangs; `insisted` tells it.
    SIGTERM becomes SystemExit, which lets files and bars be closed, unless the program handles it
    itself. Signals come to the main thread alone: in others nothing waits.
    """

    def __init__(self) -> None:
        self.insisted = False
        self._pending: int | None = None
        self._at_once = False
        self._handlers: dict[int, Any] = {}  # as they were before

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if handler is not None and handler is not signal.SIG_IGN:
                    self._handlers[number] = handler
                    signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in reversed(self._handlers.items()):  # Ctrl-C last: it may raise
            signal.signal(number, handler)
        if self._pending is not None:
            signal.raise_signal(self._pending)

    def check(self) -> None:
        """Deliver a signal that has come: this is a good moment. May raise KeyboardInterrupt."""
        if self._pending is not None:
            number, self._pending = self._pending, None
            self._deliver(number, None)

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """Signals are delivered at once in this block, which leaves nothing half done."""
        self.check()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False

    def _came(self, number: int, frame: Any) -> None:
        if self._at_once:
            self._deliver(number, frame)
        elif self._pending is None:
            self._pending = number
        else:
            self.insisted, self._pending = True, None
            self._deliver(number, frame)

    def _deliver(self, number: int, frame: Any) -> None:
        handler = self._handlers[number]
        if callable(handler):
            handler(number, frame)
        elif number == signal.SIGINT:
            raise KeyboardInterrupt
        else:
            raise SystemExit(128 + number)
