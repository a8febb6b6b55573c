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
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..arrays import ReadOnly
from ..errors import TraceError
from ..tensor import Tensor, constant_tensor
from .binding import commit
from .containers import Drawn, Growing, Left, is_drawn_from
from .guards import NOTHING, Guard
from .lookalikes import lookalike
from .numbers import Number
from .places import Carried, Changing, Place, name_of, places_of
from .settle import Settled, Settling, sum_of
from .trace import Trace
from .traced import Traced
from .types import type_of

__all__ = ["State"]

PLAIN_NUMBERS = (int, float)


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
        self.arguments = list(arguments)
        self.ids: set[int] = set()  # of what stands for arguments
        self.places = list({place.id: place for place in places_of(guards, owners)}.values())
        self.arrays = {
            id(g.space): g.space for g in guards if issubclass(type(g.space), np.ndarray)
        }
        self._sums = {id(x): sum_of(x) for x in self._large()}
        self._existing = {id(x) for g in guards for x in (g.space, g.value)}
        self._existing.update(id(place.before) for place in self.places)
        self._existing.update(map(id, self.arguments))
        lists = [g.space for g in guards if issubclass(type(g.space), (list, deque))]
        changing.keep(self.places, [*self.arrays.values(), *lists])
        self.stood: dict[tuple[int, Any], Any] = {}  # by places: what stands there
        self.carried: dict[int, Carried] = {}  # by id of the stand-in of an array
        self._of_object: dict[int, Any] = {}  # stand-ins of arrays and lists
        self._given: dict[int, int] = {}  # numbers of inputs by stand-ins that are they
        self._alive: list[Any] = []
        self._done = [False]

    def _large(self) -> list[Any]:
        return [g.space for g in self.guards if g.kind in ("sample", "writeable")]

    # --- before the function runs ------------------------------------------------------------

    def enter(self, trace: Trace) -> None:
        """Put stand-ins where something is known to change."""
        trace.reached = self.arrays
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
        kind = type(x)
        plain = kind in (np.ndarray, ReadOnly) and x.dtype.kind in "fiub" and x.ndim > 0
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
        traced = trace.place(value, carried, name_of(place))
        if type(held) is not Tensor and not isinstance(traced, Number):
            traced = lookalike(traced, value)
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
        return traced

    def _refuse_overlaps(self) -> None:
        """Several arrays may show the same memory; only one of them may be carried."""
        ours = [c.held for c in self.carried.values() if c.is_array]
        for k, x in enumerate(ours):
            others = [*ours[:k], *(y for y in self.arrays.values() if y is not x)]
            if any(y is not x and np.may_share_memory(x, y) for y in others):
                label = next(c.place.label for c in self.carried.values() if c.held is x)
                raise TraceError(
                    f"compile: the function changes {label}, which shares memory with another "
                    f"array that it reads; take a copy of one of them."
                )

    def done(self) -> tuple[Any, ...]:
        """The effect that tells, together with the others, that all is put in its place."""
        return operator.setitem, self._done, 0, True

    @property
    def is_done(self) -> bool:
        """Nothing is left to put back."""
        return self._done[0]

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
                if issubclass(type(owner), (list, deque)) and not isinstance(place.key, str):
                    missing = place.key + 1 - len(owner)
                    owner.extend([None] * max(missing, 0))
                yield place

    # --- after the function has run ------------------------------------------------------------

    def settle(self, trace: Trace, still: Iterable[Guard]) -> Settled:
        """What has changed, and what of it a program can do. Nothing is put in its place yet."""
        return Settling(self, trace, still).run()
