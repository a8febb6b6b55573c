"""Pieces of arrays: diagonals and triangles, repeated, padded, left out and put in between."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arrays import Array
from ..declare import composed, gate
from ..errors import DTypeError, ShapeError, UnsupportedError
from ..gates.index import scatter
from ..gates.shape import astype, broadcast_to, concatenate
from ..tensor import Tensor
from . import calls
from .arrange import along, operand

__all__: list[str] = []

Shape = tuple[int, ...]


def whole_numbers(x: Any, what: str) -> np.ndarray[Any, Any]:
    """Counts and positions, which carry no gradient, as an array."""
    array = x.detach().numpy() if isinstance(x, Tensor) else np.asarray(x)
    if array.size and array.dtype.kind not in "iub":
        raise DTypeError(f"{what}: got {array.dtype}; expected integers")
    return array.astype(np.intp) if not array.size else array


# --- diagonals and triangles ---------------------------------------------------------------------


def _on_diagonal(count: int, offset: int) -> tuple[Array, Array]:
    """Rows and columns of a diagonal of `count` elements."""
    places = np.arange(count)
    return places + max(-offset, 0), places + max(offset, 0)


def _diagonal_back(g: Array, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    """g on the diagonal of zeros."""
    first, second = axis1 % len(shape), axis2 % len(shape)
    rest = tuple(length for k, length in enumerate(shape) if k not in (first, second))
    index = (..., *_on_diagonal(g.shape[-1], offset))
    made = scatter(g, index=index, shape=(*rest, shape[first], shape[second]))
    return np.moveaxis(made, (-2, -1), (first, second))  # type: ignore[type-var]


@gate(
    numpy=np.diagonal,
    symbol="diagonal",
    linear=True,
    selects=True,
    role="router",
    methods=["diagonal"],
    vjp=lambda g, x_shape, offset, axis1, axis2: _diagonal_back(g, x_shape, offset, axis1, axis2),
    says="{g} on the diagonal, 0 elsewhere",
)
def diagonal(x: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    """The elements whose places along two axes are the same, as `np.diagonal`."""
    return np.diagonal(x, offset, axis1, axis2)


@composed(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    """A matrix with these elements on a diagonal, as `np.diagflat`."""
    flat = np.ravel(operand(v))
    side = flat.size + abs(k)
    return scatter(flat, index=_on_diagonal(flat.size, k), shape=(side, side))


@composed(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a diagonal, as `np.diag`."""
    if v.ndim == 1:
        return diagflat(v, k)
    if v.ndim != 2:
        raise ShapeError(f"diag: got shape {v.shape}; it takes a vector or a matrix")
    return np.diagonal(v, k)


@gate(
    numpy=np.tril,
    linear=True,
    selects=True,
    role="router",
    vjp=lambda g, k: np.tril(g, k),
    says="{g} up to the diagonal, 0 above it",
)
def tril(x: Array, k: int = 0) -> Array:
    """The part below a diagonal, and on it, as `np.tril`; 0 elsewhere."""
    return np.tril(x, k)


@gate(
    numpy=np.triu,
    linear=True,
    selects=True,
    role="router",
    vjp=lambda g, k: np.triu(g, k),
    says="{g} from the diagonal on, 0 below it",
)
def triu(x: Array, k: int = 0) -> Array:
    """The part above a diagonal, and on it, as `np.triu`; 0 elsewhere."""
    return np.triu(x, k)


# --- repeated ------------------------------------------------------------------------------------


@composed(np.tile)
def tile(A: Any, reps: Any) -> Any:
    """An array again and again along its axes, as `np.tile`."""
    counts = tuple(int(n) for n in np.ravel(whole_numbers(reps, "tile")))
    x = operand(A)
    count = max(x.ndim, len(counts))
    counts = (1,) * (count - len(counts)) + counts
    shape = (1,) * (count - x.ndim) + x.shape
    if set(counts) <= {1}:
        return np.copy(np.reshape(x, shape))
    pairs = [n for length in shape for n in (1, length)]
    wide = [n for pair in zip(counts, shape, strict=True) for n in pair]
    copies = broadcast_to(np.reshape(x, pairs), shape=tuple(wide))
    return np.reshape(copies, tuple(n * m for n, m in zip(counts, shape, strict=True)))


@composed(np.repeat, methods=["repeat"])
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    """Each element several times, as `np.repeat`: as often each, or as counts tell."""
    x, counts = operand(a), whole_numbers(repeats, "repeat")
    if axis is None or not x.ndim:
        x, axis = np.ravel(x), normalize_axis_index(axis or 0, 1)
    axis = normalize_axis_index(axis, x.ndim)
    if counts.size != 1 or counts.item() == 1:
        places = np.repeat(np.arange(x.shape[axis]), counts)
        return x[along(axis, places)]
    lengths = [*x.shape[: axis + 1], counts.item(), *x.shape[axis + 1 :]]
    copies = broadcast_to(np.expand_dims(x, axis + 1), shape=tuple(lengths))
    lengths[axis : axis + 2] = [x.shape[axis] * counts.item()]
    return np.reshape(copies, tuple(lengths))


