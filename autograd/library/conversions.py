"""Values of tensors as lists and bytes: like `t.numpy()`, they leave the graph on purpose."""

from __future__ import annotations

from typing import Any, Literal

from ..declare import register_method
from ..tensor import Tensor

__all__: list[str] = []


def _tolist(self: Tensor) -> Any:
    """The values as Python numbers, in lists, as `ndarray.tolist`."""
    return self.numpy().tolist()


def _tobytes(self: Tensor, order: Literal["C", "F", "A", "K"] = "C") -> bytes:
    """The values as they lie in memory, as `ndarray.tobytes`."""
    return self.numpy().tobytes(order)


register_method(["tolist"], _tolist)
register_method(["tobytes"], _tobytes)
