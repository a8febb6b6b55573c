"""Reach: what a function can read from outside, itself and through the functions that it calls.

From a function it goes to the names in its code: globals, variables of closures, defaults; from
there to functions, methods and classes of the user's, to the attributes of objects as far as some
code reached so far has a name for them, to the items of containers, to arrays. Packages are not
walked through, except that the attributes of the objects of `nn` are what its code reads.
"""

from __future__ import annotations

import abc
import builtins
import collections
import dataclasses
import dis
import enum
import functools
import gc
import mmap
import operator
import os
import sys
import types
import weakref
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, NamedTuple

import numpy as np

from ..arrays import is_frozen
from ..errors import TraceError
from ..gate import Gate
from ..lines import OURS
from ..modes import Scope, scope
from ..tensor import Tensor
from .binding import owner
from .codes import (
    BY_NAME,
    HEAP_TYPE,
    Uses,
    clocks_in,
    codes_of,
    is_users,
    is_users_class,
    names_in,
    uses_of,
)
from .draws import EVERYBODYS, source_of
from .guards import NOTHING, WHOLE, Guard

__all__ = ["Reached", "Views", "reach"]

MOST = 20_000  # things that are looked into
FEW = 8  # items that are looked at one by one
MANY = 20_000  # items that have to be the very same; more have to be equal
PLAIN = (int, float, complex, bool, str, bytes, range, slice, type(None), np.generic, np.dtype,
         np.ufunc, Scope, scope, types.CodeType)  # fmt: skip
OF_ENVIRONMENT = {"environ", "expanduser", "expandvars", "getenv"}
OF_STATE = {  # functions without arguments that tell how something is set
    id(f): f for f in (gc.isenabled, np.get_printoptions, np.geterr, os.getcwd,
                       sys.getrecursionlimit)
}  # fmt: skip
CONSTRUCTORS = {"__init__", "__new__", "__post_init__"}
CACHED = type(functools.cache(len))
PARTS = {  # of things that stand around a function, or an object
    functools.partial: ("func", "args", "keywords"),
    functools.partialmethod: ("func", "args", "keywords"),
    functools.singledispatchmethod: ("dispatcher", "func"),
    functools.cached_property: ("func",), CACHED: ("__wrapped__",),
    np.flatiter: ("base",), types.MethodWrapperType: ("__self__",),
    types.MethodType: ("__func__", "__self__"),
    classmethod: ("__func__",), staticmethod: ("__func__",), property: ("fget",),
}  # fmt: skip
PARTIAL = (functools.partial, functools.partialmethod)
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()))
ON_THEIR_OWN = ("collections", "contextlib", "weakref", "_weakrefset")  # read what they hold
CONTAINERS = (list, tuple, dict, set, deque, np.ndarray)
OF_ITS_OWN = {  # of functions and classes: not in their dictionaries
    "__annotations__", "__doc__", "__module__", "__name__", "__qualname__",
}  # fmt: skip
OF_TENSORS = {"is_leaf", "name", "requires_grad"}
FLAGS = {"flags", "setflags", "writeable"}

Views = dict[type, Mapping[str, Any]]


class Reached(NamedTuple):
    """What was found.

    random   sources of random numbers, and what to call them
    codes    all code, and in which function
    met      all arrays
    names    those in the code
    arrays   owners of the memory of large arrays, by their ids
    clocks   what that code may read the time with
    """

    guards: list[Guard]
    random: list[tuple[Any, str]]
    codes: list[tuple[types.CodeType, types.FunctionType]]
    met: list[np.ndarray[Any, Any]]
    names: set[str]
    arrays: dict[int, Any]
    clocks: set[str]


