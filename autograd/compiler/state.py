"""State: what a compiled function itself changes outside, carried from call to call.

A counter, a decaying step size, arrays of momentum stand in places: items of dictionaries and
lists, attributes, variables of closures. The first trace tells which of them change. From the next
one on, stand-ins are put into those places before the function runs, so that the program reads at
every call what is there, and puts the new values there at its end: all of them, or none.

What changes in another way (a list that shrinks, objects made anew) is right because the function
is then traced at every call.
"""

from __future__ import annotations

import operator
import sys
import types
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import TraceError
from ..modes import MODE
from ..tensor import Tensor, constant_tensor
from .binding import Writer, changes_of, commit
from .guards import COMPARED, NOTHING, Guard, same
from .program import Effect, Leaf
from .trace import Trace
from .traced import Traced
from .types import Type, type_of

__all__ = ["Changing", "State"]

PLAIN_NUMBERS = (int, float)
FIXED = (*COMPARED, np.generic, np.dtype, type, types.FunctionType, types.BuiltinFunctionType,
         types.ModuleType, types.MethodType)  # fmt: skip
AT_THE_END = slice(1 << 62, None)
REMEDY = (
    "Keep what changes from call to call in a Parameter (p.data = ...), pass it as an argument "
    "and return the new value, or do it outside of the compiled function"
)


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
        return f"{space}.get({key})" if isinstance(self.space, Mapping) else f"{space}[{key}]"


@dataclass(slots=True, eq=False)
class Carried:
    """An input of a program: the number, array or tensor in a place, or in a tuple there."""

    place: Place
    path: tuple[int, ...]
    kind: type
    held: Any  # when the function was traced
    type: Type
    also: list[tuple[Place, tuple[int, ...]]] = field(default_factory=list)
    array: Any = None  # the very array, if it is written to
    others: list[Any] = field(default_factory=list)  # arrays that are written to

    def value(self) -> Any:
        """What is there now, as the program reads it."""
        found = _at(self.place, self.path)
        return found._array if isinstance(found, Tensor) else found

    def fits(self) -> bool:
        """The program is for a value like the one that is there now."""
        return self.misfit() is None

    def misfit(self) -> str | None:
        """What is not as the program expects it."""
        found = _at(self.place, self.path)
        if type(found) is not self.kind or (self.kind is Tensor and found._tracked):
            return f"{self.place.label} is a {type(found).__name__}, not a {self.kind.__name__}"
        if self.kind in (np.ndarray, Tensor):
            value = found if self.kind is np.ndarray else found._array
            if type_of(value) != self.type:
                return f"{self.place.label} has another shape, dtype or layout"
            if self.array is not None and found is not self.array:
                return f"{self.place.label} is another array"
            if any(_at(*other) is not found for other in self.also):
                return f"{self.place.label} is no longer the same array as {self.also[0][0].label}"
            if any(np.may_share_memory(value, other) for other in self.others):
                return f"{self.place.label} shares memory with another array"
        return None

    def reading(self, name: str, writer: Writer, type_: Type) -> list[str]:
        """The lines that read it, or leave with None where it does not fit."""
        lines = _reading(name, self.place, self.path, writer)
        kind = writer.bind(f"kind_{self.kind.__name__}", self.kind)
        lines.append(f"if {name}.__class__ is not {kind}: return None")
        if self.kind is Tensor:
            lines += [f"if {name}._tracked: return None", f"{name} = {name}._array"]
        if self.kind not in (Tensor, np.ndarray):
            return lines
        lines.append(f"if {writer.misfit(name, type_)}: return None")
        if self.array is not None:
            lines.append(f"if {name} is not {writer.bind(f'array_{name}', self.array)}: return None")
        for place, path in self.also:
            lines += _reading(f"{name}_too", place, path, writer)
            lines.append(f"if {name}_too is not {name}: return None")
        for other in self.others:
            shares = writer.bind("may_share_memory", np.may_share_memory)
            other_name = writer.bind(f"array_{id(other)}", other)
            lines.append(f"if {shares}({name}, {other_name}): return None")
        if not type_.shape:
            lines.append(f"{name} = {name}[()]")
        return lines


def _at(place: Place, path: tuple[int, ...]) -> Any:
    found = place.now()
    for k in path:
        found = found[k] if type(found) is tuple and k < len(found) else NOTHING
    return found


