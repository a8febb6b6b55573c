"""Functions of `scipy.special`: their rows, entered when one of them first meets a tensor.

SciPy's module is handed over: it is never imported here, so the package does without it. Formulas
are those of the NIST Handbook of Mathematical Functions (DLMF, dlmf.nist.gov), by section. Where no
closed form is known, as of the incomplete beta function by its parameters, there is no rule, and a
tracked operand is refused.
"""

from __future__ import annotations

import functools
import inspect
import math
import sys
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate

__all__ = ["enter", "enter_if_loaded"]

ROOT_PI, ROOT_2_PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)


def enter_if_loaded() -> None:
    """Enter the rows if the user has imported `scipy.special`."""
    special = sys.modules.get("scipy.special")
    if special is not None:
        enter(special)


@functools.cache
def enter(special: Any) -> None:
    """Enter the rows of the functions of a module, which is `scipy.special`."""
    for rows in (_errors, _logistic, _logarithms, _gamma, _incomplete, _integrals, _bessel):
        rows(special)
    _bessel_scaled(special)


def _row(function: Any, local: Any, kernel: Any = None, **more: Any) -> None:
    """A row whose name is no other's: users may have declared a gate called erf."""
    function = inspect.unwrap(function)  # under SCIPY_ARRAY_API=1 they are wrapped
    name = function.__name__
    kernel = kernel or function
    gate(kernel, function, name=f"scipy.special.{name}", symbol=name, local=local, **more)


def _errors(special: Any) -> None:
    """The error function and the normal distribution (DLMF 7.2, 7.10, 7.17)."""
    _row(special.erf, lambda x: 2.0 / ROOT_PI * np.exp(-x * x))
    _row(special.erfc, lambda x: -2.0 / ROOT_PI * np.exp(-x * x))
    _row(special.erfi, lambda x: 2.0 / ROOT_PI * np.exp(x * x))
    _row(special.erfcx, lambda x, out: 2.0 * x * out - 2.0 / ROOT_PI)
    _row(special.dawsn, lambda x, out: 1.0 - 2.0 * x * out)
    _row(special.erfinv, lambda out: ROOT_PI / 2.0 * np.exp(out * out))
    _row(special.erfcinv, lambda out: -ROOT_PI / 2.0 * np.exp(out * out))
    _row(special.ndtr, lambda x: np.exp(-0.5 * x * x) / ROOT_2_PI)
    _row(special.log_ndtr, lambda x, out: np.exp(-0.5 * x * x - out) / ROOT_2_PI)
    _row(special.ndtri, lambda out: ROOT_2_PI * np.exp(0.5 * out * out))


def _logistic(special: Any) -> None:
    """The logistic function, and exponentials of other bases than NumPy has."""
    _row(special.expit, lambda out: (1.0 - out) * out)
    _row(special.logit, lambda x: 1.0 / (x * (1.0 - x)))
    _row(special.log_expit, lambda x: special.expit(-x))
    _row(special.exp2, lambda out: out * math.log(2.0))
    _row(special.exp10, lambda out: out * math.log(10.0))
    _row(special.expm1, lambda x: np.exp(x))
    _row(special.log1p, lambda x: 1.0 / (1.0 + x))
    _row(special.cbrt, lambda out: 1.0 / (3.0 * out * out))
    _row(special.cosm1, lambda x: -np.sin(x))


def _one_if_both(x: Any, y: Any) -> Any:
    """y, and 1 where x and y are 0: there x log y is taken for 0, and so are its derivatives."""
    return np.where(np.logical_and(x == 0, y == 0), 1.0, y)


def _ratio(x: Any, y: Any) -> Any:
    """x / y, and 1 where both are 0: as it is on the way there of equal probabilities."""
    return _one_if_both(y, x) / _one_if_both(x, y)


def _logarithms(special: Any) -> None:
    """x log y and its kin: 0 for x = 0; entropies."""
    _row(
        special.xlogy,
        (
            lambda x, y, out: np.log(_one_if_both(x, y)).astype(out.dtype),
            lambda x, y: x / _one_if_both(x, y),
        ),
    )
    _row(
        special.xlog1py,
        (
            lambda x, y, out: np.log(_one_if_both(x, 1.0 + y)).astype(out.dtype),
            lambda x, y: x / _one_if_both(x, 1.0 + y),
        ),
    )
    _row(special.entr, lambda x: -1.0 - np.log(x))
    _row(special.rel_entr, (lambda x, y: np.log(_ratio(x, y)) + 1.0, lambda x, y: -_ratio(x, y)))
    _row(special.kl_div, (lambda x, y: np.log(_ratio(x, y)), lambda x, y: 1.0 - _ratio(x, y)))


