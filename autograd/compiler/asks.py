"""Asks: what some code wants to know of a value that a lookalike cannot answer as the value would.

`type(x)` and `id(x)` see through a lookalike, and `x is y` compares two of them. None of these can
be seen when it happens, but all can be seen in the code before it runs.
"""

from __future__ import annotations

import dis
import functools
import sys
import types
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor
from .lookalikes import Lookalike
from .reach import Reached

__all__ = ["Identity", "TypesSeen", "check_arguments", "identity_of"]

SEES_THROUGH = {
    "type": "use isinstance(x, np.ndarray), isinstance(x, float) or x.__class__",
    "id": "compare with `is`, or pass what tells them apart as an argument",
}
HINTS = frozenset(SEES_THROUGH)
OF_THE_CODE = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_CONST")  # nothing that a call is given
SINGLETONS = (None, True, False, Ellipsis, NotImplemented)
IDLE = ("CACHE", "PRECALL", "EXTENDED_ARG", "PUSH_NULL")
IS_FUNCTIONS = {"is_", "is_not"}
VALUES = (np.ndarray, np.generic, float, Tensor)


class Sites(NamedTuple):
    """Where some code calls `type` or `id`: offsets with names of the local values that it calls
    them on, and a line where it calls them on anything else."""

    locals: dict[int, tuple[str, str]]
    other: tuple[str, int] | None


