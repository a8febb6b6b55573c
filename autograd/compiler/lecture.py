"""Lecture: for people, the backward pass in the order in which it is taught."""

from __future__ import annotations

import heapq

from .ops import Meaning
from .program import Anew, Equation, Program, Variable

__all__ = ["parameters_first"]


def parameters_first(program: Program) -> Program:
    """In the order of a lecture: of what a gradient leads to, first the gradients of inputs, as
    the inputs stand, then the layer below; updates at the end."""
    if any(isinstance(e.function, Anew) for e in program.equations):
        return program
    start = next((k for k, e in enumerate(program.equations) if e.context.backward), None)
    if start is None:
        return program
    tail = program.equations[start:]
    rank = _ranks(program, tail)
    made = {equation.out for equation in tail}
    read = {x for equation in tail for x in equation.inputs}
    early = {
        e.out: e for e in tail
        if e.context.backward and e.out in read and made.isdisjoint(e.inputs)
    }  # fmt: skip
    order = _ordered([e for e in tail if e.out not in early], rank)
    return program.with_equations(program.equations[:start] + _with(early, order))


def _with(early: dict[Variable, Equation], order: list[Equation]) -> list[Equation]:
    """The equations, with what needs none of them before its first reader."""
    early, found = dict(early), []
    for equation in order:
        found += [early.pop(x) for x in dict.fromkeys(equation.inputs) if x in early]
        found.append(equation)
    return [*found, *early.values()]


def _ordered(tail: list[Equation], rank: dict[Variable, int]) -> list[Equation]:
    """What is ready first by its rank."""
    readers: dict[Variable, list[int]] = {}
    waits = [0] * len(tail)
    made = {equation.out for equation in tail}
    for k, equation in enumerate(tail):
        for x in set(equation.inputs) & made:
            readers.setdefault(x, []).append(k)
            waits[k] += 1
    ready = [(rank[e.out], k) for k, e in enumerate(tail) if not waits[k]]
    heapq.heapify(ready)
    order: list[Equation] = []
    while ready:
        _, k = heapq.heappop(ready)
        order.append(tail[k])
        for reader in readers.get(tail[k].out, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heapq.heappush(ready, (rank[tail[reader].out], reader))
    return order


def _ranks(program: Program, tail: list[Equation]) -> dict[Variable, int]:
    """How early each value wants to be computed: of the gradient of an input, the place of that."""
    places = {given.variable: k for k, given in enumerate(program.inputs)}
    wanted = {
        o.variable: places[o.source] for o in program.outputs
        if o.kind == "gradient" and isinstance(o.source, Variable) and o.source in places
    }  # fmt: skip
    inner, update = len(places), len(places) + 1
    found: dict[Variable, int] = {}
    readers: dict[Variable, list[Equation]] = {}
    for equation in tail:
        for x in equation.inputs:
            readers.setdefault(x, []).append(equation)
    made = {equation.out for equation in tail}
    for equation in reversed(tail):
        out, reading = equation.out, readers.get(equation.out, [])
        last = all(found[e.out] == update for e in reading)
        found[out] = inner
        if last:
            found[out] = wanted.get(out, inner) if equation.context.backward else update
        elif len(reading) == 1:  # a term of a gradient, or a view of what is known
            part = reading[0].op.means is Meaning.SUM or reading[0].op.reshapes
            if part or made.isdisjoint(equation.inputs):
                found[out] = found[reading[0].out]
    return found
