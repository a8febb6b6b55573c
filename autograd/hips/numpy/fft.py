"""NumPy's `fft`, whose functions record gates by themselves."""

from numpy import fft as _fft

__all__ = [name for name in dir(_fft) if not name.startswith("_")]
globals().update({name: getattr(_fft, name) for name in __all__})


def __getattr__(name: str) -> object:
    return getattr(_fft, name)
