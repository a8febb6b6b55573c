"""Gates that make fewer numbers of many: sum, mean, max, min, prod, softmax and its kin."""

from __future__ import annotations

import builtins
import inspect
import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate, register_method
from ..errors import keyword
from ..numpy_api import NUMPY_FUNCTIONS, register_reduction
from ..tensor import Axis, Tensor
from .shape import broadcast_to
from .underflow import vanishing

__all__ = ["log_softmax", "logsumexp", "max", "mean", "min", "prod", "softmax", "sum"]


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes that a reduction runs over, counted from 0; NumPy lets a number have axis 0."""
    if axis is None or not ndim:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(k + ndim if k < 0 else k for k in axes)


def _kept(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape of a reduction's result with keepdims=True."""
    axes = _axes(axis, len(shape))
    return tuple(1 if k in axes else length for k, length in enumerate(shape))


def _spread(g: Array, shape: tuple[int, ...], axis: Axis) -> Array:
    """Give each summand the gradient of its sum: a broadcast, not a copy."""
    if not (axis is None and g.ndim == 0):
        g = np.reshape(g, _kept(shape, axis))
    return broadcast_to(g, shape=shape)


def _count(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements a mean is of; 1 where there are none, for they have no gradient."""
    return math.prod(shape[k] for k in _axes(axis, len(shape))) or 1


@gate(
    numpy=np.sum,
    symbol="Σ",
    written="Σ x",
    role="distributor: every summand gets the upstream gradient",
    linear=True,
    vjp=lambda g, x_shape, axis: _spread(g, x_shape, axis),
    says="{g}, for each summand",
)
def sum(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over `axis` (a number, a tuple, or None for all), as `np.sum`."""
    return np.sum(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


@gate(
    numpy=np.mean,
    symbol="mean",
    role="distributor: every summand gets the upstream gradient, divided by their number",
    linear=True,
    vjp=lambda g, x_shape, axis: _spread(g * (1.0 / _count(x_shape, axis)), x_shape, axis),
    says="{g} ÷ (number of terms), for each term",
)
def mean(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over `axis`, as `np.mean`."""
    return np.mean(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


def shared(g: Array, x: Array, out: Array, axis: Axis) -> Array:
    """The gradient of max or min goes to the winners, in equal parts."""
    shape = _kept(x.shape, axis)
    winners = (x == np.reshape(out, shape)).astype(g.dtype)
    share = winners / np.sum(winners, axis=axis, keepdims=True)
    return np.reshape(g, shape) * share


def _winners(x: Array, out: Array, axis: Axis) -> Array:
    """Which elements were used: the winners; all of them where NaN, which equals nothing, won."""
    top = np.reshape(out, _kept(x.shape, axis))
    return np.logical_or(x == top, np.isnan(top))


@gate(
    numpy=(np.max, np.amax),
    role="router",
    vjp=lambda g, x, out, axis: shared(g, x, out, axis),
    live=lambda x, out, axis: _winners(x, out, axis),
    says="{g} to the largest, 0 to the others",
)
def max(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest over `axis`, as `np.max`; winners that tie share the gradient equally."""
    return np.max(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


@gate(
    numpy=(np.min, np.amin),
    role="router",
    vjp=lambda g, x, out, axis: shared(g, x, out, axis),
    live=lambda x, out, axis: _winners(x, out, axis),
    says="{g} to the smallest, 0 to the others",
)
def min(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest over `axis`, as `np.min`; winners that tie share the gradient equally."""
    return np.min(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


def _products_of_others(x: Array, axis: Axis) -> Array:
    """For each element the product of all others over `axis`: right where elements are 0.

    Products of what comes before times products of what comes after; each is a scan of
    log2(n) multiplications, so it can be differentiated again.
    """
    if 0 in x.shape:
        return np.zeros_like(x)
    axes = _axes(axis, x.ndim)
    rest = tuple(k for k in range(x.ndim) if k not in axes)
    order = rest + axes
    moved = np.transpose(x, order)
    flat = np.reshape(moved, (*[x.shape[k] for k in rest], -1))
    others = _products_before(flat) * _products_before(flat[..., ::-1])[..., ::-1]
    back = tuple(builtins.sorted(range(x.ndim), key=order.__getitem__))
    return np.transpose(np.reshape(others, moved.shape), back)


def _products_before(x: Array) -> Array:
    """Along the last axis: 1, x0, x0 x1, ..."""
    one = np.ones((*x.shape[:-1], 1), x.dtype)
    scan = np.concatenate([one, x[..., :-1]], axis=-1)
    step = 1
    while step < x.shape[-1]:
        scan = np.concatenate([scan[..., :step], scan[..., step:] * scan[..., :-step]], axis=-1)
        step *= 2
    return scan


@gate(
    numpy=np.prod,
    symbol="Π",
    role="switcher",
    of_complex="holomorphic",
    vjp=lambda g, x, axis: np.reshape(g, _kept(x.shape, axis)) * _products_of_others(x, axis),
    says="{g} ⊙ (product of all other factors)",
)
def prod(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """The product over `axis`, as `np.prod`; the gradient is right also where x has zeros."""
    return np.prod(x, axis=axis, keepdims=keepdims)  # type: ignore[call-overload, unused-ignore]


@vanishing
def _to_summands(g: Array, x: Array, out: Array, axis: Axis) -> Array:
    """g times exp(x - out), the softmax; 0 where a whole row is -inf, the limit where x is inf."""
    shape, largest = _kept(x.shape, axis), np.finfo(x.dtype).max
    infinite = np.add.reduce((x == np.inf).astype(x.dtype), axis=axis, keepdims=True)
    share = np.reshape(g, shape) / np.maximum(infinite, 1.0)  # those that are infinite share it
    top = np.maximum(np.minimum(np.reshape(out, shape), largest), -largest)
    return share * np.exp(np.minimum(x, largest) - top)


@gate(
    vjp=lambda g, x, out, axis: _to_summands(g, x, out, axis),
    expand=lambda x, axis=None, keepdims=False: np.log(
        np.sum(np.exp(x), axis=axis, keepdims=keepdims)
    ),
    says="{g} ⊙ softmax({x})",
)
def logsumexp(x: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """ln Σ exp(x) over `axis`, without overflow; the gradient is the softmax of x."""
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    with np.errstate(divide="ignore", under="ignore"):  # the logarithm of an empty sum is -inf
        total = np.sum(np.exp(x - top), axis=axis, keepdims=True)
        out = np.log(total) + top
    return out if keepdims else np.reshape(out, _dropped(np.shape(x), axis))


def _dropped(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    axes = _axes(axis, len(shape))
    return tuple(length for k, length in enumerate(shape) if k not in axes)


@vanishing
def _softmax_back(g: Array, out: Array, axis: int) -> Array:
    return out * (g - np.sum(g * out, axis=axis, keepdims=True))


@gate(
    vjp=lambda g, out, axis: _softmax_back(g, out, axis),
    expand=lambda x, axis=-1: np.exp(x) / np.sum(np.exp(x), axis=axis, keepdims=True),
)
@vanishing
def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / Σ exp(x) along `axis`, without overflow: probabilities from scores."""
    weights = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return weights / np.sum(weights, axis=axis, keepdims=True)


@vanishing
def _log_softmax_back(g: Array, out: Array, axis: int) -> Array:
    return g - np.exp(out) * np.sum(g, axis=axis, keepdims=True)


@gate(
    symbol="log softmax",
    vjp=lambda g, out, axis: _log_softmax_back(g, out, axis),
    expand=lambda x, axis=-1: x - logsumexp(x, axis=axis, keepdims=True),
    says="{g} − softmax({x}) ⊙ Σ {g}",
)
@vanishing
def log_softmax(x: Array, axis: int = -1) -> Array:
    """ln softmax(x) along `axis`, without overflow or underflow."""
    shifted = x - np.max(x, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def _accumulation(running: Any) -> Any:
    """`ufunc.accumulate`, whose axis is 0 when not given, by the function that does the same."""

    def accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
        if not np.ndim(x):
            raise TypeError("cannot accumulate on a scalar")
        return running(x, axis=axis, dtype=dtype)

    return accumulate


_REDUCED: list[tuple[Any, Any, Any]] = [
    (np.add, sum, np.cumsum),
    (np.multiply, prod, np.cumprod),
    (np.maximum, max, None),
    (np.minimum, min, None),
]
for _ufunc, _gate, _running in _REDUCED:
    register_reduction(_ufunc, _gate)
    if _running is not None:
        NUMPY_FUNCTIONS[_ufunc, "accumulate"] = _accumulation(_running)


# --- methods of Tensor, with NumPy's order of options --------------------------------------------


def _rare(function: Any, x: Any, **options: Any) -> Any:
    """A call with options that the gate does not have."""
    from ..library import calls

    return calls.with_options(function, (x,), options)


def _unexpected(call: Any, foreign: dict[str, Any]) -> TypeError:
    options = inspect.signature(getattr(Tensor, call.__name__)).parameters.values()
    names = [p.name for p in options if p.name != "self" and p.kind != p.VAR_KEYWORD]
    return keyword(call.__name__, foreign, names)


def _total(call: Any, function: Any) -> Any:
    def method(
        self: Any, axis: Axis = None, dtype: Any = None, out: Any = None, *,
        keepdims: bool = False, initial: Any = None, where: Any = True, **foreign: Any,
    ) -> Any:  # fmt: skip
        if foreign:
            raise _unexpected(call, foreign)
        if dtype is None and out is None and initial is None and where is True:
            return call(self, axis, keepdims)
        return _rare(function, self, axis=axis, dtype=dtype, out=out, keepdims=keepdims,
                     initial=initial, where=where)  # fmt: skip

    return method


def _largest(call: Any, function: Any) -> Any:
    def method(
        self: Any, axis: Axis = None, out: Any = None, *,
        keepdims: bool = False, initial: Any = None, where: Any = True, **foreign: Any,
    ) -> Any:  # fmt: skip
        if foreign:
            raise _unexpected(call, foreign)
        if out is None and initial is None and where is True:
            return call(self, axis, keepdims)
        return _rare(function, self, axis=axis, out=out, keepdims=keepdims, initial=initial,
                     where=where)  # fmt: skip

    return method


def _mean_method(
    self: Any, axis: Axis = None, dtype: Any = None, out: Any = None, *,
    keepdims: bool = False, where: Any = True, **foreign: Any,
) -> Any:  # fmt: skip
    if foreign:
        raise _unexpected(mean, foreign)
    if dtype is None and out is None and where is True:
        return mean(self, axis, keepdims)
    return _rare(np.mean, self, axis=axis, dtype=dtype, out=out, keepdims=keepdims, where=where)


register_method(["sum"], _total(sum, np.sum))
register_method(["prod"], _total(prod, np.prod))
register_method(["max"], _largest(max, np.max))
register_method(["min"], _largest(min, np.min))
register_method(["mean"], _mean_method)
