"""Distinct elements, and what two sets of them have in common: unique, union1d, setdiff1d.

The values are elements of the operand, so gradients flow to them; which elements they are, and how
often they occur, are constants. Of elements that are equal the first one has the gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import composed
from ..gates.compare import constant, of_values
from ..tensor import Tensor
from .arrange import operand

__all__: list[str] = []


def _is_tracked(*xs: Any) -> bool:
    return any(isinstance(x, Tensor) and x.requires_grad for x in xs)


@composed(np.unique)
def unique(
    ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, **options: Any,
) -> Any:  # fmt: skip
    """The distinct elements in ascending order, as `np.unique`; where they are, how many."""
    if not _is_tracked(ar):
        return of_values(
            np.unique, ar, return_index, return_inverse, return_counts, axis, **options
        )
    _, first, *others = of_values(
        np.unique, ar, True, return_inverse, return_counts, axis, **options
    )
    values = np.take(ar, first, axis=axis)
    found = (values, *([first] if return_index else []), *others)
    return found if len(found) > 1 else values


def _with_values(function: Any) -> None:
    """Let one of those functions that give a named tuple take its values from the operand."""

    def definition(x: Any, /) -> Any:
        found: Any = of_values(function, x)
        if not _is_tracked(x):
            return found
        values = np.take(x, of_values(np.unique_all, x).indices)
        return type(found)(values, *found[1:]) if isinstance(found, tuple) else values

    composed(function)(definition)


for _function in (np.unique_all, np.unique_counts, np.unique_inverse, np.unique_values):
    _with_values(_function)


@composed(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """The distinct elements of both, as `np.union1d`."""
    return np.unique(np.concatenate([np.ravel(operand(x)) for x in (ar1, ar2)]))


@composed(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct elements of one that are not in the other, as `np.setdiff1d`."""
    x = np.ravel(operand(ar1)) if assume_unique else np.unique(operand(ar1))
    return x[of_values(np.isin, x, ar2, assume_unique=True, invert=True)]


@composed(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """The distinct elements that are in one of two alone, as `np.setxor1d`."""
    parts = [np.ravel(operand(x)) if assume_unique else np.unique(operand(x)) for x in (ar1, ar2)]
    together = np.sort(np.concatenate(parts))
    return together[of_values(_once, together)]


def _once(x: Any) -> Any:
    """Which elements of a sorted sequence are there once."""
    other = np.ones(1, bool)
    differs = np.concatenate([other, x[1:] != x[:-1], other]) if x.size else other
    return differs[1:] & differs[:-1]


constant(np.isin, np.intersect1d)  # what is in both is there at single points only
