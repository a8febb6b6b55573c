"""The extension for linear algebra."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..tensor import Tensor
from .arranging import matrix_transpose as matrix_transpose
from .calls import applied
from .reducing import _cast

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


# --- products ------------------------------------------------------------------------------------


def matmul(x1: Any, x2: Any, /) -> Tensor:
    """The product of matrices, or of stacks of them."""
    return applied(np.matmul, x1, x2)  # type: ignore[no-any-return]


def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Tensor:
    """The sum of products over axes of both."""
    return applied(np.tensordot, x1, x2, axes=axes)  # type: ignore[no-any-return]


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """The dot products of vectors along an axis; the first ones are conjugated."""
    return applied(np.vecdot, x1, x2, axis=axis)  # type: ignore[no-any-return]


def outer(x1: Any, x2: Any, /) -> Tensor:
    """All products of an element of one vector and an element of another."""
    return applied(linalg.outer, x1, x2)  # type: ignore[no-any-return]


def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """The cross products of vectors of three elements."""
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(f"cross: got {x1.shape} and {x2.shape}; axis {axis} must have length 3")
    return applied(np.cross, x1, x2, axis=axis)  # type: ignore[no-any-return]


def matrix_power(x: Any, n: int, /) -> Tensor:
    """A square matrix times itself, n factors in all."""
    return applied(linalg.matrix_power, x, n)  # type: ignore[no-any-return]


# --- parts and sizes -----------------------------------------------------------------------------


def diagonal(x: Any, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices."""
    return applied(np.diagonal, x, offset=offset, axis1=-2, axis2=-1)  # type: ignore[no-any-return]


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sums of the diagonals of matrices."""
    return applied(np.sum, _cast(diagonal(x, offset=offset), dtype), axis=-1)  # type: ignore[no-any-return]


def det(x: Any, /) -> Tensor:
    """Determinants."""
    return applied(linalg.det, x)  # type: ignore[no-any-return]


def slogdet(x: Any, /) -> Slogdet:
    """Signs and logarithms of determinants, which may be too large or small themselves."""
    return Slogdet(*applied(linalg.slogdet, x))


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norms of matrices: Frobenius, nuclear, spectral, largest sums of rows or columns."""
    return applied(linalg.norm, x, ord=ord, axis=(-2, -1), keepdims=keepdims)  # type: ignore[no-any-return]


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Tensor:
    """Norms of vectors along axes, of any order."""
    if not is_plain_axis(axis):
        x, axis, keepdims_of = _in_one_axis(x, axis)
        result = applied(linalg.norm, x, ord=ord, axis=axis)
        return applied(np.reshape, result, keepdims_of) if keepdims else result  # type: ignore[no-any-return]
    return applied(linalg.norm, x, ord=ord, axis=axis, keepdims=keepdims)  # type: ignore[no-any-return]


def is_plain_axis(axis: Any) -> bool:
    """Whether NumPy's `norm` takes the axis for that of vectors."""
    return isinstance(axis, int)


def _in_one_axis(x: Any, axis: Any) -> tuple[Any, int, tuple[int, ...]]:
    """The axes of vectors as one, in front; and the shape of the norms with axes of length 1."""
    axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in axis)
    rest = [k for k in range(x.ndim) if k not in axes]
    moved = applied(np.transpose, x, (*axes, *rest))
    kept = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    length = int(np.prod([x.shape[k] for k in axes], dtype=int))
    return applied(np.reshape, moved, (length, *(x.shape[k] for k in rest))), 0, kept


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Tensor:
    """How many singular values are larger than `rtol` times the largest."""
    return applied(linalg.matrix_rank, x.detach(), rtol=rtol)  # type: ignore[no-any-return]


# --- decompositions and equations ----------------------------------------------------------------


def cholesky(x: Any, /, *, upper: bool = False) -> Tensor:
    """The triangular root of symmetric positive definite matrices."""
    return applied(linalg.cholesky, x, upper=upper)  # type: ignore[no-any-return]


def eigh(x: Any, /) -> Eigh:
    """Eigenvalues and eigenvectors of symmetric matrices."""
    return Eigh(*applied(linalg.eigh, x))


def eigvalsh(x: Any, /) -> Tensor:
    """Eigenvalues of symmetric matrices, in ascending order."""
    return applied(linalg.eigvalsh, x)  # type: ignore[no-any-return]


def qr(x: Any, /, *, mode: str = "reduced") -> QR:
    """Matrices as products of an orthogonal and an upper triangular one."""
    return QR(*applied(linalg.qr, x, mode=mode))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVD:
    """Singular values and vectors."""
    return SVD(*applied(linalg.svd, x, full_matrices=full_matrices))


def svdvals(x: Any, /) -> Tensor:
    """Singular values, in descending order."""
    return applied(linalg.svd, x, compute_uv=False)  # type: ignore[no-any-return]


def inv(x: Any, /) -> Tensor:
    """Inverse matrices."""
    return applied(linalg.inv, x)  # type: ignore[no-any-return]


def pinv(x: Any, /, *, rtol: Any = None) -> Tensor:
    """Pseudoinverses; singular values up to `rtol` times the largest count as zero."""
    if rtol is None:
        rtol = max(x.shape[-2:]) * float(np.finfo(x.dtype).eps)
    return applied(linalg.pinv, x, rtol)  # type: ignore[no-any-return]


def solve(x1: Any, x2: Any, /) -> Tensor:
    """The solution of linear equations: a vector, or the columns of matrices."""
    return applied(linalg.solve, x1, x2)  # type: ignore[no-any-return]
