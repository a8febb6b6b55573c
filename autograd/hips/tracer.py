"""Boxes are tensors: `isbox`, `getval`, and the decorators for functions that see no tensors."""

from __future__ import annotations

from typing import Any

from autograd.tensor import Tensor

from .containers import is_tracked, plain
from .primitives import notrace_primitive, primitive, register_notrace

__all__ = ["Box", "getval", "isbox", "notrace_primitive", "primitive", "register_notrace"]

Box = Tensor
isbox = is_tracked


def getval(x: Any) -> Any:
    """The plain value of a tensor; anything else as it is.

    >>> print(getval(Tensor(2.0)))
    2.0
    """
    return plain(x)


# what stands in the place of a tensor's array, under the name that clients read it by
Tensor._value = property(plain, doc="The plain value.")  # type: ignore[attr-defined]
