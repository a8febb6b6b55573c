"""What the engine is doing at the moment: recording or not, inside which box, with which values.

The state is one immutable object in one context variable, so it is safe in threads and in async
code, and a gate reads all of it with a single look-up.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from .values import ARRAYS, Kind

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Scope", "is_compiling", "is_recording", "no_grad", "scope", "setting"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T", bound="Tensor")


class Scope:
    """A named box around gates in a picture: a module, or a `with scope("encoder")` block."""

    __slots__ = ("kind", "name", "note", "parent")

    def __init__(self, name: str, kind: str = "", note: str = "", parent: Scope | None = None):
        self.name, self.kind, self.note, self.parent = name, kind, note, parent

    @property
    def path(self) -> tuple[Scope, ...]:
        """The scopes from the outermost to this one."""
        found = [self]
        while (parent := found[-1].parent) is not None:
            found.append(parent)
        return tuple(reversed(found))

    def __repr__(self) -> str:
        return f"Scope({'/'.join(s.name for s in self.path)!r})"


@dataclass(slots=True, eq=False)
class Mode:
    """The state that a gate looks at when it is called; never changed, but replaced by another."""

    recording: bool = True
    site: Any = None  # what a node is given: its scope, or a place in the program (lines.py)
    outside: Mode | None = None  # the state to go back to at the end of a `with` block
    kind: Kind = ARRAYS  # what gates compute with
    by: Any = None  # the context manager that made this state

    def without(self, manager: object) -> Mode:
        """The state to go back to when a block of `manager` ends.

        Mostly that around this one. But a generator that waits inside a `with` block of its own
        leaves that on top of the caller's, whose blocks may end before it: then it is made anew.
        """
        if self.outside is None:
            return self
        if self.by is manager:
            return self.outside
        rest = self.outside.without(manager)
        return self if rest is self.outside else self.by.changed(rest)

    @property
    def scope(self) -> Scope | None:
        """The box around the gates that are being recorded."""
        return self.site  # type: ignore[no-any-return]


MODE: ContextVar[Mode] = ContextVar("autograd_mode", default=Mode())  # noqa: B039 (immutable)


class Switch:
    """A context manager, also usable as a decorator, that changes some fields of the mode.

    One object may be entered many times, also by several threads: what to go back to is kept in
    the mode itself.
    """

    def __init__(self, **changes: Any):
        self.changes = changes

    def changed(self, mode: Mode) -> Mode:
        """The mode inside the block."""
        return replace(mode, **{"site": mode.scope, "outside": mode, "by": self, **self.changes})

    def __enter__(self) -> None:
        MODE.set(self.changed(MODE.get()))

    def __exit__(self, *_: object) -> None:
        MODE.set(MODE.get().without(self))

    def __call__(self, function: F) -> F:
        if inspect.isasyncgenfunction(function):
            raise TypeError(f"{function.__name__} is an async generator; use a `with` block in it")

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                result = function(*args, **kwargs)
            if inspect.iscoroutinefunction(function):
                return coroutine(self._steps)(result.__await__())
            return self._steps(result) if inspect.isgeneratorfunction(function) else result

        return wrapped  # type: ignore[return-value]

    def _steps(self, steps: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """The same steps, each in a mode of their own, and the caller's mode in between."""
        resume, given, inside = steps.send, None, None
        while True:
            before = MODE.get()
            MODE.set(inside or self.changed(before))
            try:
                value = resume(given)
            except StopIteration as stop:
                return stop.value
            finally:
                inside = MODE.get()
                MODE.set(before)
            try:
                resume, given = steps.send, (yield value)
            except BaseException as error:  # thrown in, GeneratorExit at the end
                resume, given = steps.throw, error


def no_grad() -> Switch:
    """Compute without recording: results carry no gradient. A `with` block or a decorator.

    >>> import autograd as ag
    >>> x = ag.Tensor(3.0)
    >>> with ag.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return Switch(recording=False)


def recording() -> Switch:
    """Record, also inside `no_grad`: a function that is to be differentiated."""
    return Switch(recording=True)


def computing_with(kind: Kind, **changes: Any) -> Switch:
    """Let every gate compute with values of this kind."""
    return Switch(kind=kind, **changes)


class scope:  # noqa: N801 (used like a function, in a with statement)
    """Put the gates recorded inside the block into a named box of the picture.

    One object can be entered many times, also by several threads: a module keeps one.

    >>> import autograd as ag
    >>> with ag.scope("encoder"):
    ...     y = ag.Tensor(2.0) * 3.0
    >>> y.node.scope.name
    'encoder'
    """

    __slots__ = ("_box", "_last", "_text")

    def __init__(self, name: str, kind: str = "", note: str = ""):
        self._text = name, kind, note
        self._last: tuple[Mode | None, Mode] = (None, Mode())  # the mode outside, and inside
        self._box: tuple[Scope | None, Scope] = (None, Scope(*self._text))  # the same, for `put`

    def changed(self, mode: Mode) -> Mode:
        """The mode inside the block."""
        return type(mode)(mode.recording, Scope(*self._text, mode.scope), mode, mode.kind, self)

    def __enter__(self) -> Scope | None:
        mode = MODE.get()
        outside, inside = self._last
        if outside is not mode:
            inside = self.changed(mode)
            self._last = mode, inside
        MODE.set(inside)
        return inside.scope

    def __exit__(self, *_: object) -> None:
        mode = MODE.get()
        MODE.set(mode.without(self))

    def put(self, tensor: T) -> T:
        """Put just the gate that made `tensor` into the box, with less work than a `with` block."""
        node = tensor._node
        if node is not None:
            around = node.scope
            outside, inside = self._box
            if outside is not around:
                inside = Scope(*self._text, around)
                self._box = around, inside
            node.site = node.site.moved(inside) if node.place is not None else inside
        return tensor


def setting(owner: Any, name: str) -> Any:
    """The number `owner.name`, such as a step size; compiled programs read it at every call."""
    return MODE.get().kind.setting(owner, name)


def is_compiling() -> bool:
    """Whether a function is being traced, to be compiled or drawn: values are stand-ins then."""
    return MODE.get().kind is not ARRAYS


def is_recording() -> bool:
    """Whether gates are being recorded here (False inside `no_grad`)."""
    return MODE.get().recording
