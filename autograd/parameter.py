"""The Parameter: a tensor that training changes in place."""

from __future__ import annotations

from sys import getrefcount
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .arrays import Array, check_plain
from .errors import InPlaceError, ShapeError
from .modes import MODE
from .node import leaf_node
from .tensor import Operand, Tensor
from .values import ARRAYS

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that training changes: weights and biases.

    `p -= step * p.grad` updates it in place, as the notes and the book write it, and is not
    recorded. Two buffers take turns, so a graph that still reads the old values stays right.
    """

    __slots__ = ("_other",)

    def __init__(
        self,
        value: ArrayLike | Tensor,
        requires_grad: bool | None = True,
        *,
        dtype: DTypeLike | None = None,
        name: str | None = None,
    ):
        super().__init__(value, requires_grad, dtype=dtype, name=name)
        if self.node.slot is not None:
            self.node.slot.of_parameter = True
        self._other: Array = None

    def descend(self, gradient: Array, lr: float) -> None:
        """p -= lr * gradient, the step of gradient descent.

        Raises ShapeError when the gradient has not the parameter's shape.
        """
        data, gradient = self._data, check_plain(gradient)
        if gradient.shape != data.shape:
            raise ShapeError(
                f"descend: the gradient has shape {gradient.shape}, the parameter {self.shape}"
            )
        if MODE.get().kind is not ARRAYS:
            self._become(np.subtract(self._value(), np.multiply(lr, gradient)))
            return
        new = self._spare()
        np.multiply(gradient, data.dtype.type(lr), out=new)
        np.subtract(data, new, out=new)
        self._turn(new)

    def _spare(self) -> np.ndarray[Any, Any]:
        """An array of the parameter's shape and dtype that nobody reads."""
        other, self._other = self._other, None
        if other.__class__ is np.ndarray and getrefcount(other) <= _LOCAL_ONLY:
            return other if other.flags.writeable else np.empty_like(other)  # it was given frozen
        return np.empty(self._data.shape, self._data.dtype)

    def _turn(self, new: np.ndarray[Any, Any]) -> None:
        """Move on to the values in `new`; the array of before is the next spare one."""
        old = self._node
        self._other, self._memory = self._data, None
        self._data = new if new.shape else new[()]
        self._node = leaf_node(self._data, old.slot, old.name)  # type: ignore[union-attr]

    def _update(self, ufunc: np.ufunc, symbol: str, other: Operand) -> Tensor:
        if isinstance(other, Tensor):
            if other.requires_grad and MODE.get().recording:
                raise InPlaceError(
                    f"p {symbol}= t on a parameter: t is tracked, and an update is not recorded; "
                    f"use t.data, or write q = p {symbol} t to compute with both"
                )
            other = other._value()
        check_plain(other)
        if MODE.get().kind is not ARRAYS:
            result = ufunc(self._value(), other)
            self._become(result if result.dtype == self.dtype else result.astype(self.dtype))
            return self
        new = self._spare()
        try:
            ufunc(self._data, other, out=new)
        except (ValueError, TypeError) as error:
            raise ShapeError(
                f"p {symbol}= ...: cannot update a parameter of {self.shape} {self.dtype} with "
                f"{np.shape(other)}: {error}"
            ) from None
        self._turn(new)
        return self

    def __iadd__(self, other: Operand) -> Tensor:
        return self._update(np.add, "+", other)

    def __isub__(self, other: Operand) -> Tensor:
        return self._update(np.subtract, "-", other)

    def __imul__(self, other: Operand) -> Tensor:
        return self._update(np.multiply, "*", other)

    def __itruediv__(self, other: Operand) -> Tensor:
        return self._update(np.divide, "/", other)

    def __ipow__(self, other: Operand) -> Tensor:
        return self._update(np.power, "**", other)


def _count_local() -> int:
    array = np.empty(1)
    return getrefcount(array)


_LOCAL_ONLY = _count_local()
