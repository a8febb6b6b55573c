"""Writing into tensors with NumPy's functions: put, place, copyto, fill_diagonal, `ufunc.at`.

A tensor moves on to a new value, as with `t[index] = value`. A recorded value does not go into an
array, where its gradient would be lost.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..declare import register_method
from ..errors import DTypeError, InPlaceError, ShapeError, UnsupportedError
from ..gate import GATES
from ..gates.index import _plain_index as plain_index
from ..gates.index import scatter, setitem
from ..gates.shape import astype, broadcast_to
from ..modes import MODE
from ..numpy_api import NUMPY_FUNCTIONS
from ..sharing import is_alone
from ..standins import StandIn
from ..tensor import Tensor
from . import calls
from .arrange import operand
from .pieces import whole_numbers

__all__: list[str] = []

Function = Callable[..., Any]


def writes(function: Function, name: str = "") -> Callable[[Function], Function]:
    """Let a function of NumPy that writes into its first operand move a tensor on to what the
    decorated function gives for it."""
    called = f"np.{name or function.__name__}(t, ...)"

    def register(definition: Function) -> Function:
        @functools.wraps(definition)
        def call(target: Any, *args: Any, **options: Any) -> None:
            if not isinstance(target, Tensor):
                _into_array(function, called, target, args, options)
                return
            if target._is_number():
                raise InPlaceError(f"{called}: t is a number, as in NumPy; write t = ...")
            made = definition(target, *args, **options)
            if made is not None:
                _move_on(target, made, called)

        NUMPY_FUNCTIONS[function] = call
        return call

    return register


def _move_on(target: Tensor, made: Any, what: str) -> None:
    if made.dtype != target.dtype:
        if not np.can_cast(made.dtype, target.dtype, "same_kind"):
            raise DTypeError(
                f"{what}: the values make {made.dtype} of it, but t is {target.dtype}; convert "
                f"them first, or t"
            )
        made = astype(made, dtype=target.dtype)
    target._move_on(made, what, "take a copy first: t = t.copy()")


def _into_array(function: Function, what: str, target: Any, args: Any, options: Any) -> None:
    given = [x for x in calls.leaves((args, options)) if isinstance(x, Tensor)]
    if MODE.get().recording and any(x.requires_grad for x in given):
        raise UnsupportedError(
            f"{what} into an array: a recorded value cannot be written there, where its gradient "
            "would be lost; let it be a tensor: t = ag.Tensor(array, requires_grad=False)"
        )
    calls.with_values(function, target, *args, **options)


def _value(x: Any) -> Any:
    """A mask or index, as arrays compute with it."""
    array = x._current() if isinstance(x, Tensor) else x
    return array.inside() if isinstance(array, StandIn) else np.asarray(array)


def _over(values: Any, places: Any) -> Any:
    """Values in one axis, again and again if they are too few: those that belong to places."""
    flat = np.ravel(operand(values))
    if not flat.size:
        raise ShapeError("got no values to write")
    return flat[places % flat.size]


# --- functions -----------------------------------------------------------------------------------


@writes(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> Any:
    """`np.put`: values at places of the flattened tensor."""
    places = np.ravel(whole_numbers(ind, "put"))
    if not places.size or not np.size(v):
        return None
    if mode == "wrap":
        places = places % a.size
    elif mode == "clip":
        places = np.clip(places, 0, a.size - 1)
    elif mode != "raise":
        raise UnsupportedError(f"put: got mode={mode!r}; it is 'raise', 'wrap' or 'clip'")
    values = _over(v, np.arange(places.size))
    return np.reshape(setitem(np.ravel(a), places, values), a.shape)


@writes(np.place)
def place(arr: Any, mask: Any, vals: Any) -> Any:
    """`np.place`: the first values where a mask is true, one after the other."""
    mask = _of_size(mask, arr, "place")
    order = np.cumsum(np.ravel(mask)) - 1
    return np.where(mask, np.reshape(_over(vals, order), arr.shape), arr)


@writes(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> Any:
    """`np.putmask`: where a mask is true, the values at the same places."""
    mask = _of_size(mask, a, "putmask")
    return np.where(mask, np.reshape(_over(values, np.arange(a.size)), a.shape), a)


def _of_size(mask: Any, t: Any, name: str) -> Any:
    mask = _value(mask)
    if mask.size != t.size:
        raise ShapeError(f"{name}: the mask has shape {mask.shape}, but the tensor {t.shape}")
    return np.reshape(mask if mask.dtype == bool else mask != 0, t.shape)


@writes(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> Any:
    """`np.copyto`: values, which are broadcast, where a mask is true."""
    kind = getattr(src, "dtype", None)
    if kind is not None and not np.can_cast(kind, dst.dtype, casting):
        raise DTypeError(
            f"copyto: the values are {kind} but t is {dst.dtype}, which {casting!r} casting does "
            "not make of them"
        )
    if where is True:
        return setitem(dst, ..., src)
    made = np.where(_value(where), src, dst)
    if made.shape != dst.shape:
        raise ShapeError(f"copyto: the values and the mask have shape {made.shape}, t {dst.shape}")
    return made


@writes(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> Any:
    """`np.fill_diagonal`: values along the main diagonal, again and again if they are too few."""
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ShapeError(
            f"fill_diagonal: got shape {a.shape}; it takes a matrix, or axes of the same length"
        )
    step = a.shape[1] + 1 if a.ndim == 2 else 1 + int(np.cumprod(a.shape[:-1]).sum())
    end = a.shape[1] * a.shape[1] if a.ndim == 2 and not wrap else a.size
    places = slice(0, min(end, a.size), step)
    values = _over(val, np.arange(len(range(a.size)[places])))
    return np.reshape(setitem(np.ravel(a), places, values), a.shape)


@writes(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> Any:
    """`np.put_along_axis`: values at places along an axis, for each slice its own."""
    places = _value(indices)
    if axis is None:
        flat = np.ravel(arr)
        return np.reshape(setitem(flat, np.ravel(places), values), arr.shape)
    axis = normalize_axis_index(axis, arr.ndim)
    if places.ndim != arr.ndim:
        raise ShapeError(f"put_along_axis: the indices have {places.ndim} axes, t {arr.ndim}")
    index = [
        places if k == axis else np.reshape(np.arange(n), (-1, *(1,) * (arr.ndim - 1 - k)))
        for k, n in enumerate(arr.shape)
    ]
    return setitem(arr, tuple(index), values)


# --- ufunc.at ------------------------------------------------------------------------------------


def _at(ufunc: np.ufunc, t: Any, indices: Any, *operands: Any) -> Any:
    """t after `ufunc.at(t, indices, values)`: as often at a place as it stands in the indices."""
    index = plain_index(indices)
    if ufunc in _SUMS:
        taken = np.broadcast_to(False, t.shape)[index].shape
        given = broadcast_to(operand(operands[0]), shape=taken)
        return ufunc(t, scatter(given, index=index, shape=t.shape))
    places = np.arange(t.size).reshape(t.shape)[index]
    values = [np.ravel(broadcast_to(operand(x), shape=places.shape)) for x in operands]
    flat = np.ravel(t)
    for turn in _turns(np.ravel(places)):
        there = np.ravel(places)[turn]
        flat = setitem(flat, there, ufunc(flat[there], *[x[turn] for x in values]))
    return np.reshape(flat, t.shape)


def _turns(places: Any) -> Iterator[Any]:
    """Which places are met for the first time, which for the second, and so on."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    times = np.arange(places.size) - np.repeat(starts, np.diff(starts, append=places.size))
    for k in range(int(times.max(initial=-1)) + 1):
        yield np.sort(order[times == k])


