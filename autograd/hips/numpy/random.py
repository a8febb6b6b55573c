"""NumPy's `random`, whose functions record gates by themselves."""

from numpy.random import *  # noqa: F403


def __getattr__(name: str) -> object:
    from numpy import random

    return getattr(random, name)
