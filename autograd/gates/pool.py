"""Pooling: the largest, or the mean, of every window of an image, channel by channel."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..buffers import empty
from ..errors import ShapeError
from ..record import gate
from ..tensor import Array
from ..traced import ARRAYS
from .shape import broadcast_to
from .windows import (
    Padding,
    Size,
    Window,
    as_images,
    fold,
    one_call,
    padded,
    pieces_of,
    unfold,
    window_on,
)

__all__ = ["avg_pool2d", "max_pool2d"]

LOWEST = -math.inf  # what max pooling sees in the padding


@functools.lru_cache(maxsize=64)
def _in_image(window: Window, image: tuple[int, int]) -> Array:
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


def _winners(pieces: Array, out: Array, shape: Sequence[int], window: Window) -> Array:
    """Which elements of each window are the largest; never the padding, whatever is in it."""
    winners = pieces == out
    return winners & _in_image(window, tuple(shape[2:])) if window.pads else winners


def _largest_and_winners(x: Array, window: Window) -> tuple[Array, Array]:
    """The result, and who won: one comparison of whole pieces after the other."""
    pieces = pieces_of(x, window, LOWEST)
    stack = pieces.reshape((math.prod(window.size), *pieces.shape[2:]))
    out = np.maximum.reduce(stack, axis=0)
    return out, _winners(pieces, out, x.shape, window)


@one_call
def _to_winners(g: Array, winners: Array, shape: Sequence[int], window: Window) -> Array:
    """Give the winners of each window its gradient, in equal parts."""
    area, places = math.prod(window.size), g.shape[2:]
    count = np.add.reduce(winners, axis=(0, 1), dtype=np.min_scalar_type(area))
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN has no winner: its gradient is NaN
        share = np.divide(g, count, out=empty(g.shape, g.dtype))
        image = empty(window.padded_shape(shape), g.dtype)
        if not window.tiles(shape):
            image.fill(0)
        for i, j in window.offsets():
            seen = image[window.seen(i, j, places)]
            if window.overlaps:
                seen += share * winners[i, j]
            else:
                np.multiply(share, winners[i, j], out=seen)
    return image[window.inside(shape)] if window.pads else image


def _used(winners: Array) -> Array:
    """The winners; all elements of a window where NaN, which equals nothing, won."""
    return np.logical_or(winners, np.logical_not(np.any(winners, axis=(0, 1))))


def _back_to_winners(g: Array, winners: Array, shape: Sequence[int], window: Window) -> Array:
    if g.__class__ in ARRAYS and winners.__class__ in ARRAYS:
        return _to_winners(g, winners, shape, window)
    winners = winners.astype(g.dtype)
    share = g / np.sum(winners, axis=(0, 1))
    return fold(winners * share, shape=tuple(shape), window=window)


@gate(
    name="max_pool2d",
    symbol="max pool",
    role="router",
    vjp=lambda g, winners, x_shape, window: _back_to_winners(g, winners, x_shape, window),
    live=lambda winners, x_shape, window: (
        fold(_used(winners).astype(float), shape=x_shape, window=window) != 0
    ),
    cache={
        "winners": lambda x, out, window: _winners(
            unfold(x, window=window, fill=LOWEST), out, x.shape, window
        )
    },
    fused=_largest_and_winners,
    expand=lambda x, window: np.max(unfold(x, window=window, fill=LOWEST), axis=(0, 1)),
)
@one_call
def _max_pool2d(x: Array, window: Window) -> Array:
    places, image = window.places(x.shape), padded(x, window, LOWEST)
    out = empty((*x.shape[:2], *places), x.dtype)
    out.fill(LOWEST)
    for i, j in window.offsets():
        np.maximum(out, image[window.seen(i, j, places)], out=out)
    return out


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
    stride = kernel_size if stride is None else stride
    window = window_on("max_pool2d", x.shape, kernel_size, stride, padding, dilation)
    if window.pads:
        _in_image(window, x.shape[2:])
    return _max_pool2d(x, window=window)


# --- the mean ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def _weights(window: Window, image: tuple[int, int], padding: bool, dtype: Any) -> Any:
    """1 / how many elements a window has: a number; or for each place, when only some count."""
    if padding or not window.pads:
        return dtype.type(1 / math.prod(window.size))
    seen = _in_image(window, image).sum(axis=(0, 1))[0, 0]
    weights = (1 / seen).astype(dtype)
    weights.flags.writeable = False
    return weights


@one_call
def _mean(x: Array, window: Window, count_include_pad: bool) -> Array:
    places, image = window.places(x.shape), padded(x, window)
    out = empty((*x.shape[:2], *places), x.dtype)
    for i, j in window.offsets():
        seen = image[window.seen(i, j, places)]
        if (i, j) == (0, 0):
            out[...] = seen
        else:
            out += seen
    out *= _weights(window, x.shape[2:], count_include_pad, x.dtype)
    return out


def _mean_back(g: Array, shape: Sequence[int], window: Window, padding: bool) -> Array:
    share = g * _weights(window, tuple(shape[2:]), padding, g.dtype)
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
    expand=lambda x, window, count_include_pad: (
        np.sum(unfold(x, window=window), axis=(0, 1))
        * _weights(window, tuple(x.shape[2:]), count_include_pad, x.dtype)
    ),
)
def _avg_pool2d(x: Array, window: Window, count_include_pad: bool) -> Array:
    return _mean(x, window, count_include_pad)


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
    stride = kernel_size if stride is None else stride
    window = window_on("avg_pool2d", x.shape, kernel_size, stride, padding, 1)
    if window.pads:
        _in_image(window, x.shape[2:])
    return _avg_pool2d(x, window=window, count_include_pad=bool(count_include_pad))
