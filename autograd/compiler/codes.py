"""Codes: whose code is, and the names that it uses, read off its instructions."""

from __future__ import annotations

import datetime
import dis
import functools
import re
import sys
import time
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..lines import OURS

__all__ = [
    "BY_NAME", "HEAP_TYPE", "Uses", "clocks_in", "codes_of", "count_as_users", "is_users",
    "is_users_class", "names_in", "uses_of",
]  # fmt: skip

HEAP_TYPE = 1 << 9  # of the flags of a class: made by a class statement
BY_NAME = {  # who uses one of these may read any attribute
    "__dict__", "__getattribute__", "__globals__", "__import__", "asdict", "astuple", "attrgetter",
    "dir", "eval", "exec", "f_globals", "fields", "getattr", "getattr_static", "getmembers",
    "globals", "import_module", "methodcaller", "replace", "vars",
}  # fmt: skip
NUMERICAL = {"numpy", "scipy"}  # whose functions depend on their arguments alone
_COMPILED: set[str] = set()  # packages of functions that are compiled
CLOCKS = {"monotonic", "now", "perf_counter", "process_time", "thread_time", "time", "time_ns",
          "today", "utcnow", "perf_counter_ns", "monotonic_ns"}  # fmt: skip


# --- whose ---------------------------------------------------------------------------------------


def is_users(module: str | None) -> bool:
    """Whether code of this module is the user's, not an installed package's."""
    top = _top(module)
    return top in ("", "__main__") or top in _COMPILED or _is_no_package(top)


def count_as_users(function: Any) -> None:
    """The code of a package that compiles a function of its own is looked at as the user's is."""
    top = _top(getattr(function, "__module__", None))
    if not (top in OURS or top in NUMERICAL or top in sys.stdlib_module_names):
        _COMPILED.add(top)


def _top(module: str | None) -> str:
    return (module or "").partition(".")[0]


def is_users_class(kind: type) -> bool:
    """The same for a class; one whose module has no name is called one of "builtins"."""
    made_by_class = kind.__module__ == "builtins" and bool(kind.__flags__ & HEAP_TYPE)
    return made_by_class or is_users(kind.__module__)


@functools.lru_cache(maxsize=1000)
def _is_no_package(top: str) -> bool:
    if top in OURS or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file


# --- names ---------------------------------------------------------------------------------------


def codes_of(function: Any) -> Iterator[types.CodeType]:
    """The code of a function, and of those inside it."""
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = vars(type(function)).get("__call__")
    todo = [function.__code__] if hasattr(function, "__code__") else []
    while todo:
        code = todo.pop()
        yield code
        todo += [part for part in code.co_consts if isinstance(part, types.CodeType)]


class Uses(NamedTuple):
    """The names in some code: what it looks up in its module, attributes of that, as in
    `np.linalg.norm`, and imports."""

    names: frozenset[str]
    variables: frozenset[str]
    attributes: frozenset[tuple[str, ...]]
    imports: frozenset[str]


@functools.lru_cache(maxsize=4000)
def uses_of(code: types.CodeType) -> Uses:
    """How some code takes what it uses from outside."""
    attributes: set[tuple[str, ...]] = set()
    imports: set[str] = set()
    chain: tuple[str, ...] = ()
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            chain = (step.argval,)
            attributes.add(chain)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and chain:
            chain = (*chain, step.argval)
            attributes.add(chain)
        elif step.opname not in ("CACHE", "EXTENDED_ARG", "PUSH_NULL"):
            chain = ()
        if step.opname == "IMPORT_NAME":
            imports.add(step.argval)
    variables = frozenset(chain[0] for chain in attributes)
    return Uses(names_in(code), variables, frozenset(attributes), frozenset(imports))


@functools.lru_cache(maxsize=4000)
def names_in(code: types.CodeType) -> frozenset[str]:
    """The names in some code, those of patterns among them; and where attributes are read by
    name, the texts in it too."""
    names = set(code.co_names)
    by_name = not BY_NAME.isdisjoint(names)
    names.update(_texts(x for x in code.co_consts if by_name or isinstance(x, tuple)))
    if not names.isdisjoint(("format", "format_map")):  # "{0.k}"
        names.update(word for text in _texts(code.co_consts) for word in re.findall(r"\w+", text))
    return frozenset(names)


def _texts(constants: Any) -> Iterator[str]:
    for x in constants:
        if isinstance(x, str):
            yield x
        elif isinstance(x, (tuple, frozenset)):
            yield from _texts(x)


def clocks_in(thing: Any, names: frozenset[str]) -> set[str]:
    """The names of clocks that code with these names reads, if it knows this by one of them."""
    if thing is time or thing is datetime or thing is datetime.datetime or thing is datetime.date:
        return set(CLOCKS & names)
    is_clock = type(thing) is types.BuiltinFunctionType and thing.__module__ == "time"
    return CLOCKS & {thing.__name__} if is_clock else set()
