"""Programs of single numbers: plain Python floats in place of NumPy scalars.

Arithmetic on Python floats takes a third of the time and gives the same bits. Where Python raises
and NumPy gives an infinity (1 / 0, an overflow), the call is done again with NumPy's scalars.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from .program import Equation, Function, Program, Variable, used_later

__all__ = ["FloatRunner", "is_scalar"]

LONGEST = 30  # operations in one expression
ATOM, POWER, UNARY, PRODUCT, SUM = 9, 8, 7, 6, 5
INFIX: dict[Function, tuple[str, int]] = {
    np.add: ("+", SUM), np.subtract: ("-", SUM), np.multiply: ("*", PRODUCT),
    np.divide: ("/", PRODUCT),
    operator.add: ("+", SUM), operator.sub: ("-", SUM), operator.mul: ("*", PRODUCT),
    operator.truediv: ("/", PRODUCT),
}  # fmt: skip
COMPARE: dict[Function, str] = {
    np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=", np.equal: "==",
    np.not_equal: "!=",
}  # fmt: skip
CALLS = {np.exp, np.expm1, np.log, np.log1p, np.tanh, np.power, np.sign}


def is_scalar(program: Program) -> bool:
    """Whether all values are single float64 numbers, and all functions have a form for floats."""
    known = {
        *INFIX, *COMPARE, *CALLS, np.float64, operator.pow, np.negative, operator.neg, np.maximum,
        np.minimum, np.square, np.sqrt, np.absolute, np.reciprocal, np.where,
    }  # fmt: skip
    return bool(program.equations) and all(
        e.function in known
        and not e.kwargs
        and _is_number(e.out.value)
        and all(not isinstance(x, Variable) or _is_number(x.value) for x in e.args)
        for e in program.equations
    )


def _is_number(value: Any) -> bool:
    return type(value) in (float, int, np.float64, np.bool_)


class FloatRunner:
    """The function that runs a program of numbers, and its text."""

    def __init__(self, program: Program):
        self.program = program
        self.scope: dict[str, Any] = {"np": np}
        self.uses: Counter[Variable] = Counter()
        for equation in program.equations:
            self.uses.update(equation.inputs)
        self.leaving = used_later(program.outputs)
        self.inline: dict[Variable, tuple[str, int, int]] = {}  # text, binding, operations
        self.lines: list[str] = []
        self._prologue()
        for equation in program.equations:
            self._equation(equation)
        self._epilogue()
        self.source = "def run(arguments):\n    " + "\n    ".join(self.lines) + "\n"
        exec(compile(self.source, "<compiled program>", "exec"), self.scope)
        self.run: Callable[[tuple[Any, ...]], tuple[Any, ...] | None] = self.scope["run"]

    def _prologue(self) -> None:
        for k, given in enumerate(self.program.inputs):
            name = f"v{given.variable.number}"
            if given.kind == "argument":
                self.lines.append(f"{name} = float(arguments[{given.source}])")
            elif given.kind == "tensor":
                self.scope[f"tensor_{k}"] = given.source
                self.lines.append(f"{name} = tensor_{k}._data")
                tracked = given.tracked
                self.lines.append(
                    f"if {name}.__class__ is not np.float64 or tensor_{k}._tracked is not "
                    f"{tracked}: return None"
                )
                self.lines.append(f"{name} = float({name})")
            elif given.kind == "setting":
                self.scope[f"owner_{k}"] = given.source[0]
                self.lines.append(f"{name} = owner_{k}.{given.source[1]}")
            else:
                self.scope[f"slot_{k}"] = given.source
                self.lines += [
                    f"{name} = slot_{k}.grad",
                    f"if {name} is None: return None",
                    f"{name} = float({name})",
                ]
        for k, slot in enumerate(self.program.empty):
            self.scope[f"empty_{k}"] = slot
            self.lines.append(f"if empty_{k}.grad is not None: return None")

    def _equation(self, equation: Equation) -> None:
        out = equation.out
        text, level, size = self._text(equation)
        if self.uses[out] == 1 and out not in self.leaving and size < LONGEST:
            self.inline[out] = text, level, size
        else:
            self.lines.append(f"v{out.number} = {text}")

    def _text(self, equation: Equation) -> tuple[str, int, int]:
        function, args = equation.function, equation.args
        parts = [self._operand(x) for x in args]
        size = 1 + sum(part[2] for part in parts)
        if function in INFIX:
            symbol, level = INFIX[function]
            left = _bound(parts[0], level)
            return f"{left} {symbol} {_bound(parts[1], level + 1)}", level, size
        if function in COMPARE:
            left, right = (_bound(part, SUM) for part in parts)
            return f"({left} {COMPARE[function]} {right})", ATOM, size
        if function in (np.negative, operator.neg):
            return f"-{_bound(parts[0], UNARY)}", UNARY, size
        if function is np.float64:
            return parts[0]
        if function is operator.pow:  # NumPy's power of scalars, as in eager
            self.scope["float64"] = np.float64
            return f"float(float64({parts[0][0]}) ** {_bound(parts[1], ATOM)})", ATOM, size
        if function is np.reciprocal:
            return f"1.0 / {_bound(parts[0], PRODUCT + 1)}", PRODUCT, size
        if function is np.where:
            condition, yes, no = (part[0] for part in parts)
            return f"({yes} if {condition} else {no})", ATOM, size
        names = [self._named(x, part) for x, part in zip(args, parts, strict=True)]
        if function is np.square:
            return f"{names[0]} * {names[0]}", PRODUCT, size
        if function is np.absolute:
            return f"abs({names[0]})", ATOM, size
        if function is np.sqrt:  # rounded correctly everywhere; a ValueError below 0
            self.scope["sqrt"] = math.sqrt
            return f"sqrt({names[0]})", ATOM, size
        if function in (np.maximum, np.minimum):  # NaN wins, as in NumPy
            a, b = names
            sign = ">" if function is np.maximum else "<"
            return f"({a} if {a} {sign} {b} or {a} != {a} else {b})", ATOM, size
        name = f"np_{function.__name__}"
        self.scope[name] = function
        return f"float({name}({', '.join(names)}))", ATOM, size

    def _operand(self, x: Any) -> tuple[str, int, int]:
        if isinstance(x, Variable):
            return self.inline.pop(x, (f"v{x.number}", ATOM, 0))
        if isinstance(x, np.generic):
            x = x.item()
        if isinstance(x, float) and not np.isfinite(x):
            return f'float("{x}")', ATOM, 0
        return repr(x), (UNARY if x < 0 else ATOM), 0

    def _named(self, x: Any, part: tuple[str, int, int]) -> str:
        """An operand that is written twice needs a name."""
        if part[2] == 0 or not isinstance(x, Variable):
            return part[0]
        self.lines.append(f"v{x.number} = {part[0]}")
        return f"v{x.number}"

    def _epilogue(self) -> None:
        self.scope["float64"] = np.float64
        results, ends = [], []
        for k, output in enumerate(self.program.outputs):
            if output.kind == "finite":
                name = self._operand(output.variable)[0]
                self.lines.append(f"if {name} != {name}: return None")
                continue
            value = f"float64({self._operand(output.variable)[0]})"
            if output.variable.constant:
                self.scope[f"constant_{k}"] = output.variable.value
                value = f"constant_{k}"
            elif isinstance(output.variable.value, np.bool_):
                value = f"np.bool_({self._operand(output.variable)[0]})"
            if output.kind == "result":
                results.append(value)
            elif output.kind == "tensor":
                self.scope[f"tensor_out_{k}"] = output.source
                ends.append(f"tensor_out_{k}._become({value})")
            else:
                self.scope[f"slot_out_{k}"] = output.source
                ends.append(f"slot_out_{k}.grad = np.array({value})")
        self.lines += ends
        self.lines.append(f"return ({''.join(name + ', ' for name in results)})")


def _bound(part: tuple[str, int, int], level: int) -> str:
    return part[0] if part[1] >= level else f"({part[0]})"
