"""The backend of einops for tensors: `einops.rearrange`, `reduce`, `repeat`, `einsum` and others.

It is registered when einops is imported (see interop.py), and never imports einops by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from . import reducing

__all__ = ["TensorBackend", "register"]

_REGISTERED: list[type] = []  # einops asks a class for its subclasses, which nobody else holds


def register(backends: Any) -> None:
    """Let einops find the backend: among the subclasses of its own, and there is no other way."""
    bases = (TensorBackend, backends.AbstractBackend)
    _REGISTERED.append(type("RegisteredBackend", bases, {"framework_name": "autograd"}))


class TensorBackend:
    """What einops asks of arrays, answered by NumPy's functions, which record gates."""

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Whether it is a tensor of ours."""
        return isinstance(tensor, Tensor)

    def from_numpy(self, x: Any) -> Tensor:
        """A tensor of an array."""
        return Tensor(x)

    def to_numpy(self, x: Tensor) -> np.ndarray[Any, Any]:
        """An array of a tensor."""
        return x.numpy()

    def arange(self, start: int, stop: int) -> Tensor:
        """The integers from `start` to before `stop`."""
        return Tensor(np.arange(start, stop))

    def reduce(self, x: Tensor, operation: str, axes: Any) -> Any:
        """A reduction by its name, along axes."""
        return getattr(reducing, operation)(x, axis=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
        """Tensors joined along a new first axis."""
        return np.stack(tensors)

    def add_axis(self, x: Any, new_position: int) -> Any:
        """A new axis of length 1."""
        return np.expand_dims(x, new_position)

    def add_axes(self, x: Any, n_axes: int, pos2len: dict[int, int]) -> Any:
        """New axes of given lengths, along which the values are repeated."""
        for position in sorted(pos2len):
            x = np.expand_dims(x, position)
        return np.broadcast_to(x, tuple(pos2len.get(k, n) for k, n in enumerate(x.shape)))

    def tile(self, x: Any, repeats: tuple[int, ...]) -> Any:
        """Copies along each axis."""
        return np.tile(x, repeats)

    def concat(self, tensors: list[Any], axis: int) -> Any:
        """Tensors joined along an axis."""
        return np.concatenate(tensors, axis=axis)

    def is_float_type(self, x: Tensor) -> bool:
        """Whether a mean is a number of the same kind."""
        return x.dtype.kind in "fc"

    def einsum(self, pattern: str, *x: Any) -> Any:
        """Sums of products by the names of axes."""
        return np.einsum(pattern, *x)
