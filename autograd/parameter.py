"""The Parameter: a tensor that training changes in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .arrays import Array, check_plain
from .errors import InPlaceError, ShapeError
from .modes import MODE
from .standins import StandIn
from .tensor import Operand, Tensor

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that training changes: weights and biases.

    `p -= step * p.grad` updates it in place, as the notes and the book write it, and is not
    recorded: the parameter moves on to a new array, so a graph that read the old one stays right.
    """

    __slots__ = ("_other",)  # a spare array, for an accelerator

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
        self._other: Any = None

    def descend(self, gradient: Array, lr: float) -> None:
        """p -= lr * gradient, the step of gradient descent.

        Raises ShapeError when the gradient has not the parameter's shape.
        """
        gradient = check_plain(gradient)
        if gradient.shape != self.shape:
            raise ShapeError(
                f"descend: the gradient has shape {gradient.shape}, the parameter {self.shape}"
            )
        step = lr if isinstance(lr, StandIn) else float(lr)
        self._updated(np.subtract, np.multiply(step, gradient))

    def spare(self) -> np.ndarray[Any, Any]:
        """An array of the parameter's shape and dtype that nobody reads: for its next values.

        Compute into it, and hand it over with `set_all`. (`fast` replaces this one.)
        """
        return np.empty(self._array.shape, self._array.dtype)

    def _updated(self, ufunc: np.ufunc, other: Array) -> None:
        """Move on to what the function makes of the values. (`fast` replaces this one.)"""
        result = ufunc(self._current(), other)
        if result.shape != self.shape or not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise ValueError(f"the result would be {result.shape} {result.dtype}")
        result = result if result.dtype == self.dtype else result.astype(self.dtype)
        self._become(result.inside() if isinstance(result, StandIn) else result)

    def _update(self, ufunc: np.ufunc, symbol: str, other: Operand) -> Tensor:
        if isinstance(other, Tensor):
            if other.requires_grad and MODE.get().recording:
                raise InPlaceError(
                    f"p {symbol}= t on a parameter: t is tracked, and an update is not recorded; "
                    f"use t.data, or write q = p {symbol} t to compute with both"
                )
            other = other._current()
        check_plain(other)
        try:
            self._updated(ufunc, other)
        except (ValueError, TypeError) as error:
            raise ShapeError(
                f"p {symbol}= ...: cannot update a parameter of {self.shape} {self.dtype} with "
                f"{np.shape(other)}: {error}"
            ) from None
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
