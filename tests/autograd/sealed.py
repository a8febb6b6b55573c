"""A value that cannot be looked at: what a gradient rule may be given, and must get along with.

It computes like the array inside, but has no way to a number of Python, so a rule that branches on
a value raises. Shape, dtype and class can be asked, as of any array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from autograd.standins import StandIn

METHODS = "astype", "copy", "reshape", "swapaxes", "transpose", "view"
OPERATORS = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.divide, "pow": np.power,
    "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
}  # fmt: skip
COMPARISONS = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal,
}  # fmt: skip


class LookedAtError(Exception):
    """A rule wanted to know a value."""


class Sealed(StandIn):
    """An array that computes, but does not tell its values."""

    __slots__ = ("_Sealed__array",)

    def __init__(self, array: Any):
        self.__array = array

    @property
    def value(self) -> NoReturn:
        raise LookedAtError("concrete(x)")

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **options: self.call(getattr(self.__array, name), args, options)
        raise LookedAtError(f"x.{name}")

    shape = property(lambda self: self.__array.shape)
    dtype = property(lambda self: self.__array.dtype)
    ndim = property(lambda self: self.__array.ndim)
    size = property(lambda self: self.__array.size)
    T = property(lambda self: Sealed(self.__array.T))

    def __len__(self) -> int:
        return len(self.__array)

    # --- what computes -----------------------------------------------------------------------

    def constant(self, value: Any) -> Any:
        return Sealed(value)

    def call(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """A function on the arrays inside; what it gives is sealed again."""
        return seal(function(*unsealed(args), **unsealed(options)))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return self.call(getattr(ufunc, method), inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return self.call(function, args, options)

    def __getitem__(self, index: Any) -> Any:
        return seal(self.__array[unsealed(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.__array[unsealed(index)] = unsealed(value)

    # --- what would tell a value ---------------------------------------------------------------

    def refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise LookedAtError("bool(x), float(x), np.asarray(x), iteration or the like")

    __bool__ = __float__ = __int__ = __index__ = __complex__ = __iter__ = __contains__ = refuse
    __array__ = __format__ = __hash__ = refuse  # type: ignore[assignment]


def _forward(ufunc: np.ufunc) -> Any:
    return lambda self, other: ufunc(self, other)


def _reflected(ufunc: np.ufunc) -> Any:
    return lambda self, other: ufunc(other, self)


for _name, _ufunc in OPERATORS.items():
    setattr(Sealed, f"__{_name}__", _forward(_ufunc))
    setattr(Sealed, f"__r{_name}__", _reflected(_ufunc))
for _name, _ufunc in COMPARISONS.items():
    setattr(Sealed, f"__{_name}__", _forward(_ufunc))
for _name, _ufunc in {"neg": np.negative, "invert": np.invert, "abs": np.absolute}.items():
    setattr(Sealed, f"__{_name}__", lambda self, f=_ufunc: f(self))


def seal(x: Any) -> Any:
    """Arrays and NumPy's numbers sealed, also in tuples; the rest as it is."""
    if isinstance(x, tuple):
        return tuple(map(seal, x))
    return Sealed(x) if isinstance(x, (np.ndarray, np.generic)) else x


def unsealed(x: Any) -> Any:
    """The opposite of `seal`."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(unsealed, x))
    if isinstance(x, dict):
        return {name: unsealed(part) for name, part in x.items()}
    return x._Sealed__array if isinstance(x, Sealed) else x
