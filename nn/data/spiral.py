"""The spiral of CS231n's minimal case study: classes that no straight line can separate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import size
from ..rng import Seed, as_rng
from .plane import options

__all__ = ["spiral"]


def spiral(
    points: int = 100,
    classes: int = 3,
    *,
    noise: float = 0.2,
    seed: Seed = None,
    dtype: DTypeLike = np.float64,
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points on `classes` spiral arms: X (points * classes, 2) and labels y, class after class.

    Class j has radii r from 0 to 1 and angles t from 4j to 4(j + 1) plus normal noise; its points
    are (r sin t, r cos t). The numbers are drawn in the order of the notes (CS231n, "Putting it
    together"). Raises ValueError for counts below 1, noise that is negative or infinite, or a dtype
    that is no float, TypeError for counts that are no integers or noise that is no number.

    >>> X, y = spiral(2, 3, seed=0)
    >>> X.shape, y.tolist()
    ((6, 2), [0, 0, 1, 1, 2, 2])
    """
    points, classes = size(points, "spiral: points"), size(classes, "spiral: classes")
    noise = options("spiral", noise, dtype)
    rng = as_rng(seed)
    X = np.empty((points * classes, 2))
    y = np.repeat(np.arange(classes), points)
    for j in range(classes):
        r = np.linspace(0.0, 1.0, points)
        t = np.linspace(j * 4, (j + 1) * 4, points) + rng.standard_normal(points) * noise
        X[y == j] = np.c_[r * np.sin(t), r * np.cos(t)]
    return X.astype(dtype), y
