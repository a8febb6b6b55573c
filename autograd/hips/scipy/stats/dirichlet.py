"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import gammaln, xlogy

from ..formulas import valued_by

scipys = scipy.stats.dirichlet


def _log_density(x: Any, alpha: Any) -> Any:
    """The logarithm of the density at x, or at each column of x."""
    norm = gammaln(np.sum(alpha)) - np.sum(gammaln(alpha))
    return norm + np.sum(xlogy(alpha - 1.0, np.transpose(x)), axis=-1)


logpdf = valued_by(scipys.logpdf)(_log_density)


@valued_by(scipys.pdf)
def pdf(x: Any, alpha: Any) -> Any:
    """The density at x, or at each column of x."""
    return np.exp(_log_density(x, alpha))


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
