"""What a type checker knows of gates: a Tensor comes of a Tensor, and NumPy's result of arrays.

A protocol for each way in which a gate takes its operands, and decorators that give a function such
a type. They do nothing when the program runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, overload

if TYPE_CHECKING:
    from ..tensor import Tensor

__all__ = ["Binary", "Joining", "Recorded", "binary", "joining", "recorded"]

P = ParamSpec("P")


class Recorded(Protocol[P]):
    """A function whose first operand, when it is a Tensor, makes the result one."""

    @overload
    def __call__(self, x: Tensor, /, *args: P.args, **kwargs: P.kwargs) -> Tensor: ...
    @overload
    def __call__(self, x: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


class Binary(Protocol):
    """A function of two operands, either of which makes the result a Tensor when it is one."""

    @overload
    def __call__(self, x: Tensor, y: Any, /) -> Tensor: ...
    @overload
    def __call__(self, x: Any, y: Tensor, /) -> Tensor: ...
    @overload
    def __call__(self, x: Any, y: Any, /) -> Any: ...


class Joining(Protocol[P]):
    """A function of a sequence of operands: of Tensors it makes a Tensor."""

    @overload
    def __call__(
        self, arrays: Sequence[Tensor], /, *args: P.args, **kwargs: P.kwargs
    ) -> Tensor: ...
    @overload
    def __call__(self, arrays: Sequence[Any], /, *args: P.args, **kwargs: P.kwargs) -> Any: ...


def recorded(function: Callable[Concatenate[Any, P], Any]) -> Recorded[P]:
    """The function itself: a Tensor for a Tensor in front. The other arguments keep their types."""
    return function


def binary(function: Callable[[Any, Any], Any]) -> Binary:
    """The function itself: a Tensor for a Tensor at either place."""
    return function


def joining(function: Callable[Concatenate[Any, P], Any]) -> Joining[P]:
    """The function itself: a Tensor for a sequence of Tensors."""
    return function
