"""`scipy.linalg`: the functions of it that have gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.linalg

from ..primitives import defjvp, defjvp_argnums, defvjp, defvjp_argnums, primitive

globals().update({name: getattr(scipy.linalg, name) for name in scipy.linalg.__all__})
sqrtm = primitive(scipy.linalg.sqrtm)
solve_sylvester = primitive(scipy.linalg.solve_sylvester)
solve_triangular = primitive(scipy.linalg.solve_triangular)
solve_banded = primitive(scipy.linalg.solve_banded)

# --- R R = A, and A X + X B = Q: their changes solve equations of the second kind ----------------

defvjp(sqrtm, lambda ans, a: lambda g: solve_sylvester(ans.T, ans.T, g))
defjvp(sqrtm, lambda v, ans, a: solve_sylvester(ans, ans, v))


def _sylvester_vjp(argnums: Sequence[int], ans: Any, args: Any, kwargs: Any) -> Any:
    a, b, _ = args

    def vjp(g: Any) -> Any:
        by_q = solve_sylvester(a.T, b.T, g)
        found = -np.matmul(by_q, ans.T), -np.matmul(ans.T, by_q), by_q
        return [found[k] for k in argnums]

    return vjp


def _sylvester_jvp(
    argnums: Sequence[int], changes: Sequence[Any], ans: Any, args: Any, kwargs: Any
) -> Any:
    a, b, _ = args
    right: Any = 0.0
    for k, v in zip(argnums, changes, strict=True):
        right = right + (-np.matmul(v, ans), -np.matmul(ans, v), v)[k]
    return solve_sylvester(a, b, right)


defvjp_argnums(solve_sylvester, _sylvester_vjp)
defjvp_argnums(solve_sylvester, _sylvester_jvp)


# --- triangular systems --------------------------------------------------------------------------


def _transposed(trans: Any) -> bool:
    if trans in (2, "C"):
        raise NotImplementedError("solve_triangular: no gradient for trans='C'; pass np.conj(a)")
    return trans not in (0, "N")


def _triangular_by_b(
    ans: Any, a: Any, b: Any, trans: Any = 0, lower: bool = False, **k: Any
) -> Any:
    other = "N" if _transposed(trans) else "T"
    return lambda g: solve_triangular(a, g, trans=other, lower=lower, **k)


def _triangular_by_a(
    ans: Any, a: Any, b: Any, trans: Any = 0, lower: bool = False, **k: Any
) -> Any:
    by_b = _triangular_by_b(ans, a, b, trans, lower, **k)
    edge = 1 if k.get("unit_diagonal") else 0

    def vjp(g: Any) -> Any:
        left, right = (x[:, None] if x.ndim == 1 else x for x in (by_b(g), ans))
        full = -np.matmul(left, right.T)
        full = full.T if _transposed(trans) else full
        return np.tril(full, -edge) if lower else np.triu(full, edge)

    return vjp


defvjp(solve_triangular, _triangular_by_a, _triangular_by_b)


# --- banded systems: a[i, j] is stored at ab[upper + i - j, j] -----------------------------------


def _band(l_and_u: Any, size: int) -> tuple[Any, Any, Any]:
    """For each place of the bands: its row i and its column j of the matrix, and whether it is."""
    lower, upper = l_and_u
    j = np.arange(size)[None, :]
    i = np.arange(lower + upper + 1)[:, None] - upper + j
    inside = (i >= 0) & (i < size)
    return np.clip(i, 0, size - 1), np.broadcast_to(j, i.shape), inside


def _transposed_bands(l_and_u: Any, ab: Any) -> tuple[Any, Any]:
    lower, upper = l_and_u
    i, j, inside = _band((upper, lower), ab.shape[1])
    return (upper, lower), ab[np.clip(upper + j - i, 0, lower + upper), i] * inside


def _banded_by_b(ans: Any, l_and_u: Any, ab: Any, b: Any, **k: Any) -> Any:
    return lambda g: solve_banded(*_transposed_bands(l_and_u, ab), g)


def _banded_by_ab(ans: Any, l_and_u: Any, ab: Any, b: Any, **k: Any) -> Any:
    i, j, inside = _band(l_and_u, ab.shape[1])

    def vjp(g: Any) -> Any:
        by_b = _banded_by_b(ans, l_and_u, ab, b)(g)
        left, right = (x[:, None] if x.ndim == 1 else x for x in (by_b, ans))
        return -np.sum(left[i] * right[j], axis=-1) * inside

    return vjp


defvjp(solve_banded, None, _banded_by_ab, _banded_by_b)


def __getattr__(name: str) -> object:
    return getattr(scipy.linalg, name)
