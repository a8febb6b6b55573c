"""Arranging: what joins arrays, takes them apart, and moves or adds axes.

All of it is made of reshape, transpose, concatenate, stack and slices.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..arrays import Array, plain_array
from ..declare import composed, gate, register_method
from ..errors import DTypeError, ShapeError, UnsupportedError
from ..gates.shape import astype, concatenate, copy, reshape, stack, transpose
from ..numpy_api import NUMPY_FUNCTIONS, refuse_options
from ..tensor import Tensor
from . import calls

__all__ = ["joined", "operand", "reshaped"]

Index = tuple[Any, ...]


def operand(x: Any) -> Any:
    """A tensor as it is, anything else as an array."""
    return x if isinstance(x, Tensor) else plain_array(x)


def along(axis: int, part: Any) -> Index:
    """The index that takes a part of one axis, which is counted from 0, and all of the others."""
    return (*(slice(None),) * axis, part)


# --- shapes --------------------------------------------------------------------------------------


def _strides(x: Any) -> tuple[int, ...]:
    """How far apart the elements of each axis lie in memory."""
    return x._current().strides if isinstance(x, Tensor) and x.shape else (0,) * np.ndim(x)


def _lies_backwards(x: Any) -> bool:
    """Whether an array lies in memory as Fortran has it, and not as C has it."""
    steps = [step for step, length in zip(_strides(x), x.shape, strict=True) if length > 1]
    return len(steps) > 1 and steps == sorted(steps)


def reshaped(x: Any, shape: Any, order: str = "C", may_copy: bool | None = None) -> Any:
    """`np.reshape` and `np.ravel`, in any order of the elements."""
    if order == "K":  # as they lie in memory: the axis of the longest steps first
        steps = [-abs(step) for step in _strides(x)]
        x = transpose(x, axes=tuple(sorted(range(len(steps)), key=steps.__getitem__)))
    elif order == "F" or (order == "A" and _lies_backwards(x)):
        lengths = shape[::-1] if isinstance(shape, (tuple, list)) else shape
        return _owned(transpose(reshape(transpose(x), shape=lengths)), x, may_copy)
    elif order not in ("A", "C"):
        raise UnsupportedError(f"reshape: got order={order!r}; it is 'C', 'F', 'A' or 'K'")
    return _owned(reshape(x, shape=shape), x, may_copy)


def _owned(made: Any, x: Any, may_copy: bool | None) -> Any:
    """A result that was asked to be a copy, or to be none."""
    if may_copy is None:
        return made
    shares = made._memory is not None and made._memory is x._memory
    if may_copy is False and not shares and made.shape:
        raise ShapeError(
            f"reshape: {x.shape} as {made.shape} needs a copy, as the array lies in memory; leave "
            "out copy=False"
        )
    return copy(made, order="K") if may_copy and shares else made


NUMPY_FUNCTIONS[np.permute_dims] = NUMPY_FUNCTIONS[np.transpose]


@composed(np.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged, as `np.matrix_transpose` and `x.mT`."""
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: got shape {x.shape}; a matrix has two axes or more")
    return np.swapaxes(x, -1, -2)


register_method(["mT"], property(matrix_transpose))


