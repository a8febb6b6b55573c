"""`import autograd.numpy as np`: NumPy, for code written that way.

Its functions are NumPy's own, for those record gates by themselves when they are given tensors. A
few are wrapped because NumPy does not ask: what makes an array of a list that holds tensors.
"""

from types import ModuleType as _ModuleType

import numpy as _numpy

from .. import conventions as _conventions  # noqa: F401 (from here on clients are recognized)
from . import fft, linalg, numpy_boxes, numpy_vjps, numpy_vspaces, numpy_wrapper, random

__version__ = _numpy.__version__

_all = {name: getattr(_numpy, name) for name in _numpy.__all__}
_all = {name: x for name, x in _all.items() if not isinstance(x, _ModuleType)}
_all |= {name: getattr(numpy_wrapper, name) for name in numpy_wrapper.__all__}
globals().update(_all)

__all__ = [*_all, "fft", "linalg", "random"]
__all__ += ["numpy_boxes", "numpy_vjps", "numpy_vspaces", "numpy_wrapper"]


def __getattr__(name: str) -> object:
    return getattr(_numpy, name)
