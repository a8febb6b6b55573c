"""Forms: how calls are written, with Python's operators, and parentheses where they are needed.

The rows of `ops.py` have a form for each dialect in which the compiler writes: source for people,
the program that runs, Python's floats, native loops. Expressions of all of them are put together
here. A dialect differs in its forms, and in how it writes what is no call: names and constants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "ANY", "ATOM", "CHOICE", "COMPARISON", "POWER", "PRODUCT", "SUM", "UNARY", "Form", "Written",
    "infix", "listed", "number",
]  # fmt: skip

# how tightly text binds
ATOM, POWER, UNARY, PRODUCT, SUM, COMPARISON, CHOICE, ANY = 9, 8, 7, 6, 5, 4, 1, 0


class Written(NamedTuple):
    """An expression, and how tightly it binds."""

    text: str
    level: int = ATOM

    def bound(self, level: int) -> str:
        """The text as an operand of something that binds with `level`."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass(frozen=True, slots=True)
class Form:
    """How a call is written.

    text       with {} for each operand, {function} for the function
    level      how tightly the text binds; None if it is its operand
    operands   how tightly each operand has to bind to be written without parentheses
    repeats    an operand stands twice in the text
    """

    text: str
    level: int | None = ATOM
    operands: tuple[int, ...] = (ANY,)
    repeats: bool = False

    def of(self, operands: Sequence[Written], **names: str) -> Written:
        """The call with these operands, and with names that stand in the text besides."""
        if self.level is None:
            return operands[0]
        texts = [x.bound(least) for x, least in zip(operands, self.operands, strict=True)]
        return Written(self.text.format(*texts, **names), self.level)


def infix(symbol: str, level: int) -> Form:
    """Two operands with a symbol between them; what is not a chain from left to right, powers
    and comparisons, wants parentheses on both sides."""
    return Form(f"{{}} {symbol} {{}}", level, (level + (level in (POWER, COMPARISON)), level + 1))


def number(x: Any) -> Written:
    """A number of Python's."""
    text = repr(x)
    return Written(text, UNARY if text.startswith("-") else ATOM)


def listed(kind: type, items: Iterable[str]) -> str:
    """A tuple or a list of these."""
    inside = [*items]
    if issubclass(kind, list):
        return f"[{', '.join(inside)}]"
    return f"({', '.join(inside)}{',' * (len(inside) == 1)})"
