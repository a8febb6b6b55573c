"""Pooling of sequences (n, c, length) and images (n, c, h, w): the largest, or the mean."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

import autograd
from autograd import DTypeError, ShapeError, Tensor

from ..arguments import size
from ..module import Module
from .layer import Layer

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AvgPool1d", "AvgPool2d", "GlobalAvgPool",
    "GlobalMaxPool", "MaxPool1d", "MaxPool2d",
]  # fmt: skip

Size = int | Sequence[int]
Padding = int | str | Sequence[Any]


class _Pool(Layer):
    """What the windows have in common."""

    _usual: ClassVar[dict[str, Any]] = {
        "stride": None,
        "padding": 0,
        "dilation": 1,
        "count_include_pad": True,
    }

    kernel_size: Any

    def __repr__(self) -> str:
        options = [
            f", {name}={getattr(self, name)!r}"
            for name, usual in self._usual.items()
            if getattr(self, name, usual) != usual
        ]
        return f"{type(self).__name__}({self.kernel_size}{''.join(options)})"


class MaxPool2d(_Pool):
    """The largest of every window; `kernel_size` and the others as of `autograd.max_pool2d`.

    >>> import nn
    >>> nn.MaxPool2d(2)(np.zeros((3, 1, 28, 28))).shape
    (3, 1, 14, 14)
    """

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Padding = 0,
        dilation: Size = 1,
    ):  # fmt: skip
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x: Any) -> Tensor:
        """(n, c, h, w) to (n, c, down, across)."""
        return autograd.max_pool2d(  # type: ignore[no-any-return]
            x, self.kernel_size, self.stride, self.padding, self.dilation
        )


class MaxPool1d(_Pool):
    """The largest of every window; `kernel_size` and the others as of `autograd.max_pool1d`.

    >>> import nn
    >>> nn.MaxPool1d(2)(np.zeros((3, 1, 40))).shape
    (3, 1, 20)
    """

    def __init__(
        self, kernel_size: int, stride: int | None = None, padding: Padding = 0, dilation: int = 1
    ):
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x: Any) -> Tensor:
        """(n, c, length) to (n, c, places)."""
        return autograd.max_pool1d(  # type: ignore[no-any-return]
            x, self.kernel_size, self.stride, self.padding, self.dilation
        )


class AvgPool2d(_Pool):
    """The mean of every window; `kernel_size` and the others as of `autograd.avg_pool2d`.

    >>> import nn
    >>> nn.AvgPool2d((2, 1))(np.zeros((3, 1, 28, 28))).shape
    (3, 1, 14, 28)
    """

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Padding = 0, *,
        count_include_pad: bool = True,
    ):  # fmt: skip
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.count_include_pad = padding, count_include_pad

    def forward(self, x: Any) -> Tensor:
        """(n, c, h, w) to (n, c, down, across)."""
        return autograd.avg_pool2d(  # type: ignore[no-any-return]
            x, self.kernel_size, self.stride, self.padding, self.count_include_pad
        )


class AvgPool1d(_Pool):
    """The mean of every window; `kernel_size` and the others as of `autograd.avg_pool1d`.

    >>> import nn
    >>> nn.AvgPool1d(4)(np.zeros((3, 1, 40))).shape
    (3, 1, 10)
    """

    def __init__(
        self, kernel_size: int, stride: int | None = None, padding: Padding = 0, *,
        count_include_pad: bool = True,
    ):  # fmt: skip
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.count_include_pad = padding, count_include_pad

    def forward(self, x: Any) -> Tensor:
        """(n, c, length) to (n, c, places)."""
        return autograd.avg_pool1d(  # type: ignore[no-any-return]
            x, self.kernel_size, self.stride, self.padding, self.count_include_pad
        )


# --- windows that are as large as they have to be ------------------------------------------------


@functools.lru_cache(maxsize=64)
def _sharing(length: int, places: int, dtype: Any) -> Any:
    """A matrix (length, places) that takes means: from ⌊i n / m⌋ up to ⌈(i + 1) n / m⌉."""
    weights = np.zeros((length, places), dtype)
    for i in range(places):
        start, end = i * length // places, -(-(i + 1) * length // places)
        weights[start:end, i] = 1 / (end - start)
    weights.flags.writeable = False
    return weights


class _AdaptiveAvgPool(Module):
    """Means of windows that are chosen so that there are so many."""

    _axes = 1
    _shape = "length"

    def __init__(self, output_size: int | Sequence[int | None] | None):
        name, given = type(self).__name__, output_size
        one = given is None or np.ndim(given) == 0  # type: ignore[arg-type]
        each: Any = (given,) * self._axes if one else tuple(given)  # type: ignore[arg-type]
        if len(each) != self._axes:
            raise TypeError(
                f"{name}: output_size is {given!r}; expected {self._axes} integers, or one for all"
            )
        self.output_size = tuple(n if n is None else size(n, f"{name}: output_size") for n in each)

    def forward(self, x: Any) -> Tensor:
        """Means of x; an axis whose size is None stays as it is."""
        x = _operand(type(self).__name__, x, self._axes, self._shape)
        for k, places in enumerate(self.output_size):
            axis = k - self._axes
            length = x.shape[axis]
            if places == 1 and length != 1:
                x = np.mean(x, axis=axis, keepdims=True)
            elif places not in (None, length):
                weights = _sharing(length, places, x.dtype)
                x = np.matmul(x, weights) if axis == -1 else np.matmul(weights.T, x)
        return x  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        sizes = self.output_size
        shown = sizes[0] if len({*sizes}) == 1 else sizes
        return f"{type(self).__name__}({shown})"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means of `output_size` windows, which overlap where they do not go into the length evenly.

    Sequences (n, c, length) give (n, c, output_size). Raises ShapeError, DTypeError.

    >>> import nn
    >>> nn.AdaptiveAvgPool1d(2)(np.array([[[1.0, 2.0, 6.0]]])).tolist()
    [[[1.5, 4.0]]]
    """


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means of as many windows as `output_size` says: a number, or two for rows and columns.

    Images (n, c, h, w) give (n, c, *output_size); None leaves an axis as it is. Raises ShapeError,
    DTypeError.

    >>> import nn
    >>> nn.AdaptiveAvgPool2d((3, None))(np.zeros((2, 8, 7, 5))).shape
    (2, 8, 3, 5)
    """

    _axes = 2
    _shape = "height, width"


class GlobalAvgPool(Module):
    """The mean of every channel: (n, c, ...) to (n, c).

    >>> import nn
    >>> nn.GlobalAvgPool()(np.ones((2, 8, 7, 5))).shape
    (2, 8)
    """

    def forward(self, x: Any) -> Tensor:
        """The means of x, of any number of axes after the channels."""
        x = _operand("GlobalAvgPool", x, None, "...")
        return np.mean(x, axis=tuple(range(2, x.ndim)))  # type: ignore[no-any-return]


class GlobalMaxPool(Module):
    """The largest of every channel: (n, c, ...) to (n, c). Elements that tie share the gradient.

    >>> import nn
    >>> nn.GlobalMaxPool()(np.ones((2, 8, 7, 5))).shape
    (2, 8)
    """

    def forward(self, x: Any) -> Tensor:
        """The largest elements of x, of any number of axes after the channels."""
        x = _operand("GlobalMaxPool", x, None, "...")
        return np.max(x, axis=tuple(range(2, x.ndim)))  # type: ignore[no-any-return]


def _operand(name: str, x: Any, axes: int | None, shape: str) -> Any:
    """x as a tensor of floats (n, channels, and `axes` more, none of them empty)."""
    x = x if isinstance(x, Tensor) else Tensor(x, requires_grad=False)
    if (x.ndim < 3 if axes is None else x.ndim != 2 + axes) or 0 in x.shape[2:]:
        raise ShapeError(
            f"{name}: x is {x.shape}; expected (n, channels, {shape}), without an empty axis"
        )
    if x.dtype.kind != "f":
        raise DTypeError(f"{name}: x is {x.dtype}; expected floats, so use x.astype(float)")
    return x
