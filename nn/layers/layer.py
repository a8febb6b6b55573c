"""The layer: a module that is a single gate."""

from __future__ import annotations

from typing import Any

from ..module import Module

__all__ = ["Layer"]


class Layer(Module):
    """A module that is a single gate, and is drawn without a box around it."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)
