"""Guards: what a program takes from outside, and how to see that it is as it was.

A program holds the step sizes, flags, arrays and functions that the function saw as constants.
They are looked at before each run, and if one has changed the function is traced anew. What there
is to look at, `reach.py` finds.
"""

from __future__ import annotations

import copy
import gc
import math
import operator
import os
import types
from array import array
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

__all__ = ["NOTHING", "Guard", "Surroundings", "is_filled"]

WHOLE = 1 << 20  # bytes: up to here memory is compared as a whole, which takes up to 50 µs
SAMPLE = 1024  # elements that are looked at in a larger array, about so many
NOTHING = object()
COMPARED = (int, float, bool, complex, str, bytes, range, frozenset, type(None))
ITSELF = {  # kinds of things that are equal to nothing but themselves
    type, types.FunctionType, types.ModuleType, types.BuiltinFunctionType, np.ufunc, type(np.shape),
}  # fmt: skip
MANY = 5  # items of one dictionary, which are quicker to look at together


class Kind(NamedTuple):
    """One kind of guard: how something is read, what is true as long as it is as it was, and what
    is said when it is not.

    The condition is Python text, quick where it is the same object; it may raise, and be false for
    what is equal.
    """

    read: Callable[[Any, Any], Any]
    text: str
    words: str = "{label} has changed"


def sample(x: Any) -> bytes:
    """Some elements of a large array, from one end to the other."""
    each = max(2.0, SAMPLE ** (1 / x.ndim))
    parts = tuple([slice(None, None, max(1, int(n / each))) for n in x.shape])
    return bytes(x[parts].tobytes() + x[(slice(-1, None),) * x.ndim].tobytes())


def remembered(function: Any) -> tuple[Any, ...]:
    """What a function of `functools.lru_cache` holds, results among it."""
    held = gc.get_referents(function)
    inside = [x for part in held if type(part) is dict for x in part.values()]
    return (*(x for x in held if type(x) is not dict), *inside)


def content(path: str) -> Any:
    """What is in a file; of a large one when it was written, and None if there is none."""
    try:
        state = os.stat(path)
        if state.st_size > WHOLE:
            return state.st_size, state.st_mtime_ns, state.st_ino
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


