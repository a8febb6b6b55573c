"""Student's t distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats
from scipy.special import gammaln

from ...numpy.numpy_vjps import unbroadcast_f
from ...primitives import defvjp, primitive
from ..formulas import valued_by

scipys = scipy.stats.t


def _log_density(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The logarithm of the density."""
    z = (x - loc) / scale
    norm = gammaln(0.5 * (df + 1)) - gammaln(0.5 * df) - 0.5 * np.log(np.pi * df) - np.log(scale)
    return norm - 0.5 * (df + 1) * np.log1p(z * z / df)


logpdf = valued_by(scipys.logpdf)(_log_density)


@valued_by(scipys.pdf)
def pdf(x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """The density."""
    return np.exp(_log_density(x, df, loc, scale))


# there is no formula for the change of these with df
cdf, logcdf = primitive(scipys.cdf), primitive(scipys.logcdf)


def _by(argnum: int, slope: Any) -> Any:
    """The rule for x, loc or scale, of which z = (x - loc) / scale depends, from the slope by x."""

    def rule(ans: Any, x: Any, df: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
        change = {0: 1.0, 2: -1.0, 3: (loc - x) / scale}[argnum]
        target = {0: x, 2: loc, 3: scale}[argnum]
        return unbroadcast_f(target, lambda g: g * slope(ans, x, df, loc, scale) * change)

    return rule


def _slope_of_log(ans: Any, *call: Any) -> Any:
    return np.exp(logpdf(*call) - ans)


defvjp(cdf, *[_by(k, lambda ans, *call: pdf(*call)) for k in (0, 2, 3)], argnums=(0, 2, 3))
defvjp(logcdf, *[_by(k, _slope_of_log) for k in (0, 2, 3)], argnums=(0, 2, 3))


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
