"""Indexing, of every kind that NumPy knows, and its adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DTypeError
from ..gate import register_method
from ..record import gate
from ..stacked import Stacked
from ..tensor import Array, Tensor
from ..traced import Traced

__all__ = ["getitem", "scatter"]


@gate(
    name="getitem",
    symbol="[ ]",
    linear=True,
    role="router",
    vjp=lambda g, x_shape, index: _scatter_back(g, x_shape, index),
    live=lambda x_shape, index: _taken(x_shape, index),
)
def _getitem(x: Array, index: Any) -> Array:
    return x[index]


def getitem(x: Any, index: Any) -> Any:
    """x[index]: slices, integers, None, ..., arrays of integers (repeats allowed), masks."""
    return _getitem(x, index=_plain_index(index))


def _scatter_back(g: Array, shape: tuple[int, ...], index: Any) -> Array:
    return scatter(g, index=index, shape=shape)


@gate(linear=True, role="router", vjp=lambda g, index: getitem(g, index))
def scatter(x: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with x added at `index`; the adjoint of indexing.

    Where an index is repeated, the values add up, like the gradients at a fork.
    """
    if not shape:  # an index takes a single value once, or as a mask perhaps not at all
        return np.sum(x)
    traced = next((part for part in (x, *_parts(index)) if part.__class__ is Traced), None)
    if traced is None or x.__class__ is Stacked:
        out = np.zeros_like(x, shape=shape)
    else:  # in a program the zeros are its own as well
        out = traced.trace.record(np.zeros_like, (x,), {"shape": shape})
    if _is_basic(index) or _is_mask(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


def _taken(shape: tuple[int, ...], index: Any) -> Array:
    taken = np.zeros(shape, bool)
    taken[index] = True
    return taken


def _parts(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _is_basic(index: Any) -> bool:
    """Slices, integers, None and ... only: no element can be taken twice."""
    return not any(isinstance(part, (np.ndarray, Traced)) for part in _parts(index))


def _is_mask(index: Any) -> bool:
    return isinstance(index, (np.ndarray, Traced)) and index.dtype == bool


def _plain_index(index: Any) -> Any:
    """The index with arrays of our own in place of lists, ranges and tensors."""
    if isinstance(index, tuple):
        return tuple(_plain_part(part) for part in index)
    return _plain_part(index)


def _plain_part(part: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer)):
        return part
    array = part._value() if isinstance(part, Tensor) else part
    array = array if isinstance(array, Traced) else np.array(array)
    if array.size == 0 and not isinstance(part, (np.ndarray, Tensor)):
        array = array.astype(np.intp)  # an empty list
    if array.dtype.kind not in "iub":
        raise DTypeError(
            f"t[index]: got an index of dtype {array.dtype}; expected integers, bools or slices"
        )
    return array if array.ndim or array.dtype == bool else int(array)


register_method(["__getitem__"], getitem)