def reach(
    things: Iterable[tuple[Any, str]], without: Iterable[Any] = (), views: Views | None = None
) -> Reached:
    """What these things, with what to call them, depend on.

    `without` are functions that run at every call anyway: what they read does not matter. `views`
    keeps views of the attributes of classes, so that guards of a second look know their like.
    """
    passed = {id(code) for function in without for code in codes_of(function)}
    walk = _Walk(passed, {} if views is None else views)
    for thing, label in things:
        walk.meet(thing, label)
    walk.run()
    if "random" in walk.names:
        walk.random += EVERYBODYS
    met = [x for x in walk.met() if type(x) is np.ndarray]
    return Reached(walk.guards, walk.random, walk.codes, met, walk.names, walk.arrays, walk.clocks)


class _Walk:
    def __init__(self, passed: set[int], views: Views):
        self.passed = passed  # code that is not looked into
        self._views = views
        self.guards: list[Guard] = []
        self.random: list[tuple[Any, str]] = []
        self.codes: list[tuple[types.CodeType, types.FunctionType]] = []
        self.names: set[str] = set()  # in the code that was reached
        self.arrays: dict[int, Any] = {}
        self.clocks: set[str] = set()  # what that code may read the time with
        self.by_name = False  # some code reads attributes whose names are worked out
        self._seen: dict[int, Any] = {}
        self._queue: deque[tuple[Any, str]] = deque()
        self._spaces: list[tuple[Mapping[str, Any], str, bool]] = []
        self._described: list[tuple[Any, set[str], str]] = []
        self._looked_at: set[tuple[int, Any]] = set()

    def run(self) -> None:
        """Go on until there is nothing new."""
        before = -1
        while before != len(self._looked_at):
            before = len(self._looked_at)
            while self._queue:
                try:
                    self._look_into(*self._queue.popleft())
                except TraceError:
                    raise
                except Exception:  # some objects refuse to be looked into
                    continue
            for thing, names, label in self._described:
                for name in sorted(names & self.names):
                    if (id(thing), name) not in self._looked_at:
                        self._looked_at.add((id(thing), name))
                        self._guard("attribute", thing, name, f"{label}.{name}")
            for space, label, any_name in self._spaces:
                wanted = space.keys() if any_name and self.by_name else space.keys() & self.names
                for name in [name for name in space if name in wanted]:
                    self._attribute(space, name, label)

    def met(self) -> list[Any]:
        """All things that were met."""
        return list(self._seen.values())

    def meet(self, thing: Any, label: str) -> None:
        """Look into this later, if there is anything in it."""
        kind = type(thing)  # not isinstance: a proxy would be asked, and may be dead
        if source_of(thing) is not None:
            self.random.append((thing, label))
        if kind is types.BuiltinFunctionType:  # such as the `get` of a dictionary
            thing = thing.__self__
        if kind is np.ufunc:  # perhaps one that calls a function of the user's: `np.frompyfunc`
            for held in gc.get_referents(thing):
                self.meet(held, label)
        if id(thing) in self._seen or (issubclass(kind, PLAIN) and not _has_more(kind)):
            return
        if len(self._seen) >= MOST:
            raise TraceError(
                f"compile: the function can reach more than {MOST:,} objects (the last one is "
                f"{label}), and each would have to be looked at before every call; pass what it "
                "needs as arguments"
            )
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
        kind = type(thing)
        if issubclass(kind, types.FunctionType):
            self._function(thing, label)
        elif issubclass(kind, type):
            self._class(thing)
            self._constructors(thing)
            if issubclass(kind, abc.ABCMeta):  # others may be registered, for isinstance
                self._guard("answer", abc.get_cache_token, None, f"what counts as {label}")
        elif issubclass(kind, types.ModuleType):
            if kind is not types.ModuleType and is_users_class(kind):
                self._guard("type", thing, None, f"the class of {label}")
                self._class(kind)
            if is_users(thing.__name__):
                self._guard("size", vars(thing), None, label)
                self._spaces.append((vars(thing), label, False))
                self.meet(vars(thing).get("__getattr__"), label)
        elif issubclass(kind, np.ndarray):
            self._array(thing, label)
        elif issubclass(kind, (list, tuple, deque)):
            self._items(thing, label)
        elif issubclass(kind, (dict, types.MappingProxyType)):
            self._entries(thing, label)
        elif issubclass(kind, VIEWS):
            self.meet(thing.mapping, label)
        elif issubclass(kind, Tensor):
            self._described.append((thing, OF_TENSORS, label))
        elif issubclass(kind, (set, frozenset)):
            self._guard("members", thing, None, label)
            for item in thing:
                self.meet(item, f"an item of {label}")
        elif issubclass(kind, (bytearray, array)):
            self._guard("equal", thing, None, label)
        elif issubclass(kind, np.void):  # a row of a structured array
            self._guard("bytes in no order", thing, None, label)
        elif issubclass(kind, (memoryview, mmap.mmap)):
            self._memory(memoryview(thing), label)
        elif issubclass(kind, ContextVar):
            self.meet(self._guard("variable", thing, NOTHING, label), label)
        elif issubclass(kind, weakref.ref):
            self._guard("alive", thing, None, label)
            self._from_afar(thing(), label)
        elif issubclass(kind, (operator.attrgetter, operator.methodcaller)):
            names = [x for x in thing.__reduce__()[1] if isinstance(x, str)]
            self.names.update(part for name in names for part in name.split("."))
        elif kind in PARTS:
            for name in PARTS[kind]:
                if kind in PARTIAL:
                    self._guard("attribute", thing, name, f"{label}.{name}")
                self.meet(getattr(thing, name), "self" if name == "__self__" else label)
            if kind in PARTIAL and thing.__dict__:
                self._inside(kind, thing.__dict__, label)
            if kind is CACHED:
                for held in self._guard("remembered", thing, None, f"the cache of {label}"):
                    self.meet(held, label)
        else:
            self._object(thing, label)

    # --- code ------------------------------------------------------------------------------------

    def _function(self, function: types.FunctionType, label: str) -> None:
        """The names that a function takes from outside."""
        if id(function.__code__) in self.passed:
            return
        self._described.append((function, OF_ITS_OWN, function.__name__))
        for name in ("__wrapped__", "registry"):  # the latter of `functools.singledispatch`
            self.meet(function.__dict__.get(name), label)
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        if not is_users(function.__globals__.get("__name__", "")):
            for _, cell in cells:  # a package's own affair, but for functions that it was given
                with suppress(ValueError):
                    if callable(cell.cell_contents) or isinstance(cell.cell_contents, Gate):
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
        for code in codes_of(function):
            if id(code) in self.passed:
                continue
            self.codes.append((code, function))
            self._names(names_in(code), function.__globals__)
            self._of_packages(uses_of(code), function.__globals__)

    def _of_packages(self, uses: Uses, space: dict[str, Any]) -> None:
        """What code takes from packages and builtins, of which no more is looked at."""
        for name in uses.variables:
            if name not in space:
                self._once("absent", space, name, name)
                if name in vars(builtins):
                    self._attribute(vars(builtins), name, "")
        for name, *attributes in uses.attributes:
            thing = space.get(name)
            for attribute in attributes:
                if type(thing) is not types.ModuleType or is_users(thing.__name__):
                    break
                if attribute not in vars(thing):
                    break
                name = f"{name}.{attribute}"
                thing = self._of_a_package(thing, attribute, name)
        for name in uses.imports:
            module = sys.modules.get(name)
            if module is not None:
                self._attribute(sys.modules, name, "sys.modules")
            if type(module) is types.ModuleType and not is_users(name):
                for attribute in uses.names & vars(module).keys():
                    self._of_a_package(module, attribute, f"{name}.{attribute}")

    def _of_a_package(self, module: types.ModuleType, name: str, label: str) -> Any:
        """An attribute of a package's module; into functions and modules there is no look."""
        self._once("item", vars(module), name, label)
        thing = vars(module)[name]
        if issubclass(type(thing), CONTAINERS):
            self.meet(thing, label)
        if id(thing) in OF_STATE:
            self._once("answer", thing, None, f"what {label} gives")
        return thing

    def _once(self, kind: str, space: Any, key: Any, label: str) -> None:
        if (id(space), key) not in self._looked_at:
            self._looked_at.add((id(space), key))
            self._guard(kind, space, key, label)

    def _names(self, names: frozenset[str], space: dict[str, Any]) -> None:
        """The names in some code, and where it looks them up."""
        self.names |= names
        self.by_name |= not BY_NAME.isdisjoint(names)
        if not names.isdisjoint(("type", "__class__")):
            self.names |= CONSTRUCTORS
        if not names.isdisjoint(OF_ENVIRONMENT):
            self.meet(os.environ, "os.environ")
        package = space.get("__package__") or ""
        for name in names:
            if name in space:
                self.clocks |= clocks_in(space[name], names)
                self._attribute(space, name, "")
                continue
            for module in (name, f"{package}.{name}"):  # imported where it is used
                self.meet(sys.modules.get(module), name)

    def _variable(self, cell: types.CellType, name: str, function: types.FunctionType) -> None:
        """A variable of a closure; a function that calls itself is one too."""
        if (id(cell), name) in self._looked_at:
            return
        self._looked_at.add((id(cell), name))
        itself = False
        with suppress(ValueError):
            itself = cell.cell_contents is function
        if not itself:  # also a cell without a value: it may get one
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
        packages = [base for base in kind.__mro__ if not is_users_class(base)]
        foreign = {name for base in packages for name in vars(base)}
        metaclass: type = type(kind)
        for base in (*kind.__mro__, *metaclass.__mro__):
            if not is_users_class(base) or (id(base), "class") in self._looked_at:
                continue
            self._looked_at.add((id(base), "class"))
            space = self._attributes_of(base)
            self._described.append((base, OF_ITS_OWN, base.__name__))
            self._guard("size", space, None, f"class {base.__name__}")
            self._guard("attribute", base, "__bases__", f"{base.__name__}.__bases__")
            self._spaces.append((space, base.__name__, True))
            for name, member in space.items():  # operators; what a package calls, such as forward
                called = (name.startswith("__") or name in foreign) and name not in CONSTRUCTORS
                if called and isinstance(member, (types.FunctionType, classmethod, staticmethod)):
                    self._attribute(space, name, base.__name__)

    def _constructors(self, kind: type) -> None:
        """What is called when somebody who has the class makes an object of it."""
        for base in kind.__mro__:
            for name in CONSTRUCTORS & vars(base).keys() if is_users_class(base) else ():
                self._attribute(self._attributes_of(base), name, base.__name__)

    def _attributes_of(self, kind: type) -> Mapping[str, Any]:
        return self._views.setdefault(kind, vars(kind))

    def _object(self, thing: Any, label: str) -> None:
        kind = type(thing)
        top = kind.__module__.partition(".")[0]
        inside = _dictionary_of(thing)
        if top in ("numpy", "autograd"):  # polynomials, np.vectorize; and gates of the user's
            for name in ("kernel", "rules", "live", "shape") if kind is Gate else ():
                self.meet(getattr(thing, name), f"{label}.{name}")
            for name in inside if type(inside) is dict else ():
                if not name.startswith("_") and (top == "numpy" or name in ("function", "pyfunc")):
                    self._attribute(inside, name, label)
            return
        if issubclass(kind, BaseException):
            self.meet(self._guard("attribute", thing, "args", f"{label}.args"), f"{label}.args")
        if kind is dataclasses.Field:
            self._slots(thing, label)
        if top == "nn":
            for name in ("forward", "step"):
                base = next((base for base in kind.__mro__ if name in vars(base)), None)
                if base is not None:
                    self._once("item", self._attributes_of(base), name, f"{base.__name__}.{name}")
        if is_users_class(kind):
            self._guard("type", thing, None, f"the class of {label}")
            self._class(kind)
            self._slots(thing, label)
        if type(inside) is not dict:
            return
        if _reads_plainly(kind):
            self._guard("attribute", thing, "__dict__", f"{label}.__dict__")
        self._inside(kind, inside, label)

    def _from_afar(self, thing: Any, label: str) -> None:
        """An object that must not be kept alive: what is in it, and in its class."""
        if isinstance(thing, types.MethodType):
            self.meet(thing.__func__, label)
            thing = thing.__self__
        self._class(type(thing))
        if type(inside := _dictionary_of(thing)) is dict:
            self._inside(type(thing), inside, label)

    def _inside(self, kind: type, inside: dict[str, Any], label: str) -> None:
        """The attributes of an object of this class."""
        self._guard("size", inside, None, f"{label}.__dict__")
        self.guards[-1].names |= _remembered(kind)  # they may be there after the first call
        hidden = _names_of_ours(kind)
        foreign = not is_users_class(kind)
        if hidden is None and foreign and issubclass(kind, Mapping):
            hidden = frozenset()  # a dictionary with another one inside
        own = [base for base in kind.__mro__ if base.__module__ in ON_THEIR_OWN]
        for name in list(inside) if own else ():
            self._attribute(inside, name, label)
        if issubclass(kind, enum.Enum):
            self._attribute(inside, "_value_", label)
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
        """By what it holds; of much, by a sample. What nobody can write to stays as it is."""
        self._guard("shape", x, None, label)
        if not FLAGS.isdisjoint(self.names):
            self._guard("writeable", x, None, f"{label}.flags.writeable")
        if x.dtype.hasobject:
            for item in self._guard("elements", x, None, label):
                self.meet(item, label)
        elif x.nbytes > WHOLE:
            if not is_frozen(x):
                self._guard("sample", x, None, label)
                self.arrays[id(owner(x))] = owner(x)
        elif not is_frozen(x):
            self._memory(x, label)

    def _memory(self, x: Any, label: str) -> None:
        """Bytes that can be compared where they are, or that are copied for it."""
        for kind, seen in (("bytes", x), ("bytes in F order", getattr(x, "T", x))):
            with suppress(Exception):  # the layout is another, or not for such a comparison
                if (bytearray(seen.tobytes()) == seen) is True:
                    self._guard(kind, x, None, label)
                    return
        self._guard("bytes in no order", x, None, label)

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
            self.meet(key, f"a key of {label}")
            if len(entries) <= FEW:
                self._guard("item", entries, key, f"{label}[{key!r}]")
            self.meet(value, f"{label}[{key!r}]")
        if isinstance(entries, collections.defaultdict):
            name = "default_factory"
            self.meet(self._guard("attribute", entries, name, f"{label}.{name}"), label)
        self._of_a_subclass(entries, label)

    def _of_a_subclass(self, container: Any, label: str) -> None:
        if is_users_class(type(container)):
            self._object(container, label)


