"""Attributes of Tensor that are looked up late: methods of the library, names from elsewhere."""

from __future__ import annotations

from typing import Any

from .. import library  # noqa: F401 (attaches its methods)
from ..tensor import Tensor
from ..words.names import of_tensor

__all__ = ["late"]


def late(tensor: Tensor, name: str) -> Any:
    """What the class has by now; raises AttributeError that tells how NumPy calls the same."""
    if hasattr(type(tensor), name):
        return object.__getattribute__(tensor, name)
    raise of_tensor(tensor, name)
