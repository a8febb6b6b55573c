"""Programs of single numbers: plain Python floats in place of NumPy scalars.

Arithmetic on Python floats takes a third of the time and gives the same bits. Where Python raises
and NumPy gives an infinity (1 / 0, an overflow), the call is done again with NumPy's scalars.

A value that is read once is written where it is read, up to a length; the others have names, which
are used again when their values are no longer read: few names are faster than many. Python
compiles a long function slowly and in much memory, so a long program is cut into parts; what one
part leaves for another is in the list `kept`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from .binding import HOLDS_NAN, Writer, epilogue, leave, prologue
from .forms import Form, Written, number
from .ops import FOR_FLOATS, Function
from .program import Equation, Program, Variable, used_later
from .types import Type

__all__ = ["FloatRunner", "is_scalar"]

LONGEST = 30  # operations in one expression
PART = 20_000  # operations in one function, and so many more for each value that goes to the next
FOR_EACH = 100
NUMBERS = (np.dtype(float), np.dtype(bool))


def is_scalar(program: Program) -> bool:
    """Whether all values are single float64 numbers, and all functions have a form for floats."""
    kinds = {given.kind for given in program.inputs} | {output.kind for output in program.outputs}
    if kinds & {"place", "state", "branch"}:
        return False  # Python's numbers and NumPy's stay what they are
    outside = [given.variable for given in program.inputs if given.kind != "argument"]
    leaving = [output.variable for output in program.outputs if not output.variable.constant]
    if not program.equations or not all(map(_is_number, outside + leaving)):
        return False
    if any(x.dtype not in NUMBERS for x in leaving):  # a Python int
        return False
    for equation in program.equations:
        values = [x for x in equation.args if x.__class__ is Variable]
        if equation.op.floats is None or equation.kwargs or _adds_bools(equation):
            return False
        if not all(map(_is_number, [*values, equation.out])):
            return False
    return True


def _is_number(x: Variable) -> bool:
    return not x.shape and x.base is None and (x.type.weak or x.dtype in NUMBERS)


def _adds_bools(equation: Equation) -> bool:
    """It does arithmetic on bools alone: they are numbers to Python, and logic to NumPy."""
    op = equation.op
    values = equation.args[1:] if op.masks == "first" else equation.args
    return not op.compares and all(x.__class__ is Variable and x.dtype == bool for x in values)


class Piece(NamedTuple):
    """An expression: how many operations it holds, and what it reads."""

    written: Written
    size: int = 0
    reads: tuple[Variable, ...] = ()

    @property
    def text(self) -> str:
        """As it stands alone."""
        return self.written.text


class FloatRunner(Writer):
    """The function that runs a program of numbers, and its text."""

    def __init__(self, program: Program):
        super().__init__()
        self.program = program
        self.scope.update(FOR_FLOATS)
        self._sources: list[str] = []  # of the parts
        reads = chain.from_iterable(equation.inputs for equation in program.equations)
        self._uses = Counter(reads)  # how often a value is still read
        self._leaving = used_later(program.outputs)
        self._uses.update(output.variable for output in program.outputs)
        self._inline: dict[Variable, Piece] = {}
        self._names: dict[Variable, str] = {}
        self._free: list[str] = []  # names of values that are no longer read
        self._kept: dict[Variable, int] = {}
        self._lines: list[str] = []
        self._count = 0  # names in this part
        self._size = 0  # operations in this part
        self._prologue()
        for equation in program.equations:
            self._equation(equation)
            if self._size >= PART + FOR_EACH * len(self._names):
                self._end_part()
        self._epilogue()
        self._finish()
        self.run: Callable[[tuple[Any, ...]], tuple[Any, ...] | str] = self.scope.pop("run")
        for used in (self._uses, self._names, self._kept, self._lines):
            used.clear()

    @property
    def source(self) -> str:
        """The text of the function and its parts."""
        return "\n\n".join(self._sources)

    # --- the function and its parts --------------------------------------------------------------

    def _prologue(self) -> None:
        inputs = self.program.inputs
        read = [i for i in inputs if self._uses[i.variable] or not i.variable.shape]
        self._lines += prologue(self.program, read, self)

    def misfit(self, name: str, type_: Type) -> str:
        """The condition that a value is no float64."""
        return f"{name}.__class__ is not float64"

    def convert(self, text: str) -> str:
        """NumPy's numbers become Python's."""
        return f"float({text})"

    def _epilogue(self) -> None:
        results, leaving = [], []
        for k, output in enumerate(self.program.outputs):
            variable = output.variable
            if variable.constant:
                self.scope[f"constant_{k}"] = variable.value
                value = f"constant_{k}"
            else:
                piece = self._operand(variable)
                value = f"float64({piece.text})"
                if variable.dtype == bool:
                    value = f"np.bool_({piece.text})"
                if output.kind == "finite":
                    self._lines.append(leave(HOLDS_NAN, f"{piece.text} != {piece.text}"))
            if output.kind == "result":
                results.append(value)
            elif output.kind != "finite":
                number = output.kind == "grad"
                leaving.append((output, f"np.array({value})" if number else value))
        self._lines += epilogue(leaving, self, self.program.effects)
        self._lines.append(f"return ({''.join(name + ', ' for name in results)})")

    def _end_part(self) -> None:
        """Keep what is still to be read, and go on in another function."""
        for x, piece in list(self._inline.items()):
            del self._inline[x]
            self._assign(x, piece)
        for x, name in self._names.items():
            if x not in self._kept and self._uses[x]:
                self._kept[x] = len(self._kept)
                self._lines.append(f"kept[{self._kept[x]}] = {name}")
        self._define(f"part_{len(self._sources)}(arguments, kept)", [*self._lines, "return kept"])
        self._names, self._free, self._lines = {}, [], []
        self._count = self._size = 0

    def _finish(self) -> None:
        """The function that is called: all of the program, or one call for each part."""
        if not self._sources:
            return self._define("run(arguments)", self._lines)
        parts = len(self._sources)
        self._define(f"part_{parts}(arguments, kept)", self._lines)
        calls = [
            line
            for k in range(parts)
            for line in (f"left = part_{k}(arguments, kept)", "if left is not kept: return left")
        ]
        calls.append(f"return part_{parts}(arguments, kept)")
        given = "".join(f", part_{k}=part_{k}" for k in range(parts + 1))
        self._define(f"run(arguments{given})", [f"kept = [None] * {len(self._kept)}", *calls])
        for k in range(parts + 1):  # else the scope, and functions in it, would refer to each other
            del self.scope[f"part_{k}"]
        return None

    def _define(self, head: str, lines: list[str]) -> None:
        source = f"def {head}:\n    " + "\n    ".join(lines) + "\n"
        exec(compile(source, "<compiled program>", "exec"), self.scope)
        self._sources.append(source)

    # --- names -----------------------------------------------------------------------------------

    def name(self, x: Variable) -> str:
        """A name for a new value, perhaps one whose value is no longer read."""
        if self._free:
            name = self._free.pop()
        else:
            name = f"v{self._count}"
            self._count += 1
        self._names[x] = name
        return name

    def _assign(self, x: Variable, piece: Piece) -> str:
        self._place(piece)
        name = self.name(x)
        self._lines.append(f"{name} = {piece.text}")
        return name

    def _place(self, piece: Piece) -> None:
        """The text has its place: values that it was the last to read give back their names."""
        for x in piece.reads:
            self._uses[x] -= 1
            if not self._uses[x] and x in self._names:
                self._free.append(self._names.pop(x))

    # --- equations -------------------------------------------------------------------------------

    def _equation(self, equation: Equation) -> None:
        out = equation.out
        piece = self._piece(equation)
        self._size += 1
        if piece.size < LONGEST and self._uses[out] == 1 and out not in self._leaving:
            self._inline[out] = piece
        else:
            self._assign(out, piece)

    def _operand(self, x: Any) -> Piece:
        if isinstance(x, Variable) and x.constant:
            x = x.value
        if isinstance(x, Variable):
            if x in self._inline:
                return self._inline.pop(x)
            if x in self._names:
                return Piece(Written(self._names[x]), 0, (x,))
            if self._uses[x] == 1:  # kept by another part for this
                return Piece(Written(f"kept[{self._kept[x]}]"), 0, (x,))
            self._lines.append(f"{self.name(x)} = kept[{self._kept[x]}]")
            return Piece(Written(self._names[x]), 0, (x,))
        if isinstance(x, (np.generic, np.ndarray)):
            x = x.item()
        if isinstance(x, float) and not math.isfinite(x):
            return Piece(Written(f'float("{x}")'))
        return Piece(number(x))

    def _piece(self, equation: Equation) -> Piece:
        form, args = equation.op.floats, equation.args
        assert form is not None, "a program of numbers"
        parts = [self._operand(x) for x in args]
        if form.level is None:
            return parts[0]
        if form.repeats:  # an operand that is written twice needs a name
            parts = [self._named(x, part) for x, part in zip(args, parts, strict=True)]
        function = self._function(equation.function, form)
        written = form.of([part.written for part in parts], function=function)
        size = 1 + sum([part.size for part in parts])
        return Piece(written, size, sum([part.reads for part in parts], ()))

    def _named(self, x: Any, part: Piece) -> Piece:
        if part.size == 0 or not isinstance(x, Variable):
            return part
        return Piece(Written(self._assign(x, part)), 0, (x,))

    def _function(self, function: Function, form: Form) -> str:
        """The name of a function that the form calls."""
        name = f"np_{function.__name__}"
        if "{function}" in form.text:
            self.scope[name] = function
        return name
