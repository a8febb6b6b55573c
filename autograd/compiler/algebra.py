"""Algebra: the products, quotients and sums of a backward pass, as a person writes them.

The chain rule multiplies what it meets: 0.005 * (2.0 * error), dp * (1.0 / t2) * -1, t1 + t1. For
people these are brought into the form that is taught: one sign, one number, factors, divisors; a
term that stands twice is doubled, what divides every term divides the sum, and what is the same
in every summand stands in front of np.sum. What the user wrote stays as it is written.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .ops import MEANT, OPS, Function, Meaning, op_of
from .program import Equation, Program, Variable, accumulated
from .rewriting import lay_out
from .types import map_tree

__all__ = ["tidy"]

PRODUCTS = {Meaning.PRODUCT, Meaning.QUOTIENT, Meaning.NEGATIVE}
SUMS = {Meaning.SUM, Meaning.DIFFERENCE}
ARITHMETIC = {*PRODUCTS, *SUMS, Meaning.TOTAL}
DEEP = 40  # a sum of more terms than that is one of many steps


class _NotSoError(Exception):
    """There is no such form, or it would have another type."""


@dataclass
class Term:
    """number * factors / over / divisors, where `over` is a number too."""

    number: float = 1
    over: float = 1
    factors: list[Variable] = field(default_factory=list)
    divisors: list[Variable] = field(default_factory=list)

    def times(self, other: Term) -> Term:
        """The product of the two."""
        number, over = _product(self.number, other.number), _product(self.over, other.over)
        factors, divisors = self.factors + other.factors, self.divisors + other.divisors
        return Term(number, over, factors, divisors).shortened()

    def inverse(self) -> Term:
        """1 divided by this one."""
        if not self.number:
            raise _NotSoError
        sign = -1 if self.number < 0 else 1
        over = _product(sign, self.number)
        return Term(_product(sign, self.over), over, self.divisors, self.factors).shortened()

    def shortened(self) -> Term:
        """The same with a number that is divided by itself left out."""
        if self.over != 1 and abs(self.number) >= self.over and not self.number % self.over:
            self.number, self.over = _whole(self.number / self.over), 1
        return self

    @property
    def key(self) -> Any:
        """Equal for terms that differ in their numbers alone."""
        return frozenset(Counter(self.factors).items()), frozenset(Counter(self.divisors).items())


def tidy(program: Program) -> Program:
    """For people: the arithmetic of the backward pass in the form that is taught."""
    return _Algebra(program).program()


class _Algebra:
    def __init__(self, program: Program):
        self.old = program
        self.made_by = program.producers()
        self.uses = program.uses()
        self.reader = {x: e for e in program.equations for x in e.inputs}  # the last one
        self.known = {o.variable for o in program.outputs if o.kind != "gradient"}
        self.known |= {
            o.variable for o in program.outputs if o.kind == "gradient" and o.source.name
        }
        self.known |= accumulated(program)
        self.count = program.last_number()
        self.equations: list[Equation] = []
        self.at = Equation(Variable(0, None), None, ())  # type: ignore[arg-type]
        self.backward = False
        self.written = {  # numbers in the user's lines, and how many elements are summed up
            abs(float(x)) for e in program.equations if not e.context.backward
            for x in e.args if isinstance(x, (int, float, np.integer, np.floating))
        }  # fmt: skip
        self.counts = self.written | {
            float(e.args[0].type.size // e.out.type.size) for e in program.equations
            if e.op.over_all and isinstance(e.args[0], Variable) and e.out.type.size
        }  # fmt: skip
        self.inverses: dict[Variable, Variable] = {}  # f by d, and d by f, of what is f = 1 / d
        self.depth = 0
        self.new: set[Variable] = set()  # what another call makes than before

    def program(self) -> Program:
        for equation in self.old.equations:
            self._equation(equation)
        return lay_out(self.old.with_equations(self.equations), self.new)

    def _equation(self, equation: Equation) -> None:
        out = equation.out
        if not self._is_root(equation):
            self._keep(equation)
            return
        self.at, self.backward = equation, equation.context.backward
        start = len(self.equations)
        try:
            found = self._build(self._sum(out, True))
            last = self.equations[-1] if len(self.equations) > start else None
            if not self.backward or last is None or last.out is not found:
                raise _NotSoError
            if (found.type.shape, found.type.dtype) != (out.shape, out.dtype):
                raise _NotSoError
            last.out = out
            self.new.add(out)
        except (_NotSoError, TypeError, ValueError):  # the latter for types that do not go together
            del self.equations[start:]
            self._keep(equation)

    def _keep(self, equation: Equation) -> None:
        self.equations.append(equation)
        if equation.op.means is Meaning.QUOTIENT and _number(equation.args[0]) == 1:
            f, d = equation.out, equation.args[1]
            self.inverses |= {d: f, f: d} if isinstance(d, Variable) else {}

    def _is_root(self, equation: Equation) -> bool:
        """It is arithmetic, and does not become a part of what reads it."""
        if equation.op.means not in ARITHMETIC or equation.out.dtype.kind != "f":
            return False
        reader = self.reader.get(equation.out)
        inside = reader is not None and reader.op.means in ARITHMETIC
        return not inside or self._opens(equation.out, reader) is None  # type: ignore[arg-type]

    # --- reading -----------------------------------------------------------------------------

    def _opens(self, x: Any, within: Equation) -> Equation | None:
        """The equation of an operand that nobody else reads, and that has no name."""
        equation = self.made_by.get(x) if isinstance(x, Variable) else None
        if equation is None or x.name or x in self.known or equation.into:
            return None
        alone = self.uses[x] == within.inputs.count(x)
        cheap = (not x.shape and self._is_cheap(x)) or _is_inverse(equation)
        return equation if x.dtype.kind == "f" and (alone or cheap) else None

    def _is_cheap(self, x: Any, parts: int = 4) -> bool:
        """A short product of numbers from outside: nobody minds to read it twice."""
        equation = self.made_by.get(x) if isinstance(x, Variable) else None
        if equation is None:
            return True
        single = equation.op.means in PRODUCTS and not x.shape and not x.name
        if not single or not parts or x in self.known:
            return False
        return all(self._is_cheap(part, parts - 1) for part in equation.args)

    def _deeper(self, read: Callable[..., Any], x: Any, within: Equation) -> Any:
        self.depth += 1
        if self.depth > DEEP:
            raise _NotSoError
        try:
            return read(x, False, within)
        finally:
            self.depth -= 1

    def _sum(self, x: Any, top: bool, within: Equation | None = None) -> Term:
        """A value as one term; a sum of several is a factor, and what divides all of it stands
        outside."""
        terms = self._terms(x, top, within)
        if len(terms) == 1:
            return terms[0]
        common = list(_in_all([t.divisors for t in terms]).elements())
        outside = self._factors_of_all(terms)
        over = terms[0].over if all(t.over == terms[0].over for t in terms) else 1
        for term in terms:
            term.over = term.over if over == 1 else 1
            term.divisors = _without(term.divisors, common)
            term.factors = _without(term.factors, outside)
        sign = -1 if all(t.number < 0 for t in terms) else 1
        for term in terms:
            term.number = _product(sign, term.number)
        terms.sort(key=self._is_outside)
        if terms[0].number < 0:  # b - a, not -a + b
            terms.sort(key=lambda t: t.number < 0)
        total = self._value(terms[0])
        for term in terms[1:]:
            negative = term.number < 0
            term.number = abs(term.number)
            total = self._emit(
                Meaning.DIFFERENCE if negative else Meaning.SUM, total, self._value(term)
            )
        return Term(sign, over, [*outside, total], common)

    def _factors_of_all(self, terms: list[Term]) -> list[Variable]:
        """What multiplies each of two terms, of which one more name is left: dh * (b - a)."""
        found = list(_in_all([t.factors for t in terms]).elements())
        found = [x for x in found if x.name or x in self.known]
        single = all(len(t.factors) == len(found) + 1 and not t.divisors for t in terms)
        return found if self.backward and len(terms) == 2 and single else []

    def _terms(self, x: Any, top: bool, within: Equation | None = None) -> list[Term]:
        """The terms of a sum, those that are alike in one."""
        equation = self.made_by[x] if top else self._opens(x, within or self.at)
        if equation is None or equation.op.means not in SUMS:
            return [self._product(x, top, within)]
        self.backward = self.backward or equation.context.backward
        first, second = equation.args
        found: list[Term] = self._deeper(self._terms, first, equation)
        negative = equation.op.means is Meaning.DIFFERENCE
        if first is second:
            more = [Term(t.number, t.over, [*t.factors], [*t.divisors]) for t in found]
        else:
            more = self._deeper(self._terms, second, equation)
        for term in more:
            term.number = -term.number if negative else term.number
            alike = [t for t in found if t.key == term.key and t.over == term.over]
            if alike and term.factors:
                alike[0].number = _whole(alike[0].number + term.number)
                alike[0].shortened()
            else:
                found.append(term)
        if any(t.number == 0 for t in found):
            raise _NotSoError
        return found

    def _product(self, x: Any, top: bool, within: Equation | None = None) -> Term:
        """A product, a quotient, or a single value, as a term."""
        number = _number(x)
        if number is not None:
            return self._of_number(number)
        if not isinstance(x, Variable):  # True, for one
            raise _NotSoError
        equation = self.made_by.get(x) if top else self._opens(x, within or self.at)
        if equation is None or equation.op.means not in {*PRODUCTS, Meaning.TOTAL}:
            if top or (equation is not None and equation.op.means in SUMS):
                return self._sum(x, top, within)
            return Term(factors=[x])
        self.backward = self.backward or equation.context.backward
        means, args = equation.op.means, equation.args
        if means is Meaning.TOTAL:
            return self._total(equation)
        if means is Meaning.NEGATIVE:
            return self._factor(args[0], equation).times(Term(-1))
        first = self._factor(args[0], equation)
        if args[0] is args[1]:
            return Term(factors=[x]) if not top else _refuse()
        second = (
            self._divisor(args[1], equation) if means is Meaning.QUOTIENT
            else self._factor(args[1], equation)
        )  # fmt: skip
        return self._with_masks(self._without_exponential(first.times(second)))

    def _with_masks(self, term: Term) -> Term:
        """dy * c / 200 for dy * np.where(c, 1 / 200, 0)."""
        for choice in [x for x in term.factors if not x.name and x not in self.known]:
            made = self.made_by.get(choice)
            if made is None or made.op.means is not Meaning.CHOICE or self.uses[choice] != 1:
                continue
            condition, size, rest = made.args[0], _uniform(made.args[1]), _uniform(made.args[2])
            beside = {(x.shape, x.dtype) for x in term.factors if x is not choice}
            if (choice.shape, choice.dtype) not in beside or 0 not in (size, rest):
                continue
            if not isinstance(condition, Variable) or condition.dtype != bool or not (size or rest):
                continue
            term.factors.remove(choice)
            mask = condition if size else self._emit(operator.invert, condition)
            term = term.times(self._of_number(size or rest or 0)).times(Term(factors=[mask]))
        return term

    def _factor(self, x: Any, within: Equation) -> Term:
        found: Term = self._deeper(self._product, x, within)
        return found

    def _divisor(self, x: Any, within: Equation) -> Term:
        number = _number(x)
        if number:
            sign = -1 if number < 0 else 1
            return Term(sign, _whole(abs(number)))
        return self._factor(x, within).inverse()

    def _of_number(self, number: float) -> Term:
        """1 / 300 for a number that the chain rule made of 300."""
        sign, size = (-1, -number) if number < 0 else (1, number)
        if size and size < 1 and size not in self.written:
            near = 4 * np.finfo(self.at.out.dtype).eps
            for count in self.counts:
                if count > 1 and abs(count * size - 1) < near:
                    return Term(sign, _whole(count))
            for part, count in itertools.product(self.written, self.counts):
                if (
                    len(repr(size)) > 5
                    and 0 < part < 1 < count
                    and abs(count * size / part - 1) < near
                ):
                    return Term(sign * part, _whole(count))
        if self.at.out.dtype.itemsize == 4:  # 0.1 is written for the number of float32 that it is
            number = float(str(np.float32(number)))
        return Term(_whole(number))

    def _without_exponential(self, term: Term) -> Term:
        """f (1 - f) for the derivative of f = 1 / (1 + e), in which e / (1 + e) is 1 - f."""
        for x in [*term.divisors, *term.factors]:
            d, f = (x, self.inverses.get(x)) if x in term.divisors else (self.inverses.get(x), x)
            plus = self.made_by.get(d) if d is not None else None
            if f is None or plus is None or plus.op.means is not Meaning.SUM:
                continue
            for one, e in (plus.args, plus.args[::-1]):
                if _number(one) != 1 or e not in term.factors:
                    continue
                if d in term.divisors:
                    term.divisors.remove(d)
                elif f in term.factors:
                    term.factors.remove(f)
                else:
                    continue
                term.factors.remove(e)
                if d in term.divisors:  # 1 / d is f
                    term.divisors.remove(d)
                    term.factors.append(f)
                term.factors.append(self._emit(Meaning.DIFFERENCE, 1, f))
                return term
        return term

    def _total(self, equation: Equation) -> Term:
        """A sum over axes: what is the same in each summand stands in front."""
        x = equation.args[0]
        inner = self._factor(x, equation)
        outside = Term(inner.number, inner.over)
        kept = Term(factors=inner.factors, divisors=inner.divisors)
        if not kept.factors:
            return Term(factors=[self._again(equation, x)])
        axis = equation.kwargs.get("axis", equation.op.axis)
        keeps = bool(equation.kwargs.get("keepdims"))
        for group, outer in ((kept.factors, outside.factors), (kept.divisors, outside.divisors)):
            for v in [v for v in group if _is_same_along(v, x, axis, keeps)]:
                group.remove(v)
                outer.append(v)
        if not kept.factors:
            return Term(factors=[self._again(equation, x)])
        summed = self._build(kept)
        if summed.shape != x.shape:
            return Term(factors=[self._again(equation, x)])
        return Term(factors=[self._again(equation, summed)]).times(outside)

    def _again(self, equation: Equation, x: Any) -> Variable:
        args, kwargs = (x, *equation.args[1:]), equation.kwargs
        return self._emit(equation.function, *args, **kwargs)

    # --- writing ------------------------------------------------------------------------------

    def _build(self, term: Term) -> Variable:
        """A term as equations; gives its variable."""
        value = self._value(term)
        if not isinstance(value, Variable):
            raise _NotSoError
        return value

    def _value(self, term: Term) -> Any:
        """The same, or a number."""
        if any(v.dtype.kind not in "fb" for v in term.factors + term.divisors):
            raise _NotSoError
        factors = sorted(term.factors, key=self._comes_late)
        sign, number = (-1, -term.number) if term.number < 0 else (1, term.number)
        if number != 1 or not factors:
            value: Any = _product(sign, number)
        else:
            value, factors = factors[0], factors[1:]
            if sign < 0:
                value = self._emit(Meaning.NEGATIVE, value)
        for x in factors:
            value = self._emit(Meaning.PRODUCT, value, x)
        for x, power in Counter(term.divisors).items():
            by = x if power == 1 else self._power(x, power)
            value = self._emit(Meaning.QUOTIENT, value, by)
        if term.over != 1:
            value = self._emit(Meaning.QUOTIENT, value, term.over)
        return value

    def _is_outside(self, term: Term) -> bool:
        """It is made of inputs alone: a penalty on weights, which comes last."""
        return self.backward and all(x not in self.made_by for x in term.factors)

    def _comes_late(self, x: Variable) -> int:
        """dz * z * (1 - z) * (z > 0): names first, then what stands in parentheses, then masks."""
        sum_ = not x.name and x not in self.known and x in self.made_by
        return 2 * (x.dtype.kind == "b") + (sum_ and self.made_by[x].op.means in SUMS)

    def _power(self, x: Variable, power: int) -> Variable:
        return self._emit(np.square, x) if power == 2 else self._emit(np.power, x, power)

    def _emit(self, meant: Meaning | Function, *args: Any, **kwargs: Any) -> Variable:
        function = MEANT[meant] if isinstance(meant, Meaning) else meant
        told = [x.told if isinstance(x, Variable) else x for x in args]
        python = OPS[function].python if function in OPS else None
        if python is not None and all(_is_python(x) for x in args):
            function = python
        options = map_tree(lambda x: x.told if isinstance(x, Variable) else x, kwargs)
        type_, _ = op_of(function).result(*told, **options)
        if type_.dtype.kind == "f" and type_.dtype.itemsize < self.at.out.dtype.itemsize:
            raise _NotSoError  # float32 among float64 would lose digits
        self.count += 1
        out = Variable(self.count, type_)
        equation = Equation(out, function, args, dict(kwargs), False, self.at.context)
        self.equations.append(equation)
        self.made_by[out] = equation
        return out


def _is_inverse(equation: Equation) -> bool:
    """1 / d of the chain rule, by which others are multiplied: they are divided by d."""
    backward, means = equation.context.backward, equation.op.means
    return backward and means is Meaning.QUOTIENT and _number(equation.args[0]) in (1, -1)


def _refuse() -> Any:
    raise _NotSoError


def _uniform(x: Any) -> float | None:
    """The finite number of which an operand is full, if it is."""
    number = _number(x)
    full = isinstance(x, Variable) and x.constant and x.shape and x.dtype.kind != "c"
    if number is None and full:
        first = np.ravel(x.value)[0] if x.value.size else None
        number = float(first) if first is not None and (x.value == first).all() else None
    return number if number is not None and math.isfinite(number) else None


def _number(x: Any) -> float | None:
    """The number that an operand is, if it is one."""
    if isinstance(x, Variable):
        if not x.constant or x.shape or x.dtype.kind != "f":
            return None
        x = x.value
    return float(x) if isinstance(x, (float, np.floating)) else x if type(x) is int else None


def _is_python(x: Any) -> bool:
    return x.__class__ in (float, int) or (isinstance(x, Variable) and x.type.weak)


def _whole(x: float) -> float:
    """An integer as such."""
    return int(x) if abs(x) < 1e15 and x == int(x) else x


def _product(x: float, y: float) -> float:
    found = x * y
    if not math.isfinite(found) or (x and y and not found):  # too large or too small as one number
        raise _NotSoError
    return _whole(found)


def _in_all(groups: Sequence[Sequence[Variable]]) -> Counter[Variable]:
    """What is in every group."""
    found = Counter(groups[0])
    for group in groups[1:]:
        found &= Counter(group)
    return found


def _without(group: Sequence[Variable], others: Sequence[Variable]) -> list[Variable]:
    return list((Counter(group) - Counter(others)).elements())


def _is_same_along(v: Variable, x: Variable, axis: Any, keeps: bool) -> bool:
    """Every summand of a sum of x over `axis` meets the same element of v."""
    ndim = len(x.shape)
    if not ndim:
        return True
    given = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = {k % ndim for k in given}
    shape = (1,) * (ndim - len(v.shape)) + v.shape
    if any(shape[k] != 1 for k in axes):
        return False
    leading = axes == set(range(len(axes))) and len(v.shape) <= ndim - len(axes)
    return keeps or leading or not v.shape
