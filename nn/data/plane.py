"""Points in the plane that no straight line separates: moons, circles, XOR; and blobs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..arguments import size
from ..rng import Rng, Seed, as_rng

__all__ = ["blobs", "circles", "moons", "options", "xor"]

Array = np.ndarray[Any, Any]


def moons(
    points: int = 100, *, noise: float = 0.1, seed: Seed = None, dtype: DTypeLike = np.float64
) -> tuple[Array, Array]:
    """Two half circles that reach into each other: X (2 * points, 2) and labels y, 0 then 1.

    With t from 0 to π: (cos t, sin t) for class 0 and (1 - cos t, 1/2 - sin t) for class 1, plus
    normal noise of that standard deviation in each coordinate; the moons of micrograd's demo.
    Raises ValueError for points below 1, noise that is negative or infinite, or a dtype that is no
    float, TypeError for points that are no integer or noise that is no number.

    >>> X, y = moons(3, noise=0, seed=0)
    >>> X[y == 0].round(2).tolist()
    [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    """
    points, noise = size(points, "moons: points"), options("moons", noise, dtype)
    t = np.linspace(0, math.pi, points)
    outer, inner = np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), 0.5 - np.sin(t)]
    return _noisy([outer, inner], noise, as_rng(seed), dtype)


def circles(
    points: int = 100,
    *,
    factor: float = 0.5,
    noise: float = 0.1,
    seed: Seed = None,
    dtype: DTypeLike = np.float64,
) -> tuple[Array, Array]:
    """A circle around a smaller one: X (2 * points, 2) and labels y, 0 for the outer one.

    With t from 0 to 2π, its end left out: (cos t, sin t) for class 0, and `factor` times that for
    class 1, plus normal noise of that standard deviation. Raises as `moons`, and ValueError for a
    factor that is not from 0 to 1.

    >>> X, y = circles(4, noise=0, seed=0)
    >>> np.hypot(*X.T).tolist()
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    """
    points, noise = size(points, "circles: points"), options("circles", noise, dtype)
    if not 0 <= factor <= 1:
        raise ValueError(f"circles: factor is {factor}; expected a number from 0 to 1")
    t = np.linspace(0, 2 * math.pi, points, endpoint=False)
    outer = np.c_[np.cos(t), np.sin(t)]
    return _noisy([outer, factor * outer], noise, as_rng(seed), dtype)


def xor(
    points: int = 50, *, noise: float = 0.1, seed: Seed = None, dtype: DTypeLike = np.float64
) -> tuple[Array, Array]:
    """`points` at each corner of a square: X (4 * points, 2) and labels y, a xor b.

    The corners (a, b) are (0, 0), (0, 1), (1, 0), (1, 1), in that order, plus normal noise of that
    standard deviation. Raises as `moons`.

    >>> X, y = xor(1, noise=0, seed=0)
    >>> X.tolist(), y.tolist()
    ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0])
    """
    points, noise = size(points, "xor: points"), options("xor", noise, dtype)
    corners = [np.tile([a, b], (points, 1)).astype(float) for a in (0, 1) for b in (0, 1)]
    X, corner = _noisy(corners, noise, as_rng(seed), dtype)
    return X, np.array([0, 1, 1, 0])[corner]


def blobs(
    points: int = 100,
    classes: int = 3,
    *,
    noise: float = 0.3,
    seed: Seed = None,
    dtype: DTypeLike = np.float64,
) -> tuple[Array, Array]:
    """Round clouds, which straight lines separate: X (points * classes, 2), labels y.

    The middle of class j of K is (cos(2πj / K), sin(2πj / K)), and its points are normal around it,
    of standard deviation `noise` in each coordinate. Raises as `moons`.

    >>> X, y = blobs(2, 4, noise=0, seed=0)
    >>> X[::2].round().tolist()
    [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-0.0, -1.0]]
    """
    points, classes = size(points, "blobs: points"), size(classes, "blobs: classes")
    noise = options("blobs", noise, dtype)
    t = 2 * math.pi * np.arange(classes) / classes
    middles = [np.tile(middle, (points, 1)) for middle in np.c_[np.cos(t), np.sin(t)]]
    return _noisy(middles, noise, as_rng(seed), dtype)


def options(name: str, noise: Any, dtype: DTypeLike) -> float:
    """The noise as a float; raises unless it is a standard deviation, and the dtype a float's."""
    try:
        found = float(noise)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: got noise {noise!r}; expected a number") from None
    if not 0 <= found < math.inf:
        raise ValueError(f"{name}: got noise {noise}; expected a standard deviation of at least 0")
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"{name}: got dtype {np.dtype(dtype)}; expected a kind of float")
    return found


def _noisy(parts: list[Array], noise: float, rng: Rng, dtype: DTypeLike) -> tuple[Array, Array]:
    """The points of all classes with normal noise, and their labels."""
    X = np.concatenate(parts)
    X += noise * rng.standard_normal(X.shape)
    return X.astype(dtype), np.repeat(np.arange(len(parts)), [len(part) for part in parts])
