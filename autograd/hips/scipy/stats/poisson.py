"""The Poisson distribution; derivatives are by mu."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import gammaincc, gammaln, xlogy

from ..formulas import valued_by

scipys = scipy.stats.poisson


def _log_mass(k: Any, mu: Any, loc: Any = 0.0) -> Any:
    """The logarithm of the probability of k; -inf between whole numbers."""
    count = k - loc
    return np.where(count == np.floor(count), xlogy(count, mu) - gammaln(count + 1.0) - mu, -np.inf)


logpmf = valued_by(scipys.logpmf)(_log_mass)


@valued_by(scipys.pmf)
def pmf(k: Any, mu: Any, loc: Any = 0.0) -> Any:
    """The probability of k."""
    return np.exp(_log_mass(k, mu, loc))


@valued_by(scipys.cdf)
def cdf(k: Any, mu: Any, loc: Any = 0.0) -> Any:
    """The probability of at most k."""
    return gammaincc(np.floor(k - loc) + 1.0, mu)


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