def _reading(name: str, place: Place, path: tuple[int, ...], writer: Writer) -> list[str]:
    lines = [f"{name} = {place.text(writer)}"]
    for k in path:
        lines.append(f"if {name}.__class__ is not tuple or len({name}) <= {k}: return None")
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


class Growing(list[Any]):
    """Stands in for a list that grows: it notes whether anything but `append` is called."""

    def __init__(self, items: list[Any]):
        super().__init__(items)
        self.size, self.is_read = len(items), False

    def __iadd__(self, items: Any) -> Growing:  # type: ignore[override,misc]
        list.extend(self, items)
        return self

    @property
    def added(self) -> list[Any]:
        """What was appended."""
        return list.__getitem__(self, slice(self.size, None))


def _watched(name: str) -> Callable[..., Any]:
    usual = getattr(list, name)

    def call(self: Growing, *args: Any, **options: Any) -> Any:
        self.is_read = True
        return usual(self, *args, **options)

    return call


for _name in (
    "__add__", "__contains__", "__delitem__", "__eq__", "__ge__", "__getitem__", "__gt__",
    "__imul__", "__iter__", "__le__", "__len__", "__lt__", "__mul__", "__ne__", "__repr__",
    "__reversed__", "__rmul__", "__setitem__", "clear", "copy", "count", "index", "insert", "pop",
    "remove", "reverse", "sort",
):  # fmt: skip
    setattr(Growing, _name, _watched(_name))
Growing.__radd__ = lambda self, other: other + list(self)  # type: ignore[attr-defined]


class Left:
    """Stands in for a container that the function replaces; whoever reads it raises `Read`."""

    __slots__ = ("place",)

    def __init__(self, place: Place):
        object.__setattr__(self, "place", place)


class Read(BaseException):
    """A container that was taken for one that nobody reads is read after all."""


def _reads(self: Any, *_: Any, **__: Any) -> Any:
    raise Read(object.__getattribute__(self, "place"))


for _name in (
    "__add__", "__bool__", "__contains__", "__delitem__", "__eq__", "__getattribute__", "__getitem__",
    "__hash__", "__iter__", "__len__", "__ne__", "__radd__", "__repr__",
    "__reversed__", "__setitem__", "__str__",
):  # fmt: skip
    setattr(Left, _name, _reads)


class Drawn:
    """Stands in for an iterator, a file or a queue: refuses that the function draws from it.

    A function that is called through `fresh` may.
    """

    __slots__ = ("label", "source")

    def __init__(self, source: Any, label: str):
        self.source, self.label = source, label

    def _check(self) -> None:
        if isinstance(MODE.get().kind, Trace):
            raise TraceError(
                f"compile: the function draws from {self.label}, a {type(self.source).__name__}, "
                "and a compiled program would use the same item at every call; draw outside, and "
                f"pass the item as an argument, or write ag.fresh(next, {self.label})"
            )

    def __next__(self) -> Any:
        self._check()
        return next(self.source)

    def __iter__(self) -> Any:
        self._check()
        return iter(self.source)

    def __getattr__(self, name: str) -> Any:
        self._check()
        return getattr(self.source, name)


def is_drawn_from(x: Any) -> bool:
    """Whether something changes when one reads from it, and nobody can look into it."""
    kind = type(x)
    module = kind.__module__.partition(".")[0]
    known = module in sys.stdlib_module_names and module != "__main__"
    return known and (hasattr(kind, "__next__") or (module in ("queue", "_queue") and hasattr(x, "get")))


