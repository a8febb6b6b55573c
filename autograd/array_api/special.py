"""The elementwise functions of `scipy.special`, where SciPy looks for those of a namespace.

With SCIPY_ARRAY_API=1, `scipy.special.erf(t)` asks the namespace of t for `special.erf`. This gives
SciPy's own function back, called on tensors: its gates are those of the library. SciPy is not
imported here, for whoever asks has done that.
"""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any

import numpy as np

from .calls import applied


@functools.cache
def __getattr__(name: str) -> Any:
    """A function of SciPy by its name, for tensors."""
    module = sys.modules.get("scipy.special")
    function: Any = inspect.unwrap(getattr(module, name, __getattr__))
    if not isinstance(function, np.ufunc):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return functools.partial(applied, function)
