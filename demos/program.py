"""What makes a function a program: streams that may close, and errors told in a line.

>>> @program
... def main(arguments=None):
...     raise OSError(28, "No space left on device")
>>> main()
Traceback (most recent call last):
SystemExit: No space left on device
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO, cast

from autograd.draw import DrawError
from nn import FileError
from nn.plots import PlotError

__all__ = ["program"]

Main = Callable[[Sequence[str] | None], None]
EXPECTED = (OSError, MemoryError, FileError, DrawError, PlotError)  # not faults of the program
INTERRUPTED = 130  # the exit code of a program that was ended by Ctrl-C


def program(main: Main) -> Callable[..., None]:
    """Let a demo's main end as a program should: with a line and an exit code, not a traceback.

    A reader of the output who has gone, as in `| head -1`, or a closed stream does not end the
    work, nor does a sign that the terminal does not have: a question mark stands for it. What
    keeps the work from being done (a full disk, say) is told in a line, with exit code 1.
    """

    @functools.wraps(main)
    def run(arguments: Sequence[str] | None = None) -> None:
        with _streams() as (out, _):
            try:
                main(arguments)
            except EXPECTED as error:
                raise SystemExit(_told(error)) from None
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
                raise SystemExit(INTERRUPTED) from None
        if out.problem is not None and not isinstance(out.problem, BrokenPipeError):
            raise SystemExit(f"standard output was cut off: {_told(out.problem)}")

    return run


def _told(error: BaseException) -> str:
    """An error in one line."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error) or type(error).__name__


class _Stream:
    """A standard stream: where it cannot be written to any more, text is dropped."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self.problem: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with self._dropping():
            try:
                self._stream.write(text)
            except UnicodeEncodeError:
                encoding = self._stream.encoding
                self._stream.write(text.encode(encoding, errors="replace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        with self._dropping():
            self._stream.flush()

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        """Note the first error, and let what is still in the stream's buffer go nowhere."""
        try:
            yield
        except OSError as error:
            self.problem = self.problem or error
            with contextlib.suppress(OSError):  # it has no number: it is no file
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, self._stream.fileno())
                os.close(nowhere)


@contextlib.contextmanager
def _streams() -> Iterator[tuple[_Stream, _Stream]]:
    """Standard output and error which stand what may become of them, while the program runs."""
    _occupy()
    with contextlib.ExitStack() as stack:
        nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        out, error = (_Stream(stream or nowhere) for stream in (sys.stdout, sys.stderr))
        stack.enter_context(contextlib.redirect_stdout(cast(TextIO, out)))
        stack.enter_context(contextlib.redirect_stderr(cast(TextIO, error)))
        try:
            yield out, error
        finally:
            out.flush()
            error.flush()


def _occupy() -> None:
    """Take the numbers 0 to 2 where they are free, so that no file that is written gets one.

    They are those of the standard streams, to which libraries write without asking.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
