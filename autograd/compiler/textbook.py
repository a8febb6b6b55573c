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
    "call_taught_helpers", "choose_once", "leave_out_zeros", "meet_in_choices", "merge_constants",
    "put_at_places", "set_to_zero", "silence_once",
]  # fmt: skip

SMALL = 1 << 16  # bytes of constants that are compared
DEEP = 20  # a gradient that is made in more steps is left as it is


def merge_constants(program: Program) -> Program:
    """Arrays of equal content are one constant, unless they have names of their own."""
    known: dict[Any, list[Variable]] = {}  # by content, those of different names

    def one(x: Any) -> Any:
        if not isinstance(x, Variable) or not x.constant or not isinstance(x.value, np.ndarray):
            return x
        if x.value.nbytes > SMALL:
            return x
        equal = known.setdefault((x.type, x.value.tobytes()), [])
        for other in equal:
            if other.name is None or x.name in (None, other.name):
                other.name = other.name or x.name
                return other
        equal.append(x)
        return x

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


def silence_once(program: Program) -> Program:
    """np.where(used, dx, 0) for gradients of what was not used at all (see masks.py): no mask
    twice, and none for what is 0 anyway. Zeros may have another sign."""
    rewriting = Rewriting(program)

    def rewrite(equation: Equation) -> bool:
        args, out = equation.args, equation.out
        if equation.function is np.not_equal and _is_zero(args[1]) and _is_bool(args[0]):
            rewriting.instead[out] = args[0]
            return True
        silences = equation.op.means is Meaning.CHOICE and equation.context.backward
        if not silences or not _is_zero(args[2]) or not _is_alike(args[1], out):
            return False
        g, mask = args[1], _without_zeros(rewriting, args[0], args[1])
        before, other = (
            rewriting.maker(g, Meaning.CHOICE),
            rewriting.maker(mask, np.logical_not, operator.invert),
        )
        if before is not None:
            same = before.args[0] is mask and _is_zero(before.args[2])
            turned = other is not None and before.args[0] is other.args[0]
            if same or (turned and _is_zero(before.args[1])):
                rewriting.instead[out] = g
                return True
        if mask is args[0]:
            return False
        rewriting.emit(equation.function, mask, g, 0.0, out=out)
        return True

    return rewriting.each(rewrite)


def choose_once(program: Program) -> Program:
    """np.where(used, 1 / x, 0) for np.where(used, np.where(used, 1, 0) / x, 0)."""
    rewriting = Rewriting(program)

    def rewrite(equation: Equation) -> bool:
        args, of_bools = equation.args, equation.op.of_bools
        if not equation.context.backward:
            return False
        if of_bools is not None and all(map(_is_bool, args)):
            rewriting.emit(of_bools, *args, out=equation.out)
            return True
        if equation.op.means is not Meaning.CHOICE:
            return False
        first, second = (_where(rewriting, x, args[0], k == 0) for k, x in enumerate(args[1:]))
        if first is args[1] and second is args[2]:
            return False
        found = rewriting.emit(equation.function, args[0], first, second)
        if not _is_alike(found, equation.out):
            return False
        rewriting.equations[-1].out = equation.out
        rewriting.new.add(equation.out)
        return True

    return rewriting.each(rewrite)


def _where(rewriting: Rewriting, x: Any, mask: Any, is_set: bool, depth: int = 0) -> Any:
    """What may stand for x where a mask is set, or is not; in a product it is 1 itself."""
    turned = rewriting.maker(mask, np.logical_not, operator.invert)
    if turned is not None:
        return _where(rewriting, x, turned.args[0], not is_set, depth)
    made = rewriting.made_by.get(x) if isinstance(x, Variable) else None
    if made is None or depth > DEEP:
        return x
    alone = rewriting.is_only_read_here(x)
    if made.op.means is Meaning.CHOICE and made.args[0] is mask:
        x = made.args[1 if is_set else 2]
        return _where(rewriting, x, mask, is_set, depth + 1) if alone else x
    if not made.elementwise or made.kwargs or not alone:
        return x
    product = made.op.means is Meaning.PRODUCT
    args = [
        1 if product and is_set and y is mask else _where(rewriting, y, mask, is_set, depth + 1)
        for y in made.args
    ]
    if all(y is before for y, before in zip(args, made.args, strict=True)):
        return x
    for one, other in (args, args[::-1]) if product else ():
        if _is_one(one) and _is_alike(other, x):
            return other
    out = rewriting.emit(made.function, *args)
    return out if _is_alike(out, x) else x


def _without_zeros(rewriting: Rewriting, mask: Any, g: Any) -> Any:
    """The mask that is set where this one is and where g is 0 beside."""
    either = rewriting.maker(mask, np.logical_or)
    for used, zero in (either.args, either.args[::-1]) if either is not None else ():
        test = rewriting.maker(zero, np.equal)
        if test is not None and test.args[0] is g and _is_zero(test.args[1]):
            return used
    return mask


def _is_one(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and x == 1


def _is_bool(x: Any) -> bool:
    return isinstance(x, Variable) and x.dtype == bool


def _is_zero(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and x == 0
