"""Blocks: chains of elementwise functions over large arrays, worked on piece by piece.

Each function of such a chain would send whole arrays through the cache. Taken together, a piece
goes through the whole chain while it is there. A sum over all elements is taken along: NumPy adds
pairwise, halving the array again and again, so if the pieces are the parts of that very halving,
and their sums are added in that order, the result is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .program import Anew, Equation, Program, Variable, used_later

__all__ = ["Loop", "gather", "halves", "sum_of_halves"]

LARGE = 1 << 20  # bytes: smaller arrays stay in the cache anyway
PIECE = 1 << 18  # bytes of one array in a piece
FEWEST = 3  # equations that are worth a loop


@dataclass(eq=False, slots=True)
class Loop(Equation):
    """Equations that run together, piece by piece.

    `outs` are the values that are read outside of the loop; `out` is the first of them.
    """

    inside: list[Equation] = field(default_factory=list)
    results: list[Variable] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    threads: int = 1  # that share the pieces

    @property
    def outs(self) -> list[Variable]:
        """What the loop assigns."""
        return self.results

    @property
    def parts(self) -> list[Equation]:
        """Itself and the equations inside."""
        return [self, *self.inside]

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Where the pieces begin and end, in the flat arrays."""
        size = int(np.prod(self.shape))
        width = max(e.out.dtype.itemsize for e in self.inside)
        return list(halves(0, size, self.nbytes // width))

    @property
    def nbytes(self) -> int:
        """Of one array in a piece: more where threads have to take turns between two calls."""
        return PIECE if self.threads == 1 else 2 * PIECE


def halves(start: int, size: int, most: int) -> Iterator[tuple[int, int]]:
    """The parts of at most `most` elements that NumPy's pairwise summation comes across."""
    if size <= max(most, 128):
        yield start, start + size
    else:
        half = size // 2
        half -= half % 8
        yield from halves(start, half, most)
        yield from halves(start + half, size - half, most)


def sum_of_halves(sums: list[Any], size: int, most: int) -> Any:
    """The sums of those parts, added as pairwise summation adds them."""
    rest = iter(sums)

    def add(size: int) -> Any:
        if size <= max(most, 128):
            return next(rest)
        half = size // 2
        half -= half % 8
        return add(half) + add(size - half)

    return add(size)


def gather(program: Program, threads: int = 1) -> Program:
    """Put elementwise equations over large arrays of one shape into loops."""
    leaving = used_later(program.outputs)
    gathered = _gather(program.equations, leaving)
    for equation in gathered:
        if isinstance(equation, Loop):
            equation.threads = threads
    return program.with_equations(gathered)


def _gather(equations: list[Equation], leaving: set[Variable]) -> list[Equation]:
    first = next((k for k, e in enumerate(equations) if _elementwise(e)), None)
    if first is None:
        return equations
    shape = equations[first].out.shape
    before, group = equations[:first], []
    after: list[Equation] = []
    late: set[Variable] = set()  # needs a finished result of the loop
    inside: set[Variable] = set()
    for equation in equations[first:]:
        inputs = set(equation.inputs)
        fits = _elementwise(equation) and equation.out.shape == shape
        summed = _is_sum(equation) and equation.args[0] in inside
        if (fits or summed) and not inputs & late:
            group.append(equation)
            (late if summed else inside).add(equation.out)
        elif inputs & (late | inside) or equation.into or (after and _is_call_anew(equation)):
            after.append(equation)
            late.add(equation.out)
        else:
            before.append(equation)
    rest = _gather(after, leaving)
    if len(group) < FEWEST:
        return [*before, *group, *rest]
    return [*before, _loop(group, rest, leaving, shape), *rest]


def _is_call_anew(equation: Equation) -> bool:
    """Calls of the user's functions stay in order."""
    return isinstance(equation.function, Anew)


def _loop(
    group: list[Equation], rest: list[Equation], leaving: set[Variable], shape: tuple[int, ...]
) -> Loop:
    read = set(leaving).union(*(e.inputs for e in rest))
    made = {e.out for e in group}
    results = [e.out for e in group if e.out in read]
    inputs = dict.fromkeys(v for e in group for v in e.inputs if v not in made)
    return Loop(results[0], _run, tuple(inputs), {}, False, group[0].context, group, results, shape)


def _run() -> None:
    raise AssertionError("a loop is written out, not called")  # pragma: no cover


def _elementwise(equation: Equation) -> bool:
    """Whether it computes each element of a large array from the same element of others."""
    out = equation.out
    return bool(
        equation.elementwise
        and not equation.kwargs
        and out.base is None
        and out.type.nbytes >= LARGE
        and out.type.is_contiguous
        and all(_matches(x, out.shape) for x in equation.args)
    )


def _matches(x: Any, shape: tuple[int, ...]) -> bool:
    if not isinstance(x, Variable) or not x.shape:
        return True
    return bool(x.shape == shape and x.type.is_contiguous)


def _is_sum(equation: Equation) -> bool:
    return bool(
        equation.op.pairwise
        and equation.kwargs.get("axis", 0) is None
        and not equation.kwargs.get("keepdims")
        and equation.args[0].dtype.kind == "f"
        and equation.args[0].dtype.itemsize >= 4
    )
