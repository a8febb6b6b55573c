"""Convolution of sequences, and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, plain_array
from ..declare import composed, gate
from ..errors import ShapeError
from ..gates.compare import of_values
from ..numpy_api import refuse_options
from ..tensor import Tensor

__all__: list[str] = []


# --- convolution ---------------------------------------------------------------------------------


def _by_sequence(g: Array, v: Array, mode: str) -> Array:
    return _convolve(g, v[::-1], mode="valid" if mode == "full" else "full")


def _by_filter(g: Array, a: Array, mode: str) -> Array:
    if mode == "full":
        return _convolve(g, a[::-1], mode="valid")
    return _convolve(a, g[::-1], mode="valid")[::-1]


@gate(
    name="convolve",
    symbol="∗",
    role="switcher",
    vjp=(lambda g, v, mode: _by_sequence(g, v, mode), lambda g, a, mode: _by_filter(g, a, mode)),
    of_complex="holomorphic",
    says=("{g} ∗ {v}, turned around", "{g} ∗ {a}, turned around"),
)
def _convolve(a: Array, v: Array, mode: Any) -> Array:
    return np.convolve(a, v, mode)


def _sequence(x: Any, name: str) -> Any:
    x = x if isinstance(x, Tensor) else plain_array(x)
    x = x if x.ndim else np.reshape(x, (1,))
    if x.ndim != 1 or not x.shape[0]:
        raise ShapeError(f"np.{name}: got shape {x.shape}; expected a sequence that is not empty")
    return x


@composed(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """The convolution of two sequences, as `np.convolve`: full, same or valid."""
    a, v = _sequence(a, "convolve"), _sequence(v, "convolve")
    if v.shape[0] > a.shape[0]:
        a, v = v, a
    return _in_mode(a, v, mode, (v.shape[0] - 1) // 2, "convolve")


@composed(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """The correlation of two sequences, as `np.correlate`: the second one is conjugated."""
    a, v = _sequence(a, "correlate"), _sequence(v, "correlate")
    v = np.conjugate(v) if v.dtype.kind == "c" else v
    shorter = min(a.shape[0], v.shape[0])
    if v.shape[0] > a.shape[0]:
        return _in_mode(v[::-1], a, mode, shorter // 2, "correlate")
    return _in_mode(a, v[::-1], mode, (shorter - 1) // 2, "correlate")


def _in_mode(a: Any, v: Any, mode: str, first: int, name: str) -> Any:
    """The part of a convolution, with a filter that is not longer, that a mode names."""
    if mode == "same":
        return _convolve(a, v, mode="full")[first : first + a.shape[0]]
    if mode not in ("full", "valid"):
        raise ValueError(f"np.{name}: mode is {mode!r}; expected 'full', 'same' or 'valid'")
    return _convolve(a, v, mode=mode)


# --- polynomials ---------------------------------------------------------------------------------


@composed(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """A polynomial with coefficients from the highest power on, at x, as `np.polyval`."""
    p = p if isinstance(p, Tensor) else plain_array(p)
    x = x if isinstance(x, Tensor) else plain_array(x)
    value: Any = np.zeros_like(x)
    for k in range(p.shape[0]):  # Horner's scheme
        value = value * x + p[k]
    return value


@composed(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: int, rcond: float | None = None, full: bool = False, w: Any = None,
    cov: Any = False,
) -> Any:  # fmt: skip
    """The polynomial that fits values y at points x best, as `np.polyfit`."""
    refuse_options("polyfit", {"full": full or None, "cov": cov or None})
    points, weights = (p if isinstance(p, Tensor) else np.asarray(p, float) for p in (x, w))
    columns = np.vander(points, deg + 1)
    y = y if isinstance(y, Tensor) else plain_array(y)
    if w is not None:
        columns = columns * weights[:, None]
        y = y * np.reshape(_like(weights, y), (-1,) + (1,) * (np.ndim(y) - 1))
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    rcond = len(points) * np.finfo(points.dtype).eps if rcond is None else rcond
    solution = np.linalg.pinv(columns / scale, rcond=rcond) / scale[:, None]
    return np.matmul(_like(solution, y), y)


def _like(x: Any, y: Any) -> Any:
    """Constants as the kind of number that they are multiplied with."""
    return x if isinstance(x, Tensor) else x.astype(y.dtype)


def _coefficients(p: Any) -> Any:
    p = p if isinstance(p, Tensor) else plain_array(p)
    return p if p.ndim else np.reshape(p, (1,))


def _padded(p: Any, length: int) -> Any:
    """Coefficients with zeros in front for the powers that there are not."""
    if p.shape[0] == length:
        return p
    return np.concatenate([np.zeros(length - p.shape[0], p.dtype), p])


@composed(np.polyadd)
def polyadd(a1: Any, a2: Any) -> Any:
    """The sum of two polynomials, as `np.polyadd`."""
    a1, a2 = _coefficients(a1), _coefficients(a2)
    length = max(a1.shape[0], a2.shape[0])
    return _padded(a1, length) + _padded(a2, length)


@composed(np.polysub)
def polysub(a1: Any, a2: Any) -> Any:
    """The difference of two polynomials, as `np.polysub`."""
    return np.polyadd(a1, -_coefficients(a2))


@composed(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The product of two polynomials, as `np.polymul`; zeros in front are kept."""
    return np.convolve(a1, a2)


