"""Source: a program as the NumPy code that a person would write by hand.

Values that have a name get a line; what is used once and has none is written where it is used.
The text needs NumPy alone.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Sequence
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from .ops import ATOM, POWER, PRODUCT, UNARY, function_name
from .program import (
    Equation,
    Input,
    Program,
    Variable,
    accumulated,
    reading_order,
    used_later,
    written_in_place,
)
from .standalone import Helpers

__all__ = ["source"]

WIDTH = 72  # longest expression that is written inside another


def source(program: Program, name: str = "step") -> tuple[str, dict[str, Any]]:
    """The text of a function `name`, with its imports; and its constant arrays, by name."""
    writer = _Writer(program, name)
    return writer.text(), {text: variable.value for variable, text in writer.held.items()}


class _Writer:
    def __init__(self, program: Program, name: str):
        self.program, self.name = program, name
        self.uses: Counter[Variable] = Counter()
        for equation in program.equations:
            self.uses.update(equation.inputs)
        program.outputs = [o for o in program.outputs if o.kind != "finite"]
        self.uses.update(o.variable for o in program.outputs if o.kind != "gradient")
        self.leaving = used_later(program.outputs)
        self.gradients: dict[Variable, list[str]] = {}  # names of gradients by inputs
        inputs = [i.variable for i in program.inputs]
        for k, variable in enumerate(inputs):
            variable.name = variable.name or f"x{k}"
        self.taken = {e.out.name for e in program.equations} | {v.name for v in inputs}
        by_input = {o.source: o.variable for o in program.outputs if o.kind == "gradient"}
        for variable in inputs:
            if variable in by_input:
                self.gradients.setdefault(by_input[variable], []).append(f"d{variable.name}")
        self.updates = {o.variable: o.source for o in program.outputs if o.kind == "tensor"}
        self.old = {i.source: i.variable for i in program.inputs if i.kind == "tensor"}
        self.ends: list[str] = []  # updates that have to wait until nobody reads old values
        self.inline: dict[Variable, tuple[str, int]] = {}
        self.reads: dict[Variable, set[Variable]] = {}  # whose memory inline text reads
        self.order = reading_order(program)
        self.in_place = written_in_place(program)
        self.position = 0
        self.same: dict[Variable, Variable] = {}  # a checked label array is the array itself
        self.rows: list[tuple[str, str]] = []
        self.helpers = Helpers()
        self.held: dict[Variable, str] = {}  # constants that are arguments of the text
        self.unnamed = 0
        self.lines = set(inputs)  # what has a line of its own, or comes from outside
        self.made_by = program.producers()
        self.readers: dict[Variable, list[Equation]] = {}
        self.shown: dict[Variable, list[Variable]] = {}  # the inline texts that read a memory
        self.last_use: dict[Variable, int] = {}  # where a value is read for the last time
        self.last_read: dict[Variable, int] = {}  # where memory is read for the last time
        for position, equation in enumerate(self.order):
            for x in equation.inputs:
                self.readers.setdefault(x, []).append(equation)
                self.last_read[x.root] = self.last_use[x] = position
        self.summed_up = accumulated(program)
        names = Counter(v.name for v in [*inputs, *self.made_by] if v.name)
        self.like = {  # values of which gradients have the shape
            o.variable: o.source for o in program.outputs if o.kind == "gradient"
            and isinstance(o.source, Variable) and o.source.shape
            and names[o.source.name or ""] == 1
        }  # fmt: skip

    def text(self) -> str:
        inputs = self._inputs()
        self._make_constants()
        self._keep_what_is_handed_on()
        for position, equation in enumerate(self.order):
            self.position = position
            self._equation(equation)
        results = [self._result(o.variable) for o in self.program.outputs if o.kind == "result"]
        grads = [o for o in self.program.outputs if o.kind == "grad"]
        if grads and not self.updates:
            results += [self.expression(o.variable) for o in grads]
        width = min(72, max((len(line) for line, note in self.rows if note), default=0))
        body = [
            f"    {line:{width}}  # {note}" if note else f"    {line}" for line, note in self.rows
        ]
        body += [f"    {line}" for line in self.ends]
        body.append(f"    return {', '.join(results)}" if results else "    return None")
        arguments = [i.variable.name or "" for i in inputs] + list(self.held.values())
        head = f"def {self.name}({', '.join(arguments)}):"
        return "\n".join([f"{self.helpers}", "", head, *body]) + "\n"

    def _inputs(self) -> list[Input]:
        updated = [self.old[tensor] for tensor in self.updates.values()]
        return [
            i
            for i in self.program.inputs
            if self.uses[i.variable] or i.kind == "argument" or i.variable in updated
        ]

    def _result(self, variable: Variable) -> str:
        """What is returned; a gradient that is another value too gets a line with its name."""
        text = self.expression(variable)
        if variable.root in (self.old[tensor] for tensor in self.updates.values()):
            text = self._new_name()  # what a tensor held before
            self.rows.append((f"{text} = {self.operand(variable, ATOM)}.copy()", _shape(variable)))
        names = self.gradients.get(variable)
        gradient = names.pop(0) if names else text
        if gradient in (text, *self.taken):
            return text
        self.rows.append((f"{gradient} = {text}", _shape(variable)))
        return gradient

    def _make_constants(self) -> None:
        """A constant that is read more than once gets a line, if it is written as a call."""
        read = Counter(
            x for e in self.order for x in set(e.inputs) if x.constant and np.ndim(x.value)
        )
        for x in [x for x, count in read.items() if count > 1]:
            text = self.constant(x)
            if not text.startswith("np.") or text.startswith("np.arange"):
                continue
            made = text[len("np.") : text.index("(")]  # zeros, ones, full
            made = "index" if made == "array" and x.dtype.kind in "iu" else made
            name = x.name or made
            name = self._new_name() if name in self.taken or name == "array" else name
            self.taken.add(name)
            self.rows.append((f"{name} = {text}", _shape(x)))
            self.inline[x] = name, ATOM

    # --- lines ---------------------------------------------------------------------------------

    def _equation(self, equation: Equation) -> None:
        out = equation.out
        if equation.op.check:
            labels = self.expression(equation.args[0])
            classes = equation.args[1][1]
            if out.base is not None and out.shape == equation.args[0].shape:
                self.rows.append((f"assert {labels}.min() >= 0 and {labels}.max() < {classes}", ""))
                self.same[out] = equation.args[0]
                return
            if len(equation.args[0].shape) == 2:
                self.inline[out] = f"np.argmax({labels}, axis=1)", ATOM
            else:
                self.inline[out] = f"{labels}.astype(np.intp)", ATOM
            return
        if out in self.updates:
            self._update(equation)
            return
        if equation.into:
            self._write(equation)
            return
        text, level = self.call(equation)
        short = len(text) <= WIDTH
        once = self.uses[out] == 1 and out not in self.leaving
        if once and out in self.summed_up:
            short = False
        if (out.name is None and once and short) or self._is_brief(equation, text):
            self.inline[out] = text, level
            self.reads[out] = set().union(*(self.reads.get(x, {x.root}) for x in equation.inputs))
            for memory in self.reads[out]:
                self.shown.setdefault(memory, []).append(out)
            return
        if not self._grow(equation, text):
            out.name = out.name or self._name_to_come(out)
            self._line(out, text)

    def _is_brief(self, equation: Equation, text: str) -> bool:
        """It may stand wherever it is read, as 1 - p and X.T do."""
        out, function = equation.out, equation.function
        if out in self.leaving:
            return False
        if function is np.transpose or equation.op.reshapes:
            return (
                len(text) < 24
                and isinstance(equation.args[0], Variable)
                and (equation.args[0] not in self.inline or len(text) < 16)
            )
        if out.name is not None or len(text) > 9 or self.uses[out] > 4:
            return False
        part = function is operator.getitem and isinstance(equation.args[1], int)
        number = any(type(x) in (int, float) for x in equation.args)
        return part or (number and equation.op.augmented in ("+=", "-="))

    def _grow(self, equation: Equation, text: str) -> bool:
        """dz *= z * (1 - z), where nobody wants the old dz any more."""
        out, x, name = equation.out, equation.args[0] if equation.args else None, equation.out.name
        several = equation.op.augmented == "*=" or equation.function is np.divide
        if not isinstance(x, Variable):
            return False
        symbol = equation.op.augmented
        while several and x in self.inline and len(self.readers[x]) == 1:
            inner = self.made_by[x]
            if inner.op.augmented != "*=" and inner.function is not np.divide:
                return False
            x, symbol = inner.args[0], inner.op.augmented
            if symbol != "*=" or not isinstance(x, Variable):
                return False
        if not symbol or x not in self.made_by or x.name is None or name not in (None, x.name):
            return False
        if name is None and not self.made_by[x].context.backward:
            return False
        same_sign = text.startswith(f"{x.name} {symbol[0]} ")
        if not self._is_free(x, out) or not (same_sign or text.startswith(f"{x.name} - ")):
            return False
        direct = x is equation.args[0] and same_sign
        rest = self.expression(equation.args[1]) if direct else text[len(x.name) + 3 :]
        self._read_before_writing(x)
        self.rows.append((f"{x.name} {symbol if same_sign else '-='} {rest}", ""))
        out.name = x.name
        self.lines.add(out)
        return True

    def _is_free(self, x: Variable, out: Variable) -> bool:
        """The memory of x is its own, made here, of the type of `out`, and read no further down."""
        own = x.base is None and not x.constant and x in self.lines and x not in self.leaving
        own = own and bool(x.shape or self.made_by[x].op.means or self.made_by[x].op.over_all)
        return (
            own
            and self.last_read[x] <= self.position
            and ((x.shape, x.dtype, x.type.weak) == (out.shape, out.dtype, out.type.weak))
        )

    def _name_to_grow_into(self, equation: Equation) -> str | None:
        """The name of the gradient that this array, which only a rule calls so, becomes."""
        out, readers = equation.out, self.readers.get(equation.out, [])
        if not equation.context.backward or len(readers) != 1 or out in self.leaving:
            return None
        reader = readers[0]
        own = (out.shape, out.dtype) == (reader.out.shape, reader.out.dtype)
        grows = own and reader.op.augmented and reader.args[0] is out
        return reader.out.name if grows and reader.out not in self.updates else None

    def _name_to_come(self, x: Variable) -> str | None:
        """The name of what this value grows into, or is written to."""
        while x.name is None:
            readers = self.readers.get(x, [])
            writes = [e for e in readers if e in self.in_place and e.args[0] is x]
            if x in self.leaving or len(writes or readers) != 1:
                return None
            reader = (writes or readers)[0]
            if reader.args[0] is not x:
                return None
            if not (reader.into or reader.op.augmented) or not reader.context.backward:
                return None
            if (x.shape, x.dtype) != (reader.out.shape, reader.out.dtype):
                return None
            x = reader.out
        return x.name

    def _new_name(self) -> str:
        """The next of t1, t2, ..., for what the user has no name for."""
        self.unnamed += 1
        name = f"t{self.unnamed}"
        return self._new_name() if name in self.taken else name

    def _line(self, out: Variable, text: str) -> None:
        self.lines.add(out)
        out.name = out.name or self._new_name()
        self.rows.append((f"{out.name} = {text}", _shape(out)))

    def _read_before_writing(self, memory: Variable) -> None:
        """What was to be read from this memory further down gets a line of its own here."""
        for x in self.shown.pop(memory, ()):
            if x in self.inline and self.last_use[x] > self.position:
                text, _ = self.inline.pop(x)
                self._line(x, text)

    def _write(self, equation: Equation) -> None:
        """x[index] = value, and x[index] -= value where that is meant."""
        out, before = equation.out, equation.args[0]
        target = out.name or before.name or self._new_name()
        if equation not in self.in_place:
            target = target if target != before.name else self._new_name()
            copied = "" if self._is_made_here(before) else ".copy()"
            self.rows.append((f"{target} = {self.operand(before, ATOM)}{copied}", _shape(out)))
        else:
            self._read_before_writing(before)
            if self.expression(before) != before.name:
                self.rows.append((f"{target} = {self.expression(before)}", _shape(out)))
            else:
                target = before.name
                final = self._name_to_grow_into(equation)
                if final not in (None, target):  # dscores = probs
                    self.rows.append((f"{final} = {target}", ""))
                    target = final
        out.name = target
        self.lines.add(out)
        if equation.function is not operator.setitem:
            rest = "".join(f", {self.expression(x)}" for x in equation.args[1:])
            self.rows.append((f"{function_name(equation.function)}({target}{rest})", ""))
            return
        index, value = equation.args[1], equation.args[2]
        place = f"{target}[{self.index(index)}]"
        text = "0" if type(value) is float and not value else self.expression(value)
        old = f"{self.expression(before)}[{self.index(index)}]"
        for sign in (" - ", " + "):
            if text.startswith(old + sign) or text.startswith(place + sign):
                rest = text[text.index("]" + sign) + len("]" + sign) :]
                self.rows.append((f"{place} {sign.strip()}= {rest}", ""))
                return
        self.rows.append((f"{place} = {text}", ""))

    def _is_made_here(self, x: Any) -> bool:
        """A constant that is written as a call, which makes a new array."""
        constant = isinstance(x, Variable) and x.constant and isinstance(x.value, np.ndarray)
        if not constant or x in self.inline:
            return False
        return self.constant(x).startswith("np.")

    def _update(self, equation: Equation) -> None:
        """A new value of a tensor: in place, if nobody reads the old one further down."""
        out, op = equation.out, equation.op
        old = self.old[self.updates[out]]
        later = {o.variable.root for o in self.program.outputs if o.kind in ("result", "grad")}
        if equation.into:
            self._write(equation)
            self.ends.append(f"{old.name}[...] = {out.name}")
            return
        if old in later or self.last_read.get(old, 0) > self.position:
            out.name = f"{old.name}_new"
            self._line(out, self.call(equation)[0])
            self.ends.append(f"{old.name}[...] = {out.name}")
            return
        self._read_before_writing(old)
        if op.augmented and equation.args[0] is old:
            rest = self.operand(equation.args[1], PRODUCT)
            self.rows.append((f"{old.name} {op.augmented} {rest}", ""))
        else:
            self.rows.append((f"{old.name}[...] = {self.call(equation)[0]}", ""))
        self.same[out] = old

    def _keep_what_is_handed_on(self) -> None:
        """A tensor may move on to what another one held, or to a value from outside."""
        made = {equation.out for equation in self.order}
        for new, tensor in self.updates.items():
            if new not in made:
                name = f"{self.old[tensor].name}_new"
                self.rows.append((f"{name} = {self.operand(new, ATOM)}.copy()", _shape(new)))
                self.ends.append(f"{self.old[tensor].name}[...] = {name}")

    # --- expressions -----------------------------------------------------------------------------

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
            return (self.constant(x) if x.constant else x.name or f"t{x.number}"), ATOM
        if isinstance(x, (tuple, list)):
            inner = ", ".join(self.expression(item) for item in x)
            return (
                f"[{inner}]" if isinstance(x, list) else f"({inner}{',' * (len(x) == 1)})"
            ), ATOM
        if isinstance(x, np.dtype):
            return "float" if x.char == "d" else f"np.{x.name}", ATOM
        if is_dataclass(x):
            self.helpers.add(type(x))
        if isinstance(x, _Text):
            return x, ATOM
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, float) and not math.isfinite(x):
            return ("-np.inf", UNARY) if x < 0 else (f"np.{x}", ATOM)
        return repr(x), (UNARY if isinstance(x, (int, float)) and x < 0 else ATOM)

    def call(self, equation: Equation) -> tuple[str, int]:
        """The right side of an equation, and how strongly it binds."""
        function, op = equation.function, equation.op
        args = tuple(_with_dtype(x, equation) for x in equation.args)
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
        like = self.like.get(equation.out)
        if op.method and op.reshapes and args[1:] == (equation.out.shape,) and like in self.lines:
            shape = f"{like.name}.shape"
            return f"{self.operand(args[0], ATOM)}.{op.method}({shape})", ATOM
        if op.method and len(args) == 2 and not equation.kwargs and _ndim(args[0]):
            given = args[1] if isinstance(args[1], tuple) else args[1:]
            return f"{self.operand(args[0], ATOM)}.{op.method}({self.index(given)})", ATOM
        kwargs = dict(equation.kwargs)
        if op.axis is not None:
            kwargs.setdefault("axis", op.axis)
        if op.over_all:  # what it does unless told otherwise
            kwargs = {k: v for k, v in kwargs.items() if v is not None and v is not False}
            kwargs = _with_short_axis(kwargs, _ndim(args[0]))
        name = op.called or op.name
        if not name.startswith("np."):
            name = self.helpers.add(function)
        given = [self.expression(x) for x in args[: op.given]]
        given += [f"{key}={self.expression(value)}" for key, value in kwargs.items()]
        return f"{name}({', '.join(given)})", ATOM

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
            return repr(value.item())
        if _is_counting(value):
            return f"np.arange({len(value)})"
        if value.size and (value == value.flat[0]).all():
            first, shape = value.flat[0].item(), value.shape
            first = float(str(value.flat[0])) if value.dtype == np.float32 else first
            shape_text = str(shape[0]) if len(shape) == 1 else str(shape)
            kind = "" if value.dtype in (float, bool) else f", np.{value.dtype.name}"
            if first in (0, 1) and value.dtype.kind == "f":
                return f"np.{'ones' if first else 'zeros'}({shape_text}{kind})"
            return f"np.full({shape_text}, {_fraction(first)}{kind})"
        if not value.size:
            return f"np.zeros({value.shape}, np.{value.dtype.name})"
        if value.size <= 16:
            usual = value.dtype in (float, int, bool)
            kind = "" if usual else f", np.{value.dtype.name}"
            return f"np.array({value.tolist()}{kind})"
        return self.held.setdefault(variable, variable.name or f"c{len(self.held) + 1}")


class _Text(str):
    """An operand that is text already."""


def _with_dtype(x: Any, reader: Equation) -> Any:
    """A number of NumPy as one of Python, if the other operands make it what it is."""
    if not isinstance(x, np.floating):
        return x
    others = {v.dtype for v in reader.inputs if not v.type.weak and v.dtype.kind == "f"}
    if x.dtype in others or (x.dtype == float and not others):
        return float(str(x)) if np.isfinite(x) else float(x)
    return _Text(f"np.{x.dtype}({x.item()!r})") if np.isfinite(x) else x


def _is_simple(text: str) -> bool:
    return text.isidentifier() or text.replace(".", "").isdigit()


def _fraction(x: Any) -> str:
    """A number as text: 1 / 300 for what is that."""
    whole = round(1 / x) if type(x) is float and 0 < x < 0.2 else 0
    return f"1 / {whole}" if whole and 1 / whole == x and len(repr(x)) > 8 else repr(x)


def _ndim(x: Any) -> int:
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


def _is_counting(value: Any) -> bool:
    return bool(
        value.ndim == 1
        and len(value) > 1
        and value.dtype.kind == "i"
        and value[0] == 0
        and (np.diff(value) == 1).all()
    )


def _shape(variable: Variable) -> str:
    shape = variable.shape
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})" if shape else ""
