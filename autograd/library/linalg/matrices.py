"""What the rules of linear algebra have in common; matrices are the last two axes.

A rule here is written for the gradient as it is, dL/dx + i dL/dy: its rows say `of_complex="own"`.
Then dL = Re trace(gᴴ dx), and where dy = a dx b, the gradient of x is aᴴ g bᴴ. Functions that have
a complex derivative can be "holomorphic" instead, with transposes in place of adjoints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...arrays import Array
from ...complexes import real_of
from ...declare import gate
from ...standins import as_one_call

__all__ = [
    "adjoint", "as_column", "diagonal_matrix", "from_triangle", "gaps", "hermitian", "negligible",
    "off_diagonal", "one_call", "quotient", "real_row", "times_columns", "transposed", "triangle",
]  # fmt: skip

Function = Callable[..., Any]


def transposed(x: Array) -> Array:
    """The last two axes exchanged."""
    return np.swapaxes(x, -1, -2)


def adjoint(x: Array) -> Array:
    """Transposed, and conjugated if it is complex."""
    turned = transposed(x)
    return np.conjugate(turned) if x.dtype.kind == "c" else turned


def hermitian(x: Array) -> Array:
    """The Hermitian part."""
    return (x + adjoint(x)) * 0.5


def as_column(x: Array) -> Array:
    """A vector, or many, as matrices of one column."""
    return np.expand_dims(x, -1)


def times_columns(x: Array, factors: Array) -> Array:
    """Each column of x times its factor: x @ diag(factors)."""
    return x * np.expand_dims(factors, -2)


def diagonal_matrix(x: Array) -> Array:
    """The matrix with these numbers on its diagonal."""
    return as_column(x) * np.eye(x.shape[-1], dtype=real_of(x.dtype))


def real_row(x: Array) -> Array:
    """The real part of complex numbers, real ones as they are."""
    return np.real(x) if x.dtype.kind == "c" else x


def triangle(x: Array, upper: bool = False, diagonal: float = 1.0, beyond: float = 1.0) -> Array:
    """One triangle of a matrix: its diagonal times a number, the rest times another, 0 outside."""
    rows, columns = x.shape[-2:]
    mask = np.tri(columns, rows, -1).T if upper else np.tri(rows, columns, -1)
    return x * (beyond * mask + diagonal * np.eye(rows, columns)).astype(real_of(x.dtype))


def from_triangle(g: Array, upper: bool = False) -> Array:
    """The gradient of a Hermitian matrix, of which NumPy reads one triangle and half the diagonal.

    An element stands for its mirror image, too; of the diagonal the real part is read.
    """
    both = hermitian(g)
    return triangle(both, upper, diagonal=1.0, beyond=2.0)


# --- helpers that are one call in compiled programs ----------------------------------------------


def one_call(gives: Function) -> Callable[[Function], Any]:
    """Let compiled programs hold a function as one call: a decorator.

    `gives` makes an empty array like the result, of operands that have no values.
    """

    def decorate(function: Function) -> Any:
        setattr(function, "gives", gives)  # noqa: B010
        setattr(function, "pure", True)  # noqa: B010
        return as_one_call(function)

    return decorate


# --- quotients by what may be 0 ------------------------------------------------------------------


def gaps(values: Array) -> Array:
    """values[j] - values[i], as a matrix."""
    return np.expand_dims(values, -2) - as_column(values)


def negligible(x: Array, values: Array) -> Array:
    """Where x, made of differences or sums of values, is no more than their rounding errors."""
    if not values.shape[-1]:
        return np.abs(x) < 0
    size = np.expand_dims(np.max(np.abs(values), axis=-1, keepdims=True), -1)
    eps = float(np.finfo(values.dtype).eps)
    return np.abs(x) <= size * (4 * values.shape[-1] * eps)


def _raise_unless_zero(x: Array, where: Array, what: str) -> None:
    """Raise LinAlgError where x has to be 0 and is more than a rounding error of the rest."""
    size, eps = np.max(np.abs(x), axis=(-2, -1), keepdims=True), np.finfo(x.dtype).eps
    if np.logical_and(where, np.abs(x) > np.sqrt(eps) * size + 1000 * eps).any():
        raise np.linalg.LinAlgError(what)


@one_call(lambda x, what: np.empty(x.shape, x.dtype))
def _off_diagonal(x: Array, what: str) -> Array:
    mask = np.eye(*x.shape[-2:], dtype=bool)
    if x.size:
        _raise_unless_zero(x, mask, what)
    return np.where(mask, x.dtype.type(0), x)


@gate(
    vjp=lambda g: g * (1.0 - np.eye(*g.shape[-2:])).astype(real_of(g.dtype)),
    of_complex="own",
    says="{g}, 0 on the diagonal",
)
def off_diagonal(x: Array, what: str) -> Array:
    """A matrix whose diagonal has to be 0: raises LinAlgError with the text if it is not."""
    return _off_diagonal(x, what)  # type: ignore[no-any-return]


@one_call(lambda x, y, zero, what: np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype))
def _divided(x: Array, y: Array, zero: Array, what: str) -> Array:
    if not x.size:
        return np.broadcast_to(x, np.broadcast_shapes(x.shape, y.shape)).copy()
    _raise_unless_zero(x, zero, what)
    return np.where(zero, x.dtype.type(0), x / np.conj(np.where(zero, y.dtype.type(1), y)))


@gate(
    vjp=(
        lambda g, y, zero, what: quotient(g, np.conjugate(y), zero, what=what),
        lambda g, y, zero, out, what: quotient(-np.conjugate(g) * out, y, zero, what=what),
        None,
    ),
    of_complex="own",
    symbol="÷",
    says=("{g} ÷ {y}, but 0 ÷ 0 is 0", "−{g} · {out} ÷ {y}", ""),
)
def quotient(x: Array, y: Array, zero: Array, what: str = "0 has no inverse") -> Array:
    """x over conj(y), and 0 over 0 is 0; `zero` tells where y counts as 0.

    Raises LinAlgError with the text `what` where x is not 0 but y is: that is where a derivative
    does not exist.
    """
    return _divided(x, y, zero, what)  # type: ignore[no-any-return]
