"""Layers for images (n, c, h, w): convolution and pooling, and the step down to vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

import autograd
from autograd import Parameter, ShapeError, Tensor

from . import init
from .arguments import size
from .layers import Array, Flatten, Init, Layer
from .rng import Seed

__all__ = ["AvgPool2d", "Conv2d", "Flatten", "MaxPool2d"]

Size = int | Sequence[int]
Padding = int | str | Sequence[Any]


class Conv2d(Layer):
    """Convolution with filters W (out, in / groups, rows, columns), plus a bias b (out,) for each.

    in_channels, out_channels   of the images; or copies of given arrays: `Conv2d(W, b)`
    kernel_size                 of the filters: a number, or two for rows and columns
    stride, padding, dilation, groups   as of `autograd.conv2d`
    init                        how W is drawn, from fan-in and fan-out (`nn.init.he`); b is zeros
    seed, dtype                 of the random numbers; of the parameters
    Images (n, in, h, w) give (n, out, down, across). Raises ShapeError for anything else.

    >>> import nn
    >>> nn.Conv2d(1, 16, 5, seed=0)(np.zeros((32, 1, 28, 28))).shape
    (32, 16, 24, 24)
    """

    W: Parameter
    b: Parameter

    def __init__(
        self,
        in_channels: int | ArrayLike | Parameter,
        out_channels: int | ArrayLike | Parameter,
        kernel_size: Size | None = None,
        *,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        init: Init = init.he,
        seed: Seed = None,
        dtype: DTypeLike = float,
    ):
        self.groups = size(groups, "Conv2d: groups")
        self._init = None if np.ndim(in_channels) else init
        if self._init is None:
            weights: Any = in_channels
            biases: Any = out_channels
        else:
            shape = _filter_shape(in_channels, out_channels, kernel_size, self.groups)
            weights = _filters(shape, self._init, seed, dtype)
            biases = np.zeros(shape[0], dtype)
        check_filters("Conv2d", np.shape(weights), np.shape(biases))
        self.W = weights if isinstance(weights, Parameter) else Parameter(weights, name="W")
        self.b = biases if isinstance(biases, Parameter) else Parameter(biases, name="b")
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def draw(self, seed: Seed) -> None:
        """Draw W anew and set b to zero, unless they were given."""
        if self._init is not None:
            self.W.data = _filters(self.W.shape, self._init, seed, self.W.dtype)
            self.b.data = np.zeros(self.b.shape)

    def forward(self, x: Any) -> Tensor:
        """The convolution of images x (n, in, h, w)."""
        out: Tensor = autograd.conv2d(
            x, self.W, self.b, self.stride, self.padding, self.dilation, self.groups
        )
        return (self._box or self._make_box()).put(out)

    def __repr__(self) -> str:
        out_channels, channels, *size = self.W.shape
        options = [f"{name}={getattr(self, name)!r}" for name in _options(self)]
        inside = [channels * self.groups, out_channels, _short(size), *options]
        return f"Conv2d({', '.join(map(str, inside))})"


def _options(layer: Conv2d) -> list[str]:
    """The options that are not as usual."""
    usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    return [name for name, value in usual.items() if getattr(layer, name) != value]


def check_filters(name: str, W: tuple[int, ...], b: tuple[int, ...]) -> None:
    """Raise ShapeError unless the shapes of filters and biases fit together."""
    if len(W) != 4 or b != W[:1]:
        raise ShapeError(
            f"{name}: W is {W} and b is {b}; expected W (out, in, rows, columns) and b (out,)"
        )


def _filter_shape(
    in_channels: Any, out_channels: Any, kernel_size: Any, groups: int
) -> tuple[int, ...]:
    """The shape of filters (out, in / groups, rows, columns)."""
    ins, outs = size(in_channels, "Conv2d: in_channels"), size(out_channels, "Conv2d: out_channels")
    if kernel_size is None:
        raise TypeError(
            f"Conv2d: got {ins} and {outs} channels, and no kernel_size; expected "
            "Conv2d(in_channels, out_channels, kernel_size), or the arrays Conv2d(W, b)"
        )
    if ins % groups or outs % groups:
        raise ShapeError(
            f"Conv2d: groups is {groups}, which does not divide {ins} and {outs} channels; choose "
            "a number that divides both"
        )
    return outs, ins // groups, *_two(kernel_size)


def _filters(shape: tuple[int, ...], init: Init, seed: Seed, dtype: DTypeLike) -> Array:
    """Random filters; the fan-in is the number of elements of one filter."""
    drawn = init(math.prod(shape[1:]), shape[0], seed=seed, dtype=dtype)
    return np.ascontiguousarray(drawn.T).reshape(shape)


def _two(kernel: Any) -> tuple[int, int]:
    both = (kernel, kernel) if np.ndim(kernel) == 0 else tuple(kernel)
    if len(both) != 2:
        raise TypeError(
            f"Conv2d: kernel_size is {kernel!r}; expected an integer, or two for rows and columns"
        )
    rows, columns = (size(k, "Conv2d: kernel_size") for k in both)
    return rows, columns


def _short(size: Sequence[int]) -> Any:
    return size[0] if size[0] == size[1] else tuple(size)


class MaxPool2d(Layer):
    """The largest of every window; `kernel_size` and the others as of `autograd.max_pool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        *,
        padding: Padding = 0,
        dilation: Size = 1,
    ):
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.dilation = padding, dilation

    def forward(self, x: Any) -> Tensor:
        """(n, c, h, w) to (n, c, down, across)."""
        return autograd.max_pool2d(  # type: ignore[no-any-return]
            x, self.kernel_size, self.stride, self.padding, self.dilation
        )

    def __repr__(self) -> str:
        return f"MaxPool2d({self.kernel_size})"


class AvgPool2d(Layer):
    """The mean of every window; `kernel_size` and the others as of `autograd.avg_pool2d`."""

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        *,
        padding: Padding = 0,
        count_include_pad: bool = True,
    ):
        self.kernel_size, self.stride = kernel_size, stride
        self.padding, self.count_include_pad = padding, count_include_pad

    def forward(self, x: Any) -> Tensor:
        """(n, c, h, w) to (n, c, down, across)."""
        return autograd.avg_pool2d(  # type: ignore[no-any-return]
            x, self.kernel_size, self.stride, self.padding, self.count_include_pad
        )

    def __repr__(self) -> str:
        return f"AvgPool2d({self.kernel_size})"
