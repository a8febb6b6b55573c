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

from .loops import Fused, Group, gather, run
from .program import Equation, Program, Variable

__all__ = ["Loop", "gather_blocks", "halves", "sum_of_halves"]

LARGE = 1 << 20  # bytes: smaller arrays stay in the cache anyway
PIECE = 1 << 18  # bytes of one array in a piece
FEWEST = 3  # equations that are worth a loop


@dataclass(eq=False, slots=True)
class Loop(Fused):
    """Equations that run together, piece by piece."""

    chain: list[Equation] = field(default_factory=list)
    shape: tuple[int, ...] = ()
    threads: int = 1  # that share the pieces

    @property
    def inside(self) -> list[Equation]:
        """The equations, in order."""
        return self.chain

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


def gather_blocks(program: Program, threads: int = 1) -> Program:
    """Put elementwise equations over large arrays of one shape into loops."""
    return gather(program, lambda: _Chain(threads))


class _Chain(Group):
    """Elementwise equations over arrays of one shape, and sums of what they make."""

    def __init__(self, threads: int):
        super().__init__()
        self.threads = threads
        self.chain: list[Equation] = []
        self.totals: set[Variable] = set()  # known when the loop is done

    @property
    def equations(self) -> list[Equation]:
        """All of them."""
        return self.chain

    def takes(self, equation: Equation) -> bool:
        """Take it in, if it fits."""
        out = equation.out
        summed = _is_sum(equation) and equation.args[0] in self.made
        fits = _elementwise(equation) and (not self.chain or out.shape == self.chain[0].out.shape)
        if not (fits or summed) or not self.totals.isdisjoint(equation.inputs):
            return False
        self.chain.append(equation)
        if summed:
            self.totals.add(out)
        return True

    def is_worth_it(self) -> bool:
        """So many that they are quicker together."""
        return len(self.chain) >= FEWEST

    def fused(self, results: list[Variable]) -> Loop:
        """The loop."""
        inputs = dict.fromkeys(v for e in self.chain for v in e.inputs if v not in self.made)
        first = self.chain[0]
        return Loop(results[0], run, tuple(inputs), {}, False, first.context,
                    results, self.chain, first.out.shape, self.threads)  # fmt: skip


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
