"""Functions that move values: other shapes, other orders, joined, repeated, taken, chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from .calls import applied
from .creation import asarray

__all__ = [
    "broadcast_arrays", "broadcast_to", "concat", "expand_dims", "flip", "matrix_transpose",
    "moveaxis", "permute_dims", "repeat", "reshape", "roll", "squeeze", "stack", "take",
    "take_along_axis", "tile", "unstack", "where",
]  # fmt: skip

Axes = Any  # an int or a tuple of them


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Tensor:
    """The values repeated to a shape."""
    return applied(np.broadcast_to, x, shape)


def broadcast_arrays(*arrays: Any) -> list[Tensor]:
    """All tensors, repeated to the shape that they have together."""
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return [broadcast_to(x, shape) for x in arrays]


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Tensor:
    """Tensors joined along an axis that they have; None: all of their values in one."""
    return applied(np.concatenate, _tensors(arrays), axis=axis)


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Tensor:
    """Tensors joined along a new axis."""
    return applied(np.stack, _tensors(arrays), axis=axis)


def _tensors(arrays: Any) -> list[Tensor]:
    return [asarray(x) for x in arrays]


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts of a tensor along an axis: what `stack` had joined."""
    parts = moveaxis(x, axis, 0)
    return tuple(parts[k, ...] for k in range(parts.shape[0]))


def expand_dims(x: Any, /, axis: Axes) -> Tensor:
    """The values with new axes of length 1."""
    return applied(np.expand_dims, x, axis)


def squeeze(x: Any, /, axis: Axes) -> Tensor:
    """The values without some axes of length 1. Raises ValueError for longer ones."""
    return applied(np.squeeze, x, axis)


def flip(x: Any, /, *, axis: Axes = None) -> Tensor:
    """The values in reverse order, along some axes or all."""
    return applied(np.flip, x, axis)


def matrix_transpose(x: Any, /) -> Tensor:
    """Matrices with rows and columns exchanged."""
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: got shape {x.shape}; matrices have two axes or more")
    return applied(np.swapaxes, x, -1, -2)


def moveaxis(x: Any, source: Axes, destination: Axes, /) -> Tensor:
    """The values with some axes in other places."""
    return applied(np.moveaxis, x, source, destination)


def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Tensor:
    """The values with the axes in another order."""
    return applied(np.transpose, x, axes)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Tensor:
    """Each value several times in a row."""
    return applied(np.repeat, x, _plain(repeats), axis=axis)


def _plain(counts: Any) -> Any:
    """Integers as NumPy's gates take them beside tensors."""
    return counts.numpy() if isinstance(counts, Tensor) else counts


def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Tensor:
    """The same values in another shape; `copy=False` raises ValueError if they have to move."""
    if copy is False:
        np.reshape(np.asarray(x.detach()._current()), shape, copy=False)
    result = applied(np.reshape, x, shape)
    return applied(np.copy, result) if copy else result


def roll(x: Any, /, shift: Axes, *, axis: Axes = None) -> Tensor:
    """The values moved along; what leaves at one end comes in at the other."""
    return applied(np.roll, x, shift, axis=axis)


def tile(x: Any, repetitions: tuple[int, ...], /) -> Tensor:
    """The whole tensor several times, along each axis."""
    return applied(np.tile, x, repetitions)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
    """The parts of a tensor at some positions of an axis."""
    return applied(np.take, x, indices, axis=axis)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Tensor:
    """A value for each index, along an axis: what `argsort` tells where to find."""
    return applied(np.take_along_axis, x, indices, axis=axis)


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """Elements of x1 where the condition is true, of x2 elsewhere."""
    return applied(np.where, condition, x1, x2)
