"""The steps from images down to vectors, and up again."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

import autograd
from autograd import ShapeError, Tensor

from .layer import Layer

__all__ = ["Flatten", "Unflatten"]


class Flatten(Layer):
    """Each example as a vector, (n, ...) to (n, d); or other axes, from one to another.

    start_axis, end_axis   the first and the last axis that become one
    Raises ShapeError when the input has no such axes.

    >>> Flatten()(np.ones((5, 3, 4, 2))).shape, Flatten(2)(np.ones((5, 3, 4, 2))).shape
    ((5, 24), (5, 3, 8))
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1):
        self.start_axis, self.end_axis = operator.index(start_axis), operator.index(end_axis)

    def forward(self, x: Any) -> Tensor:
        """The values with the axes from start to end as one."""
        shape = np.shape(x)
        axes = range(len(shape))
        try:
            start, end = axes[self.start_axis], axes[self.end_axis]
        except IndexError:
            start, end = 1, 0
        if start > end:
            raise ShapeError(
                f"Flatten: x has shape {shape}, which has no axes from {self.start_axis} to "
                f"{self.end_axis}"
            )
        flat = math.prod(shape[start : end + 1])
        return autograd.reshape(  # type: ignore[no-any-return]
            x, (*shape[:start], flat, *shape[end + 1 :])
        )

    def extra_repr(self) -> str:
        """The axes, unless they are as usual."""
        usual = (self.start_axis, self.end_axis) == (1, -1)
        return "" if usual else f"start_axis={self.start_axis}, end_axis={self.end_axis}"


class Unflatten(Layer):
    """One axis as several: (n, 24) to (n, 2, 3, 4) by `Unflatten(1, (2, 3, 4))`.

    axis    the one that is taken apart
    sizes   of the axes that it becomes; one may be -1, which is what is left
    Raises ShapeError when the input has no such axis, or the sizes do not make it up.

    >>> Unflatten(1, (2, -1, 4))(np.ones((5, 24))).shape
    (5, 2, 3, 4)
    """

    def __init__(self, axis: int, sizes: Sequence[int]):
        self.axis, self.sizes = operator.index(axis), tuple(map(operator.index, sizes))

    def forward(self, x: Any) -> Tensor:
        """The values with the axis as several."""
        shape = np.shape(x)
        left = -math.prod(self.sizes) if -1 in self.sizes else 0  # what the others make up
        try:
            axis = range(len(shape))[self.axis]
            sizes = tuple(shape[axis] // left if n == -1 and left else n for n in self.sizes)
            fits = math.prod(sizes) == shape[axis] and min(sizes, default=1) >= 0
        except IndexError:
            fits = False
        if not fits:
            raise ShapeError(
                f"Unflatten: x has shape {shape}; expected an axis {self.axis} whose length is the "
                f"product of {self.sizes}"
            )
        return autograd.reshape(  # type: ignore[no-any-return]
            x, (*shape[:axis], *sizes, *shape[axis + 1 :])
        )

    def extra_repr(self) -> str:
        """The axis, and what it becomes."""
        return f"{self.axis}, {self.sizes}"
