"""Expressions: operands and right sides as a person writes them, in NumPy.

A value has a name, or it is written where it is read. Numbers of NumPy that meet Python's keep
their dtypes, constants are written as short as they can be, and large ones become arguments.
"""

from __future__ import annotations

import cmath
import math
import operator
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass
from typing import Any, NamedTuple

import numpy as np

from .ops import ATOM, POWER, PRODUCT, UNARY, function_name, power_of_array
from .program import Equation, Variable, written_in_place
from .standalone import Helpers
from .texts import Text

__all__ = ["Expressions", "dimensions"]


class _Typed(NamedTuple):
    """A number as one of NumPy."""

    value: Any
    dtype: str


class _Shape(str):
    """The text of a shape, of an array that has a name."""

    @property
    def of(self) -> str:
        return self.removesuffix(".shape")


class Expressions:
    """The text of values, as far as they have been written."""

    def __init__(self, text: Text):
        self.words, program = text, text.program
        self.made_by: dict[Any, Equation] = dict(program.producers())
        self.in_place = written_in_place(program)
        self.inline: dict[Variable, tuple[str, int]] = {}  # what has no line: text, and its level
        self.same: dict[Variable, Variable] = {}  # a checked label array is the array itself
        self.helpers = Helpers()
        self.python: set[Variable] = set()  # what is a number of Python in the text
        self.held: dict[Any, tuple[str, Any]] = {}  # what else is an argument of the text
        inputs = [i.variable for i in program.inputs]
        self.lines = set(inputs)  # what has a line of its own, or comes from outside
        names = Counter(v.name for v in [*inputs, *self.made_by] if v.name)
        self.like = {  # values of which gradients have the shape
            o.variable: o.source for o in program.outputs if o.kind == "gradient"
            and isinstance(o.source, Variable) and o.source.shape
            and names[o.source.name or ""] == 1
        }  # fmt: skip

    def expression(self, x: Any) -> str:
        """An argument as text."""
        return self.level_of(x)[0]

    def operand(self, x: Any, level: int) -> str:
        """An operand of an operator, in parentheses if it binds less."""
        text, own = self.level_of(x)
        return text if own >= level else f"({text})"

    def level_of(self, x: Any) -> tuple[str, int]:
        if isinstance(x, Variable):
            x = self.same.get(x, x)
            if x in self.inline:
                return self.inline[x]
            if x.constant:
                text = self.constant(x)
                return text, PRODUCT if " * np.eye(" in text else ATOM
            return x.name or f"t{x.number}", ATOM
        if isinstance(x, _Typed):
            value = x.value
            if x.dtype == "float32" and type(value) is float and math.isfinite(value):
                value = float(str(np.float32(value)))  # 0.1 for 0.10000000149
            return f"np.{x.dtype}({self.expression(value)})", ATOM
        if isinstance(x, _Shape):
            return str(x), ATOM
        if isinstance(x, (tuple, list)):
            inner = ", ".join(self.expression(item) for item in x)
            return (
                f"[{inner}]" if isinstance(x, list) else f"({inner}{',' * (len(x) == 1)})"
            ), ATOM
        if isinstance(x, np.dtype):
            return "float" if x.char == "d" else f"np.{x.name}", ATOM
        if is_dataclass(x):
            self.helpers.add(type(x))
        if isinstance(x, np.generic):
            text = _typed(x)
            return text, UNARY if text.startswith("-") else ATOM
        if isinstance(x, float) and not math.isfinite(x):
            return ("-np.inf", UNARY) if x < 0 else (f"np.{x}", ATOM)
        if isinstance(x, complex) and not cmath.isfinite(x):
            return f"complex({self.expression(x.real)}, {self.expression(x.imag)})", ATOM
        if callable(x) and not is_dataclass(x):
            return self._function(x), ATOM
        return repr(x), (UNARY if isinstance(x, (int, float)) and x < 0 else ATOM)

    def _function(self, function: Any) -> str:
        """A function or a class that another function is given: its name, or an argument."""
        known = getattr(function, "__name__", "")
        if function in (float, int, bool, complex):
            return str(known)
        place = (
            f"np.{known}" if isinstance(function, type) or not known else function_name(function)
        )
        if _of_numpy(place) is function:
            return place
        return self._held(function, function, known if known.isidentifier() else "function")

    def call(self, equation: Equation) -> tuple[str, int]:
        """The right side of an equation, and how strongly it binds."""
        function, args, op = equation.function, self._typed(equation), equation.op
        if args and self._is_python(args[0]) and (text := self._of_number(equation)):
            return text, ATOM
        if function is operator.getitem:
            return f"{self.operand(args[0], ATOM)}[{self.index(args[1])}]", ATOM
        if function is np.ndarray.copy and self._is_made_here(args[0]):
            return self.level_of(args[0])
        form = op.readable
        told = op.copies or not equation.kwargs  # a copy for people is a copy
        if form is not None and told and len(form.operands) == len(args):
            if form.level is None:
                return self.level_of(args[0])
            given = _without_points(args) if equation.out.dtype.kind in "fb" else args
            parts = [self.operand(x, least) for x, least in zip(given, form.operands, strict=True)]
            text = form.text.format(*parts)
            if op.augmented in ("+=", "-=") and parts[1].startswith("-"):  # a - b for a + -b
                text = f"{parts[0]} {'-' if op.augmented == '+=' else '+'} {parts[1][1:]}"
            if form.level == POWER and not all(map(_is_simple, parts)):
                text = form.text.replace("**", " ** ").format(*parts)
            return text, form.level
        args = tuple(self._like(equation.out, x) for x in args)
        if op.method and len(args) == 2 and not equation.kwargs and dimensions(args[0]):
            given = args[1] if isinstance(args[1], (tuple, _Shape)) else args[1:]
            text = f"{given}" if isinstance(given, _Shape) else self.index(given)
            return f"{self.operand(args[0], ATOM)}.{op.method}({text})", ATOM
        kwargs = dict(equation.kwargs)
        if op.axis is not None:
            kwargs.setdefault("axis", op.axis)
        if op.over_all:  # what it does unless told otherwise
            kwargs = {k: v for k, v in kwargs.items() if v is not None and v is not False}
            kwargs = _with_short_axis(kwargs, dimensions(args[0]))
        name = op.called or op.name
        if name.startswith("scipy."):
            self.helpers.imports["import scipy.special"] = None
        elif not name.startswith("np."):
            name = self.helpers.add(function)
        if function is np.zeros and isinstance(args[0], _Shape) and not kwargs:
            return f"np.zeros_like({args[0].of})", ATOM
        given = [self.expression(x) for x in args[: op.given]]
        given += [f"{key}={self.expression(value)}" for key, value in kwargs.items()]
        return f"{name}({', '.join(given)})", ATOM

    def _like(self, out: Variable, x: Any) -> Any:
        """maps.shape, for the shape of a gradient that is told as an operand."""
        if type(x) is not tuple or x != out.shape or len(x) < 2:
            return x
        while out not in self.like:
            reader = next((e for e in self.in_place if e.args[0] is out), None)
            if reader is None:
                return x
            out = reader.out
        like = self.like[out]
        return _Shape(f"{like.name}.shape") if like in self.lines and like.shape == x else x

    def _typed(self, equation: Equation) -> tuple[Any, ...]:
        """The operands, with a number of Python as one of NumPy where that is another thing.

        Beside arrays it takes their dtype; alone it raises where NumPy gives infinity or NaN.
        """
        function, args, out = equation.function, equation.args, equation.out
        if function is np.float64 or equation.op.compares:
            if all(map(self._is_python, args)):
                self._gives_python(equation)
            return args
        if equation.op.joins and out.dtype.kind == "f":
            parts = (_Typed(x, out.dtype.name) if self._is_python(x) else x for x in args[0])
            return ([*parts], *args[1:])
        divides = function in (np.divide, operator.truediv)
        powers = function in (np.power, operator.pow, power_of_array)
        if not (equation.op.elementwise or divides or powers) or equation.into:
            if all(map(self._is_python, args)):
                self._gives_python(equation)
            return args
        first = 1 if equation.op.masks == "first" else 0
        numbers = [k for k, x in enumerate(args) if k >= first and self._is_python(x)]
        others = [x.dtype for x in args[first:] if not self._is_python(x)]
        wanted = out.dtype.name if out.dtype.kind == "f" else "float64"
        if others:
            alike = np.result_type(*others, *(_plain(args[k]) for k in numbers)) == out.dtype
            chosen = out.dtype == np.float32 and equation.op.name.startswith("scipy.")
            wrong = out.dtype.kind == "f" and (not alike or chosen)  # (it chooses other loops)
        else:
            nonzero = type(args[-1]) in (int, float) and args[-1] != 0
            whole = type(args[-1]) is int and args[-1] > 0
            wrong = (divides and not nonzero) or (powers and not whole)
            wrong |= out.dtype == np.float32
        typed = {k: _without_dtype(args[k], others or [out.dtype]) for k in numbers}
        if wrong and numbers:
            typed[numbers[0]] = _Typed(typed[numbers[0]], wanted)
        elif not others:
            self._gives_python(equation)
        return tuple(typed.get(k, x) for k, x in enumerate(args))

    def _gives_python(self, equation: Equation) -> None:
        """Note that an operator on numbers of Python gives one, if it does."""
        form = equation.op.readable
        if form is not None and form.level != ATOM:
            self.python.add(equation.out)

    def _is_python(self, x: Any) -> bool:
        """In the text it is a number of Python."""
        if isinstance(x, Variable):
            number = x.constant and isinstance(x.value, (np.generic, int, float, complex))
            return x.type.weak or number or x in self.python
        return isinstance(x, (int, float, complex, np.generic))

    def _of_number(self, equation: Equation) -> str:
        """What would be a method of an array, on a Python number that stands for one."""
        x = self.expression(equation.args[0])
        if equation.function is operator.getitem:
            return f"np.asarray({x})[{self.index(equation.args[1])}]"
        if equation.op.copies:
            return f"np.{equation.out.dtype.name}({x})"
        return f"np.transpose({x})" if equation.function is np.transpose else ""

    def index(self, index: Any) -> str:
        parts = index if isinstance(index, tuple) else (index,)
        return ", ".join(self._index_part(part) for part in parts) or "()"

    def _index_part(self, part: Any) -> str:
        if isinstance(part, slice):
            ends = ["" if p is None else self.expression(p) for p in (part.start, part.stop)]
            step = f":{self.expression(part.step)}" if part.step is not None else ""
            return ":".join(ends) + step
        if isinstance(part, Variable) and part.constant and _is_counting(part.value):
            return f"range({len(part.value)})"
        if part is None:
            return "np.newaxis"
        return "..." if part is Ellipsis else self.expression(part)

    def constant(self, variable: Variable) -> str:
        """A constant array as text; one that is too large becomes an argument."""
        value = variable.value
        if isinstance(value, np.generic):
            return _typed(value)
        if _is_counting(value):
            kind = "" if value.dtype == int else f", dtype=np.{value.dtype.name}"
            return f"np.arange({len(value)}{kind})"
        if value.size and _is_uniform(value):
            first, shape = value.flat[0].item(), value.shape
            first = float(str(value.flat[0])) if value.dtype == np.float32 else first
            shape_text = str(shape[0]) if len(shape) == 1 else str(shape)
            kind = "" if value.dtype in (float, bool) else f", np.{value.dtype.name}"
            if repr(first) in ("0.0", "1.0"):
                return f"np.{'ones' if first else 'zeros'}({shape_text}{kind})"
            return f"np.full({shape_text}, {_fraction(first)}{kind})"
        if not value.size:
            return f"np.zeros({value.shape}, np.{value.dtype.name})"
        if (size := _times_identity(value)) is not None:
            return f"np.eye({len(value)})" if size == 1 else f"{size!r} * np.eye({len(value)})"
        if value.size <= 16:
            usual = value.dtype in (float, int, bool)
            kind = "" if usual else f", np.{value.dtype.name}"
            return f"np.array({_written(value.tolist())}{kind})"
        if variable.name is None and variable not in self.held:
            variable.name = self._new_name("c")
            self.held[variable] = variable.name, value
        return self._held(variable, value, variable.name or "c")

    def _held(self, key: Any, value: Any, name: str) -> str:
        """The name of an argument for this value."""
        key = key if isinstance(key, Variable) else id(key)
        if key not in self.held:
            self.held[key] = self.words.identifiers.new(name), value
        return self.held[key][0]

    def _is_made_here(self, x: Any) -> bool:
        """A constant that is written as a call, which makes a new array."""
        constant = isinstance(x, Variable) and x.constant and isinstance(x.value, np.ndarray)
        if not constant or x in self.inline:
            return False
        return self.constant(x).startswith("np.")

    def _new_name(self, stem: str = "t") -> str:
        """The next of t1, t2, ..., for what the user has no name for."""
        return self.words.identifiers.numbered(stem)


