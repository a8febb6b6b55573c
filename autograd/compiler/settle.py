"""Settle: after a trace, what the function has changed outside, and what of it a program can do.

What changed in a place becomes an effect: a function that the program calls at its end with a new
value. What no program can do (an object made anew, a list that shrinks) stays as the function left
it, and the next call is traced as well. Stand-ins give way to values everywhere.
"""

from __future__ import annotations

import operator
import types
import zlib
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import ReadOnly
from ..errors import TraceError
from ..tensor import Tensor, constant_tensor
from .binding import changes_of
from .containers import Drawn, Growing, Left
from .guards import COMPARED, NOTHING, Guard, is_filled, same
from .places import Carried, Place, at, places_of
from .program import Effect, Leaf
from .trace import Trace
from .traced import Traced

if TYPE_CHECKING:
    from .state import State

__all__ = ["Settled", "Settling", "sum_of"]

FIXED = (*COMPARED, np.generic, np.dtype, type, types.FunctionType, types.BuiltinFunctionType,
         types.ModuleType, types.MethodType)  # fmt: skip
AT_THE_END = slice(1 << 62, None)
MOST = 1 << 24  # bytes of an array that are looked at, before and after the function runs
CARRIED = "bytes", "sample", "shape"  # kinds of guards; the program looks at these itself


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


