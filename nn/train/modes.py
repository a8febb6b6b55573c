"""How things are for a while: the net in evaluation, and random numbers that can be saved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from .. import rng
from ..module import Module

__all__ = ["evaluating", "seeded"]


@contextlib.contextmanager
def evaluating(net: Module) -> Iterator[None]:
    """The net is in evaluation; afterwards each module is in the mode that it was in."""
    before = [(module, module.training) for _, module in net.named_modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in before:  # outer ones first, and each sets those inside it
            module.train(training)


@contextlib.contextmanager
def seeded() -> Iterator[None]:
    """What draws without a seed does so from a generator with a state, not from the system."""
    if rng.common() is not None:
        yield
        return
    rng.seed(np.random.default_rng())
    try:
        yield
    finally:
        rng.seed(None)