def _times_identity(value: Any) -> float | None:
    """The number k of k * np.eye(n), if that is what it is."""
    if value.ndim != 2 or len(value) != value.shape[1] or len(value) < 2 or value.dtype != float:
        return None
    size = float(value[0, 0])
    same = size > 0 and (size * np.eye(len(value))).tobytes() == value.tobytes()
    return size if same and math.isfinite(size) else None


def _without_dtype(x: Any, beside: Iterable[np.dtype[Any]] = ()) -> Any:
    """A number of NumPy as one of Python; beside others of its dtype as short as can be."""
    if not isinstance(x, np.generic):
        return x
    alike = {dtype for dtype in beside if dtype.kind == "f"} == {x.dtype}
    return float(str(x)) if alike and np.isfinite(x) else x.item()


def _plain(x: Any) -> Any:
    """A number of Python like this one."""
    if isinstance(x, Variable):
        return {"f": 0.0, "b": False, "c": 0j}.get(x.dtype.kind, 0)
    return _without_dtype(x)


def _is_simple(text: str) -> bool:
    return text.isidentifier() or text.replace(".", "").isdigit()


def _fraction(x: Any) -> str:
    """A number as text: 1 / 300 for what is that."""
    whole = round(1 / x) if type(x) is float and 0 < x < 0.2 else 0
    return f"1 / {whole}" if whole and 1 / whole == x and len(repr(x)) > 8 else _written(x)


