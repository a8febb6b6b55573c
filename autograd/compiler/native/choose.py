"""Choose: which equations of a program go into native loops.

Three kinds do. *Rows*: what is computed for each example of a batch from the same example of other
arrays. *Totals*: sums over the examples. *Elements*: elementwise functions of arrays that have
nothing to do with the batch, such as the update of the parameters, and the sums of those.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..blocks import LARGE
from ..loops import Fused, Group, gather, run
from ..ops import SUMS, Meaning, Reduction
from ..program import Equation, Program, Variable
from .host import host_processor

__all__ = ["NARROW", "Native", "axis_of", "gather_native", "is_each", "reduction"]

FEWEST = 2  # equations that are worth a call of native code
MOST = 200  # equations; the time to compile grows faster than they do
NARROW = 16  # columns that are written out one by one
LARGEST_PRODUCT = 1024  # elements of a matrix that rows are multiplied with one by one
MOST_TO_TILE = 1 << 24  # multiplications of a product; BLAS may share larger ones among threads
MOST_TO_TURN = 1 << 13  # elements of a right matrix that are copied into rows
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


@dataclass(eq=False, slots=True)
class Native(Fused):
    """Equations that run together as native code.

    count    rows of the batch
    first    equations over elements, and products, that the rows need
    rows     equations by rows, and totals over rows
    last     the other equations over elements, and products
    turned   matrices that are read through their transposes
    """

    count: int = 0
    first: list[Equation] = field(default_factory=list)
    rows: list[Equation] = field(default_factory=list)
    last: list[Equation] = field(default_factory=list)
    turned: dict[Variable, Variable] = field(default_factory=dict)

    @property
    def inside(self) -> list[Equation]:
        """The equations, in the order in which they run."""
        return [*self.first, *self.rows, *self.last]


def gather_native(program: Program, threads: int = 1) -> Program:
    """Put equations into native code where that pays: not for numbers, see scalars.py.

    Elementwise functions of large arrays stay outside where several threads are to share them.
    """
    if not any(equation.out.shape for equation in program.equations):
        return program
    count, labels = _batch(program), _labels(program)
    return gather(program, lambda: _Chooser(count, labels, threads == 1))


def _batch(program: Program) -> int:
    """The number of examples: the rows of the first product; 0 if there is none."""
    for equation in program.equations:
        if equation.op.product and len(equation.out.shape) == 2:
            return equation.out.shape[0]
    return 0


def _labels(program: Program) -> dict[Variable, int]:
    """Labels that were checked, and the number of classes; native code does not look itself."""
    return {e.out: e.args[1][1] for e in program.equations if e.op.check}


class _Chooser(Group):
    """Sorts equations by their kinds."""

    def __init__(self, count: int, labels: dict[Variable, int], large: bool):
        super().__init__()
        self.count, self.labels, self.large = count, labels, large
        self.rows: list[Equation] = []
        self.elements: list[Equation] = []
        self.by_row: set[Variable] = set()  # made in the loop, one row for each example
        self.looped: set[Variable] = set()  # those, and what is known when the loop is done
        self.turned: dict[Variable, Variable] = {}

    @property
    def equations(self) -> list[Equation]:
        """All of them."""
        return [*self.rows, *self.elements]

    def is_full(self) -> bool:
        """The others are for the next call of native code."""
        return len(self.rows) + len(self.elements) >= MOST

    def sees_through(self, equation: Equation) -> bool:
        """A matrix is read through its transpose."""
        if _turns(equation):
            self.turned[equation.out] = equation.args[0]
        return equation.out in self.turned

    def takes(self, equation: Equation) -> bool:
        """Take it in, if it is of one of the kinds."""
        out = equation.out
        if self._is_row(equation):
            self.rows.append(equation)
            self.by_row.add(out)
            self.looped.add(out)
        elif self._is_total(equation):
            self.rows.append(equation)
            self.looped.add(out)
        elif self._is_element(equation) or self._is_tiled(equation):
            self.elements.append(equation)
            if any(self.turned.get(v, v) in self.looped for v in equation.inputs):
                self.looped.add(out)
        else:
            return False
        return True

    def is_worth_it(self) -> bool:
        """So many that they are worth a call."""
        inside = self.equations
        return len(inside) >= FEWEST or any(e.op.product for e in inside)

    def fused(self, results: list[Variable]) -> Native:
        """The native code, as one equation."""
        for out in results:
            out.base = None  # what was a view gets memory of its own
        inside = self.equations
        used = [self.turned.get(v, v) for e in inside for v in e.inputs]
        given = dict.fromkeys(v for v in used if v not in self.made and not _is_number(v))
        first, last = self._around()
        return Native(
            results[0] if results else inside[0].out, run, tuple(given), {}, False,
            inside[0].context, results, self.count, first, self.rows, last, self.turned,
        )  # fmt: skip

    def _around(self) -> tuple[list[Equation], list[Equation]]:
        """The equations over elements that the rows need, and the others."""
        needed = {self.turned.get(v, v) for e in self.rows for v in e.inputs}
        first: list[Equation] = []
        for equation in reversed(self.elements):
            if equation.out in needed:
                first.append(equation)
                needed.update(self.turned.get(v, v) for v in equation.inputs)
        chosen = set(map(id, first))
        return first[::-1], [e for e in self.elements if id(e) not in chosen]

    # --- which kind -----------------------------------------------------------------------------

    def _batchwise(self, x: Any) -> bool:
        """Whether x has one row for each example, and is there when the loop runs."""
        return x in self.by_row or (
            isinstance(x, Variable)
            and len(x.shape) in (1, 2)
            and x.shape[0] == self.count
            and not x.constant
            and x not in self.turned
            and self._whole(x)
        )

    def _whole(self, x: Any) -> bool:
        """Whether all of x is known before the loop begins."""
        if not isinstance(x, Variable):
            return True
        x = self.turned.get(x, x)
        return x not in self.looped and x.root not in self.looped

    def _is_row(self, equation: Equation) -> bool:
        out, op, args = equation.out, equation.op, equation.args
        if not self.count or len(out.shape) not in (1, 2) or out.shape[0] != self.count:
            return False
        if _is_elementwise(equation):
            batch = [x for x in args if self._batchwise(x)]
            return bool(batch) and all(self._lines_up(x, out) for x in args)
        if op.reshapes:
            x = args[0]
            return x in self.by_row and is_each(x) and is_each(out) and out.dtype in FLOATS
        if op.copies:
            return self._batchwise(args[0]) and {args[0].dtype, out.dtype} <= set(FLOATS)
        if op.product and len(out.shape) == 2:
            x, w = args[:2]
            same = {x.dtype, w.dtype, out.dtype} <= {out.dtype} <= set(FLOATS)
            small = len(w.shape) == 2 and _is_small(w.shape)
            return same and small and self._whole(w) and self._batchwise(x) and len(x.shape) == 2
        if op.means in (Meaning.ITEM, Meaning.WRITTEN):
            return self._picks_by_row(equation)
        if reduction(equation) is not None and args[0].dtype in FLOATS:
            return axis_of(equation) == 1 and self._batchwise(args[0])
        return False

    def _lines_up(self, x: Any, out: Variable) -> bool:
        """Whether an operand is a number, a row for all examples, or has one for each."""
        if not isinstance(x, Variable) or not x.shape:
            return self._whole(x)
        if self._batchwise(x):
            return len(x.shape) == len(out.shape)
        row = out.shape[1:]
        return x not in self.turned and self._whole(x) and bool(row) and x.shape in (row, (1, *row))

    def _picks_by_row(self, equation: Equation) -> bool:
        """Whether it is x[range(n), labels], or an assignment to that."""
        x, index = equation.args[:2]
        if not isinstance(index, tuple) or len(index) != 2 or len(x.shape) != 2:
            return False
        label = index[1]
        fits = _is_counting(index[0]) and self.labels.get(label, np.inf) <= x.shape[1]
        value_fits = len(equation.args) == 2 or self._batchwise(equation.args[2])
        return bool(fits and self._batchwise(x) and x.dtype in FLOATS and value_fits)

    def _is_total(self, equation: Equation) -> bool:
        """Whether it is a sum over all examples."""
        args, out = equation.args, equation.out
        if out.dtype not in FLOATS or not self.count:
            return False
        if equation.op.product and len(out.shape) == 2:
            left, right = self.turned.get(args[0]), args[1]
            here = left in self.by_row or right in self.by_row
            both = self._batchwise(left) and self._batchwise(right)
            same = both and left.dtype == right.dtype == out.dtype  # type: ignore[union-attr]
            return here and same and _is_small(out.shape)
        return (
            reduction(equation) is SUMS
            and self._batchwise(args[0])
            and axis_of(equation) in (0, None)
            and not equation.kwargs.get("keepdims")
            and args[0].dtype == out.dtype
        )

    def _is_element(self, equation: Equation) -> bool:
        """Whether it is elementwise, or a sum of elements, away from the batch."""
        out, args = equation.out, equation.args
        if any(v in self.by_row for v in equation.inputs):
            return False
        if any(v in self.turned for v in equation.inputs):
            return False
        if _is_elementwise(equation):
            if len(out.shape) > 2 and not all(_lies_as(x, out) for x in args):
                return False
            return self.large or out.type.nbytes < LARGE
        x = args[0] if args else None
        return (
            reduction(equation) is SUMS
            and out.shape == ()
            and not equation.kwargs.get("keepdims")
            and isinstance(x, Variable)
            and 1 <= len(x.shape) <= 2
            and x.dtype == out.dtype
            and x.dtype in FLOATS
            and x.type.nbytes < LARGE
        )

    def _is_tiled(self, equation: Equation) -> bool:
        """Whether it is a product of matrices, away from the loop over rows, that suits tiles."""
        out, width = equation.out, host_processor().width
        if not equation.op.product or equation.kwargs or len(out.shape) != 2 or not width:
            return False
        x, w = equation.args[:2]
        if not all(isinstance(v, Variable) and len(v.shape) == 2 for v in (x, w)):
            return False
        same = {x.dtype, w.dtype} == {out.dtype} <= set(FLOATS)
        lanes = width // out.dtype.itemsize
        columns = out.shape[1]
        worth = columns >= 0.6 * lanes * -(-columns // lanes)
        work = out.type.size * x.shape[1]
        in_rows = w.type.strides[1] == w.dtype.itemsize or w.type.size <= MOST_TO_TURN
        return same and worth and in_rows and 0 < work <= MOST_TO_TILE


def _turns(equation: Equation) -> bool:
    return (
        equation.op.means is Meaning.TRANSPOSED
        and len(equation.args) == 1
        and len(equation.args[0].shape) == 2
    )


def _lies_as(x: Any, out: Variable) -> bool:
    """Whether an operand is a number, or has its elements in the places of those of `out`."""
    if not isinstance(x, Variable) or not x.shape:
        return True
    return x.shape == out.shape and x.type.is_contiguous and out.type.is_contiguous


def _is_small(shape: tuple[int, ...]) -> bool:
    return shape[0] * shape[1] <= LARGEST_PRODUCT and 1 <= min(shape) <= NARROW


def _is_number(x: Variable) -> bool:
    """A constant that is written into the text."""
    return x.constant and (not x.shape or _is_counting(x))


def _is_elementwise(equation: Equation) -> bool:
    """Whether native code can compute it element by element, in the dtype that NumPy gives it."""
    op, out = equation.op, equation.out
    if op.native is None or equation.kwargs or equation.into:
        return False
    operands = [x for x in equation.args if isinstance(x, Variable)]
    if any(is_weak(x) and x.dtype not in FLOATS for x in operands):
        return False  # a Python int may be too large for native code
    kinds = {x.dtype for x in operands if not is_weak(x)} - {np.dtype(bool)}
    if op.compares:
        return len(kinds) == 1 and kinds <= set(FLOATS)
    if np.dtype(bool) in (x.dtype for x in operands):
        masks = [x.dtype == bool for x in operands]
        if op.masks == "first":
            return masks[0] and not any(masks[1:]) and kinds == {out.dtype} <= set(FLOATS)
        if op.masks != "any":
            return False
    return out.dtype in FLOATS and kinds <= {out.dtype}


def is_weak(x: Variable) -> bool:
    """A Python number, which takes the dtype of what it meets."""
    return x.type.weak


def is_each(x: Variable) -> bool:
    """Whether there is a single number for each example: shape (n,) or (n, 1)."""
    return len(x.shape) == 1 or x.shape[1] == 1


def reduction(equation: Equation) -> Reduction | None:
    """How an equation reduces, if it does and native code can."""
    return equation.op.reduces if {"axis", "keepdims"} >= set(equation.kwargs) else None


def axis_of(reduced: Equation) -> Any:
    """The axis of a reduction, counted from the front; None for all."""
    usual = reduced.args[1] if len(reduced.args) > 1 else reduced.op.axis
    axis = reduced.kwargs.get("axis", usual)
    if isinstance(axis, int):
        axis %= len(reduced.args[0].shape)
    return 0 if axis is None and len(reduced.args[0].shape) == 1 else axis


def _is_counting(x: Any) -> bool:
    """Whether x is 0, 1, 2, …"""
    value = x.value if isinstance(x, Variable) and x.constant else None
    return bool(
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and value.dtype.kind == "i"
        and np.array_equal(value, np.arange(len(value)))
    )
