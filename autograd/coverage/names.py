"""What is counted: the public functions of NumPy, the methods and operators of its arrays.

A namespace of NumPy counts under all the names that it has, `abs` and `absolute` alike. Of the main
one those count that take part in NumPy's protocols for arrays of other kinds, but for those that
read and write files or reckon with dates; the rest is listed apart.
"""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

import numpy as np
from numpy.testing import overrides

__all__ = ["aside", "counted"]

_FILES = re.compile("save|load|fromfile|fromregex|genfromtxt")
_DATES = re.compile("busday|datetime")
_ITSELF = re.compile("^(get|set|show|test$|info$|print|nested_iters)")  # NumPy's own settings
_OPERATORS = (
    "add sub mul truediv floordiv mod divmod pow matmul lshift rshift and or xor "
    "radd rsub rmul rtruediv rfloordiv rmod rdivmod rpow rmatmul rlshift rrshift rand ror rxor "
    "iadd isub imul itruediv ifloordiv imod ipow imatmul ilshift irshift iand ior ixor "
    "lt le eq ne gt ge neg pos abs invert bool int float complex "
    "len iter contains getitem setitem"
)


def counted(namespace: str) -> list[str]:
    """The names that count in a namespace of NumPy, in alphabetical order."""
    if namespace == "ndarray":
        public = [name for name in dir(np.ndarray) if not name.startswith("_")]
        return public + [f"__{name}__" for name in _OPERATORS.split()]
    module = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}[namespace]
    names = [name for name in _functions(module) if _is_overridable(getattr(module, name))]
    return [name for name in names if not (_FILES.search(name) or _DATES.search(name))]


def aside() -> dict[str, str]:
    """The other functions of the main namespace, and why they do not count."""
    others = [name for name in _functions(np) if name not in counted("np")]
    return {name: _reason(name) for name in others}


def _reason(name: str) -> str:
    if _FILES.search(name):
        return "files"
    if _DATES.search(name):
        return "dates"
    return "NumPy's own settings" if _ITSELF.search(name) else "no protocol"


def _functions(module: Any) -> list[str]:
    public = [name for name in dir(module) if not name.startswith("_")]
    return [n for n in public if callable(x := getattr(module, n)) and not inspect.isclass(x)]


def _is_overridable(function: Any) -> bool:
    """Whether NumPy hands over a call of it to arrays of other kinds."""
    return function in _overridable()


@functools.cache
def _overridable() -> set[Any]:
    functions = overrides.get_overridable_numpy_array_functions()
    return {*functions, *overrides.get_overridable_numpy_ufuncs()}