def dimensions(x: Any) -> int:
    """How many axes an operand has; a number has none."""
    return len(x.shape) if isinstance(x, Variable) else np.ndim(x)


def _without_points(args: Sequence[Any]) -> Sequence[Any]:
    """2 for 2.0 beside floats."""
    if not any(isinstance(x, Variable) and x.dtype.kind == "f" for x in args):
        return args
    return [int(x) if type(x) is float and x.is_integer() and 0 < abs(x) < 1e6 else x for x in args]


def _with_short_axis(kwargs: dict[str, Any], ndim: int) -> dict[str, Any]:
    """One axis as a number; all of them need not be told."""
    axis = kwargs.get("axis")
    if axis is None or not ndim:
        return kwargs
    axes = [k % ndim for k in (axis if isinstance(axis, tuple) else (axis,))]
    if len(axes) == 1:
        kwargs = {**kwargs, "axis": axes[0]}
    if axes and len(axes) == ndim and "keepdims" not in kwargs:
        kwargs = {k: v for k, v in kwargs.items() if k != "axis"}
    return kwargs


def _of_numpy(name: str) -> Any:
    """What NumPy has under a name such as np.linalg.norm."""
    first, *path = name.split(".")
    found: Any = np if first == "np" else None
    for part in path:
        found = getattr(found, part, None)
    return found


def _is_counting(value: Any) -> bool:
    return bool(
        value.ndim == 1
        and len(value) > 1
        and value.dtype.kind == "i"
        and value[0] == 0
        and (np.diff(value) == 1).all()
    )


def _is_uniform(value: Any) -> bool:
    first = np.full_like(value, value.flat[0])
    return value.dtype.kind in "fiub" and first.tobytes() == value.tobytes()


def _typed(number: np.generic) -> str:
    """A number of NumPy that is not what Python makes of its text."""
    if number.dtype in (float, int, bool):
        return _written(number.item())
    short = isinstance(number, np.floating) and np.isfinite(number)
    return f"np.{number.dtype.name}({_written(float(str(number)) if short else number.item())})"


def _written(value: Any) -> str:
    """Numbers, also in lists, as text."""
    return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value))
