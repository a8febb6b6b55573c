"""Guards: numbers and settings outside of a function that its program was written for.

A program holds the step sizes, flags and names that the function saw as constants. They are looked
at before each run, and if one has changed the function is traced anew.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..modes import Scope, scope
from ..tensor import Tensor

__all__ = ["Surroundings"]

PLAIN = (int, float, bool, str, type(None))
MOST = 1000  # objects that are looked into
NOTHING = object()


class Surroundings:
    """The plain values that a function can read from outside: closures, globals, attributes."""

    def __init__(self, function: Callable[..., Any]):
        self.values: list[tuple[dict[str, Any], str, str, Any]] = []
        self._seen: set[int] = set()
        for space, name, label in _outside(function):
            self._look_at(space, name, label)

    def without(self, changed_or_read_anew: Callable[[dict[str, Any], str], bool]) -> Surroundings:
        """Only what the function does not change itself, and the program does not read anew."""
        self.values = [
            (space, name, label, value)
            for space, name, label, value in self.values
            if _equal(space.get(name, NOTHING), value) and not changed_or_read_anew(space, name)
        ]
        return self

    def changed(self) -> str | None:
        """What is different now, if anything."""
        for space, name, label, value in self.values:
            now = space.get(name, NOTHING)
            if now is not value and not _equal(now, value):
                return f"{label} is {now!r}, not {value!r}"
        return None

    def _look_at(self, space: dict[str, Any], name: str, label: str) -> None:
        value = space[name]
        if isinstance(value, (*PLAIN, np.generic)):
            self.values.append((space, name, label, value))
        elif isinstance(value, (list, tuple)):
            for k, item in enumerate(value[:MOST]):
                self._look_into(item, f"{label}[{k}]")
        elif isinstance(value, dict):
            for key, item in list(value.items())[:MOST]:
                self._look_into(item, f"{label}[{key!r}]")
        else:
            self._look_into(value, label)

    def _look_into(self, thing: Any, label: str) -> None:
        """The attributes of an object of the user's, and of the objects in it."""
        inside = getattr(thing, "__dict__", None)
        skip = (type, types.ModuleType, types.FunctionType, types.MethodType, Tensor, Scope, scope)
        if type(inside) is not dict or isinstance(thing, skip) or id(thing) in self._seen:
            return
        if len(self._seen) >= MOST or type(thing).__module__.split(".")[0] in ("numpy", "autograd"):
            return
        self._seen.add(id(thing))
        for name in list(inside):
            if not name.startswith("_"):
                self._look_at(inside, name, f"{label}.{name}")


def _outside(function: Callable[..., Any]) -> Iterator[tuple[dict[str, Any], str, str]]:
    """The names that a function takes from outside, as (dictionary, key, what to call it)."""
    if isinstance(function, types.MethodType):
        yield {"self": function.__self__}, "self", "self"
        function = function.__func__
    function = inspect.unwrap(function)
    if not isinstance(function, types.FunctionType):
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield _Cell(cell, name), name, name
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        codes += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        for name in code.co_names:
            if name in function.__globals__:
                yield function.__globals__, name, name


class _Cell(dict[str, Any]):
    """A closure's variable, read like an entry of a dictionary."""

    def __init__(self, cell: types.CellType, name: str):
        super().__init__()
        self.cell, self.name = cell, name

    def __getitem__(self, name: str) -> Any:
        return self.get(name, NOTHING)

    def get(self, name: str, default: Any = None) -> Any:
        """The value now; `default` if the variable has none."""
        try:
            return self.cell.cell_contents
        except ValueError:
            return default


def _equal(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and (a == b or (a != a and b != b)))
