"""Inverses, determinants, systems of equations.

The rules are those of M. Giles, "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008); of the pseudoinverse those of G. Golub and V. Pereyra, "The
differentiation of pseudo-inverses and nonlinear least squares problems" (1973).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.linalg._linalg import SlogdetResult  # type: ignore[attr-defined, unused-ignore]

from ...arrays import Array
from ...declare import composed, gate
from ...errors import ShapeError
from ...modes import MODE
from ...tensor import Tensor
from .kernels import (
    cofactors_by_values,
    log_of_determinant,
    phase_of_determinant,
    solution_of_least_squares,
)
from .matrices import adjoint, as_column, checked, from_triangle, transposed
from .spectra import singular_values

__all__: list[str] = []

DEFICIENT = (
    "lstsq: a compiled program gives the residuals of a matrix of full rank; this one has less, "
    "and NumPy would give none"
)


@gate(
    numpy=np.linalg.inv,
    symbol="x⁻¹",
    vjp=lambda g, out: -(transposed(out) @ g @ transposed(out)),
    of_complex="holomorphic",
    says="−{out}ᵀ · {g} · {out}ᵀ",
)
def inv(x: Array) -> Array:
    """The inverse of square matrices, as `np.linalg.inv`."""
    return np.linalg.inv(x)


def _outer(g: Array, out: Array, is_vector: bool) -> Array:
    return as_column(g) * np.expand_dims(out, -2) if is_vector else g @ transposed(out)


def _as_right_side(g: Array, b_shape: tuple[int, ...]) -> Array:
    """Vectors as matrices of one column: of stacks NumPy would take them for one matrix."""
    return as_column(g) if len(b_shape) == 1 else g


def _by_right_side(g: Array, a: Array, b_shape: tuple[int, ...]) -> Array:
    found = np.linalg.solve(transposed(a), _as_right_side(g, b_shape))
    return found[..., 0] if len(b_shape) == 1 else found


@gate(
    numpy=np.linalg.solve,
    vjp=(
        lambda g, a, b_shape, out: -_outer(_by_right_side(g, a, b_shape), out, len(b_shape) == 1),
        lambda g, a, b_shape: _by_right_side(g, a, b_shape),
    ),
    of_complex="holomorphic",
    says=("−{a}⁻ᵀ · {g} · {out}ᵀ", "{a}⁻ᵀ · {g}"),
)
def solve(a: Array, b: Array) -> Array:
    """The solution x of a @ x = b, as `np.linalg.solve`; b holds columns, or is one vector."""
    return np.linalg.solve(a, b)


# --- determinants --------------------------------------------------------------------------------


@gate(
    numpy=np.linalg.det,
    vjp=lambda g, x: _times_cofactors(g, x),
    of_complex="holomorphic",
    says="{g} · cofactors of {x}",
)
def det(x: Array) -> Array:
    """The determinant of square matrices, as `np.linalg.det`; singular ones have gradients, too."""
    return np.linalg.det(x)


def _times_cofactors(g: Array, x: Array) -> Array:
    return np.expand_dims(g, (-2, -1)) * cofactors(x)


@gate(
    vjp=lambda g, x, out: _cofactors_back(g, x, out),
    of_complex="holomorphic",
    says="the derivative of {x}⁻ᵀ · det",
)
def cofactors(x: Array) -> Array:
    """The derivative of the determinant, det(x) x⁻ᵀ; of singular matrices as well."""
    return cofactors_by_values(x)


def _cofactors_back(g: Array, x: Array, out: Array) -> Array:
    """Of c = det(x) x⁻ᵀ: tr(gᵀ c) x⁻ᵀ - x⁻ᵀ gᵀ c. A singular matrix has no inverse, and raises."""
    inverse = transposed(np.linalg.inv(x))
    along = np.sum(g * out, axis=(-2, -1), keepdims=True)
    return along * inverse - inverse @ transposed(g) @ out


@gate(
    name="log_abs_det",
    symbol="ln |det|",
    vjp=lambda g, x: np.expand_dims(g, (-2, -1)) * adjoint(np.linalg.inv(x)),
    of_complex="own",
    says="{g} · {x}⁻ᵀ",
)
def log_abs_det(x: Array) -> Array:
    """The logarithm of the determinant's size."""
    return log_of_determinant(x)


@gate(
    name="phase_of_det",
    vjp=lambda g, x, out: (
        np.expand_dims(1j * np.imag(np.conjugate(out) * g), (-2, -1)) * adjoint(np.linalg.inv(x))
    ),
    of_complex="own",
    says="the part of {g} across {out}, · {x}⁻ᵀ",
)
def phase_of_det(x: Array) -> Array:
    """The determinant over its size: of complex matrices, where it is not constant."""
    return phase_of_determinant(x)


@gate(name="sign_of_det", differentiable=False, vjp=(None,))
def sign_of_det(x: Array) -> Array:
    """The sign of the determinant: 1, -1 or 0."""
    return phase_of_determinant(x)


