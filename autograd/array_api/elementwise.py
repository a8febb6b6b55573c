"""Functions that work on each element alone: NumPy's, by the names of the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .calls import applied, value
from .dtypes import astype

One = Callable[[Any], Tensor]
Two = Callable[[Any, Any], Tensor]

__all__ = [
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and",
    "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor",
    "ceil", "clip", "conj", "copysign", "cos", "cosh", "divide", "equal", "exp", "expm1", "floor",
    "floor_divide", "greater", "greater_equal", "hypot", "imag", "isfinite", "isinf", "isnan",
    "less", "less_equal", "log", "log1p", "log2", "log10", "logaddexp", "logical_and",
    "logical_not", "logical_or", "logical_xor", "maximum", "minimum", "multiply", "negative",
    "nextafter", "not_equal", "positive", "pow", "real", "reciprocal", "remainder", "round", "sign",
    "signbit", "sin", "sinh", "sqrt", "square", "subtract", "tan", "tanh", "trunc",
]  # fmt: skip


def _one(function: Callable[..., Any], name: str) -> One:
    def call(x: Any, /) -> Tensor:
        return applied(function, x)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name}(x), elementwise: `np.{function.__name__}`."
    return call


def _two(function: Callable[..., Any], name: str) -> Two:
    def call(x1: Any, x2: Any, /) -> Tensor:
        return applied(function, x1, x2)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{name}(x1, x2), elementwise: `np.{function.__name__}`."
    return call


abs = _one(np.absolute, "abs")
acos = _one(np.arccos, "acos")
acosh = _one(np.arccosh, "acosh")
asin = _one(np.arcsin, "asin")
asinh = _one(np.arcsinh, "asinh")
atan = _one(np.arctan, "atan")
atanh = _one(np.arctanh, "atanh")
bitwise_invert = _one(np.invert, "bitwise_invert")
ceil = _one(np.ceil, "ceil")
conj = _one(np.conjugate, "conj")
cos = _one(np.cos, "cos")
cosh = _one(np.cosh, "cosh")
exp = _one(np.exp, "exp")
expm1 = _one(np.expm1, "expm1")
floor = _one(np.floor, "floor")
imag = _one(np.imag, "imag")
isfinite = _one(np.isfinite, "isfinite")
isinf = _one(np.isinf, "isinf")
isnan = _one(np.isnan, "isnan")
log = _one(np.log, "log")
log10 = _one(np.log10, "log10")
log1p = _one(np.log1p, "log1p")
log2 = _one(np.log2, "log2")
logical_not = _one(np.logical_not, "logical_not")
negative = _one(np.negative, "negative")
positive = _one(np.positive, "positive")
real = _one(np.real, "real")
reciprocal = _one(np.reciprocal, "reciprocal")
round = _one(np.round, "round")
sign = _one(np.sign, "sign")
signbit = _one(np.signbit, "signbit")
sin = _one(np.sin, "sin")
sinh = _one(np.sinh, "sinh")
sqrt = _one(np.sqrt, "sqrt")
square = _one(np.square, "square")
tan = _one(np.tan, "tan")
tanh = _one(np.tanh, "tanh")
trunc = _one(np.trunc, "trunc")

add = _two(np.add, "add")
atan2 = _two(np.arctan2, "atan2")
bitwise_and = _two(np.bitwise_and, "bitwise_and")
bitwise_left_shift = _two(np.left_shift, "bitwise_left_shift")
bitwise_or = _two(np.bitwise_or, "bitwise_or")
bitwise_right_shift = _two(np.right_shift, "bitwise_right_shift")
bitwise_xor = _two(np.bitwise_xor, "bitwise_xor")
copysign = _two(np.copysign, "copysign")
divide = _two(np.divide, "divide")
equal = _two(np.equal, "equal")
greater = _two(np.greater, "greater")
greater_equal = _two(np.greater_equal, "greater_equal")
hypot = _two(np.hypot, "hypot")
less = _two(np.less, "less")
less_equal = _two(np.less_equal, "less_equal")
logaddexp = _two(np.logaddexp, "logaddexp")
logical_and = _two(np.logical_and, "logical_and")
logical_or = _two(np.logical_or, "logical_or")
logical_xor = _two(np.logical_xor, "logical_xor")
maximum = _two(np.maximum, "maximum")
minimum = _two(np.minimum, "minimum")
multiply = _two(np.multiply, "multiply")
nextafter = _two(np.nextafter, "nextafter")
not_equal = _two(np.not_equal, "not_equal")
pow = _two(np.power, "pow")
remainder = _two(np.remainder, "remainder")
subtract = _two(np.subtract, "subtract")


def floor_divide(x1: Any, x2: Any, /) -> Tensor:
    """The quotient, rounded down; that of an infinite number is infinite (NumPy: NaN)."""
    with np.errstate(invalid="ignore"):
        quotient = applied(np.floor_divide, x1, x2)
    if quotient.dtype.kind != "f":
        return quotient
    top, bottom = (x.detach() if isinstance(x, Tensor) else x for x in (x1, x2))
    infinite = applied(np.isinf, top) & applied(np.isfinite, bottom) & (bottom != 0)
    limit = applied(np.copysign, np.inf, top) * applied(np.sign, bottom)
    return applied(np.where, infinite, astype(limit, quotient.dtype), quotient)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """Each element, but not less than `min`, nor more than `max`; in the dtype of x."""
    low, high = _bound(min, x.dtype), _bound(max, x.dtype)
    if low is None and high is None:
        return positive(x) if x.dtype.kind != "b" else applied(np.copy, x)
    return applied(np.clip, x, low, high)


def _bound(bound: Any, dtype: Any) -> Any:
    """A bound in the dtype of what it bounds; beyond the integers of that, the last of them."""
    if bound is None or isinstance(bound, Tensor):
        return bound if bound is None or bound.dtype == dtype else astype(bound, dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        bound = np.clip(value(bound), int(limits.min), int(limits.max))
    return np.asarray(bound, dtype)[()]