class Settling:
    """Goes through the places and guards of a state."""

    def __init__(self, state: State, trace: Trace, still: Iterable[Guard]):
        self.state, self.trace, self.found = state, trace, Settled()
        still = list(still)
        self.needed = {(g.kind, id(g.space), g.key) for g in still}
        self.places_needed = {place.id for place in places_of(still, state.owners)}
        sized = [g for g in state.guards if issubclass(type(g.space), (list, deque))]
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
        """What has changed. Nothing is put in its place yet."""
        for place in self.state.places:
            self._place(place)
        for traced, carried in zip(self.state._alive, self.state.carried.values(), strict=True):
            self._written(traced, carried)
        for guard in self.state.guards:
            self._guard(guard)
        for key, total in self.state._sums.items():
            if sum_of(self.state.arrays[key]) != total:
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
        function, owner, key = put
        form = self._form(now, place.label)
        self.found.effects.append(Effect(function, owner, key, form))
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
        if not carried.is_array or not carried.type_.shape:
            return
        given = self.trace.inputs[self.state._given[id(traced)]].variable
        if traced.variable is given:
            return
        carried.array = carried.held
        for k, x in enumerate(self.state.arguments):
            if isinstance(x, np.ndarray):
                carried.arguments.append(k)
                if np.may_share_memory(x, carried.held):
                    raise TraceError(
                        f"compile: the function writes to {carried.place.label}, which shares "
                        "memory with an argument; pass a copy"
                    )
        self.state.changing.objects[id(carried.held)] = carried.held
        for other in self.state.carried.values():
            if other is not carried and other.is_array:
                other.others.append(carried.held)
        if at(carried.place, carried.path) is not traced:
            self._not_kept(f"{carried.place.label} is written to, and then replaced")
        put = operator.setitem, carried.held, ...
        self.found.effects.append(Effect(*put, self._leaf(traced, "array")))
        self.found.changes.append((*put, traced.value))

    # --- containers ------------------------------------------------------------------------------

    def _guard(self, guard: Guard) -> None:
        """What has changed apart from the places: names in dictionaries, lengths of lists."""
        space, label = guard.space, guard.label
        if guard.kind.startswith("bytes") and id(space) not in self.state._of_object:
            if self._is_needed(guard) and guard.changed():
                self._unforeseen(space, label)
        elif guard.kind in ("size", "keys", "equal", "items") and issubclass(type(space), Mapping):
            before = guard.names if guard.kind == "size" else guard.value
            added = [name for name in space if name not in before]
            if guard.kind == "size" and not added and len(space) != guard.value:
                self.filled = True
            if len(space) - len(added) != len(before) and guard.kind != "size":
                self._not_kept(f"something in {label} is gone")
            for name in added:
                self._added(guard, name)
        elif guard.kind in ("size", "equal", "items") and issubclass(type(space), (list, deque)):
            before = guard.value if guard.kind == "size" else len(guard.value)
            if len(space) != before and not issubclass(type(space), Growing):
                if type(space) is list:
                    self.state.changing.objects[id(space)] = space
                for k, item in enumerate(space):
                    if (settled := self._settled(item)) is not item:
                        self.found.changes.append((operator.setitem, space, k, settled))
                self._not_kept(f"the length of {label} has changed")
        elif guard.kind == "remembered":
            if is_filled(guard) and self._is_needed(guard):
                self._not_kept(f"{label} has remembered something that may change")
        elif guard.kind not in ("item", "attribute") and guard.changed():
            if self._is_needed(guard):
                self._not_kept(f"{label} has changed")
            items = {"items": space, "elements": getattr(space, "flat", ())}.get(guard.kind, ())
            for k, item in enumerate(items):
                if (settled := self._settled(item)) is not item:
                    self.found.changes.append((operator.setitem, items, k, settled))

    def _added(self, guard: Guard, name: Any) -> None:
        """A new name in a dictionary."""
        if (id(guard.space), name) in self._met:
            return
        self._met.add((id(guard.space), name))
        value = guard.space[name]
        put: Any = operator.setitem, guard.space, name
        if issubclass(type(guard.space), types.MappingProxyType):
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
        if kind in (np.ndarray, ReadOnly) and x.ndim and x.dtype.kind in "fiub":
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
            if (
                given.kind == "argument"
                and given.variable is traced.variable
                and traced.variable.shape
            ):
                return k
        return None

    def _of_traced(self, x: Traced, label: str) -> Any:
        number = self._number_of(x)
        if number is not None:
            return Leaf("given", number)
        array = isinstance(x.value, np.ndarray) or bool(x.variable.shape)
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
        if x.variable.shape and (
            self._roots.setdefault(root, x.variable) is not x.variable or shown
        ):
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
            if guard.kind.startswith(CARRIED) and owner in arrays:
                continue
            if isinstance(arrays.get(owner), Growing) and not arrays[owner].is_read:
                continue
            if guard.kind in ("item", "attribute") and self._is_stood(guard):
                continue
            several = guard.kind in ("items", "equal")
            if some and several and issubclass(type(guard.space), (list, dict, deque)):
                kept += self._one_by_one(guard)
                continue
            if guard.kind == "size" and issubclass(type(guard.space), Mapping):
                guard = replace(guard)  # with the names that are there now
            if guard.kind == "remembered":
                guard.value = guard.now()
            guard.exact = some
            kept.append(guard)
        return kept

    def _is_stood(self, guard: Guard) -> bool:
        owner = self.state.owners.get(id(guard.space), guard.space)
        stood = self.state.stood.get((id(owner), guard.key), NOTHING)
        return stood is not NOTHING and type(stood) is not Drawn

    def _one_by_one(self, guard: Guard) -> list[Guard]:
        here = [p for p in self.state.places if p.owner is guard.space]
        free = [p for p in here if type(self.state.stood.get(p.id, Drawn)) in (type, Drawn)]
        found = [Guard.of("item", p.space, p.key, p.label, p.before) for p in free]
        if not issubclass(type(guard.space), dict):
            found.append(Guard.of("size", guard.space, None, guard.label, len(here)))
        return found


def _equal(now: Any, before: Any) -> bool:
    return type(now) in (int, float, str, bool, bytes, complex) and same(now, before)


def sum_of(x: Any) -> int:
    """Tells whether an array has changed; of a very large one some rows are looked at."""
    if x.ndim and x.nbytes > MOST:
        x = x[:: x.nbytes // MOST + 1]
    return zlib.crc32(x.view(np.uint8) if x.flags.c_contiguous else x.tobytes())
