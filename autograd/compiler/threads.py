"""Threads: work that is shared out, for programs that were asked to use several."""

from __future__ import annotations

import contextvars
import functools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

__all__ = ["together"]


def together(work: Callable[[int], None], count: int) -> None:
    """Call `work` with 0, 1, … at once, each in a thread; this one takes the last.

    Returns, or raises what one of them raised, when all have come to an end: Ctrl-C too waits for
    that, since they write to memory that the next call uses.
    """
    others: list[Future[None]] = []
    try:
        submit = _pool(count - 1).submit
        for k in range(count - 1):  # how NumPy treats errors goes along
            others += [submit(contextvars.copy_context().run, work, k)]
        work(count - 1)
    finally:
        _wait_for(others)
    for other in others:
        other.result()


def _wait_for(others: list[Future[None]]) -> None:
    """Until all are done, whatever happens meanwhile; it is raised then."""
    interrupt: BaseException | None = None
    while not all(other.done() for other in others):
        try:
            wait(others)
        except BaseException as error:
            interrupt = error
    if interrupt is not None:
        raise interrupt


@functools.cache
def _pool(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, thread_name_prefix="autograd")


if hasattr(os, "register_at_fork"):  # a child has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
