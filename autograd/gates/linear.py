"""Gates of linear algebra: dot, matmul and the affine layer x @ w + b."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..buffers import SMALL, empty, filled
from ..errors import ShapeError
from ..gate import Plain, register_method
from ..numpy_api import refuse_options
from ..record import gate
from ..stacked import Stacked
from ..tensor import NUMPY_FUNCTIONS, Array, Tensor
from ..traced import ARRAYS, Traced
from .shape import moveaxis, sum_to

__all__ = ["affine", "dot", "matmul"]


def _product(x: Array, y: Array) -> Array:
    """The product of two matrices by BLAS, into memory that is used again if it is large."""
    if isinstance(x, Stacked) or isinstance(y, Stacked):
        return np.dot(x, y)
    rows, columns, dtype = len(x), y.shape[1], x.dtype
    if rows * columns * dtype.itemsize < SMALL or dtype != y.dtype or dtype.kind != "f":
        return np.dot(x, y)
    return np.dot(x, y, out=empty((rows, columns), dtype))


FEW = 4  # features or classes for which a product is quicker done in another way


def _packs_small_products() -> bool:
    """Whether BLAS copies the operands of every product into blocks of its own first.

    OpenBLAS leaves that out up to a million multiplications, on processors with AVX-512.
    """
    build: Any = np.show_config(mode="dicts")
    blas = build.get("Build Dependencies", {}).get("blas", {}).get("name", "")
    found = build.get("SIMD Extensions", {}).get("found", [])
    return "openblas" not in blas or not {"X86_V4", "AVX512_SKX"} & set(found)


WITHOUT_PACKING = 0 if _packs_small_products() else 1_000_000  # multiplications in a product


def _product_by_rows(x: Array, w: Array) -> Array:
    """x @ w for a batch x: a few rows at a time, if BLAS is faster at that.

    The layer 784 x 50 of MNIST with 100 images takes 7 % less time that way, in float64 16 %.
    """
    (count, inner), columns = x.shape, w.shape[1]
    work = count * inner * columns
    blocks = -(-work // WITHOUT_PACKING) if WITHOUT_PACKING else 1
    if not 1 < blocks <= min(16, count // 16) or x.dtype != w.dtype or x.dtype.kind != "f":
        return _product(x, w)
    step = -(-count // blocks)
    for operand in (x, w):
        if operand.__class__ is Traced:
            return operand.trace.record(dot_by_rows, (x, w, step), {})
    return dot_by_rows(x, w, step, out=empty((count, columns), x.dtype))


def dot_by_rows(x: Array, w: Array, step: int, out: Array | None = None) -> Array:
    """np.dot(x, w), `step` rows at a time."""
    out = np.empty((len(x), w.shape[1]), x.dtype) if out is None else out
    for k in range(0, len(x), step):
        np.dot(x[k : k + step], w, out=out[k : k + step])
    return out


def _by_x(g: Array, x_shape: tuple[int, ...], y: Array) -> Array:
    """dx = g @ y.T; the engine sums over what was broadcast."""
    if g.__class__ in ARRAYS and g.ndim == y.ndim == 2:
        columns = y.T
        return _product(g, columns.copy() if y.shape[1] <= FEW else columns)  # BLAS likes rows
    if y.ndim == 1:
        return np.expand_dims(g, -1) * y
    if len(x_shape) == 1:
        return matmul(y, g) if y.ndim == 2 else np.squeeze(y @ np.expand_dims(g, -1), -1)
    return matmul(g, y.swapaxes(-1, -2))


def _as_rows(x: Array) -> Array:
    """A stack of matrices as one, of all its rows."""
    count = math.prod(x.shape[:-1]) if 0 in x.shape else -1
    return np.reshape(x, (count, x.shape[-1]))


def _by_y(g: Array, x: Array, y_shape: tuple[int, ...]) -> Array:
    """dy = x.T @ g; the rows of a whole stack of matrices are taken together."""
    if g.__class__ in ARRAYS and g.ndim == x.ndim == 2:
        return _product(x.T, g)
    if len(y_shape) == 1:
        if x.ndim == 1:
            return g * x
        if x.ndim > 2:
            x, g = _as_rows(x), np.reshape(g, -1)
        return matmul(x.swapaxes(-1, -2), g)
    if x.ndim == 1:
        return np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if len(y_shape) == 2 and x.ndim > 2:
        x, g = _as_rows(x), _as_rows(g)
    return matmul(x.swapaxes(-1, -2), g)


@gate(
    numpy=np.matmul,
    symbol="@",
    role="switcher",
    vjp=(_by_x, _by_y),
    methods=["__matmul__"],
    reflected="__rmatmul__",
)
def matmul(x: Array, y: Array) -> Array:
    """The matrix product x @ y, as `np.matmul`: 1-d, 2-d, or stacks of matrices.

    x (..., n, k), y (..., k, m) give (..., n, m). Raises ShapeError when the inner sizes differ.
    """
    try:
        return _product(x, y) if x.ndim == y.ndim == 2 else np.matmul(x, y)
    except ValueError:
        _check_inner("matmul", np.shape(x), np.shape(y))
        raise


def _check_inner(name: str, x: tuple[int, ...], y: tuple[int, ...]) -> None:
    """Raise ShapeError, with a suggestion, when arrays of shape x and y have no product."""
    if not x or not y:
        raise ShapeError(f"{name}: x is {x} and y is {y}; single values are multiplied with *")
    inner_x, inner_y = x[-1], y[0 if len(y) == 1 else -2]
    if inner_x == inner_y:
        return
    hint = "; check which axis is summed over"
    if len(y) >= 2 and inner_x == y[-1]:
        hint = ". Did you mean x @ y.T?"
    elif len(x) >= 2 and x[-2] == inner_y:
        hint = ". Did you mean x.T @ y?"
    raise ShapeError(
        f"{name}: x is {x} but y is {y}; the inner sizes {inner_x} and {inner_y} differ{hint}"
    )


def _with_ones(x: Array) -> Array:
    return np.concatenate([x.T, filled((1, len(x)), x.dtype, 1.0)]).T


def dot(x: Any, y: Any) -> Any:
    """The product as `np.dot` gives it: `x @ y` for vectors and matrices, x * y for numbers.

    For y of more than two axes the sum runs over the last axis of x and the last but one of y.
    """
    x, y = (v if isinstance(v, (Tensor, np.ndarray)) else np.asarray(v) for v in (x, y))
    if x.ndim == 0 or y.ndim == 0:
        return x * y
    if y.ndim <= 2:
        return matmul(x, y)
    _check_inner("dot", x.shape, y.shape)
    columns = math.prod(y.shape[:-2]) * y.shape[-1]
    matrix = np.reshape(moveaxis(y, -2, 0), (y.shape[-2], columns))
    return np.reshape(matmul(x, matrix), (*x.shape[:-1], *y.shape[:-2], y.shape[-1]))


def _dot(x: Any, y: Any, out: Any = None) -> Any:
    refuse_options("dot", {"out": out})
    return dot(x, y)


NUMPY_FUNCTIONS[np.dot] = _dot
register_method(["dot"], dot)


def _column_sums(g: Array, shape: tuple[int, ...]) -> Array:
    """db = the sum of g over the batch; as a product with ones, which is quicker."""
    if g.__class__ is np.ndarray and g.ndim == 2 and len(shape) == 1:
        return np.dot(filled((len(g),), g.dtype, 1.0), g)
    return sum_to(g, shape=shape)


@gate(
    symbol="affine",
    vjp=(
        lambda g, x_shape, w: _by_x(g, x_shape, w),
        lambda g, x, w_shape: _by_y(g, x, w_shape),
        lambda g, b_shape: _column_sums(g, b_shape),
    ),
    expand=lambda x, w, b: x @ w + b,
    plain=Plain(
        kernel=lambda x, w, b: np.dot(x, w) + b,
        rows=lambda x, w, b: (_product_by_rows(x, w) if x.ndim == w.ndim == 2 else x @ w) + b,
        vjp=(
            lambda g, x_shape, w: np.dot(g, w.T) if g.ndim == 2 else _by_x(g, x_shape, w),
            None,
            None,
        ),
    ),
)
def affine(x: Array, w: Array, b: Array) -> Array:
    """The layer x @ w + b as one gate: x (..., n), w (n, m), b (m,) give (..., m).

    dx = g @ w.T, dw = x.T @ g, db = the sum of g over the batch (CS231n, "Neural networks").
    Raises ShapeError when the inner sizes differ, or b has not one number for each column of w.
    """
    try:
        if b.shape != w.shape[1:]:
            _check_bias(x, w, b.shape)
        if x.ndim == w.ndim == 2 and x.shape[1] <= FEW and b.ndim == 1 and len(x) >= 64:
            # a few features: the bias costs less as one more row of w than as a sum of its own
            return _product(_with_ones(x), np.concatenate([w, b[None]]))
        out = _product_by_rows(x, w) if x.ndim == w.ndim == 2 else np.matmul(x, w)
        return np.add(out, b, out=out if out.dtype == b.dtype else None)
    except ValueError:
        _check_inner("affine", np.shape(x), np.shape(w))
        raise


def _check_bias(x: Array, w: Array, b: tuple[int, ...]) -> None:
    """Raise unless b fits a batch of any size: (m,), or axes of length 1 before that."""
    if w.ndim < 2 or b[-1:] != w.shape[-1:] or set(b[:-1]) - {1} or len(b) > max(x.ndim, w.ndim):
        _check_inner("affine", x.shape, w.shape)
        raise ShapeError(
            f"affine: x is {x.shape}, w is {w.shape} and b is {b}; expected b of shape "
            f"({w.shape[-1]},)"
        )
