"""Regularisation: what large weights cost."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import autograd

from ..module import Module

__all__ = ["l1_penalty", "l2_penalty"]


def l2_penalty(strength: float, *weights: Any) -> Any:
    """½ λ Σ W², the regularisation of the CS231n notes, over all the given weights.

    The ½ makes the gradient λ W; `weight_decay` of an optimiser means the same λ. Of a net, its
    parameters of two axes and more are taken: the notes leave biases alone.
    Raises TypeError when no weights are given.

    >>> import nn
    >>> float(l2_penalty(0.1, np.array([3.0, 4.0])))
    1.25
    """
    penalties = [autograd.l2_penalty(W, strength=strength) for W in _all("l2_penalty", weights)]
    return functools.reduce(autograd.add, penalties)


def l1_penalty(strength: float, *weights: Any) -> Any:
    """λ Σ |W|, over all the given weights, which makes many of them 0; its gradient at 0 is 0.

    Of a net, its parameters of two axes and more are taken. Raises TypeError when no weights are
    given.

    >>> float(l1_penalty(0.5, np.array([3.0, -4.0])))
    3.5
    """
    sums = [autograd.sum(np.abs(W)) for W in _all("l1_penalty", weights)]
    return strength * functools.reduce(autograd.add, sums)


def _all(name: str, weights: tuple[Any, ...]) -> list[Any]:
    """The weights, with those inside of modules."""
    found: list[Any] = []
    for W in weights:
        inside = isinstance(W, Module)
        found += [p for p in W.parameters() if p.ndim > 1] if inside else [W]
    if not found:
        raise TypeError(f"{name}: got no weights; expected {name}(strength, W, ...)")
    return found
