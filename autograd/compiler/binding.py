"""Binding: where the inputs of a program come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .program import Input, Program, Variable

__all__ = ["read", "read_all"]


def read(given: Input, arguments: Sequence[Any]) -> Any:
    """The value of an input now."""
    source = given.source
    if given.kind == "argument":
        return getattr(arguments[source], "_array", arguments[source])
    if given.kind == "tensor":
        return source._array
    return getattr(*source) if given.kind == "setting" else source.grad


def read_all(program: Program, arguments: Sequence[Any]) -> dict[Variable, Any]:
    """The values of all inputs now."""
    return {given.variable: read(given, arguments) for given in program.inputs}
