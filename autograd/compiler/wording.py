"""Wording: names for values that the user has none for, numbers for a name of several values."""

from __future__ import annotations

from collections import Counter, defaultdict

from .program import (
    Equation,
    Program,
    Variable,
    reading_order,
    used_later,
    written_in_place,
)

__all__ = ["give_names", "rebound"]


def give_names(program: Program) -> None:
    """Name what is read more than once after what it is; call the values of a loop h1, h2, ..."""
    uses = program.uses()
    _leave_out_steps(program, uses)
    made_by = program.producers()
    for output in program.outputs:  # it is written as the tensor that it updates
        if output.kind == "tensor" and output.variable in made_by:
            output.variable.name = None
    names = {x.name for x in [*made_by, *(i.variable for i in program.inputs)]}
    for output in program.outputs:
        made = made_by.get(output.variable)
        if output.kind == "result" and made is not None and not made.context.backward:
            output.variable.name = output.variable.name or ("value" if "out" in names else "out")
    for equation in program.equations:
        out, backward = equation.out, equation.context.backward
        if out.name is None and uses[out] > 1 and not backward and not _is_short(equation):
            noun = equation.op.noun
            out.name = noun if noun and noun not in names else None
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
    """The values that take over the name of another one, which nobody reads any more: loss.

    All values of a name, or none.
    """
    outputs = [o for o in program.outputs if o.kind != "finite"]
    order = reading_order(Program(program.inputs, program.equations, outputs, program.empty))
    position = {equation: k for k, equation in enumerate(order)}
    ends = _last_reads(order, used_later(outputs))
    owners = {given.variable.name: given.variable for given in program.inputs}
    ends |= dict.fromkeys(owners.values(), len(order))
    found: dict[Variable, Variable] = {}
    clash: set[str] = set()
    for equation in order:
        out = equation.out
        before = owners.get(out.name) if out.name else None
        if before is not None and not (equation.into and equation.args[0] is before):
            found[out] = before
            if ends[before] > position[equation] or equation.into:
                clash.add(out.name or "")
        owners[out.name] = out
    return {out: before for out, before in found.items() if out.name not in clash}


def _last_reads(order: list[Equation], leaving: set[Variable]) -> dict[Variable, int]:
    """Where each value is read for the last time, be it in the text of one without a name."""
    found = dict.fromkeys(leaving, len(order))
    for k in range(len(order) - 1, -1, -1):
        equation = order[k]
        out = equation.out
        followed = out not in leaving and (out.name is None or out.base is not None)
        followed = followed or equation.into
        end = max(k, found.get(out, k)) if followed else k
        for x in equation.inputs:
            found[x] = max(found.get(x, k), end)
    return {**dict.fromkeys((e.out for e in order), -1), **found}
