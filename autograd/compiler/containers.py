"""Stand-ins for containers and iterators of the user's while a function is traced.

Each tells what the trace has to know: whether a list only grows, whether a container that is
replaced is read before, whether somebody draws from an iterator.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..errors import TraceError
from ..modes import MODE
from .places import Place
from .trace import Trace

__all__ = ["Drawn", "Growing", "Left", "Read", "is_drawn_from"]


class Growing(list[Any]):
    """Stands in for a list that grows: it notes whether anything but `append` is called."""

    def __init__(self, items: list[Any]):
        super().__init__(items)
        self.size, self.is_read = len(items), False

    def __iadd__(self, items: Any) -> Growing:  # type: ignore[misc]
        list.extend(self, items)
        return self

    @property
    def added(self) -> list[Any]:
        """What was appended."""
        return list.__getitem__(self, slice(self.size, None))


def _watched(name: str) -> Callable[..., Any]:
    usual = getattr(list, name)

    def call(self: Growing, *args: Any, **options: Any) -> Any:
        self.is_read = True
        return usual(self, *args, **options)

    return call


for _name in (
    "__add__", "__contains__", "__delitem__", "__eq__", "__ge__", "__getitem__", "__gt__",
    "__imul__", "__iter__", "__le__", "__len__", "__lt__", "__mul__", "__ne__", "__repr__",
    "__reversed__", "__rmul__", "__setitem__", "clear", "copy", "count", "index", "insert", "pop",
    "remove", "reverse", "sort",
):  # fmt: skip
    setattr(Growing, _name, _watched(_name))
Growing.__radd__ = lambda self, other: other + list(self)  # type: ignore[attr-defined]


class Left:
    """Stands in for a container that the function replaces; whoever reads it raises `Read`."""

    __slots__ = ("place",)

    def __init__(self, place: Place):
        object.__setattr__(self, "place", place)


class Read(BaseException):
    """A container that was taken for one that nobody reads is read after all."""


def _reads(self: Any, *_: Any, **__: Any) -> Any:
    raise Read(object.__getattribute__(self, "place"))


for _name in (
    "__add__", "__bool__", "__contains__", "__delitem__", "__eq__", "__getattribute__",
    "__getitem__", "__hash__", "__iter__", "__len__", "__ne__", "__radd__", "__repr__",
    "__reversed__", "__setitem__", "__str__",
):  # fmt: skip
    setattr(Left, _name, _reads)


class Drawn:
    """Stands in for an iterator, a file or a queue: refuses that the function draws from it.

    A function that is called through `fresh` may.
    """

    __slots__ = ("label", "source")

    def __init__(self, source: Any, label: str):
        self.source, self.label = source, label

    def _check(self) -> None:
        if isinstance(MODE.get().kind, Trace):
            raise TraceError(
                f"compile: the function draws from {self.label}, a {type(self.source).__name__}, "
                "and a compiled program would use the same item at every call; draw outside, and "
                f"pass the item as an argument, or write ag.fresh(next, {self.label})"
            )

    def __next__(self) -> Any:
        self._check()
        return next(self.source)

    def __iter__(self) -> Any:
        self._check()
        return iter(self.source)

    def __getattr__(self, name: str) -> Any:
        self._check()
        return getattr(self.source, name)


def is_drawn_from(x: Any) -> bool:
    """Whether something changes when one reads from it, and nobody can look into it."""
    kind = type(x)
    module = str(kind.__module__).partition(".")[0]  # of Cython's functions it is no text
    known = module in sys.stdlib_module_names and module != "__main__"
    return known and (
        hasattr(kind, "__next__") or (module in ("queue", "_queue") and hasattr(x, "get"))
    )
