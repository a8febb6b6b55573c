"""What the rules of linear algebra have in common; matrices are the last two axes.

A rule here is written for the gradient as it is, dL/dx + i dL/dy: its rows say `of_complex="own"`.
Then dL = Re trace(gᴴ dx), and where dy = a dx b, the gradient of x is aᴴ g bᴴ. Functions that have
a complex derivative can be "holomorphic" instead, with transposes in place of adjoints.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...arrays import Array
from ...complexes import real_of
from ...declare import gate
from ...modes import MODE
from ...tensor import Tensor
from .kernels import divided_or_zero, raised_if_wrong

__all__ = [
    "adjoint",
    "as_column",
    "beyond_rounding",
    "checked",
    "diagonal_matrix",
    "from_triangle",
    "gaps",
    "hermitian",
    "is_recorded",
    "negligible",
    "off_diagonal",
    "quotient",
    "real_row",
    "times_columns",
    "transposed",
    "triangle",
]  # fmt: skip


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


def is_recorded(x: Any) -> bool:
    """Whether gradients flow to it."""
    return isinstance(x, Tensor) and x.requires_grad and MODE.get().recording


# --- where there is no derivative ----------------------------------------------------------------


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


@gate(
    vjp=(lambda g: g, None),
    of_complex="own",
    symbol="✓",
    says=("{g}", ""),
)
def checked(x: Array, wrong: Array, what: str) -> Array:
    """x as it is; raises LinAlgError with the text if anything is wrong."""
    return raised_if_wrong(x, wrong, what)


def beyond_rounding(x: Array, where: Array, of: Array) -> Array:
    """Where x should be 0 and is more than a rounding error `of` what it is made of."""
    if not math.prod(x.shape[-2:]):
        return np.logical_and(where, False)
    size = np.max(np.abs(of), axis=(-2, -1), keepdims=True)
    return np.logical_and(where, np.abs(x) > size * (1000 * float(np.finfo(x.dtype).eps)))


def off_diagonal(x: Array, of: Array, what: str) -> Array:
    """A matrix whose diagonal has to be 0: raises LinAlgError with the text if it is not."""
    one = np.eye(*x.shape[-2:])
    found = checked(x, beyond_rounding(x, one != 0, of), what=what)
    return found * (1.0 - one).astype(real_of(x.dtype))


def _over(g: Array, y: Array, zero: Array, what: str) -> Array:
    return quotient(g, y, zero, what=what)


@gate(
    vjp=(
        lambda g, y, zero, what: _over(g, np.conjugate(y), zero, what),
        lambda g, y, zero, out, what: _over(-np.conjugate(g) * out, y, zero, what),
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
    return divided_or_zero(x, y, zero, what)
