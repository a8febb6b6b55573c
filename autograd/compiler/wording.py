"""Wording: names for values that the user has none for, numbers for a name of several values."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from .ops import Meaning
from .program import (
    Equation,
    Program,
    Variable,
    accumulated,
    reading_order,
    used_later,
    written_in_place,
)

__all__ = ["give_names", "is_plain_index", "rebound"]


def give_names(program: Program) -> set[Variable]:
    """Name what is read more than once after what it is; call the values of a loop h1, h2, ...

    Gives the values whose names are not the user's.
    """
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
            output.variable.name = output.variable.name or _name_of_result(output.variable, program)
    found: dict[str, list[Equation]] = defaultdict(list)
    for equation in program.equations:
        out, backward = equation.out, equation.context.backward
        if out.name is None and uses[out] > 1 and not backward and not _is_short(equation):
            noun = _noun(equation, made_by)
            if noun and noun not in names:
                out.name = noun
                found[noun].append(equation)
    _name_sums(program, names)
    for noun, alike in found.items():
        _tell_apart(noun, alike, made_by)
    _number(program)
    return {e.out for alike in found.values() for e in alike}


def _name_sums(program: Program, names: set[str | None]) -> None:
    """s, for a sum whose gradient is that of a term too: other terms want it by its own name."""
    made_by = program.producers()
    given = {i.variable for i in program.inputs}
    of: dict[Variable, list[Variable]] = defaultdict(list)
    for output in program.outputs:
        if output.kind == "gradient" and isinstance(output.source, Variable):
            of[output.variable].append(output.source)
    read = {x for e in program.equations if e.context.backward for x in e.inputs}
    for slope, sources in of.items():
        sums = [x for x in sources if x in made_by and made_by[x].op.means is Meaning.SUM]
        alike = [x for x in sources if x in given and x.shape == slope.shape]
        named = any(x.name for x in sources if x in made_by)
        if sums and alike and not named and slope in read and "s" not in names:
            sums[0].name = "s"
            names.add("s")


def _name_of_result(out: Variable, program: Program) -> str:
    """What a result is called that the user has no name for."""
    taken = {e.out.name for e in program.equations} | {i.variable.name for i in program.inputs}
    slopes = any(e.context.backward for e in program.equations)
    names = ["out", "loss" if slopes and not out.shape else "result", "value"]
    return next((name for name in names if name not in taken), "value")


def _noun(equation: Equation, made_by: Mapping[Variable, Equation]) -> str:
    """What a person calls a value: where its operand says so, by what it means there."""
    if equation.op.means is Meaning.TOTAL and equation.out.shape:
        return "sums"
    if equation.op.means is not Meaning.ROOT:
        return equation.op.noun or _of_function(equation)
    inner = _of_which(equation, made_by)
    if isinstance(inner, Variable) and inner.name and inner.name.startswith("var"):
        return "std"
    total = made_by.get(inner)
    if total is None or total.op.means is not Meaning.TOTAL:
        return equation.op.noun
    return "norm" if _squared(made_by.get(total.args[0])) is not None else equation.op.noun


def _of_function(equation: Equation) -> str:
    """exp_x, for a function of one value that has a name."""
    op, x = equation.op, equation.args[0] if equation.args else None
    function = (op.called or op.name).removeprefix("np.")
    if (
        not isinstance(x, Variable)
        or not x.name
        or len(equation.args) > 1
        or not op.elementwise
        or op.readable is not None
        or not function.isidentifier()
    ):
        return ""
    return f"{function}_{x.name}"


def _of_which(root: Equation, made_by: Mapping[Variable, Equation]) -> Any:
    """The operand of a root, without the small number that keeps it from 0."""
    inner = root.args[0]
    plus = made_by.get(inner)
    if plus is None or inner.name or plus.op.means is not Meaning.SUM:
        return inner
    x, number = plus.args
    return inner if isinstance(number, Variable) and not number.constant else x


def _squared(equation: Equation | None) -> Any:
    """What the equation squares, if it does."""
    if equation is None:
        return None
    x, *more = equation.args
    if equation.op.means is Meaning.SQUARE or (equation.op.means is Meaning.POWER and more == [2]):
        return x
    return x if equation.op.means is Meaning.PRODUCT and more == [x] else None


def _tell_apart(noun: str, alike: list[Equation], made_by: Mapping[Variable, Equation]) -> None:
    """norm_a and norm_b, of a and of b."""
    if noun != "norm" or len(alike) < 2:
        return
    names = [_squared(made_by[made_by[_of_which(e, made_by)].args[0]]) for e in alike]
    names = [x.name if isinstance(x, Variable) else None for x in names]
    if all(names) and len(set(names)) == len(names):
        for equation, name in zip(alike, names, strict=True):
            equation.out.name = f"{noun}_{name}"


def _is_short(equation: Equation) -> bool:
    """It is written where it is read, however often: 1 - p, X[0]."""
    number = any(not isinstance(x, Variable) for x in equation.args)
    part = len(equation.args) == 2 and is_plain_index(equation.args[1])
    return part or (number and equation.elementwise)


def is_plain_index(index: Any) -> bool:
    """It consists of numbers and slices."""
    parts = index if isinstance(index, tuple) else (index,)
    return bool(parts) and all(isinstance(part, (int, slice)) for part in parts)


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
    for x in dict.fromkeys(x for e in program.equations for x in e.inputs if x.constant):
        if x.name in groups and f"{x.name}0" not in taken:  # where a loop begins
            x.name = f"{x.name}0"
            taken.add(x.name)
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
    ends = _last_reads(order, used_later(outputs), accumulated(program))
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


def _last_reads(
    order: list[Equation], leaving: set[Variable], summed: set[Variable]
) -> dict[Variable, int]:
    """Where each value is read for the last time, be it in the text of one without a name.

    What is `summed` up has lines of its own, name or not.
    """
    found = dict.fromkeys(leaving, len(order))
    for k in range(len(order) - 1, -1, -1):
        equation = order[k]
        out = equation.out
        followed = out not in leaving and (out.name is None or out.base is not None)
        followed = followed and out not in summed
        followed = followed or equation.into
        end = max(k, found.get(out, k)) if followed else k
        for x in equation.inputs:
            found[x] = max(found.get(x, k), end)
    return {**dict.fromkeys((e.out for e in order), -1), **found}
