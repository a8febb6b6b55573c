"""NumPy's `linalg`: its functions record gates by themselves; the norm also of lists of tensors."""

from numpy import linalg as _linalg

from . import numpy_wrapper as _wrapper

__all__ = [name for name in dir(_linalg) if not name.startswith("_")]
globals().update({name: getattr(_linalg, name) for name in __all__}, norm=_wrapper.norm)


def __getattr__(name: str) -> object:
    return getattr(_linalg, name)
