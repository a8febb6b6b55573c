"""Gates behind activations: the softplus, and the normal distribution that the GELU weighs with.

What NumPy has no function for, or a slow one: `np.logaddexp(0, x)` takes five times as long.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from .underflow import vanishing

__all__ = ["elu", "log1pexp", "normal_cdf"]


@gate(
    symbol="softplus",
    local=lambda out: -np.expm1(-out),  # the sigmoid of x, as precise where that is small
    expand=lambda x: np.log1p(np.exp(x)),
)
@vanishing
def log1pexp(x: Array) -> Array:
    """ln(1 + exp(x)), the softplus, elementwise; for x of any size. Its gradient is σ(x)."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _slope_of_elu(x: Any, out: Any, alpha: float) -> Any:
    """1 for positive x, alpha exp(x) for others; without a choice, which is slow on arrays."""
    positive = (x > 0).astype(out.dtype)
    return positive + (1.0 - positive) * (np.minimum(out, 0) + alpha)


@gate(
    symbol="ELU",
    local=lambda x, out, alpha: _slope_of_elu(x, out, alpha),
    says="1 where {x} > 0, else {out} + alpha",
    expand=lambda x, alpha=1.0: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)),
)
@vanishing
def elu(x: Array, alpha: float = 1.0) -> Array:
    """x for positive x, alpha (exp(x) - 1) for others (Clevert et al. 2015, arXiv:1511.07289).

    The gradient at 0 is alpha.

    >>> import numpy as np
    >>> elu(np.array([-1.0, 2.0])).round(4)
    array([-0.6321,  2.    ])
    """
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))


# (|x| + SHIFT) exp(x² / 2) Φ(-|x|) is smooth from 0 to infinity, and close to a polynomial of
# s = (|x| - SHIFT) / (|x| + SHIFT) (after Shepherd and Laframboise, "Chebyshev approximation of
# (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞", Mathematics of Computation 36, 1981). The coefficients
# below, of s⁰ and on, are those of its expansion in Chebyshev polynomials.
SHIFT, FARTHEST = 4.0, 39.0  # Φ(-39) is no float any more
COEFFICIENTS = (
    0.7552851304157513,
    -0.6078966419718875,
    0.38713740074226566,
    -0.18652185796008047,
    0.060396574888595234,
    -0.007540188955410712,
    -0.0034796923247228124,
    0.0016308183209077433,
    0.00013334390641146082,
    -0.00023109404427385934,
    -1.9059729613473169e-06,
    3.5141284909954395e-05,
    7.085697097720225e-07,
    -5.9123688584485385e-06,
    -6.112045015086037e-07,
    1.0111174666293037e-06,
    2.4474046007620484e-07,
    -1.4801013176149565e-07,
    -6.105948763847839e-08,
    1.2774152630190471e-08,
    7.485274280349016e-09,
)


OF_FLOAT32 = (
    0.7552851386245141,
    -0.6078966285465025,
    0.38713665826652255,
    -0.18652245757369038,
    0.06040711718885436,
    -0.007530432643191524,
    -0.003528608034846311,
    0.0015734950347691087,
    0.00020554373485857035,
    -0.0001181354413120211,
)


def coefficients_for(x: Any) -> tuple[float, ...]:
    """As many as the dtype of x is precise."""
    return OF_FLOAT32 if getattr(x, "dtype", None) == np.float32 else COEFFICIENTS


@vanishing
def _density(x: Any) -> Any:
    """exp(-x² / 2) / √2π; the square of what is far off would be too large for a float."""
    far = np.minimum(np.abs(x), FARTHEST)
    return np.exp(-0.5 * far * far) * (1.0 / math.sqrt(2.0 * math.pi))


@gate(symbol="Φ", local=lambda x: _density(x))
@vanishing
def normal_cdf(x: Array) -> Array:
    """Φ(x) = ½ (1 + erf(x / √2)), elementwise: how likely a standard normal number is below x.

    To the precision of the dtype, also far below 0, where 1 + erf(x / √2) has cancelled. The
    gradient is the density of the normal distribution.
    """
    far = np.minimum(np.abs(x), FARTHEST)
    share = 1.0 / (far + SHIFT)
    s = 1.0 - 2.0 * SHIFT * share
    coefficients = coefficients_for(x)
    tail = s * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        tail = (tail + coefficient) * s
    tail = (tail + coefficients[0]) * share * np.exp(-0.5 * far * far)
    return np.abs(tail - (x > 0))  # Φ(-x) = 1 - Φ(x)