@composed(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """An axis moved in front of another one, as `np.rollaxis`."""
    axis = normalize_axis_index(axis, a.ndim)
    start = start + a.ndim if start < 0 else start
    if not 0 <= start <= a.ndim:
        raise ShapeError(f"rollaxis: start is {start}, but the array has {a.ndim} axes")
    return np.moveaxis(a, axis, start - (axis < start))


def _at_least(count: int, shape: Callable[[tuple[int, ...]], tuple[int, ...]]) -> Any:
    """`np.atleast_1d` and its kin: `shape` is of arrays with too few axes."""

    def one(x: Any) -> Any:
        x = operand(x)
        return x if x.ndim >= count else np.reshape(x, shape(x.shape))

    def call(*arys: Any) -> Any:
        return one(arys[0]) if len(arys) == 1 else tuple(map(one, arys))

    return call


composed(np.atleast_1d)(_at_least(1, lambda shape: (1,)))
composed(np.atleast_2d)(_at_least(2, lambda shape: (1, *(shape or (1,)))))
composed(np.atleast_3d)(
    _at_least(3, lambda shape: (*shape, 1) if len(shape) == 2 else (1, *(shape or (1,)), 1))
)


@composed(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """Arrays in the shape that they broadcast to, as `np.broadcast_arrays`."""
    arrays = [operand(x) for x in args]
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    return tuple(x if x.shape == shape else np.broadcast_to(x, shape) for x in arrays)


@composed(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Coordinates of a grid, from those of its axes, as `np.meshgrid`."""
    if indexing not in ("xy", "ij"):
        raise UnsupportedError(f"meshgrid: got indexing={indexing!r}; it is 'xy' or 'ij'")
    axes = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        axes[:2] = 1, 0
    made = [
        np.reshape(operand(x), (*(1,) * k, -1, *(1,) * (len(xi) - 1 - k)))
        for x, k in zip(xi, axes, strict=True)
    ]
    made = made if sparse else list(broadcast_arrays(*made))
    return tuple(np.copy(x) for x in made) if copy else tuple(made)


@composed(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """Indices of a grid, from those of its axes, as `np.ix_`."""
    found = []
    for k, x in enumerate(args):
        x = operand(x)
        if x.ndim != 1:
            raise ShapeError(f"ix_: got shape {x.shape}; the indices of an axis have one axis")
        if x.dtype == bool:
            (x,) = np.nonzero(x)
        found.append(np.reshape(x, (*(1,) * k, -1, *(1,) * (len(args) - 1 - k))))
    return tuple(found)


# --- joining -------------------------------------------------------------------------------------


def joined(
    join: Any, arrays: Any, axis: Any, out: Any = None, dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:  # fmt: skip
    """What `join` gives of arrays in a dtype, or writes into `out`."""
    if dtype is not None:
        arrays = [_in_dtype(operand(x), np.dtype(dtype), casting) for x in arrays]
    made = join(arrays, axis=axis)
    return made if out is None else calls.written(made, out, f"np.{join.__name__.strip('_')}")


def _in_dtype(x: Any, dtype: np.dtype[Any], casting: Any) -> Any:
    if not np.can_cast(x.dtype, dtype, casting):
        raise DTypeError(
            f"dtype={dtype}: an array is {x.dtype}, which {casting!r} casting does not make into "
            "that; convert it first with x.astype(...)"
        )
    return x if x.dtype == dtype else astype(x, dtype=dtype)


def _stacked(name: str, raise_axes: Any, axis: Callable[[Any], int]) -> Any:
    """`np.hstack` and its kin: arrays are given enough axes, and joined along one of them."""

    def call(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
        arrays = [raise_axes(x) for x in tup]
        if not arrays:
            raise ShapeError(f"{name}: got no arrays")
        return joined(concatenate, arrays, axis(arrays[0]), None, dtype, casting)

    return call


def _as_column(x: Any) -> Any:
    x = operand(x)
    return x if x.ndim >= 2 else np.reshape(x, (-1, 1))


composed(np.hstack)(_stacked("hstack", np.atleast_1d, lambda first: 0 if first.ndim == 1 else 1))
composed(np.vstack)(_stacked("vstack", np.atleast_2d, lambda first: 0))
composed(np.dstack)(_stacked("dstack", np.atleast_3d, lambda first: 2))
composed(np.column_stack)(_stacked("column_stack", _as_column, lambda first: 1))


@composed(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values behind those of an array, as `np.append`."""
    arr, values = operand(arr), operand(values)
    if axis is None:
        arr, values, axis = np.ravel(arr), np.ravel(values), 0
    return concatenate([arr, values], axis=axis)


@composed(np.block)
def block(arrays: Any) -> Any:
    """Arrays put together from nested lists of blocks, as `np.block`."""
    depth = _depth(arrays)
    count = max(depth, *(np.ndim(x) for x in calls.leaves(arrays)))

    def put(part: Any, level: int) -> Any:
        if isinstance(part, list):
            return concatenate([put(x, level + 1) for x in part], axis=count - depth + level)
        x = operand(part)
        return np.reshape(x, (*(1,) * (count - x.ndim), *x.shape))

    made = put(arrays, 0)
    return made if depth else np.copy(made)


def _depth(part: Any) -> int:
    """How deep lists are nested, which has to be the same everywhere."""
    if isinstance(part, tuple):
        raise UnsupportedError("block: got a tuple; blocks are given in lists")
    if not isinstance(part, list):
        return 0
    depths = {_depth(x) for x in part}
    if len(depths) != 1:
        raise ShapeError("block: lists are empty, or nested to different depths")
    return depths.pop() + 1


# --- taking apart --------------------------------------------------------------------------------


@composed(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """An array in parts along an axis, of about equal length, as `np.array_split`."""
    axis = normalize_axis_index(axis, ary.ndim)
    length = ary.shape[axis]
    if np.ndim(indices_or_sections):
        places = [int(k) for k in indices_or_sections]
    else:
        count = int(indices_or_sections)
        if count <= 0:
            raise ShapeError(f"array_split: got {count} sections; there has to be one at least")
        small, longer = divmod(length, count)
        lengths = [small + 1] * longer + [small] * (count - longer)
        places = list(itertools.accumulate(lengths))[:-1]
    ends = [0, *places], [*places, length]
    return [ary[along(axis, slice(*part))] for part in zip(*ends, strict=True)]


@composed(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """An array in parts along an axis, of equal length, as `np.split`."""
    axis = normalize_axis_index(axis, ary.ndim)
    if not np.ndim(indices_or_sections) and ary.shape[axis] % int(indices_or_sections):
        raise ShapeError(
            f"split: an axis of length {ary.shape[axis]} has no {indices_or_sections} equal parts; "
            "np.array_split gives parts of about equal length"
        )
    return array_split(ary, indices_or_sections, axis)  # type: ignore[no-any-return]


def _split_along(name: str, least: int, axis: Callable[[int], int]) -> Any:
    """`np.hsplit` and its kin."""

    def call(ary: Any, indices_or_sections: Any) -> list[Any]:
        if ary.ndim < least:
            raise ShapeError(f"{name}: got shape {ary.shape}; it needs {least} axes or more")
        return split(ary, indices_or_sections, axis(ary.ndim))  # type: ignore[no-any-return]

    return call


composed(np.hsplit)(_split_along("hsplit", 1, lambda ndim: 1 if ndim > 1 else 0))
composed(np.vsplit)(_split_along("vsplit", 2, lambda ndim: 0))
composed(np.dsplit)(_split_along("dsplit", 3, lambda ndim: 2))


@composed(np.unstack)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """The parts of an array along an axis, which they do not have, as `np.unstack`."""
    if x.ndim == 0:
        raise ShapeError("unstack: a single value has no axis to take apart")
    axis = normalize_axis_index(axis, x.ndim)
    return tuple(x[along(axis, k)] for k in range(x.shape[axis]))


# --- turning -------------------------------------------------------------------------------------


@gate(
    numpy=np.flip,
    linear=True,
    vjp=lambda g, axis: np.flip(g, axis),
    says="{g}, turned back",
)
def flip(x: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """The elements in reverse order along axes, as `np.flip`."""
    return np.flip(x, axis)


@composed(np.fliplr)
def fliplr(m: Any) -> Any:
    """The columns in reverse order, as `np.fliplr`."""
    if m.ndim < 2:
        raise ShapeError(f"fliplr: got shape {m.shape}; it needs two axes or more")
    return np.flip(m, 1)


@composed(np.flipud)
def flipud(m: Any) -> Any:
    """The rows in reverse order, as `np.flipud`."""
    if m.ndim < 1:
        raise ShapeError("flipud: a single value has no rows")
    return np.flip(m, 0)


@composed(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """Turned by k right angles in the plane of two axes, as `np.rot90`."""
    first, second = normalize_axis_tuple(tuple(axes), m.ndim)
    turns = k % 4
    if turns in (0, 2):
        return np.flip(m, (first, second)) if turns else m[...]
    if turns == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


def _back(shift: Any) -> Any:
    return tuple(-k for k in shift) if isinstance(shift, tuple) else -shift


@gate(
    numpy=np.roll,
    linear=True,
    vjp=lambda g, shift, axis: np.roll(g, _back(shift), axis),
    says="{g}, moved back",
)
def roll(x: Array, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Array:
    """The elements moved along axes, those at the end to the front, as `np.roll`."""
    return np.roll(x, shift, axis)


# --- functions of slices -------------------------------------------------------------------------


@composed(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """A function of each slice along an axis, as `np.apply_along_axis`."""
    axis = normalize_axis_index(axis, arr.ndim)
    moved = np.moveaxis(arr, axis, -1)
    rest = moved.shape[:-1]
    if 0 in rest:
        raise ShapeError(f"apply_along_axis: got shape {arr.shape}; there is no slice to look at")
    made = [operand(func1d(moved[k], *args, **kwargs)) for k in np.ndindex(rest)]
    whole = np.reshape(stack(made, axis=0), (*rest, *made[0].shape))
    count = len(rest)
    order = (*range(axis), *range(count, whole.ndim), *range(axis, count))
    return np.transpose(whole, order) if order != tuple(range(whole.ndim)) else whole


@composed(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """A function applied along one axis after the other, as `np.apply_over_axes`."""
    count = a.ndim
    for axis in np.ravel(axes):
        axis = normalize_axis_index(int(axis), count or 1)
        made = func(a, axis)
        made = made if made.ndim == count else np.expand_dims(made, axis)
        if made.ndim != count:
            raise ShapeError("apply_over_axes: the function has to keep the axes, or drop one")
        a = made
    return a


@composed(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """All windows of a length along axes, as `np.lib.stride_tricks.sliding_window_view` gives them.

    They are copied: the gradient of an element is the sum of those of all windows that show it.
    """
    refuse_options("sliding_window_view", {"writeable": writeable or None})
    lengths = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = range(x.ndim) if axis is None else axis
    axes = normalize_axis_tuple(axes, x.ndim, allow_duplicate=True)
    if len(lengths) != len(axes):
        raise ShapeError(
            f"sliding_window_view: got {len(lengths)} lengths of windows for {len(axes)} axes"
        )
    for length, axis in zip(lengths, axes, strict=True):
        count = x.shape[axis] - length + 1
        if length < 1 or count < 1:
            raise ShapeError(
                f"sliding_window_view: a window of length {length} does not fit an axis of length "
                f"{x.shape[axis]}"
            )
        x = np.stack([x[along(axis, slice(k, k + count))] for k in range(length)], axis=-1)
    return x
