"""`scipy.special`: its elementwise functions record gates by themselves; the others are here."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special

from autograd.tensor import Tensor

from ..containers import plain
from ..numpy.numpy_wrapper import asarray
from ..primitives import defvjp, primitive

globals().update({name: getattr(scipy.special, name) for name in scipy.special.__all__})
yn = scipy.special.yv  # of which yn is the case of whole orders
polygamma = primitive(scipy.special.polygamma)
defvjp(polygamma, None, lambda ans, n, x: lambda g: g * polygamma(np.asarray(n) + 1, x))


def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension d (DLMF 35.3.4)."""
    if not isinstance(a, Tensor):
        return scipy.special.multigammaln(a, d)
    terms = [scipy.special.gammaln(a - 0.5 * k) for k in range(d)]
    return sum(terms) + 0.25 * d * (d - 1) * math.log(math.pi)


def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    """log(sum(b * exp(a))), as `scipy.special.logsumexp`, without overflow."""
    a = asarray(a) if isinstance(a, (list, tuple)) else a
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        return scipy.special.logsumexp(a, axis, b, keepdims, return_sign)
    highest = np.max(plain(a), axis=axis, keepdims=True)
    highest = np.where(np.isfinite(highest), highest, 0.0)
    weights = np.exp(a - highest) if b is None else b * np.exp(a - highest)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    highest = highest if keepdims else np.squeeze(highest, axis)
    if return_sign:
        return np.log(np.abs(total)) + highest, plain(np.sign(total))
    return np.log(total) + highest


def __getattr__(name: str) -> object:
    return getattr(scipy.special, name)
