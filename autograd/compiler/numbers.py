"""Numbers: Python's own, when a program carries them from call to call.

A counter or a step size that the function changes is a plain int or float, and what it computes
with it are Python's results: ints of any size, and bools. A `Number` stands for such a value. A
branch on it is fine: the program is for one answer, and asks at every call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..errors import TraceError
from ..standins import concrete
from .lookalikes import LikeNumber
from .ops import python_power
from .traced import Traced

__all__ = ["Number"]

OF_NUMPY: dict[type, Callable[[Any], Any]] = {float: np.float64, int: np.int64, bool: np.bool_}


class Number(LikeNumber):
    """What stands for a Python number that the function itself changes from call to call."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.recorder.branch(self)  # type: ignore[attr-defined,no-any-return]

    def __pow__(self, other: Any) -> Any:
        return self._power(python_power, self, other)

    def __rpow__(self, other: Any) -> Any:
        return self._power(python_power, other, self)

    def _power(self, power: Callable[..., Any], base: Any, exponent: Any) -> Any:
        """What kind of number a power is, is a matter of signs."""
        if not (_is_python(base) and _is_python(exponent)):
            return super().__pow__(exponent) if base is self else super().__rpow__(base)
        if _kind(base) is not float and _kind(exponent) is not float:  # of ints below 0 a float
            negative = exponent < 0
            if bool(negative):
                base = base * 1.0
        if isinstance(base, Traced) and not float(concrete(exponent)).is_integer():
            bool(base >= 0)
        return self._record(power, (base, exponent), {})

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if all(map(_is_python, inputs)):  # a call of NumPy's function, which gives NumPy's numbers
            inputs = tuple(x.as_array(None) if isinstance(x, Traced) else x for x in inputs)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    def _refuse(self, what: str) -> NoReturn:
        raise self.recorder.refused(TraceError(
            f"compile: {what} needs the value of {self.variable}, which the function itself "
            "changes from call to call. Pass it as an argument (for an int the function is traced "
            "anew), or use NumPy's functions in place of those of math"
        ))  # fmt: skip

    def __index__(self) -> int:
        self._refuse("an integer for indexing or range()")

    def __hash__(self) -> int:
        self._refuse("a key or a member of a set")

    def __str__(self) -> str:
        self._refuse("str(t)")

    def __format__(self, spec: str) -> str:
        self._refuse("a format string")

    def __round__(self, digits: Any = None) -> Any:
        self._refuse("round(t)")


def _is_python(x: Any) -> bool:
    """Whether x is a plain number of Python's, or stands for one."""
    return type(x) in OF_NUMPY or (isinstance(x, Traced) and x.variable.type.weak)


def _kind(x: Any) -> type:
    return type(concrete(x))


Number.__ipow__ = Number.__pow__  # type: ignore[method-assign,assignment]
