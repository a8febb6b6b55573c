"""Textbook: passes for people alone, after which a program says things as they are taught.

They keep the numbers to rounding, and the dtypes. What is faster to run is not asked here.
"""

from __future__ import annotations

import heapq
import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .ops import MEANT, Meaning, op_of
from .program import Anew, Context, Equation, Program, Variable, used_later
from .types import fresh, map_tree

__all__ = [
    "call_taught_helpers",
    "lay_out",
    "leave_out_zeros",
    "merge_constants",
    "parameters_first",
    "put_at_places",
    "say_by_shape",
    "set_to_zero",
]  # fmt: skip

SMALL = 1 << 16  # bytes of constants that are compared


class _Rewriting:
    """A program that is being rewritten, equation by equation."""

    def __init__(self, program: Program):
        self.old = program
        self.made_by = program.producers()
        self.uses: Counter[Variable] = Counter()
        for equation in program.equations:
            self.uses.update(equation.inputs)
        self.leaving = used_later(program.outputs)
        self.instead: dict[Variable, Variable] = {}
        self.equations: list[Equation] = []
        self.count = program.last_number()
        self.context = Context()
        self.new: set[Variable] = set()  # what another call makes than before

    def each(self, rewrite: Callable[[Equation], bool | None]) -> Program:
        """The program after `rewrite`, which says of equations whether it has replaced them."""
        for equation in self.old.equations:
            self.context = equation.context
            if self.instead and not self.instead.keys().isdisjoint(equation.inputs):
                self.new.add(equation.out)
                equation.args = map_tree(self.now, equation.args)
                equation.kwargs = map_tree(self.now, equation.kwargs)
            if not rewrite(equation):
                self.equations.append(equation)
        for output in self.old.outputs:
            output.variable = self.now(output.variable)
        return lay_out(self.old.with_equations(self.equations), self.new)

    def now(self, x: Any) -> Any:
        """What stands for x."""
        return self.instead.get(x, x) if isinstance(x, Variable) else x

    def maker(self, x: Any, *calls: Any) -> Equation | None:
        """The equation that makes x, if it calls one of these functions, or does that."""
        equation = self.made_by.get(x) if isinstance(x, Variable) else None
        if equation is None or not {equation.function, equation.op.means} & {*calls}:
            return None
        return equation

    def is_only_read_here(self, x: Any) -> bool:
        """Nobody else wants x, which has memory of its own."""
        return self.uses[x] == 1 and x not in self.leaving and x in self.made_by and not x.base

    def emit(self, function: Any, *args: Any, out: Variable | None = None, **kwargs: Any) -> Any:
        """Write down a call; as what gives `out`, if that is its type."""
        told = [map_tree(_told, x) for x in args]
        type_, view = op_of(function).result(*told, **kwargs)
        if out is None:
            self.count += 1
            out = Variable(self.count, type_)
            out.base = None if view is None or not type_.shape else args[view]
        self.new.add(out)
        self.equations.append(Equation(out, function, args, kwargs, False, self.context))
        return out

    def write(self, before: Variable, index: Any, value: Any, out: Variable | None = None) -> Any:
        """before[index] = value."""
        if out is None:
            self.count += 1
            out = Variable(self.count, before.type)
        args = before, index, value
        self.new.add(out)
        self.equations.append(Equation(out, operator.setitem, args, {}, True, self.context))
        return out


def lay_out(program: Program, new: set[Variable]) -> Program:
    """The program, with the layouts and views that follow from what is `new` in it."""
    moved: set[Variable] = set()
    for equation in program.equations:
        if equation.out not in new and moved.isdisjoint(equation.inputs):
            continue
        if isinstance(equation.function, Anew):
            continue
        out = equation.out
        if equation.into:
            type_, view = fresh(equation.args[0].type), None
        else:
            told = map_tree(_told, equation.args), map_tree(_told, equation.kwargs)
            type_, view = equation.op.result(*told[0], **told[1])
        base = None if view is None or not out.shape else equation.args[view]
        if (type_.strides, base) != (out.type.strides, out.base):
            out.type, out.base = replace(type_, weak=out.type.weak), base
            moved.add(out)
    return program


def _told(x: Any) -> Any:
    return x.told if isinstance(x, Variable) else x


def merge_constants(program: Program) -> Program:
    """Arrays of equal content are one constant."""
    known: dict[Any, Variable] = {}

    def one(x: Any) -> Any:
        if not isinstance(x, Variable) or not x.constant or not isinstance(x.value, np.ndarray):
            return x
        if x.value.nbytes > SMALL:
            return x
        return known.setdefault((x.type, x.value.tobytes()), x)

    for equation in program.equations:
        equation.args = map_tree(one, equation.args)
    return program


