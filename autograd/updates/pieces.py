"""Elementwise updates, piece by piece: what is read, written and put by stays in the cache.

A step of an optimiser is a dozen elementwise functions on four or five arrays. On large arrays each
of them would go through memory; on pieces only the first and the last do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..arrays import Array
from ..modes import MODE
from ..parameter import Parameter

__all__ = ["Rule", "in_pieces"]

SMALL = 1 << 12  # bytes: memory for less is quickly found
PIECE = 1 << 18  # bytes of an array that are worked on at a time
WORK = 2  # arrays of this size for what is in between

# of values, a gradient, arrays for the new values and for what is in between (or None): new values
Rule = Callable[[Sequence[Any], Any, Sequence[Any], Sequence[Any]], Sequence[Any]]

NOTHING = (None,) * 8


def in_pieces(rule: Rule, targets: Sequence[Parameter], gradient: Array) -> Sequence[Any]:
    """The new values of `targets`, all of one shape, that an elementwise rule gives, as arrays.

    `rule(values, g, out, work)` has the values of the targets, the gradient, arrays to compute the
    new values into, and two for what is in between, or None: all as `out=` of NumPy's functions has
    them. It returns the new values. Hand them over with `set_all`.

    >>> import numpy as np
    >>> from autograd import Parameter
    >>> p = Parameter(np.ones(3))
    >>> def rule(values, g, out, work):
    ...     return (np.subtract(values[0], g, out=out[0]),)
    >>> in_pieces(rule, [p], np.full(3, 0.5))[0]
    array([0.5, 0.5, 0.5])
    """
    if not MODE.get().kind.eager:
        return rule([target.data for target in targets], gradient, NOTHING, NOTHING)
    values = [target._array for target in targets]
    if values[0].nbytes < SMALL:
        return rule(values, gradient, NOTHING, NOTHING)
    new = [_spare(target) for target in targets]
    if values[0].nbytes <= PIECE:
        return rule(values, gradient, new, NOTHING)
    given, made = [x.reshape(-1) for x in values], [x.reshape(-1) for x in new]
    g, length = gradient.reshape(-1), PIECE // values[0].itemsize
    work = [np.empty(length, values[0].dtype) for _ in range(WORK)]
    for start in range(0, g.size, length):
        part = slice(start, start + length)
        piece = g[part]
        if piece.size < length:
            work = [x[: piece.size] for x in work]
        rule([x[part] for x in given], piece, [x[part] for x in made], work)
    return new


def _spare(target: Parameter) -> Array:
    new = target.spare()
    return new if new.flags.c_contiguous else np.empty(new.shape, new.dtype)
