"""Convolution over chosen axes, with products over others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["convolve"]

Axes = tuple[Sequence[int], Sequence[int]]


def convolve(
    A: Any,
    B: Any,
    axes: Axes | None = None,
    dot_axes: Axes | None = None,
    mode: str = "full",
) -> Any:
    """The sum over k of A[t - k] B[k] along pairs of axes, by default all of them.

    Along the pairs of `dot_axes` it is the sum of products of equal indices. The result has first
    the other axes of A, then those of B, then those of the convolution; `mode` is "full", "valid",
    or "same" (as long as A), as in `scipy.signal.convolve`.
    """
    of_a, of_b = axes if axes is not None else (range(A.ndim), range(A.ndim))
    of_a, of_b = [k % A.ndim for k in of_a], [k % B.ndim for k in of_b]
    dot_a, dot_b = dot_axes if dot_axes is not None else ((), ())
    dot_a, dot_b = [k % A.ndim for k in dot_a], [k % B.ndim for k in dot_b]
    places = {k: _places(A.shape[k], B.shape[n], mode) for k, n in zip(of_a, of_b, strict=True)}
    padding = [
        (B.shape[of_b[of_a.index(k)]] - 1,) * 2 if k in places else (0, 0) for k in range(A.ndim)
    ]
    windows = np.pad(A, padding) if any(map(any, padding)) else A
    for k in sorted(places, reverse=True):  # an axis k becomes two: t, and beside it the index of B
        windows = windows[(slice(None),) * k + (places[k],)]
    moved = {k: k + sum(n < k for n in places) for k in range(A.ndim)}
    sums = [moved[k] + 1 for k in of_a] + [moved[k] for k in dot_a], [*of_b, *dot_b]
    product = np.tensordot(windows, B, sums)
    order = [k for k in range(A.ndim) if k not in dot_a]  # the axes of the product that are A's
    rest = list(range(len(order), product.ndim))
    own = [n for n, k in enumerate(order) if k not in places]
    return np.transpose(product, [*own, *rest, *[order.index(k) for k in of_a]])


def _places(long: int, short: int, mode: str) -> Any:
    """Where A[t - k] stands for each t and k, in A with `short` - 1 zeros on both sides."""
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"convolve: got mode {mode!r}; it is 'full', 'same' or 'valid'")
    first, count = {
        "full": (0, long + short - 1),
        "same": ((short - 1) // 2, long),
        "valid": (min(long, short) - 1, abs(long - short) + 1),
    }[mode]
    return np.arange(first, first + count)[:, None] - np.arange(short) + short - 1
