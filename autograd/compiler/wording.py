"""Wording: names for values that the user has none for, numbers for a name of several values."""

from __future__ import annotations

from collections import Counter, defaultdict

from .program import Equation, Program, Variable, used_later, written_in_place

__all__ = ["give_names", "rebound"]


def give_names(program: Program) -> None:
    """Name what is read more than once after what it is; call the values of a loop h1, h2, ..."""
    uses: Counter[Variable] = Counter()
    for equation in program.equations:
        uses.update(equation.inputs)
    _leave_out_steps(program, uses)
    made_by = program.producers()
    names = {x.name for x in [*made_by, *(i.variable for i in program.inputs)]}
    for output in program.outputs:
        made = made_by.get(output.variable)
        if output.kind == "result" and made is not None and not made.context.backward:
            output.variable.name = output.variable.name or ("value" if "out" in names else "out")
    for equation in program.equations:
        out, backward = equation.out, equation.context.backward
        if out.name is None and uses[out] > 1 and not backward and not _is_short(equation):
            out.name = equation.op.noun or None
    _number(program)


def _is_short(equation: Equation) -> bool:
    """It is written where it is read, however often: 1 - p, X[0]."""
    number = any(not isinstance(x, Variable) for x in equation.args)
    part = len(equation.args) == 2 and isinstance(equation.args[1], int)
    return part or (number and equation.elementwise)


def _leave_out_steps(program: Program, uses: Counter[Variable]) -> None:
    """winners = (x == top).astype(float) is one value, though a rule calls its parts the same."""
    readers = {x: e for e in program.equations for x in e.inputs}
    for equation in program.equations:
        out, reader = equation.out, readers.get(equation.out)
        if reader is None or uses[out] != 1 or not equation.context.gate or equation.into:
            continue
        if out.name == reader.out.name and reader.context is equation.context and not reader.into:
            out.name = None


def _number(program: Program) -> None:
    """h1, h2, ... for values that are all called h."""
    one = rebound(program)
    in_place = {e.out: e.args[0] for e in written_in_place(program)}
    groups: dict[str, list[Variable]] = defaultdict(list)
    for equation in program.equations:
        out = equation.out
        before = one.get(out) or in_place.get(out)
        if out.name and not (before is not None and before.name == out.name):
            groups[out.name].append(out)
    taken = {i.variable.name for i in program.inputs} | set(groups)
    written = set(in_place.values())
    steps = {e.out for e in program.equations if e.context.backward and e.out in written}
    follows = in_place | one
    for name, values in groups.items():
        number = 2 if name in {i.variable.name for i in program.inputs} else 1
        if len(values) > 1 and all(out in steps for out in values):
            for out in values:  # what only a rule calls so takes the name of the gradient
                out.name = None
            continue
        for out in values if len(values) > 1 or number == 2 else ():
            while f"{name}{number}" in taken:
                number += 1
            taken.add(f"{name}{number}")
            out.name = f"{name}{number}"
    for equation in program.equations:  # what is written to, or takes the place of another
        before = follows.get(equation.out)
        name = equation.out.name or ""
        if before is None or not before.name or name not in groups:
            continue
        if equation.out not in groups[name]:
            equation.out.name = before.name


def rebound(program: Program) -> dict[Variable, Variable]:
    """The values that take the name over of the one that they alone are made of: loss."""
    leaving = used_later(program.outputs)
    readers: dict[Variable, list[Equation]] = defaultdict(list)
    for equation in program.equations:
        for x in set(equation.inputs):
            readers[x].append(equation)
    made_by, found = program.producers(), {}
    for x in made_by:
        if not x.name or x in leaving or len(readers[x]) != 1 or made_by[x].into:
            continue
        equation = readers[x][0]
        if equation.out.name == x.name and not equation.into:
            found[equation.out] = x
    return found
