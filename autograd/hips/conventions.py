"""Whose derivatives a caller of `autograd.grad` gets: clients those that they were written for.

A call is a client's if the differentiated function, or the code that calls, stands in a module that
has imported something of this folder, such as `autograd.numpy`; or if it says `argnum=`.
"""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from autograd.functional import callers

from . import differential_operators as theirs

__all__ = ["is_a_clients"]

PLACES = {f"autograd.{path.stem}" for path in Path(__file__).parent.iterdir()}


def is_a_clients(f: Any, options: dict[str, Any], known: dict[str, Any]) -> bool:
    """Whether a call of `grad` with the function f, from a module with these names, is a client's.

    >>> import autograd.numpy as anp
    >>> is_a_clients(abs, {}, {"anp": anp}), is_a_clients(abs, {}, {})
    (True, False)
    """
    if options:
        return "argnum" in options
    return _is_clients_module(known) or _is_clients_module(_names_around(f))


def _names_around(f: Any) -> dict[str, Any]:
    """The names that are known in the module where a function is written."""
    while isinstance(f, functools.partial):
        f = f.func
    f = inspect.unwrap(f) if callable(f) else f
    if not hasattr(f, "__globals__") and not hasattr(f, "__func__"):
        f = getattr(type(f), "__call__", None)  # noqa: B004 (a method, of an object that has one)
    found = getattr(getattr(f, "__func__", f), "__globals__", None)
    return found or {}


def _is_clients_module(names: dict[str, Any]) -> bool:
    return any(_place(x) in PLACES for x in list(names.values()))


def _place(x: Any) -> str:
    """The part of this package that a module, a function or a class comes from."""
    if isinstance(x, ModuleType):
        place = x.__name__
    elif isinstance(x, (FunctionType, type)):
        place = x.__module__ or ""
    else:
        return ""
    return ".".join(place.split(".")[:2]) if place.startswith("autograd.") else ""


callers.THEIRS.update({name: getattr(theirs, name) for name in callers.__all__})
callers.IS_THEIRS[:] = [is_a_clients]