def _names_of_ours(kind: type) -> frozenset[str] | None:
    """For an object of `nn`, or of a class made from it: what is its own affair, such as boxes."""
    ours = [base for base in kind.__mro__ if base.__module__.partition(".")[0] in OURS]
    if not ours:
        return None
    return frozenset(name for base in ours for name in vars(base) if name.startswith("_"))


def _reads_plainly(kind: type) -> bool:
    """Whether attributes of its objects are what is in their dictionaries, as in most classes."""
    read: Any = kind.__getattribute__
    return read is object.__getattribute__


def _has_more(kind: type) -> bool:
    """Whether a kind of plain values has attributes of the user's, or memory of somebody else's."""
    return issubclass(kind, np.void) or bool(kind.__flags__ & HEAP_TYPE and is_users_class(kind))


def _dictionary_of(thing: Any) -> Any:
    """The attributes of an object, past what its class does when it is asked for one."""
    if isinstance(type(thing).__getattribute__, types.FunctionType):  # the user's
        with suppress(AttributeError):
            return object.__getattribute__(thing, "__dict__")
    return getattr(thing, "__dict__", None)


def _remembered(kind: type) -> frozenset[str]:
    """The names of cached properties."""
    members = ((name, x) for base in kind.__mro__ for name, x in vars(base).items())
    return frozenset(name for name, x in members if isinstance(x, functools.cached_property))
