"""Forward passes of more than one call of NumPy: each is one call in compiled programs.

Sources of compiled programs contain the text of these functions, so they use NumPy alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Array
from ...standins import as_one_call

__all__ = [
    "cofactors_by_values", "divided_or_zero", "eigenpairs", "eigenpairs_of_hermitian",
    "factors_of_qr", "log_of_determinant", "phase_of_determinant", "raised_if_wrong",
    "singular_triples", "solution_of_least_squares",
]  # fmt: skip

Function = Callable[..., Any]


def one_call(gives: Function) -> Callable[[Function], Any]:
    """Let compiled programs hold a function as one call: a decorator.

    `gives` makes an empty array like the result, of operands that have no values.
    """

    def decorate(function: Function) -> Any:
        setattr(function, "gives", gives)  # noqa: B010
        setattr(function, "pure", True)  # noqa: B010
        return as_one_call(function)

    return decorate


# --- equations -----------------------------------------------------------------------------------


@one_call(lambda x: np.empty(x.shape, x.dtype))
def cofactors_by_values(x: Array) -> Array:
    """det(x) x⁻ᵀ; of nearly singular matrices by the products of all singular values but one."""
    try:
        inverse, size = np.linalg.inv(x), np.abs(x).sum(axis=(-2, -1))
        if (
            size * np.abs(inverse).sum(axis=(-2, -1)) < 1e-3 / np.sqrt(np.finfo(x.dtype).eps)
        ).all():
            return np.ascontiguousarray(
                np.linalg.det(x)[..., None, None] * inverse.swapaxes(-1, -2)
            )  # in rows, as the other way gives it
    except np.linalg.LinAlgError:
        pass
    u, s, vh = np.linalg.svd(x)
    count = s.shape[-1]
    others = np.broadcast_to(np.expand_dims(s, -2), (*s.shape, count))
    products = np.prod(np.where(np.eye(count, dtype=bool), s.dtype.type(1), others), axis=-1)
    turn = np.conj(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    found: Array = np.conj(turn * ((u * products[..., None, :]) @ vh))
    return found


@one_call(lambda x: np.empty(x.shape[:-2], x.real.dtype))
def log_of_determinant(x: Array) -> Array:
    """The logarithm of its size."""
    return np.linalg.slogdet(x)[1]


@one_call(lambda x: np.empty(x.shape[:-2], x.dtype))
def phase_of_determinant(x: Array) -> Array:
    """The determinant over its size."""
    return np.linalg.slogdet(x)[0]


@one_call(
    lambda a, b, rcond=None: np.empty((a.shape[-1], *b.shape[1:]), np.result_type(a, b, np.float32))
)
def solution_of_least_squares(a: Array, b: Array, rcond: Any = None) -> Array:
    """The first of what `np.linalg.lstsq` gives."""
    return np.linalg.lstsq(a, b, rcond)[0]


# --- decompositions: the parts in one array ------------------------------------------------------


def _like_qr(x: Array) -> Array:
    rows, columns = x.shape[-2:]
    return np.empty((*x.shape[:-2], min(rows, columns), rows + columns), x.dtype)


@one_call(_like_qr)
def factors_of_qr(x: Array) -> Array:
    """Qᴴ and R, side by side."""
    q, r = np.linalg.qr(x)
    return np.concatenate([q.conj().swapaxes(-1, -2), r], axis=-1)


@one_call(lambda x, uplo="L": np.empty((*x.shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype))
def eigenpairs_of_hermitian(x: Array, uplo: Any = "L") -> Array:
    """Eigenvalues as a row above their vectors."""
    values, vectors = np.linalg.eigh(x, uplo)
    return np.concatenate([values[..., None, :].astype(vectors.dtype), vectors], axis=-2)


def _like_eigenpairs(x: Array) -> Array:
    shape = (*x.shape[:-2], x.shape[-1] + 1, x.shape[-1])
    return np.empty(shape, np.result_type(x.dtype, np.complex64))


@one_call(_like_eigenpairs)
def eigenpairs(x: Array) -> Array:
    """The same for any square matrix: complex numbers."""
    values, vectors = np.linalg.eig(x)
    packed = np.concatenate([values[..., None, :], vectors], axis=-2)
    return packed.astype(np.result_type(x.dtype, np.complex64), copy=False)


def _like_svd(x: Array, is_hermitian: bool = False) -> Array:
    rows, columns = x.shape[-2:]
    return np.empty((*x.shape[:-2], rows + 1 + columns, min(rows, columns)), x.dtype)


@one_call(_like_svd)
def singular_triples(x: Array, is_hermitian: bool = False) -> Array:
    """Singular values as a row above the columns of U and of V."""
    u, s, vh = np.linalg.svd(x, full_matrices=False, hermitian=is_hermitian)
    values = s[..., None, :].astype(u.dtype)
    return np.concatenate([values, u, vh.conj().swapaxes(-1, -2)], axis=-2)


# --- where there is no derivative ----------------------------------------------------------------


@one_call(lambda x, wrong, what: np.empty(x.shape, x.dtype))
def raised_if_wrong(x: Array, wrong: Array, what: str) -> Array:
    """x as it is; raises LinAlgError with the text if anything is wrong."""
    if wrong.any():
        raise np.linalg.LinAlgError(what)
    return x.copy()


@one_call(lambda x, y, zero, what: np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype))
def divided_or_zero(x: Array, y: Array, zero: Array, what: str) -> Array:
    """x over conj(y), and 0 where both are 0; raises LinAlgError with the text where only y is."""
    shape = np.broadcast_shapes(x.shape, y.shape)
    if x.size:
        noise = np.max(np.abs(x), axis=(-2, -1), keepdims=True) * (1000 * np.finfo(x.dtype).eps)
        if np.logical_and(zero, np.abs(x) > noise).any():
            raise np.linalg.LinAlgError(what)
    quotients = x / np.conj(np.where(zero, y.dtype.type(1), y))
    return np.broadcast_to(np.where(zero, x.dtype.type(0), quotients), shape).copy()
