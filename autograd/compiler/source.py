"""Source: a program as the NumPy code that a person would write by hand.

Values that have a name get a line; what is used once and has none is written where it is used.
The text needs NumPy alone.
"""

from __future__ import annotations

import builtins
import math
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import is_dataclass
from typing import Any, NamedTuple

import numpy as np

from .draws import source_of
from .heads import is_literal, literal, parameter_list, put_together
from .ops import ATOM, POWER, PRODUCT, UNARY, function_name, power_of_array
from .program import (
    Anew,
    Equation,
    Variable,
    accumulated,
    reading_order,
    used_later,
    written_in_place,
)
from .standalone import Helpers
from .texts import Text

__all__ = ["Source", "source"]

WIDTH = 72  # longest expression that is written inside another


class Source(str):
    """The text of a function; called, with gradients=True, one that returns gradients as well.

    constants  what the text has as its last arguments, by name: settings of optimisers, arrays
               from outside that are too large to be written down, sources of random numbers
    state      where those arguments stand that the function changes itself
    """

    constants: dict[str, Any]
    state: dict[str, Any]
    again: Callable[[bool], Source]

    def __reduce__(self) -> Any:
        return str, (str(self),)

    def __call__(self, *, gradients: bool = False) -> Source:
        """The text that returns (result, gradients) instead, with a tuple of the gradients that
        the function leaves in parameters, in their order.

        Raises TraceError if it leaves none.
        """
        return self.again(gradients)


def source(text: Text) -> Source:
    """The text of a function, with its imports."""
    writer = _Writer(text)
    written = Source(writer.text())
    written.constants = text.settings | dict(writer.held.values())
    written.state = text.places
    return written


class _Typed(NamedTuple):
    """A number as one of NumPy."""

    value: Any
    dtype: str


