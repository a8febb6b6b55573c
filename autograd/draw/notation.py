"""How formulas are written: as mathematics for people.

What a gate looks like in a formula is what stands on it in a picture. A sign such as + stands
between the operands; a symbol that names operands, such as x² or |x|, shows where they go; any
other gate is written as a function, σ(x). So this file knows signs, and no gates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..gate import Gate
from .algebra import Symbol, row_of
from .numbers import number

__all__ = ["COMPARISON", "OPPOSITE", "SIGNS", "Sign", "filled", "form", "in_words", "sign_of"]

CHOICE, LOGIC, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(8)  # what binds how tightly


class Sign(NamedTuple):
    """A sign that stands between two operands."""

    symbol: str  # as it stands on gates
    formula: str  # as it is written in a formula
    binds: int
    javascript: str
    associative: bool = False


_ALL = [
    Sign("+", "+", SUM, "+", True),
    Sign("−", "−", SUM, "-"),
    Sign("×", "·", PRODUCT, "*", True),
    Sign("÷", "/", PRODUCT, "/"),
    Sign("@", "@", PRODUCT, ""),
    Sign("<", "<", COMPARISON, "<"),
    Sign("≤", "≤", COMPARISON, "<="),
    Sign(">", ">", COMPARISON, ">"),
    Sign("≥", "≥", COMPARISON, ">="),
    Sign("=", "=", COMPARISON, "==="),
    Sign("≠", "≠", COMPARISON, "!=="),
    Sign("and", "and", LOGIC, "&&", True),
    Sign("or", "or", LOGIC, "||", True),
]
SIGNS = {sign.symbol: sign for sign in _ALL}
BINDS = {"|": ATOM, "^": POWER, "²": POWER, "ᵀ": POWER, "√": POWER, "−": UNARY, "/": PRODUCT,
         "Σ": PRODUCT}  # fmt: skip
OPPOSITE = {"+": "−", "−": "+"}  # x + −3 is read more easily as x − 3
INSIDE = re.compile(r"\(.*\)|\[.*\]|\|.*\|")  # of brackets
WORDS = ("not",)  # that stand before an operand
PREFIXES = ("−", "Σ")  # of a product they need no brackets


def form(gate: Gate) -> str:
    """The symbol that shows where the operands go, such as x^y; empty if a gate has none."""
    given = gate.written or gate.symbol
    shows = all(re.search(_alone(name), given) for name in gate.operands)
    return given if shows and (gate.written or gate.times) else ""


def filled(gate: Gate, template: str, texts: Sequence[str]) -> str:
    """The form of a gate with texts in the place of its operands."""
    known = dict(zip(gate.operands, texts, strict=True))
    return re.sub("|".join(map(_alone, known)), lambda found: known[found[0]], template)


def _alone(name: str) -> str:
    return rf"(?<![a-z]){name}(?![a-z])"


def sign_of(gate: Gate) -> Sign | None:
    """The sign between the two operands of a gate; None if it is written in another way."""
    return SIGNS.get(gate.symbol) if len(gate.operands) == 2 else None


def in_words(formula: Symbol, names: Mapping[str, str], style: str = "spaced") -> str:
    """The formula as people write it, with `names` for those of the operands.

    style   "spaced": (1 − x) · x; "arrays": ⊙ for the product of arrays, place by place;
            "signs": with the signs of the gates, a × b; "tight": (1−σ)σ
    """
    return _Writer(names, style).top(formula)


class _Writer:
    def __init__(self, names: Mapping[str, str], style: str):
        self.names, self.style = names, style

    def top(self, formula: Symbol) -> str:
        """The whole formula. True and false count as 1 and 0, for which [x > 0] is written."""
        text, binds = self.write(formula)
        return f"[{text}]" if binds in (LOGIC, COMPARISON) and self.style != "signs" else text

    def write(self, part: Symbol) -> tuple[str, int]:
        """A part, and how tightly it binds."""
        if part.name is not None:
            name = self.names.get(part.name, part.name)
            return name, _binds(name)
        if part.number is not None:
            text = number(part.number)
            return text, UNARY if text.startswith("−") else ATOM
        part = _almost_everywhere(part)
        if not part.parts:
            return self.write(part)
        if part.head is np.where:
            condition, first, second = part.parts
            when, _ = self.write(condition)
            text = f"{self.inner(first, SUM)} where {when}, else {self.inner(second, SUM)}"
            return text, CHOICE
        gate = row_of(part.head)
        if gate is None:
            return self._function(part.head.__name__, part)
        sign = sign_of(gate)
        if sign is not None and len(part.parts) == 2:
            return self._between(gate, sign, part)
        template = form(gate)
        if template and len(part.parts) == len(gate.operands):
            return self._template(gate, template, part)
        if gate.symbol in WORDS:
            return f"{gate.symbol} {self.inner(part.parts[0], COMPARISON)}", LOGIC
        return self._function(gate.symbol if gate.times else gate.name, part)

    def inner(self, part: Symbol, least: int) -> str:
        """A part in brackets, unless it binds at least so tightly."""
        text, binds = self.write(part)
        if binds in (LOGIC, COMPARISON) and least > COMPARISON:
            return f"[{text}]"
        return text if binds >= least else f"({text})"

    def _between(self, gate: Gate, sign: Sign, part: Symbol) -> tuple[str, int]:
        first, second = map(_almost_everywhere, part.parts)
        same = row_of(second.head) is gate and sign.associative
        left = self.inner(first, sign.binds)
        right = self.inner(second, sign.binds if same else sign.binds + 1)
        if right.startswith("−") and sign.formula in OPPOSITE:
            sign, right = SIGNS[OPPOSITE[sign.formula]], right.removeprefix("−")
        elif right.startswith("−"):
            right = f"({right})"
        if self.style == "tight":
            juxtaposed = sign.formula == "·" and not right[0].isdigit()
            return f"{left}{'' if juxtaposed else sign.formula}{right}", sign.binds
        shown = sign.symbol if self.style == "signs" else sign.formula
        if shown == "·" and self.style == "arrays":
            shown = "⊙"
        return f"{left} {shown} {right}", sign.binds

    def _template(self, gate: Gate, template: str, part: Symbol) -> tuple[str, int]:
        binds = next((BINDS[c] for c in template if c in BINDS), ATOM)
        least = PRODUCT if template.startswith(PREFIXES) else binds + 1
        least = CHOICE if binds == ATOM else least
        texts = []
        for name, operand in zip(gate.operands, part.parts, strict=True):
            text, _ = self.write(operand)
            clear = template.endswith(f"^{name}") and re.fullmatch(r"−?[\d.]+", text)
            texts.append(text if clear else self.inner(operand, least))
        return filled(gate, template, texts), binds

    def _function(self, name: str, part: Symbol) -> tuple[str, int]:
        texts = [self.write(operand)[0] for operand in part.parts]
        return f"{name}({', '.join(texts)})", ATOM


def _binds(name: str) -> int:
    """How tightly a name binds: that of a value without a better one is a formula itself."""
    outside = INSIDE.sub("", name)
    if re.search("[ /−]", outside):
        return CHOICE
    return POWER if re.search(r"[\^√²]", outside) else ATOM


def _almost_everywhere(part: Symbol) -> Symbol:
    """What a choice is but for single points, such as a tie: those are left to the code."""
    while part.head is np.where:
        condition, _, rest = part.parts
        if not _holds_at_points(condition):
            break
        part = rest
    return part


def _holds_at_points(condition: Symbol | Any) -> bool:
    """Whether a condition is an equation, or asks for one among others."""
    gate = row_of(condition.head) if isinstance(condition, Symbol) else None
    if gate is None or gate.symbol not in ("=", "and"):
        return False
    return gate.symbol == "=" or any(map(_holds_at_points, condition.parts))
