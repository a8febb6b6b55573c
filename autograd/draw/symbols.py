"""What is written on a gate: its symbol, with constants such as the 2 of `2 * x` folded in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..gate import Gate
from ..node import Node
from .algebra import Symbol, local
from .notation import COMPARISON, OPPOSITE, form, in_words, sign_of
from .numbers import number

__all__ = ["Face", "face", "folded", "is_literal", "is_ordered", "local_formula", "with_constant"]


class Face(NamedTuple):
    """The symbol of a gate, and a smaller line below it."""

    symbol: str
    detail: str = ""


def folded(node: Node, inside: bool = False) -> tuple[int, ...]:
    """The positions of operands that are written on the gate instead of getting a wire.

    These are the numbers of the program: in `x * 2` the 2. `inside` the expansion of a gate
    every single value without a node is such a number. At least one operand keeps its wire.
    """
    found = [k for k, operand in enumerate(node.parents) if is_literal(operand, inside)]
    return tuple(found) if len(found) < len(node.parents) else ()


def is_literal(operand: Any, inside: bool = False) -> bool:
    """Whether an operand is a number that is written in the program, or left out."""
    if operand is None or type(operand) in (int, float, bool):
        return True
    return inside and not isinstance(operand, Node) and np.ndim(operand) == 0


def face(node: Node, constants: tuple[int, ...]) -> Face:
    """What to write on the gate that made `node`; `constants` are the folded positions."""
    gate, parents = node.plan.gate, node.parents  # type: ignore[union-attr]
    static = node.static or {}
    if len(constants) == 1:
        text = with_constant(gate, constants[0], parents[constants[0]])
        if text:
            return Face(text)
    if gate.face:
        folded = {_operand_name(gate.operands, k): parents[k] for k in constants}
        known = {**dict.fromkeys(gate.operands, ""), **gate.statics, **static, **folded}
        shown = {name: _Shown(value) for name, value in known.items()}
        return Face(gate.face.format(**shown).rstrip())
    details = [
        f"{_operand_name(gate.operands, k)} = {number(parents[k])}"
        for k in constants
        if parents[k] is not None
    ]
    if static.get("axis") is not None and not gate.variadic:
        details.append(f"axis {static['axis']}".replace("-", "−"))
    if "window" in static:
        details.append(str(static["window"]))
    if static.get("groups", 1) != 1:
        details.append(f"{static['groups']} groups")
    if "dtype" in static:
        details.append(str(np.dtype(static["dtype"])))
    return Face(gate.symbol, ", ".join(details))


def is_ordered(gate: Gate) -> bool:
    """Whether it matters which operand is the upper one: x − y, x ÷ y, x^y."""
    sign = sign_of(gate)
    return gate.times and (not sign.associative if sign is not None else bool(form(gate)))


def with_constant(gate: Gate, position: int, constant: Any) -> str:
    """A gate of two operands, one of which is a constant: +2, 2−x, max(2, x). Else empty."""
    if len(gate.operands) != 2 or constant is None:
        return ""
    c, sign = _exact(constant), sign_of(gate)
    if sign is not None and sign.binds <= COMPARISON:
        return f"{gate.symbol} {c}" if position else f"{c} {gate.symbol} x"
    if sign is not None and not position and not sign.associative:
        return f"{c}{sign.formula}x"
    if sign is not None:
        if constant < 0 and gate.symbol in OPPOSITE:
            return OPPOSITE[gate.symbol] + _exact(-constant)
        return f"{gate.symbol}{c}"
    if not gate.times:
        return ""
    operands = map(Symbol, ["x", c] if position else [c, "x"])
    return in_words(Symbol(gate, [*operands]), {}, "tight").removeprefix("x")


class _Shown:
    """A keyword argument as it is written on a gate, where a format asks for it.

    The format may say what to write in place of None: {a_max:∞}.
    """

    def __init__(self, value: Any):
        self.value = value

    def __format__(self, missing: str) -> str:
        value = self.value
        if isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind == "f":
            value = float(value)
        if isinstance(value, (float, np.floating)):
            return number(value)
        if isinstance(value, str) or (value is None and missing):
            return value or missing
        return _index(value)


def local_formula(gate: Gate) -> str:
    """The local gradient of a gate whose result is called by a letter, σ: (1−σ)σ. Else empty."""
    if not (len(gate.symbol) == 1 and gate.symbol.isalpha() and len(gate.operands) == 1):
        return ""
    formula = local(gate, 0, [Symbol("x")], {}, 1)
    if formula is None or formula.names != {"out"}:
        return ""
    return in_words(formula, {"out": gate.symbol}, "tight")


def _exact(constant: Any) -> str:
    """A number of the program as it was written, unless it is long."""
    if isinstance(constant, bool) or not np.isfinite(constant):
        return number(constant)
    text = repr(float(constant)).removesuffix(".0")
    return text.replace("-", "−") if len(text) <= 7 and "e" not in text else number(constant)


def _operand_name(operands: tuple[str, ...], position: int) -> str:
    return operands[min(position, len(operands) - 1)]


def _index(index: Any) -> str:
    """The index as it was written, as far as it is short: 0; 1:3; :, 0; ⋯."""
    parts = index if isinstance(index, tuple) else (index,)
    text = ", ".join(_part(part) for part in parts)
    return text if len(text) <= 16 else "⋯"


def _part(part: Any) -> str:
    if isinstance(part, slice):
        ends = ["" if end is None else number(end) for end in (part.start, part.stop)]
        step = "" if part.step is None else f":{number(part.step)}"
        return ":".join(ends) + step
    if part is Ellipsis:
        return "…"
    if isinstance(part, (int, np.integer)):
        return number(int(part))
    return "None" if part is None else "⋯"
