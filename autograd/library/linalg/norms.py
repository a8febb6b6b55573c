"""Norms of vectors and of matrices, and condition numbers.

At its kinks a norm has the subgradient of minimum norm: 0 at the zero vector, and a tie of several
largest elements shares equally.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ...arrays import Array
from ...declare import composed, gate
from ...errors import ShapeError
from ..calls import on_values
from .matrices import is_recorded
from .spectra import singular_values

__all__: list[str] = []

Axes = tuple[int, ...]


def _kept(x: Array, axis: Axes) -> tuple[int, ...]:
    return tuple(1 if k in axis else length for k, length in enumerate(x.shape))


def _over_length(x: Array, length: Array) -> Array:
    """x over its length, 0 for the zero vector; so is its derivative there."""
    none = length == 0
    inverse = 1.0 / np.where(none, length.dtype.type(1), length)
    return x * np.where(none, length.dtype.type(0), inverse)


def _length_back(g: Array, x: Array, out: Array, axis: Axes) -> Array:
    shape = _kept(x, axis)
    return np.reshape(g, shape) * _over_length(x, np.reshape(out, shape))


@gate(
    name="length",
    symbol="‖x‖",
    vjp=lambda g, x, out, axis: _length_back(g, x, out, axis),
    of_complex="own",
    says="{g} · {x} ÷ {out}",
)
def length(x: Array, axis: Axes, keepdims: bool = False) -> Array:
    """The Euclidean norm over axes; its gradient at the zero vector is 0."""
    every = len(axis) == np.ndim(x)
    if every and len(axis) < 3:
        return np.linalg.norm(x, axis=None, keepdims=keepdims)
    if len(axis) < 3:
        return np.linalg.norm(x, axis=axis, keepdims=keepdims)
    return np.sqrt(np.sum(np.abs(x) ** 2, axis=axis, keepdims=keepdims))


def _p_norm_back(g: Array, x: Array, out: Array, ord: float, axis: Axes) -> Array:
    """g sign(x) (|x| / norm)^(p - 1): of numbers up to 1, so that nothing overflows."""
    shape = _kept(x, axis)
    share = _over_length(np.abs(x), np.reshape(out, shape))
    none = share == 0
    power = np.where(none, share.dtype.type(1), share) ** (ord - 1)
    return np.reshape(g, shape) * np.sign(x) * np.where(none, share.dtype.type(0), power)


@gate(
    name="p_norm",
    symbol="‖x‖ₚ",
    vjp=lambda g, x, out, ord, axis: _p_norm_back(g, x, out, ord, axis),
    of_complex="own",
    says="{g} · sign({x}) · (|{x}| ÷ {out})ᵖ⁻¹",
)
def p_norm(x: Array, ord: float, axis: Axes, keepdims: bool = False) -> Array:
    """The sum of |x|^p, to the power 1/p, over an axis."""
    return np.linalg.norm(x, ord, axis, keepdims)


@gate(name="count_of_nonzeros", differentiable=False, vjp=(None,))
def count_of_nonzeros(x: Array, axis: Axes, keepdims: bool = False) -> Array:
    """How many are not 0, which numerical analysts call a norm: a constant, almost everywhere."""
    return np.linalg.norm(x, 0, axis, keepdims)


def _of_vectors(x: Any, ord: Any, axis: int, keepdims: bool) -> Any:
    if ord is None or ord == 2:
        return length(x, axis=(axis,), keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"np.linalg.norm: ord is {ord!r}, which is a norm of matrices")
    if ord == 0:
        return count_of_nonzeros(x, axis=(axis,), keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if math.isinf(ord):
        if not x.shape[axis] and ord > 0:
            return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
        return (np.max if ord > 0 else np.min)(np.abs(x), axis=axis, keepdims=keepdims)
    return p_norm(x, ord=float(ord), axis=(axis,), keepdims=keepdims)


def _of_matrices(x: Any, ord: Any, axis: Axes, keepdims: bool) -> Any:
    if ord in (None, "fro", "f"):
        return length(x, axis=axis, keepdims=keepdims)
    if ord in (2, -2, "nuc"):
        s = singular_values(np.moveaxis(x, axis, (-2, -1)))
        empty = not s.shape[-1] and ord != -2
        reduce = np.sum if ord == "nuc" or empty else np.max if ord == 2 else np.min
        found = reduce(s, axis=-1)
    elif ord in (1, -1, math.inf, -math.inf):
        added, chosen = axis if abs(ord) == 1 else axis[::-1]
        sums = np.sum(np.abs(x), axis=added, keepdims=True)
        empty = not x.shape[chosen] and ord > 0
        reduce = np.sum if empty else np.max if ord > 0 else np.min
        found = np.squeeze(reduce(sums, axis=chosen, keepdims=True), axis)
    else:
        raise ValueError(
            f"np.linalg.norm: ord is {ord!r}; of matrices it can be None, 'fro', 'nuc', inf, -inf, "
            "1, -1, 2 or -2"
        )
    return np.reshape(found, _kept(x, axis)) if keepdims else found


@composed(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norm of vectors, or of matrices, as `np.linalg.norm`."""
    if x.dtype.kind not in "fc":
        x = x * 1.0
    count = x.ndim
    if axis is None:
        if ord is None:
            return length(x, axis=tuple(range(count)), keepdims=keepdims)
        axis = tuple(range(count))
    axis = normalize_axis_tuple(axis, count)
    if len(axis) == 1:
        return _of_vectors(x, ord, axis[0], keepdims)
    if len(axis) == 2:
        return _of_matrices(x, ord, axis, keepdims)
    raise ShapeError(
        f"np.linalg.norm: ord={ord!r} over {len(axis)} axes; give one axis, for vectors, or two, "
        "for matrices"
    )


@composed(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of matrices in the last two axes, as `np.linalg.matrix_norm`."""
    return norm(x, ord, (-2, -1), keepdims)


@composed(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The norm of the elements over any axes, as `np.linalg.vector_norm`."""
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    rest = tuple(k for k in range(x.ndim) if k not in axes)
    moved = np.transpose(x, axes + rest)
    joined = np.reshape(moved, (math.prod(moved.shape[: len(axes)]), *moved.shape[len(axes) :]))
    found = norm(joined, ord, 0)
    return np.reshape(found, _kept(x, axes)) if keepdims else found


@composed(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number, as `np.linalg.cond`; infinite where there is no inverse."""
    if not is_recorded(x):
        return on_values(np.linalg.cond, "np.linalg.cond", (x, p), {})
    if p in (None, 2, -2):
        s = singular_values(x)
        first, last = s[..., 0], s[..., -1]
        return last / first if p == -2 else first / last
    return norm(x, p, (-2, -1)) * norm(np.linalg.inv(x), p, (-2, -1))
