"""Normalisation: mean 0 and deviation 1 along axes, which batch, layer and other norms share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from .shape import sum_to

__all__ = ["moments", "normalise"]

Axes = int | tuple[int, ...]


def _standard(x: Any, axis: Axes, eps: float) -> tuple[Any, Any]:
    """x with mean 0 and deviation 1 along axes; and what its distance from the mean is times."""
    centred = x - np.mean(x, axis=axis, keepdims=True)
    inverse = 1.0 / np.sqrt(np.mean(np.square(centred), axis=axis, keepdims=True) + eps)
    return centred * inverse, inverse


def _by_x(g: Any, x: Any, gamma: Any, axis: Axes, eps: float) -> Any:
    """The upstream gradient without its mean, and without what it has along the result."""
    standard, inverse = _standard(x, axis, eps)
    g = g * gamma
    mean = np.mean(g, axis=axis, keepdims=True)
    along = np.mean(g * standard, axis=axis, keepdims=True)
    return inverse * (g - mean - standard * along)


@gate(
    symbol="norm",
    role="switcher",
    vjp=(
        lambda g, x, gamma, axis, eps: _by_x(g, x, gamma, axis, eps),
        lambda g, x, gamma_shape, axis, eps: sum_to(
            g * _standard(x, axis, eps)[0], shape=gamma_shape
        ),
        lambda g, beta_shape: sum_to(g, shape=beta_shape),
    ),
    expand=lambda x, gamma, beta, axis, eps=1e-5: _standard(x, axis, eps)[0] * gamma + beta,
    opened="asked for",
    says=(
        "{gamma} · ({g} − its mean − x̂ · mean of {g} · x̂) ÷ √(variance + eps)",
        "{g} · x̂, summed as gamma was repeated",
        "{g}, summed as beta was repeated",
    ),
)
def normalise(x: Array, gamma: Array, beta: Array, axis: Axes, eps: float = 1e-5) -> Array:
    """gamma · x̂ + beta with x̂ = (x - mean) / √(variance + eps), mean and variance along `axis`.

    gamma, beta   arrays that broadcast against x, or numbers
    The mean is taken off before anything is squared, so large means do no harm. The gradient with
    respect to x is gamma / √(variance + eps) times (g - mean of g - x̂ · mean of g x̂), which are
    the lines of Ioffe, Szegedy 2015 (arXiv:1502.03167, section 3) put together, for a single gamma;
    else g is first multiplied by it.

    >>> import numpy as np
    >>> normalise(np.array([[1.0, 3.0], [10.0, 30.0]]), 1.0, 0.0, axis=1).round(3)
    array([[-1.,  1.],
           [-1.,  1.]])
    """
    return _standard(x, axis, eps)[0] * gamma + beta


def _moments_back(g: Any, x: Any, axis: Axes) -> Any:
    """Each element has the same share in the mean, and its distance from it in the variance."""
    mean = np.mean(x, axis=axis, keepdims=True)
    by_mean, by_var = (np.reshape(part, mean.shape) for part in (g[0], g[1]))
    return (by_mean + 2.0 * by_var * (x - mean)) * (mean.size / (x.size or 1))


@gate(
    symbol="mean, variance",
    vjp=lambda g, x, axis: _moments_back(g, x, axis),
    says="({g} of the mean + 2 ({x} − mean) · {g} of the variance) ÷ n",
)
def moments(x: Array, axis: Axes) -> Array:
    """Mean and variance along `axis`, one after the other in an array.

    >>> import numpy as np
    >>> moments(np.array([1.0, 3.0]), axis=0)
    array([2., 1.])
    """
    mean = np.mean(x, axis=axis, keepdims=True)
    var = np.mean(np.square(x - mean), axis=axis)
    return np.stack([np.reshape(mean, var.shape), var])