class _Writer:
    def __init__(self, text: Text):
        self.words, program = text, text.program
        self.program = program
        self.uses = program.uses()
        self.uses.update(o.variable for o in program.outputs if o.kind != "gradient")
        self.leaving = used_later(program.outputs)
        self.roots_leaving = {x.root for x in self.leaving}
        self.gradients: dict[Variable, list[str]] = {}  # names of gradients by inputs
        inputs = [i.variable for i in program.inputs]
        by_input = {o.source: o.variable for o in program.outputs if o.kind == "gradient"}
        for variable in inputs:
            if variable in by_input:
                self.gradients.setdefault(by_input[variable], []).append(f"d{variable.name}")
        self.updates = text.updates
        self.replaced = {old for olds in text.updates.values() for old in olds}
        self.ends: list[str] = []  # updates that have to wait until nobody reads old values
        self.inline: dict[Variable, tuple[str, int]] = {}
        self.reads: dict[Variable, set[Variable]] = {}  # whose memory inline text reads
        self.order = reading_order(program)
        self.made_by: dict[Any, Equation] = dict(program.producers())
        self.in_place = written_in_place(program)
        self.position = 0
        self.same: dict[Variable, Variable] = {}  # a checked label array is the array itself
        self.rows: list[tuple[str, str]] = []
        self.helpers = Helpers()
        self.python: set[Variable] = set()  # what is a number of Python in the text
        self.held: dict[Any, tuple[str, Any]] = {}  # what else is an argument of the text
        self.lines = set(inputs)  # what has a line of its own, or comes from outside
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
        words = self.words
        self._make_constants()
        self._keep_what_is_handed_on()
        for position, equation in enumerate(self.order):
            self.position = position
            self._equation(equation)
        returned = self._returned()
        width = min(72, max((len(line) for line, note in self.rows if note), default=0))
        body = [
            f"    {line:{width}}  # {note}" if note else f"    {line}" for line, note in self.rows
        ]
        body = [f"    {line}" for line in words.head.lines] + body
        body += [f"    {line}" for line in self.ends]
        body.append(f"    return {returned}")
        outside = [x.name or "" for x in words.outside] + [name for name, _ in self.held.values()]
        head = f"def {words.name}({parameter_list(words.head.parameters, outside)}):"
        return "\n".join([f"{self.helpers}", "", head, *body]) + "\n"

    def _returned(self) -> str:
        """What the function returns, in its form; behind it gradients, and new values of state."""
        words, call = self.words, self.words.head.call
        known = {place: self._result(x) for place, x in sorted(words.results.items())}
        known |= {place: self.expression(x) for place, x in words.tensors.items()}
        fixed = {k: self._fixed(x) for k, x in call.given.items() if k not in known}
        leaves = (text for _, text in sorted((known | fixed).items()))
        result = put_together(call.result, leaves, self._fixed)
        more = []
        if words.wanted is not None:
            slopes = [self._result(x) for x in words.wanted]
            more = [f"({', '.join(slopes)}{',' * (len(slopes) == 1)})"]
        more += [self._result(x) for x in words.states]
        if more:
            return ", ".join([result, *more])
        several = call.result is not None and call.result[0] == "tuple" and len(call.result) > 2
        return result[1:-1] if several else result

    def _fixed(self, x: Any) -> str:
        """What is the same at every call: written down, or an argument."""
        if is_literal(x):
            return literal(x)
        if isinstance(x, (float, np.dtype)):
            return self.expression(x)
        return self._held(x, x, type(x).__name__.lower())

    def _held(self, key: Any, value: Any, name: str) -> str:
        """The name of an argument for this value."""
        key = key if isinstance(key, Variable) else id(key)
        if key not in self.held:
            self.held[key] = self.words.identifiers.new(name), value
        return self.held[key][0]

    def _result(self, variable: Variable) -> str:
        """What is returned; a gradient that is another value too gets a line with its name."""
        text = self.expression(variable)
        if self.same.get(variable, variable) is variable and variable.root in self.replaced:
            text = self._new_name()  # what a tensor held before
            self.rows.append((f"{text} = {self.operand(variable, ATOM)}.copy()", _shape(variable)))
        names = self.gradients.get(variable)
        gradient = names.pop(0) if names else text
        if gradient == text or gradient in self.words.identifiers.taken:
            return text
        self.words.identifiers.taken.add(gradient)
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
            taken = name in self.words.identifiers.taken or name == "array"
            name = self._new_name() if taken else self.words.identifiers.new(name)
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
        if isinstance(equation.function, Anew):
            self._draw(equation)
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

    def _new_name(self, stem: str = "t") -> str:
        """The next of t1, t2, ..., for what the user has no name for."""
        return self.words.identifiers.numbered(stem)

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
        made = self.made_by.get(value) if value in self.inline else None
        grows = made is not None and made.op.augmented and not made.kwargs
        if made is not None and grows and self.expression(made.args[0]) in (old, place):
            rest = self.operand(made.args[1], PRODUCT)
            self.rows.append((f"{place} {made.op.augmented} {rest}", ""))
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
        old, *others = self.updates[out]
        read = old in self.roots_leaving or self.last_read.get(old, -1) > self.position
        free = not read and not others
        if equation.into:
            if free and equation.args[0] is old:
                self.in_place.add(equation)
            self._write(equation)
            if out.name != old.name:
                self._hand_on(out, [old, *others])
            return
        if not free:
            self._line_of_its_own(out, f"{old.name}_new", self.call(equation)[0])
            self._hand_on(out, [old, *others])
            return
        self._read_before_writing(old)
        if op.augmented and equation.args[0] is old:
            rest = self.operand(equation.args[1], PRODUCT)
            self.rows.append((f"{old.name} {op.augmented} {rest}", ""))
        else:
            self.rows.append((f"{old.name}[...] = {self.call(equation)[0]}", ""))
        self.same[out] = old

    def _draw(self, equation: Equation) -> None:
        """What the function gets through `fresh`: a call, at its place among the others."""
        function, out = equation.function.function, equation.out
        name = getattr(function, "__name__", "draw")
        for module, text in ((builtins, ""), (np.random, "np.random."), (np, "np.")):
            if getattr(module, name, None) == function:
                called = f"{text}{name}"
                break
        else:
            owner = getattr(function, "__self__", None)
            if owner is None or getattr(owner, name, None) != function:
                called = self._held(function, function, "draw" if name == "<lambda>" else name)
            else:
                stem = "rng" if source_of(owner) is not None else type(owner).__name__.lower()
                called = f"{self._held(owner, owner, stem)}.{name}"
        given = [self.expression(x) for x in equation.args]
        given += [f"{key}={self.expression(value)}" for key, value in equation.kwargs.items()]
        made = f"np.{out.dtype.name}" if not out.shape else "np.asarray"
        numpys = source_of(function) is not None and out.shape
        text = f"{called}({', '.join(given)})"
        self._line(out, text if numpys else f"{made}({text})")
        if out in self.updates:
            self._hand_on(out, self.updates[out])

    def _line_of_its_own(self, out: Variable, name: str, text: str) -> None:
        """A value that stays as it is whatever is written to the arguments."""
        copy = ".copy()" if out.root in self.replaced else ""
        if out.name is None or out in self.updates:
            out.name = self.words.identifiers.new(name)
        self.lines.add(out)
        self.rows.append((f"{out.name} = {text}{copy}", _shape(out)))

    def _hand_on(self, new: Variable, olds: list[Variable]) -> None:
        self.ends += [f"{old.name}[...] = {self.expression(new)}" for old in olds]

    def _keep_what_is_handed_on(self) -> None:
        """A tensor may move on to what another one held, or to a value from outside."""
        made = {equation.out for equation in self.order}
        for new, olds in self.updates.items():
            if new in made:
                continue
            text = self.expression(new)
            if new.root in self.replaced:
                text = self.words.identifiers.new(f"{olds[0].name}_new")
                self.rows.append((f"{text} = {self.operand(new, ATOM)}.copy()", _shape(new)))
            self.ends += [f"{old.name}[...] = {text}" for old in olds]

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
        if isinstance(x, _Typed):
            value = x.value
            if x.dtype == "float32" and type(value) is float and math.isfinite(value):
                value = float(str(np.float32(value)))  # 0.1 for 0.10000000149
            return f"np.{x.dtype}({self.expression(value)})", ATOM
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
        return repr(x), (UNARY if isinstance(x, (int, float)) and x < 0 else ATOM)

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

    def _typed(self, equation: Equation) -> tuple[Any, ...]:
        """The operands, with a number of Python as one of NumPy where that is another thing.

        Beside arrays it takes their dtype; alone it raises where NumPy gives infinity or NaN.
        """
        function, args, out = equation.function, equation.args, equation.out
        if function is np.float64 or equation.op.compares:
            if all(map(self._is_python, args)):
                self._gives_python(equation)
            return args
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
            wrong = out.dtype.kind == "f" and not alike
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
        if value.size <= 16:
            usual = value.dtype in (float, int, bool)
            kind = "" if usual else f", np.{value.dtype.name}"
            return f"np.array({_written(value.tolist())}{kind})"
        if variable.name is None and variable not in self.held:
            variable.name = self._new_name("c")
            self.held[variable] = variable.name, value
        return self._held(variable, value, variable.name or "c")


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


def _is_uniform(value: Any) -> bool:
    first = np.full_like(value, value.flat[0])
    return value.dtype.kind in "fiub" and first.tobytes() == value.tobytes()


def _shape(variable: Variable) -> str:
    shape = variable.shape
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})" if shape else ""


def _typed(number: np.generic) -> str:
    """A number of NumPy that is not what Python makes of its text."""
    if number.dtype in (float, int, bool):
        return _written(number.item())
    short = isinstance(number, np.floating) and np.isfinite(number)
    return f"np.{number.dtype.name}({_written(float(str(number)) if short else number.item())})"


def _written(value: Any) -> str:
    """Numbers, also in lists, as text."""
    return re.sub(r"\b(nan|inf)\b", r"np.\1", repr(value))
