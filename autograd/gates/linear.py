"""Gates of linear algebra: dot, matmul and the affine layer x @ w + b."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array, plain_array
from ..declare import gate, register_method
from ..errors import ShapeError
from ..numpy_api import NUMPY_FUNCTIONS, refuse_options
from ..tensor import Tensor
from .shape import moveaxis, sum_to
from .signatures import binary

__all__ = ["affine", "dot", "matmul"]


def _by_x(g: Array, x_shape: tuple[int, ...], y: Array) -> Array:
    """dx = g @ y.T; the engine sums over what was broadcast."""
    if g.ndim == y.ndim == 2:
        return np.dot(g, y.T)
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
    if g.ndim == x.ndim == 2:
        return np.dot(x.T, g)
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


def _product_shape(x: tuple[int, ...], y: tuple[int, ...], name: str = "matmul") -> tuple[int, ...]:
    _check_inner(name, x, y)
    stack = np.broadcast_shapes(x[:-2], y[:-2])
    return (*stack, *x[-2:-1], *(y[-1:] if len(y) > 1 else ()))


@binary
@gate(
    numpy=(np.matmul, np.dot),
    of_complex="holomorphic",
    symbol="@",
    role="switcher: each input's gradient is made with the other input, transposed",
    vjp=(_by_x, _by_y),
    methods=["__matmul__"],
    reflected="__rmatmul__",
    shape=_product_shape,
    says=("{g} · {y}ᵀ", "{x}ᵀ · {g}"),
)
def matmul(x: Array, y: Array) -> Array:
    """The matrix product x @ y, as `np.matmul`: 1-d, 2-d, or stacks of matrices.

    x (..., n, k), y (..., k, m) give (..., n, m). Raises ShapeError when the inner sizes differ.
    """
    try:
        return np.dot(x, y) if np.ndim(x) == np.ndim(y) == 2 else np.matmul(x, y)
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
    hint = f"; y needs {inner_x} rows, or x {inner_y} columns"
    if len(y) >= 2 and inner_x == y[-1] and _stacks(x, y):
        hint = f". Did you mean x @ y.{'T' if len(y) == 2 else 'mT'}?"
    elif len(x) >= 2 and x[-2] == inner_y and _stacks(x, y):
        hint = f". Did you mean x.{'T' if len(x) == 2 else 'mT'} @ y?"
    raise ShapeError(
        f"{name}: x is {x} but y is {y}; the inner sizes {inner_x} and {inner_y} differ{hint}"
    )


def _stacks(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
    """Whether the axes before the matrices go together."""
    pairs = zip(reversed(x[:-2]), reversed(y[:-2]), strict=False)
    return all(m == n or 1 in (m, n) for m, n in pairs)


@binary
def dot(x: Any, y: Any) -> Any:
    """The product as `np.dot` gives it: `x @ y` for vectors and matrices, x * y for numbers.

    For y of more than two axes the sum runs over the last axis of x and the last but one of y.
    """
    x, y = (v if isinstance(v, Tensor) else plain_array(v) for v in (x, y))
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


@gate(
    symbol="affine",
    of_complex="holomorphic",
    opened="always",
    shape=lambda x, w, b: _product_shape(x, w, "affine") if b == w[1:] else None,
    says=("{g} · {w}ᵀ", "{x}ᵀ · {g}", "Σ {g} over the rows"),
    vjp=(
        lambda g, x_shape, w: _by_x(g, x_shape, w),
        lambda g, x, w_shape: _by_y(g, x, w_shape),
        lambda g, b_shape: sum_to(g, shape=b_shape),
    ),
    expand=lambda x, w, b: x @ w + b,
)
def affine(x: Array, w: Array, b: Array) -> Array:
    """The layer x @ w + b as one gate: x (..., n), w (n, m), b (m,) give (..., m).

    dx = g @ w.T, dw = x.T @ g, db = the sum of g over the batch (CS231n, "Neural networks").
    Raises ShapeError when the inner sizes differ, or b has not one number for each column of w.
    """
    try:
        if b.shape != w.shape[1:]:
            _check_bias(x, w, b.shape)
        return np.dot(x, w) + b
    except ValueError:
        _check_inner("affine", np.shape(x), np.shape(w))
        raise


def _check_bias(x: Array, w: Array, b: tuple[int, ...]) -> None:
    """Raise unless b fits a batch of any size: (m,), or axes of length 1 before that."""
    if w.ndim != 2 or b[-1:] != w.shape[-1:] or set(b[:-1]) - {1} or len(b) > max(x.ndim, w.ndim):
        _check_inner("affine", x.shape, w.shape)
        raise ShapeError(
            f"affine: x is {x.shape}, w is {w.shape} and b is {b}; expected b of shape "
            f"({w.shape[-1]},), and w of two axes"
        )
