"""The circuit of a page as JavaScript, so that the reader can run it with other numbers.

Kernels and rules are run on symbols, and the formulas that come out are written for JavaScript
here, as `draw.notation` writes them for people.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..draw.algebra import Symbol, forward, live, local, row_of
from ..draw.notation import filled, form, sign_of
from ..gate import Gate
from ..node import Node

__all__ = ["gate_in_javascript"]

MATH = re.findall(  # its functions
    r"\w+",
    "abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh exp expm1 floor hypot log log10 "
    "log1p log2 max min pow sign sin sinh sqrt tan tanh trunc",
)
SIGNS = {"−": "-", "×": "*", "÷": "/", "^": "**", "²": "**2"}
OTHERS = {"not": "!"}  # signs before an operand


def gate_in_javascript(node: Node) -> str | None:
    """The gate that made a single number, as a JavaScript object; None if that is not possible.

    forward   the result of the operands
    local     for each operand, the local gradient
    used      for each operand, whether it was used at all; empty for gates that always use all
    """
    plan = node.plan
    assert plan is not None  # a gate made it
    gate, static = plan.gate, node.static or {}
    operands = [Symbol(f"x{k}") for k in range(len(gate.operands))]
    if gate.variadic or not gate.times or len(operands) != len(node.parents):
        return None
    tracked = len(plan.positions)
    slopes = [
        local(gate, k, operands, static, tracked) if k in plan.positions else Symbol(0)
        for k in range(len(operands))
    ]
    used = [live(gate, k, operands) for k in range(len(operands))] if any(gate.live) else []
    try:
        made = _arrow(operands, forward(gate, operands, static))
        back, alive = ([_arrow(operands, part) for part in parts] for parts in (slopes, used))
    except NotInJavaScriptError:
        return None
    return f"{{forward: {made}, local: [{', '.join(back)}], used: [{', '.join(alive)}]}}"


class NotInJavaScriptError(Exception):
    """A formula holds what JavaScript does not have."""


def _arrow(operands: list[Symbol], formula: Symbol | None) -> str:
    names = ", ".join(str(operand.name) for operand in operands)
    return f"([{names}], out) => {_written(formula)}"


def _written(part: Symbol | None) -> str:
    if part is None:
        raise NotInJavaScriptError
    if part.name is not None:
        return part.name
    if part.number is not None:
        return _number(part.number)
    texts = list(map(_written, part.parts))
    if part.head is np.where:
        return "({} ? {} : {})".format(*texts)
    gate = row_of(part.head)
    sign = sign_of(gate) if gate is not None else None
    if sign is not None and sign.javascript:
        return f"({texts[0]} {sign.javascript} {texts[1]})"
    if name := _in_math(part.head, gate):
        return f"Math.{name}({', '.join(texts)})"
    if gate is not None and gate.symbol in OTHERS:
        return f"({OTHERS[gate.symbol]}{texts[0]})"
    if gate is not None and form(gate):
        return _template(gate, texts)
    raise NotInJavaScriptError


def _number(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    text = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(text, text)
    return f"({text})" if text.startswith("-") else text


def _in_math(function: Any, gate: Gate | None) -> str:
    """The name of a function in Math: as NumPy, the gate, its symbol or its operator has it."""
    names = [getattr(function, "__name__", "").replace("arc", "a")]
    if gate is not None:
        names += [gate.name, gate.symbol, getattr(gate.kernel, "__name__", "")]
    return next((name for name in names if name in MATH), "")


def _template(gate: Gate, texts: list[str]) -> str:
    """A symbol that shows where the operands go: x² as x0**2."""
    text = "".join(SIGNS.get(sign, sign) for sign in form(gate))
    if re.search(r"[^-+*/0-9. ]", filled(gate, text, [""] * len(texts))):
        raise NotInJavaScriptError
    return f"({filled(gate, text, [f'({part})' for part in texts])})"
