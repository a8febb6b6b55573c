"""What the namespace can do: the answer of `__array_namespace_info__()`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .calls import check_device
from .dtypes import DTYPES, complex128, float64, int64, isdtype

__all__ = ["NamespaceInfo"]


class NamespaceInfo:
    """Capabilities, devices and dtypes of the namespace.

    >>> NamespaceInfo().default_dtypes()["real floating"]
    dtype('float64')
    """

    def capabilities(self) -> dict[str, Any]:
        """What the standard leaves open: masks as indices, shapes that depend on values."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where tensors are."""
        return "cpu"

    def devices(self) -> list[str]:
        """All places where tensors can be."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """The dtypes that numbers of Python become."""
        check_device(device)
        return {
            "real floating": float64,
            "complex floating": complex128,
            "integral": int64,
            "indexing": int64,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """All dtypes of a kind, or of several, by name."""
        check_device(device)
        return {x.name: x for x in DTYPES if kind is None or isdtype(x, kind)}
