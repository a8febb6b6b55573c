"""Means, variances and correlations, made of sums and products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array, plain_array
from ..declare import composed
from ..errors import ShapeError, UnsupportedError
from ..gates.compare import of_values
from ..modes import is_recording
from ..standins import StandIn
from ..tensor import Axis, Tensor
from .reductions import NOT_GIVEN, among, as_floats, finished, given, how_many

__all__: list[str] = []


@composed(np.var, methods=["var"])
def var(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = True, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The mean of squared distances from the mean, as `np.var`."""
    return finished(_variance(a, axis, dtype, ddof, keepdims, where, mean, correction), out, "var")


@composed(np.std, methods=["std"])
def std(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, *, where: Any = True, mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The root of the variance, as `np.std`; its gradient is 0 where all elements are equal."""
    squared = _variance(a, axis, dtype, ddof, keepdims, where, mean, correction)
    return finished(root(squared), out, "std")


def root(x: Any) -> Any:
    """The square root of what is never negative; its gradient at 0 is 0, as that of a norm."""
    positive = x > 0
    return np.where(positive, np.sqrt(np.where(positive, x, 1.0)), x)


def _variance(
    a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: bool, where: Any, mean: Any,
    correction: Any,
) -> Any:  # fmt: skip
    x, less = as_floats(a, dtype), _degrees(ddof, correction)
    keepdims = keepdims is not NOT_GIVEN and bool(keepdims)
    if where is True or where is NOT_GIVEN:
        mean = np.mean(x, axis=axis, keepdims=True) if mean is NOT_GIVEN else mean
        squares = _squared(x - mean)
        if not less:
            return np.mean(squares, axis=axis, keepdims=keepdims)
        total = np.sum(squares, axis=axis, keepdims=keepdims)
        return total / (max(x.size // total.size - less, 0) if total.size else 1)
    x, count = among(x, where, 0), how_many(x, where, axis, True)
    mean = np.sum(x, axis=axis, keepdims=True) / count if mean is NOT_GIVEN else mean
    total = np.sum(_squared(among(x - mean, where, 0)), axis=axis, keepdims=keepdims)
    return total / np.reshape(np.maximum(count - less, 0), total.shape)


def _squared(x: Any) -> Any:
    """|x|², which of complex numbers is real."""
    if x.dtype.kind == "c":
        return np.square(np.real(x)) + np.square(np.imag(x))
    return np.square(x)


def _degrees(ddof: float, correction: Any) -> float:
    """How much less than the count the divisor is: NumPy's `ddof`, or `correction`."""
    if correction is NOT_GIVEN:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return float(correction)


@composed(np.average)
def average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *,
    keepdims: bool = NOT_GIVEN,
) -> Any:  # fmt: skip
    """The mean with weights, which may be recorded too, as `np.average`."""
    options = given(keepdims=keepdims)
    x = a if isinstance(a, Tensor) else plain_array(a)
    if weights is None:
        found = np.mean(x, axis=axis, **options)
        total: Any = np.full(found.shape, x.size / found.size, found.dtype)[()]
    else:
        w = _weights(weights, x.shape, axis)
        total = np.sum(np.broadcast_to(w, x.shape), axis=axis, **options)
        _check_not_zero(total)
        found = np.sum(x * w, axis=axis, **options) / total
    return (found, total) if returned else found


def _weights(weights: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """Weights in a shape that broadcasts: they may be given along the axes alone."""
    w = as_floats(weights if isinstance(weights, Tensor) else plain_array(weights))
    if w.shape == shape:
        return w
    axes = axis if isinstance(axis, tuple) else (axis,)
    if axis is None or w.shape != tuple(shape[k] for k in axes):
        raise ShapeError(
            f"np.average: the weights have shape {w.shape}, but a has {shape}; give them the shape "
            "of a, or its lengths along axis"
        )
    axes = tuple(k % len(shape) for k in axes)
    ordered = np.transpose(w, sorted(range(len(axes)), key=axes.__getitem__))
    return np.reshape(ordered, [n if k in axes else 1 for k, n in enumerate(shape)])


def _check_not_zero(total: Any) -> None:
    """Raise ZeroDivisionError for weights that add up to 0, where their values are known."""
    value = total._current() if isinstance(total, Tensor) else total
    if not isinstance(value, StandIn) and not np.all(value):
        raise ZeroDivisionError("np.average: the weights add up to 0, so they cannot be normalized")


@composed(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    """The covariance matrix of variables in rows (or columns), as `np.cov`."""
    for name, weights in {"fweights": fweights, "aweights": aweights}.items():
        if is_recording() and isinstance(weights, Tensor) and weights.requires_grad:
            raise UnsupportedError(
                f"np.cov: {name} is tracked, but its gradient is not known; pass {name}.detach()"
            )
    x = _in_rows(m, rowvar, dtype)
    if y is not None:
        x = np.concatenate([x, _in_rows(y, rowvar, dtype)], axis=0)
    w = _observed(fweights, aweights, x)
    total = x.shape[1] if w is None else np.sum(w)
    mean = np.mean(x, axis=1, keepdims=True) if w is None else np.sum(x * w, 1) / total
    deviations = x - np.reshape(mean, (-1, 1))
    weighted = deviations if w is None else deviations * w
    less = (0 if bias else 1) if ddof is None else ddof
    if aweights is not None and less:
        less = less * np.sum(w * plain_array(aweights)) / total
    other = np.conjugate(weighted) if weighted.dtype.kind == "c" else weighted
    found = np.matmul(deviations, other.T) / float(max(total - less, 0.0))
    return np.squeeze(found)


def _in_rows(x: Any, rowvar: bool, dtype: Any) -> Any:
    """Variables in rows, observations in columns."""
    x = as_floats(x if isinstance(x, Tensor) else plain_array(x), dtype)
    if x.ndim > 2:
        raise ShapeError(f"np.cov: got an array of shape {x.shape}; expected one or two axes")
    x = np.reshape(x, (1, -1)) if x.ndim < 2 else x
    return x.T if not rowvar and x.shape[0] != 1 else x


def _observed(fweights: Any, aweights: Any, x: Any) -> Any:
    """How much each observation counts; None if all count alike."""
    both = [np.asarray(w, x.dtype) for w in (fweights, aweights) if w is not None]
    for w in both:
        if w.shape != x.shape[1:]:
            raise ShapeError(
                f"np.cov: the weights have shape {w.shape}, but there are {x.shape[1]} observations"
            )
        if np.any(w < 0):
            raise ValueError("np.cov: the weights cannot be negative")
    return both[0] * both[1] if len(both) == 2 else both[0] if both else None


@composed(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """The correlations of variables in rows (or columns), as `np.corrcoef`."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    variances = c[range(c.shape[0]), range(c.shape[0])]
    scale = np.sqrt(np.real(variances) if c.dtype.kind == "c" else variances)
    r = c / scale[:, None] / scale
    return r + of_values(_beyond_one, r)


def _beyond_one(r: Array) -> Array:
    """What rounding has put beyond ±1, to be taken back: it has no part in the derivatives."""
    if r.dtype.kind == "c":
        return (np.clip(r.real, -1, 1) - r.real) + 1j * (np.clip(r.imag, -1, 1) - r.imag)
    return np.clip(r, -1, 1) - r
