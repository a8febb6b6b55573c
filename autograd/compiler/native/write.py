"""Write: the text of native code, as the plain loops that a compiler likes.

The rows of a batch are taken four at a time. For each column the four are worked on together, so
a weight is loaded once for four examples, and a sum over examples is written to memory once for
four. Equations over the same columns share a loop; what only that loop reads stays in registers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from ..forms import ATOM, Written
from ..ops import CHOSEN, SUMS, Meaning
from ..program import Equation, Variable
from .choose import NARROW, Native, axis_of, is_each, is_weak, reduction
from .products import HIGHEST

__all__ = ["write"]

TOGETHER = 4  # rows of the batch
TERMS = 4  # sums over examples that one loop adds to
DEEP = 256  # terms of the sums of a product whose tiles are worked on at once
HEAD = '''"""Native loops of a compiled program."""

import math

import numpy as np


def larger(a, b):
    return a if a > b or a != a else b


def smaller(a, b):
    return a if a < b or a != a else b


def product(out, x, w, start=0, count=None):
    rows = slice(start, None if count is None else start + count)
    out[rows] = x[rows] @ w


'''


def write(native: Native) -> tuple[str, list[Variable]]:
    """The text of a module with the function `run`, and the arrays that it fills.

    `run` takes the operands of the equation, then the arrays to fill, and returns the results
    that are single numbers.
    """
    writer = _Writer(native)
    return writer.text(), writer.filled


@dataclass
class _Loop:
    """Equations that share a loop over the same elements: over `shape`, or columns of rows."""

    shape: tuple[int, ...]
    by_row: bool
    alone: bool = False  # a product along rows, or in tiles
    equations: list[Equation] = field(default_factory=list)

    @property
    def wide(self) -> bool:
        """Whether the rows are written out and the columns are the loop."""
        return self.by_row and len(self.shape) == 1 and self.shape[0] > NARROW

    @property
    def one_by_one(self) -> bool:
        """Whether the rows are taken one after the other."""
        return self.by_row and not self.wide and not self.alone


class _Reading:
    """Which elements each equation works on, and which it reads elsewhere."""

    def __init__(self, native: Native):
        self.native = native
        self.rows = set(native.rows)
        leaving = {v.root for v in native.results}
        self.conditions = {  # written where they are read: that is less work than keeping them
            e.out: e for e in native.parts[1:] if e.op.compares and e.out not in leaving
        }
        self._known: dict[Equation, tuple[set[Variable], set[Variable]]] = {}

    def elements(self, equation: Equation) -> tuple[int, ...]:
        """The shape over which an equation loops; for one by rows the columns, () if one."""
        if self.is_outer(equation):
            return _columns(self.sides(equation)[1])
        x = equation.args[0] if reduction(equation) else equation.out
        return _columns(x) if equation in self.rows else x.shape

    def reads(self, equation: Equation) -> tuple[set[Variable], set[Variable]]:
        """What it reads at the element that is worked on, and what it reads at others."""
        if equation not in self._known:
            reads = set()
            for v in equation.inputs:
                if v in self.conditions:
                    reads |= set().union(*self.reads(self.conditions[v]))
                else:
                    reads.add(self.native.turned.get(v, v))
            at = self._at_the_element(equation, reads)
            self._known[equation] = at, reads - at
        return self._known[equation]

    def _at_the_element(self, equation: Equation, reads: set[Variable]) -> set[Variable]:
        if self.is_outer(equation):
            few, many = self.sides(equation)
            return {many} - {few}
        if equation.op.product or equation.op.means is Meaning.ITEM:
            return set()
        shape = self.elements(equation)
        if equation not in self.rows:
            return {v for v in reads if v.shape == shape}
        count = (self.native.count,)
        here = {v for v in reads if v.shape[:1] == count and _columns(v) == shape}
        return here & {equation.args[0]} if equation.op.means is Meaning.WRITTEN else here

    def is_outer(self, equation: Equation) -> bool:
        """Whether it is x.T @ g, a sum over the examples of outer products."""
        turned = equation.op.product and equation.args[0] in self.native.turned
        return turned and equation in self.rows

    def sides(self, outer: Equation) -> tuple[Variable, Variable]:
        """The factors of outer products: the one with fewer columns, and the other."""
        left, right = self.native.turned[outer.args[0]], outer.args[1]
        return (left, right) if left.shape[1] <= right.shape[1] else (right, left)

    def is_total(self, equation: Equation) -> bool:
        """Whether it is a sum over all examples, or all elements."""
        summed = reduction(equation) is not None and axis_of(equation) in (0, None)
        return summed or self.is_outer(equation)

    def is_tiled(self, equation: Equation) -> bool:
        """Whether it is a product away from the loop over rows."""
        return equation.op.product and equation not in self.rows

    def is_long(self, equation: Equation) -> bool:
        """Whether it is a product of rows with a matrix that has more rows than columns."""
        if not equation.op.product or self.is_outer(equation) or self.is_tiled(equation):
            return False
        inner, columns = equation.args[1].shape
        return bool(inner > max(columns, NARROW))


def _share(equations: list[Equation], by_row: bool, reading: _Reading) -> list[_Loop]:
    """Put equations into loops, in an order in which as many as possible share one."""
    loops: list[_Loop] = []
    waiting = [e for e in equations if e.out not in reading.conditions]
    while waiting:
        unmade = {e.out for e in waiting}
        loop: _Loop | None = None
        here: set[Variable] = set()  # made in this loop, there for the same element
        left: list[Equation] = []
        for equation in waiting:
            elements, whole = reading.reads(equation)
            shape = reading.elements(equation)
            alone = reading.is_long(equation) or reading.is_tiled(equation)
            ready = not (elements - here) & unmade and not whole & unmade
            if ready and loop is None:
                loop = _Loop(shape, by_row, alone)
            elif not ready or loop is None or loop.alone or alone or loop.shape != shape:
                left.append(equation)
                continue
            loop.equations.append(equation)
            if reduction(equation) is None and not reading.is_outer(equation):
                here.add(equation.out)
        assert loop is not None, "equations that wait for each other"
        loops.append(loop)
        made = loop.equations[0].out  # what works on it comes next, while it is in the cache
        waiting = (
            sorted(left, key=lambda e: made not in reading.reads(e)[0]) if loop.alone else left
        )
    return loops


def _columns(x: Variable) -> tuple[int, ...]:
    """What there is for each example: () is a single number."""
    return () if is_each(x) else x.shape[1:]


class _Writer:
    def __init__(self, native: Native):
        self.native = native
        self.setup: list[str] = []
        self.copies: list[str] = []  # of weights, so that neighbours in memory are read in turn
        self.ends: list[str] = []
        self.filled: list[Variable] = []
        self.numbers: dict[str, str] = {}  # text of a typed number: its name
        self.reading = reading = _Reading(native)
        self.loops = {
            "first": _share(native.first, False, reading),
            "rows": _share(native.rows, True, reading),
            "last": _share(native.last, False, reading),
        }
        self.by_row = {e.out for e in native.rows if not reading.is_total(e)}
        tiled = [e for e in native.parts[1:] if reading.is_tiled(e)]
        self.whole = {v for e in tiled for v in reading.reads(e)[1]} & self.by_row
        self.kept = self.whole | set(native.results)  # of all rows, not of those at hand
        self.stored = self._what_is_stored()
        self.made: set[Variable] = set()  # in the loop that is being written
        self.hoisted: dict[str, str] = {}  # text of an element of a weight: its name

    def _what_is_stored(self) -> set[Variable]:
        """What has to be in memory because another loop, or another element, reads it."""
        loops = [loop for section in self.loops.values() for loop in section]
        home = {e.out: loop for loop in loops for e in loop.equations}
        stored = set()
        for loop in loops:
            for e in loop.equations:
                elements, whole = self.reading.reads(e)
                if self.reading.is_tiled(e):
                    whole = whole - self.by_row
                stored |= whole | {v for v in elements if home.get(v) is not loop}
                if loop.alone:
                    stored.add(e.out)
        return stored & set(home)

    # --- the module --------------------------------------------------------------------------

    def text(self) -> str:
        """All of it."""
        native = self.native
        self._make_room()
        first = self._section("first", 1)
        body: list[str] = []
        if native.rows:
            whole = native.count - native.count % TOGETHER
            body += self._over_rows(0, whole, TOGETHER)
            if whole < native.count:
                body += self._over_rows(whole, native.count, 1)
        last = self._section("last", 1)
        sums = [x for x in native.results if not x.shape]
        given = [_name(x) for x in [*native.args, *self.filled]]
        typed = [f"{name} = {text}" for text, name in self.numbers.items()]
        lines = [*typed, *self.setup, *first, *self.copies, *body, *self.ends, *last]
        lines.append(f"return ({''.join(_name(x) + ', ' for x in sums)})")
        return f"{HEAD}def run({', '.join(given)}):\n" + "".join(f"    {x}\n" for x in lines)

    def _make_room(self) -> None:
        """Arrays for what is stored, and for totals."""
        for equation in self.native.parts[1:]:
            out = equation.out
            leaves = out in self.native.results and bool(out.shape)
            if leaves:
                self.filled.append(out)
            if out in self.by_row:
                if out in self.whole and not leaves:
                    empty = f"np.empty({out.shape}, np.{_dtype(out)})"
                    self.setup.append(f"{_name(out)} = {empty}")
                if out in self.stored:
                    shape = (TOGETHER, *_columns(out))
                    self.setup.append(f"{_name(out)}_b = np.empty({shape}, np.{_dtype(out)})")
            elif equation in self.reading.rows:
                self._room_for_total(equation, leaves)
            elif out.shape and out in self.stored and not leaves:
                self.setup.append(f"{_name(out)} = np.empty({out.shape}, np.{_dtype(out)})")

    def _room_for_total(self, equation: Equation, leaves: bool) -> None:
        out = equation.out
        name, zeros = _name(out), f"np.zeros({out.shape}, np.{_dtype(out)})"
        turned = self.reading.is_outer(equation) and out.shape[0] > out.shape[1]
        if not out.shape:
            self.setup.append(f"{name} = {_typed('0', out)}")
        elif turned:
            self.setup.append(f"{name}_t = np.zeros({out.shape[::-1]}, np.{_dtype(out)})")
            self.ends.append(f"{name}[:] = {name}_t.T" if leaves else f"{name} = {name}_t.T")
        else:
            self.setup.append(f"{name}[:] = {_typed('0', out)}" if leaves else f"{name} = {zeros}")

    def _over_rows(self, start: int, stop: int, together: int) -> list[str]:
        inside = self._section("rows", together)
        return [f"for i in range({start}, {stop}, {together}):", *_indented(inside)]

    def _section(self, name: str, together: int) -> list[str]:
        lines: list[str] = []
        for one_by_one, group in groupby(self.loops[name], lambda loop: loop.one_by_one):
            loops = list(group)
            written = []
            while loops:
                loop = loops.pop(0)
                if self.reading.is_tiled(loop.equations[0]):
                    then = loops.pop(0) if loops and self._is_epilogue(loops[0], loop) else None
                    written += self._tiled(loop.equations[0], then)
                else:
                    written += self._loop(loop, together)
            if one_by_one:
                written = [f"for r in range({together}):", *_indented(written)]
            lines += written
        return lines

    # --- one loop ----------------------------------------------------------------------------

    def _loop(self, loop: _Loop, together: int) -> list[str]:
        self.made, self.hoisted = set(), {}
        self.before: list[str] = []
        self.after: list[str] = []
        if loop.alone:
            return self._long_product(loop.equations[0], together)
        rows = [str(r) for r in range(together)] if loop.wide else ["r"]
        self.wide, self.shape, self.in_rows = loop.wide, loop.shape, loop.by_row
        self.flat = self._is_flat(loop)
        if self.flat:
            self.shape = (math.prod(loop.shape),)
        lines: list[str] = []
        for equation in loop.equations:
            lines += self._equation(equation, rows)
            self.made.add(equation.out)
        lines = [*(f"{name} = {text}" for text, name in self.hoisted.items()), *lines]
        for axis, length in reversed(list(enumerate(self.shape))):
            lines = [f"for {'jk'[axis]} in range({length}):", *_indented(lines)]
        return [*self.before, *lines, *self.after]

    def _is_epilogue(self, loop: _Loop, product: _Loop) -> bool:
        """Whether a loop works on what a product gives, and can do so tile by tile."""
        made = product.equations[0].out
        here = any(made in self.reading.reads(e)[0] for e in loop.equations)
        sums = any(reduction(e) for e in loop.equations)
        few = product.equations[0].args[0].shape[1] <= DEEP
        return here and few and not sums and loop.shape == made.shape and self._is_flat(loop)

    def _tiled(self, equation: Equation, then: _Loop | None) -> list[str]:
        """A product in tiles, and what works on each as soon as it is there."""
        turned, out = self.native.turned, equation.out
        x, w = (f"{_name(turned[v])}.T" if v in turned else _name(v) for v in equation.args[:2])
        call = f"product({_name(out)}, {x}, {w}"
        if then is None:
            return [f"{call})"]
        rows, columns = out.shape
        lines = self._loop(then, 1)
        k = lines.index(f"for j in range({out.type.size}):")
        lines, inside = lines[:k], [line.removeprefix("    ") for line in lines[k + 1 :]]
        full = rows // HIGHEST * HIGHEST
        for start, stop, count in ((0, full, HIGHEST), (full, rows, rows - full)):
            if start < stop:
                over = f"for j in range(i * {columns}, i * {columns} + {count * columns}):"
                lines.append(f"for i in range({start}, {stop}, {count}):")
                lines += _indented([f"{call}, i, {count})", over, *_indented(inside)])
        return lines

    def _is_flat(self, loop: _Loop) -> bool:
        """Whether the elements of all arrays can be taken in one go, and lie so in memory."""
        if loop.by_row or len(loop.shape) < 2:
            return False
        for equation in loop.equations:
            _, elsewhere = self.reading.reads(equation)
            out = equation.out
            if any(x.shape for x in elsewhere) or not out.type.is_contiguous:
                return False
        return True

    def _all_of(self, x: Variable, copy: bool) -> str:
        """An array in one dimension: itself, or to be read only, a copy where it lies otherwise."""
        name = f"{_name(x)}_{'read' if copy else 'flat'}"
        whole = f"np.ascontiguousarray({_name(x)})" if copy else _name(x)
        line = f"{name} = {whole}.reshape(-1)"
        if line not in self.before:
            self.before.append(line)
        return name

    def _equation(self, equation: Equation, rows: list[str]) -> list[str]:
        """The lines for one element; `rows` are the examples that are written out."""
        means, out = equation.op.means, equation.out
        if reduction(equation):
            return self._reduce(equation, rows)
        if self.reading.is_outer(equation):
            return self._outer(equation, rows)
        lines = []
        for r in rows:
            if equation.op.product and self.in_rows:
                value = self._short_product(equation, r)
            elif means is Meaning.WRITTEN:
                value = self._chosen_or_old(equation, r)
            elif means is Meaning.ITEM:
                label = self._at(equation.args[1][1], r)
                value = self._at(equation.args[0], r, label)
            elif equation.op.native is not None:
                value = self._elementwise(equation, r).text
            else:  # the same number, as another dtype or of another shape
                value = _typed(self._at(equation.args[0], r), out)
            lines.append(f"{self._here(out, r)} = {value}")
            lines += self._keep(out, r)
        return lines

    def _keep(self, out: Variable, r: str) -> list[str]:
        """Where an element goes besides its register."""
        lines, value = [], self._here(out, r)
        index = _index(len(self.shape))
        if out in self.by_row:
            if out in self.stored:
                lines.append(f"{_name(out)}_b[{_join(r, index)}] = {value}")
            if out in self.kept:
                tail = ", 0" if len(out.shape) == 2 and not index else ""
                lines.append(f"{_name(out)}[{_join(f'i + {r}', index)}{tail}] = {value}")
        elif out.shape and (out in self.stored or out in self.native.results):
            name = self._all_of(out, copy=False) if self.flat else _name(out)
            lines.append(f"{name}[{index}] = {value}")
        return lines

    def _elementwise(self, equation: Equation, r: str) -> Written:
        op, args, out = equation.op, equation.args, equation.out
        assert op.native is not None, "chosen because it has a native form"
        floats = [x.dtype for x in args if isinstance(x, Variable) and x.dtype.kind == "f"]
        kind = next((d for d in floats if d == out.dtype), floats[0] if floats else out.dtype)
        parts = [self._operand(x, r, kind) for x in args]
        one = self._number("1", kind)
        for k, x in enumerate(args):
            if isinstance(x, Variable) and x.dtype == bool and op.masks == "any":
                zero = Written(self._number("0", kind))
                parts[k] = CHOSEN.of([parts[k], Written(one), zero])
        return op.native.of(parts, one=one)

    def _operand(self, x: Any, r: str, kind: Any = None) -> Written:
        """The element of x that is worked on, in an expression."""
        if isinstance(x, Variable) and x in self.reading.conditions:
            return self._elementwise(self.reading.conditions[x], r)
        return Written(self._at(x, r, kind=kind))

    def _short_product(self, equation: Equation, r: str) -> str:
        """A row times a matrix of few rows: the sum written out."""
        x, w = equation.args[:2]
        terms = []
        for k in range(w.shape[0]):
            factor = self._factor(x, r, k)
            terms.append(f"{factor} * {self._weight(w, str(k))}")
        return " + ".join(terms)

    def _factor(self, x: Variable, r: str, k: int) -> str:
        """Column k of row r, read before the loop where the loop runs over other columns."""
        text = self._at(x, r, str(k))
        if not self.wide:
            return text
        name = f"f{_name(x)}_{r}_{k}"
        line = f"{name} = {text}"
        if line not in self.before:
            self.before.append(line)
        return name

    def _weight(self, w: Variable, k: str) -> str:
        """Element [k, j] of a matrix, laid out so that neighbours in j are neighbours."""
        base = self.native.turned.get(w)
        text = f"{self._rows_of(w)}[{k}, {_index(len(self.shape)) or '0'}]"
        return self._hoist(text, f"{_name(base or w)}_{k}_j")

    def _rows_of(self, w: Variable, across: bool = False) -> str:
        """The name of a copy of a matrix, or of what lies across, whose rows lie in one piece."""
        base = self.native.turned.get(w)
        name, across = _name(w if base is None else base), across != (base is not None)
        part, matrix = ("columns", f"{name}.T") if across else ("rows", name)
        line = f"{name}_{part} = np.ascontiguousarray({matrix})"
        if line not in self.copies:
            self.copies.append(line)
        return f"{name}_{part}"

    def _long_product(self, equation: Equation, together: int) -> list[str]:
        """A row times a matrix of few columns: a sum for each column, along the row."""
        x, w = equation.args[:2]
        out, (inner, columns) = equation.out, w.shape
        name = self._rows_of(w, across=True)
        lines = []
        self.wide, self.shape, self.in_rows, self.flat = True, (inner,), True, False
        for r in range(together):
            for start in range(0, columns, TERMS):
                chosen = range(start, min(start + TERMS, columns))
                lines += [f"t{k} = {_typed('0', out)}" for k in chosen]
                lines.append(f"for j in range({inner}):")
                lines += [f"    t{k} += {self._at(x, str(r))} * {name}[{k}, j]" for k in chosen]
                column = "" if is_each(out) else ", {}"
                lines += [f"{_name(out)}_b[{r}{column.format(k)}] = t{k}" for k in chosen]
                if out in self.kept:
                    lines += [f"{_name(out)}[i + {r}, {k}] = t{k}" for k in chosen]
        return lines

    def _reduce(self, equation: Equation, rows: list[str]) -> list[str]:
        x, out, kind = equation.args[0], equation.out, reduction(equation) or SUMS
        start = _typed(kind.start, out)
        if out not in self.by_row:  # over all examples, or all elements
            total = _name(out)
            if out.shape:
                total = f"{total}[j]" if self.shape else f"{total}[0]"
            if equation not in self.reading.rows:
                self.before.append(f"{total} = {start}")
            added = " + ".join(self._at(x, r) for r in rows)
            return [f"{total} += {added}"]
        lines = []
        for r in rows:
            total = f"{_name(out)}_{r}"
            self.before.append(f"{total} = {start}")
            step = kind.step.of([Written(total), self._operand(x, r)])
            lines.append(f"{total} = {step.text}")
            if out in self.stored:
                self.after.append(f"{_name(out)}_b[{r}] = {total}")
            if out in self.kept:
                tail = ", 0" if len(out.shape) == 2 else ""
                self.after.append(f"{_name(out)}[i + {r}{tail}] = {total}")
        return lines

    def _outer(self, equation: Equation, rows: list[str]) -> list[str]:
        """Add the outer products of some examples to a matrix, along its longer side."""
        few, many = self.reading.sides(equation)
        out = equation.out
        total = _name(out) + ("_t" if out.shape[0] > out.shape[1] else "")
        lines = []
        for k in range(few.shape[1]):
            terms = [f"{self._factor(few, r, k)} * {self._at(many, r)}" for r in rows]
            place = f"{k}, j" if self.shape else "0, 0"
            lines.append(f"{total}[{place}] += {' + '.join(terms)}")
        return lines

    def _chosen_or_old(self, equation: Equation, r: str) -> str:
        """An element of a row in which one element, that of the label, is another."""
        x, (_, label), value = equation.args
        column = _index(len(self.shape)) or "0"
        old, new = self._at(x, r), self._at(value, r, kind=equation.out.dtype)
        return f"{new} if {column} == {self._at(label, r)} else {old}"

    # --- names and elements ------------------------------------------------------------------

    def _here(self, x: Variable, r: str) -> str:
        """The register of the element that is worked on."""
        return f"{_name(x)}_{r}" if self.in_rows else f"{_name(x)}_e" if x.shape else _name(x)

    def _at(self, x: Any, r: str, j: str | None = None, kind: Any = None) -> str:
        """The element of x that is worked on, or column j of row r."""
        if not isinstance(x, Variable):
            return self._number(repr(x.item() if isinstance(x, np.generic) else x), kind)
        if x in self.reading.conditions:
            return self._operand(x, r).bound(ATOM)
        name, index = _name(x), _index(len(self.shape)) if j is None else j
        if not x.shape:
            if x.constant:
                return self._number(repr(x.value.item()), x.dtype)
            return self._number(name, kind) if is_weak(x) and kind is not None else name
        if x in self.by_row:
            if j is None and x in self.made:
                return f"{name}_{r}"
            return f"{name}_b[{_join(r, '' if is_each(x) else index)}]"
        if self.in_rows and x.shape[0] == self.native.count:
            column = index if not is_each(x) else "0" if len(x.shape) == 2 else ""
            return f"{name}[{_join(f'i + {r}', column)}]"
        if not self.in_rows and x in self.made:
            return f"{name}_e"
        return self._broadcast(x, index)

    def _broadcast(self, x: Variable, index: str) -> str:
        """An element of an array that is stretched as NumPy stretches it."""
        if self.flat:
            return f"{self._all_of(x, copy=True)}[{index}]"
        parts = index.split(", ") if index else []
        parts = parts[len(parts) - len(x.shape) :] if parts else ["0"] * len(x.shape)
        while len(parts) < len(x.shape):
            parts.insert(0, "0")
        chosen = ["0" if length == 1 else p for p, length in zip(parts, x.shape, strict=True)]
        text = f"{_name(x)}[{', '.join(chosen)}]"
        return self._hoist(text, f"{_name(x)}_{''.join(chosen)}") if self.in_rows else text

    def _hoist(self, text: str, name: str) -> str:
        if not self.wide:
            return text
        return self.hoisted.setdefault(text, name)

    def _number(self, text: str, kind: Any) -> str:
        """A number of a given dtype, made once; a bool is written as it is."""
        if kind is None or kind.kind == "b":
            return text
        if text in ("inf", "-inf", "nan"):
            text = text.replace("inf", "np.inf").replace("nan", "np.nan")
        typed = f"np.{kind.name}({text})"
        return self.numbers.setdefault(typed, f"c{len(self.numbers)}")


def _typed(text: str, like: Variable) -> str:
    return f"np.{_dtype(like)}({text})"


def _index(axes: int) -> str:
    return ", ".join("jk"[:axes])


def _join(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _name(x: Variable) -> str:
    return f"a{x.number}"


def _dtype(x: Variable) -> str:
    return "bool_" if x.dtype == bool else x.dtype.name
