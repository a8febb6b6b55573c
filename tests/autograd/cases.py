"""How the tables of example inputs are written, for the gates and for the library.

A case is a function of tensors and the arrays to call it with. `plain` is the same in NumPy,
where NumPy has no function of that name. `torch` is the same in PyTorch, an independent oracle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from draws import generator

import autograd as ag


@dataclass
class Case:
    gate: str
    f: Callable[..., Any]
    inputs: list[np.ndarray]
    plain: Callable[..., Any] | None = None
    torch: Callable[..., Any] | None = None
    smooth: bool = True
    tag: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def in_numpy(self) -> Callable[..., Any]:
        """What plain NumPy, of any version, computes in its place."""
        return self.plain or self.f

    @property
    def id(self) -> str:
        return f"{self.gate}-{self.tag}" if self.tag else self.gate


rng = generator(2026)


def normal(*shape: int) -> np.ndarray:
    return rng.normal(size=shape)


def positive(*shape: int) -> np.ndarray:
    return rng.uniform(0.5, 2.0, size=shape)


def spread(*shape: int) -> np.ndarray:
    """Numbers in no order that are at least 0.1 apart from each other and from 0."""
    count = math.prod(shape)
    values = (np.arange(count) - count / 2 + 0.25) * 0.2
    return rng.permutation(values).reshape(shape)


def _torch(code: str) -> Callable[..., Any]:
    """A function written with torch as T; imported only when it is called."""

    def call(*args: Any) -> Any:
        import torch

        return eval(code, {"T": torch, "np": np})(*args)

    return call


CASES: list[Case] = []


def case(gate: str, f: Any, inputs: Any, **more: Any) -> None:
    if isinstance(more.get("torch"), str):
        more["torch"] = _torch(more["torch"])
    CASES.append(Case(gate, f, inputs, **more))


def value_and_all_grads(case: Case) -> Callable[..., Any]:
    """A weighted sum of what the gate gives, with its gradients by all inputs."""

    def f(*xs: Any) -> Any:
        out = case.f(*xs)
        return np.sum(out * np.linspace(0.5, 1.5, out.size).reshape(out.shape))

    return ag.value_and_grad(f, range(len(case.inputs)), allow_unused=True)
