"""Source: a program as the NumPy code that a person would write by hand.

Values that have a name get a line; what is used once and has none is written where it is used.
The text needs NumPy alone.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from .ops import ATOM, PRODUCT, UNARY, function_name
from .program import (
    Equation,
    Input,
    Program,
    Variable,
    is_returned,
    leaves_of,
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
        program.outputs = [o for o in program.outputs if o.kind not in ("finite", "branch")]
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
        self._carry()
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

    def text(self) -> str:
        inputs = self._inputs()
        self._keep_what_is_handed_on()
        for position, equation in enumerate(self.order):
            self.position = position
            self._equation(equation)
        results = [self._result(o.variable) for o in self.program.outputs if o.kind == "result"]
        states = {o.source: o.variable for o in self.program.outputs if o.kind == "state"}
        results += [self._result(states[k]) for k in self.carried]
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

    def _carry(self) -> None:
        """Arrays that the function writes to are written to; other new values are returned."""
        program = self.program
        arrays = {id(i.source.array): i for i in program.inputs if i.kind == "place"}
        written = {e.value.number: arrays[id(e.owner)] for e in program.effects if e.key is ...}
        for output in program.outputs:
            given = written.get(output.source) if output.kind == "state" else None
            if given is not None:
                self.updates[output.variable] = given.source
                self.old[given.source] = given.variable
        self.carried = [k for e in program.effects if is_returned(e) for k in leaves_of(e.value)]

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
        turned = equation.function is np.transpose or equation.op.reshapes
        view = turned and len(text) < 16
        if (out.name is None and once and short) or (view and out not in self.leaving):
            self.inline[out] = text, level
            self.reads[out] = set().union(*(self.reads.get(x, {x.root}) for x in equation.inputs))
            return
        self._line(out, text)

    def _new_name(self) -> str:
        """The next of t1, t2, ..., for what the user has no name for."""
        self.unnamed += 1
        name = f"t{self.unnamed}"
        return self._new_name() if name in self.taken else name

    def _line(self, out: Variable, text: str) -> None:
        out.name = out.name or self._new_name()
        self.rows.append((f"{out.name} = {text}", _shape(out)))

    def _read_before_writing(self, memory: Variable) -> None:
        """What was to be read from this memory further down gets a line of its own here."""
        later = {x for equation in self.order[self.position + 1 :] for x in equation.inputs}
        for x in [x for x in self.inline if memory in self.reads.get(x, ()) and x in later]:
            text, _ = self.inline.pop(x)
            self._line(x, text)

    def _write(self, equation: Equation) -> None:
        """x[index] = value, and x[index] -= value where that is meant."""
        out, before = equation.out, equation.args[0]
        target = out.name or before.name or self._new_name()
        if equation not in self.in_place:
            target = target if target != before.name else self._new_name()
            self.rows.append((f"{target} = {self.operand(before, ATOM)}.copy()", _shape(out)))
        else:
            self._read_before_writing(before)
            if self.expression(before) != before.name:
                self.rows.append((f"{target} = {self.expression(before)}", _shape(out)))
            else:
                target = before.name
        out.name = target
        if equation.function is not operator.setitem:
            rest = "".join(f", {self.expression(x)}" for x in equation.args[1:])
            self.rows.append((f"{function_name(equation.function)}({target}{rest})", ""))
            return
        index, value = equation.args[1], equation.args[2]
        place = f"{target}[{self.index(index)}]"
        text = self.expression(value)
        old = f"{self.expression(before)}[{self.index(index)}]"
        for sign in (" - ", " + "):
            if text.startswith(old + sign) or text.startswith(place + sign):
                rest = text[text.index("]" + sign) + len("]" + sign) :]
                self.rows.append((f"{place} {sign.strip()}= {rest}", ""))
                return
        self.rows.append((f"{place} = {text}", ""))

    def _update(self, equation: Equation) -> None:
        """A new value of a tensor: in place, if nobody reads the old one further down."""
        out, op = equation.out, equation.op
        old = self.old[self.updates[out]]
        later = {x.root for e in self.order[self.position + 1 :] for x in e.inputs}
        later |= {o.variable.root for o in self.program.outputs if o.kind in ("result", "grad")}
        if equation.into:
            self._write(equation)
            self.ends.append(f"{old.name}[...] = {out.name}")
            return
        if old in later:
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
            return f"np.{x.name}", ATOM
        if is_dataclass(x):
            self.helpers.add(type(x))
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, float) and not math.isfinite(x):
            return ("-np.inf", UNARY) if x < 0 else (f"np.{x}", ATOM)
        return repr(x), (UNARY if isinstance(x, (int, float)) and x < 0 else ATOM)

    def call(self, equation: Equation) -> tuple[str, int]:
        """The right side of an equation, and how strongly it binds."""
        function, args, op = equation.function, equation.args, equation.op
        if function is operator.getitem:
            return f"{self.operand(args[0], ATOM)}[{self.index(args[1])}]", ATOM
        form = op.readable
        told = op.copies or not equation.kwargs  # a copy for people is a copy
        if form is not None and told and len(form.operands) == len(args):
            if form.level is None:
                return self.level_of(args[0])
            parts = [self.operand(x, least) for x, least in zip(args, form.operands, strict=True)]
            return form.text.format(*parts), form.level
        kwargs = dict(equation.kwargs)
        if op.axis is not None:
            kwargs.setdefault("axis", op.axis)
        if op.over_all:  # what it does unless told otherwise
            kwargs = {k: v for k, v in kwargs.items() if v is not None and v is not False}
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
            shape_text = str(shape[0]) if len(shape) == 1 else str(shape)
            kind = "" if value.dtype in (float, bool) else f", np.{value.dtype.name}"
            if first in (0, 1) and value.dtype.kind == "f":
                return f"np.{'ones' if first else 'zeros'}({shape_text}{kind})"
            return f"np.full({shape_text}, {first!r}{kind})"
        if not value.size:
            return f"np.zeros({value.shape}, np.{value.dtype.name})"
        if value.size <= 16:
            usual = value.dtype in (float, int, bool)
            kind = "" if usual else f", np.{value.dtype.name}"
            return f"np.array({value.tolist()}{kind})"
        return self.held.setdefault(variable, variable.name or f"c{len(self.held) + 1}")


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