def call_taught_helpers(program: Program) -> Program:
    """Helpers as in a lecture, called with plain numbers, in place of those of gates."""
    rewriting = _Rewriting(program)

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
    rewriting = _Rewriting(program)

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


def say_by_shape(program: Program) -> Program:
    """Turned matrices, outer products, and what broadcasting does by itself."""
    rewriting = _Rewriting(program)
    say = _ByShape(rewriting)
    return rewriting.each(say.rewrite)


class _ByShape:
    def __init__(self, rewriting: _Rewriting):
        self.r = rewriting

    def rewrite(self, equation: Equation) -> bool:
        """Replace an equation by one that people write, if there is one."""
        shapes = {
            np.swapaxes: self._turned, np.transpose: self._turned_once, np.reshape: self._summed,
            np.zeros_like: self._zeros, np.broadcast_to: self._broadcast,
            np.expand_dims: self._with_new_axis,
        }  # fmt: skip
        if equation.function in shapes:
            return shapes[equation.function](equation)
        if equation.op.product:
            return self._matrices(equation)
        if equation.elementwise and len(equation.args) == 2 and equation.out.shape:
            for k in range(2):
                short = self._without_leading(equation.args[k], equation)
                equation.args = (*equation.args[:k], short, *equation.args[k + 1 :])
            self.r.new.add(equation.out)
            return self._outer(equation)
        return False

    def _zeros(self, equation: Equation) -> bool:
        """np.zeros(shape), not np.zeros_like(x, shape=shape)."""
        out = equation.out
        if set(equation.kwargs) != {"shape"} or not out.shape:
            return False
        kind: dict[str, Any] = {} if out.dtype == float else {"dtype": out.dtype}
        self.r.emit(np.zeros, equation.kwargs["shape"], out=out, **kind)
        return True

    def _broadcast(self, equation: Equation) -> bool:
        """To the shape there is."""
        x, out = equation.args[0], equation.out
        if not isinstance(x, Variable) or x.constant:
            return False
        if (x.shape, x.type.weak) != (out.shape, out.type.weak):
            return False
        self.r.instead[out] = x
        return True

    def _matrices(self, equation: Equation) -> bool:
        """x @ y, whoever was called to multiply two matrices."""
        x, y = equation.args[:2]
        if len(x.shape) != 2 or len(y.shape) != 2 or equation.function is np.matmul:
            return False
        self.r.emit(np.matmul, *equation.args, out=equation.out)
        return True

    def _turned_once(self, equation: Equation) -> bool:
        if _order(equation) == [*range(len(equation.out.shape))][::-1]:
            equation.args, equation.kwargs = equation.args[:1], {}
        return self._turned_back(equation) or self._turned_product(equation)

    def _turned(self, equation: Equation) -> bool:
        """The last two axes, or any two."""
        x, *axes = equation.args
        order = list(range(x.type.ndim))
        first, second = (k % len(order) for k in axes)
        order[first], order[second] = order[second], order[first]
        more = () if len(order) == 2 else (tuple(order),)
        turned = self.r.emit(np.transpose, x, *more, out=equation.out)
        equation = self.r.equations.pop()
        self.r.made_by[turned] = equation
        if not self._turned_back(equation) and not self._turned_product(equation):
            self.r.equations.append(equation)
        return True

    def _turned_back(self, equation: Equation) -> bool:
        """Turned twice, and as it was."""
        before = self.r.maker(equation.args[0], np.transpose)
        if before is None:
            return False
        first, second = _order(before), _order(equation)
        if [first[k] for k in second] != sorted(first):
            return False
        self.r.instead[equation.out] = before.args[0]
        return True

    def _turned_product(self, equation: Equation) -> bool:
        """(a.T @ b).T is b.T @ a."""
        product, order = self.r.maker(equation.args[0], np.matmul), _order(equation)
        last = [*range(len(order) - 2), len(order) - 1, len(order) - 2]
        if product is None or order != last or not self.r.is_only_read_here(equation.args[0]):
            return False
        turned, b = self.r.maker(product.args[0], np.transpose), product.args[1]
        if turned is None or _order(turned) != last or len(b.shape) != len(last):
            return False
        more = () if len(order) == 2 else (tuple(last),)
        turned_b = self.r.emit(np.transpose, b, *more)
        self.r.emit(np.matmul, turned_b, turned.args[0], out=equation.out)
        return True

    def _with_new_axis(self, equation: Equation) -> bool:
        """x[:, np.newaxis]; by axes in front and the last one alone."""
        x, axis = equation.args[0], equation.args[1] if len(equation.args) > 1 else None
        if not isinstance(axis, int) or not x.shape or x.constant:
            return False
        if axis % (len(x.shape) + 1) not in (0, len(x.shape)):
            return False
        everything = (slice(None),) if len(x.shape) == 1 else (...,)
        index = (*everything, None) if axis % (len(x.shape) + 1) else (None, *everything)
        self.r.emit(operator.getitem, x, index, out=equation.out)
        return True

    def _summed(self, equation: Equation) -> bool:
        """A sum that keeps axes, which are left out at once."""
        x = equation.args[0]
        total = self.r.maker(x, Meaning.TOTAL)
        if total is None or not total.kwargs.get("keepdims") or not self.r.is_only_read_here(x):
            return False
        source, axis = total.args[0], total.kwargs.get("axis", total.op.axis)
        ndim = len(source.shape)
        axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        dropped = {k % ndim for k in axes}
        rest = tuple(n for k, n in enumerate(source.shape) if k not in dropped)
        if rest != equation.out.shape or len(total.args) > 1 or source not in self.r.made_by:
            return False
        self.r.emit(MEANT[Meaning.TOTAL], source, axis=axis, out=equation.out)
        return True

    def _without_leading(self, x: Any, reader: Equation) -> Any:
        """An operand without axes of length 1 in front, which broadcasting adds."""
        made = self.r.maker(x, np.reshape, np.expand_dims)
        source = made.args[0] if made is not None else None
        if not isinstance(source, Variable) or not source.shape or x.name:
            return x
        spare = len(x.shape) - len(source.shape)
        if spare <= 0 or x.shape != (1,) * spare + source.shape:
            return x
        others = [y.shape for y in reader.args if isinstance(y, Variable) and y is not x]
        fits = np.broadcast_shapes(source.shape, *others) == reader.out.shape
        return source if fits else x

    def _outer(self, equation: Equation) -> bool:
        """A column times a row."""
        if equation.op.means is not Meaning.PRODUCT or len(equation.out.shape) != 2:
            return False
        column, row = equation.args
        made = self.r.maker(column, np.expand_dims)
        if made is None or not isinstance(row, Variable) or len(row.shape) != 1:
            return False
        x = made.args[0]
        if len(x.shape) != 1 or column.shape != (*x.shape, 1):
            return False
        self.r.emit(np.outer, x, row, out=equation.out)
        return True


