"""The chi-squared distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import gammainc, gammaincc, gammaln, xlogy

from ..formulas import valued_by

scipys = scipy.stats.chi2


def _log_density(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the density."""
    z, half = (x - loc) / scale, 0.5 * df
    return xlogy(half - 1.0, z) - 0.5 * z - gammaln(half) - half * np.log(2.0) - np.log(scale)


logpdf = valued_by(scipys.logpdf)(_log_density)


@valued_by(scipys.pdf)
def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    return np.exp(_log_density(x, df, loc, scale))


@valued_by(scipys.cdf)
def cdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of at most x; there is no derivative by df."""
    return gammainc(0.5 * df, 0.5 * (x - loc) / scale)


@valued_by(scipys.sf)
def sf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of more than x; there is no derivative by df."""
    return gammaincc(0.5 * df, 0.5 * (x - loc) / scale)


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
