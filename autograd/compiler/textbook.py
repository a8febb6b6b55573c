"""Textbook: passes for people alone, after which a program says things as they are taught.

They keep the numbers to rounding, and the dtypes. What is faster to run is not asked here.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .ops import MEANT, Meaning
from .program import Equation, Program, Variable
from .rewriting import Rewriting
from .types import map_tree

__all__ = [
    "call_taught_helpers",
    "leave_out_zeros",
    "meet_in_choices",
    "merge_constants",
    "put_at_places",
    "set_to_zero",
]

SMALL = 1 << 16  # bytes of constants that are compared


def merge_constants(program: Program) -> Program:
    """Arrays of equal content are one constant."""
    known: dict[Any, Variable] = {}

    def one(x: Any) -> Any:
        if not isinstance(x, Variable) or not x.constant or not isinstance(x.value, np.ndarray):
            return x
        if x.value.nbytes > SMALL:
            return x
        return known.setdefault((x.type, x.name, x.value.tobytes()), x)

    for equation in program.equations:
        equation.reads(map_tree(one, equation.args))
    return program


def call_taught_helpers(program: Program) -> Program:
    """Helpers as in a lecture, called with plain numbers, in place of those of gates."""
    rewriting = Rewriting(program)

    def rewrite(equation: Equation) -> bool:
        taught = equation.op.taught
        if taught is None:
            return False
        function, args, options = taught(*equation.args, **equation.kwargs)
        rewriting.emit(function, *args, out=equation.out, **options)
        return True

    return rewriting.each(rewrite)


def leave_out_zeros(program: Program) -> Program:
    """0 + x is x: where a sum is begun with a 0."""
    rewriting = Rewriting(program)

    def rewrite(equation: Equation) -> bool:
        if equation.op.means is not Meaning.SUM:
            return False
        for zero, x in (equation.args, equation.args[::-1]):
            if type(zero) in (int, float) and zero == 0 and isinstance(x, Variable):
                out, alone = equation.out, rewriting.is_only_read_here(x)
                if alone and (x.shape, x.dtype, x.type.weak) == (
                    out.shape, out.dtype, out.type.weak,
                ):  # fmt: skip
                    x.name = x.name or out.name
                    rewriting.instead[out] = x
                    return True
        return False

    return rewriting.each(rewrite)


def meet_in_choices(program: Program) -> Program:
    """np.where(c, x, 0) + 2 * np.where(c, 0, y) is np.where(c, x, 2 * y)."""
    rewriting = Rewriting(program)

    def read(x: Any) -> tuple[Any, float] | None:
        """A choice, and the finite number by which it is multiplied."""
        if not rewriting.is_only_read_here(x) or x.name:
            return None
        found = rewriting.made_by[x]
        if found.op.means is Meaning.CHOICE:
            return found, 1
        for number, inner in (found.args, found.args[::-1]) if len(found.args) == 2 else ():
            product = found.op.means is Meaning.PRODUCT and rewriting.is_only_read_here(inner)
            if product and type(number) in (int, float) and np.isfinite(number):
                made = rewriting.made_by[inner]
                return (made, number) if made.op.means is Meaning.CHOICE else None
        return None

    def times(number: float, x: Any) -> Any:
        return x if number == 1 else rewriting.emit(MEANT[Meaning.PRODUCT], number, x)

    def rewrite(equation: Equation) -> bool:
        if equation.op.means is not Meaning.SUM or not equation.context.backward:
            return False
        parts = [read(x) for x in equation.args]
        for first, second in (parts, parts[::-1]):
            if first is None or second is None or first[0].args[0] is not second[0].args[0]:
                continue
            condition, x, rest = first[0].args
            _, left, y = second[0].args
            whole = all(isinstance(v, Variable) and v.shape == equation.out.shape for v in (x, y))
            if whole and _is_zero(rest) and _is_zero(left):
                x, y = times(first[1], x), times(second[1], y)
                if {x.dtype, y.dtype} == {equation.out.dtype}:
                    rewriting.emit(MEANT[Meaning.CHOICE], condition, x, y, out=equation.out)
                    return True
        return False

    return rewriting.each(rewrite)


def put_at_places(program: Program) -> Program:
    """Values that are added up at places, no place twice, are written there."""
    rewriting = Rewriting(program)
    of = {o.variable: o.source for o in program.outputs if o.kind == "gradient"}
    put: dict[Variable, tuple[Any, Any]] = {}  # zeros with values at an index
    filled: dict[Variable, list[Any]] = {}  # zeros with values at these indices
    there = {given.variable for given in program.inputs}  # what is known so far

    def rewrite(equation: Equation) -> bool:
        args, out = equation.args, equation.out
        there.add(out)
        if equation.function is operator.setitem and equation.context.backward:
            zeros = rewriting.maker(args[0], np.zeros_like, np.zeros)
            if zeros is not None and _is_plain(args[1]) and isinstance(args[2], Variable):
                put[out], filled[out] = (args[1], args[2]), [args[1]]
        if equation.op.means is Meaning.ADDED_AT and _are_distinct(args[1], args[2]):
            zeros = rewriting.maker(args[0], np.zeros_like, np.zeros)
            if zeros is None or not rewriting.is_only_read_here(args[0]):
                return False
            like = of.get(out)
            if like in there and isinstance(like, Variable) and _is_alike(like, out) and like.name:
                before = rewriting.emit(np.zeros_like, like)
            else:
                kind: dict[str, Any] = {} if out.dtype == float else {"dtype": out.dtype}
                before = rewriting.emit(np.zeros, out.shape, **kind)
            rewriting.write(before, args[1], args[2], out)
            put[out] = args[1], args[2]
            return True
        if equation.op.means is Meaning.SUM and _is_alike(*args):
            for x, more in (args, args[::-1]):
                if more in put and rewriting.is_only_read_here(more):
                    index, value = put[more]
                    if x in filled and rewriting.is_only_read_here(x):
                        filled[out] = [*filled[x], index]
                        if all(_are_apart(index, other) for other in filled[x]):
                            rewriting.write(x, index, value, out)
                            return True
                    old = rewriting.emit(operator.getitem, x, index)
                    rewriting.write(x, index, rewriting.emit(MEANT[Meaning.SUM], old, value), out)
                    return True
        return False

    return rewriting.each(rewrite)


def _are_distinct(index: Any, value: Any) -> bool:
    """No element is taken twice: one of the arrays counts rows."""
    parts = list(index if isinstance(index, tuple) else (index,))
    arrays = [x for x in parts if isinstance(x, Variable)]
    if len(arrays) < len(parts) or len({x.shape for x in arrays}) != 1:
        return False
    if any(x.dtype.kind not in "iu" for x in arrays):
        return False
    return any(
        x.constant and x.dtype.kind in "iu" and x.value.min(initial=0) >= 0
        and len(np.unique(x.value)) == x.value.size and x.shape == np.shape(value)
        for x in arrays
    )  # fmt: skip


def _is_plain(index: Any) -> bool:
    """It consists of slices without steps, from the front."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        isinstance(part, slice) and part.step in (None, 1)
        and all(end is None or (type(end) is int and end >= 0) for end in (part.start, part.stop))
        for part in parts
    )  # fmt: skip


