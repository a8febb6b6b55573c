"""The arrays in which a compiled program leaves gradients."""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

__all__ = ["gradients_of"]


def gradients_of(
    shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Callable[[], np.ndarray[Any, Any]]:
    """A function that gives the array for the next gradient of a leaf.

    Two take turns, for the last gradient stays what it is until the step is done; each is used
    again if nobody else refers to it.
    """
    mine, other = np.empty(shape, dtype), np.empty(shape, dtype)

    def take() -> np.ndarray[Any, Any]:
        nonlocal mine, other
        mine, other = other, mine
        if getrefcount(mine) > _IN_CLOSURE_ONLY:
            mine = np.empty(shape, dtype)
        return mine

    return take


def _count_in_closure() -> int:
    array = np.empty(1)

    def count() -> int:  # the very situation inside gradients_of
        return getrefcount(array)

    return count()


_IN_CLOSURE_ONLY = _count_in_closure()
