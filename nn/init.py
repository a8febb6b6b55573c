"""Initial weights: small random numbers, scaled so that signals neither vanish nor explode."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from autograd import DTypeError

from .arguments import size
from .rng import Seed, as_rng

__all__ = ["he", "normal", "xavier", "zeros"]

Array = np.ndarray[Any, Any]


def normal(
    fan_in: int, fan_out: int, *, std: float = 0.01, seed: Seed = None, dtype: DTypeLike = float
) -> Array:
    """Normal numbers of standard deviation `std`, shape (fan_in, fan_out)."""
    fan_in, fan_out = _sizes(fan_in, fan_out)
    if np.dtype(dtype).kind != "f":
        raise DTypeError(f"init: dtype is {np.dtype(dtype)}; weights are floats: pass dtype=float")
    return (std * as_rng(seed).standard_normal((fan_in, fan_out))).astype(dtype)


def he(fan_in: int, fan_out: int, *, seed: Seed = None, dtype: DTypeLike = float) -> Array:
    """Standard deviation √(2 / fan_in), for ReLU (He et al. 2015, arXiv:1502.01852, eq. 10)."""
    fan_in, fan_out = _sizes(fan_in, fan_out)
    return normal(fan_in, fan_out, std=np.sqrt(2.0 / fan_in), seed=seed, dtype=dtype)


def xavier(fan_in: int, fan_out: int, *, seed: Seed = None, dtype: DTypeLike = float) -> Array:
    """Standard deviation √(2 / (fan_in + fan_out)), for tanh and sigmoid (Glorot, Bengio 2010)."""
    fan_in, fan_out = _sizes(fan_in, fan_out)
    return normal(fan_in, fan_out, std=np.sqrt(2.0 / (fan_in + fan_out)), seed=seed, dtype=dtype)


def zeros(count: int, *, dtype: DTypeLike = float) -> Array:
    """Zeros of shape (count,), for biases."""
    return np.zeros(size(count, "init: count"), dtype)


def _sizes(fan_in: int, fan_out: int) -> tuple[int, int]:
    return size(fan_in, "init: fan_in"), size(fan_out, "init: fan_out")
