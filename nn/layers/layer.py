"""The layer: a module that is a single gate."""

from __future__ import annotations

from typing import Any

from ..forward_hooks import call_hooks
from ..module import TOLD, Module

__all__ = ["Layer"]


class Layer(Module):
    """A module that is a single gate, and is drawn without a box around it."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        try:
            out = self.forward(*inputs, **options)
        except TOLD as error:
            self._locate(error)
            raise
        return call_hooks(self, inputs, out) if self.forward_hooks else out
