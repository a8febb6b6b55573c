"""Convolution of images, as matrix products.

Written out, the layer slides every filter over the image and takes dot products; implemented, the
windows are copied into the columns of a matrix, and one product with the filters gives the
result: im2col of the CS231n notes ("Convolutional networks", implementation as matrix
multiplication).

Three gates, each of them linear in both operands, are the derivatives of one another:

    conv2d(x, w)              the result
    conv2d_transpose(g, w)    what reaches x from it
    conv2d_filters(x, g)      what reaches w from it

so gradients of any order stay convolutions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from ..errors import DTypeError, ShapeError
from .shape import expand_dims
from .signatures import recorded
from .windows import (
    Padding,
    Size,
    Window,
    along_rows,
    as_images,
    as_operand,
    as_rows,
    padding_of_rows,
    pair_of,
    pieces_of,
    sum_of_pieces,
    unfold,
    window_on,
)

__all__ = ["conv1d", "conv2d", "conv_transpose2d"]


def _columns(pieces: Any, groups: int) -> Any:
    """The windows on images, one in each column: (n, groups, filter elements, places)."""
    rows, columns, count, channels, down, across = pieces.shape
    shape = _grouped(count, groups, channels * rows * columns, down * across)
    return np.reshape(np.transpose(pieces, (2, 3, 0, 1, 4, 5)), shape)


def _grouped(count: int, groups: int, rows: int, columns: int) -> tuple[int, ...]:
    """The shape of matrices, one for each of `count` images and each of the groups, if several."""
    return (count, rows, columns) if groups == 1 else (count, groups, rows // groups, columns)


def _matrices(w: Any, groups: int) -> Any:
    """Filters as rows of a matrix, one matrix for each of the groups, if several."""
    rows = (w.shape[0],) if groups == 1 else (groups, w.shape[0] // groups)
    return np.reshape(w, (*rows, math.prod(w.shape[1:])))


def _convolved(pieces: Any, w: Any, b: Any, groups: int) -> Any:
    """Filters times columns, plus the bias."""
    out = np.matmul(_matrices(w, groups), _columns(pieces, groups))
    out = np.reshape(out, (pieces.shape[2], w.shape[0], *pieces.shape[4:]))
    return out if b is None else out + np.reshape(b, (-1, 1, 1))


def _by_x(g: Any, x_shape: Sequence[int], w: Any, window: Window, groups: int) -> Any:
    shape = tuple(x_shape[2:])
    return conv2d_transpose(g, w, shape=shape, window=window, groups=groups)


def _by_w(x: Any, g: Any, window: Window, groups: int) -> Any:
    return conv2d_filters(x, g, window=window, groups=groups)


@gate(
    name="conv2d",
    symbol="conv",
    role="switcher",
    opened="asked for",
    shape=lambda x, w, b, window, groups: (x[0], w[0], *window.places(x)),
    says=("{g} ∗ {w}, turned by 180°", "windows of {x} · {g}", "Σ {g} over images and places"),
    vjp=(
        lambda g, x_shape, w, window, groups: _by_x(g, x_shape, w, window, groups),
        lambda g, x, window, groups: _by_w(x, g, window, groups),
        lambda g: np.sum(g, axis=(0, 2, 3)),
    ),
    expand=lambda x, w, b, window, groups: _convolved(unfold(x, window=window), w, b, groups),
)
def conv2d_gate(
    x: Array, w: Array, b: Array | None = None, *, window: Window, groups: int
) -> Array:
    """The convolution of images with filters; see `conv2d`."""
    return _convolved(pieces_of(x, window), w, b, groups)


@gate(
    name="conv2d_transpose",
    symbol="conv T",
    role="switcher",
    vjp=(
        lambda g, w, window, groups: conv2d_gate(g, w, None, window=window, groups=groups),
        lambda g, x, window, groups: _by_w(g, x, window, groups),
    ),
    says=("{g} ∗ {w}", "windows of {g} · {x}"),
)
def conv2d_transpose(
    x: Array, w: Array, shape: tuple[int, ...], window: Window, groups: int = 1
) -> Array:
    """The adjoint of `conv2d` in its images: x (n, f, down, across) gives (n, c, *shape).

    Every element of x puts its multiple of a filter where the window was.
    """
    count, filters, down, across = x.shape
    channels = groups * w.shape[1]
    matrices = _matrices(w, groups).swapaxes(-1, -2)
    columns = np.matmul(matrices, x.reshape(_grouped(count, groups, filters, down * across)))
    pieces = columns.reshape(count, channels, *window.size, down, across)
    images = count, channels, *shape
    return sum_of_pieces(pieces.transpose(2, 3, 0, 1, 4, 5), images, window)


@gate(
    name="conv2d_filters",
    symbol="conv\nby filters",
    role="switcher",
    vjp=(
        lambda g, x_shape, y, window, groups: _by_x(y, x_shape, g, window, groups),
        lambda g, x, window, groups: conv2d_gate(x, g, None, window=window, groups=groups),
    ),
    says=("{g} ∗ {y}", "{g} ∗ {x}"),
)
def conv2d_filters(x: Array, y: Array, window: Window, groups: int = 1) -> Array:
    """The adjoint of `conv2d` in its filters: x (n, c, h, w) and y (n, f, down, across).

    Gives (f, c / groups, kernel rows, kernel columns): how each element of a filter met y.
    """
    count, filters = y.shape[:2]
    columns = _columns(pieces_of(x, window), groups)
    g = y.reshape(_grouped(count, groups, filters, columns.shape[-1]))
    total = np.sum(np.matmul(g, columns.swapaxes(-1, -2)), axis=0)
    return total.reshape(filters, x.shape[1] // groups, *window.size)


# --- what users call -----------------------------------------------------------------------------


@recorded
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
    return _convolution("conv2d", x, w, b, stride, padding, dilation, groups)


def _convolution(
    name: str, x: Any, w: Any, b: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Any:
    w, b = as_operand(w), b if b is None else as_operand(b)
    groups = _check_filters(name, x, w, b, groups)
    window = window_on(name, x.shape, w.shape[2:], stride, padding, dilation)
    return conv2d_gate(x, w, b, window=window, groups=groups)


@recorded
def conv1d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: int = 1,
    padding: int | str | Sequence[int] = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Any:
    """The same as `conv2d` along one axis: of sequences x (n, c, length).

    w (f, c / groups, kernel length);  padding a number, a pair (before, after), "valid" or "same"
    Gives (n, f, (length + padding - reach) // stride + 1). Raises what `conv2d` raises.

    >>> conv1d(np.ones((1, 1, 6)), np.ones((1, 1, 3)), stride=2).shape
    (1, 1, 2)
    """
    w = as_operand(w)
    if w.ndim != 3:
        raise ShapeError(f"conv1d: w is {w.shape}; expected (filters, channels, kernel length)")
    x = as_rows("conv1d", x)
    across = along_rows("conv1d", stride=stride, dilation=dilation)
    out = _convolution(
        "conv1d", x, expand_dims(w, 2), b, across["stride"], padding_of_rows("conv1d", padding),
        across["dilation"], groups,
    )  # fmt: skip
    return np.squeeze(out, 2)


@recorded
def conv_transpose2d(
    x: Any,
    w: Any,
    b: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """The adjoint of `conv2d`, as a layer: every element of x puts its multiple of a filter.

    x         (n, c, h, w) floats;  w (c, f / groups, kernel rows, kernel columns);  b (f,) or None
    stride    how far apart the filters are put; one number, or two; so is dilation
    padding   how many rows and columns are cut off at each side; one number, or two
    output_padding   rows and columns more at the lower and the right end, fewer than the stride
    Gives (n, f, (h - 1) * stride - 2 padding + reach + output_padding, the same for w), as PyTorch
    does (Dumoulin, Visin 2016, arXiv:1603.07285). Raises what `conv2d` raises.

    >>> conv_transpose2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)), stride=2).shape
    (1, 1, 6, 6)
    """
    name = "conv_transpose2d"
    x, w = as_images(name, x), as_operand(w)
    if w.ndim != 4 or min(w.shape) < 1 or w.shape[0] != x.shape[1]:
        raise ShapeError(
            f"{name}: x is {x.shape} and w is {w.shape}; expected w (channels of x, filters / "
            "groups, kernel rows, kernel columns)"
        )
    groups = _groups(name, groups)
    if x.shape[1] % groups:
        raise ShapeError(
            f"{name}: {groups} groups divide {x.shape[1]} channels unevenly; choose a number that "
            "divides them"
        )
    b = None if b is None else as_operand(b)
    _check_floats(name, w, b, groups * w.shape[1])
    pairs = {"stride": stride, "dilation": dilation}
    steps, apart = (pair_of(name, option, value) for option, value in pairs.items())
    cut, more = (
        pair_of(name, option, value, least=0)
        for option, value in (("padding", padding), ("output_padding", output_padding))
    )
    if any(extra >= step for extra, step in zip(more, steps, strict=True)):
        raise ValueError(f"{name}: output_padding is {more}; expected less than the stride {steps}")
    rows, columns = ((side, side) for side in cut)
    window = Window(tuple(w.shape[2:]), steps, apart, (rows, columns))
    shape = tuple(
        (x.shape[k + 2] - 1) * steps[k] - 2 * cut[k] + window.reach(k) + more[k] for k in (0, 1)
    )
    if min(shape) < 1 or 0 in x.shape[2:]:
        raise ShapeError(
            f"{name}: x is {x.shape}, and the result would have {shape[0]} x {shape[1]} places; "
            "use less padding"
        )
    out = conv2d_transpose(x, w, shape=shape, window=window, groups=groups)
    return out if b is None else out + np.reshape(b, (-1, 1, 1))


def _groups(name: str, groups: Any) -> int:
    if not isinstance(groups, (int, np.integer)) or isinstance(groups, bool) or groups < 1:
        raise ValueError(f"{name}: groups is {groups!r}; expected an integer of at least 1")
    return int(groups)


def _check_filters(name: str, x: Any, w: Any, b: Any, given: Any) -> int:
    """Raise unless filters w and biases b fit images x; gives the number of groups."""
    groups = _groups(name, given)
    if w.ndim != 4 or min(w.shape) < 1:
        raise ShapeError(
            f"{name}: w is {w.shape}; expected (filters, channels, kernel rows, kernel columns)"
        )
    channels, filters = x.shape[1], w.shape[0]
    if channels % groups or filters % groups:
        raise ShapeError(
            f"{name}: {groups} groups divide {channels} channels and {filters} filters unevenly; "
            "choose a number that divides both"
        )
    if w.shape[1] * groups != channels:
        hint = ""
        wanted, rest = divmod(channels, w.shape[1])
        if wanted and not rest and not filters % wanted:
            hint = f". Did you mean groups={wanted}?"
        raise ShapeError(
            f"{name}: x is {x.shape} but w is {w.shape}; x has {channels} channels, and the "
            f"filters are for {w.shape[1] * groups}{hint}"
        )
    _check_floats(name, w, b, filters)
    return groups


def _check_floats(name: str, w: Any, b: Any, filters: int) -> None:
    """Raise unless filters and biases are floats, and there is a bias for each filter."""
    if b is not None and b.shape != (filters,):
        raise ShapeError(
            f"{name}: b is {b.shape}; expected ({filters},), a bias for each of {filters} filters"
        )
    for operand_name, operand in (("w", w), ("b", b)):
        if operand is not None and operand.dtype.kind != "f":
            raise DTypeError(
                f"{name}: {operand_name} is {operand.dtype}; expected floats, so use "
                f"{operand_name}.astype(float)"
            )
