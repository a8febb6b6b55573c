"""Reach: what a function can read from outside, itself and through the functions that it calls.

From a function it goes to the names in its code: globals, variables of closures, defaults; from
there to functions, methods and classes of the user's, to the attributes of objects as far as some
code reached so far has a name for them, to the items of containers, to arrays. Packages are not
walked through, except that the attributes of the objects of `nn` are what its code reads.
"""

from __future__ import annotations

import datetime
import dis
import functools
import operator
import os
import sys
import time
import types
import weakref
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from ..lines import OURS
from ..modes import Scope, scope
from ..tensor import Tensor
from .draws import EVERYBODYS, source_of
from .guards import NOTHING, SMALL_ARRAY, Guard

__all__ = ["Reached", "Views", "reach"]

MOST = 2000  # things that are looked into
FEW = 8  # items that are looked at one by one
MANY = 1000  # items that have to be the very same; more have to be equal
HEAP_TYPE = 1 << 9  # of the flags of a class: made by a class statement
PLAIN = (int, float, complex, bool, str, bytes, range, slice, type(None), np.generic, np.dtype,
         np.ufunc, Scope, scope, Tensor, types.CodeType)  # fmt: skip
BY_NAME = {  # who calls one of these may read any attribute
    "__dict__", "__getattribute__", "asdict", "astuple", "attrgetter", "dir", "eval", "exec",
    "fields", "getattr", "getmembers", "globals", "methodcaller", "replace", "vars",
}  # fmt: skip
CLOCKS = {"monotonic", "now", "perf_counter", "process_time", "thread_time", "time", "time_ns",
          "today", "utcnow", "perf_counter_ns", "monotonic_ns"}  # fmt: skip
CONSTRUCTORS = {"__init__", "__new__", "__post_init__"}
PARTS = {  # of things that stand around a function, or an object
    functools.partial: ("func", "args", "keywords"),
    functools.partialmethod: ("func", "args", "keywords"),
    functools.cached_property: ("func",), type(functools.cache(len)): ("__wrapped__",),
    types.MethodType: ("__func__", "__self__"),
    classmethod: ("__func__",), staticmethod: ("__func__",), property: ("fget",),
}  # fmt: skip

Views = dict[type, Mapping[str, Any]]


class Reached(NamedTuple):
    """Guards of what was found, sources of random numbers, and the names in all code."""

    guards: list[Guard]
    random: list[tuple[Any, str]]
    names: set[str]
    clocks: set[str]


def reach(
    things: Iterable[tuple[Any, str]], without: Iterable[Any] = (), views: Views | None = None
) -> Reached:
    """What these things, with what to call them, depend on.

    `without` are functions that run at every call anyway: what they read does not matter. `views`
    keeps views of the attributes of classes, so that guards of a second look know their like.
    """
    passed = {id(code) for function in without for code in _codes(function)}
    walk = _Walk(passed, {} if views is None else views)
    for thing, label in things:
        walk.meet(thing, label)
    walk.run()
    if "random" in walk.names:
        walk.random += EVERYBODYS
    return Reached(walk.guards, walk.random, walk.names, walk.clocks)


