"""What the engine is doing at the moment: recording or not, and inside which scope.

The state is one immutable object in one context variable, so it is safe in threads and in
async code, and a gate reads all of it with a single look-up.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from types import CodeType, TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .values import ARRAYS, Kind

if TYPE_CHECKING:
    from .tensor import Tensor

__all__ = ["Place", "Scope", "is_recording", "no_grad", "scope", "setting", "source_lines"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound="Tensor")


class Scope:
    """A named box around gates in a picture: a module, or a `with scope("encoder")` block."""

    __slots__ = ("kind", "name", "note", "parent")

    def __init__(self, name: str, kind: str = "", note: str = "", parent: Scope | None = None):
        self.name, self.kind, self.note, self.parent = name, kind, note, parent

    @property
    def path(self) -> tuple[Scope, ...]:
        """The scopes from the outermost to this one."""
        found, scope = [self], self.parent
        while scope is not None:
            found.append(scope)
            scope = scope.parent
        return tuple(reversed(found))

    def __repr__(self) -> str:
        return f"Scope({'/'.join(s.name for s in self.path)!r})"


class Place:
    """The place in a program that called a gate, and the scope that the gate lies in.

    It is no scope: who walks the boxes around a gate begins at `node.scope` and never meets one.
    The code object and the offset in it are all that Python needs to find the file, the line and
    the very expression, when somebody asks.
    """

    __slots__ = ("code", "offset", "scope")

    def __init__(self, code: CodeType, offset: int, scope: Scope | None):
        self.code, self.offset, self.scope = code, offset, scope


Site = Scope | Place | None  # what a node holds: its scope, or the place that knows its scope


def moved(site: Site, scope: Scope | None) -> Site:
    """The same site in another scope; a place that was noted is kept."""
    return Place(site.code, site.offset, scope) if isinstance(site, Place) else scope


OURS = ("autograd", "nn", "numpy")  # packages that call gates on behalf of the user


@dataclass(slots=True, eq=False)
class Mode:
    """The state that a gate looks at when it is called; never changed, but replaced by another.

    Slots, not a named tuple: every gate reads them, and that is five times as fast.
    """

    recording: bool = True
    site: Site = None  # what a node is given: its scope, inside `source_lines()` a place
    outside: Mode | None = None  # the state to go back to at the end of a scope
    kind: Kind = ARRAYS  # what gates compute with

    @property
    def scope(self) -> Scope | None:
        """The box around the gates that are being recorded."""
        return self.site  # type: ignore[return-value]


class NotingMode(Mode):
    """The mode inside `source_lines()`: with its scope, a gate is given the place of its call.

    Gates read `site` once, whatever the mode, so those outside pay nothing for this.
    """

    __slots__ = ("_scope",)

    @property
    def scope(self) -> Scope | None:
        """The box around the gates that are being recorded."""
        return self._scope

    @property
    def site(self) -> Site:
        """The same, and the place that called the gate."""
        if self.kind is not ARRAYS:  # a compiled function has no graph to point at
            return self._scope
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
            if frame.f_back is None:
                return self._scope
            frame = frame.f_back
        return Place(frame.f_code, frame.f_lasti, self._scope)

    @site.setter
    def site(self, site: Site) -> None:
        self._scope = site.scope if isinstance(site, Place) else site


MODE: ContextVar[Mode] = ContextVar("autograd_mode", default=Mode())  # noqa: B039 (immutable)


class _Switch:
    """A context manager, also usable as a decorator, that changes some fields of the mode."""

    def __init__(self, **changes: Any):
        self._changes = changes
        self._tokens: list[Token[Mode]] = []

    def __enter__(self) -> None:
        self._tokens.append(MODE.set(self._changed(MODE.get())))

    def _changed(self, mode: Mode) -> Mode:
        return replace(mode, **{"site": mode.scope, **self._changes})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        MODE.reset(self._tokens.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            with type(self)(**self._changes):
                return function(*args, **kwargs)

        return wrapped


class _Noting(_Switch):
    def _changed(self, mode: Mode) -> Mode:
        return NotingMode(mode.recording, mode.scope, mode.outside, mode.kind)


def no_grad() -> _Switch:
    """Compute without recording: results carry no gradient. A `with` block or a decorator.

    >>> import autograd as ag
    >>> x = ag.Tensor(3.0)
    >>> with ag.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return _Switch(recording=False)


def recording() -> _Switch:
    """Record, also inside `no_grad`: what a function is differentiated by."""
    return _Switch(recording=True)


def source_lines() -> _Switch:
    """Note for each gate which line of the program called it. A `with` block or a decorator.

    `autograd.explore` then shows the line beside the gate. A gate takes a microsecond longer
    inside the block, and no longer outside.

    >>> import autograd as ag
    >>> x = ag.Tensor(3.0)
    >>> with ag.source_lines():
    ...     y = x * x
    """
    return _Noting()


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

    def __enter__(self) -> Scope | None:
        mode = MODE.get()
        outside, inside = self._last
        if outside is not mode:
            box = Scope(*self._text, mode.scope)
            inside = type(mode)(mode.recording, box, mode, mode.kind)
            self._last = mode, inside
        MODE.set(inside)
        return inside.scope

    def __exit__(self, *_: object) -> None:
        MODE.set(MODE.get().outside or Mode())

    def put(self, tensor: T) -> T:
        """Put just the gate that made `tensor` into the box, with less work than a `with` block."""
        node = tensor._node
        if node is not None:
            around = node.scope
            outside, inside = self._box
            if outside is not around:
                inside = Scope(*self._text, around)
                self._box = around, inside
            node.site = moved(node.site, inside)
        return tensor


def computing_with(kind: Kind, **changes: Any) -> _Switch:
    """Let every gate compute with values of this kind."""
    return _Switch(kind=kind, **changes)


def setting(owner: Any, name: str) -> Any:
    """The number `owner.name`, such as a step size; compiled programs read it at every call."""
    return MODE.get().kind.setting(owner, name)


def is_recording() -> bool:
    """Whether gates are being recorded here (False inside `no_grad`)."""
    return MODE.get().recording
