"""The extension for linear algebra."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..sharing import is_alone
from ..tensor import Tensor
from .arranging import matrix_transpose as matrix_transpose
from .calls import applied, several
from .reducing import sum

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve",
    "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip

linalg = np.linalg


class Eigh(NamedTuple):
    """Eigenvalues in ascending order, and eigenvectors in columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class QR(NamedTuple):
    """An orthogonal matrix and an upper triangular one, whose product is x."""

    Q: Tensor
    R: Tensor


class Slogdet(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: Tensor
    logabsdet: Tensor


class SVD(NamedTuple):
    """Left singular vectors, singular values, and right singular vectors in rows."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _parts(function: Any, x: Any, **options: Any) -> list[Tensor]:
    """Several results, each in memory of its own: a gate may have packed them into one array."""
    results = several(function, x, **options)
    return [part if is_alone(part) else applied(np.copy, part) for part in results]


# --- products ------------------------------------------------------------------------------------


def matmul(x1: Any, x2: Any, /) -> Tensor:
    """The product of matrices, or of stacks of them."""
    return applied(np.matmul, x1, x2)


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    """The sum of products over axes of both."""
    return applied(np.tensordot, x1, x2, axes=axes)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """The dot products of vectors along an axis; the first ones are conjugated."""
    return applied(np.vecdot, x1, x2, axis=axis)


def outer(x1: Any, x2: Any, /) -> Tensor:
    """All products of an element of one vector and an element of another."""
    return applied(linalg.outer, x1, x2)


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """The cross products of vectors of three elements."""
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: got {x1.shape} and {x2.shape}; axis {axis} must have length 3")
    return applied(np.cross, x1, x2, axis=axis)


def matrix_power(x: Any, n: int, /) -> Tensor:
    """A square matrix times itself, n factors in all."""
    return applied(linalg.matrix_power, x, n)


# --- parts and sizes -----------------------------------------------------------------------------


def diagonal(x: Any, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices."""
    return applied(np.diagonal, x, offset=offset, axis1=-2, axis2=-1)


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sums of the diagonals of matrices."""
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def det(x: Any, /) -> Tensor:
    """Determinants."""
    return applied(linalg.det, x)


def slogdet(x: Any, /) -> Slogdet:
    """Signs and logarithms of determinants, which may be too large or small themselves."""
    return Slogdet(*_parts(linalg.slogdet, x))


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norms of matrices: Frobenius, nuclear, spectral, largest sums of rows or columns."""
    return applied(linalg.norm, x, ord=ord, axis=(-2, -1), keepdims=keepdims)


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """Norms of vectors along axes, of any order."""
    if isinstance(axis, int):
        return applied(linalg.norm, x, ord=ord, axis=axis, keepdims=keepdims)
    # several axes are those of a matrix for `norm`: make one of them, in front
    axes = tuple(range(x.ndim)) if axis is None else tuple(k % x.ndim for k in axis)
    rest = [k for k in range(x.ndim) if k not in axes]
    length = math.prod(x.shape[k] for k in axes)
    moved = applied(np.transpose, x, (*axes, *rest))
    vectors = applied(np.reshape, moved, (length, *(x.shape[k] for k in rest)))
    result = applied(linalg.norm, vectors, ord=ord, axis=0)
    kept = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    return applied(np.reshape, result, kept) if keepdims else result


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Tensor:
    """How many singular values are larger than `rtol` times the largest."""
    return applied(linalg.matrix_rank, x.detach(), rtol=rtol)


# --- decompositions and equations ----------------------------------------------------------------


def cholesky(x: Any, /, *, upper: bool = False) -> Tensor:
    """The triangular root of symmetric positive definite matrices."""
    return applied(linalg.cholesky, x, upper=upper)


def eigh(x: Any, /) -> Eigh:
    """Eigenvalues and eigenvectors of symmetric matrices."""
    return Eigh(*_parts(linalg.eigh, x))


def eigvalsh(x: Any, /) -> Tensor:
    """Eigenvalues of symmetric matrices, in ascending order."""
    return applied(linalg.eigvalsh, x)


def qr(x: Any, /, *, mode: str = "reduced") -> QR:
    """Matrices as products of an orthogonal and an upper triangular one."""
    return QR(*_parts(linalg.qr, x, mode=mode))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVD:
    """Singular values and vectors."""
    return SVD(*_parts(linalg.svd, x, full_matrices=full_matrices))


def svdvals(x: Any, /) -> Tensor:
    """Singular values, in descending order."""
    return applied(linalg.svd, x, compute_uv=False)


def inv(x: Any, /) -> Tensor:
    """Inverse matrices."""
    return applied(linalg.inv, x)


def pinv(x: Any, /, *, rtol: Any = None) -> Tensor:
    """Pseudoinverses; singular values up to `rtol` times the largest count as zero."""
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return applied(linalg.pinv, x, rtol)


def solve(x1: Any, x2: Any, /) -> Tensor:
    """The solution of linear equations: a vector, or the columns of matrices."""
    return applied(linalg.solve, x1, x2)
