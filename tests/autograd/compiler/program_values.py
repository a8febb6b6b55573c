"""What random programs are called with: numbers of every kind, in memory of every kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray

# --- how an array lies in memory --------------------------------------------------------------


def reversed_in_memory(x: Array) -> Array:
    return np.ascontiguousarray(x[::-1])[::-1] if x.ndim else x


def sliced(x: Array) -> Array:
    """Every other element, along the last axis, of an array twice as large."""
    if not x.ndim:
        return x
    larger = np.full((*x.shape[:-1], 2 * x.shape[-1]), -7, x.dtype)
    larger[..., ::2] = x
    return larger[..., ::2]


def unaligned(x: Array) -> Array:
    """Elements that begin at odd addresses."""
    memory = np.zeros(x.nbytes + 1, np.uint8)
    out = memory[1:].view(x.dtype).reshape(x.shape)
    out[...] = x
    return out


def read_only(x: Array) -> Array:
    out = x.copy()
    out.flags.writeable = False
    return out


def repeated(x: Array) -> Array:
    """The first row, again and again: strides of zero. (Other values than those of x.)"""
    return np.broadcast_to(x[:1], x.shape) if x.ndim and len(x) else x


FORMS: dict[str, Callable[[Array], Array]] = {
    "C": lambda x: x.copy(),
    "Fortran": lambda x: np.array(x, order="F"),
    "reversed": reversed_in_memory,
    "sliced": sliced,
    "transposed": lambda x: np.array(x.T, order="C").T,
    "unaligned": unaligned,
    "read-only": read_only,
    "repeated": repeated,
}

# --- values -----------------------------------------------------------------------------------

TIES = np.array([-1.0, -0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 2.0])
EXTREMES = np.array([
    0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, -1e-310, 1e-30, 1e300, -1e38, 3e38, 1.0, -1.0,
    700.0, -800.0, 89.0, 1e-45, 0.1, 1e16,
])  # fmt: skip
KINDS = ["moderate", "moderate", "moderate", "ties", "extreme"]


def another(rng: np.random.Generator, like: Array, kind: str, shape: tuple[int, ...]) -> Array:
    """Values of this kind and shape. Those of the example are in the domain of all its gates."""
    if like.dtype.kind != "f":  # indices, labels and masks: the same ones in another order
        if shape == like.shape:
            return np.array(rng.permuted(like)) if like.ndim else like.copy()
        return np.asarray(rng.choice(like.reshape(-1), shape) if like.size else np.zeros(shape))
    if shape == like.shape and rng.random() < 0.6:
        drawn = like * (1 + 0.05 * rng.normal(size=shape))
    else:
        drawn = rng.normal(size=shape)
        drawn = np.abs(drawn) + 0.3 if (like > 0).all() else drawn
    drawn = np.array(drawn)
    if kind == "ties":
        drawn = np.array(rng.choice(TIES, size=shape))
    elif kind == "extreme":
        chosen = rng.random(shape) < rng.choice([0.1, 0.5])
        drawn = np.where(chosen, rng.choice(EXTREMES, size=shape), drawn)
    with np.errstate(all="ignore"):
        return np.asarray(drawn, like.dtype)


def changed_shape(shape: tuple[int, ...], lengths: tuple[int, int] | None) -> tuple[int, ...]:
    return shape if lengths is None else tuple(lengths[1] if n == lengths[0] else n for n in shape)


# --- comparing --------------------------------------------------------------------------------


def same_bits(a: Array, b: Array) -> bool:
    """Equal to the bit, zeros with their signs. NaN is NaN: of those the position alone counts.

    Which NaN comes out of NaN + NaN, and with which sign, is the processor's choice: it depends on
    the order of operands in the machine code, which differs between NumPy's own loops.
    """
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return bool(np.array_equal(a, b))
    nan = np.isnan(a)
    if not np.array_equal(nan, np.isnan(b)):
        return False
    return a[~nan].tobytes() == b[~nan].tobytes()


def plain(x: Any) -> Array:
    """Of a Tensor, an array or a number."""
    return x.numpy() if hasattr(x, "requires_grad") else np.asarray(x)