class _Walk:
    def __init__(self, passed: set[int], views: Views):
        self.passed = passed  # code that is not looked into
        self._views = views
        self.guards: list[Guard] = []
        self.random: list[tuple[Any, str]] = []
        self.names: set[str] = set()  # in the code that was reached
        self.clocks: set[str] = set()  # what that code may read the time with
        self.by_name = False  # some code reads attributes whose names are worked out
        self._seen: dict[int, Any] = {}
        self._queue: deque[tuple[Any, str]] = deque()
        self._spaces: list[tuple[Mapping[str, Any], str, bool]] = []
        self._looked_at: set[tuple[int, Any]] = set()

    def run(self) -> None:
        """Go on until there is nothing new."""
        before = -1
        while before != len(self._looked_at):
            before = len(self._looked_at)
            while self._queue:
                with suppress(Exception):  # some objects refuse to be looked into
                    self._look_into(*self._queue.popleft())
            for space, label, any_name in self._spaces:
                wanted = space.keys() if any_name and self.by_name else space.keys() & self.names
                for name in [name for name in space if name in wanted]:
                    self._attribute(space, name, label)

    def meet(self, thing: Any, label: str) -> None:
        """Look into this later, if there is anything in it."""
        kind = type(thing)  # not isinstance: a proxy would be asked, and may be dead
        if source_of(thing) is not None:
            self.random.append((thing, label))
        if kind is types.BuiltinFunctionType:  # such as the `get` of a dictionary
            thing = thing.__self__
        if issubclass(kind, PLAIN) or id(thing) in self._seen or len(self._seen) >= MOST:
            return
        self._seen[id(thing)] = thing
        self._queue.append((thing, label))

    def _guard(self, kind: str, space: Any, key: Any, label: str) -> Any:
        guard = Guard(kind, space, key, label)
        self.guards.append(guard)
        return guard.value

    def _attribute(self, space: Mapping[str, Any], name: str, label: str) -> None:
        if (id(space), name) not in self._looked_at:
            self._looked_at.add((id(space), name))
            label = f"{label}.{name}" if label else name
            self.meet(self._guard("item", space, name, label), label)

    def _look_into(self, thing: Any, label: str) -> None:
        if isinstance(thing, types.FunctionType):
            self._function(thing, label)
        elif isinstance(thing, type):
            self._class(thing)
            self._constructors(thing)
        elif isinstance(thing, types.ModuleType):
            if _is_users(thing.__name__):
                self._guard("size", vars(thing), None, label)
                self._spaces.append((vars(thing), label, False))
                self.meet(vars(thing).get("__getattr__"), label)
        elif isinstance(thing, np.ndarray):
            self._array(thing, label)
        elif isinstance(thing, (list, tuple, deque)):
            self._items(thing, label)
        elif isinstance(thing, (dict, types.MappingProxyType)):
            self._entries(thing, label)
        elif isinstance(thing, (set, frozenset)):
            self._guard("members", thing, None, label)
        elif isinstance(thing, (bytearray, array)):
            self._guard("equal", thing, None, label)
        elif isinstance(thing, ContextVar):
            self.meet(self._guard("variable", thing, NOTHING, label), label)
        elif isinstance(thing, weakref.ref):
            self.meet(self._guard("call", thing, None, label), label)
        elif isinstance(thing, (operator.attrgetter, operator.methodcaller)):
            names = [x for x in thing.__reduce__()[1] if isinstance(x, str)]
            self.names.update(part for name in names for part in name.split("."))
        elif type(thing) in PARTS:
            for name in PARTS[type(thing)]:
                self.meet(getattr(thing, name), "self" if name == "__self__" else label)
        else:
            self._object(thing, label)

    # --- code ------------------------------------------------------------------------------------

    def _function(self, function: types.FunctionType, label: str) -> None:
        """The names that a function takes from outside."""
        if id(function.__code__) in self.passed:
            return
        self.meet(function.__dict__.get("__wrapped__"), label)
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        if not _is_users(function.__globals__.get("__name__", "")):
            for _, cell in cells:  # a package's own affair, but for functions that it was given
                with suppress(ValueError):
                    if callable(cell.cell_contents):
                        self.meet(cell.cell_contents, label)
            return
        for name, cell in cells:
            if self._is_read(function.__code__, name):
                self._variable(cell, name, function)
        for name in ("__code__", "__defaults__", "__kwdefaults__"):
            if (held := getattr(function, name)) is not None:
                self._guard("attribute", function, name, f"{name} of {function.__name__}")
                self.meet(held, f"{function.__name__}.{name}")
        if function.__dict__:
            self._spaces.append((function.__dict__, label, True))
        for code in _codes(function):
            if id(code) in self.passed:
                continue
            self._names(_names_in(code), function.__globals__)

    def _names(self, names: frozenset[str], space: dict[str, Any]) -> None:
        """The names in some code, and where it looks them up."""
        self.names |= names
        self.by_name |= not BY_NAME.isdisjoint(names)
        if not names.isdisjoint(("type", "__class__")):
            self.names |= CONSTRUCTORS
        if not names.isdisjoint(("environ", "getenv")):
            self.meet(os.environ, "os.environ")
        package = space.get("__package__") or ""
        for name in names:
            if name in space:
                self.clocks |= _clocks_in(space[name], names)
                self._attribute(space, name, "")
                continue
            for module in (name, f"{package}.{name}"):  # imported where it is used
                self.meet(sys.modules.get(module), name)

    def _variable(self, cell: types.CellType, name: str, function: types.FunctionType) -> None:
        """A variable of a closure; a function that calls itself is one too."""
        if (id(cell), name) in self._looked_at:
            return
        self._looked_at.add((id(cell), name))
        with suppress(ValueError):  # an empty cell
            if cell.cell_contents is not function:
                self.meet(self._guard("attribute", cell, "cell_contents", name), name)

    def _is_read(self, code: types.CodeType, name: str) -> bool:
        """Whether code that counts reads a variable of a closure, and not only passes it on."""
        if not self.passed:
            return True
        inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
        if any(
            id(part) not in self.passed and name in part.co_freevars and self._is_read(part, name)
            for part in inner
        ):
            return True
        return any(
            step.argval == name and step.opname.startswith("LOAD") and "DEREF" in step.opname
            for step in dis.get_instructions(code)
        )

    # --- objects ---------------------------------------------------------------------------------

    def _class(self, kind: type) -> None:
        """What the methods of a class of the user's take from outside, and its own attributes."""
        packages = [base for base in kind.__mro__ if not _is_users_class(base)]
        foreign = {name for base in packages for name in vars(base)}
        metaclass: type = type(kind)
        for base in (*kind.__mro__, *metaclass.__mro__):
            if not _is_users_class(base) or (id(base), "class") in self._looked_at:
                continue
            self._looked_at.add((id(base), "class"))
            space = self._attributes_of(base)
            self._guard("size", space, None, f"class {base.__name__}")
            self._spaces.append((space, base.__name__, True))
            for name, member in space.items():  # operators; what a package calls, such as forward
                called = (name.startswith("__") or name in foreign) and name not in CONSTRUCTORS
                if called and isinstance(member, types.FunctionType):
                    self._attribute(space, name, base.__name__)

    def _constructors(self, kind: type) -> None:
        """What is called when somebody who has the class makes an object of it."""
        for base in kind.__mro__:
            for name in CONSTRUCTORS & vars(base).keys() if _is_users_class(base) else ():
                self._attribute(self._attributes_of(base), name, base.__name__)

    def _attributes_of(self, kind: type) -> Mapping[str, Any]:
        return self._views.setdefault(kind, vars(kind))

    def _object(self, thing: Any, label: str) -> None:
        kind = type(thing)
        top = kind.__module__.partition(".")[0]
        inside = getattr(thing, "__dict__", None)
        if top in ("numpy", "autograd"):  # what stands around a function, such as np.vectorize
            for name in ("function", "pyfunc"):
                self.meet((inside or {}).get(name), label)
            return
        if _is_users_class(kind):
            self._guard("attribute", thing, "__class__", f"the class of {label}")
            self._class(kind)
            self._slots(thing, label)
        if type(inside) is not dict:
            return
        self._guard("size", inside, None, f"{label}.__dict__")
        self.guards[-1].names |= _remembered(kind)  # they may be there after the first call
        hidden = _names_of_ours(kind)
        if hidden is None and isinstance(thing, Mapping) and not _is_users_class(kind):
            hidden = frozenset()  # a dictionary with another one inside
        if hidden is None:
            self._spaces.append((inside, label, True))
            return
        for name in [name for name in inside if name not in hidden]:
            self._attribute(inside, name, label)

    def _slots(self, thing: Any, label: str) -> None:
        for base in type(thing).__mro__:
            slots = vars(base).get("__slots__", ())
            for name in (slots,) if isinstance(slots, str) else slots:
                if name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                    self.meet(self._guard("attribute", thing, name, f"{label}.{name}"),
                              f"{label}.{name}")  # fmt: skip

    # --- arrays and containers --------------------------------------------------------------------

    def _array(self, x: np.ndarray[Any, Any], label: str) -> None:
        """By what it holds, if that is little; else nobody must unlock it."""
        if x.dtype.hasobject:
            self._guard("items", x.reshape(-1), None, label)
            for item in x.reshape(-1)[:MANY]:
                self.meet(item, label)
        else:
            self._guard("bytes" if x.nbytes <= SMALL_ARRAY else "writeable", x, None, label)

    def _items(self, items: Any, label: str) -> None:
        if not isinstance(items, tuple):
            if len(items) > FEW:
                self._guard("items" if len(items) <= MANY else "equal", items, None, label)
            else:
                self._guard("size", items, None, label)
                for k in range(len(items)):
                    self._guard("item", items, k, f"{label}[{k}]")
        for k, item in enumerate(items):
            self.meet(item, f"{label}[{k}]")
        self._of_a_subclass(items, label)

    def _entries(self, entries: Any, label: str) -> None:
        self._guard("keys", entries, None, label)
        if len(entries) > FEW:
            self._guard("equal", entries, None, label)
        for key, value in list(entries.items()):
            if len(entries) <= FEW:
                self._guard("item", entries, key, f"{label}[{key!r}]")
            self.meet(value, f"{label}[{key!r}]")
        self._of_a_subclass(entries, label)

    def _of_a_subclass(self, container: Any, label: str) -> None:
        if _is_users_class(type(container)):
            self._object(container, label)


