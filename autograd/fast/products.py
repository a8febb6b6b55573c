"""Products of matrices: into memory that is lent, and in pieces where BLAS is quicker so."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from .. import gates
from ..arrays import Array
from ..gate import GATES
from ..gates.shape import sum_to
from ..standins import StandIn
from .buffers import SMALL, empty, filled
from .quick import accelerate

FEW = 4  # features or classes for which a product is quicker done in another way


def product(x: Array, y: Array) -> Array:
    """The product of two matrices by BLAS, into memory that is lent if it is large."""
    if x.__class__ is not ndarray or y.__class__ is not ndarray:
        return np.dot(x, y)
    rows, columns, dtype = len(x), y.shape[1], x.dtype
    if rows * columns * dtype.itemsize < SMALL or dtype != y.dtype or dtype.kind != "f":
        return np.dot(x, y)
    return np.dot(x, y, out=empty((rows, columns), dtype))


def _packs_small_products() -> bool:
    """Whether BLAS copies the operands of every product into blocks of its own first.

    OpenBLAS leaves that out up to a million multiplications, on processors with AVX-512.
    """
    build: Any = np.show_config(mode="dicts")
    blas = build.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    found = build.get("SIMD Extensions", {}).get("found", [])
    return "openblas" not in blas or not {"X86_V4", "AVX512_SKX"} & set(found)


WITHOUT_PACKING = 0 if _packs_small_products() else 1_000_000  # multiplications in a product


def product_by_rows(x: Array, w: Array) -> Array:
    """x @ w for a batch x: a few rows at a time, if BLAS is faster at that.

    The layer 784 x 50 of MNIST with 100 images takes 7 % less time that way, in float64 16 %.
    """
    (count, inner), columns = x.shape, w.shape[1]
    work = count * inner * columns
    blocks = -(-work // WITHOUT_PACKING) if WITHOUT_PACKING else 1
    if not 1 < blocks <= min(16, count // 16) or x.dtype != w.dtype or x.dtype.kind != "f":
        return product(x, w)
    step = -(-count // blocks)
    for operand in (x, w):
        if isinstance(operand, StandIn):
            return operand.call(dot_by_rows, (x, w, step), {})
    return dot_by_rows(x, w, step, out=empty((count, columns), x.dtype))


def dot_by_rows(x: Array, w: Array, step: int, out: Array | None = None) -> Array:
    """np.dot(x, w), `step` rows at a time."""
    out = np.empty((len(x), w.shape[1]), x.dtype) if out is None else out
    for k in range(0, len(x), step):
        np.dot(x[k : k + step], w, out=out[k : k + step])
    return out


setattr(dot_by_rows, "stands_for", np.dot)  # noqa: B010 (what a compiled program takes it for)


# --- matmul and affine ---------------------------------------------------------------------------

_rows = GATES["matmul"], GATES["affine"]
_plain_matmul, _plain_affine = _rows[0].kernel, _rows[1].kernel
_plain_by_x, _plain_by_y = _rows[0].rules


def _as_rows(x: Array) -> Array:
    """A stack of matrices as one, of all its rows: one large product is quicker than many."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _is_stack(x: Array, y: Array) -> bool:
    """Whether x is a stack of matrices, and y one matrix that fits them."""
    return bool(x.ndim > 2 and y.ndim == 2 and x.shape[-1] == y.shape[0])


def _matmul(x: Array, y: Array) -> Array:
    if x.ndim == y.ndim == 2 and x.shape[1] == y.shape[0]:
        return product(x, y)
    if _is_stack(x, y):
        return product(_as_rows(x), y).reshape(*x.shape[:-1], y.shape[1])
    return _plain_matmul(x, y)


def _by_x(g: Array, x_shape: tuple[int, ...], y: Array) -> Array:
    if g.ndim > 2 and y.ndim == 2 and g.ndim == len(x_shape):
        return product(_as_rows(g), y.T).reshape(x_shape)
    if g.ndim == y.ndim == 2:
        columns = y.T
        return product(g, columns.copy() if y.shape[1] <= FEW else columns)  # BLAS likes rows
    return _plain_by_x(g, x_shape, y)


def _by_y(g: Array, x: Array, y_shape: tuple[int, ...]) -> Array:
    return product(x.T, g) if g.ndim == x.ndim == 2 else _plain_by_y(g, x, y_shape)


def _affine(x: Array, w: Array, b: Array) -> Array:
    if _is_stack(x, w) and b.shape == w.shape[1:]:
        return _affine(_as_rows(x), w, b).reshape(*x.shape[:-1], w.shape[1])
    if not (x.ndim == w.ndim == 2 and x.shape[1] == w.shape[0] and b.shape == w.shape[1:]):
        return _plain_affine(x, w, b)
    if x.shape[1] <= FEW and len(x) >= 64:
        # a few features: the bias costs less as one more row of w than as a sum of its own
        return product(_with_ones(x), np.concatenate([w, b[None]]))
    out = product_by_rows(x, w)
    return np.add(out, b, out=out if out.dtype == b.dtype else None)


def _with_ones(x: Array) -> Array:
    return np.concatenate([x.T, filled((1, len(x)), x.dtype, 1.0)]).T


def _column_sums(g: Array, shape: tuple[int, ...]) -> Array:
    """db = the sum of g over the batch; as a product with ones, which is quicker."""
    if g.ndim > 2 and len(shape) == 1:
        g = _as_rows(g)
    if g.__class__ is ndarray and g.ndim == 2 and len(shape) == 1:
        return np.dot(filled((len(g),), g.dtype, 1.0), g)
    return sum_to(g, shape=shape)


accelerate(gates.matmul, _matmul, vjp=(_by_x, _by_y))
accelerate(
    gates.affine,
    _affine,
    vjp=(
        lambda g, x_shape, w: _by_x(g, x_shape, w),
        lambda g, x, w_shape: _by_y(g, x, w_shape),
        lambda g, b_shape: _column_sums(g, b_shape),
    ),
    native=lambda x, w, b: (product_by_rows(x, w) if x.ndim == w.ndim == 2 else x @ w) + b,
)
