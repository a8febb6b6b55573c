"""Triangular factors: Cholesky and QR.

A gate has one result, so the factors of a QR decomposition come side by side in one matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.linalg._linalg import QRResult  # type: ignore[attr-defined, unused-ignore]

from ...arrays import Array
from ...complexes import real_of
from ...declare import composed, gate
from ...errors import UnsupportedError
from ..calls import on_values
from .kernels import factors_of_qr
from .matrices import (
    adjoint,
    beyond_rounding,
    checked,
    from_triangle,
    is_recorded,
    triangle,
)

__all__: list[str] = []

DEPENDENT = (
    "qr: the first columns depend on each other, but for rounding, so the factors have no "
    "derivative; use a matrix of full rank"
)


def _cholesky_back(g: Array, out: Array, upper: bool) -> Array:
    """I. Murray, "Differentiation of the Cholesky decomposition" (2016), equations 9 and 10."""
    lower, g = (adjoint(out), adjoint(g)) if upper else (out, g)
    middle = triangle(adjoint(lower) @ g, diagonal=0.5)
    half = np.linalg.solve(adjoint(lower), middle)  # L⁻ᴴ Φ(Lᴴ g)
    return from_triangle(adjoint(np.linalg.solve(adjoint(lower), adjoint(half))), upper)


@gate(
    numpy=np.linalg.cholesky,
    vjp=lambda g, out, upper: _cholesky_back(g, out, upper),
    of_complex="own",
    says="{out}⁻ᵀ · Φ({out}ᵀ · {g}) · {out}⁻¹, in the triangle that is read",
)
def cholesky(x: Array, upper: bool = False) -> Array:
    """The triangular factor of positive definite matrices, as `np.linalg.cholesky`.

    NumPy reads one triangle of x, whose elements stand for their mirror images, too. So does the
    gradient: it is that of the function of one triangle, and 0 in the other one.
    """
    return np.linalg.cholesky(x, upper=upper)


# --- QR ------------------------------------------------------------------------------------------


def _qr_back(g: Array, x: Array, out: Array) -> Array:
    """S. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2018);
    for fewer rows than columns D. and L. Roberts, "QR and LQ decomposition matrix backpropagation
    algorithms for square, wide, and deep matrices" (2020)."""
    rows, columns = x.shape[-2:]
    q, r, g_q, g_r = *_factors(out, rows), *_factors(g, rows)
    if rows >= columns:
        return _tall_back(q, r, g_q, g_r)
    rest = g_r[..., rows:]
    g_q = g_q + x[..., rows:] @ adjoint(rest)
    first = _tall_back(q, r[..., :rows], g_q, g_r[..., :rows])
    return np.concatenate([first, q @ rest], axis=-1)


def _factors(packed: Array, rows: int) -> tuple[Array, Array]:
    return adjoint(packed[..., :rows]), packed[..., rows:]


def _tall_back(q: Array, r: Array, g_q: Array, g_r: Array) -> Array:
    middle = triangle(r @ adjoint(g_r) - adjoint(g_q) @ q)
    mirrored = middle + adjoint(triangle(middle, diagonal=0.0))
    if middle.dtype.kind == "c":  # the diagonal of r is real
        mirrored = (mirrored + adjoint(mirrored)) * 0.5
    size = np.abs(r) * np.eye(r.shape[-1], dtype=real_of(r.dtype))
    dependent = beyond_rounding(size, np.eye(r.shape[-1]) != 0, size)
    wrong = np.logical_and(np.logical_not(dependent), np.eye(r.shape[-1]) != 0)
    r = checked(r, wrong, what=DEPENDENT)
    return adjoint(np.linalg.solve(r, adjoint(g_q + q @ mirrored)))


@gate(
    name="qr",
    vjp=lambda g, x, out: _qr_back(g, x, out),
    of_complex="own",
    says="({g} of Q + Q · copyltu(M)) · R⁻ᵀ, M = R · ({g} of R)ᵀ − ({g} of Q)ᵀ · Q",
)
def qr_packed(x: Array) -> Array:
    """Qᴴ and R side by side: (..., k, m + n) for x (..., m, n) and k = min(m, n)."""
    return factors_of_qr(x)


@composed(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """The decomposition a = q r, as `np.linalg.qr`.

    The modes "reduced" and "r" have gradients; "complete" does where it is the same. A matrix whose
    first columns are not independent has none, and raises LinAlgError.
    """
    rows, columns = a.shape[-2:]
    if mode not in ("reduced", "r", "complete") or (mode == "complete" and rows > columns):
        if is_recorded(a):
            raise UnsupportedError(
                f"np.linalg.qr: mode {mode!r} of a matrix {rows} x {columns} has no gradient: "
                "columns beyond its range are any basis of the rest; use mode='reduced'"
            )
        return on_values(np.linalg.qr, "np.linalg.qr", (a, mode), {})
    packed = qr_packed(a)
    r = packed[..., rows:]
    return r if mode == "r" else QRResult(adjoint(packed[..., :rows]), r)