def _order(equation: Equation) -> list[int]:
    """The order of axes that np.transpose is told."""
    ndim = len(equation.out.shape)
    given = equation.args[1] if len(equation.args) > 1 else equation.kwargs.get("axes")
    return [*range(ndim)][::-1] if given is None else [k % ndim for k in given]


def put_at_places(program: Program) -> Program:
    """Values that are added up at places, no place twice, are written there."""
    rewriting = _Rewriting(program)
    of = {o.variable: o.source for o in program.outputs if o.kind == "gradient"}
    inputs = {given.variable for given in program.inputs}
    put: dict[Variable, tuple[Any, Any]] = {}  # zeros with values at an index

    def rewrite(equation: Equation) -> bool:
        args, out = equation.args, equation.out
        if equation.op.means is Meaning.ADDED_AT and _are_distinct(args[1], args[2]):
            zeros = rewriting.maker(args[0], np.zeros_like, np.zeros)
            if zeros is None or not rewriting.is_only_read_here(args[0]):
                return False
            like = of.get(out)
            known = like in rewriting.made_by or like in inputs
            if known and isinstance(like, Variable) and _is_alike(like, out) and like.name:
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


def _is_alike(x: Any, y: Any) -> bool:
    both = isinstance(x, Variable) and isinstance(y, Variable)
    return both and (x.shape, x.dtype) == (y.shape, y.dtype)


def set_to_zero(program: Program) -> Program:
    """dhidden[hidden <= 0] = 0 for dhidden * (hidden != 0), hidden being the larger of 0 and
    something: NaN passes its gradient on in both."""
    rewriting = _Rewriting(program)
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
        free = isinstance(g, Variable) and rewriting.is_only_read_here(g)
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


def _is_zero(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and x == 0


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
    readers: dict[Variable, list[int]] = {}
    waits = [0] * len(tail)
    made = {equation.out for equation in tail}
    for k, equation in enumerate(tail):
        for x in set(equation.inputs) & made:
            readers.setdefault(x, []).append(k)
            waits[k] += 1
    ready = [(rank[e.out], k) for k, e in enumerate(tail) if not waits[k]]
    heapq.heapify(ready)
    order = []
    while ready:
        _, k = heapq.heappop(ready)
        order.append(tail[k])
        for reader in readers.get(tail[k].out, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heapq.heappush(ready, (rank[tail[reader].out], reader))
    return program.with_equations(program.equations[:start] + order)


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
