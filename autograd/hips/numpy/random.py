"""NumPy's `random`, whose functions record gates by themselves."""

from numpy import random as _random

__all__ = [name for name in dir(_random) if not name.startswith("_")]
globals().update({name: getattr(_random, name) for name in __all__})


def __getattr__(name: str) -> object:
    return getattr(_random, name)
