"""Which line of the user's program called a gate: noted inside `source_lines()`, nowhere else."""

from __future__ import annotations

import sys
from types import CodeType
from typing import Any

from .modes import Mode, Scope, Switch

__all__ = ["Place", "source_lines"]

OURS = ("autograd", "nn", "numpy")  # packages that call gates on behalf of the user


class Place:
    """The place in a program that called a gate, and the scope that the gate lies in.

    The code object and the offset in it are all that Python needs to find the file, the line and
    the very expression, when somebody asks.
    """

    __slots__ = ("code", "offset", "scope")

    def __init__(self, code: CodeType, offset: int, scope: Scope | None):
        self.code, self.offset, self.scope = code, offset, scope

    def moved(self, scope: Scope | None) -> Place:
        """The same place in another scope."""
        return Place(self.code, self.offset, scope)


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
    def site(self) -> Any:
        """The same, and the place that called the gate."""
        if not self.kind.eager:  # a compiled function has no graph to point at
            return self._scope
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
            if frame.f_back is None:
                return self._scope
            frame = frame.f_back
        return Place(frame.f_code, frame.f_lasti, self._scope)

    @site.setter
    def site(self, site: Any) -> None:
        self._scope = site.scope if isinstance(site, Place) else site


class _Noting(Switch):
    def changed(self, mode: Mode) -> Mode:
        return NotingMode(mode.recording, mode.scope, mode, mode.kind, self)


def source_lines() -> Switch:
    """Note for each gate which line of the program called it. A `with` block or a decorator.

    `autograd.explore` then shows the line beside the gate. A gate takes a microsecond longer
    inside the block, and no longer outside.

    >>> import autograd as ag
    >>> x = ag.Tensor(3.0)
    >>> with ag.source_lines():
    ...     y = x * x
    """
    return _Noting()
