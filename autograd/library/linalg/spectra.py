"""Eigenvalues and singular values, with their vectors.

A gate has one result, so values and vectors come in one matrix: the values are a row above the
vectors. The rules are those of M. Giles (2008, sections 3.1 and 3.2) and J. Townsend,
"Differentiating the singular value decomposition" (2016); with complex numbers those of Z.-Q. Wan
and S.-X. Zhang, "Automatic differentiation for complex valued SVD" (2019), and of C. Boeddeker et
al., "On the computation of complex-valued gradients" (2017).

Vectors that belong to equal values are any basis of their plane: nothing that is computed from them
has a derivative that these rules could tell, and LinAlgError is raised; so it is for what depends
on the phase of complex vectors. Functions of the values alone have gradients everywhere: where
values are equal, and so have a kink, that of minimum norm, which they share equally.
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
from ...complexes import real_of
from ...declare import composed, gate
from ...errors import UnsupportedError
from ..calls import on_values
from .kernels import eigenpairs, eigenpairs_of_hermitian, singular_triples
from .matrices import (
    adjoint,
    as_column,
    beyond_rounding,
    checked,
    diagonal_matrix,
    from_triangle,
    gaps,
    is_recorded,
    negligible,
    off_diagonal,
    quotient,
    real_row,
    times_columns,
)

__all__: list[str] = []

LOST = 0.6  # of the digits; a basis that loses more of them is none

EQUAL = (
    "{}: a gradient arrived at vectors whose values are equal, but for rounding; they are any "
    "basis of their plane, and have no derivative. Use the values alone, move the matrix away from "
    "the degenerate point, or write the function without the decomposition"
)
PHASE = (
    "{}: the gradient depends on the phases of complex vectors, which are arbitrary; use what is "
    "the same for each phase, such as absolute values or projections"
)
NO_VALUE = (
    "{}: a gradient arrived at vectors of the singular value 0, which are arbitrary, and have no "
    "derivative; use the values alone, or a matrix of full rank"
)
NO_BASIS = (
    "eig: the matrix has no basis of eigenvectors, but for rounding, so eigenvalues and vectors "
    "have no derivative; write the function of the matrix without them"
)


def _skew(x: Array) -> Array:
    return (x - adjoint(x)) * 0.5


def _over_gaps(x: Array, of: Array, values: Array, name: str) -> Array:
    """x[i, j] / conj(values[j] - values[i]), where the diagonal has to be 0.

    Where values are equal x is 0, but for rounding errors `of` what it is made of: the gradient of
    their vectors is, see `_of_distinct`. Its own gradient there would be infinite, and raises.
    """
    between, one = gaps(values), np.eye(values.shape[-1])
    equal = np.logical_and(negligible(between, values), one == 0)
    between = between + one.astype(values.dtype)
    x = off_diagonal(x, of, PHASE.format(name)) * np.logical_not(equal).astype(x.dtype)
    return quotient(x, between, equal, what=EQUAL.format(name))


def _of_distinct(g: Array, values: Array, name: str) -> Array:
    """The gradient of vectors: raises where it is one of vectors with equal values."""
    equal = np.logical_and(negligible(gaps(values), values), np.eye(values.shape[-1]) == 0)
    columns = np.expand_dims(np.any(equal, axis=-2), -2)
    return checked(g, beyond_rounding(g, columns, g), what=EQUAL.format(name))


def _shared(g: Array, values: Array) -> Array:
    """The gradient of values: those that are equal share theirs, which is of minimum norm."""
    equal = negligible(gaps(values), values).astype(g.dtype)
    return (equal @ as_column(g))[..., 0] / np.sum(equal, axis=-1)


# --- Hermitian matrices --------------------------------------------------------------------------


def _eigh_back(g: Array, out: Array, uplo: str) -> Array:
    """V (diag(g of values) + (Vᴴ g of vectors) / gaps) Vᴴ, in the triangle that is read."""
    values, vectors = real_row(out[..., 0, :]), out[..., 1:, :]
    inner = adjoint(vectors) @ _of_distinct(g[..., 1:, :], values, "eigh")
    turned = _over_gaps(_skew(inner), inner, values, "eigh")
    middle = diagonal_matrix(_shared(real_row(g[..., 0, :]), values)) + turned
    return from_triangle(vectors @ middle @ adjoint(vectors), uplo.upper() == "U")


@gate(
    name="eigh",
    vjp=lambda g, out, uplo: _eigh_back(g, out, uplo),
    of_complex="own",
    says="V · (diag({g} of values) + Vᵀ · ({g} of V) ÷ gaps) · Vᵀ",
)
def eigh_packed(x: Array, uplo: str = "L") -> Array:
    """Eigenvalues of Hermitian matrices as a row above their vectors: (..., n + 1, n)."""
    return eigenpairs_of_hermitian(x, uplo)


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
def eigvalsh(x: Array, UPLO: Any = "L") -> Array:
    """Eigenvalues of Hermitian matrices, in ascending order, as `np.linalg.eigvalsh`."""
    return np.linalg.eigvalsh(x, UPLO)


def _eigvalsh_back(g: Array, x: Array, uplo: str) -> Array:
    packed = eigh_packed(x, uplo=uplo)
    vectors, g = packed[..., 1:, :], _shared(g, real_row(packed[..., 0, :]))
    return from_triangle(times_columns(vectors, g) @ adjoint(vectors), uplo.upper() == "U")


# --- other square matrices -----------------------------------------------------------------------


def _eig_back(g: Array, out: Array) -> Array:
    """V⁻ᴴ (diag(g of values) + (Vᴴ g of vectors, kept at length 1) / gaps) Vᴴ."""
    values, vectors = out[..., 0, :], _basis(out[..., 1:, :])
    inner = adjoint(vectors) @ _of_distinct(g[..., 1:, :], values, "eig")
    count = values.shape[-1]
    along = np.sum(np.real(inner) * np.eye(count, dtype=real_of(inner.dtype)), axis=-2)
    overlap = times_columns(adjoint(vectors) @ vectors, along)
    turned = _over_gaps(inner - overlap, inner, values, "eig")
    middle = diagonal_matrix(_shared(g[..., 0, :], values)) + turned
    return np.linalg.solve(adjoint(vectors), middle @ adjoint(vectors))


def _basis(vectors: Array) -> Array:
    """The same vectors; raises if they are no basis."""
    if not vectors.shape[-1]:
        return vectors
    s, eps = singular_values(vectors), float(np.finfo(vectors.dtype).eps)
    wrong = s[..., -1] <= s[..., 0] * (eps * vectors.shape[-1]) ** LOST
    return checked(vectors, np.expand_dims(wrong, (-2, -1)), what=NO_BASIS)


@gate(
    name="eig",
    vjp=lambda g, out: _eig_back(g, out),
    of_complex="own",
    says="V⁻ᵀ · (diag({g} of values) + Vᵀ · ({g} of V) ÷ gaps) · Vᵀ",
)
def eig_packed(x: Array) -> Array:
    """Eigenvalues of square matrices as a row above their vectors, complex: (..., n + 1, n)."""
    return eigenpairs(x)


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


def _svd_parts(packed: Array, rows: int) -> tuple[Array, Array, Array]:
    """The values, the left vectors and the right ones, which are columns."""
    return real_row(packed[..., 0, :]), packed[..., 1 : rows + 1, :], packed[..., rows + 1 :, :]


def _svd_back(g: Array, x_shape: tuple[int, ...], out: Array, is_hermitian: bool) -> Array:
    """For a = U S Vᴴ the differentials turn U and V; both turn alike by what is over differences
    of values, and against each other by what is over their sums."""
    rows, columns, zero = *x_shape[-2:], NO_VALUE.format("svd")
    s, u, v = _svd_parts(out, rows)
    g_s, g_u, g_v = _svd_parts(g, rows)
    row, none = np.expand_dims(s, -2), negligible(np.expand_dims(s, -2), s)
    g_u, g_v = _of_distinct(g_u, s, "svd"), _of_distinct(g_v, s, "svd")
    g_u = checked(g_u, beyond_rounding(g_u, none, g_u), what=zero) if rows > columns else g_u
    g_v = checked(g_v, beyond_rounding(g_v, none, g_v), what=zero) if columns > rows else g_v
    inner_u, inner_v = adjoint(u) @ g_u, adjoint(v) @ g_v
    alike, apart = _skew(inner_u) + _skew(inner_v), _skew(inner_u) - _skew(inner_v)
    sums = np.expand_dims(s, -2) + as_column(s)
    middle = diagonal_matrix(_of_values(g_s, s)) + _over_gaps(alike, inner_u + inner_v, s, "svd")
    middle = middle + quotient(apart, sums, negligible(sums, s), what=zero)
    found = u @ middle @ adjoint(v)
    if rows > columns:
        outside = quotient(g_u - u @ inner_u, row, none, what=zero)
        found = found + outside @ adjoint(v)
    if columns > rows:
        outside = quotient(g_v - v @ inner_v, row, none, what=zero)
        found = found + u @ adjoint(outside)
    return from_triangle(found) if is_hermitian else found


def _of_values(g: Array, s: Array) -> Array:
    """The gradient of singular values, that of minimum norm at kinks: at 0 it is 0."""
    none = negligible(np.expand_dims(s, -2), s)[..., 0, :]
    return np.where(none, g.dtype.type(0), _shared(g, s))


@gate(
    name="svd",
    vjp=lambda g, x_shape, out, is_hermitian: _svd_back(g, x_shape, out, is_hermitian),
    of_complex="own",
    says="U · (diag({g} of S) + turns of U and V) · Vᵀ",
)
def svd_packed(x: Array, is_hermitian: bool = False) -> Array:
    """Singular values as a row above the columns of U and V: (..., 1 + m + n, k)."""
    return singular_triples(x, is_hermitian)


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
    if a.ndim < 2:
        raise np.linalg.LinAlgError(
            f"np.linalg.svd: got shape {a.shape}; it takes a matrix, or a stack of matrices"
        )
    if not compute_uv:
        return singular_values(a, is_hermitian=hermitian)
    rows, columns = a.shape[-2:]
    if full_matrices and rows != columns:
        if is_recorded(a):
            raise UnsupportedError(
                f"np.linalg.svd: of a matrix {rows} x {columns} full_matrices=True adds columns "
                "that are any basis of the rest, and have no gradient; use full_matrices=False"
            )
        return on_values(np.linalg.svd, "np.linalg.svd", (a,), {"hermitian": hermitian})
    s, u, v = _svd_parts(svd_packed(a, is_hermitian=hermitian), rows)
    return SVDResult(u, s, adjoint(v))
