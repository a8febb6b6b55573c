"""The Python array API standard, version 2024.12: its functions, for tensors.

    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> xp = x.__array_namespace__()
    >>> xp.sum(xp.square(x)).backward()
    >>> x.grad
    array([2., 4.])

Libraries that are written for the standard take tensors through `__array_namespace__`. Most
functions are NumPy's own, called on tensors. A file of this folder holds a chapter of the standard.
"""

import math
from types import ModuleType

from . import fft, linalg
from . import special as special
from .arranging import *
from .creation import *
from .dtypes import *
from .dtypes import bool as bool
from .elementwise import *
from .info import NamespaceInfo
from .linalg import matmul as matmul
from .linalg import tensordot as tensordot
from .linalg import vecdot as vecdot
from .reducing import *
from .searching import *

__array_api_version__ = "2024.12"
e, inf, nan, pi = math.e, math.inf, math.nan, math.pi
newaxis = None


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 (the standard's name)
    """What the namespace can do."""
    return NamespaceInfo()


_NO_NAMES = "DTYPES", "ModuleType", "NamespaceInfo"
__all__ = ["__array_api_version__", "__array_namespace_info__", "fft", "linalg", "special"]
__all__ += [
    name
    for name, x in list(globals().items())
    if not name.startswith("_") and name not in _NO_NAMES and not isinstance(x, ModuleType)
]
