"""Functions that swing or grow like Bessel's: sinc, i0, and their derivatives of any order.

Each is one of a family whose derivatives lie in the family, so no difference of nearly equal
numbers is ever taken (NIST Handbook of Mathematical Functions, DLMF).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate

__all__ = ["spherical"]


@gate(local=lambda x, order: _slope_of_spherical(x, order))
def spherical(x: Array, order: int = 0) -> Array:
    """j_n(x) / x^n, of a spherical Bessel function of order n: sin(x) / x for n = 0.

    It is even, and right near 0 too: its derivative is -x j_{n+1}(x) / x^{n+1} (DLMF 10.51.3).
    """
    near = np.abs(x) < order + 1
    square = np.where(near, (order + 1.0) ** 2, x * x)
    last, value = np.cos(x), np.sin(x) / np.where(near, 1.0, x)
    for n in range(order):  # upwards is stable for x larger than n (DLMF 10.51.1)
        last, value = value, ((2 * n + 1) * value - last) / square
    return np.where(near, _series(np.where(near, x, 0.0), order), value)


def _slope_of_spherical(x: Array, order: int) -> Array:
    return -x * spherical(x, order=order + 1)


def _series(x: Array, order: int) -> Array:
    """The same for x not larger than n + 1: a power series (DLMF 10.53.1)."""
    half = x * x * -0.5
    term = total = np.ones_like(x) * (1.0 / math.prod(range(1, 2 * order + 2, 2)))
    for k in range(1, 16 + order):
        term = term * half * (1.0 / (k * (2 * (order + k) + 1)))
        total = total + term
    return total


@composed(np.sinc)
def sinc(x: Any) -> Any:
    """sin(πx) / (πx), and 1 at 0, as `np.sinc`."""
    return spherical(x * math.pi)


@gate(local=lambda x, power: _next_mean(x, power))
def mean_of_exponentials(x: Array, power: int = 0) -> Array:
    """The mean of cos(θ)^power exp(x cos θ) over all angles: derivatives of I0 (DLMF 10.32.1).

    The rule of the trapezium with n angles is exact to I_2n(x) / I_0(x), and 0 to rounding here
    for all x whose exponential is a float. Angles θ and π - θ are taken together.
    """
    cosines = np.cos((np.arange(64) + 0.5) * (math.pi / 128))
    weights = (cosines**power / 64).astype(x.dtype)
    both = np.sinh if power % 2 else np.cosh
    return both(np.expand_dims(x, -1) * cosines.astype(x.dtype)) @ weights


def _next_mean(x: Array, power: int) -> Array:
    return mean_of_exponentials(x, power=power + 1)


gate(
    np.i0,
    np.i0,
    elementwise=True,
    vjp=lambda g, x: g * mean_of_exponentials(x, power=1),
    says="{g} · I₁({x})",
)
