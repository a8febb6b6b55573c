"""NumPy's `fft`, whose functions record gates by themselves."""

from numpy.fft import *  # noqa: F403


def __getattr__(name: str) -> object:
    from numpy import fft

    return getattr(fft, name)