def _clocks_in(thing: Any, names: frozenset[str]) -> set[str]:
    """The names of clocks that code with these names reads, if it knows this by one of them."""
    if thing is time or thing is datetime or thing is datetime.datetime or thing is datetime.date:
        return set(CLOCKS & names)
    is_clock = type(thing) is types.BuiltinFunctionType and thing.__module__ == "time"
    return CLOCKS & {thing.__name__} if is_clock else set()


def _is_users(module: str | None) -> bool:
    """Whether code of this module is the user's, not an installed package's."""
    top = (module or "").partition(".")[0]
    return top in ("", "__main__") or _is_no_package(top)


def _is_users_class(kind: type) -> bool:
    """The same for a class; one whose module has no name is called one of "builtins"."""
    made_by_class = kind.__module__ == "builtins" and bool(kind.__flags__ & HEAP_TYPE)
    return made_by_class or _is_users(kind.__module__)


@functools.lru_cache(maxsize=1000)
def _is_no_package(top: str) -> bool:
    if top in OURS or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(top), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file


def _names_of_ours(kind: type) -> frozenset[str] | None:
    """For an object of `nn`, or of a class made from it: what is its own affair, such as boxes."""
    ours = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in OURS]
    if not ours:
        return None
    return frozenset(name for base in ours for name in vars(base) if name.startswith("_"))


def _remembered(kind: type) -> frozenset[str]:
    """The names of cached properties."""
    members = ((name, x) for base in kind.__mro__ for name, x in vars(base).items())
    return frozenset(name for name, x in members if isinstance(x, functools.cached_property))


def _codes(function: Any) -> Iterator[types.CodeType]:
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


@functools.lru_cache(maxsize=4000)
def _names_in(code: types.CodeType) -> frozenset[str]:
    """The names in some code, those of patterns among them; and where attributes are read by
    name, the texts in it too."""
    names = set(code.co_names)
    by_name = not BY_NAME.isdisjoint(names)
    names.update(_texts(x for x in code.co_consts if by_name or isinstance(x, tuple)))
    return frozenset(names)


def _texts(constants: Any) -> Iterator[str]:
    for x in constants:
        if isinstance(x, str):
            yield x
        elif isinstance(x, (tuple, frozenset)):
            yield from _texts(x)
