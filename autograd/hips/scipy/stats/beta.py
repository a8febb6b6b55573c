"""The beta distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import betainc, betaln, xlog1py, xlogy

from ..formulas import valued_by

scipys = scipy.stats.beta


def _log_density(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the density."""
    z = (x - loc) / scale
    return xlogy(a - 1.0, z) + xlog1py(b - 1.0, -z) - betaln(a, b) - np.log(scale)


logpdf = valued_by(scipys.logpdf)(_log_density)


@valued_by(scipys.pdf)
def pdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    return np.exp(_log_density(x, a, b, loc, scale))


@valued_by(scipys.cdf)
def cdf(x: Any, a: Any, b: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The probability of at most x; there is no derivative by a and b."""
    return betainc(a, b, (x - loc) / scale)


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