class TypesSeen:
    """Raises TraceError where code calls `type` or `id` on what stands for an array or a number.

    A context, around the call of the function. Where all such calls are on local variables, they
    are looked at as they happen; that takes the debugger's hook, and costs time.
    """

    def __init__(self, codes: Iterable[types.CodeType]):
        found = {code: _sites(code) for code in codes if not HINTS.isdisjoint(code.co_names)}
        for code, sites in found.items():
            if sites.other is not None:
                raise _sees_through(code, *sites.other)
        self.sites = {code: sites.locals for code, sites in found.items() if sites.locals}
        self._before: Any = None

    def __enter__(self) -> None:
        if self.sites:
            self._before = sys.gettrace()
            sys.settrace(self._call)

    def __exit__(self, *_: object) -> None:
        if self.sites:
            sys.settrace(self._before)

    def _call(self, frame: types.FrameType, event: str, _: Any) -> Any:
        if event != "call" or frame.f_code not in self.sites:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._step

    def _step(self, frame: types.FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            asked = self.sites[frame.f_code].get(frame.f_lasti)
            if asked is not None and isinstance(frame.f_locals.get(asked[1]), Lookalike):
                raise frame.f_locals[asked[1]].recorder.refused(
                    _sees_through(frame.f_code, asked[0], frame.f_lineno)
                )
        return self._step


def _sees_through(code: types.CodeType, name: str, line: int) -> TraceError:
    return TraceError(
        f"compile: {code.co_name} calls {name}(...) in line {line}, which sees what stands for an "
        f"array or a number while the function is traced; {SEES_THROUGH[name]}"
    )


@functools.lru_cache(maxsize=4000)
def _sites(code: types.CodeType) -> Sites:
    """Where some code calls `type` or `id`."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in IDLE]
    found: dict[int, tuple[str, str]] = {}
    for k, step in enumerate(steps[:-2]):
        if step.argval not in SEES_THROUGH or not step.opname.startswith(
            ("LOAD_GLOBAL", "LOAD_NA")
        ):
            continue
        given, then = steps[k + 1 : k + 3]
        is_asked = "isinstance" in code.co_names and given.opname.startswith("CALL")
        own = given.argval in ("self", "cls") and given.opname.startswith("LOAD_FAST")
        if is_asked or own or given.opname in OF_THE_CODE:
            continue
        if given.opname.startswith("LOAD_FAST") and then.opname.startswith("CALL"):
            found[given.offset] = step.argval, given.argval
            continue
        line = step.positions.lineno if step.positions is not None else None
        return Sites({}, (step.argval, line or code.co_firstlineno))
    return Sites(found, None)


def asks_for_identity(code: types.CodeType, function: types.FunctionType) -> bool:
    """The code, which is in this function, compares with `is`, and perhaps arrays or numbers."""
    return any(name is None or _may_be_a_value(function, name) for name in _compared_with(code))


def _may_be_a_value(function: types.FunctionType, name: tuple[str, ...]) -> bool:
    """What a function takes from outside, or a member of a module, that is an array or a number."""
    free = function.__code__.co_freevars
    if name[0] in free and function.__closure__ is not None:
        try:
            found = function.__closure__[free.index(name[0])].cell_contents
        except ValueError:  # not there yet
            return True
    elif name[0] in function.__code__.co_cellvars:
        return True
    else:
        found = function.__globals__.get(name[0])
    for part in name[1:]:
        if not isinstance(found, types.ModuleType):
            return True
        found = getattr(found, part, None)
    return isinstance(found, VALUES)


@functools.lru_cache(maxsize=4000)
def _compared_with(code: types.CodeType) -> frozenset[tuple[str, ...] | None]:
    """What stands to the right of `is` in some code: names of globals, None for anything else."""
    found: set[tuple[str, ...] | None] = set()
    if not code.co_names and not code.co_varnames:
        return frozenset()
    steps = [step for step in dis.get_instructions(code) if step.opname not in IDLE]
    for k, step in enumerate(steps):
        if step.opname != "IS_OP":
            continue
        names: list[str] = []
        j = k - 1
        while j > 0 and steps[j].opname == "LOAD_ATTR":
            names.insert(0, steps[j].argval)
            j -= 1
        if names[-1:] == ["__class__"]:
            continue
        start = steps[j]
        if start.opname == "LOAD_CONST" and start.argval in SINGLETONS:
            continue
        of_module = start.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")
        found.add((start.argval, *names) if of_module else None)
    if not IS_FUNCTIONS.isdisjoint(code.co_names):
        found.add(None)
    return frozenset(found)


class Identity(NamedTuple):
    """Which arguments of a call are the same object."""

    first: list[int]  # for each argument the number of the first one that is the same object
    seen: list[int]  # those that something stands for
    outside: tuple[Any, ...]  # arrays that the function reads from outside

    def conditions(self) -> tuple[list[str], dict[str, Any]]:
        """What is true of arguments, called object_0, ..., that are alike in this."""
        names = {k: f"object_{k}" for k in self.seen}
        found = [f"{name} is {names[self.first[k]]}" for k, name in names.items()
                 if self.first[k] != k]  # fmt: skip
        ids = ", ".join(f"id({name})" for k, name in names.items() if self.first[k] == k)
        count = sum(self.first[k] == k for k in names)
        if count > 1:
            found.append(f"len({{{ids}}}) == {count}")
        if self.outside:
            found.append(f"known_ids.isdisjoint(({ids},))")
        known = frozenset(map(id, self.outside))
        return found, {"known_ids": known, "known_objects": self.outside}


def identity_of(leaves: list[Any], reached: Reached) -> Identity | None:
    """Which arguments are the same object, where some code may compare them; else None.

    Raises TraceError where the answer would not be that of eager code.
    """
    seen = [k for k, x in enumerate(leaves) if is_replaced(x)]
    if not seen:
        return None
    if not any(asks_for_identity(code, function) for code, function in reached.codes):
        return None
    known = {id(x) for x in reached.met}
    if any(id(leaves[k]) in known for k in seen):
        raise TraceError(
            "compile: an argument is an array that the function also reads from outside, and it "
            "compares with `is`; pass a copy, or let the function read it from outside only"
        )
    numbers: dict[int, int] = {}
    first = [numbers.setdefault(id(x), k) if k in seen else k for k, x in enumerate(leaves)]
    return Identity(first, seen, tuple(reached.met))


def is_replaced(x: Any) -> bool:
    """Something stands for the argument while the function is traced."""
    if isinstance(x, Tensor):
        return not x.requires_grad
    return isinstance(x, (np.ndarray, np.generic)) or type(x) is float


def check_arguments(now: tuple[list[Any], Any], given: list[Any], structure: Any) -> None:
    """Raise TraceError if the function has changed a list or dictionary that it was given."""
    leaves, form = now
    if form != structure or any(x is not y for x, y in zip(leaves, given, strict=True)):
        raise TraceError(
            "compile: the function changes a list or a dictionary that it is given, and a compiled "
            "program would not; return the new values instead"
        )