def _gamma(special: Any) -> None:
    """The gamma function and its logarithm, beta, zeta (DLMF 5.2, 5.12, 5.15, 25.11)."""
    psi, zeta = special.psi, special._ufuncs._zeta
    _row(special.gammaln, lambda x: psi(x))
    _row(special.loggamma, lambda x: psi(x))
    _row(special.gamma, lambda x, out: out * psi(x))
    _row(special.rgamma, lambda x, out: -out * psi(x))
    _row(special.gammasgn, 0)
    _row(psi, lambda x: zeta(2.0, x))
    _row(zeta, (None, lambda x, y: -x * zeta(x + 1.0, y)))
    _row(
        special.beta,
        (
            lambda x, y, out: out * (psi(x) - psi(x + y)),
            lambda x, y, out: out * (psi(y) - psi(x + y)),
        ),
    )
    _row(
        special.betaln,
        (lambda x, y: psi(x) - psi(x + y), lambda x, y: psi(y) - psi(x + y)),
    )
    _row(
        special.binom,
        (
            lambda x, y, out: out * (psi(x + 1.0) - psi(x - y + 1.0)),
            lambda x, y, out: out * (psi(x - y + 1.0) - psi(y + 1.0)),
        ),
    )
    _row(
        special.poch,
        (
            lambda x, y, out: out * (psi(x + y) - psi(x)),
            lambda x, y, out: out * psi(x + y),
        ),
    )


def _incomplete(special: Any) -> None:
    """Incomplete gamma and beta functions, by the bound of their integral (DLMF 8.8, 8.17)."""

    def density(a: Array, x: Array) -> Array:
        return np.exp(special.xlogy(a - 1.0, x) - x - special.gammaln(a))

    def beta_density(a: Array, b: Array, x: Array) -> Array:
        powers = special.xlogy(a - 1.0, x) + special.xlog1py(b - 1.0, -x)
        return np.exp(powers - special.betaln(a, b))

    def of_three(function: Any) -> Any:
        return lambda a, b, x: function(a, b, x)

    _row(special.gammainc, (None, lambda x, y: density(x, y)))
    _row(special.gammaincc, (None, lambda x, y: -density(x, y)))
    _row(special.gammaincinv, (None, lambda x, out: 1.0 / density(x, out)))
    _row(special.gammainccinv, (None, lambda x, out: -1.0 / density(x, out)))
    for name, rule in {
        "betainc": lambda a, b, x: beta_density(a, b, x),
        "betaincc": lambda a, b, x: -beta_density(a, b, x),
        "betaincinv": lambda a, b, out: 1.0 / beta_density(a, b, out),
        "betainccinv": lambda a, b, out: -1.0 / beta_density(a, b, out),
    }.items():
        function = getattr(special, name)
        _row(function, (None, None, rule), of_three(function))


def _integrals(special: Any) -> None:
    """Exponential integrals and Lambert's W (DLMF 6.2, 8.19, 4.13)."""
    _row(special.exp1, lambda x: -np.exp(-x) / x)
    _row(special.expi, lambda x: np.exp(x) / x)
    _row(special.expn, (None, lambda x, y: -special.expn(x - 1, y)))


def _bessel(special: Any) -> None:
    """Bessel functions by their argument: halves of neighbours, right at 0 too (DLMF 10.6, 10.29).

    By the order there is no rule.
    """
    jv, yv, iv, kv = special.jv, special.yv, special.iv, special.kv
    _row(jv, (None, lambda x, y: 0.5 * (jv(x - 1.0, y) - jv(x + 1.0, y))))
    _row(yv, (None, lambda x, y: 0.5 * (yv(x - 1.0, y) - yv(x + 1.0, y))))
    _row(iv, (None, lambda x, y: 0.5 * (iv(x - 1.0, y) + iv(x + 1.0, y))))
    _row(kv, (None, lambda x, y: -0.5 * (kv(x - 1.0, y) + kv(x + 1.0, y))))
    _row(special.j0, lambda x: -special.j1(x))
    _row(special.y0, lambda x: -special.y1(x))
    _row(special.i0, lambda x: special.i1(x))
    _row(special.k0, lambda x: -special.k1(x))
    _row(special.j1, lambda x: 0.5 * (special.j0(x) - jv(2.0, x)))
    _row(special.y1, lambda x: 0.5 * (special.y0(x) - yv(2.0, x)))
    _row(special.i1, lambda x: 0.5 * (special.i0(x) + iv(2.0, x)))
    _row(special.k1, lambda x: -0.5 * (special.k0(x) + kv(2.0, x)))


def _bessel_scaled(special: Any) -> None:
    """The same, times an exponential so that they do not overflow; i0e has a kink at 0: 0."""
    ive, kve = special.ive, special.kve
    _row(
        ive,
        (
            None,
            lambda x, y, out: 0.5 * (ive(x - 1.0, y) + ive(x + 1.0, y)) - np.sign(y) * out,
        ),
        of_complex="refused",
    )
    _row(
        kve,
        (None, lambda x, y, out: out - 0.5 * (kve(x - 1.0, y) + kve(x + 1.0, y))),
    )
    _row(special.i0e, lambda x, out: special.i1e(x) - np.sign(x) * out)
    _row(
        special.i1e,
        lambda x, out: 0.5 * (special.i0e(x) + ive(2.0, x)) - np.sign(x) * out,
    )
    _row(special.k0e, lambda x, out: out - special.k1e(x))
    _row(special.k1e, lambda x, out: out - 0.5 * (special.k0e(x) + kve(2.0, x)))
