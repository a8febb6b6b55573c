"""Elementary functions: trigonometric and hyperbolic ones, their inverses, other logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate
from ..gates.shape import astype
from ..gates.underflow import vanishing

__all__: list[str] = []


def _one_less_square(x: Array) -> Array:
    """1 - x²; on the cuts of complex numbers with an imaginary part of the right sign."""
    if x.dtype.kind == "c":
        return -(x * x - 1.0)
    return 1.0 - x * x  # and 0 is +0 at the ends of the domain, for the slope is +inf


# NIST Handbook of Mathematical Functions, 4.20, 4.24, 4.34 and 4.38
gate(np.sin, local=lambda x: np.cos(x))
gate(np.cos, local=lambda x: -np.sin(x))
gate(np.tan, local=lambda out: 1.0 + out * out)
gate(np.arcsin, local=lambda x: 1.0 / np.sqrt(_one_less_square(x)))
gate(np.arccos, local=lambda x: -1.0 / np.sqrt(_one_less_square(x)))
gate(np.arctan, local=lambda x: 1.0 / (1.0 + x * x))
gate(np.sinh, local=lambda x: np.cosh(x))
gate(np.cosh, local=lambda x: np.sinh(x))
gate(np.arcsinh, local=lambda x: 1.0 / np.sqrt(x * x + 1.0))
gate(np.arccosh, local=lambda x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)))
gate(np.arctanh, local=lambda x: 1.0 / (1.0 - x * x))
gate(np.log2, local=lambda x: 1.0 / (x * math.log(2.0)))
gate(np.log10, local=lambda x: 1.0 / (x * math.log(10.0)))
gate(np.exp2, local=lambda out: out * math.log(2.0))
gate(np.cbrt, symbol="∛", written="∛x", local=lambda out: 1.0 / (3.0 * out * out))
gate(np.degrees, (np.degrees, np.rad2deg), local=180.0 / math.pi)
gate(np.radians, (np.radians, np.deg2rad), local=math.pi / 180.0)
gate(np.positive, symbol="+x", local=1)
gate(np.fabs, symbol="|x|", local=lambda x: np.sign(x))

# --- of two numbers ------------------------------------------------------------------------------


def _not_zero(out: Array) -> Array:
    """A length to divide by; 1 in place of 0."""
    return np.where(out == 0, 1.0, out)


# at the origin, a kink, the subgradient of minimum norm: 0
gate(
    np.hypot,
    local=(lambda x, out: x / _not_zero(out), lambda y, out: y / _not_zero(out)),
)


def _across(x: Array, y: Array) -> Array:
    """y / (x² + y²), also where a square would be too large or too small; 0 at the origin."""
    length = _not_zero(np.hypot(x, y))
    return y / length / length


gate(np.arctan2, local=(lambda x, y: _across(x, y), lambda x, y: -_across(y, x)))


def _beside(x: Array, y: Array, out: Array, half: float) -> Array:
    """x - out; where out is infinite 0 for an x of inf, and else -inf; a half for two of inf."""
    both = np.logical_and(x == np.inf, y == np.inf)
    x = np.where(x == np.inf, 0.0, np.where(out == np.inf, -np.inf, x))
    return np.where(both, half, x - np.where(np.isinf(out), 0.0, out))


@vanishing
def _part(x: Array, y: Array, out: Array) -> Array:
    """exp(x - out), the part of a sum of exponentials that x has; 0 where all of them are 0."""
    return np.exp(_beside(x, y, out, -math.log(2.0)))


@vanishing
def _part_of_powers(x: Array, y: Array, out: Array) -> Array:
    """The same for powers of 2."""
    return np.exp2(_beside(x, y, out, -1.0))


gate(
    np.logaddexp,
    local=(lambda x, y, out: _part(x, y, out), lambda x, y, out: _part(y, x, out)),
    says=("exp({x} − {out})", "exp({y} − {out})"),
)
gate(
    np.logaddexp2,
    local=(
        lambda x, y, out: _part_of_powers(x, y, out),
        lambda x, y, out: _part_of_powers(y, x, out),
    ),
    says=("2^({x} − {out})", "2^({y} − {out})"),
)


@composed(np.float_power)
def float_power(x: Any, y: Any) -> Any:
    """x to the power y in double precision at least, as `np.float_power`."""
    double = np.result_type(x, y, np.float64)
    return np.power(*(astype(z, dtype=double) if hasattr(z, "dtype") else z for z in (x, y)))
