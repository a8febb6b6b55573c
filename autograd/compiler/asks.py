"""Asks: what some code wants to know of a value that a lookalike cannot answer as the value would.

`type(x)` and `id(x)` see through a lookalike, and `x is y` compares two of them. None of these can
be seen when it happens, but all can be seen in the code before it runs.
"""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor
from .reach import Reached

__all__ = ["Identity", "check_arguments", "identity_of"]

SEES_THROUGH = {
    "type": "use isinstance(x, np.ndarray), isinstance(x, float) or x.__class__",
    "id": "compare with `is`, or pass what tells them apart as an argument",
}
OF_THE_CODE = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_CONST")  # nothing that a call is given
SINGLETONS = (None, True, False, Ellipsis, NotImplemented)


def refuse_types(codes: Iterable[types.CodeType], lookalikes: bool) -> None:
    """Raise TraceError where code calls `type` or `id` on what may be an array or a number."""
    for code in codes if lookalikes else ():
        found = _sees_through(code)
        if found is not None:
            name, line = found
            raise TraceError(
                f"compile: {code.co_name} calls {name}(...) in line {line}, which sees what stands "
                f"for an array or a number while the function is traced; {SEES_THROUGH[name]}"
            )


@functools.lru_cache(maxsize=4000)
def _sees_through(code: types.CodeType) -> tuple[str, int] | None:
    """The name and the line of a call of `type` or `id`, if there is one on a local value."""
    if SEES_THROUGH.keys().isdisjoint(code.co_names):
        return None
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "PRECALL")]
    for k, step in enumerate(steps[:-1]):
        if step.argval not in SEES_THROUGH or not step.opname.startswith(("LOAD_GLOBAL", "LOAD_NA")):
            continue
        rest = [after for after in steps[k + 1 : k + 4] if after.opname != "PUSH_NULL"]
        given = rest[0]
        is_asked = "isinstance" in code.co_names and given.opname.startswith("CALL")
        own = given.argval in ("self", "cls") and given.opname.startswith("LOAD_FAST")
        if is_asked or own or given.opname in OF_THE_CODE:
            continue
        line = step.positions.lineno if step.positions is not None else None
        return str(step.argval), line or code.co_firstlineno
    return None


@functools.lru_cache(maxsize=4000)
def asks_for_identity(code: types.CodeType) -> bool:
    """The code compares with `is`, or looks for something in a container, by identity first."""
    before = None
    for step in dis.get_instructions(code):
        if step.opname in ("CACHE", "PRECALL"):
            continue
        if step.opname == "CONTAINS_OP":
            return True
        if step.opname == "IS_OP" and before is not None:
            constant = before.opname == "LOAD_CONST" and before.argval in SINGLETONS
            if not constant:
                return True
        before = step
    return "is_" in code.co_names or "is_not" in code.co_names


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
    refuse_types(reached.codes, bool(seen))
    if not seen or not any(map(asks_for_identity, reached.codes)):
        return None
    known = {id(x) for x in reached.arrays}
    if any(id(leaves[k]) in known for k in seen):
        raise TraceError(
            "compile: an argument is an array that the function also reads from outside, and it "
            "compares with `is` or `in`; pass a copy, or let the function read it from outside only"
        )
    numbers: dict[int, int] = {}
    first = [numbers.setdefault(id(x), k) if k in seen else k for k, x in enumerate(leaves)]
    return Identity(first, seen, tuple(reached.arrays))


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
