"""Functions of `np.emath`: outside of the domain of the real function its complex value.

Whether a result is complex depends on the values, so compiled programs refuse these functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..declare import composed
from ..gates.shape import astype

__all__: list[str] = []


def _complex_if(outside: Callable[[Any], Any], x: Any) -> Any:
    """x, as complex numbers if any of it is outside of a domain."""
    if not hasattr(x, "dtype"):
        x = np.asarray(x)
    if x.dtype.kind == "c" or not np.any(outside(x)):
        return x
    return astype(x, dtype=np.complex64 if x.dtype == np.float32 else np.complex128)


def _negative(x: Any) -> Any:
    return x < 0


def _beyond_one(x: Any) -> Any:
    return np.abs(x) > 1


def _widened(name: str, outside: Callable[[Any], Any]) -> None:
    function, real = getattr(np.emath, name), getattr(np, name)

    @composed(function)
    def widened(x: Any) -> Any:
        return real(_complex_if(outside, x))


for _name in ("sqrt", "log", "log2", "log10"):
    _widened(_name, _negative)
for _name in ("arcsin", "arccos", "arctanh"):
    _widened(_name, _beyond_one)


@composed(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    """The logarithm of x to the base n, as `np.emath.logn`."""
    return np.log(_complex_if(_negative, x)) / np.log(_complex_if(_negative, n))


@composed(np.emath.power)
def power(x: Any, p: Any) -> Any:
    """x to the power p, as `np.emath.power`."""
    if np.result_type(p).kind in "iu" and np.any(np.asarray(p) < 0):
        p = p * 1.0
    return np.power(_complex_if(_negative, x), p)
