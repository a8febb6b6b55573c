"""Exponentials that are too small for a float are 0, also where the user made that an error."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

__all__ = ["vanishing"]

F = TypeVar("F", bound=Callable[..., Any])


def vanishing(function: F) -> F:
    """Let numbers in a function vanish after `np.seterr(under="raise")`; else it costs nothing.

    The function must do the same when it is called again.
    """

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except FloatingPointError:
            with np.errstate(under="ignore"):
                return function(*args, **options)

    return call  # type: ignore[return-value]
