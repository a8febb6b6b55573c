"""Functions of samples along a line."""

import numpy as np
from cases import case, rng

PLACES = np.array([-1.7, -0.3, 0.4, 1.1, 2.2])


def within(count: int) -> np.ndarray:
    return np.linspace(-1.5, 2.0, count) + 0.01


def jumping(length: int, period: float) -> np.ndarray:
    """Small angles, but for whole periods."""
    angles = np.linspace(-0.2, 0.2, length)
    return angles + period * rng.integers(-2, 3, length)


case("unwrap", np.unwrap, [jumping(7, 2 * np.pi)], smooth=False)
case("unwrap", lambda p: np.unwrap(p, axis=0, period=2.0), [np.outer(jumping(5, 2.0), [1, 3])],
     smooth=False, tag="axis")  # fmt: skip
case("interp", lambda x: np.interp(x, PLACES.astype(x.dtype), (PLACES**2).astype(x.dtype)),
     [within(6)])  # fmt: skip