WRITTEN = "{label} has been written to"
KINDS = {
    "item": Kind(lambda space, key: space[key], "{space}[{key}] is {value}"),
    "attribute": Kind(getattr, "{space}.{name} is {value}"),
    "absent": Kind(lambda space, key: key in space, "{key} not in {space}", "{label} is there now"),
    "type": Kind(
        lambda space, _: type(space), "type({space}) is {value}", "{label} is another one"
    ),
    "call": Kind(lambda space, _: space(), "{space}() is {value}"),
    "answer": Kind(lambda space, _: space(), "{space}() == {value}"),
    "alive": Kind(
        lambda space, _: space() is not None,
        "({space}() is not None) is {value}",
        "{label} refers to another object, or to none",
    ),
    "variable": Kind(lambda space, nothing: space.get(nothing), "{space}.get({key}) is {value}"),
    "items": Kind(
        lambda space, _: tuple(space),
        "len({space}) == {size} and all(map(is_, {space}, {value}))",
        "{label} has other items",
    ),
    "elements": Kind(
        lambda space, _: tuple(space.flat),
        "all(map(is_, {space}.flat, {value}))",
        "{label} has other elements",
    ),
    "equal": Kind(lambda space, _: copy.copy(space), "{space} == {value}"),
    "keys": Kind(
        lambda space, _: [*space],
        "[*{space}] == {value}",
        "{label} has other keys, or in another order",
    ),
    "members": Kind(lambda space, _: set(space), "{space} == {value}", "{label} has other members"),
    "size": Kind(lambda space, _: len(space), "len({space}) == {value}"),
    "shape": Kind(
        lambda space, _: (space.shape, space.dtype),
        "({space}.shape, {space}.dtype) == {value}",
        "{label} has another shape or dtype",
    ),
    "bytes": Kind(lambda space, _: bytearray(space.tobytes()), "{value} == {space}", WRITTEN),
    "bytes in F order": Kind(
        lambda space, _: bytearray(space.T.tobytes()), "{value} == {space}.T", WRITTEN
    ),
    "bytes in no order": Kind(
        lambda space, _: space.tobytes(), "{space}.tobytes() == {value}", WRITTEN
    ),
    "sample": Kind(lambda space, _: sample(space), "sample({space}) == {value}", WRITTEN),
    "writeable": Kind(lambda space, _: space.flags.writeable, "{space}.flags.writeable is {value}"),
    "file": Kind(lambda space, _: content(space), "content({space}) == {value}"),
    "remembered": Kind(
        lambda space, _: remembered(space), "ids({value}).issubset(ids(remembered({space})))"
    ),
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
            return KINDS[self.kind].read(self.space, self.key)
        except Exception:
            return NOTHING

    def changed(self) -> str | None:
        """What is different now, if anything."""
        now = self.now()
        exact = self.exact and self.kind in ("item", "attribute") and type(now) not in COMPARED
        if now is self.value or (not exact and same(now, self.value)):
            return None
        if self.kind == "remembered" and _ids(self.value) <= _ids(now):
            return None
        if self.kind not in ("item", "attribute"):
            return KINDS[self.kind].words.format(label=self.label)
        if now is NOTHING:
            return f"{self.label} is gone"
        if issubclass(type(now), (*COMPARED, np.generic)):
            return f"{self.label} is {now!r}, not {self.value!r}"
        return f"{self.label} is another {type(now).__name__}"

    def put_back(self) -> None:
        """Let it be again as it was, where that is a single assignment."""
        if self.value is NOTHING:
            return
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
        elif self.kind.startswith("bytes"):
            x = self.space.T if self.kind == "bytes in F order" else self.space
            x[...] = np.frombuffer(self.value, x.dtype).reshape(x.shape)

    def text(self, bind: Callable[[Any], str]) -> str:
        """The condition as Python text."""
        size = len(self.value) if self.kind == "items" else 0
        key = repr(self.key) if type(self.key) in (str, int) else bind(self.key)
        return KINDS[self.kind].text.format(
            space=bind(self.space), key=key, name=self.key, value=bind(self.value), size=size
        )


def is_filled(guard: Guard) -> bool:
    """Whether a function has remembered something that may change later."""
    return not all(map(_is_plain, _new(guard.now(), guard.value)))


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
        scope: dict[str, Any] = {
            "is_": operator.is_, "sample": sample, "remembered": remembered, "ids": _ids,
            "content": content,
        }  # fmt: skip
        names: dict[int, str] = {}

        def bind(x: Any) -> str:
            if id(x) not in names:
                names[id(x)] = f"outside_{len(names)}"
                scope[names[id(x)]] = x
            return names[id(x)]

        together, alone = self._together()
        conditions = [
            *(f"{bind(operator.itemgetter(*items))}({bind(space)}) == {bind((*items.values(),))}"
              for space, items in together),
            *(f"{bind(space)}.keys().isdisjoint({bind(frozenset(names))})"
              for space, names in self._absent()),
            *(guard.text(bind) for guard in alone),
        ]  # fmt: skip
        return " and ".join(dict.fromkeys(conditions)), scope

    def _together(self) -> tuple[list[tuple[Any, dict[Any, Any]]], list[Guard]]:
        """The items of large spaces that one comparison is enough for, and the other guards."""
        spaces: dict[int, tuple[Any, dict[Any, Any]]] = {}
        for guard in self.guards:
            if guard.kind == "item" and type(guard.value) in ITSELF:
                spaces.setdefault(id(guard.space), (guard.space, {}))[1][guard.key] = guard.value
        together = {k: both for k, both in spaces.items() if len(both[1]) >= MANY}
        return list(together.values()), [
            guard
            for guard in self.guards
            if guard.kind != "absent"
            and not (guard.kind == "item" and id(guard.space) in together
                     and type(guard.value) in ITSELF)
        ]  # fmt: skip

    def _absent(self) -> list[tuple[Any, set[str]]]:
        """Names that must not come up, by the spaces that would have them."""
        spaces: dict[int, tuple[Any, set[str]]] = {}
        for guard in self.guards:
            if guard.kind == "absent":
                spaces.setdefault(id(guard.space), (guard.space, set()))[1].add(guard.key)
        return list(spaces.values())


def _new(now: Iterable[Any], before: Iterable[Any]) -> list[Any]:
    known = _ids(before)
    return [x for x in now if id(x) not in known]


def _is_plain(x: Any) -> bool:
    """There is nothing in it to look at."""
    return isinstance(x, (*COMPARED, np.generic)) or type(x).__name__ == "_lru_list_elem"


def _ids(things: Iterable[Any]) -> set[int]:
    return set(map(id, things))


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
        small = a.nbytes <= WHOLE and not a.dtype.hasobject
        return bool(alike and small and a.tobytes() == b.tobytes())
    return issubclass(kind, (*COMPARED, set, bytearray, array)) and bool(a == b)