class State:
    """The places that a function may change, and what stands in them while it is traced."""

    def __init__(
        self,
        guards: list[Guard],
        owners: Mapping[int, type],
        changing: Changing,
        arguments: Iterable[Any],
        names: set[str],
        read: Iterable[tuple[int, Any]] = (),
        wide: bool = False,
    ):
        self.guards, self.owners, self.changing = guards, owners, changing
        self.names, self.read, self.wide = names, set(read), wide
        self.ids: set[int] = set()  # of what stands for arguments
        self.places = list({place.id: place for place in _places_of(guards, owners)}.values())
        self.arrays = {id(g.space): g.space for g in guards if g.kind in ("bytes", "writeable")}
        self._sums = {id(x): _sum_of(x) for x in self._large()}
        self._existing = {id(x) for g in guards for x in (g.space, g.value)}
        self._existing.update(id(place.before) for place in self.places)
        self._existing.update(map(id, arguments))
        lists = [g.space for g in guards if isinstance(g.space, (list, deque))]
        changing.keep(self.places, [*self.arrays.values(), *lists])
        self.stood: dict[tuple[int, Any], Any] = {}  # by places: what stands there
        self.carried: dict[int, Carried] = {}  # by id of the stand-in of an array
        self._of_object: dict[int, Any] = {}  # stand-ins of arrays and lists
        self._given: dict[int, int] = {}  # numbers of inputs by stand-ins that are they
        self._alive: list[Any] = []

    def _large(self) -> list[Any]:
        return [g.space for g in self.guards if g.kind == "writeable"]

    # --- before the function runs ------------------------------------------------------------

    def enter(self, trace: Trace) -> None:
        """Put stand-ins where something is known to change."""
        trace.outside = self.arrays
        changes = []
        for place in self.places:
            if type(place.owner) is list and id(place.owner) in self.changing.objects:
                continue  # `Growing` stands in for the whole list
            if is_drawn_from(place.before):
                self.stood[place.id] = stand_in = Drawn(place.before, place.label)
                changes.append((place.put, place.owner, place.key, stand_in))
                continue
            known = place.id in self.changing.places
            stand_in = self._stand_in(trace, place, (), place.before, known)
            if stand_in is not place.before:
                self.stood[place.id] = stand_in
                changes.append((place.put, place.owner, place.key, stand_in))
        self._refuse_overlaps()
        commit((), changes)

    def _stand_in(self, trace: Trace, place: Place, path: Any, x: Any, known: bool) -> Any:
        kind, plain = type(x), type(x) is np.ndarray and x.dtype.kind in "fiub" and x.ndim > 0
        if plain and (known or self.wide or id(x) in self.changing.objects):
            return self._array(trace, place, path, x)
        if kind is list and id(x) in self.changing.objects and not path:
            return self._of_object.setdefault(id(x), Growing(x))
        if kind is tuple and not (known and place.id not in self.read):
            parts = [self._stand_in(trace, place, (*path, k), v, False) for k, v in enumerate(x)]
            return x if all(map(operator.is_, parts, x)) else tuple(parts)
        if not known:
            return x
        if kind in PLAIN_NUMBERS or (isinstance(x, np.generic) and x.dtype.kind in "fiub"):
            return self._input(trace, place, path, x, x)
        if kind is Tensor and not x._tracked and x.is_leaf:
            return constant_tensor(self._input(trace, place, path, x, x._array))
        if kind in (tuple, list, dict) and place.id not in self.read:
            return Left(place)
        return x

    def _input(self, trace: Trace, place: Place, path: Any, held: Any, value: Any) -> Traced:
        carried = Carried(place, path, type(held), held, type_of(value))
        traced = trace.place(value, carried, _name_of(place.label))
        self.carried[id(traced)] = carried
        self._alive.append(traced)
        return traced

    def _array(self, trace: Trace, place: Place, path: Any, x: Any) -> Traced:
        traced = self._of_object.get(id(x))
        if traced is None:
            traced = self._of_object[id(x)] = self._input(trace, place, path, x, x)
            self._given[id(traced)] = len(trace.inputs) - 1
        else:
            self.carried[id(traced)].also.append((place, path))
        return traced  # type: ignore[no-any-return]

    def _refuse_overlaps(self) -> None:
        """Several arrays may show the same memory; only one of them may be carried."""
        ours = [c.held for c in self.carried.values() if c.kind is np.ndarray]
        for k, x in enumerate(ours):
            others = [*ours[:k], *(y for y in self.arrays.values() if y is not x)]
            if any(y is not x and np.may_share_memory(x, y) for y in others):
                label = next(c.place.label for c in self.carried.values() if c.held is x)
                raise TraceError(
                    f"compile: the function changes {label}, which shares memory with another "
                    f"array that it reads; take a copy of one of them. {REMEDY}"
                )

    def leave(self) -> None:
        """Put back what stood there: after an error."""
        commit((), [(p.put, p.owner, p.key, p.before) for p in self._still_there()])

    @contextmanager
    def as_before(self) -> Iterator[None]:
        """In here there are no stand-ins."""
        here = [(p, p.now()) for p in self.places if p.id in self.stood]
        now = [(p.put, p.owner, p.key, x) for p, x in here if x is not NOTHING]
        commit((), [(p.put, p.owner, p.key, p.before) for p, x in here if x is not NOTHING])
        try:
            yield
        finally:
            commit((), now)

    def _still_there(self) -> Iterator[Place]:
        """Places with stand-ins; a list that has lost items gets them back first."""
        for place in self.places:
            if place.id in self.stood:
                owner = place.owner
                if isinstance(owner, (list, deque)) and not isinstance(place.key, str):
                    missing = place.key + 1 - len(owner)
                    owner.extend([None] * max(missing, 0))
                yield place

    # --- after the function has run ------------------------------------------------------------

    def settle(self, trace: Trace, still: Iterable[Guard]) -> Settled:
        """What has changed, and what of it a program can do. Nothing is put in its place yet."""
        return _Settling(self, trace, still).run()


