"""Convolution of images, as matrix products.

Written out, the layer slides every filter over the image and takes dot products; implemented, the
windows are copied into the columns of a matrix, and one product with the filters gives the
result: im2col of the CS231n notes ("Convolutional networks", implementation as matrix
multiplication). Each image has a product of its own, so its columns are still in the cache.

Three gates, each of them linear in both operands, are the derivatives of one another:

    conv2d(x, w)              the result
    conv2d_transpose(g, w)    what reaches x from it
    conv2d_filters(x, g)      what reaches w from it

so gradients of any order stay convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..buffers import empty, filled
from ..errors import DTypeError, ShapeError
from ..record import gate
from ..tensor import Array
from .windows import (
    Padding,
    Size,
    Window,
    as_images,
    as_operand,
    one_call,
    padded,
    unfold,
    window_on,
)

__all__ = ["conv2d", "conv2d_filters", "conv2d_transpose"]

BLOCK = 1 << 21  # bytes of columns that are worked on at once: they should stay in the cache
KEEP = 1 << 23  # bytes of columns that are kept for the backward pass; more are copied again


@one_call
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


@one_call
def _convolve(x: Array, w: Array, b: Array, columns: Array, window: Window, groups: int) -> Array:
    """Filters times columns; `columns` may be given, or None."""
    count, (down, across) = len(x), window.places(x.shape)
    filters = w.reshape(groups, len(w) // groups, -1)
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
) -> tuple[Array, Array]:
    """The result, and the columns for the gradient by the filters, unless they are many.

    Columns that are x itself are not kept: x may be an array that its owner writes to.
    """
    columns = None
    if _columns_nbytes(x, window) <= KEEP and not window.is_point:
        columns = _im2col(x, window, groups)
    return _convolve(x, w, b, columns, window, groups), columns


def _by_x(g: Array, x_shape: Sequence[int], w: Array, window: Window, groups: int) -> Array:
    return conv2d_transpose(g, w, shape=tuple(x_shape[2:]), window=window, groups=groups)


def _by_w(
    g: Array, x: Array, columns: Array, w_shape: Sequence[int], window: Window, groups: int
) -> Array:
    if columns is not None:
        return _filter_gradient(columns, g, w_shape, groups)
    return conv2d_filters(x, g, window=window, groups=groups)


def _by_b(g: Array) -> Array:
    """The sum over all images and places, as a product with ones."""
    count, filters, down, across = g.shape
    places = down * across
    sums = np.reshape(g, (count * filters, places)) @ filled((places,), g.dtype, 1.0)
    return np.sum(np.reshape(sums, (count, filters)), axis=0)


@one_call
def _filter_gradient(columns: Array, g: Array, w_shape: Sequence[int], groups: int) -> Array:
    """The gradient by the filters: columns times g, summed over the images."""
    count, filters = g.shape[:2]
    g = g.reshape(count, groups, filters // groups, columns.shape[-1])
    total = np.add.reduce(_product(columns, g.swapaxes(-1, -2)), axis=0)
    return np.ascontiguousarray(total.swapaxes(-1, -2)).reshape(w_shape)


def _expanded(x: Any, w: Any, b: Any, window: Window, groups: int) -> Any:
    """unfold, a product of matrices, and the bias."""
    pieces = unfold(x, window=window)
    rows, columns, count, channels, down, across = pieces.shape
    shape = count, groups, channels // groups * rows * columns, down * across
    matrices = np.reshape(np.transpose(pieces, (2, 3, 0, 1, 4, 5)), shape)
    out = np.matmul(np.reshape(w, (groups, w.shape[0] // groups, -1)), matrices)
    out = np.reshape(out, (count, w.shape[0], down, across))
    return out if b is None else out + np.reshape(b, (-1, 1, 1))


@gate(
    name="conv2d",
    symbol="conv",
    role="switcher",
    opened="asked for",
    shape=lambda x, w, b, window, groups: (x[0], w[0], *window.places(x)),
    says=("{g} ∗ {w}, turned by 180°", "windows of {x} · {g}", "Σ {g} over images and places"),
    vjp=(
        lambda g, x_shape, w, window, groups: _by_x(g, x_shape, w, window, groups),
        lambda g, x, columns, w_shape, window, groups: _by_w(
            g, x, columns, w_shape, window, groups
        ),
        lambda g: _by_b(g),
    ),
    cache={"columns": lambda: None},  # only a shortcut of the first order
    fused=_convolve_and_keep,
    expand=_expanded,
)
def _conv2d(x: Array, w: Array, b: Array, window: Window, groups: int) -> Array:
    """The convolution of images with filters; see `conv2d`."""
    return _convolve(x, w, b, None, window, groups)


@gate(
    name="conv2d_transpose",
    symbol="conv T",
    role="switcher",
    vjp=(
        lambda g, w, window, groups: _conv2d(g, w, None, window=window, groups=groups),
        lambda g, x, window, groups: _by_w(x, g, None, (), window, groups),
    ),
    says=("{g} ∗ {w}", "windows of {g} · {x}"),
)
@one_call
def conv2d_transpose(
    x: Array, w: Array, shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """The adjoint of `conv2d` in its images: x (n, f, down, across) gives (n, c, *shape).

    Every element of x puts its multiple of a filter where the window was.
    """
    count, filters = x.shape[:2]
    channels = groups * w.shape[1]
    dtype = np.result_type(x, w)
    matrices = w.reshape(groups, filters // groups, -1).swapaxes(-1, -2)
    out = empty((count, channels, *shape), dtype)
    scatter = _add_runs if window.stride == (1, 1) else _add_windows
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


@gate(
    name="conv2d_filters",
    symbol="conv\nby filters",
    role="switcher",
    vjp=(
        lambda g, x_shape, y, window, groups: conv2d_transpose(
            y, g, shape=tuple(x_shape[2:]), window=window, groups=groups
        ),
        lambda g, x, window, groups: _conv2d(x, g, None, window=window, groups=groups),
    ),
    says=("{g} ∗ {y}", "{g} ∗ {x}"),
)
@one_call
def conv2d_filters(x: Array, y: Array, window: Window, groups: int = 1) -> Array:
    """The adjoint of `conv2d` in its filters: x (n, c, h, w) and y (n, f, down, across).

    Gives (f, c / groups, kernel rows, kernel columns): how each element of a filter met y.
    """
    shape = y.shape[1], x.shape[1] // groups, *window.size
    total = np.zeros(shape, np.result_type(x, y))
    for part in _blocks(len(x), _columns_nbytes(x, window)):
        total += _filter_gradient(_im2col(x[part], window, groups), y[part], shape, groups)
    return total


# --- what users call -----------------------------------------------------------------------------


def conv2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Slide filters w over images x and take dot products; add b to the result of each filter.

    x         (n, c, h, w) floats;  w (f, c / groups, kernel rows, kernel columns);  b (f,) or None
    stride    how far the window moves; one number, or two for rows and columns; so is dilation
    padding   zeros around the image: a number, a pair, ((above, below), (left, right)), "valid"
              (none), or "same" (the result is as large as the image; for stride 1)
    groups    the channels, and the filters, fall into so many groups that do not see each other
    Gives (n, f, (h + padding - reach) // stride + 1, the same for w); a filter is not flipped
    (CS231n, "Convolutional networks"). Raises ShapeError, DTypeError, TypeError, ValueError.

    >>> conv2d(np.ones((1, 1, 4, 4)), np.ones((1, 1, 3, 3))).shape
    (1, 1, 2, 2)
    """
    x = as_images("conv2d", x)
    w, b = as_operand(w), b if b is None else as_operand(b)
    groups = _check_filters(x, w, b, groups)
    window = window_on("conv2d", x.shape, w.shape[2:], stride, padding, dilation)
    return _conv2d(x, w, b, window=window, groups=groups)


