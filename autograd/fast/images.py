"""Convolution and pooling with few passes over memory: the same numbers in less time.

Images are worked on in blocks whose columns stay in the cache, into memory that is lent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from inspect import unwrap
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .. import gates
from ..arrays import Array
from ..gates.pool import LOWEST, in_image, weights_of
from ..gates.windows import Window, padded, pieces_of
from ..standins import as_one_call
from .buffers import empty, filled
from .products import product
from .quick import accelerate

BLOCK = 1 << 21  # bytes of columns that are worked on at once: they should stay in the cache
KEEP = 1 << 23  # bytes of columns that are kept for the backward pass; more are copied again


# --- convolution ---------------------------------------------------------------------------------


@as_one_call
def _im2col(x: Array, window: Window, groups: int) -> Array:
    """The windows on images x, one in each column: (n, groups, filter elements, places)."""
    count, channels = x.shape[:2]
    down, across = window.places(x.shape)
    shape = count, groups, channels // groups * math.prod(window.size), down * across
    if window.is_point and x.flags.c_contiguous:  # nothing to copy
        return x.reshape(shape)
    image = padded(x, window)
    per_image, per_channel, per_row, per_column = image.strides
    view = as_strided(
        image,
        (count, channels, *window.size, down, across),
        (
            per_image,
            per_channel,
            per_row * window.dilation[0],
            per_column * window.dilation[1],
            per_row * window.stride[0],
            per_column * window.stride[1],
        ),
        writeable=False,
    )
    columns = empty(view.shape, x.dtype)
    np.copyto(columns, view)
    return columns.reshape(shape)


def _product(x: Array, y: Array) -> Array:
    """The products of a stack of matrices y (n, groups, ., .) with x, or with a stack x."""
    shape = *y.shape[:2], x.shape[-2], y.shape[-1]
    return np.matmul(x, y, out=empty(shape, np.result_type(x, y)))


def _columns_nbytes(x: Array, window: Window) -> int:
    down, across = window.places(x.shape)
    return x.shape[0] * x.shape[1] * math.prod(window.size) * down * across * x.itemsize  # type: ignore[no-any-return]


def _blocks(count: int, nbytes: int) -> Iterator[slice]:
    """Slices of `count` images whose columns take `nbytes`, so that each fits the cache."""
    step = max(1, count * BLOCK // max(nbytes, 1))
    return (slice(k, k + step) for k in range(0, count, step))


@as_one_call
def _convolve(x: Array, w: Array, b: Array, columns: Array, window: Window, groups: int) -> Array:
    """Filters times columns; `columns` may be given, or None."""
    count, (down, across) = len(x), window.places(x.shape)
    filters = w.reshape(groups, len(w) // groups, math.prod(w.shape[1:]))
    dtype = np.result_type(x, w) if b is None else np.result_type(x, w, b)
    out = empty((count, *filters.shape[:2], down * across), dtype)
    if columns is not None:
        np.matmul(filters, columns, out=out)
    else:
        for part in _blocks(count, _columns_nbytes(x, window)):
            np.matmul(filters, _im2col(x[part], window, groups), out=out[part])
    if b is not None:
        np.add(out, b.reshape(groups, -1, 1), out=out)
    return out.reshape(count, len(w), down, across)


def _convolve_and_keep(
    x: Array, w: Array, b: Array, window: Window, groups: int
) -> tuple[Array, tuple[Array]]:
    """The result, and the columns for the gradient by the filters, unless they are many.

    Columns that are x itself are not kept: x may be an array that its owner writes to.
    """
    columns = None
    keep = _columns_nbytes(x, window) <= KEEP and not window.is_point
    if _has_long_runs(x.shape[1], window, groups):
        columns = _im2row(x, window) if keep else None
        return _convolve_rows(x, w, b, columns, window), (columns,)
    columns = _im2col(x, window, groups) if keep else None
    return _convolve(x, w, b, columns, window, groups), (columns,)


def _convolved(x: Array, w: Array, b: Array, window: Window, groups: int) -> Array:
    """The result alone."""
    if _has_long_runs(x.shape[1], window, groups):
        return _convolve_rows(x, w, b, None, window)
    return _convolve(x, w, b, None, window, groups)


def _by_w(
    g: Array, x: Array, columns: Array, w_shape: Sequence[int], window: Window, groups: int
) -> Array:
    if columns is None:
        return gates.conv.conv2d_filters(x, g, window=window, groups=groups)
    if columns.ndim == 2:
        return _filter_gradient_of_rows(columns, g, w_shape)
    return _filter_gradient(columns, g, w_shape, groups)


def _by_b(g: Array) -> Array:
    """The sum over all images and places, as a product with ones."""
    count, filters, down, across = g.shape
    places = down * across
    sums = np.reshape(g, (count * filters, places)) @ filled((places,), g.dtype, 1.0)
    return np.sum(np.reshape(sums, (count, filters)), axis=0)


@as_one_call
def _filter_gradient(columns: Array, g: Array, w_shape: Sequence[int], groups: int) -> Array:
    """The gradient by the filters: columns times g, summed over the images."""
    count, filters = g.shape[:2]
    g = g.reshape(count, groups, filters // groups, columns.shape[-1])
    total = np.add.reduce(_product(columns, g.swapaxes(-1, -2)), axis=0)
    return np.ascontiguousarray(total.swapaxes(-1, -2)).reshape(w_shape)


@as_one_call
def _transpose(
    x: Array, w: Array, shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """The adjoint of `conv2d` in its images: x (n, f, down, across) gives (n, c, *shape).

    Every element of x puts its multiple of a filter where the window was.
    """
    count, filters = x.shape[:2]
    channels = groups * w.shape[1]
    dtype = np.result_type(x, w)
    long_runs = _has_long_runs(channels, window, groups)
    matrices = w.reshape(groups, filters // groups, math.prod(w.shape[1:])).swapaxes(-1, -2)
    out = empty((count, channels, *shape), dtype)
    scatter: Callable[..., None] = _add_runs if window.stride == (1, 1) else _add_windows
    if long_runs:
        matrices, scatter = _filter_rows(w).T, _add_rows
    nbytes = count * channels * math.prod(window.size) * math.prod(x.shape[2:]) * dtype.itemsize
    for part in _blocks(count, nbytes):
        scatter(x[part], matrices, out[part], window, groups)
    return out


def _add_windows(x: Array, matrices: Array, out: Array, window: Window, groups: int) -> None:
    """Write into `out` the sum of all windows; x times filters gives their elements."""
    count, filters, down, across = x.shape
    pieces = _product(matrices, x.reshape(count, groups, filters // groups, down * across))
    pieces = pieces.reshape(count, out.shape[1], *window.size, down, across)
    image = empty(window.padded_shape(out.shape), out.dtype)
    image.fill(0)
    for i, j in window.offsets():
        image[window.seen(i, j, (down, across))] += pieces[:, :, i, j]
    np.copyto(out, image[window.inside(out.shape)])


def _add_runs(x: Array, matrices: Array, out: Array, window: Window, groups: int) -> None:
    """The same for stride 1, by adding few long rows where `_add_windows` adds many short ones.

    With rows of x as long as those of the padded image, filled up with zeros, everything that one
    element of the window sees is a single run of the image, read row after row.
    """
    count, filters, down, across = x.shape
    *_, height, width = padded_shape = window.padded_shape(out.shape)
    rows = empty((count, filters, down, width), x.dtype)
    rows[..., :across], rows[..., across:] = x, 0
    pieces = _product(matrices, rows.reshape(count, groups, filters // groups, down * width))
    pieces = pieces.reshape(count, out.shape[1], *window.size, down * width)
    image = empty((*padded_shape[:2], height * width + window.reach(1)), out.dtype)
    image.fill(0)
    for i, j in window.offsets():
        start = i * window.dilation[0] * width + j * window.dilation[1]
        image[..., start : start + down * width] += pieces[:, :, i, j]
    image = image[..., : height * width].reshape(padded_shape)
    np.copyto(out, image[window.inside(out.shape)])


@as_one_call
def _filters(x: Array, y: Array, window: Window, groups: int = 1) -> Array:
    """The adjoint of `conv2d` in its filters: x (n, c, h, w) and y (n, f, down, across).

    Gives (f, c / groups, kernel rows, kernel columns): how each element of a filter met y.
    """
    shape = y.shape[1], x.shape[1] // groups, *window.size
    total = np.zeros(shape, np.result_type(x, y))
    long_runs = _has_long_runs(x.shape[1], window, groups)
    for part in _blocks(len(x), _columns_nbytes(x, window)):
        if long_runs:
            total += _filter_gradient_of_rows(_im2row(x[part], window), y[part], shape)
            continue
        total += _filter_gradient(_im2col(x[part], window, groups), y[part], shape, groups)
    return total


# --- convolution with the channels last ----------------------------------------------------------

# With its channels last, all that a window sees of a row of the image is one run of memory: long
# runs are copied, and added, several times as fast. Windows are the rows of a matrix then.

LONG = 16  # numbers in such a run from which that pays


def _has_long_runs(channels: int, window: Window, groups: int) -> bool:
    apart = groups > 1 or window.dilation[1] > 1 or window.is_point
    return not apart and channels * window.size[1] >= LONG


def _channels_last(x: Array) -> Array:
    """(n, c, h, w) as (n, h, w, c)."""
    last = x.transpose(0, 2, 3, 1)
    out = empty(last.shape, x.dtype)
    np.copyto(out, last)
    return out


@as_one_call
def _im2row(x: Array, window: Window) -> Array:
    """The windows on images x, one in each row: (n · places, filter elements)."""
    down, across = window.places(x.shape)
    image = _channels_last(padded(x, window))
    per_image, per_row, per_column, per_channel = image.strides
    (rows, columns), channels = window.size, x.shape[1]
    view = as_strided(
        image,
        (len(x), down, across, rows, columns * channels),
        (
            per_image,
            per_row * window.stride[0],
            per_column * window.stride[1],
            per_row * window.dilation[0],
            per_channel,
        ),
        writeable=False,
    )
    found = empty(view.shape, x.dtype)
    np.copyto(found, view)
    return found.reshape(len(x) * down * across, rows * columns * channels)


def _filter_rows(w: Array) -> Array:
    """Filters as the columns of a matrix, their elements in the order of `_im2row`."""
    return _channels_last(w).reshape(len(w), -1).T


@as_one_call
def _convolve_rows(x: Array, w: Array, b: Array, rows: Array, window: Window) -> Array:
    """Rows times filters; `rows` may be given, or None."""
    count, (down, across) = len(x), window.places(x.shape)
    dtype = np.result_type(x, w) if b is None else np.result_type(x, w, b)
    out = empty((count, len(w), down, across), dtype)
    nbytes = 0 if rows is not None else _columns_nbytes(x, window)
    for part in _blocks(count, nbytes):
        given = _im2row(x[part], window) if rows is None else rows
        made = product(given, _filter_rows(w)).reshape(-1, down, across, len(w))
        np.copyto(out[part], made.transpose(0, 3, 1, 2))
    if b is not None:
        np.add(out, b.reshape(-1, 1, 1), out=out)
    return out


@as_one_call
def _filter_gradient_of_rows(rows: Array, g: Array, w_shape: Sequence[int]) -> Array:
    """The gradient by the filters: rows times g."""
    filters, channels, down, across = w_shape
    total = np.dot(rows.T, _channels_last(g).reshape(-1, filters))
    total = total.reshape(down, across, channels, filters).transpose(3, 2, 0, 1)
    return np.ascontiguousarray(total)


def _add_rows(x: Array, matrix: Array, out: Array, window: Window, groups: int) -> None:
    """Write into `out` the sum of all windows: row by row of each window."""
    count, filters, down, across = x.shape
    (rows, columns), channels = window.size, out.shape[1]
    pieces = product(_channels_last(x).reshape(-1, filters), matrix)
    pieces = pieces.reshape(count, down, across, rows, columns, channels)
    *_, height, width = window.padded_shape(out.shape)
    image = empty((count, height, width, channels), out.dtype)
    image.fill(0)
    for i in range(rows):
        start, step = i * window.dilation[0], window.stride[0]
        seen = image[:, start : start + step * (down - 1) + 1 : step]
        for k in range(across):
            at = k * window.stride[1]
            seen[:, :, at : at + columns] += pieces[:, :, k, i]
    np.copyto(out, image.transpose(0, 3, 1, 2)[window.inside(out.shape)])


accelerate(
    gates.conv.conv2d_gate,
    _convolved,
    fused=_convolve_and_keep,
    keeps=("columns",),
    vjp=(None, _by_w, lambda g: _by_b(g)),
)
accelerate(gates.conv.conv2d_transpose, _transpose)
accelerate(gates.conv.conv2d_filters, _filters)


# --- pooling -------------------------------------------------------------------------------------


def _winners(pieces: Array, out: Array, shape: Sequence[int], window: Window) -> Array:
    """Which elements of each window are the largest; never the padding, whatever is in it."""
    winners = pieces == out
    return winners & in_image(window, tuple(shape[2:])) if window.pads else winners


def _largest_and_winners(x: Array, window: Window) -> tuple[Array, tuple[Array]]:
    """The result, and who won: one comparison of whole pieces after the other."""
    pieces = pieces_of(x, window, LOWEST)
    stack = pieces.reshape((math.prod(window.size), *pieces.shape[2:]))
    out = np.maximum.reduce(stack, axis=0)
    return out, (_winners(pieces, out, x.shape, window),)


@as_one_call
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


@as_one_call
def _largest(x: Array, window: Window) -> Array:
    places, image = window.places(x.shape), padded(x, window, LOWEST)
    out = empty((*x.shape[:2], *places), x.dtype)
    out.fill(LOWEST)
    for i, j in window.offsets():
        np.maximum(out, image[window.seen(i, j, places)], out=out)
    return out


@as_one_call
def _mean(x: Array, window: Window, count_include_pad: bool) -> Array:
    places, image = window.places(x.shape), padded(x, window)
    out = empty((*x.shape[:2], *places), x.dtype)
    for i, j in window.offsets():
        seen = image[window.seen(i, j, places)]
        if (i, j) == (0, 0):
            out[...] = seen
        else:
            out += seen
    out *= weights_of(window, x.shape[2:], count_include_pad, x.dtype)
    return out


accelerate(
    gates.pool.max_pool2d_gate,
    _largest,
    fused=_largest_and_winners,
    keeps=("winners",),
    vjp=(lambda g, winners, x_shape, window: _to_winners(g, winners, x_shape, window),),
)
accelerate(gates.pool.avg_pool2d_gate, _mean)


# --- for programs --------------------------------------------------------------------------------

# Compiled programs hold these helpers as single calls. What one gives, told by its operands: an
# empty array like the result; or the operand, seen otherwise, whose memory the result shows.


def _like_columns(x: Array, window: Window, groups: int) -> Array:
    places = math.prod(window.places(x.shape))
    shape = len(x), groups, x.shape[1] // groups * math.prod(window.size), places
    as_it_is = window.is_point and x.flags.c_contiguous
    return x.reshape(shape) if as_it_is else np.empty(shape, x.dtype)


def _like_convolved(
    x: Array, w: Array, b: Array, columns: Array, window: Window, groups: int
) -> Array:
    dtype = np.result_type(x, w) if b is None else np.result_type(x, w, b)
    return np.empty((len(x), len(w), *window.places(x.shape)), dtype)


def _like_filters(x: Array, y: Array, window: Window, groups: int = 1) -> Array:
    shape = y.shape[1], x.shape[1] // groups, *window.size
    return np.empty(shape, np.result_type(x, y))


def _like_images(
    x: Array, w: Array, shape: Sequence[int], window: Window, groups: int = 1
) -> Array:
    return np.empty((len(x), groups * w.shape[1], *shape), np.result_type(x, w))


def _like_filter_gradient(columns: Array, g: Array, w_shape: Sequence[int], groups: int) -> Array:
    return np.empty(w_shape, np.result_type(columns, g))


def _like_unpooled(g: Array, winners: Array, shape: Sequence[int], window: Window) -> Array:
    return np.empty(window.padded_shape(shape), g.dtype)[window.inside(shape)]


def _like_pooled(x: Array, window: Window, count_include_pad: bool = True) -> Array:
    return np.empty((*x.shape[:2], *window.places(x.shape)), x.dtype)


def _like_rows(x: Array, window: Window) -> Array:
    places, elements = math.prod(window.places(x.shape)), math.prod(window.size)
    return np.empty((len(x) * places, elements * x.shape[1]), x.dtype)


_GIVES: dict[Callable[..., Any], Callable[..., Array]] = {
    _im2col: _like_columns,
    _im2row: _like_rows,
    _convolve_rows: lambda x, w, b, rows, window: _like_convolved(x, w, b, rows, window, 1),
    _filter_gradient_of_rows: lambda rows, g, w_shape: np.empty(w_shape, np.result_type(rows, g)),
    _convolve: _like_convolved,
    _filter_gradient: _like_filter_gradient,
    _transpose: _like_images,
    _filters: _like_filters,
    _to_winners: _like_unpooled,
    _largest: _like_pooled,
    _mean: _like_pooled,
}
for _helper, _gives in _GIVES.items():
    setattr(unwrap(_helper), "gives", _gives)  # noqa: B010
