"""Eigenvalues and singular values, with their vectors.

A gate has one result, so values and vectors come in one matrix: the values are a row above the
vectors. The rules are those of M. Giles (2008, sections 3.1 and 3.2) and J. Townsend,
"Differentiating the singular value decomposition" (2016); with complex numbers those of Z.-Q. Wan
and S.-X. Zhang, "Automatic differentiation for complex valued SVD" (2019), and of C. Boeddeker et
al., "On the computation of complex-valued gradients" (2017).

Vectors that belong to equal values are any basis of their plane, and a complex vector has any
phase. What depends on the choice has no derivative: then LinAlgError is raised. What does not, such
as the projection on the plane, has the right one; so have the values themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg._linalg import (  # type: ignore[attr-defined, unused-ignore]
    EighResult,
    EigResult,
    SVDResult,
)

from ...arrays import Array
from ...declare import composed, gate
from ...errors import UnsupportedError
from ...tensor import Tensor
from .matrices import (
    adjoint,
    as_column,
    diagonal_matrix,
    from_triangle,
    gaps,
    negligible,
    off_diagonal,
    one_call,
    quotient,
    real_row,
    times_columns,
)

__all__: list[str] = []

EQUAL = (
    "the gradient depends on the basis, or on the phase, of {0} vectors with equal {0} values, "
    "which is arbitrary: it does not exist. Use the values alone, or what is the same for each "
    "basis, such as a projection"
)
NO_VALUE = (
    "the gradient depends on singular vectors of the value 0, which are arbitrary: it does not "
    "exist. Use the singular values alone, or what is the same for each basis"
)


def _skew(x: Array) -> Array:
    return (x - adjoint(x)) * 0.5


def _over_gaps(x: Array, values: Array, name: str) -> Array:
    """x[i, j] / conj(values[j] - values[i]), where the diagonal has to be 0."""
    what, between, one = EQUAL.format(name), gaps(values), np.eye(values.shape[-1])
    equal = np.logical_and(negligible(between, values), one == 0)
    between = between + one.astype(values.dtype)
    return quotient(off_diagonal(x, what=what), between, equal, what=what)


# --- Hermitian matrices --------------------------------------------------------------------------


@one_call(lambda x, uplo="L": np.empty((*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype))
def _eigh_packed(x: Array, uplo: str = "L") -> Array:
    values, vectors = np.linalg.eigh(x, uplo)
    return np.concatenate([values[..., None, :].astype(vectors.dtype), vectors], axis=-2)


def _eigh_back(g: Array, out: Array, uplo: str) -> Array:
    """V (diag(g of values) + (Vᴴ g of vectors) / gaps) Vᴴ, in the triangle that is read."""
    values, vectors = real_row(out[..., 0, :]), out[..., 1:, :]
    turned = _over_gaps(_skew(adjoint(vectors) @ g[..., 1:, :]), values, "eigen")
    middle = diagonal_matrix(real_row(g[..., 0, :])) + turned
    return from_triangle(vectors @ middle @ adjoint(vectors), uplo.upper() == "U")


@gate(
    name="eigh",
    vjp=lambda g, out, uplo: _eigh_back(g, out, uplo),
    of_complex="own",
    says="V · (diag({g} of values) + Vᵀ · ({g} of V) ÷ gaps) · Vᵀ",
)
def eigh_packed(x: Array, uplo: str = "L") -> Array:
    """Eigenvalues of Hermitian matrices as a row above their vectors: (..., n + 1, n)."""
    return _eigh_packed(x, uplo)  # type: ignore[no-any-return]


@composed(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues and vectors of Hermitian matrices, as `np.linalg.eigh`.

    NumPy reads one triangle of a; so does the gradient, see `cholesky`.
    """
    packed = eigh_packed(a, uplo=UPLO)
    return EighResult(real_row(packed[..., 0, :]), packed[..., 1:, :])


