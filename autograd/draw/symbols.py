"""What is written on a gate: its symbol, with constants such as the 2 of `2 * x` folded in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..gate import Gate
from ..node import Node
from .algebra import Symbol, local
from .notation import in_words
from .numbers import number

__all__ = ["Face", "face", "folded", "is_literal", "local_formula"]

# gate: what to write when the first, and when the second operand is the constant c
WITH_CONSTANT = {
    "add": ("+{c}", "+{c}"),
    "subtract": ("{c}−x", "−{c}"),
    "multiply": ("×{c}", "×{c}"),
    "divide": ("{c}/x", "÷{c}"),
    "power": ("{c}^x", "^{c}"),
    "maximum": ("max({c}, x)", "max(x, {c})"),
    "minimum": ("min({c}, x)", "min(x, {c})"),
    "greater": ("{c} > x", "> {c}"),
    "greater_equal": ("{c} ≥ x", "≥ {c}"),
    "less": ("{c} < x", "< {c}"),
    "less_equal": ("{c} ≤ x", "≤ {c}"),
}


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
    if len(constants) == 1 and gate.name in WITH_CONSTANT:
        return Face(_with_constant(gate.name, constants[0], parents[constants[0]]))
    if gate.name in ("getitem", "setitem"):
        written = "".join(f" {number(parents[k])}" for k in constants)
        return Face(_index(static["index"]) + gate.symbol.removeprefix("[ ]") + written)
    if gate.name == "clip":
        low, high = static.get("a_min"), static.get("a_max")
        return Face(f"clip({_bound(low, '−∞')}, {_bound(high, '∞')})")
    details = [
        f"{_operand_name(gate.operands, k)} = {number(parents[k])}"
        for k in constants
        if parents[k] is not None
    ]
    if static.get("axis") is not None and not gate.variadic:
        details.append(f"axis {static['axis']}".replace("-", "−"))
    if "window" in static:
        details += _window(static["window"], static.get("groups", 1))
    if gate.name == "astype":
        details.append(str(np.dtype(static["dtype"])))
    return Face(gate.symbol, ", ".join(details))


def local_formula(gate: Gate) -> str:
    """The local gradient of a gate whose result is called by a letter, σ: (1−σ)σ. Else empty."""
    if not (len(gate.symbol) == 1 and gate.symbol.isalpha() and len(gate.operands) == 1):
        return ""
    formula = local(gate, 0, [Symbol("x")], {}, 1)
    if formula is None or formula.names != {"out"}:
        return ""
    return in_words(formula, {"out": gate.symbol}, "tight")


def _window(window: Any, groups: int) -> list[str]:
    """The size of a window, and of stride, padding and dilation what is out of the ordinary."""
    rows, columns = window.size
    texts = [f"{rows} × {columns}"]
    if window.stride != (1, 1):
        texts.append(f"stride {_pair(window.stride)}")
    if window.pads:
        (above, below), (left, right) = window.padding
        even = above == below and left == right
        texts.append(f"pad {_pair((above, left)) if even else window.padding}")
    if window.dilation != (1, 1):
        texts.append(f"dilation {_pair(window.dilation)}")
    return texts if groups == 1 else [*texts, f"{groups} groups"]


def _pair(sizes: tuple[int, int]) -> str:
    rows, columns = sizes
    return str(rows) if rows == columns else f"{rows} × {columns}"


def _with_constant(name: str, position: int, constant: Any) -> str:
    template = WITH_CONSTANT[name][position]
    if constant < 0 and template[0] in "+−":  # x + −3 is read more easily as x − 3
        other = "−{c}" if template[0] == "+" else "+{c}"
        return other.format(c=_exact(-constant))
    return template.format(c=_exact(constant))


def _exact(constant: Any) -> str:
    """A number of the program as it was written, unless it is long."""
    if not np.isfinite(constant):
        return number(constant)
    text = repr(float(constant)).removesuffix(".0")
    return text.replace("-", "−") if len(text) <= 7 and "e" not in text else number(constant)


def _bound(bound: Any, missing: str) -> str:
    if bound is None:
        return missing
    return number(bound) if np.ndim(bound) == 0 else "…"


def _operand_name(operands: tuple[str, ...], position: int) -> str:
    return operands[min(position, len(operands) - 1)]


def _index(index: Any) -> str:
    """The index as it was written, as far as it is short: [0], [1:3], [:, 0], [⋯]."""
    parts = index if isinstance(index, tuple) else (index,)
    text = ", ".join(_part(part) for part in parts)
    return f"[{text}]" if len(text) <= 16 else "[⋯]"


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
