"""Windows that slide over images: where they lie, and the gates that take images apart.

Convolution and pooling look at an image (n, c, h, w) through windows. `unfold` gives for every
offset in the window the image that this offset sees; that is im2col of the CS231n notes ("CNNs
for visual recognition", implementation as matrix multiplication) before its reshape. Its adjoint
`fold` adds the pieces up where they came from.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array, check_plain
from ..declare import gate
from ..errors import DTypeError, ShapeError
from ..standins import StandIn, as_one_call
from ..tensor import Tensor

__all__ = [
    "Window",
    "along_rows",
    "as_images",
    "as_operand",
    "as_rows",
    "fold",
    "padded",
    "padding_of_rows",
    "pair_of",
    "pieces_of",
    "sum_of_pieces",
    "unfold",
    "window_on",
]

empty: Any = np.empty  # (`fast` lends memory here.)

Pair = tuple[int, int]
Size = int | Sequence[int]
Padding = int | str | Sequence[Any]


@dataclass(frozen=True, repr=False)
class Window:
    """A window of `size`, moved by `stride`, its elements `dilation` apart; rows, then columns.

    padding   zeros around the image: ((above, below), (left, right))
    """

    size: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))

    def places(self, image: Sequence[int]) -> Pair:
        """How many places (down, across) the window has on an image (..., h, w)."""
        down, across = (
            (image[k - 2] + sum(self.padding[k]) - self.reach(k)) // self.stride[k] + 1
            for k in (0, 1)
        )
        return down, across

    def reach(self, k: int) -> int:
        """From the first element of the window to the last, both included, along axis k."""
        return self.dilation[k] * (self.size[k] - 1) + 1

    def offsets(self) -> Iterator[tuple[int, int]]:
        """The rows and columns of the window."""
        return ((i, j) for i in range(self.size[0]) for j in range(self.size[1]))

    def seen(self, i: int, j: int, places: Pair) -> tuple[Any, slice, slice]:
        """What element (i, j) of the window sees of a padded image: an index."""
        rows, columns = (
            slice(start, start + step * (count - 1) + 1, step)
            for start, step, count in zip(
                (i * self.dilation[0], j * self.dilation[1]), self.stride, places, strict=True
            )
        )
        return ..., rows, columns

    @property
    def pads(self) -> bool:
        """Whether there is any padding."""
        return self.padding != ((0, 0), (0, 0))

    def __repr__(self) -> str:
        options = "stride", "dilation", "padding"
        unusual = [name for name in options if getattr(self, name) != getattr(Window, name)]
        parts = [repr(self.size), *[f"{name}={getattr(self, name)}" for name in unusual]]
        return f"Window({', '.join(parts)})"

    def __str__(self) -> str:
        """The size; of stride, padding and dilation what is out of the ordinary."""
        parts = ["{} × {}".format(*self.size)]
        parts += [f"stride {_short(self.stride)}"] if self.stride != (1, 1) else []
        (above, below), (left, right) = self.padding
        even = (above, left) == (below, right)
        parts += [f"pad {_short((above, left)) if even else self.padding}"] if self.pads else []
        parts += [f"dilation {_short(self.dilation)}"] if self.dilation != (1, 1) else []
        return ", ".join(parts)

    @property
    def overlaps(self) -> bool:
        """Whether two windows can see the same element of the image."""
        return any(step < self.reach(k) for k, step in enumerate(self.stride))

    @property
    def is_point(self) -> bool:
        """Whether every element of the image is a window of its own."""
        return self.size == (1, 1) == self.stride and not self.pads

    def tiles(self, image: Sequence[int]) -> bool:
        """Whether every element of the image is in exactly one window."""
        whole = not image[-2] % self.size[0] and not image[-1] % self.size[1]
        return whole and self.size == self.stride and self.dilation == (1, 1) and not self.pads

    def inside(self, image: Sequence[int]) -> tuple[Any, slice, slice]:
        """Where the image lies in the padded image: an index."""
        (above, _), (left, _) = self.padding
        return ..., slice(above, above + image[-2]), slice(left, left + image[-1])

    def padded_shape(self, image: Sequence[int]) -> tuple[int, ...]:
        """The shape of an image (..., h, w) with its padding."""
        rows, columns = self.padding
        return (*image[:-2], image[-2] + sum(rows), image[-1] + sum(columns))


def _short(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else "{} × {}".format(*pair)


# --- from what the user gives ------------------------------------------------------------------


@functools.lru_cache(maxsize=256, typed=True)
def _window_on(
    name: str, image: Pair, size: Any, stride: Any, padding: Any, dilation: Any
) -> Window:
    size, stride = _pair(name, "kernel_size", size), _pair(name, "stride", stride)
    dilation = _pair(name, "dilation", dilation)
    reach = tuple(d * (k - 1) + 1 for d, k in zip(dilation, size, strict=True))
    window = Window(size, stride, dilation, _padding(name, padding, reach, stride))
    (above, below), (left, right) = window.padding
    height, width = image[0] + above + below, image[1] + left + right
    if reach[0] > height or reach[1] > width:
        raise ShapeError(
            f"{name}: the kernel covers {reach[0]} x {reach[1]}, but the padded image has only "
            f"{height} x {width}; use a smaller kernel or dilation, or more padding"
        )
    return window


def window_on(
    name: str, image: Sequence[int], size: Size, stride: Size, padding: Padding, dilation: Size
) -> Window:
    """The window that the options of gate `name` describe, checked against images (..., h, w).

    Raises ShapeError when it does not fit, TypeError and ValueError for wrong options.
    """
    options = (_hashable(option) for option in (size, stride, padding, dilation))
    return _window_on(name, (image[-2], image[-1]), *options)


def _hashable(option: Any) -> Any:
    if isinstance(option, np.ndarray):
        option = option.tolist()
    if isinstance(option, (list, tuple)):
        return tuple(map(_hashable, option))
    return option.item() if isinstance(option, np.integer) else option


def pair_of(name: str, option: str, value: Any, least: int = 1) -> Pair:
    """Two numbers of at least `least`, given as one or two."""
    return _pair(name, option, _hashable(value), least)


def _pair(name: str, option: str, value: Any, least: int = 1) -> Pair:
    pair = value if isinstance(value, tuple) else (value, value)
    if len(pair) != 2 or any(type(v) is not int for v in pair):
        raise TypeError(
            f"{name}: {option} is {value!r}; expected an integer, or two for rows and columns"
        )
    if min(pair) < least:
        raise ValueError(f"{name}: {option} is {value!r}; expected at least {least}")
    return pair


def _padding(name: str, value: Any, reach: Sequence[int], stride: Pair) -> tuple[Pair, Pair]:
    """((above, below), (left, right)) from a number, a pair, two pairs, "same" or "valid"."""
    if value == "valid":
        return (0, 0), (0, 0)
    if value == "same":
        if stride != (1, 1):
            raise ValueError(
                f"{name}: padding 'same' is defined for stride 1, but the stride is {stride}; "
                "give the padding as numbers"
            )
        above, left = ((length - 1) // 2 for length in reach)
        return (above, reach[0] - 1 - above), (left, reach[1] - 1 - left)
    sides = value if isinstance(value, tuple) else (value, value)
    sides = tuple(side if isinstance(side, tuple) else (side, side) for side in sides)
    if [len(side) for side in sides] != [2, 2] or any(type(v) is not int for s in sides for v in s):
        raise TypeError(
            f"{name}: padding is {value!r}; expected an integer, a pair for rows and columns, "
            "((above, below), (left, right)), 'same' or 'valid'"
        )
    if min(map(min, sides)) < 0:
        raise ValueError(f"{name}: padding is {value!r}; expected at least 0")
    return sides


def as_operand(x: Any) -> Any:
    """x as it is, if it is a tensor or an array; a list as an array."""
    return x if isinstance(x, (Tensor, np.ndarray, StandIn)) else np.asarray(check_plain(x))


def as_images(name: str, x: Any) -> Any:
    """x as a tensor or an array of floats (images, channels, height, width).

    Raises ShapeError for other shapes, DTypeError for other numbers.
    """
    x = as_operand(x)
    if x.ndim != 4:
        hint = "; for a single image use x[None]" if x.ndim == 3 else ""
        raise ShapeError(
            f"{name}: x is {x.shape}; expected (images, channels, height, width){hint}"
        )
    if x.dtype.kind != "f":
        raise DTypeError(f"{name}: x is {x.dtype}; expected floats, so use x.astype(float)")
    return x


# --- sequences, which are images of one row ----------------------------------------------------


def as_rows(name: str, x: Any) -> Any:
    """Sequences (n, channels, length) of floats, as images of one row.

    Raises ShapeError for other shapes, DTypeError for other numbers.
    """
    x = as_operand(x)
    if x.ndim != 3:
        hint = "; for a single sequence use x[None]" if x.ndim == 2 else ""
        raise ShapeError(f"{name}: x is {x.shape}; expected (sequences, channels, length){hint}")
    return as_images(name, np.expand_dims(x, 2))


def along_rows(name: str, **options: Any) -> dict[str, Pair]:
    """Options of windows on sequences, each a number, as those of windows on images of one row."""
    found = {}
    for option, value in options.items():
        (number,) = value if isinstance(value, (tuple, list)) and len(value) == 1 else (value,)
        number = _hashable(number)
        if type(number) is not int:
            raise TypeError(f"{name}: {option} is {value!r}; expected an integer")
        found[option] = 1, number
    return found


def padding_of_rows(name: str, value: Any) -> Any:
    """Padding of sequences, as that of images of one row: a number, a pair, or a word."""
    if isinstance(value, str):
        return value
    value = _hashable(value)
    sides = value if isinstance(value, tuple) else (value, value)
    sides = sides * 2 if len(sides) == 1 else sides
    if len(sides) != 2 or any(type(side) is not int for side in sides):
        raise TypeError(
            f"{name}: padding is {value!r}; expected an integer, a pair (before, after), 'same' or "
            "'valid'"
        )
    return (0, 0), sides


# --- taking images apart, and putting them together -------------------------------------------


def padded(x: Array, window: Window, fill: float = 0.0) -> Array:
    """The images with `fill` around them; x itself if there is no padding."""
    if not window.pads:
        return x
    out = empty(window.padded_shape(x.shape), x.dtype)
    out.fill(fill)
    out[window.inside(x.shape)] = x
    return out


@as_one_call
def pieces_of(x: Array, window: Window, fill: float = 0.0) -> Array:
    """What each element of the window sees: (n, c, h, w) to (rows, columns, n, c, down, across).

    `fill` is what the window sees in the padding. The adjoint is `fold`.
    """
    places, image = window.places(x.shape), padded(x, window, fill)
    pieces = empty((*window.size, *x.shape[:2], *places), x.dtype)
    for i, j in window.offsets():
        pieces[i, j] = image[window.seen(i, j, places)]
    return pieces


@as_one_call
def sum_of_pieces(x: Array, shape: Sequence[int], window: Window) -> Array:
    """Add up what `unfold` took apart: (rows, columns, n, c, down, across) to (n, c, h, w)."""
    places = window.places(shape)
    image = empty(window.padded_shape(shape), x.dtype)
    if not window.tiles(shape):
        image.fill(0)
    for i, j in window.offsets():
        seen = image[window.seen(i, j, places)]
        if window.overlaps:
            seen += x[i, j]
        else:
            seen[...] = x[i, j]
    return image[window.inside(shape)] if window.pads else image


def _fold(g: Array, shape: Sequence[int], window: Window) -> Array:
    return fold(g, shape=shape, window=window)


unfold = gate(
    name="unfold",
    role="copies: the gradients of the copies are added up",
    linear=True,
    vjp=lambda g, x_shape, window: _fold(g, x_shape, window),
    says="Σ {g} over the windows that hold a place",
)(pieces_of)
fold = gate(
    name="fold",
    role="adds up the pieces",
    linear=True,
    vjp=lambda g, window: unfold(g, window=window),
    says="{g}, window by window",
)(sum_of_pieces)
