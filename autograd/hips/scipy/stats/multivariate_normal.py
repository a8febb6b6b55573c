"""The normal distribution of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.stats

from ...containers import is_tracked
from ...core import make_vjp
from ...primitives import defvjp_argnums, primitive
from ...util import subvals
from ..formulas import valued_by

scipys = scipy.stats.multivariate_normal


def _log_density(x: Any, mean: Any, cov: Any, allow_singular: bool = False) -> Any:
    """The logarithm of the density at the vectors x: (..., d).

    A singular covariance is taken as constant: raises NotImplementedError if it is differentiated.
    """
    away = x - mean
    if allow_singular:
        if is_tracked(cov):
            raise NotImplementedError(
                "multivariate_normal: with allow_singular there is no derivative by the covariance"
            )
        inverse = np.linalg.pinv(cov, hermitian=True)
        return -0.5 * np.sum(away * np.matmul(away, inverse), axis=-1)
    _, log_determinant = np.linalg.slogdet(2 * np.pi * cov)
    scaled = np.swapaxes(np.linalg.solve(cov, np.transpose(np.atleast_2d(away))), -1, -2)
    return -0.5 * (np.sum(away * np.reshape(scaled, away.shape), axis=-1) + log_determinant)


logpdf = valued_by(scipys.logpdf)(_log_density)


# exp of the logarithm, whose value is SciPy's
pdf = primitive(scipys.pdf)
defvjp_argnums(
    pdf,
    lambda argnums, ans, args, kwargs: (
        lambda g: make_vjp(
            lambda x: logpdf(*subvals(args, zip(argnums, x, strict=True)), **kwargs),
            tuple(args[k] for k in argnums),
        )[0](g * ans)
    ),
)


@valued_by(scipys.entropy)
def entropy(mean: Any, cov: Any) -> Any:
    """The differential entropy, which does not depend on the mean."""
    return 0.5 * np.linalg.slogdet(2 * np.pi * np.e * cov)[1] + 0.0 * np.sum(mean)


def __getattr__(name: str) -> object:
    return getattr(scipys, name)
