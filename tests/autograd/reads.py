"""Where a function looks: the attributes it asks for, and the names it finds outside of itself.

Helpers are followed, as far as they belong to the gates or to their accelerators. Gates that a rule
calls are not: on what they are given, they are operations like NumPy's.
"""

from __future__ import annotations

import dis
import functools
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from autograd import Tensor

__all__ = ["FOLLOWED", "faults"]

FOLLOWED = "autograd.gates.", "autograd.fast."
MEMORY = "autograd.fast.buffers"  # lends memory, whose contents nobody reads
FROZEN = (int, float, str, bytes, tuple, frozenset, type(None), np.dtype, np.generic, ModuleType)


def faults(rule: Callable[..., Any], followed: tuple[str, ...] = FOLLOWED) -> list[str]:
    """What is wrong with a rule, in words: it looks into a tensor, or reads what may change."""
    found, wrong = [rule], []
    for function in found:  # grows on the way
        name = getattr(function, "__qualname__", repr(function))
        if isinstance(function, FunctionType):
            looked = {"data", *Tensor.__slots__} & set(_attributes(function.__code__))
            wrong += [f"{name} asks for .{attribute}" for attribute in sorted(looked)]
        for label, value in _reads(function):
            if not callable(value) and not isinstance(value, FROZEN):
                wrong.append(f"{name} reads {label}, of {type(value).__name__}")
            module = getattr(value, "__module__", None) or ""
            if callable(value) and module.startswith(followed) and module != MEMORY:
                found += [value] if value not in found else []
    return wrong


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A code object and those of functions and comprehensions inside."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _attributes(code: CodeType) -> Iterator[str]:
    for part in _codes(code):
        for step in dis.get_instructions(part):
            if "_ATTR" in step.opname or "_METHOD" in step.opname:
                yield step.argval


def _reads(function: Any) -> Iterator[tuple[str, Any]]:
    """What a function finds outside of itself, with the name under which it does."""
    if isinstance(function, functools.partial):
        yield "function", function.func
    if hasattr(function, "__wrapped__"):  # what a decorator or a cache stands before
        yield "wrapped", function.__wrapped__
    if not isinstance(function, FunctionType):
        return
    cells = function.__closure__ or ()
    yield from (
        (n, c.cell_contents) for n, c in zip(function.__code__.co_freevars, cells, strict=True)
    )
    yield from (("a default", value) for value in function.__defaults__ or ())
    for part in _codes(function.__code__):
        for step in dis.get_instructions(part):
            if step.opname == "LOAD_GLOBAL" and step.argval in function.__globals__:
                yield step.argval, function.__globals__[step.argval]