def _check_filters(x: Any, w: Any, b: Any, groups: Any) -> int:
    """Raise unless filters w and biases b fit images x; gives the number of groups."""
    if not isinstance(groups, (int, np.integer)) or isinstance(groups, bool) or groups < 1:
        raise ValueError(f"conv2d: groups is {groups!r}; expected an integer of at least 1")
    if w.ndim != 4 or min(w.shape) < 1:
        raise ShapeError(
            f"conv2d: w is {w.shape}; expected (filters, channels, kernel rows, kernel columns)"
        )
    channels, filters = x.shape[1], w.shape[0]
    if channels % groups or filters % groups:
        raise ShapeError(
            f"conv2d: {groups} groups divide {channels} channels and {filters} filters unevenly; "
            "choose a number that divides both"
        )
    if w.shape[1] * groups != channels:
        hint = ""
        wanted, rest = divmod(channels, w.shape[1])
        if wanted and not rest and not filters % wanted:
            hint = f". Did you mean groups={wanted}?"
        raise ShapeError(
            f"conv2d: x is {x.shape} but w is {w.shape}; x has {channels} channels, and the "
            f"filters are for {w.shape[1] * groups}{hint}"
        )
    if b is not None and b.shape != (filters,):
        raise ShapeError(
            f"conv2d: b is {b.shape}; expected ({filters},), a bias for each of {filters} filters"
        )
    for name, operand in (("w", w), ("b", b)):
        if operand is not None and operand.dtype.kind != "f":
            raise DTypeError(
                f"conv2d: {name} is {operand.dtype}; expected floats, so use {name}.astype(float)"
            )
    return int(groups)
