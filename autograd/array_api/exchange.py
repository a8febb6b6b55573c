"""Tensors for other libraries: the namespace, the device, and memory by DLPack."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np

from ..sharing import OUTSIDE
from ..tensor import Tensor
from .calls import check_device

__all__ = ["capsule", "namespace", "on_device"]

VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")


def namespace(api_version: str | None = None) -> ModuleType:
    """The namespace, which has what all of the versions have. Raises ValueError for others."""
    if api_version not in (None, *VERSIONS):
        raise ValueError(
            f"__array_namespace__: got api_version={api_version!r}; expected one of "
            f"{', '.join(VERSIONS)}"
        )
    return sys.modules[str(__package__)]


def on_device(tensor: Tensor, device: Any) -> Tensor:
    """The tensor itself: there is one device."""
    check_device(device)
    return tensor


def capsule(tensor: Tensor, copy: bool | None, **options: Any) -> Any:
    """The values for another library, by DLPack: a copy, so that writes to it change nothing here.

    `copy=False` shares the memory; who asks for it promises not to write to it, and the tensor
    cannot be written to any more. Raises BufferError for a tracked tensor, whose gradient would be
    lost, and when there is no memory to share.
    """
    if tensor.requires_grad:
        raise BufferError(
            "__dlpack__: t is tracked, and another library would silently lose its gradient; use "
            "t.detach() to leave the graph on purpose"
        )
    if copy is not False:
        return tensor.numpy().__dlpack__(**options)
    if not tensor.ndim:
        raise BufferError("__dlpack__(copy=False): a single value has no memory to be shared")
    tensor._memory = OUTSIDE
    return np.asarray(tensor._current()).__dlpack__(**options)
