"""Formulas of gates, read off their own rows: a kernel or a rule is run on symbols.

A `Symbol` answers NumPy's dispatch protocols by writing down what was called. So the row of a gate
is the one place that says what its local gradient is, also for gates that users declare; what
prints a formula (`notation`, and the JavaScript of the explorer) walks the tree that comes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..gate import FROM_THE_EDGE, GATES, Gate, parameter_names

__all__ = ["Symbol", "as_symbol", "forward", "live", "local", "row_of", "rule_on_symbols"]


class Symbol(NDArrayOperatorsMixin):
    """A part of a formula: a name, a number, or a function of other parts.

    >>> x = Symbol("x")
    >>> np.exp(-x)
    exp(negative(x))
    """

    def __init__(self, head: Any, parts: Sequence[Symbol] = ()):
        self.head, self.parts = head, tuple(parts)  # head: a str, a number, a function or a Gate

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        return _applied(ufunc, [as_symbol(x) for x in inputs])

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, options: Any
    ) -> Any:
        if function in CONSTANT:
            return Symbol(CONSTANT[function])
        if function is np.where and len(args) == 3:
            return _chosen(*map(as_symbol, args))
        return Symbol(function, [as_symbol(x) for x in args])  # along which axis is left open

    @property
    def name(self) -> str | None:
        """What it is called, if it is a name alone."""
        return self.head if isinstance(self.head, str) else None

    @property
    def number(self) -> float | None:
        """What it is, if it is a number alone."""
        return self.head if isinstance(self.head, (int, float)) else None

    @property
    def names(self) -> set[str]:
        """All names in it."""
        own = {self.name} if self.name is not None else set()
        return own.union(*(part.names for part in self.parts))

    @property
    def dtype(self) -> Any:
        """That of a number of which nobody says how exact it is."""
        return AnyFloat

    def astype(self, dtype: Any) -> Symbol:
        """The same number, however it is stored."""
        return self

    def value(self, known: Mapping[str, Any]) -> Any:
        """The formula worked out, with numbers in the place of names."""
        if self.name is not None:
            return known[self.name]
        if not self.parts:
            return self.head if isinstance(self.head, bool) else float(self.head)
        return self.head(*(part.value(known) for part in self.parts))

    def __bool__(self) -> bool:
        raise TypeError("a formula does not decide; use np.where")

    def __repr__(self) -> str:
        if not self.parts:
            return str(self.head)
        return f"{self.head.__name__}({', '.join(map(repr, self.parts))})"


class AnyFloat:
    """The dtype of a symbol."""

    kind = "f"

    @staticmethod
    def type(value: Any) -> Any:
        """The number as it is."""
        return value


CONSTANT = {np.zeros_like: 0, np.ones_like: 1}


def as_symbol(x: Any) -> Symbol:
    """x as a part of a formula. Raises TypeError for arrays."""
    if isinstance(x, Symbol):
        return x
    if isinstance(x, (bool, int, float, np.bool_, np.integer, np.floating)):
        value = x.item() if isinstance(x, np.generic) else x
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        return Symbol(int(value) if whole else value)
    raise TypeError(f"there is no formula with {type(x).__name__} in it")


def _applied(ufunc: np.ufunc, parts: list[Symbol]) -> Symbol:
    """A function of parts; or what it is, if that is a whole number, or true or false."""
    if all(part.number is not None for part in parts):
        with np.errstate(all="ignore"):
            value = ufunc(*(float(part.number) for part in parts))  # type: ignore[arg-type]
        if isinstance(value, np.bool_) or (math.isfinite(value) and float(value).is_integer()):
            return as_symbol(value)
    return Symbol(ufunc, parts)


def _chosen(condition: Symbol, first: Symbol, second: Symbol) -> Symbol:
    if condition.number is not None:
        return first if condition.number else second
    return Symbol(np.where, (condition, first, second))


# --- gates on symbols ------------------------------------------------------------------------


def row_of(function: Any) -> Gate | None:
    """The gate that a NumPy function or an operator is; None if there is none."""
    if isinstance(function, Gate):
        return function
    row = _found.get(function)
    if row is None or GATES.get(row.name) is not row:
        row = next((row for row in GATES.values() if function in row.functions), None)
        _found[function] = row
    return row


_found: dict[Any, Gate | None] = {}  # what was looked for before


def forward(gate: Gate, operands: Sequence[Any], static: Mapping[str, Any]) -> Symbol | None:
    """The kernel run on symbols; None if it is more than a formula."""
    return _run(gate.kernel, operands, static)


def local(
    gate: Gate, position: int, operands: Sequence[Any], static: Mapping[str, Any], tracked: int
) -> Symbol | None:
    """The local gradient at an operand as a formula; None if there is none.

    operands   a symbol or a number for each; the result is called `out`
    tracked    how many operands gradients flow to
    """
    if not gate.times:
        return None
    return rule_on_symbols(gate, gate.rule(position), position, operands, static, tracked)


def live(gate: Gate, position: int, operands: Sequence[Any]) -> Symbol | None:
    """Where the value of an operand was used at all, for gates that select."""
    rule = gate.live[position] if position < len(gate.live) else None
    return None if rule is None else rule_on_symbols(gate, rule, position, operands, {}, 1)


def rule_on_symbols(
    gate: Gate, rule: Any, position: int, operands: Sequence[Any], static: Mapping[str, Any],
    tracked: int, *first: Symbol,
) -> Symbol | None:  # fmt: skip
    """A rule run on symbols, `first` of all on the upstream gradient if it takes that."""
    if not callable(rule):
        return as_symbol(rule) if isinstance(rule, (int, float)) else None
    known: dict[str, Any] = dict(zip(gate.operands, operands, strict=False))
    known |= {name: _setting(name, x) for name, x in {**gate.statics, **static}.items()}
    known |= dict(zip(FROM_THE_EDGE, (tracked, position), strict=True), out=Symbol("out"))
    names = parameter_names(rule)[len(first) :]
    if not known.keys() >= set(names):  # shapes, or what only a fused kernel knows
        return None
    return _run(rule, [*first, *(known[name] for name in names)], {})


def _setting(name: str, value: Any) -> Any:
    return Symbol(name) if isinstance(value, np.ndarray) else value


def _run(
    rule: Callable[..., Any], given: Sequence[Any], static: Mapping[str, Any]
) -> Symbol | None:
    try:
        return as_symbol(rule(*given, **static))
    except Exception:  # it looks at shapes, or branches: then words have to do
        return None
