"""Hooks: functions of the user's that see what a module computes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import Module

__all__ = ["Hook", "call_hooks"]

_NUMBERS = itertools.count()


class Hook:
    """A function that is called after a module's forward pass; `remove()` ends that."""

    def __init__(self, module: Module, function: Callable[[Module, tuple[Any, ...], Any], Any]):
        if not callable(function):
            raise TypeError(
                f"register_forward_hook: got {function!r}; expected a function(module, inputs, "
                "output)"
            )
        self._number = next(_NUMBERS)
        self._module, self.function = module, function
        object.__setattr__(
            module, "forward_hooks", {**module.forward_hooks, self._number: function}
        )

    def remove(self) -> None:
        """The function is not called any more."""
        left = {k: f for k, f in self._module.forward_hooks.items() if k != self._number}
        object.__setattr__(self._module, "forward_hooks", left)


def call_hooks(module: Module, inputs: tuple[Any, ...], out: Any) -> Any:
    """The output after the module's hooks have seen it."""
    for function in [*module.forward_hooks.values()]:
        replaced = function(module, inputs, out)
        out = out if replaced is None else replaced
    return out
