"""`import autograd.numpy as np`: NumPy, for code written that way.

Its functions are NumPy's own, for those record gates by themselves when they are given tensors. A
few are wrapped because NumPy does not ask: what makes an array of a list that holds tensors.
"""

from numpy import *  # noqa: F403
from numpy import __version__

del fft, linalg, random  # NumPy's, in whose place are those of this folder

from .. import conventions as _conventions  # noqa: F401 (from here on clients are recognized)
from . import fft, linalg, numpy_boxes, numpy_vjps, numpy_vspaces, numpy_wrapper, random
from .numpy_wrapper import *  # noqa: F403


def __getattr__(name: str) -> object:
    import numpy

    return getattr(numpy, name)
