"""Mini-batches: a shuffled pass over the examples, a few at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from autograd import ShapeError

from ..arguments import plain
from ..arguments import size as positive
from ..rng import Seed, as_rng

__all__ = ["batches", "gathered"]

Array = np.ndarray[Any, Any]
GATHERED = 1 << 24  # bytes of examples that are put in order at a time


def batches(
    x: ArrayLike, t: ArrayLike, size: int = 100, *, shuffle: bool = True, seed: Seed = None
) -> Iterator[tuple[Array, Array]]:
    """One pass over examples x (n, ...) and labels t (n, ...), in batches of `size`.

    The last batch is smaller when `size` does not divide n. Batches are read-only, so recording
    them needs no copy. A shared generator as `seed` shuffles every pass differently. Raises
    ShapeError unless x and t hold equally many, TypeError or ValueError unless size is a positive
    integer, UnsupportedError for masked arrays.

    >>> [labels.tolist() for _, labels in batches(np.eye(5), np.arange(5), 2, shuffle=False)]
    [[0, 1], [2, 3], [4]]
    """
    x, t = plain(x, "batches: x"), plain(t, "batches: t")
    if not x.ndim or not t.ndim or len(x) != len(t):
        raise ShapeError(f"batches: x is {x.shape} and t is {t.shape}; expected equal lengths")
    size = positive(size, "batches: size")
    order = as_rng(seed).permutation(len(x)) if shuffle else np.arange(len(x))
    return ((xs, ts) for xs, ts in gathered([x, t], order, size))


def gathered(arrays: Sequence[Array], order: Array, size: int) -> Iterator[list[Array]]:
    """Read-only batches of arrays in that order.

    Gathering many examples at once and slicing them is quicker than gathering each batch.
    """
    bytes_of_one = sum(array[:1].nbytes for array in arrays)
    at_once = size * max(1, GATHERED // max(1, size * bytes_of_one))
    for start in range(0, len(order), at_once):
        chosen = order[start : start + at_once]
        parts = [array[chosen] for array in arrays]
        for part in parts:
            part.flags.writeable = False
        for k in range(0, len(chosen), size):
            yield [part[k : k + size] for part in parts]
