"""Source: a program as the NumPy code that a person would write by hand.

Values that have a name get a line; what is used once and has none is written where it is used.
The text needs NumPy alone.
"""

from __future__ import annotations

import builtins
import operator
import re
import textwrap
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from .draws import source_of
from .expressions import Expressions, dimensions
from .folding import Row, fold
from .heads import is_literal, literal, parameter_list, put_together
from .ops import ATOM, MEANT, PRODUCT, Meaning, function_name, op_of
from .program import (
    Anew,
    Equation,
    Variable,
    accumulated,
    reading_order,
    used_later,
)
from .texts import Text
from .wording import is_plain_index

__all__ = ["Source", "source"]

WIDTH = 72  # longest expression that is written inside another
COLUMN = 64  # shapes stand in one column behind lines that are no longer than that
LONGEST = 92  # a line with its shape
TOO_LONG = 84  # the right side of a line


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


class _Writer(Expressions):
    def __init__(self, text: Text):
        super().__init__(text)
        program = text.program
        self.uses = program.uses()
        self.uses.update(o.variable for o in program.outputs if o.kind != "gradient")
        self.leaving = used_later(program.outputs)
        self.roots_leaving = {x.root for x in self.leaving}
        self.gradients: dict[Variable, list[str]] = {}  # names of gradients by inputs
        inputs = [i.variable for i in program.inputs]
        by_input = {o.source: o.variable for o in program.outputs if o.kind == "gradient"}
        for variable in inputs:
            if variable in by_input and variable.name:
                self.gradients.setdefault(by_input[variable], []).append(f"d{variable.name}")
        self.slope_of = {
            o.variable: o.source for o in program.outputs
            if o.kind == "gradient" and isinstance(o.source, Variable)
        }  # fmt: skip
        self.updates = text.updates
        self.replaced = {old for olds in text.updates.values() for old in olds}
        self.ends: list[str] = []  # updates that have to wait until nobody reads old values
        self.reads: dict[Variable, set[Variable]] = {}  # whose memory inline text reads
        self.order = reading_order(program)
        self.position = 0
        self.rows: list[Row] = []
        self.owners: dict[str, Variable] = {}  # what a name means by now
        self.readers: dict[Variable, list[Equation]] = {}
        self.shown: dict[Variable, list[Variable]] = {}  # the inline texts that read a memory
        self.last_use: dict[Variable, int] = {}  # where a value is read for the last time
        self.last_read: dict[Variable, int] = {}  # where memory is read for the last time
        for position, equation in enumerate(self.order):
            for x in equation.inputs:
                self.readers.setdefault(x, []).append(equation)
                self.last_read[x.root] = self.last_use[x] = position
        self.summed_up = accumulated(program)

    def text(self) -> str:
        words = self.words
        self._make_constants()
        self._keep_what_is_handed_on()
        for position, equation in enumerate(self.order):
            self.position = position
            self._equation(equation)
        returned = self._returned()
        outside = [x.name or "" for x in words.outside] + [name for name, _ in self.held.values()]
        arrays = [str(old.name) for olds in words.updates.values() for old in olds]
        rows = fold(self.rows, arrays, [*(p.name for p in words.head.parameters), *outside])
        body = [f"    {line}" for line in _with_notes(rows)]
        body = [f"    {line}" for line in words.head.lines] + body
        body += [f"    {line}" for line in self.ends]
        body.append(f"    return {returned}")
        given = parameter_list(words.head.parameters, outside)
        head = f"def {words.name}({given}):"
        if len(head) > 100:
            wrapped = textwrap.fill(given, 96, break_long_words=False, break_on_hyphens=False)
            head = f"def {words.name}(\n{textwrap.indent(wrapped, '    ')}\n):"
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
        if self._carries_over(equation) or self._counts(equation):
            return
        text, level = self._short_call(equation)
        short = len(text) <= WIDTH
        once = self.uses[out] == 1 and out not in self.leaving
        if once and out in self.summed_up:
            short = False
        if once and self._is_written_to(out) and self._grow(equation, text):
            return
        if (out.name is None and once and short) or self._is_brief(equation, text):
            self.inline[out] = text, level
            self.reads[out] = set().union(*(self.reads.get(x, {x.root}) for x in equation.inputs))
            for memory in self.reads[out]:
                self.shown.setdefault(memory, []).append(out)
            return
        if not self._grow(equation, text):
            out.name = out.name or self._name_to_come(out)
            self._line(out, text)

    def _short_call(self, equation: Equation) -> tuple[str, int]:
        """The right side; if it is too long for a line, some of its operands get lines before."""
        text, level = self.call(equation)
        inner = {x for x in equation.inputs if x in self.inline and x in self.made_by}
        inner = {x for x in inner if len(self.readers[x]) == 1 and len(self.inline[x][0]) > 30}
        while len(text) > TOO_LONG and inner:
            longest = max(inner, key=lambda x: len(self.inline[x][0]))
            inner.remove(longest)
            self._line(longest, self.inline.pop(longest)[0])
            text, level = self.call(equation)
        return text, level

    def _is_written_to(self, x: Variable) -> bool:
        """The only one who reads it writes to its memory."""
        reader = self.readers[x][0] if x in self.readers else None
        return reader in self.in_place and reader.args[0] is x

    def _is_brief(self, equation: Equation, text: str) -> bool:
        """It may stand wherever it is read, as 1 - p and X.T do."""
        out, function = equation.out, equation.function
        if out in self.leaving or out.name is not None:
            return False
        if function is np.transpose or equation.op.reshapes:
            return len(text) < 24 and isinstance(equation.args[0], Variable)
        if len(text) <= 12 and not out.shape and self._is_of_arguments(equation):
            return True  # 0.5 * reg
        if len(text) > 9 or self.uses[out] > 4:
            return False
        part = function is operator.getitem and is_plain_index(equation.args[1])
        number = any(type(x) in (int, float) for x in equation.args)
        return part or (number and (equation.op.augmented in ("+=", "-=") or equation.op.compares))

    def _is_of_arguments(self, equation: Equation) -> bool:
        """It is an operator on numbers from outside."""
        made = [x for x in equation.inputs if not x.constant and x.name not in self.words.places]
        parts = [self.made_by.get(x) for x in made]
        numbers = not any(dimensions(x) for x in equation.args)
        known = all(e is None or (e.out in self.inline and self._is_of_arguments(e)) for e in parts)
        return equation.op.readable is not None and numbers and known

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
        self._has_line(out)
        return True

    def _carries_over(self, equation: Equation) -> bool:
        """v *= 0.9, before v -= lr * dx: a new value of a tensor in two steps."""
        out, readers = equation.out, self.readers.get(equation.out, [])
        if len(readers) != 1 or not equation.op.augmented or out in self.leaving:
            return False
        old, new = equation.args[0], readers[0]
        if self.updates.get(new.out) != [old] or new.into or not isinstance(old, Variable):
            return False
        same = (old.shape, old.dtype) == (out.shape, out.dtype)
        if not same or not new.op.augmented or new.args[0] is not out or out in new.args[1:]:
            return False
        if old in self.roots_leaving or self.last_read[old] > self.position:
            return False
        self._augment(old, equation)
        self.same[out] = old
        return True

    def _counts(self, equation: Equation) -> bool:
        """t += 1, of a number that the function itself changes."""
        out, t = equation.out, equation.args[0] if equation.args else None
        counts = equation.op.means in (Meaning.SUM, Meaning.DIFFERENCE)
        if not counts or out not in self.words.states or out.shape or out in self.updates:
            return False
        if not isinstance(t, Variable) or t.name not in self.words.places or t in self.made_by:
            return False
        if t.type != out.type or t in self.leaving or self.last_read[t] > self.position:
            return False
        self._augment(t, equation)
        out.name = t.name
        self._has_line(out)
        return True

    def _augment(self, old: Variable, equation: Equation) -> None:
        self._read_before_writing(old)
        rest = self.operand(equation.args[1], PRODUCT)
        means = equation.op.means
        symbol = equation.op.augmented or (op_of(MEANT[means]).augmented if means else "")
        self.rows.append((f"{old.name} {symbol} {rest}", ""))

    def _is_free(self, x: Variable, out: Variable) -> bool:
        """The memory of x is its own, made here, of the type of `out`, and read no further down."""
        if x.base is not None or x.constant or x not in self.lines or x in self.leaving:
            return False
        op = self.made_by[x].op
        return (
            op.means is not Meaning.STRETCHED  # NumPy lets nobody write to that
            and bool(x.shape or op.means or op.over_all)
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
        return x.name if x.name and not self._is_still_read(x.name) else None

    def _is_still_read(self, name: str) -> bool:
        """What the name means is read further down, perhaps by text that has no line yet."""
        known = self.owners.get(name)
        if known is None:
            return False
        shown = (x for x in self.shown.get(known.root, ()) if x in self.inline)
        later = self.last_read.get(known.root, -1) > self.position
        return (
            later or known in self.leaving or any(self.last_use[x] > self.position for x in shown)
        )

    def _line(self, out: Variable, text: str) -> None:
        if out.name and self._is_still_read(out.name):  # of two that become one gradient
            out.name = self._new_name()
        out.name = out.name or self._name_of_gradient(out) or self._new_name()
        self._has_line(out)
        self.rows.append((f"{out.name} = {text}", _shape(out)))

    def _has_line(self, out: Variable) -> None:
        self.lines.add(out)
        self.owners[out.name or ""] = out

    def _name_of_gradient(self, out: Variable) -> str | None:
        """dt3, for the gradient of what has become t3."""
        by = self.slope_of.get(out)
        if by is None or by.name is None or by not in self.lines:
            return None
        backward = self.made_by[out].context.backward  # else it is what another one is scaled by
        return self.words.identifiers.new(f"d{by.name}") if backward else None

    def _read_before_writing(self, memory: Variable) -> None:
        """What was to be read from this memory further down gets a line of its own here."""
        for x in self.shown.pop(memory, ()):
            if x in self.inline and self.last_use[x] > self.position:
                text, _ = self.inline.pop(x)
                self._line(x, text)

    def _write(self, equation: Equation) -> None:
        """x[index] = value, and x[index] -= value where that is meant."""
        out, before, said = equation.out, equation.args[0], None
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
                final = self._name_to_grow_into(equation) or target
                if final != target and not self._is_still_read(final):  # dscores = probs
                    self.rows.append((f"{final} = {target}", ""))
                    said, target = target, final
        out.name = target
        self._has_line(out)
        if equation.function is not operator.setitem:
            rest = "".join(f", {self.expression(x)}" for x in equation.args[1:])
            self.rows.append((f"{function_name(equation.function)}({target}{rest})", ""))
            return
        index, value = equation.args[1], equation.args[2]
        place = f"{target}[{self.index(index)}]"
        zero = type(value) is float and repr(value) == "0.0"  # not -0.0
        text = "0" if zero else self.expression(value)
        old = f"{self.expression(before)}[{self.index(index)}]"
        made = self.made_by.get(value) if value in self.inline else None
        grows = made is not None and made.op.augmented and not made.kwargs
        grows = grows and np.can_cast(value.dtype, before.dtype, "same_kind")  # as NumPy asks
        if made is not None and grows and self.expression(made.args[0]) in (old, place):
            rest = self.operand(made.args[1], PRODUCT)
            self.rows.append((f"{place} {made.op.augmented} {rest}", ""))
            return
        if said:  # what is said of an array that has a new name is said of that
            text = re.sub(rf"\b{said}\b", target, text)
        self.rows.append((f"{place} = {text}", ""))

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
        first = equation.args[0]
        if op.augmented and isinstance(first, Variable) and self.same.get(first, first) is old:
            self._augment(old, equation)
        else:
            self._read_before_writing(old)
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
        self._has_line(out)
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


def _with_notes(rows: list[Row]) -> list[str]:
    """Lines with their shapes behind them, in one column; where a shape stands in the line, or
    would make it too long, nothing is said."""
    rows = [(line, "" if note in line else note) for line, note in rows]
    lengths = [len(line) for line, note in rows if note and len(line) <= COLUMN]
    width = max(lengths, default=0)
    noted = [f"{line:{width}}  # {note}" if note else line for line, note in rows]
    return [
        text if len(text) <= LONGEST else line for text, (line, _) in zip(noted, rows, strict=True)
    ]


def _shape(variable: Variable) -> str:
    shape = variable.shape
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})" if shape else ""
