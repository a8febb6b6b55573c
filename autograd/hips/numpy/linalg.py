"""NumPy's `linalg`, whose functions record gates by themselves."""

from numpy.linalg import *  # noqa: F403

from .numpy_wrapper import norm as norm  # which takes a list of tensors


def __getattr__(name: str) -> object:
    from numpy import linalg

    return getattr(linalg, name)
