"""Convolution and pooling as their definitions say, in plain loops: what the gates must equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def _two(value: Any) -> Any:
    return value if isinstance(value, tuple) else (value, value)


def _sides(padding: Any) -> Any:
    return tuple(_two(side) for side in _two(padding))


def places(shape: Any, size: Any, stride: Any, padding: Any, dilation: Any) -> Iterator[Any]:
    """Every place of the window: (row, column of the result), and what it sees of the image."""
    (kh, kw), (sh, sw), (dh, dw) = map(_two, (size, stride, dilation))
    (above, below), (left, right) = _sides(padding)
    height, width = shape[2] + above + below, shape[3] + left + right
    for i in range((height - dh * (kh - 1) - 1) // sh + 1):
        for j in range((width - dw * (kw - 1) - 1) // sw + 1):
            rows, columns = i * sh + dh * np.arange(kh), j * sw + dw * np.arange(kw)
            yield (i, j), (slice(None), slice(None), rows[:, None], columns)


def _padded(x: np.ndarray, padding: Any, fill: float = 0.0) -> np.ndarray:
    return np.pad(x, ((0, 0), (0, 0), *_sides(padding)), constant_values=fill)


def _result(x: np.ndarray, channels: int, found: list[Any]) -> np.ndarray:
    down, across = (1 + max(place[k] for place, _ in found) for k in (0, 1))
    return np.zeros((len(x), channels, down, across))


def conv2d(
    x: Any, w: Any, b: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:  # fmt: skip
    """One dot product for each image, filter and place."""
    found = list(places(x.shape, w.shape[2:], stride, padding, dilation))
    out, image = _result(x, len(w), found), _padded(x, padding)
    for (i, j), seen in found:
        patch = image[seen]
        for f in range(len(w)):
            first = f // (len(w) // groups) * w.shape[1]
            for n in range(len(x)):
                out[n, f, i, j] = np.sum(patch[n, first : first + w.shape[1]] * w[f])
    return out if b is None else out + b[:, None, None]


def conv2d_transpose(
    g: Any, w: Any, shape: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:  # fmt: skip
    """Each element of g adds its multiple of a filter to the image."""
    image = _padded(np.zeros((len(g), groups * w.shape[1], *shape)), padding)
    for (i, j), seen in places((0, 0, *shape), w.shape[2:], stride, padding, dilation):
        for f in range(len(w)):
            first = f // (len(w) // groups) * w.shape[1]
            for n in range(len(g)):
                image[n, first : first + w.shape[1]][seen[1:]] += g[n, f, i, j] * w[f]
    (above, _), (left, _) = _sides(padding)
    return image[:, :, above : above + shape[0], left : left + shape[1]]


def conv2d_filters(
    x: Any, g: Any, size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:  # fmt: skip
    """Each element of g adds its multiple of a patch to the filter."""
    channels, filters = x.shape[1] // groups, g.shape[1]
    out, image = np.zeros((filters, channels, *size)), _padded(x, padding)
    for (i, j), seen in places(x.shape, size, stride, padding, dilation):
        for f in range(filters):
            first = f // (filters // groups) * channels
            for n in range(len(x)):
                out[f] += g[n, f, i, j] * image[seen][n, first : first + channels]
    return out


def max_pool2d(
    x: Any, size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> np.ndarray:
    """The largest of each window."""
    found = list(places(x.shape, size, stride or size, padding, dilation))
    out, image = _result(x, x.shape[1], found), _padded(x, padding, -np.inf)
    for (i, j), seen in found:
        out[:, :, i, j] = image[seen].max(axis=(2, 3))
    return out


def avg_pool2d(
    x: Any, size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> np.ndarray:
    """The mean of each window, over all of it, or over what lies in the image."""
    found = list(places(x.shape, size, stride or size, padding, 1))
    out, image = _result(x, x.shape[1], found), _padded(x, padding)
    inside = _padded(np.ones_like(x), padding)
    for (i, j), seen in found:
        count = np.prod(_two(size)) if count_include_pad else inside[seen].sum(axis=(2, 3))
        out[:, :, i, j] = image[seen].sum(axis=(2, 3)) / count
    return out


def unfold(
    x: Any, size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1, fill: float = 0.0
) -> np.ndarray:
    """(rows, columns, n, c, down, across): what each element of the window sees."""
    found = list(places(x.shape, size, stride, padding, dilation))
    image = _padded(x, padding, fill)
    out = np.zeros((*size, *_result(x, x.shape[1], found).shape))
    for (i, j), seen in found:
        out[..., i, j] = np.moveaxis(image[seen], (2, 3), (0, 1))
    return out


def fold(x: Any, shape: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> np.ndarray:
    """Each piece back to where it came from."""
    image = _padded(np.zeros(shape), padding)
    for (i, j), seen in places(shape, x.shape[:2], stride, padding, dilation):
        image[seen] += np.moveaxis(x[..., i, j], (0, 1), (2, 3))
    (above, _), (left, _) = _sides(padding)
    return image[:, :, above : above + shape[2], left : left + shape[3]]


# --- recurrent layers ----------------------------------------------------------------------------


def _sigmoid(x: float) -> float:
    return 1 / (1 + np.exp(-x))


def _added(w: np.ndarray, h: np.ndarray, column: int) -> float:
    return sum(h[k] * w[k, column] for k in range(len(h)))


def rnn(x: np.ndarray, w: np.ndarray, h: np.ndarray, relu: bool = False) -> np.ndarray:
    """The states after all steps, unit by unit."""
    out = np.empty(x.shape, np.result_type(x, w, h))
    for t, n, k in np.ndindex(x.shape):
        a = x[t, n, k] + _added(w, out[t - 1, n] if t else h[n], k)
        out[t, n, k] = max(a, 0) if relu else np.tanh(a)
    return out


def lstm(
    x: np.ndarray, w: np.ndarray, h: np.ndarray, c: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The states after all steps, and the last cell."""
    hidden, cell = len(w), c.copy()
    out = np.empty((*x.shape[:2], hidden), np.result_type(x, w, h, c))
    for t, n, k in np.ndindex(out.shape):
        before = out[t - 1, n] if t else h[n]
        i, f, a, o = (x[t, n, j] + _added(w, before, j) for j in range(k, 4 * hidden, hidden))
        cell[n, k] = _sigmoid(f) * cell[n, k] + _sigmoid(i) * np.tanh(a)
        out[t, n, k] = _sigmoid(o) * np.tanh(cell[n, k])
    return out, cell