@gate(
    name="eigvalsh",
    numpy=np.linalg.eigvalsh,
    vjp=lambda g, x, UPLO: _eigvalsh_back(g, x, UPLO),
    of_complex="own",
    says="V · diag({g}) · Vᵀ",
)
def eigvalsh(x: Array, UPLO: str = "L") -> Array:
    """Eigenvalues of Hermitian matrices, in ascending order, as `np.linalg.eigvalsh`."""
    return np.linalg.eigvalsh(x, UPLO)


def _eigvalsh_back(g: Array, x: Array, uplo: str) -> Array:
    vectors = eigh_packed(x, uplo=uplo)[..., 1:, :]
    return from_triangle(times_columns(vectors, g) @ adjoint(vectors), uplo.upper() == "U")


# --- other square matrices -----------------------------------------------------------------------


@one_call(
    lambda x: np.empty(
        (*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), np.result_type(x.dtype, np.complex64)
    )
)
def _eig_packed(x: Array) -> Array:
    values, vectors = np.linalg.eig(x)
    packed = np.concatenate([values[..., None, :], vectors], axis=-2)
    return packed.astype(np.result_type(x.dtype, np.complex64), copy=False)


def _eig_back(g: Array, out: Array) -> Array:
    """V⁻ᴴ (diag(g of values) + (Vᴴ g of vectors, kept at length 1) / gaps) Vᴴ."""
    values, vectors = out[..., 0, :], out[..., 1:, :]
    inner = adjoint(vectors) @ g[..., 1:, :]
    count = values.shape[-1]
    along = np.sum(np.real(inner) * np.eye(count, dtype=inner.real.dtype), axis=-2)
    inner = inner - times_columns(adjoint(vectors) @ vectors, along)
    middle = diagonal_matrix(g[..., 0, :]) + _over_gaps(inner, values, "eigen")
    return np.linalg.solve(adjoint(vectors), middle @ adjoint(vectors))


@gate(
    name="eig",
    vjp=lambda g, out: _eig_back(g, out),
    of_complex="own",
    says="V⁻ᵀ · (diag({g} of values) + Vᵀ · ({g} of V) ÷ gaps) · Vᵀ",
)
def eig_packed(x: Array) -> Array:
    """Eigenvalues of square matrices as a row above their vectors, complex: (..., n + 1, n)."""
    return _eig_packed(x)  # type: ignore[no-any-return]


def _as_real(x: Any, values: Any, *others: Any) -> tuple[Any, ...]:
    """NumPy gives real numbers where all eigenvalues of real matrices are real."""
    found = values, *others
    if x.dtype.kind == "c" or bool(np.any(np.imag(values) != 0)):
        return found
    return tuple(np.real(z) for z in found)


@composed(np.linalg.eig)
def eig(a: Any) -> Any:
    """Eigenvalues and vectors, as `np.linalg.eig`.

    A matrix that has no basis of eigenvectors has no gradient, and LinAlgError or large numbers
    tell so.
    """
    packed = eig_packed(a)
    return EigResult(*_as_real(a, packed[..., 0, :], packed[..., 1:, :]))


