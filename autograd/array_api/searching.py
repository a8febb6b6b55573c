"""Functions that find and order values: extremes, positions, sorted and distinct values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor
from .calls import applied, is_constant, several

__all__ = [
    "argmax", "argmin", "argsort", "nonzero", "searchsorted", "sort", "unique_all",
    "unique_counts", "unique_inverse", "unique_values",
]  # fmt: skip


def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the largest along an axis, of the first one if there are several."""
    return applied(np.argmax, x, axis=axis, keepdims=keepdims)


def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the smallest along an axis, of the first one if there are several."""
    return applied(np.argmin, x, axis=axis, keepdims=keepdims)


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """Where the elements other than zero are: a tensor of positions for each axis."""
    if not x.ndim:
        raise ValueError("nonzero: got a tensor of shape (), which has no positions")
    return tuple(several(np.nonzero, x != 0))


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Tensor:
    """Where the values of x2 would go in the sorted x1, or in x1 as ordered by `sorter`."""
    given = [x.detach() if isinstance(x, Tensor) else x for x in (x1, x2)]
    return applied(np.searchsorted, *given, side=side, sorter=sorter)


# --- sorted --------------------------------------------------------------------------------------


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The values in ascending or descending order along an axis."""
    result = applied(np.sort, x, axis=axis, kind="stable" if stable else None)
    return applied(np.flip, result, axis) if descending else result


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The positions that `sort` takes its values from; equal values stay in order if `stable`."""
    kind = "stable" if stable else None
    if not descending:
        return applied(np.argsort, x, axis=axis, kind=kind)
    # equal values keep their order when they are sorted backwards, and read backwards
    order = applied(np.argsort, applied(np.flip, x.detach(), axis), axis=axis, kind=kind)
    return applied(np.flip, x.shape[axis] - 1 - order, axis)


# --- distinct ------------------------------------------------------------------------------------


class UniqueAll(NamedTuple):
    """Distinct values, where each comes first, where to find those of x, and how many there are."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """Distinct values, and how many there are of each."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """Distinct values, and where those of x are among them."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Any, /) -> UniqueAll:
    """The distinct values in ascending order, and all that is known of them.

    The gradient of a value goes to where it comes first in x; each NaN is distinct.
    """
    found = several(np.unique_all, x.detach())
    values = found.values
    if not is_constant(x):
        values = applied(np.ravel, x)[found.indices]
    return UniqueAll(values, *found[1:])


def unique_counts(x: Any, /) -> UniqueCounts:
    """The distinct values, and how many there are of each."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The distinct values, and for each element of x which of them it is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Any, /) -> Tensor:
    """The distinct values in ascending order."""
    return unique_all(x).values
