"""The work that every system does: data, initial weights and batches, the same for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import nn

Batch = tuple[Any, Any]


@dataclass
class Workload:
    """A two-layer net to train: the weights to start from, and the batches to go through."""

    name: str
    weights: list[Any]  # W1, b1, W2, b2
    batches: list[Batch]
    lr: float
    reg: float
    steps: int  # in one timed round


def spiral(dtype: str) -> Workload:
    """CS231n's spiral: 300 points at once, 2-100-3, with regularisation."""
    rng = np.random.default_rng(0)
    X, y = nn.spiral(seed=rng, dtype=np.dtype(dtype))
    return Workload("spiral step", _weights(rng, 2, 100, 3, dtype), [(X, y)], 1.0, 1e-3, 100)


def mnist(dtype: str) -> Workload:
    """The book's net: 784-50-10, batches of 100 drawn beforehand (read-only, see nn.batches)."""
    rng = np.random.default_rng(0)
    (x, t), _ = nn.mnist(subset=True, dtype=np.dtype(dtype))
    batches = list(nn.batches(x, t, 100, seed=rng))
    return Workload("MNIST step", _weights(rng, 784, 50, 10, dtype), batches, 0.1, 0.0, 100)


def _weights(rng: np.random.Generator, d: int, h: int, k: int, dtype: str) -> list[Any]:
    shapes = [(d, h), (h,), (h, k), (k,)]
    return [
        (0.01 * rng.standard_normal(s) if len(s) == 2 else np.zeros(s)).astype(dtype)
        for s in shapes
    ]


WORKLOADS = {"spiral": spiral, "mnist": mnist}