def _are_apart(first: Any, second: Any) -> bool:
    """Two indices of slices have no element in common, since along an axis they have none."""
    if not _is_plain(first) or not _is_plain(second):
        return False
    pairs = zip(*(x if isinstance(x, tuple) else (x,) for x in (first, second)), strict=False)
    return any(
        x.stop is not None and x.stop <= (y.start or 0)
        for pair in pairs for x, y in (pair, pair[::-1])
    )  # fmt: skip


def _is_alike(x: Any, y: Any) -> bool:
    both = isinstance(x, Variable) and isinstance(y, Variable)
    return both and (x.shape, x.dtype) == (y.shape, y.dtype)


def set_to_zero(program: Program) -> Program:
    """dhidden[hidden <= 0] = 0 for dhidden * (hidden != 0), hidden being the larger of 0 and
    something: NaN passes its gradient on in both."""
    rewriting = Rewriting(program)
    written: dict[Variable, list[Equation]] = {}  # what was written to, by what it was before

    def rewrite(equation: Equation) -> bool:
        if equation.function is operator.setitem and equation.into:
            before = equation.args[0]
            copied = rewriting.maker(before, np.ndarray.copy)
            before = copied.args[0] if copied is not None else before
            written.setdefault(before, []).append(equation)
        if equation.op.means is not Meaning.PRODUCT or not equation.context.backward:
            return False
        g, mask = equation.args
        test = rewriting.maker(mask, np.not_equal)
        h: Any = test.args[0] if test is not None and _is_zero(test.args[1]) else None
        top = rewriting.maker(h, Meaning.LARGER)
        free = isinstance(g, Variable) and _is_own(g, rewriting)
        if top is None or not any(map(_is_zero, top.args)) or not free or not h.shape:
            return False
        if not _is_alike(g, equation.out) or mask.shape != g.shape:
            return False
        before = rewriting.made_by[g]
        if before.into and _is_zero(before.args[-1]):  # where it is 0 already, h does not matter
            for later in written.get(h, []):
                h = later.out if later.args[1] == before.args[1] else h
        rewriting.write(g, rewriting.emit(np.less_equal, h, 0), 0, equation.out)
        return True

    return rewriting.each(rewrite)


def _is_own(x: Variable, rewriting: Rewriting) -> bool:
    """Nobody else wants x, nor the memory that it shows in another shape."""
    while x.base is not None:
        made = rewriting.made_by.get(x)
        alone = rewriting.uses[x] == 1 and x not in rewriting.leaving
        if made is None or not made.op.reshapes or made.args[0] is not x.base or not alone:
            return False
        x = x.base
    return rewriting.is_only_read_here(x)


def _is_zero(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and x == 0