@dataclass
class Settled:
    """What a trace has changed.

    leaves    what stands for the values in the effects
    effects   what the program does at its end
    changes   the same for this call, with values
    keep      the program does all that the function does
    said      why it does not
    guards    what the program is for
    """

    leaves: list[Any] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    keep: bool = True
    said: str = ""
    guards: list[Guard] = field(default_factory=list)


class _Settling:
    def __init__(self, state: State, trace: Trace, still: Iterable[Guard]):
        self.state, self.trace, self.found = state, trace, Settled()
        still = list(still)
        self.needed = {(g.kind, id(g.space), g.key) for g in still}
        self.places_needed = {place.id for place in _places_of(still, state.owners)}
        sized = [g for g in state.guards if isinstance(g.space, (list, deque))]
        self.resized = {
            id(g.space)
            for g in sized
            if g.kind in ("size", "items", "equal")
            and len(g.space) != (g.value if g.kind == "size" else len(g.value))
        }
        self._roots: dict[Any, Any] = {}
        self._values: dict[Any, Any] = {}
        self._met: set[Any] = set()
        self.filled = False  # a cached property, for which the program need not be another one

    def run(self) -> Settled:
        for place in self.state.places:
            self._place(place)
        for traced, carried in zip(self.state._alive, self.state.carried.values(), strict=True):
            self._written(traced, carried)
        for guard in self.state.guards:
            self._guard(guard)
        for key, total in self.state._sums.items():
            if _sum_of(self.state.arrays[key]) != total:
                self._unforeseen(self.state.arrays[key], "a large array")
        if self.filled and self.found.effects:
            self._not_kept("something is computed in the first call alone")
        self.found.guards = self._guards()
        return self.found

    def _not_kept(self, said: str) -> None:
        self.found.keep, self.found.said = False, self.found.said or said

    def _unforeseen(self, thing: Any, said: str) -> None:
        self.state.changing.objects[id(thing)] = thing
        self._not_kept(f"{said} has changed")

    def _is_needed(self, guard: Guard) -> bool:
        return (guard.kind, id(guard.space), guard.key) in self.needed

    # --- places ----------------------------------------------------------------------------------

    def _place(self, place: Place) -> None:
        stood, now = self.state.stood.get(place.id, NOTHING), place.now()
        put = place.put, place.owner, place.key
        if id(place.owner) in self.resized:
            return None  # see `_guard`
        if stood is not NOTHING and now is stood:
            self.found.changes.append((*put, place.before))
            if type(stood) is Growing:
                self._grown(stood, place)
            elif type(stood) is Tensor and id(stood._array) not in self.state.carried:
                self._effect(place, put, now)
            return
        if now is NOTHING:
            return self._not_kept(f"{place.label} is gone")
        if stood is NOTHING and (now is place.before or _equal(now, place.before)):
            return None
        if place.id not in self.places_needed:
            if (settled := self._settled(now)) is not now:
                self.found.changes.append((*put, settled))
            return None
        if type(stood) is Growing:
            self._not_kept(f"{place.label} is another list")
        self._effect(place, put, now)
        known = place.id in self.state.changing.places
        self.state.changing.places[place.id] = place
        if not known and type(place.before) not in (bool, str, type(None)):
            self._not_kept(f"{place.label} has changed")
        return None

    def _effect(self, place: Place, put: Any, now: Any) -> None:
        self.found.effects.append(Effect(*put, self._form(now, place.label)))
        self.found.changes.append((*put, self._settled(now)))

    def _grown(self, stood: Growing, place: Place) -> None:
        """A list, which may stand in several places."""
        if id(stood) in self._met:
            return
        self._met.add(id(stood))
        real, now = place.before, [*list.__iter__(stood)]
        if stood.is_read or any(map(operator.is_not, now, real)) or len(now) < len(real):
            if len(now) != len(real) or any(map(operator.is_not, now, real)):
                self._not_kept(f"{place.label}, which is read, has changed")
            whole = [self._settled(x) for x in now]
            self.found.changes.append((operator.setitem, real, slice(None), whole))
        elif stood.added:
            put = operator.setitem, real, AT_THE_END
            self.found.effects.append(Effect(*put, self._form(stood.added, place.label)))
            self.found.changes.append((*put, self._settled(stood.added)))

    def _written(self, traced: Traced, carried: Carried) -> None:
        """An array that was written to in place."""
        if carried.kind is not np.ndarray or not carried.type.shape:
            return
        given = self.trace.inputs[self.state._given[id(traced)]].variable
        if traced.variable is given:
            return
        carried.array = carried.held
        self.state.changing.objects[id(carried.held)] = carried.held
        for other in self.state.carried.values():
            if other is not carried and other.kind is np.ndarray:
                other.others.append(carried.held)
        if _at(carried.place, carried.path) is not traced:
            self._not_kept(f"{carried.place.label} is written to, and then replaced")
        put = operator.setitem, carried.held, ...
        self.found.effects.append(Effect(*put, self._leaf(traced, "array")))
        self.found.changes.append((*put, traced.value))

    # --- containers ------------------------------------------------------------------------------

    def _guard(self, guard: Guard) -> None:
        """What has changed apart from the places: the names in dictionaries, the lengths of lists."""
        space, label = guard.space, guard.label
        if guard.kind == "bytes" and id(space) not in self.state._of_object:
            if self._is_needed(guard) and guard.changed():
                self._unforeseen(space, label)
        elif guard.kind in ("size", "keys", "equal", "items") and isinstance(space, Mapping):
            before = guard.names if guard.kind == "size" else guard.value
            added = [name for name in space if name not in before]
            if guard.kind == "size" and not added and len(space) != guard.value:
                self.filled = True
            if len(space) - len(added) != len(before) and guard.kind != "size":
                self._not_kept(f"something in {label} is gone")
            for name in added:
                self._added(guard, name)
        elif guard.kind in ("size", "equal", "items") and isinstance(space, (list, deque)):
            before = guard.value if guard.kind == "size" else len(guard.value)
            if len(space) != before and not isinstance(space, Growing):
                if type(space) is list:
                    self.state.changing.objects[id(space)] = space
                for k, item in enumerate(space):
                    if (settled := self._settled(item)) is not item:
                        self.found.changes.append((operator.setitem, space, k, settled))
                self._not_kept(f"the length of {label} has changed")
        elif guard.kind not in ("item", "attribute", "bytes") and guard.changed():
            if self._is_needed(guard):
                self._not_kept(f"{label} has changed")
            for k, item in enumerate(space) if guard.kind == "items" else ():
                if (settled := self._settled(item)) is not item:
                    self.found.changes.append((operator.setitem, space, k, settled))

    def _added(self, guard: Guard, name: Any) -> None:
        """A new name in a dictionary."""
        if (id(guard.space), name) in self._met:
            return
        self._met.add((id(guard.space), name))
        value = guard.space[name]
        put: Any = operator.setitem, guard.space, name
        if isinstance(guard.space, types.MappingProxyType):
            put = None
        settled = self._settled(value)
        if put and settled is not value:
            self.found.changes.append((*put, settled))
        if type(name) is int and name in self.state.ids:
            raise TraceError(
                f"compile: the function keeps id(x) of an argument in {guard.label}, and in its "
                "place there is something else while it is traced; pass a key of your own"
            )
        of_ours = isinstance(name, str) and name.startswith("_") and name not in self.state.names
        if settled is not value or guard.kind != "size" or not of_ours:  # else it is a cache
            self._not_kept(f"{guard.label} has a new item, {name!r}")
        if put and self._is_needed(guard):
            place = Place(guard.space, name, f"{guard.label}[{name!r}]", *put[:2])
            self.state.changing.places[place.id] = place

    # --- values ----------------------------------------------------------------------------------

    def _form(self, x: Any, label: str) -> Any:
        """The value of an effect: containers, with leaves for what the program computes."""
        kind = type(x)
        if kind in (Left, Growing):
            self._not_kept(f"{label} is what stood in another place")
            return None
        if isinstance(x, Traced):
            return self._of_traced(x, label)
        if isinstance(x, Tensor):
            array = x._array
            if not isinstance(array, Traced) or self.trace.is_known(x):
                if id(x) not in self.state._existing and not self.trace.is_known(x):
                    self._not_kept(f"{label} is a new tensor")
                return x
            if kind is not Tensor or self.trace.is_made_here(x):
                self._not_kept(f"{label} is a new {kind.__name__}")
                return x
            number = self._number_of(array)
            return Leaf("given", number) if number is not None else self._leaf(array, "tensor")
        if kind is Drawn:
            return x.source
        if id(x) in self.state._existing or issubclass(kind, FIXED):
            return x
        if kind in (tuple, list, dict):
            if kind is not tuple and id(x) in self._met:
                self._not_kept(f"{label} stands in two places")
            self._met.add(id(x))
            if kind is dict:
                return {key: self._form(item, label) for key, item in x.items()}
            return kind(self._form(item, label) for item in x)
        if kind is np.ndarray and x.ndim and x.dtype.kind in "fiub":
            self.found.leaves.append(x.copy())
            return Leaf("array", len(self.found.leaves) - 1)
        self._not_kept(f"{label} is a new {kind.__name__}")
        return x

    def _number_of(self, traced: Traced) -> int | None:
        """The number of the input, if this is what stands for it."""
        number = self.state._given.get(id(traced))
        if number is not None:
            return number
        for k, given in enumerate(self.trace.inputs):
            if given.kind == "argument" and given.variable is traced.variable and traced.shape:
                return k
        return None

    def _of_traced(self, x: Traced, label: str) -> Any:
        number = self._number_of(x)
        if number is not None:
            return Leaf("given", number)
        array = isinstance(x.value, np.ndarray) or bool(x.shape)
        return self._leaf(x, "array" if array else "number")

    def _leaf(self, x: Traced, kind: str) -> Leaf:
        """Something that the program computes; two that show the same memory are refused."""
        self._refuse_views(x)
        self.found.leaves.append(x)
        return Leaf(kind, len(self.found.leaves) - 1)

    def _refuse_views(self, x: Traced) -> None:
        root = x.variable.root
        inputs = {i.variable for i in self.trace.inputs if i.kind in ("argument", "place")}
        shown = root in inputs and root is not x.variable
        if x.shape and (self._roots.setdefault(root, x.variable) is not x.variable or shown):
            raise TraceError(
                f"compile: the function leaves two arrays outside that show the same memory (one "
                f"is {x.variable}); take a copy of one of them, as in a[:2].copy()"
            )

    def _settled(self, x: Any) -> Any:
        """The value for this call: what eager code would have left there."""
        kind = type(x)
        if kind is Drawn:
            return x.source
        if kind is Left:
            return object.__getattribute__(x, "place").before
        if isinstance(x, Traced):
            return self._value(x)
        if isinstance(x, Tensor):
            if not isinstance(x._array, Traced) or self.trace.is_known(x):
                return x
            if self.trace.is_made_here(x):
                return x  # the trace gives it its array
            if x.is_leaf and (x._tracked or kind is not Tensor):
                self._moved(x)
                return x
            number = self._number_of(x._array)
            if number is not None:
                return self._object(number)
            return constant_tensor(self._value(x._array))
        if id(x) in self._values:
            return self._values[id(x)][1]
        if kind is tuple:
            parts = tuple(map(self._settled, x))
            found = x if all(map(operator.is_, parts, x)) else parts
            self._values[id(x)] = x, found
            return found
        if kind in (list, dict) and id(x) not in self.state._existing:
            self._values[id(x)] = x, x
            for key, item in list(x.items() if kind is dict else enumerate(x)):
                x[key] = self._settled(item)
        return x

    def _moved(self, x: Tensor) -> None:
        """A new leaf gets its array."""
        if id(x) in self._met:
            return
        self._met.add(id(x))
        slot = x.node.slot
        self.found.changes += [(setattr, *c) for c in changes_of(x, self._value(x._array), None)]
        if slot is not None and isinstance(slot.grad, Traced):
            self.found.changes.append((setattr, slot, "grad", np.array(slot.grad.value)))

    def _value(self, x: Traced) -> Any:
        number = self._number_of(x)
        if number is not None:
            return self._object(number)
        if x.variable not in self._values:
            self._refuse_views(x)
            value = x.value.copy(order="K") if isinstance(x.value, np.ndarray) else x.value
            self._values[x.variable] = value
        return self._values[x.variable]

    def _object(self, number: int) -> Any:
        given = self.trace.inputs[number]
        if given.kind == "place":
            return given.source.held
        return self.trace.held(given.variable)

    # --- guards ----------------------------------------------------------------------------------

    def _guards(self) -> list[Guard]:
        """What has to be as it was: all that is needed but not carried."""
        stood, arrays = self.state.stood, self.state._of_object
        some = bool(self.found.effects or stood)
        kept = []
        for guard in self.state.guards:
            owner = id(guard.space)
            if not self._is_needed(guard):
                continue
            if self.trace.reads_anew(guard.space, guard.key):
                continue
            if guard.kind == "bytes" and owner in arrays:
                continue
            if isinstance(arrays.get(owner), Growing) and not arrays[owner].is_read:
                continue
            if guard.kind in ("item", "attribute") and self._is_stood(guard):
                continue
            several = guard.kind in ("items", "equal")
            if some and several and isinstance(guard.space, (list, dict, deque)):
                kept += self._one_by_one(guard)
                continue
            guard.exact = some
            kept.append(guard)
            if guard.kind == "size" and isinstance(guard.space, Mapping):
                guard.value = guard.now()
        return kept

    def _is_stood(self, guard: Guard) -> bool:
        owner = self.state.owners.get(id(guard.space), guard.space)
        stood = self.state.stood.get((id(owner), guard.key), NOTHING)
        return stood is not NOTHING and type(stood) is not Drawn

    def _one_by_one(self, guard: Guard) -> list[Guard]:
        here = [p for p in self.state.places if p.owner is guard.space]
        free = [p for p in here if type(self.state.stood.get(p.id, Drawn)) in (type, Drawn)]
        found = [Guard.of("item", p.space, p.key, p.label, p.before) for p in free]
        if not isinstance(guard.space, dict):
            found.append(Guard.of("size", guard.space, None, guard.label, len(here)))
        return found


