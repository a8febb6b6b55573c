"""Guards: what a program takes from outside, and how to see that it is as it was.

A program holds the step sizes, flags, arrays and functions that the function saw as constants.
They are looked at before each run, and if one has changed the function is traced anew. What there
is to look at, `reach.py` finds.
"""

from __future__ import annotations

import copy
import math
import operator
from array import array
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["NOTHING", "SMALL_ARRAY", "Guard", "Surroundings"]

SMALL_ARRAY = 2048  # bytes: up to here an array is compared by what it holds
NOTHING = object()
COMPARED = (int, float, bool, complex, str, bytes, range, frozenset, type(None))

TEXTS = {  # of what is true as long as nothing has changed; quick where it is the same object
    "item": "{space}[{key}] is {value}",
    "attribute": "{space}.{name} is {value}",
    "call": "{space}() is {value}",
    "variable": "{space}.get({key}) is {value}",
    "items": "len({space}) == {size} and all(map(is_, {space}, {value}))",
    "equal": "{space} == {value}",
    "keys": "[*{space}] == {value}",
    "members": "{space} == {value}",
    "size": "len({space}) == {value}",
    "bytes": "{space}.tobytes() == {value}",
    "writeable": "{space}.flags.writeable is {value}",
}
READ: dict[str, Callable[[Any, Any], Any]] = {
    "item": lambda space, key: space[key],
    "attribute": getattr,
    "call": lambda space, _: space(),
    "variable": lambda space, nothing: space.get(nothing),
    "items": lambda space, _: tuple(space),
    "equal": lambda space, _: copy.copy(space),
    "keys": lambda space, _: [*space],
    "members": lambda space, _: set(space),
    "size": lambda space, _: len(space),
    "bytes": lambda space, _: space.tobytes(),
    "writeable": lambda space, _: space.flags.writeable,
}


@dataclass(slots=True, eq=False)
class Guard:
    """One thing to look at: `kind` tells how it is read from `space`, and `value` what it was."""

    kind: str
    space: Any
    key: Any
    label: str
    value: Any = None
    names: frozenset[Any] = frozenset()  # of attributes, where their number is looked at
    exact: bool = False  # another object that is equal does not do, but for plain values

    @classmethod
    def of(cls, kind: str, space: Any, key: Any, label: str, value: Any) -> Guard:
        """A guard of what there was before, wherever a program changes something."""
        guard = cls(kind, space, key, label)
        guard.value, guard.exact = value, True
        return guard

    def __post_init__(self) -> None:
        self.value = self.now()
        if self.kind == "size" and isinstance(self.space, Mapping):
            self.names = frozenset(self.space)

    def now(self) -> Any:
        """What there is now; NOTHING if it is gone."""
        try:
            return READ[self.kind](self.space, self.key)
        except Exception:
            return NOTHING

    def changed(self) -> str | None:
        """What is different now, if anything."""
        now = self.now()
        exact = self.exact and self.kind in ("item", "attribute") and type(now) not in COMPARED
        if now is self.value or (not exact and same(now, self.value)):
            return None
        if self.kind not in ("item", "attribute"):
            return f"{self.label} has changed"
        if now is NOTHING:
            return f"{self.label} is gone"
        if issubclass(type(now), (*COMPARED, np.generic)):
            return f"{self.label} is {now!r}, not {self.value!r}"
        return f"{self.label} is another {type(now).__name__}"

    def put_back(self) -> None:
        """Let it be again as it was, where that is a single assignment."""
        if self.kind == "item":
            self.space[self.key] = self.value
        elif self.kind == "attribute":
            setattr(self.space, self.key, self.value)
        elif self.kind == "size" and isinstance(self.space, list):
            del self.space[self.value :]
        elif self.kind in ("size", "keys") and isinstance(self.space, dict):
            names = self.names if self.kind == "size" else self.value
            for name in [name for name in self.space if name not in names]:
                del self.space[name]
        elif self.kind in ("equal", "members", "items") and isinstance(self.space, (list, set)):
            put = self.space.extend if isinstance(self.space, list) else self.space.update
            self.space.clear()
            put(self.value)
        elif self.kind == "bytes":
            self.space[...] = np.frombuffer(self.value, self.space.dtype).reshape(self.space.shape)

    def text(self, bind: Callable[[Any], str]) -> str:
        """The condition as Python text."""
        size = len(self.value) if self.kind == "items" else 0
        key = repr(self.key) if type(self.key) in (str, int) else bind(self.key)
        return TEXTS[self.kind].format(
            space=bind(self.space), key=key, name=self.key, value=bind(self.value), size=size
        )


class Surroundings:
    """What a function reads from outside."""

    def __init__(self, guards: Iterable[Guard]):
        self.guards = list(guards)

    def put_back(self, only: Iterable[Guard] | None = None) -> None:
        """As if the function had not run, as far as that can be told; all, or what is like these
        guards."""
        chosen = {(g.kind, id(g.space), g.key) for g in only or ()}
        for guard in self.guards:
            with suppress(Exception):
                there = only is None or (guard.kind, id(guard.space), guard.key) in chosen
                if there and guard.changed() is not None:
                    guard.put_back()

    def changed(self) -> str | None:
        """What is different now, if anything."""
        return next((said for guard in self.guards if (said := guard.changed())), None)

    def condition(self) -> tuple[str, dict[str, Any]]:
        """What is true as long as nothing has changed, as Python text, and the names in it.

        It is quick where all is the same, may raise, and may be false though all is equal.
        """
        scope: dict[str, Any] = {"is_": operator.is_}
        names: dict[int, str] = {}

        def bind(x: Any) -> str:
            if id(x) not in names:
                names[id(x)] = f"outside_{len(names)}"
                scope[names[id(x)]] = x
            return names[id(x)]

        conditions = dict.fromkeys(guard.text(bind) for guard in self.guards)
        return " and ".join(conditions), scope


def same(a: Any, b: Any) -> bool:
    """Equal in kind and to the last bit; of anything but plain values and small arrays, itself."""
    if a is b:
        return True
    kind = type(a)  # not isinstance: a proxy would be asked, and may be dead
    if kind is not type(b):
        return False
    if issubclass(kind, float):
        alike = a == b and math.copysign(1, a) == math.copysign(1, b)
        return bool(alike or (a != a and b != b))
    if issubclass(kind, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    if issubclass(kind, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if issubclass(kind, np.generic):
        return bool(a.dtype == b.dtype and a.tobytes() == b.tobytes())
    if issubclass(kind, np.ndarray):
        alike = (a.shape, a.dtype, a.strides) == (b.shape, b.dtype, b.strides)
        small = a.nbytes <= SMALL_ARRAY and not a.dtype.hasobject
        return bool(alike and small and a.tobytes() == b.tobytes())
    return issubclass(kind, (*COMPARED, set, bytearray, array)) and bool(a == b)
