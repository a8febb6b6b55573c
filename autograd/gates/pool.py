"""Pooling: the largest, or the mean, of every window of an image, channel by channel."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from ..errors import ShapeError
from .shape import broadcast_to
from .signatures import recorded
from .windows import (
    Padding,
    Size,
    Window,
    along_rows,
    as_images,
    as_rows,
    fold,
    padding_of_rows,
    pieces_of,
    unfold,
    window_on,
)

__all__ = ["avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"]

LOWEST = -math.inf  # what max pooling sees in the padding


@functools.lru_cache(maxsize=64)
def in_image(window: Window, image: tuple[int, int]) -> Array:
    """Which elements of the window see the image, not padding: (rows, columns, 1, 1, ...)."""
    seen: Array = pieces_of(np.ones((1, 1, *image), bool), window, False)
    if not seen.any(axis=(0, 1)).all():
        raise ShapeError(
            f"pooling: with the window {window} on an image {image[0]} x {image[1]}, some windows "
            "lie in the padding alone; use less padding, or none"
        )
    seen.flags.writeable = False
    return seen


# --- the largest -------------------------------------------------------------------------------


def _winners(x: Any, out: Any, window: Window) -> Any:
    """Which elements of each window are the largest; never the padding, whatever is in it."""
    winners = unfold(x, window=window, fill=LOWEST) == out
    return winners & in_image(window, tuple(x.shape[2:])) if window.pads else winners


def _to_winners(g: Array, x: Any, out: Any, window: Window) -> Any:
    """Give the winners of each window its gradient, in equal parts."""
    winners = _winners(x, out, window).astype(g.dtype)
    with np.errstate(invalid="ignore", divide="ignore"):  # NaN has no winner: its gradient is NaN
        share = g / np.sum(winners, axis=(0, 1))
        return fold(winners * share, shape=tuple(x.shape), window=window)


def _used(winners: Array) -> Array:
    """The winners; all elements of a window where NaN, which equals nothing, won."""
    return np.logical_or(winners, np.logical_not(np.any(winners, axis=(0, 1))))


@gate(
    name="max_pool2d",
    symbol="max pool",
    role="router",
    vjp=lambda g, x, out, window: _to_winners(g, x, out, window),
    live=lambda x, out, window: (
        fold(_used(_winners(x, out, window)).astype(float), shape=x.shape, window=window) != 0
    ),
    expand=lambda x, window: np.max(unfold(x, window=window, fill=LOWEST), axis=(0, 1)),
    opened="asked for",
    shape=lambda x, window: (*x[:2], *window.places(x)),
    says="{g} to the largest of each window",
)
def max_pool2d_gate(x: Array, window: Window) -> Array:
    return np.max(pieces_of(x, window, LOWEST), axis=(0, 1))


@recorded
def max_pool2d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Any:
    """The largest element of every window of the images x (n, c, h, w).

    kernel_size, stride   a number, or two for rows and columns; stride None: as kernel_size
    padding, dilation     as of `conv2d`; padding never wins
    Gives (n, c, down, across), NaN where a window holds NaN. Elements that tie share the gradient
    equally, as in `max`. Raises ShapeError, DTypeError, TypeError, ValueError.

    >>> max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)[0, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    x = as_images("max_pool2d", x)
    return _largest("max_pool2d", x, kernel_size, stride, padding, dilation)


def _largest(name: str, x: Any, size: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    window = window_on(name, x.shape, size, size if stride is None else stride, padding, dilation)
    if window.pads:
        in_image(window, x.shape[2:])
    return max_pool2d_gate(x, window=window)


@recorded
def max_pool1d(
    x: Any,
    kernel_size: int,
    stride: int | None = None,
    padding: int | str | Sequence[int] = 0,
    dilation: int = 1,
) -> Any:
    """The same as `max_pool2d` along one axis: of sequences x (n, c, length).

    >>> max_pool1d(np.array([[[1.0, 5.0, 2.0, 3.0]]]), 2)
    array([[[5., 3.]]])
    """
    name, stride = "max_pool1d", kernel_size if stride is None else stride
    rows = along_rows(name, kernel_size=kernel_size, stride=stride, dilation=dilation)
    x, sides = as_rows(name, x), padding_of_rows(name, padding)
    out = _largest(name, x, rows["kernel_size"], rows["stride"], sides, rows["dilation"])
    return np.squeeze(out, 2)


# --- the mean ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def weights_of(window: Window, image: tuple[int, int], padding: bool, dtype: Any) -> Any:
    """1 / how many elements a window has: a number; or for each place, when only some count."""
    if padding or not window.pads:
        return dtype.type(1 / math.prod(window.size))
    seen = in_image(window, image).sum(axis=(0, 1))[0, 0]
    weights = (1 / seen).astype(dtype)
    weights.flags.writeable = False
    return weights


def _mean(x: Any, pieces: Any, window: Window, count_include_pad: bool) -> Any:
    weights = weights_of(window, tuple(x.shape[2:]), count_include_pad, x.dtype)
    return np.sum(pieces, axis=(0, 1)) * weights


def _mean_back(g: Array, shape: Sequence[int], window: Window, padding: bool) -> Array:
    share = g * weights_of(window, tuple(shape[2:]), padding, g.dtype)
    pieces = broadcast_to(share, shape=(*window.size, *g.shape))
    return fold(pieces, shape=tuple(shape), window=window)


@gate(
    name="avg_pool2d",
    symbol="avg pool",
    role="distributor",
    linear=True,
    vjp=lambda g, x_shape, window, count_include_pad: _mean_back(
        g, x_shape, window, count_include_pad
    ),
    expand=lambda x, window, count_include_pad: _mean(
        x, unfold(x, window=window), window, count_include_pad
    ),
    opened="asked for",
    shape=lambda x, window, count_include_pad: (*x[:2], *window.places(x)),
    says="{g} ÷ (size of a window), to each of the window",
)
def avg_pool2d_gate(x: Array, window: Window, count_include_pad: bool) -> Array:
    return _mean(x, pieces_of(x, window), window, count_include_pad)


@recorded
def avg_pool2d(
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
) -> Any:
    """The mean of every window of the images x (n, c, h, w).

    kernel_size, stride   a number, or two for rows and columns; stride None: as kernel_size
    padding               as of `conv2d`
    count_include_pad     whether the zeros of the padding count as elements of the mean, as in
                          PyTorch; False: the mean of those elements that lie in the image
    Gives (n, c, down, across). Raises ShapeError, DTypeError, TypeError, ValueError.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)[0, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    x = as_images("avg_pool2d", x)
    return _means("avg_pool2d", x, kernel_size, stride, padding, count_include_pad)


def _means(name: str, x: Any, size: Any, stride: Any, padding: Any, include: Any) -> Any:
    window = window_on(name, x.shape, size, size if stride is None else stride, padding, 1)
    if window.pads:
        in_image(window, x.shape[2:])
    return avg_pool2d_gate(x, window=window, count_include_pad=bool(include))


@recorded
def avg_pool1d(
    x: Any,
    kernel_size: int,
    stride: int | None = None,
    padding: int | str | Sequence[int] = 0,
    count_include_pad: bool = True,
) -> Any:
    """The same as `avg_pool2d` along one axis: of sequences x (n, c, length).

    >>> avg_pool1d(np.array([[[1.0, 5.0, 2.0, 4.0]]]), 2)
    array([[[3., 3.]]])
    """
    name, stride = "avg_pool1d", kernel_size if stride is None else stride
    rows = along_rows(name, kernel_size=kernel_size, stride=stride)
    x, sides = as_rows(name, x), padding_of_rows(name, padding)
    out = _means(name, x, rows["kernel_size"], rows["stride"], sides, count_include_pad)
    return np.squeeze(out, 2)