# x + y and x - y: what is written to one place adds up
_SUMS = {row.numpy for row in GATES.values() if row.rules in ((1, 1), (1, -1))}

for _ufunc in {f for f in vars(np).values() if isinstance(f, np.ufunc) and f.nout == 1}:
    _call = writes(_ufunc.at, f"{_ufunc.__name__}.at")(functools.partial(_at, _ufunc))
    NUMPY_FUNCTIONS[_ufunc, "at"] = NUMPY_FUNCTIONS.pop(_ufunc.at)

# --- methods -------------------------------------------------------------------------------------


def _fill(self: Tensor, value: Any) -> None:
    """Write one value everywhere."""
    self[...] = value


def _put(self: Tensor, indices: Any, values: Any, mode: str = "raise") -> None:
    """Write values at places of the flattened tensor, as `np.put`."""
    put(self, indices, values, mode)


class Flat:
    """A tensor as if it had one axis: `t.flat[index]`, which can be written to."""

    __slots__ = ("_tensor",)

    def __init__(self, tensor: Tensor):
        self._tensor = tensor

    def __getitem__(self, index: Any) -> Tensor:
        return np.ravel(self._tensor)[index]  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        t = self._tensor
        places = np.arange(t.size)[plain_index(index)]
        put(t, places, value)

    def __len__(self) -> int:
        return self._tensor.size

    def __iter__(self) -> Iterator[Tensor]:
        return iter(np.ravel(self._tensor))


def _set_flat(self: Tensor, values: Any) -> None:
    put(self, np.arange(self.size), values)


def _resize(self: Tensor, *shape: Any, refcheck: bool = True) -> None:
    """Take another shape in place: the elements in order, and zeros where they do not suffice."""
    what = "t.resize(...)"
    wanted = tuple(shape[0]) if len(shape) == 1 and np.iterable(shape[0]) else shape
    if not is_alone(self):
        raise InPlaceError(
            f"{what} on a tensor that shares memory with another one; write np.resize(t, shape), "
            "which repeats the elements, or take a copy first: t = t.copy()"
        )
    flat: Any = np.ravel(np.copy(self))
    size = math.prod(wanted)
    if size > flat.size:
        flat = np.concatenate([flat, np.zeros(size - flat.size, self.dtype)])
    if self.is_leaf and self.requires_grad:
        raise InPlaceError(f"{what} on a leaf that requires a gradient; take a copy first")
    made: Any = np.reshape(flat[:size], wanted)
    self._move_on(made, what, "take a copy first: t = t.copy()")


register_method(["fill"], _fill)
register_method(["resize"], _resize)
register_method(["put"], _put)
register_method(["flat"], property(Flat, _set_flat))