@composed(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """The m-th derivative of a polynomial, as `np.polyder`."""
    if m < 0:
        raise ValueError(f"np.polyder: m is {m}; it tells how many times, so give 0 or more")
    p = _coefficients(p)
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1).astype(p.dtype)
    return p


@composed(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """The m-th integral of a polynomial, with constants `k`, as `np.polyint`."""
    if m < 0:
        raise ValueError(f"np.polyint: m is {m}; it tells how many times, so give 0 or more")
    p = _coefficients(p)
    constants: Any = np.zeros(m, p.dtype) if k is None else _coefficients(k)
    if not isinstance(k, Tensor):
        constants = constants.astype(np.result_type(p.dtype, constants.dtype.type(0).item()))
    if constants.shape[0] == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ValueError(f"np.polyint: k has {constants.shape[0]} constants; {m} are needed")
    for n in range(m):
        divisors = np.arange(p.shape[0], 0, -1).astype(p.dtype)
        p = np.concatenate([p / divisors, constants[n : n + 1]])
    return p


@composed(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with some roots, or the characteristic one of a matrix, as `np.poly`."""
    roots = _coefficients(seq_of_zeros)
    if roots.ndim == 2:
        roots = np.linalg.eigvals(roots)
    found: Any = np.ones(1, roots.dtype)
    for k in range(roots.shape[0]):
        one = np.ones(1, roots.dtype)
        found = np.convolve(found, np.concatenate([one, -roots[k : k + 1]]))
    return found


@composed(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    """Quotient and remainder of two polynomials, as `np.polydiv`.

    Zeros in front of the remainder are left out, so its length depends on the coefficients.
    """
    left, divisor = _coefficients(u) + 0.0, _coefficients(v) + 0.0
    steps = left.shape[0] - divisor.shape[0] + 1
    quotient: list[Any] = []
    for _ in range(steps):
        quotient.append(left[:1] / divisor[:1])
        head = left[1 : divisor.shape[0]] - quotient[-1] * divisor[1:]
        left = np.concatenate([head, left[divisor.shape[0] :]])
    found = np.concatenate(quotient) if quotient else np.zeros(1, left.dtype)
    if not left.shape[0]:
        return found, np.zeros(1, found.dtype)
    there = of_values(lambda r: ~np.isclose(r, 0, rtol=1e-14), left)
    return found, left[min([*np.flatnonzero(there), left.shape[0] - 1]) :]


@composed(np.roots)
def roots(p: Any) -> Any:
    """The roots of a polynomial, as eigenvalues of its companion matrix, as `np.roots`."""
    p = _coefficients(p)
    if p.ndim != 1:
        raise ShapeError(f"np.roots: got shape {p.shape}; expected one axis of coefficients")
    there = of_values(np.flatnonzero, p)
    if not there.size:
        return np.zeros(0, p.dtype)
    at_zero = np.zeros(p.shape[0] - there[-1] - 1, p.dtype)
    p = p[there[0] : there[-1] + 1] + 0.0
    if p.shape[0] < 2:
        return at_zero
    first = -p[1:] / p[:1]
    below = np.eye(p.shape[0] - 2, p.shape[0] - 1, dtype=first.dtype)
    found = np.linalg.eigvals(np.concatenate([first[None], below]))
    return np.concatenate([found, at_zero.astype(found.dtype)])


@composed(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of each element in a row, as `np.vander`."""
    x = _coefficients(x)
    if x.ndim != 1:
        raise ShapeError(f"np.vander: got shape {x.shape}; expected one axis")
    column, rows = x[:, None], []
    power: Any = np.ones_like(column)
    for _ in range(x.shape[0] if N is None else N):
        rows.append(power)
        power = power * column
    if not rows:
        return column[:, :0]
    return np.concatenate(rows if increasing else rows[::-1], axis=1)