@composed(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    """The elements again and again in another shape, as `np.resize`."""
    shape = tuple(new_shape) if np.iterable(new_shape) else (new_shape,)
    flat, size = np.ravel(a), math.prod(shape)
    if min(shape, default=0) < 0:
        raise ShapeError(f"resize: got the shape {shape}; lengths are not negative")
    if not flat.size:  # there is nothing to repeat
        return Tensor(np.zeros(shape, a.dtype), requires_grad=False)
    return np.reshape(flat[np.arange(size) % flat.size], shape)


# --- left out, put in ----------------------------------------------------------------------------


@composed(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """What is left without some elements along an axis, as `np.delete`."""
    x = operand(arr)
    if axis is None:
        x, axis = np.ravel(x), 0
    axis = normalize_axis_index(axis, x.ndim)
    obj = obj if isinstance(obj, slice) else whole_numbers(obj, "delete")
    return x[along(axis, np.delete(np.arange(x.shape[axis]), obj))]


@composed(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """Values put in before places along an axis, as `np.insert`."""
    x, values = operand(arr), operand(values)
    if values.dtype.kind == "f" and x.dtype.kind in "iub":
        raise DTypeError(
            f"insert: the values are {values.dtype} but the array is {x.dtype}, which would cut "
            "off their decimals; insert into x.astype(float)"
        )
    if axis is None:
        x, axis = np.ravel(x), 0
    axis = normalize_axis_index(axis, x.ndim)
    length = x.shape[axis]
    places = np.arange(length)[obj] if isinstance(obj, slice) else whole_numbers(obj, "insert")
    places = np.flatnonzero(places) if places.dtype == bool else places
    values = values if values.dtype == x.dtype else astype(values, dtype=x.dtype)
    if values.ndim < x.ndim:
        values = np.reshape(values, (*(1,) * (x.ndim - values.ndim), *values.shape))
    if not places.ndim:  # values for one place are slices
        values = np.moveaxis(values, 0, axis)
    count = values.shape[axis] if places.size == 1 else places.size
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    spare = max(values.ndim - x.ndim, 0)  # axes of length 1 in front, which NumPy lets be
    if spare and set(values.shape[:spare]) == {1}:
        values = np.reshape(values, values.shape[spare:])
    both = concatenate([x, broadcast_to(values, shape=shape)], axis=axis)
    there = places.item() if places.size == 1 else places
    return both[along(axis, np.insert(np.arange(length), there, length + np.arange(count)))]


@composed(np.trim_zeros)
def trim_zeros(filt: Any, trim: Any = "fb", axis: Any = None) -> Any:
    """What lies between the first and the last element that is not 0, as `np.trim_zeros`."""
    plain = filt.detach().numpy()
    places = np.where(plain == 0, 0, 1 + np.arange(plain.size).reshape(plain.shape))
    kept = np.trim_zeros(places, trim, axis)
    if not kept.any():
        return filt[tuple(slice(0, length) for length in kept.shape)]
    here = np.argwhere(kept)[0]
    start = np.array(np.unravel_index(kept[tuple(here)] - 1, plain.shape)) - here
    return filt[tuple(slice(k, k + n) for k, n in zip(start.tolist(), kept.shape, strict=True))]


# --- padded --------------------------------------------------------------------------------------

OPTIONS: dict[str, dict[str, Any]] = {  # of each mode, with what they are when not given
    "constant": {"constant_values": 0}, "empty": {}, "edge": {}, "wrap": {},
    "reflect": {"reflect_type": "even"}, "symmetric": {"reflect_type": "even"},
    "linear_ramp": {"end_values": 0}, "maximum": {"stat_length": None},
    "minimum": {"stat_length": None}, "mean": {"stat_length": None},
    "median": {"stat_length": None},
}  # fmt: skip
STATISTICS: dict[str, Any] = {
    "maximum": np.max,
    "minimum": np.min,
    "mean": np.mean,
    "median": np.median,
}


def _inside(shape: Shape, widths: Any) -> tuple[slice, ...]:
    return tuple(slice(w[0], w[0] + length) for w, length in zip(widths, shape, strict=True))


@gate(
    name="pad",
    face="pad {widths}",
    linear=True,
    vjp=lambda g, x_shape, widths: g[_inside(x_shape, widths)],
    tangent=lambda v, x_shape, widths: np.pad(v, widths),  # what is put around is constant
    says="the part of {g} that belongs to it",
)
def _padded(x: Array, widths: Any, values: Any = 0) -> Array:
    return np.pad(x, widths, constant_values=values)


@composed(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """An array with more elements around it, as `np.pad`, in all modes but functions."""
    if callable(mode):
        raise UnsupportedError(
            "pad: a function that writes into an array has no gradient; use one of the modes "
            f"{', '.join(OPTIONS)}, or put the parts together with np.concatenate"
        )
    if mode not in OPTIONS or not set(kwargs) <= set(OPTIONS[mode]):
        raise UnsupportedError(
            f"pad: got mode={mode!r} with {', '.join(kwargs) or 'no options'}; the modes and their "
            f"options are { {name: [*known] for name, known in OPTIONS.items()} }"
        )
    x = operand(array)
    if x.dtype.kind in "iub":  # they are rounded, and carry no gradient
        return calls.on_values(np.pad, "np.pad", (x, pad_width, mode), kwargs)
    if not x.ndim:
        return np.copy(x)
    widths = _pairs(_of_axes(pad_width, x.ndim), x.ndim)
    (option,) = [kwargs.get(name, default) for name, default in OPTIONS[mode].items()] or [None]
    if mode in ("constant", "empty") and not _has_tensor(option):
        values = 0 if option is None else _pairs(option, x.ndim)
        return _padded(x, widths=widths, values=values)
    for axis, width in enumerate(widths):
        if width != (0, 0):
            x = _pad_axis(x, axis, width, mode, _of_axis(option, axis, x.ndim))
    return x if any(map(any, widths)) else np.copy(x)


def _of_axes(widths: Any, count: int) -> Any:
    """Widths given by axis, `{-1: (1, 2)}`, as a list for all axes."""
    if not isinstance(widths, dict):
        return widths
    found: list[Any] = [(0, 0)] * count
    for axis, width in widths.items():
        found[normalize_axis_index(axis, count)] = width if np.ndim(width) else (width, width)
    return found


def _pairs(given: Any, count: int) -> tuple[tuple[Any, Any], ...]:
    """Before and after for each axis, of a number, a pair, or a list of pairs."""
    pairs = np.broadcast_to(np.asarray(given), (count, 2)).tolist()
    return tuple((before, after) for before, after in pairs)


def _has_tensor(option: Any) -> bool:
    return any(isinstance(x, Tensor) for x in calls.leaves(option))


def _of_axis(option: Any, axis: int, count: int) -> tuple[Any, Any]:
    """What an option says of one axis, before and after; it may hold tensors."""
    if option is None or isinstance(option, str):
        return option, option
    if not _has_tensor(option):
        return _pairs(option, count)[axis]
    if isinstance(option, Tensor):
        pairs = np.broadcast_to(option, (count, 2))
        return pairs[axis, 0], pairs[axis, 1]
    if isinstance(option[0], (tuple, list)):
        option = option[axis if len(option) > 1 else 0]
    return option[0], option[-1]


def _pad_axis(x: Any, axis: int, width: tuple[int, int], mode: str, option: Any) -> Any:
    """More elements at both ends of an axis, in any mode."""
    if mode in STATISTICS or mode in ("linear_ramp", "constant"):
        return _surrounded(x, axis, width, mode, option)
    length = x.shape[axis]
    if option[0] == "odd" and length > 1:
        return _oddly_reflected(x, axis, width, mode == "symmetric")
    if option[0] not in (None, "even", "odd"):
        raise UnsupportedError(f"pad: got reflect_type={option[0]!r}; it is 'even' or 'odd'")
    return x[along(axis, np.pad(np.arange(length), width, mode=mode))]  # type: ignore[call-overload]


def _surrounded(x: Any, axis: int, width: tuple[int, int], mode: str, option: Any) -> Any:
    """The array between parts that are made of an option, or of what lies at the ends."""
    length, parts = x.shape[axis], [x]
    for end, count in enumerate(width):
        shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
        edge = x[along(axis, slice(0, 1) if end == 0 else slice(length - 1, length))]
        if mode == "constant":
            part = np.broadcast_to(astype(operand(option[end]) + 0.0, dtype=x.dtype), shape)
        elif mode == "linear_ramp":
            steps = np.arange(count).astype(x.dtype) / max(count, 1)
            steps = np.reshape(steps[::-1] if end else steps, (-1, *(1,) * (x.ndim - 1 - axis)))
            part = option[end] + (edge - option[end]) * steps
        else:
            most = length if option[end] is None else min(int(option[end]), length)
            if most < 1 and count:
                raise ShapeError(f"pad: stat_length is {option[end]}; {mode} needs one element")
            near = x[along(axis, slice(0, most) if end == 0 else slice(length - most, length))]
            part = np.broadcast_to(STATISTICS[mode](near, axis=axis, keepdims=True), shape)
        parts.insert(len(parts) * end, part)
    return concatenate(parts, axis=axis)


def _oddly_reflected(x: Any, axis: int, width: tuple[int, int], with_edge: bool) -> Any:
    """The array between its reflections, turned around the values at its edges."""
    before, after = width
    skip = 0 if with_edge else 1
    while before or after:
        length = x.shape[axis]
        left, right = min(before, length - skip), min(after, length - skip)
        first, last = x[along(axis, slice(0, 1))], x[along(axis, slice(length - 1, length))]
        near = np.flip(x[along(axis, slice(skip, skip + left))], axis)
        far = np.flip(x[along(axis, slice(length - skip - right, length - skip))], axis)
        x = concatenate([2 * first - near, x, 2 * last - far], axis=axis)
        before, after = before - left, after - right
    return x
