"""Gates whose results carry no gradient: comparisons, logic, positions of extremes.

Their results are untracked tensors, so a mask such as `x > 0` is a part of the computation that
is worked out anew at other inputs, never a value frozen into a gradient.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate, register_method
from ..numpy_api import NUMPY_FUNCTIONS
from ..standins import StandIn
from ..tensor import Tensor

__all__: list[str] = []


def _without_gradient(ufunc: np.ufunc, symbol: str, method: str | None = None) -> Any:
    return gate(
        ufunc,
        symbol=symbol,
        differentiable=False,
        vjp=(None,) * ufunc.nin,
        methods=[method] if method else [],
    )


for _ufunc, _symbol, _method in [
    (np.less, "<", "__lt__"),
    (np.less_equal, "≤", "__le__"),
    (np.greater, ">", "__gt__"),
    (np.greater_equal, "≥", "__ge__"),
    (np.equal, "=", "__eq__"),
    (np.not_equal, "≠", "__ne__"),
    (np.logical_and, "and", None),
    (np.logical_or, "or", None),
    (np.logical_xor, "xor", None),
    (np.logical_not, "not", None),
    (np.isnan, "NaN?", None),
    (np.isinf, "∞?", None),
    (np.isfinite, "finite?", None),
    (np.signbit, "−?", None),
]:
    _without_gradient(_ufunc, _symbol, _method)

bitwise_and = _without_gradient(np.bitwise_and, "&", "__and__")
bitwise_or = _without_gradient(np.bitwise_or, "|", "__or__")
invert = _without_gradient(np.invert, "~", "__invert__")
register_method([], bitwise_and, "__rand__")
register_method([], bitwise_or, "__ror__")


@gate(numpy=np.argmax, differentiable=False, vjp=(None,), methods=["argmax"])
def argmax(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the largest, as `np.argmax`: integers, without a gradient."""
    return np.argmax(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


@gate(numpy=np.argmin, differentiable=False, vjp=(None,), methods=["argmin"])
def argmin(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """The position of the smallest, as `np.argmin`: integers, without a gradient."""
    return np.argmin(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


def constant(*functions: Callable[..., Any]) -> None:
    """Let functions of NumPy that have no derivative see the plain values."""
    for function in functions:
        NUMPY_FUNCTIONS[function] = functools.partial(of_values, function)


def of_values(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function with the values of the tensors among its arguments, in lists too."""
    return function(*map(_value, args), **{name: _value(x) for name, x in options.items()})


def _value(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return type(x)(map(_value, x))
    value = x._current() if isinstance(x, Tensor) else x
    if isinstance(value, StandIn):
        return value.outside()
    return np.asarray(value) if isinstance(value, np.generic) else value


# Shapes, predicates and text: what they give depends on no value smoothly, or on none at all.
constant(
    np.shape, np.ndim, np.size, np.all, np.any, np.allclose, np.isclose, np.array_equal,
    np.count_nonzero, np.nonzero, np.argsort, np.array2string, np.array_repr, np.array_str,
    np.result_type, np.iscomplexobj, np.isrealobj,
)  # fmt: skip
NUMPY_FUNCTIONS[np.shape] = lambda a: a.shape
NUMPY_FUNCTIONS[np.ndim] = lambda a: a.ndim
NUMPY_FUNCTIONS[np.size] = lambda a, axis=None: a.size if axis is None else a.shape[axis]


def _to_write_into(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """A tensor where an array would be: `out = np.zeros_like(t); out[0] = t[1]` is recorded."""
    made = of_values(function, *args, **options)
    return Tensor(made, requires_grad=False)


for _function in (np.zeros_like, np.ones_like, np.empty_like):
    NUMPY_FUNCTIONS[_function] = functools.partial(_to_write_into, _function)
