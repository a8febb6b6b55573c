"""Gates of arithmetic: + - × ÷ and powers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate, register_method
from ..gate import GATES
from ..numpy_api import register
from ..tensor import Tensor
from .signatures import binary

__all__ = ["add", "divide", "multiply", "negative", "power", "reciprocal", "square", "subtract"]

add = gate(
    operator.add,
    np.add,
    symbol="+",
    role="distributor",
    local=(1, 1),
    methods=["__add__"],
    reflected="__radd__",
)
subtract = gate(
    operator.sub,
    np.subtract,
    symbol="−",
    role="distributor, with the sign turned for what is subtracted",
    local=(1, -1),
    methods=["__sub__"],
    reflected="__rsub__",
)
multiply = gate(
    operator.mul,
    np.multiply,
    symbol="×",
    role="switcher",
    local=(lambda y: y, lambda x: x),
    methods=["__mul__"],
    reflected="__rmul__",
)


def _one_over(y: Array) -> Array:
    """1 / y, infinite for a zero that is written in the program, as NumPy has it."""
    try:
        return 1.0 / y
    except ZeroDivisionError:  # Python's numbers raise
        return np.divide(1.0, y)


divide = gate(
    operator.truediv,
    (np.divide,),
    symbol="÷",
    local=(_one_over, lambda y, out: -out / y),
    methods=["__truediv__"],
    reflected="__rtruediv__",
)
negative = gate(
    operator.neg, np.negative, symbol="×−1", written="−x", local=-1, methods=["__neg__"]
)
square = gate(np.square, symbol="x²", local=lambda x: 2.0 * x)
reciprocal = gate(np.reciprocal, symbol="1/x", local=lambda out: -out * out)


def _power_base(x: Array, y: Array) -> Array:
    """d(x^y)/dx = y x^(y-1); 0 where both are 0, and x^(y-1) is infinite."""
    if y.__class__ in (int, float):  # the exponent is written in the program
        return y * x ** (y - 1) if y != 0 else np.zeros_like(x)
    both_zero = np.logical_and(x == 0, y == 0)
    exponent: Any = np.where(both_zero, 1.0, y - 1.0)
    if isinstance(exponent, np.ndarray):  # of numbers NumPy has another power than of arrays
        exponent = exponent[()]
    return y * x**exponent


def _power_exponent(x: Array, out: Array) -> Array:
    """d(x^y)/dy = x^y ln x; at x = 0 the limit for positive exponents, 0."""
    base = np.where(x == 0, 1.0, x)
    base = base + 0j if out.dtype.kind == "c" else base  # negative numbers have a logarithm, too
    return out * np.log(base).astype(out.dtype)


_power = gate(
    operator.pow,
    np.power,
    name="power",
    symbol="x^y",
    local=(_power_base, _power_exponent),
)


@binary
def power(x: Any, y: Any) -> Any:
    """x to the power y, elementwise, as `np.power`; x ** 2 records the gate `square`.

    The derivative by x is y x^(y-1), by y it is x^y ln x (0 at x = 0).
    """
    if y.__class__ in (int, float) and y == 2 and isinstance(x, Tensor):
        return square(x)
    return _power(x, y)


register(np.power, power, GATES["power"])
register_method(["__pow__"], power, "__rpow__")
