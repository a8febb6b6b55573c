"""Which derivatives a caller gets: the engine's, or those that code written for another library
expects.

`grad` and its kin have namesakes in `autograd.numpy`'s world with other conventions (see hips/).
When that is imported, it enters them here, and how its clients are told. Until then nothing is
asked, and this engine's own users always get this engine's.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from . import gradients

__all__ = ["elementwise_grad", "grad", "hessian", "jacobian", "value_and_grad"]

F = TypeVar("F", bound=Callable[..., Any])

# what clients get in the place of a function, and whether a call of it is one of theirs, by the
# differentiated function, the options, and the names that are known where it is called
THEIRS: dict[str, Callable[..., Any]] = {}
IS_THEIRS: list[Callable[[Any, dict[str, Any], dict[str, Any]], bool]] = []


def open_to_clients(function: F) -> F:
    """The function, or its namesake where the caller is a client of that."""

    @functools.wraps(function)
    def chosen(f: Any, *args: Any, **options: Any) -> Any:
        if IS_THEIRS and IS_THEIRS[0](f, options, sys._getframe(1).f_globals):
            return THEIRS[function.__name__](f, *args, **options)
        return function(f, *args, **options)

    return chosen  # type: ignore[return-value]


elementwise_grad = open_to_clients(gradients.elementwise_grad)
grad = open_to_clients(gradients.grad)
hessian = open_to_clients(gradients.hessian)
jacobian = open_to_clients(gradients.jacobian)
value_and_grad = open_to_clients(gradients.value_and_grad)
