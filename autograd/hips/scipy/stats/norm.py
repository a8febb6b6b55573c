"""The normal distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import log_ndtr, ndtr, ndtri

from ..formulas import valued_by

scipys = scipy.stats.norm


@valued_by(scipys.logpdf)
def logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the density."""
    z = (x - loc) / scale
    return -0.5 * z * z - np.log(scale) - 0.5 * np.log(2 * np.pi)


@valued_by(scipys.pdf)
def pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    z = (x - loc) / scale
    return np.exp(-0.5 * z * z) / (scale * np.sqrt(2 * np.pi))


@valued_by(scipys.cdf)
def cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of at most x."""
    return ndtr((x - loc) / scale)


@valued_by(scipys.sf)
def sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of more than x."""
    return ndtr((loc - x) / scale)


@valued_by(scipys.logcdf)
def logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the probability of at most x."""
    return log_ndtr((x - loc) / scale)


@valued_by(scipys.logsf)
def logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the probability of more than x."""
    return log_ndtr((loc - x) / scale)


@valued_by(scipys.ppf)
def ppf(q: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The x with cdf(x) = q."""
    return loc + scale * ndtri(q)


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