@composed(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """Sign and logarithm of the determinant, as `np.linalg.slogdet`; at det = 0 inv raises."""
    sign = phase_of_det(a) if a.dtype.kind == "c" else sign_of_det(a)
    return SlogdetResult(sign, log_abs_det(a))


# --- least squares -------------------------------------------------------------------------------


def _pinv_back(g: Array, x: Array, out: Array) -> Array:
    """Golub and Pereyra (1973), equation 4.12, for the adjoint; where the rank does not change."""
    y, z = adjoint(out), adjoint(g)
    across = z - x @ (out @ z)  # (1 - x x⁺) gᴴ
    along = z - (z @ out) @ x  # gᴴ (1 - x⁺ x)
    return y @ out @ along + across @ out @ y - y @ g @ y


def _pinv_of_hermitian(g: Array, x: Array, out: Array, is_hermitian: bool) -> Array:
    if not is_hermitian:
        return _pinv_back(g, x, out)
    return from_triangle(_pinv_back(g, from_lower(x), out))


def from_lower(x: Array) -> Array:
    """The Hermitian matrix of which NumPy reads the lower triangle."""
    lower = np.tri(x.shape[-1], dtype=bool)
    return np.where(lower, x, adjoint(x))


@gate(
    name="pinv",
    symbol="x⁺",
    vjp=lambda g, x, out, is_hermitian: _pinv_of_hermitian(g, x, out, is_hermitian),
    of_complex="own",
    says="−{out}ᵀ · {g} · {out}ᵀ, and what moves range and kernel of {x}",
)
def pseudoinverse(x: Array, rcond: Any = None, is_hermitian: bool = False) -> Array:
    """The pseudoinverse; singular values up to rcond times the largest count as 0."""
    return np.linalg.pinv(x, rcond, is_hermitian)


@composed(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    """The pseudoinverse, as `np.linalg.pinv`.

    Where the rank is not full there is no derivative in all directions, for it is not continuous;
    the gradient is that along matrices of the same rank.
    """
    if rtol is not np._NoValue:
        if rcond is not None:
            raise ValueError("np.linalg.pinv: got rtol and rcond, which mean the same; give one")
        rcond = _cutoff(a, rtol)
    return pseudoinverse(a, rcond=rcond, is_hermitian=hermitian)


def _solution_back(g: Array, a: Array, b: Array, out: Array, rcond: Any) -> Array:
    """The rule of the pseudoinverse, for x = a⁺ b."""
    if b.ndim == 1:
        g, b, out = as_column(g), as_column(b), as_column(out)
    inverse = pseudoinverse(a, rcond=_cutoff(a, rcond))
    to_b = adjoint(inverse) @ g
    from_kernel = g - adjoint(a) @ to_b  # (1 - a⁺ a) g
    return (
        (b - a @ out) @ adjoint(inverse @ to_b)
        - to_b @ adjoint(out)
        + (adjoint(inverse) @ out) @ adjoint(from_kernel)
    )


def _cutoff(a: Array, rcond: Any) -> Any:
    return float(np.finfo(a.dtype).eps) * max(a.shape[-2:]) if rcond is None else rcond


def _solution_by_b(g: Array, a: Array, rcond: Any) -> Array:
    return adjoint(pseudoinverse(a, rcond=_cutoff(a, rcond))) @ g


@gate(
    name="lstsq",
    vjp=(
        lambda g, a, b, out, rcond: _solution_back(g, a, b, out, rcond),
        lambda g, a, rcond: _solution_by_b(g, a, rcond),
    ),
    of_complex="own",
    says=("the rule of {a}⁺ · {b}", "{a}⁺ᵀ · {g}"),
)
def least_squares(a: Array, b: Array, rcond: Any = None) -> Array:
    """The shortest x that makes |a x - b| smallest."""
    return solution_of_least_squares(a, b, rcond)


@composed(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Solution, squared residuals, rank and singular values, as `np.linalg.lstsq`."""
    a, b = (x if isinstance(x, Tensor) else np.asarray(x) for x in (a, b))
    x, rank = least_squares(a, b, rcond=rcond), rank_of(a, rtol=_cutoff(a, rcond))
    rows, columns = a.shape
    left = np.abs(b - a @ x)
    residuals = np.sum(left * left, axis=0, keepdims=b.ndim == 1)
    if MODE.get().kind.eager:
        rank = int(rank)
    elif rows > columns:  # a program whose shapes are the same for all values
        residuals = checked(residuals, rank != columns, what=DEFICIENT)
    if rows <= columns or (isinstance(rank, int) and rank != columns):
        residuals = residuals[:0]
    return x, residuals, rank, singular_values(a)


@gate(name="matrix_rank", differentiable=False, vjp=(None,))
def rank_of(x: Array, tol: Any = None, hermitian: bool = False, rtol: Any = None) -> Array:
    """How many singular values are not 0, as `np.linalg.matrix_rank`."""
    if 0 in x.shape[-2:]:  # of which NumPy 2.3 finds no largest
        return np.zeros(x.shape[:-2], np.intp)[()]
    return np.linalg.matrix_rank(x, tol, hermitian, rtol=rtol)


@composed(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """The rank, as `np.linalg.matrix_rank`: a number without a gradient."""
    return rank_of(A, tol=tol, hermitian=hermitian, rtol=rtol)


# --- tensors -------------------------------------------------------------------------------------


@composed(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of an array that is a matrix between groups of axes: `np.linalg.tensorinv`."""
    if ind <= 0:
        raise ShapeError(f"np.linalg.tensorinv: ind is {ind}; expected at least 1")
    shape = a.shape[ind:] + a.shape[:ind]
    inverse = np.linalg.inv(np.reshape(a, (math.prod(a.shape[ind:]), -1)))
    return np.reshape(inverse, shape)


@composed(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    """The solution of a tensor equation, as `np.linalg.tensorsolve`."""
    a, b = (x if isinstance(x, Tensor) else np.asarray(x) for x in (a, b))
    if axes is not None:
        a = np.moveaxis(a, list(axes), range(a.ndim - len(axes), a.ndim))
    shape = a.shape[b.ndim - a.ndim :]
    size = math.prod(shape)
    if math.prod(a.shape) != size**2:
        raise ShapeError(
            f"np.linalg.tensorsolve: a is {a.shape} and b is {b.shape}; the axes of a that b has "
            "and its other axes must hold as many elements"
        )
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.ravel(b)), shape)