def _places_of(guards: Iterable[Guard], owners: Mapping[int, type]) -> Iterable[Place]:
    for guard in guards:
        space, label = guard.space, guard.label
        if guard.kind == "item":
            owner = owners.get(id(space))
            if owner is not None:
                yield Place(space, guard.key, label, type.__setattr__, owner, guard.value)
            elif isinstance(space, (dict, list, deque)):
                yield Place(space, guard.key, label, operator.setitem, space, guard.value)
        elif guard.kind == "attribute" and guard.key not in ("__class__", "__code__"):
            yield Place(space, guard.key, label, setattr, space, guard.value)
        elif guard.kind in ("items", "equal") and isinstance(space, (dict, list, deque)):
            keys = list(space) if isinstance(space, dict) else range(len(space))
            for key in keys:
                yield Place(space, key, f"{label}[{key!r}]", operator.setitem, space, space[key])


def _equal(now: Any, before: Any) -> bool:
    return type(now) in (int, float, str, bool, bytes, complex) and same(now, before)


def _name_of(label: str) -> str | None:
    name = label.rpartition(".")[2]
    return name if name.isidentifier() else None


def _sum_of(x: Any) -> int:
    """Tells whether an array has changed."""
    return zlib.crc32(x.view(np.uint8) if x.flags.c_contiguous else x.tobytes())
