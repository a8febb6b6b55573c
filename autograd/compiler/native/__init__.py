"""Native code: the part of a program that becomes loops of machine code.

NumPy goes through memory once for every call. Where arrays are small and the arithmetic simple,
one loop that takes a few examples of the batch through the forward pass and back again is several
times faster: they stay in registers and in the first cache. Products are worked out in tiles, so
that what happens to them next happens while they are there.
Sums are added in another order than NumPy adds them, so results agree to rounding, not to the bit.
"""

import functools
from collections.abc import Callable

from ..blocks import gather_blocks
from ..lower import Form, lower
from ..passes import SIMPLIFY, improve, skip_copies, square
from ..program import Program, Variable
from .choose import Native, gather_native
from .load import load, require_numba
from .write import write

__all__ = ["Native", "gather_native", "load", "require_numba", "with_native", "write"]

NATIVE = [*SIMPLIFY, skip_copies, square]  # the passes before native code is chosen


def with_native(traced: Program, threads: int = 1) -> Program:
    """A program of a trace, with native code in it; loops over large arrays share `threads`.

    Gates are lowered to what suits native code. Those that end up outside of it all the same are
    lowered once more, to what is quick with NumPy.
    """
    lowered = lower(traced, Form.NATIVE)
    passes: list[Callable[[Program], Program]] = [
        *NATIVE,
        functools.partial(gather_native, threads=threads),
        functools.partial(gather_blocks, threads=threads),
    ]
    program = improve(lowered.program, passes)
    outside: dict[Variable, int] = {}
    for equation in program.equations:
        for part in equation.parts:
            home = lowered.homes.get(part)
            if home is not None and part.out.base is None:
                weight = part.out.type.nbytes * (1 if part is equation else -1)
                outside[home] = outside.get(home, 0) + weight
    quick = {home for home, weight in outside.items() if weight > 0}
    return improve(lower(traced, Form.NATIVE, quick).program, passes) if quick else program
