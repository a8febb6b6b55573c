"""Loops: which equations of a program run together, and where the others stand.

There are two kinds: chains over large arrays (`blocks.py`) and native code (`native/choose.py`).
A `Group` tells, equation by equation, what one of its kind takes in. The rest is the same for all,
and told here: what has to come before the group and what after it, that effects stay in order, and
that what is not worth a loop stays as it was.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from .program import Anew, Equation, Program, Variable, used_later

__all__ = ["Fused", "Group", "gather"]


@dataclass(eq=False, slots=True)
class Fused(Equation):
    """Equations that run together. `results` are what others read of it; `out` is the first."""

    results: list[Variable] = field(default_factory=list)

    @property
    def inside(self) -> list[Equation]:
        """The equations, in the order in which they run."""
        raise NotImplementedError

    @property
    def outs(self) -> list[Variable]:
        """What it assigns."""
        return self.results

    @property
    def parts(self) -> list[Equation]:
        """Itself and the equations inside."""
        return [self, *self.inside]


def run() -> None:
    """The function of a fused equation."""
    raise AssertionError("a loop is written out, not called")  # pragma: no cover


class Group(ABC):
    """Equations that are to run together, as far as they have been found."""

    def __init__(self) -> None:
        self.made: set[Variable] = set()  # what they assign

    @property
    @abstractmethod
    def equations(self) -> list[Equation]:
        """All of them."""

    @abstractmethod
    def takes(self, equation: Equation) -> bool:
        """Take it in, if it fits. It reads nothing that is there only after the group."""

    @abstractmethod
    def is_worth_it(self) -> bool:
        """So many that they are quicker together."""

    @abstractmethod
    def fused(self, results: list[Variable]) -> Fused:
        """They as one equation, where others read these `results`."""

    def is_full(self) -> bool:
        """The others are for the next group."""
        return False

    def sees_through(self, equation: Equation) -> bool:
        """Whether it is a view that the group does without, if nobody else reads it."""
        return False


def gather(program: Program, new: Callable[[], Group]) -> Program:
    """Put the equations that groups take into loops, the later ones into as many as it needs."""
    leaving = used_later(program.outputs)
    done: list[Equation] = []
    rest = program.equations
    while (schedule := _schedule(rest, new, leaving)) is not None:
        read = leaving.union(*(e.inputs for e in schedule.after))
        read |= {v.root for v in read}
        group = schedule.group
        results = [e.out for e in group.equations if e.out in read]
        done += [*schedule.before, group.fused(results)]
        rest = schedule.after
    return program.with_equations([*done, *rest])


def _schedule(
    equations: list[Equation], new: Callable[[], Group], leaving: set[Variable]
) -> _Schedule | None:
    """The equations around the first group that is worth it, if there is one."""
    declined: set[Equation] = set()
    while True:
        schedule = _Schedule(new())
        for equation in equations:
            schedule.add(equation, free=equation not in declined)
        inside = schedule.group.equations
        if not inside:
            return None
        if schedule.group.is_worth_it():
            schedule.end(leaving)
            return schedule
        declined.update(inside)  # perhaps later ones are worth it


class _Schedule:
    """Sorts equations, in order: before a group, into it, after it."""

    def __init__(self, group: Group):
        self.group = group
        self.before: list[Equation] = []
        self.after: list[Equation] = []
        self._late: set[Variable] = set()  # made by those after the group
        self._read: set[Variable] = set()  # the memory that the group reads
        self._views: dict[Variable, Equation] = {}  # those that nobody has asked for yet
        self._last_effect_after = False

    def add(self, equation: Equation, free: bool) -> None:
        """Decide where an equation goes: into the group only if it is free to."""
        later = self.group.is_full() or any(map(self._is_late, equation.inputs))
        if free and not later:
            if self.group.sees_through(equation):
                self._views[equation.out] = equation
                return
            if self.group.takes(equation):
                self.group.made.add(equation.out)
                self._read.update(v.root for v in equation.inputs)
                return
        self._outside(equation, later)

    def end(self, leaving: set[Variable]) -> None:
        """Views that leave the program are asked for after all."""
        for view in [v for v in self._views if v in leaving]:
            self._outside(self._views.pop(view))

    def _outside(self, equation: Equation, later: bool = False) -> None:
        """It stays on its own, before or after the group."""
        for view in self._views_for(equation):
            self._outside(view)
        effect = equation.op.check or isinstance(equation.function, Anew)
        later |= effect and self._last_effect_after
        later |= equation.into and equation.args[0].root in self._read  # else it needs a copy
        if later or any(map(self._comes_after, equation.inputs)):
            self.after.append(equation)
            self._late.update(equation.outs)
            self._last_effect_after |= effect
        else:
            self.before.append(equation)

    def _views_for(self, equation: Equation) -> Iterator[Equation]:
        for v in dict.fromkeys(equation.inputs):
            if v in self._views:
                yield self._views.pop(v)

    def _is_late(self, v: Variable) -> bool:
        return v in self._late or v.root in self._late

    def _comes_after(self, v: Variable) -> bool:
        """Whether a value is there only after the group."""
        return self._is_late(v) or v in self.group.made or v.root in self.group.made
