"""What a training shows: a bar in a terminal, and a line for each epoch."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Progress"]

EVERY = 0.2  # seconds between two looks at the loss


class Progress:
    """Bars, and a line at the end of each epoch, on the standard error stream.

    shown   True: lines, and bars in a terminal where tqdm is installed; None: the same, in a
            terminal alone; False: nothing
    """

    def __init__(self, shown: bool | None, epochs: int):
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self.epochs = epochs
        self.lines = sys.stderr is not None and (terminal if shown is None else shown)
        self._bar = _tqdm() if self.lines and terminal else None

    @contextlib.contextmanager
    def bar(self, epoch: int, total: int | None, done: int) -> Iterator[Any]:
        """A function to be called after each step, with the loss; None if nothing is shown."""
        if self._bar is None:
            yield None
            return
        label = f"epoch {epoch}/{self.epochs}"
        with self._bar(
            total=total, initial=done, desc=label, unit="step", leave=False, file=sys.stderr
        ) as bar:
            looked = 0.0

            def step(loss: float) -> None:
                nonlocal looked
                if (now := time.monotonic()) - looked > EVERY:
                    looked = now
                    bar.set_postfix_str(f"loss {loss:.4g}", refresh=False)
                bar.update()

            yield step

    def line(self, epoch: int, row: Mapping[str, float]) -> None:
        """Tell what came out of an epoch."""
        if self.lines:
            told = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
            self.say(f"epoch {epoch}/{self.epochs}: {told}")

    def say(self, text: str) -> None:
        """A line of its own."""
        if self.lines:
            with contextlib.suppress(OSError, ValueError):  # nobody reads it
                print(text, file=sys.stderr, flush=True)


def _tqdm() -> Any:
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return None
    return tqdm
