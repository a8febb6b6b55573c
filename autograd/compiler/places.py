"""Places: where a value stands that a program itself changes from call to call.

An item of a dictionary or a list, an attribute, a variable of a closure, a slot. A program reads
it at every call, and checks that it is of the kind for which it was written.
"""

from __future__ import annotations

import itertools
import keyword
import operator
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..tensor import Tensor
from .binding import Writer, leave
from .guards import NOTHING, Guard
from .types import Type

__all__ = ["Carried", "Changing", "Place", "at", "name_of", "places_of"]


@dataclass(slots=True, eq=False)
class Place:
    """Where a value stands: `put`(owner, key, value) puts another one there."""

    space: Any
    key: Any
    label: str
    put: Callable[[Any, Any, Any], Any]
    owner: Any
    before: Any = None

    @property
    def id(self) -> tuple[int, Any]:
        """Equal for the same place."""
        return id(self.owner), self.key

    def now(self) -> Any:
        """What stands there now; NOTHING if there is nothing."""
        try:
            if self.put is setattr:
                return getattr(self.space, self.key)
            return self.space[self.key]
        except Exception:
            return NOTHING

    def text(self, writer: Writer) -> str:
        """The same as Python text; None if there is nothing."""
        space = writer.bind(f"space_{id(self.owner)}", self.space)
        known = type(self.key) in (str, int)
        key = repr(self.key) if known else writer.bind(f"key_{id(self.key)}", self.key)
        if self.put is setattr:
            return f"getattr({space}, {key}, None)"
        return f"{space}.get({key})" if issubclass(type(self.space), Mapping) else f"{space}[{key}]"


@dataclass(slots=True, eq=False)
class Carried:
    """An input of a program: the number, array or tensor in a place, or in a tuple there."""

    place: Place
    path: tuple[int, ...]
    kind: type
    held: Any  # when the function was traced
    type_: Type
    also: list[tuple[Place, tuple[int, ...]]] = field(default_factory=list)
    array: Any = None  # the very array, if it is written to
    others: list[Any] = field(default_factory=list)  # arrays that are written to
    arguments: list[int] = field(default_factory=list)  # which must not be the array, then

    @property
    def is_array(self) -> bool:
        """It is an array, maybe one that was made like `t.data`."""
        return issubclass(self.kind, np.ndarray)

    def value(self) -> Any:
        """What is there now, as the program reads it."""
        found: Any = at(self.place, self.path)
        return found._array if isinstance(found, Tensor) else found

    def reading(self, name: str, writer: Writer, type_: Type) -> list[str]:
        """The lines that read it, or say why not where it does not fit."""
        label = self.place.label
        kind = writer.bind(f"kind_{self.kind.__name__}", self.kind)
        lines = _reading(name, self.place, self.path, writer, f"{label} has another form")
        said = f"{label} is a ", f", not a {self.kind.__name__}"
        why = f"{said[0]!r} + {name}.__class__.__name__ + {said[1]!r}"
        lines.append(f"if {name}.__class__ is not {kind}: return {why}")
        if self.kind is Tensor:
            tracked = leave(f"{label} requires a gradient now", f"{name}._tracked")
            lines += [tracked, f"{name} = {name}._array"]
        if self.kind is not Tensor and not self.is_array:
            return lines
        misfit = writer.misfit(name, type_)
        lines.append(leave(f"{label} has another shape, dtype or layout", misfit))
        if self.array is not None:
            array = writer.bind(f"array_{name}", self.array)
            lines.append(leave(f"{label} is another array", f"{name} is not {array}"))
        if same := [f"arguments[{k}] is {name}" for k in self.arguments]:
            lines.append(leave(f"{label} is an argument, too", *same))
        for place, path in self.also:
            no_longer = f"{label} is no longer the same array as {place.label}"
            lines += _reading(f"{name}_too", place, path, writer, no_longer)
            lines.append(leave(no_longer, f"{name}_too is not {name}"))
        for other in self.others:
            shares = writer.bind("may_share_memory", np.may_share_memory)
            array = writer.bind(f"array_{id(other)}", other)
            shared = f"{label} shares memory with another array"
            lines.append(leave(shared, f"{shares}({name}, {array})"))
        if not type_.shape:
            lines.append(f"{name} = {name}[()]")
        return lines


def at(place: Place, path: tuple[int, ...]) -> Any:
    """What stands in a place now, or in a tuple there; NOTHING if there is nothing."""
    found = place.now()
    for k in path:
        found = found[k] if type(found) is tuple and k < len(found) else NOTHING
    return found


def _reading(name: str, place: Place, path: tuple[int, ...], writer: Writer, why: str) -> list[str]:
    """The lines that read a place, maybe in a tuple there, or say why not."""
    lines = [f"{name} = {place.text(writer)}"]
    for k in path:
        lines.append(leave(why, f"{name}.__class__ is not tuple", f"len({name}) <= {k}"))
        lines.append(f"{name} = {name}[{k}]")
    return lines


class Changing:
    """What a function is known to change: places, arrays that it writes to, lists that grow."""

    def __init__(self) -> None:
        self.places: dict[tuple[int, Any], Place] = {}
        self.objects: dict[int, Any] = {}  # arrays and lists, by id

    def keep(self, places: Iterable[Place], objects: Iterable[Any]) -> None:
        """Forget all but these."""
        here, known = {place.id for place in places}, {id(x) for x in objects}
        self.places = {k: place for k, place in self.places.items() if k in here}
        self.objects = {k: x for k, x in self.objects.items() if k in known}


def places_of(guards: Iterable[Guard], owners: Mapping[int, type]) -> Iterable[Place]:
    """The places that guards look at; `owners` are classes by the id of their attributes."""
    for guard in guards:
        space, label = guard.space, guard.label
        if guard.kind == "item":
            owner = owners.get(id(space))
            if owner is not None:
                yield Place(space, guard.key, label, type.__setattr__, owner, guard.value)
            elif issubclass(type(space), (dict, list, deque)):
                yield Place(space, guard.key, label, operator.setitem, space, guard.value)
        elif guard.kind == "attribute" and guard.key not in ("__class__", "__code__"):
            yield Place(space, guard.key, label, setattr, space, guard.value)
        elif guard.kind in ("items", "equal") and issubclass(type(space), (dict, list, deque)):
            keys = list(space) if issubclass(type(space), dict) else range(len(space))
            for key in keys:
                yield Place(space, key, f"{label}[{key!r}]", operator.setitem, space, space[key])


def name_of(place: Place) -> str | None:
    """What `.source` calls what stands there: the last name in `opt.v[0]` and its numbers."""
    label = place.label
    if issubclass(type(place.space), dict) and type(place.key) is int:  # perhaps an id
        label = f"{label.rpartition('[')[0]}[{[*place.space].index(place.key)}]"
    words = re.findall(r"[^\W\d]\w*|\d+", label)
    numbers = list(itertools.takewhile(str.isdigit, reversed(words)))[::-1]
    name = "_".join([*words[-len(numbers) - 1 : len(words) - len(numbers)], *numbers])
    return name if name.isidentifier() and not keyword.iskeyword(name) else None
