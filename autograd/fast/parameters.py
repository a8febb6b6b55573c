"""Updates of parameters without fresh memory: two arrays take turns.

A graph may still read the old values, so the new ones go into the array of the step before, if
nobody refers to that one any more.
"""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np

from ..arrays import Array
from ..leaf import leaf_node
from ..modes import MODE
from ..parameter import Parameter
from ..values import ARRAYS
from .buffers import filled

__all__ = ["descend", "spare", "turn", "updated"]

_plain_updated, _plain_descend = Parameter._updated, Parameter.descend


def descend(self: Parameter, gradient: Array, lr: float) -> None:
    """p -= lr * gradient, the step of gradient descent.

    Raises ShapeError when the gradient has not the parameter's shape.
    """
    data = self._array
    usual = gradient.__class__ is np.ndarray and gradient.shape == data.shape
    if not usual or MODE.get().kind is not ARRAYS:
        _plain_descend(self, gradient, lr)
        return
    new = spare(self)
    np.multiply(gradient, filled((), data.dtype, lr), out=new)
    np.subtract(data, new, out=new)
    turn(self, new)


def updated(self: Parameter, ufunc: np.ufunc, other: Array) -> None:
    """Move on to what the function makes of the values."""
    if MODE.get().kind is not ARRAYS:
        _plain_updated(self, ufunc, other)
        return
    new = spare(self)
    ufunc(self._array, other, out=new)
    turn(self, new)


def spare(self: Parameter) -> np.ndarray[Any, Any]:
    """An array of the parameter's shape and dtype that nobody reads."""
    other, self._other = self._other, None
    if other.__class__ is np.ndarray and getrefcount(other) <= _LOCAL_ONLY:
        return other if other.flags.writeable else np.empty_like(other)  # it was given frozen
    return np.empty(self._array.shape, self._array.dtype)


def turn(self: Parameter, new: np.ndarray[Any, Any]) -> None:
    """Move on to the values in `new`; the array of before is the next spare one."""
    old = self._node
    self._other, self._memory = self._array, None
    self._array = new if new.shape else new[()]
    self._node = leaf_node(self._array, old.slot, old.name)  # type: ignore[union-attr]


def _count_local() -> int:
    array = np.empty(1)
    return getrefcount(array)


_LOCAL_ONLY = _count_local()
