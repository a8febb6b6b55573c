"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import gammainc, gammaincc, gammaln, xlogy

from ..formulas import valued_by

scipys = scipy.stats.gamma


def _log_density(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the density."""
    z = (x - loc) / scale
    return xlogy(a - 1.0, z) - z - gammaln(a) - np.log(scale)


logpdf = valued_by(scipys.logpdf)(_log_density)


@valued_by(scipys.pdf)
def pdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    return np.exp(_log_density(x, a, loc, scale))


@valued_by(scipys.cdf)
def cdf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of at most x; there is no derivative by a."""
    return gammainc(a, (x - loc) / scale)


@valued_by(scipys.sf)
def sf(x: Any, a: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of more than x; there is no derivative by a."""
    return gammaincc(a, (x - loc) / scale)


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
