"""Draws: random numbers that a function takes past `fresh` would be the same at every call.

Those that come through `fresh` are drawn once in a call, even if its program turns out not to
apply when it has drawn them: they are handed on to what runs in its place.
"""

from __future__ import annotations

import random
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import TraceError

__all__ = ["EVERYBODYS", "HANDED_ON", "Draws", "call_or_take", "source_of"]

SOURCES = (np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
EVERYBODYS = [  # what the functions of the two modules draw from
    (np.random.rand, "np.random"), (random.random, "random"),
]  # fmt: skip


def source_of(thing: Any) -> Any:
    """The source of random numbers that a thing, or a method of it, is; None for anything else."""
    if type(thing) in (types.BuiltinFunctionType, types.MethodType):
        thing = thing.__self__
    return thing if issubclass(type(thing), SOURCES) else None


class _HandedOn(threading.local):
    """Values that functions called through `fresh` have given in a call that starts once more."""

    def __init__(self) -> None:
        self._given: list[Any] = []  # by a program that did not apply
        self.left: list[Any] = []  # to be taken in place of calls, the first one first

    def keep(self, *values: Any) -> None:
        """A program does not apply, and this is what it has drawn."""
        self._given = [*values]

    @contextmanager
    def once_more(self) -> Iterator[Callable[[], None]]:
        """In here a call starts anew whenever the function that this gives is called."""
        drawn: list[Any] = []

        def start() -> None:
            nonlocal drawn
            drawn = self._given or drawn
            self._given, self.left = [], [*drawn]

        try:
            yield start
        finally:
            self._given, self.left = [], []


HANDED_ON = _HandedOn()


def call_or_take(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """What the function gives, or has given in this call before."""
    if HANDED_ON.left:
        return HANDED_ON.left.pop(0)
    return function(*args, **kwargs)


class Draws:
    """Sources of random numbers, with what to call them, that must stay as they are."""

    def __init__(self, sources: Iterable[tuple[Any, str]]):
        self._sources = [(source_of(thing), label) for thing, label in sources]
        self._first = self._states()
        self._before = list(map(_comparable, self._first))

    def check(self) -> None:
        """Raise TraceError if somebody has drawn."""
        now = map(_comparable, self._states())
        for (_, label), old, new in zip(self._sources, self._before, now, strict=True):
            if old != new:
                raise TraceError(
                    f"compile: the function draws random numbers from {label}, and a compiled "
                    "program would use the same ones at every call; draw them through ag.fresh, "
                    "as in ag.fresh(rng.normal, size=3), or pass them as an argument"
                )

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """In here anybody may draw."""
        self.check()
        yield
        self._before = list(map(_comparable, self._states()))

    def put_back(self) -> None:
        """As if the function had not run."""
        for (source, _), state in zip(self._sources, self._first, strict=True):
            if isinstance(source, random.Random):
                source.setstate(state)
            elif isinstance(source, np.random.RandomState):
                source.set_state(state)
            else:
                _bits_of(source).state = state

    def _states(self) -> list[Any]:
        return [_state(source) for source, _ in self._sources]


def _state(source: Any) -> Any:
    if isinstance(source, random.Random):
        return source.getstate()
    if isinstance(source, np.random.RandomState):
        return source.get_state(legacy=False)
    return _bits_of(source).state


def _bits_of(source: Any) -> Any:
    return source.bit_generator if isinstance(source, np.random.Generator) else source


def _comparable(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _comparable(value) for key, value in state.items()}
    return state.tobytes() if isinstance(state, np.ndarray) else state
