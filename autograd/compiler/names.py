"""Names: what the user calls the values of a program.

A value that is assigned to a variable in the line that makes it, or that a function returns to such
a line, has the name of that variable: the next instruction tells. A gradient is called d + the name
of its value.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from ..lines import OURS
from .program import Equation, Program, Variable, written_in_place
from .wording import rebound

__all__ = ["WRITTEN", "name_gradients", "name_in_gate", "name_in_program", "name_of_array"]

PACKAGE = str(Path(__file__).resolve().parents[1])
GATES = str(Path(PACKAGE, "gates"))
NUMPY = str(Path(np.__file__).parent)
TRACER = str(Path(PACKAGE, "compiler", "attempt.py"))
NEUTRAL = {  # what gates and layers call any value
    "array", "data", "first", "g", "index", "local", "number", "numbers", "out", "part", "result",
    "second", "self", "taken", "tie", "total", "traced", "value", "x",
}  # fmt: skip
RESULTS = {"out", "result"}  # and what they call a value that they will return
VARIABLES = "STORE_FAST", "STORE_NAME", "STORE_DEREF", "STORE_GLOBAL"
RETURNED = ""  # in place of a name: the frame outside tells
WRITTEN = "[...]"  # or: it is written into what has a name
OF_OURS = "<gate(", "<compiled", NUMPY, PACKAGE  # files of frames that are not the user's


def name_in_program() -> str | None:
    """What the user's program calls the value that is being made."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != TRACER:
        code = frame.f_code
        if not _is_internal(code.co_filename):
            name = _assigned(code).get(frame.f_lasti)
            ours = frame.f_globals.get("__name__", "").partition(".")[0] in OURS
            if name != RETURNED and not (ours and name in RESULTS):
                return None if name is None or (ours and name in NEUTRAL) else name
        frame = frame.f_back
    return None


def name_in_gate() -> str | None:
    """What the kernel or the rule of a gate calls the value that is being made."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != TRACER:
        code = frame.f_code
        if code.co_filename.startswith(GATES):
            name = _assigned(code).get(frame.f_lasti)
            if name != RETURNED:
                return None if name is None or name in NEUTRAL or len(name) < 3 else name
        frame = frame.f_back
    return None


def name_of_array(array: Any) -> str | None:
    """What the user's program calls an array that it has from outside."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_internal(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is None:
        return None
    names = frame.f_code.co_names
    found = _name_in(frame.f_locals, array)
    return found or _name_in({k: frame.f_globals.get(k) for k in names}, array)


def _name_in(space: Mapping[str, Any], array: Any) -> str | None:
    names = (name for name, value in space.items() if value is array and not name.startswith("_"))
    return next(names, None)


@functools.lru_cache(maxsize=1000)
def _is_internal(file: str) -> bool:
    return file.startswith(OF_OURS)


@functools.lru_cache(maxsize=1000)
def _assigned(code: CodeType) -> dict[int, str]:
    """For instructions in some code: the variable that what they give is assigned to at once."""
    found: dict[int, str] = {}
    before, name = 0, None
    steps = list(dis.get_instructions(code))
    for places, name in _assigned_together(steps):
        if not name.startswith("_"):
            found.update(dict.fromkeys(places, name))
    for step in steps:
        name = None
        if step.opname.startswith(VARIABLES):
            name = step.argval if isinstance(step.argval, str) else step.argval[0]
        elif step.opname == "RETURN_VALUE":
            name = RETURNED
        if name is not None and not name.startswith("_"):
            # a frame that waits for a call is at the instruction, or in the space behind it
            found.update(dict.fromkeys(range(before, step.offset, 2), name))
        before = step.offset
        if step.opname == "STORE_SUBSCR":
            found[before] = found[before + 2] = WRITTEN
    return found


def _assigned_together(steps: list[dis.Instruction]) -> Iterator[tuple[range, str]]:
    """For q, k, v = x @ a, x @ b, x @ c: where each value but the last is made, and its name."""
    at = 0
    while at < len(steps):
        stores = []
        while at < len(steps) and steps[at].opname.startswith(VARIABLES):
            stores.append(steps[at])
            at += 1
        end = at - len(stores) - 1  # where the last value is made, which is stored first
        if len(stores) > 1 and steps[end].opname == "UNPACK_SEQUENCE":
            stores, end = stores[::-1], end - 2  # of a tuple, which keeps the order
            if steps[end + 1].opname != "BUILD_TUPLE" or steps[end + 1].arg != len(stores):
                stores = []
            elif isinstance(stores[0].argval, str):
                yield range(steps[end].offset, steps[end + 1].offset, 2), stores[0].argval
        for store in stores[1:]:
            height = 0
            while end > 0 and height < 1:  # back over what makes the value behind this one
                height += -1000 if steps[end].opcode in dis.hasjrel else _effect(steps[end])
                end -= 1
            if height != 1 or not isinstance(store.argval, str):
                break
            yield range(steps[end].offset, steps[end + 1].offset, 2), store.argval
        at += 1


def _effect(step: dis.Instruction) -> int:
    return dis.stack_effect(step.opcode, step.arg if step.opcode >= dis.HAVE_ARGUMENT else None)


def name_gradients(
    program: Program, modules: dict[Variable, str], invented: Container[Variable] = ()
) -> None:
    """Call the gradient by `hidden` dhidden; by a value without a name, after its module.

    `invented` are values that the user has no name for, though they have one.
    """
    in_place = written_in_place(program)
    own = {o.source: o.source.name for o in program.outputs
           if isinstance(o.source, Variable) and o.source not in invented}  # fmt: skip
    forward = {e.out for e in program.equations if not e.context.backward}
    for names in own.get, (lambda x: x.name), modules.get:  # the user's own names first
        for output in program.outputs:
            if output.kind != "gradient":
                continue
            gradient, name = output.variable, names(output.source)
            free = gradient.name is None and not gradient.constant and gradient not in forward
            if name is not None and name.isidentifier() and free:
                gradient.name = f"d{name}"
        for equation in reversed(program.equations):  # x[i] = y: the same array before and after
            if equation in in_place:
                before, after = equation.args[0], equation.out
                before.name = after.name = after.name or before.name
    _make_unique(program, in_place)


def _make_unique(program: Program, in_place: set[Equation]) -> None:
    """A name means one value, or one array that is written to."""
    owners: dict[str, set[Variable]] = {}
    successors = rebound(program)
    for variable in [i.variable for i in program.inputs]:
        if variable.name:
            owners[variable.name] = {variable}
    for equation in program.equations:
        variable = equation.out
        if variable.name is None:
            continue
        before = equation.args[0] if equation in in_place else successors.get(variable)
        if before is not None and before.name is not None:
            variable.name = before.name
            owners.setdefault(variable.name, set()).add(variable)
            continue
        name, number = variable.name, 2
        while variable.name in owners:
            variable.name = f"{name}{number}"
            number += 1
        owners[variable.name] = {variable}
