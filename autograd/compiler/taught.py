"""Helpers of sources: their text stands above the functions that call them.

They do what helpers of gates do, in the few lines of a lecture, and are called with plain numbers.
"""
# mypy: allow-untyped-defs, allow-untyped-calls
# (people read their text, so they have no annotations)

import numpy as np

__all__ = ["col2im", "im2col", "pieces", "sum_of_pieces"]


def im2col(x, rows, columns, stride=(1, 1), pad=((0, 0), (0, 0)), dilation=(1, 1), fill=0):
    """What each element of a window sees of images: (n, c, h, w) to (rows, columns, n, c, ...)."""
    x = np.pad(x, ((0, 0), (0, 0), *pad), constant_values=fill)
    (s, t), (d, e) = stride, dilation
    down = (x.shape[2] - d * (rows - 1) - 1) // s + 1
    across = (x.shape[3] - e * (columns - 1) - 1) // t + 1
    cols = np.empty((rows, columns, *x.shape[:2], down, across), x.dtype)
    for i in range(rows):
        for j in range(columns):
            cols[i, j] = x[:, :, d * i : d * i + s * down : s, e * j : e * j + t * across : t]
    return cols


def col2im(cols, shape, stride=(1, 1), pad=((0, 0), (0, 0)), dilation=(1, 1)):
    """Images of this shape: what im2col took apart is added up where it was."""
    n, c, h, w = shape
    (s, t), (d, e), ((above, below), (left, right)) = stride, dilation, pad
    rows, columns, _, _, down, across = cols.shape
    x = np.zeros((n, c, above + h + below, left + w + right), cols.dtype)
    for i in range(rows):
        for j in range(columns):
            x[:, :, d * i : d * i + s * down : s, e * j : e * j + t * across : t] += cols[i, j]
    return x[:, :, above : above + h, left : left + w]


def pieces(x, window, fill=0.0):
    """What a helper of gates does with a window, as a call of `im2col`."""
    more = {**_options(window), "fill": fill} if fill and window.pads else _options(window)
    return im2col, (x, *window.size), more


def sum_of_pieces(x, shape, window):
    """The same, of `col2im`."""
    return col2im, (x, shape), _options(window)


def _options(window):
    """What is out of the ordinary."""
    told = {"stride": window.stride, "pad": window.padding, "dilation": window.dilation}
    usual = {"stride": (1, 1), "pad": ((0, 0), (0, 0)), "dilation": (1, 1)}
    return {name: value for name, value in told.items() if value != usual[name]}
