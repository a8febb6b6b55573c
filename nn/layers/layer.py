"""The layer: a module that is a single gate, or none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import plain
from ..forward_hooks import call_hooks
from ..module import TOLD, Module

__all__ = ["Identity", "Layer"]


class Layer(Module):
    """A module that is a single gate, and is drawn without a box around it."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        try:
            out = self.forward(*inputs, **options)
        except TOLD as error:
            self._locate(error)
            raise
        return call_hooks(self, inputs, out) if self.forward_hooks else out


class Identity(Layer):
    """The input as it is: it takes the place of a layer that is to be left out."""

    def forward(self, x: Any) -> Any:
        """x itself."""
        return plain(x, "Identity: x") if isinstance(x, np.ndarray) else x
