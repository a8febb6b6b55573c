"""Shifts: a softmax does not change when all its scores move by as much, so nothing flows back.

np.exp(scores - np.max(scores, axis=1, keepdims=True)) is there against overflow. What the chain
rule gives for the largest score is 0 but for rounding, and no teacher writes it down.
"""

from __future__ import annotations

from typing import Any

from .ops import Meaning
from .program import Equation, Program, Variable
from .rewriting import Rewriting

__all__ = ["leave_out_shifts"]


def leave_out_shifts(program: Program) -> Program:
    """Without gradients by what the scores of a softmax are shifted by."""
    return _Shifts(program).program()


class _Shifts:
    def __init__(self, program: Program):
        self.old = program
        self.r = Rewriting(program)
        self.readers: dict[Variable, list[Equation]] = {}
        for equation in program.equations:
            for x in dict.fromkeys(equation.inputs):
                self.readers.setdefault(x, []).append(equation)
        self.slope = {o.source: o.variable for o in program.outputs if o.kind == "gradient"}

    def program(self) -> Program:
        if any(x in self.r.made_by and self.r.made_by[x].context.backward for x in self.slope):
            return self.old  # gradients are differentiated in their turn
        ends: dict[Variable, Variable] = {}  # a sum by what is left of it
        for equation in self.old.equations:
            if equation.op.means is Meaning.LARGEST and self._is_shift(equation):
                ends |= self._sum_with(self.slope.get(equation.out))
        if not ends:
            return self.old

        def rewrite(equation: Equation) -> bool:
            if equation.out in ends:
                self.r.instead[equation.out] = self.r.now(ends[equation.out])
                return True
            return False

        return self.r.each(rewrite)

    def _forward(self, x: Variable) -> list[Equation] | None:
        """Those who read x on the way forward; None if others want it too."""
        if x in self.r.leaving:
            return None
        return [e for e in self.readers.get(x, []) if not e.context.backward]

    def _is_shift(self, largest: Equation) -> bool:
        """It is subtracted from the scores of a softmax, and does nothing else."""
        m = largest.out
        shifted = self._forward(m) or []
        if largest.context.backward or len(shifted) != 1 or not m.shape:
            return False
        s = shifted[0]
        if s.op.means is not Meaning.DIFFERENCE or s.args != (largest.args[0], m):
            return False
        readers = self._forward(s.out) or []
        exponentials = [e for e in readers if e.op.means is Meaning.EXPONENTIAL]
        if len(exponentials) != 1:
            return False
        logarithms = self._logarithms(exponentials[0].out, largest)
        if logarithms is None:
            return False
        differences = [e for e in readers if e is not exponentials[0]]
        subtracted = [self._forward(x) for x in logarithms]
        if any(reading is None or not {*reading} <= {*differences} for reading in subtracted):
            return False
        return all(
            e.op.means is Meaning.DIFFERENCE and e.args[0] is s.out and e.args[1] in logarithms
            for e in differences
        )

    def _logarithms(self, e: Variable, largest: Equation) -> list[Variable] | None:
        """The logarithms of the sum of exponentials; None unless all else is divided by that."""
        readers = self._forward(e) or []
        sums = [x for x in readers if x.op.means is Meaning.TOTAL]
        if len(sums) != 1 or _axes(sums[0]) != _axes(largest):
            return None
        total = sums[0].out
        of_total = self._forward(total)
        quotients = [x for x in readers if x is not sums[0]]
        if of_total is None or any(
            x.op.means is not Meaning.QUOTIENT or x.args != (e, total) for x in quotients
        ):
            return None
        rest = [x for x in of_total if x not in quotients]
        return [x.out for x in rest] if all(x.op.means is Meaning.LOGARITHM for x in rest) else None

    def _sum_with(self, x: Variable | None) -> dict[Variable, Variable]:
        """The sum that ends the only way from x on, and its other term."""
        while x is not None:
            readers = self.readers.get(x, [])
            if len(readers) != 1 or x in self.r.leaving or readers[0].into:
                return {}
            reader = readers[0]
            if reader.op.means is Meaning.SUM:
                other = reader.args[1] if reader.args[0] is x else reader.args[0]
                alike = isinstance(other, Variable) and other is not x
                alike = alike and (other.shape, other.dtype) == (reader.out.shape, reader.out.dtype)
                return {reader.out: other} if alike else {}
            x = reader.out
        return {}


def _axes(equation: Equation) -> Any:
    """The axes that are reduced and kept, or something that is equal to nothing."""
    if not equation.kwargs.get("keepdims") or len(equation.args) > 1:
        return object()
    ndim = len(equation.args[0].shape)
    axis = equation.kwargs.get("axis", equation.op.axis)
    given = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return sorted(k % ndim for k in given)
