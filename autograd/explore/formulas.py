"""What a gate does to gradients: as a formula read off its rule, or in the words of its row."""

from __future__ import annotations

import re
from typing import Any

from ..draw.algebra import Symbol, as_symbol, local, rule_on_symbols
from ..draw.notation import in_words
from ..draw.symbols import is_literal
from ..gate import Gate
from ..node import Node

__all__ = ["local_text", "role_text", "shape_text", "vjp_text"]

Shape = tuple[int, ...]
ROLES = {
    "distributor": "distributor: hands its upstream gradient to every input, unchanged",
    "switcher": "switcher: each input's local gradient is the other input's value",
    "router": "router: the gradient goes to the input that was taken, the others get 0",
}
SCALED = "scales the gradient: the one input's local gradient is the constant"
PASSED = "passes the gradient on, unchanged: the local gradient is 1"
TURNED = "turns the sign of the gradient: the local gradient is −1"
PLAIN = "multiplies the gradient by its slope at the input"
ARRAYS = "one formula gives local gradient times upstream gradient for the whole array"
PRODUCT = re.compile(r"\{(\w+)\}(ᵀ?) · \{(\w+)\}(ᵀ?)")  # of matrices, in the words of a row


def role_text(node: Node) -> str:
    """What the gate of a node does to gradients, in the words of the lecture, in one sentence."""
    gate, positions = node.plan.gate, node.plan.positions  # type: ignore[union-attr]
    alone = len(node.parents) == 1 or (len(node.parents) == 2 and node.shape == ())
    if alone and len(positions) == 1:
        slope = local(gate, positions[0], _named(gate), node.static or {}, 1)
        if slope is not None and slope.number in (1, -1):
            return PASSED if slope.number == 1 else TURNED
        if slope is not None and slope.name in gate.operands and len(node.parents) == 2:
            return SCALED
    known, _, rest = gate.role.partition(",") if gate.role else ("", "", "")
    if known in ROLES:
        return ROLES[known].replace(", unchanged", "") + "," + rest if rest else ROLES[known]
    return gate.role or (PLAIN if gate.times else ARRAYS)


def local_text(node: Node, position: int, labels: list[str], out: str) -> str:
    """The local gradient at an operand as a formula; empty for gates that have none."""
    gate = node.plan.gate  # type: ignore[union-attr]
    if not gate.times:
        return ""
    if said := _said(gate, position, labels, out, "1"):
        return said
    formula = _local(node, position)
    if formula is not None:
        return in_words(formula, _names(gate, labels, out))
    return f"{gate.name}′({', '.join(labels)})"


def vjp_text(node: Node, position: int, labels: list[str], out: str, g: str) -> str:
    """The gradient at an operand of a gate on arrays, as a formula of the upstream gradient."""
    gate = node.plan.gate  # type: ignore[union-attr]
    if said := _said(gate, position, labels, out, g):
        return f"{g} ⊙ {said}" if gate.times else said
    if not gate.times:
        formula = rule_on_symbols(
            gate, gate.rule(position), position, _operands(node), node.static or {},
            len(node.plan.positions), Symbol("g"),  # type: ignore[union-attr]
        )  # fmt: skip
        if formula is None:
            return f"what {gate.name} makes of {g}"
    else:
        slope = _local(node, position)
        if slope is None:
            return f"{g} ⊙ {local_text(node, position, labels, out)}"
        upstream = Symbol("g")
        turned = upstream if slope.number == 1 else -upstream
        formula = turned if slope.number in (1, -1) else upstream * slope
    return in_words(formula, {**_names(gate, labels, out), "g": g}, "arrays")


def shape_text(gate: Gate, position: int, shapes: list[Shape], out: Shape) -> str:
    """The check of shapes for the gradient at an operand: (300, 3)·(3, 100) = (300, 100)."""
    result = shapes[position]
    if found := PRODUCT.fullmatch(_words(gate, position)):
        known = {**dict(zip(gate.operands, shapes, strict=False)), "g": out}
        first, second = (
            known[name][::-1] if turned else known[name]
            for name, turned in (found.groups()[:2], found.groups()[2:])
        )
        if len(first) == len(second) == 2:
            return f"{first}·{second} = {result}"
    return f"{result}" if out == result else f"{out} → {result}"


# --- what formulas are made of -------------------------------------------------------------------


def _local(node: Node, position: int) -> Symbol | None:
    plan = node.plan
    assert plan is not None  # a gate made it
    static = node.static or {}
    return local(plan.gate, position, _operands(node), static, len(plan.positions))


def _named(gate: Gate) -> list[Symbol]:
    return [Symbol(name) for name in gate.operands]


def _operands(node: Node) -> list[Any]:
    """The operands by name; those that are written in the program as numbers."""
    gate = node.plan.gate  # type: ignore[union-attr]
    return [
        as_symbol(operand) if is_literal(operand) and operand is not None else symbol
        for symbol, operand in zip(_named(gate), node.parents, strict=False)
    ]


def _names(gate: Gate, labels: list[str], out: str) -> dict[str, str]:
    return {**dict(zip(gate.operands, labels, strict=False)), "out": out}


def _words(gate: Gate, position: int) -> str:
    """What the row says of an operand."""
    return str(gate.says[min(position, len(gate.says) - 1)])


def _said(gate: Gate, position: int, labels: list[str], out: str, g: str) -> str:
    names = _names(gate, labels, out)
    if gate.variadic:
        names[gate.operands[0]] = labels[position]
    return _words(gate, position).format(**names, g=g)