@composed(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """Eigenvalues, as `np.linalg.eigvals`."""
    return _as_real(a, eig_packed(a)[..., 0, :])[0]


# --- singular values -----------------------------------------------------------------------------


def _like_svd(x: Array, is_hermitian: bool = False) -> Array:
    rows, columns = x.shape[-2:]
    return np.empty((*x.shape[:-2], rows + 1 + columns, min(rows, columns)), x.dtype)


@one_call(_like_svd)
def _svd_packed(x: Array, is_hermitian: bool = False) -> Array:
    u, s, vh = np.linalg.svd(x, full_matrices=False, hermitian=is_hermitian)
    values = s[..., None, :].astype(u.dtype)
    return np.concatenate([values, u, vh.conj().swapaxes(-1, -2)], axis=-2)


def _svd_parts(packed: Array, rows: int) -> tuple[Array, Array, Array]:
    """The values, the left vectors and the right ones, which are columns."""
    return real_row(packed[..., 0, :]), packed[..., 1 : rows + 1, :], packed[..., rows + 1 :, :]


def _svd_back(g: Array, x_shape: tuple[int, ...], out: Array, is_hermitian: bool) -> Array:
    """For a = U S Vᴴ the differentials turn U and V; both turn alike by what is over differences
    of values, and against each other by what is over their sums."""
    rows, columns = x_shape[-2:]
    s, u, v = _svd_parts(out, rows)
    g_s, g_u, g_v = _svd_parts(g, rows)
    inner_u, inner_v = adjoint(u) @ g_u, adjoint(v) @ g_v
    alike, apart = _skew(inner_u) + _skew(inner_v), _skew(inner_u) - _skew(inner_v)
    sums = np.expand_dims(s, -2) + as_column(s)
    middle = diagonal_matrix(_of_values(g_s, s)) + _over_gaps(alike, s, "singular")
    middle = middle + quotient(apart, sums, negligible(sums, s), what=NO_VALUE)
    found = u @ middle @ adjoint(v)
    row, none = np.expand_dims(s, -2), negligible(np.expand_dims(s, -2), s)
    if rows > columns:
        outside = quotient(g_u - u @ inner_u, row, none, what=NO_VALUE)
        found = found + outside @ adjoint(v)
    if columns > rows:
        outside = quotient(g_v - v @ inner_v, row, none, what=NO_VALUE)
        found = found + u @ adjoint(outside)
    return from_triangle(found) if is_hermitian else found


def _of_values(g: Array, s: Array) -> Array:
    """The gradient of singular values: at 0, where they have a kink, that of minimum norm is 0."""
    none = negligible(np.expand_dims(s, -2), s)[..., 0, :]
    return np.where(none, g.dtype.type(0), g)


@gate(
    name="svd",
    vjp=lambda g, x_shape, out, is_hermitian: _svd_back(g, x_shape, out, is_hermitian),
    of_complex="own",
    says="U · (diag({g} of S) + turns of U and V) · Vᵀ",
)
def svd_packed(x: Array, is_hermitian: bool = False) -> Array:
    """Singular values as a row above the columns of U and V: (..., 1 + m + n, k)."""
    return _svd_packed(x, is_hermitian)  # type: ignore[no-any-return]


@gate(
    name="svdvals",
    vjp=lambda g, x, is_hermitian: _svdvals_back(g, x, is_hermitian),
    of_complex="own",
    says="U · diag({g}) · Vᵀ",
)
def singular_values(x: Array, is_hermitian: bool = False) -> Array:
    """The singular values, the largest first."""
    return np.linalg.svd(x, compute_uv=False, hermitian=is_hermitian)


def _svdvals_back(g: Array, x: Array, is_hermitian: bool) -> Array:
    packed = svd_packed(x, is_hermitian=is_hermitian)
    s, u, v = _svd_parts(packed, x.shape[-2])
    found = times_columns(u, _of_values(g, s)) @ adjoint(v)
    return from_triangle(found) if is_hermitian else found


@composed(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """The singular values, as `np.linalg.svdvals`; the gradient at 0 is 0."""
    return singular_values(x)


@composed(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """The decomposition a = u @ diag(s) @ vh, as `np.linalg.svd`.

    Raises UnsupportedError where full_matrices adds columns, which are any basis of the rest.
    """
    if not compute_uv:
        return singular_values(a, is_hermitian=hermitian)
    rows, columns = a.shape[-2:]
    if full_matrices and rows != columns:
        if isinstance(a, Tensor) and a.requires_grad:
            raise UnsupportedError(
                f"np.linalg.svd: of a matrix {rows} x {columns} full_matrices=True adds columns "
                "that are any basis of the rest, and have no gradient; use full_matrices=False"
            )
        found = np.linalg.svd(a.numpy() if isinstance(a, Tensor) else a, hermitian=hermitian)
        return SVDResult(*(Tensor(x, requires_grad=False) for x in found))
    s, u, v = _svd_parts(svd_packed(a, is_hermitian=hermitian), rows)
    return SVDResult(u, s, adjoint(v))