def gru(x: np.ndarray, w: np.ndarray, b: np.ndarray, h: np.ndarray) -> np.ndarray:
    """The states after all steps."""
    hidden = len(w)
    out = np.empty((*x.shape[:2], hidden), np.result_type(x, w, b, h))
    for t, n, k in np.ndindex(out.shape):
        before = out[t - 1, n] if t else h[n]
        columns = range(k, 3 * hidden, hidden)
        (r, z, a), added = x[t, n, k::hidden], [_added(w, before, j) + b[j] for j in columns]
        z = _sigmoid(z + added[1])
        a = np.tanh(a + _sigmoid(r + added[0]) * added[2])
        out[t, n, k] = (1 - z) * a + z * before[k]
    return out


def self_attention(x: np.ndarray, heads: int, causal: bool) -> np.ndarray:
    """Query by query: how it looks at the places that it may look at, and what it finds there."""
    count, places, width = x.shape
    size = width // (3 * heads)
    out = np.zeros((count, places, width // 3), x.dtype)
    for n in range(count):
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            q, k, v = (x[n, :, s * width // 3 : (s + 1) * width // 3][:, part] for s in range(3))
            for place in range(places):
                end = place + 1 if causal else places
                looks = np.exp([np.dot(q[place], k[j]) / np.sqrt(size) for j in range(end)])
                out[n, place, part] = looks @ v[:end] / np.sum(looks)
    return out
