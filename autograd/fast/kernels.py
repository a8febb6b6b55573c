"""Quicker ways for gates whose rows say what a textbook says: the same numbers in less time."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numpy import float32, float64, ndarray

from .. import gates
from ..arrays import NUMBERS, Array
from ..gate import GATES
from ..gates.activations import FARTHEST, SHIFT, coefficients_for
from ..gates.losses import check_labels, check_scores
from ..gates.shape import misfit
from ..gates.underflow import vanishing
from .buffers import SMALL, empty, filled
from .quick import accelerate

__all__ = ["sum_to"]


# --- elementwise ---------------------------------------------------------------------------------


@vanishing
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without an infinity on the way."""
    if x.dtype.kind == "c":  # these have no signs
        return 1 / (1 + np.exp(-x))
    return np.exp(np.minimum(x, 0)) / (1.0 + np.exp(-np.abs(x)))  # a choice is ten times as slow


def larger(x: Array, y: Array) -> Array:
    """`np.maximum`, in half the time for a number and a large array, and for two numbers."""
    if x.__class__ is np.float64 and y.__class__ in (int, float, np.float64):
        if x > y:
            return x
        if x < y:
            return np.float64(y)  # else a tie, where -0.0 and 0.0 differ, or NaN
    first = y.__class__ is ndarray and x.__class__ in NUMBERS  # of 0.0 and -0.0 the order decides
    array, other = (y, x) if first else (x, y)
    if array.__class__ is not ndarray or array.nbytes < 2048:
        return np.maximum(x, y)
    number = other.__class__ in (int, float) and array.dtype.kind == "f"
    if number and not other and math.copysign(1.0, other) < 0.0:  # the memory of `filled` has 0.0
        return np.maximum(x, y)
    if array.nbytes > 32 * SMALL:
        whole = number and array.flags.c_contiguous
        return _larger_than_number(array, float(other), first) if whole else np.maximum(x, y)
    if number:  # NumPy is slow with a number
        other = filled(array.shape, array.dtype, float(other))
    elif other.__class__ is not ndarray or other.shape != array.shape or other.dtype != array.dtype:
        return np.maximum(x, y)
    x, y = (other, array) if first else (array, other)
    return np.maximum(x, y, out=empty(x.shape, x.dtype))


def _larger_than_number(x: Array, y: float, first: bool) -> Array:
    """The same for an array that does not fit the cache, piece by piece."""
    out = empty(x.shape, x.dtype)
    size = SMALL // x.itemsize
    numbers, flat, flat_out = filled((size,), x.dtype, y), x.reshape(-1), out.reshape(-1)
    for k in range(0, x.size, size):
        piece = flat[k : k + size]
        equal = numbers[: len(piece)]
        a, b = (equal, piece) if first else (piece, equal)
        np.maximum(a, b, out=flat_out[k : k + size])
    return out


accelerate(gates.sigmoid, sigmoid)
accelerate(gates.maximum, larger)
accelerate(gates.relu, lambda x: larger(x, 0))


def normal_cdf(x: Array) -> Array:
    """Φ(x) of an array in pieces that fit the cache: there are forty calls for each."""
    if x.__class__ is not ndarray or x.dtype not in (np.float32, np.float64):
        return textbook_normal_cdf(x)
    if not x.flags.c_contiguous:  # the result is laid out like x
        return normal_cdf(x.T).T if x.flags.f_contiguous else textbook_normal_cdf(x)
    out = empty(x.shape, x.dtype)
    size = SMALL // x.itemsize
    flat, flat_out = x.reshape(-1), out.reshape(-1)
    for k in range(0, x.size, size):
        _normal_cdf(flat[k : k + size], flat_out[k : k + size])
    return out


@vanishing
def _normal_cdf(x: Array, out: Array) -> None:
    """As in the row, in place."""
    coefficients = coefficients_for(x)
    far = np.minimum(np.abs(x), FARTHEST)
    share = 1.0 / (far + SHIFT)
    s = 1.0 - 2.0 * SHIFT * share
    tail = np.multiply(s, coefficients[-1], out=out)
    for coefficient in coefficients[-2:0:-1]:
        tail += coefficient
        tail *= s
    tail += coefficients[0]
    tail *= share
    far *= far
    far *= -0.5
    tail *= np.exp(far, out=far)
    tail -= x > 0
    np.abs(tail, out=tail)


textbook_normal_cdf = GATES["normal_cdf"].kernel
accelerate(gates.normal_cdf, normal_cdf)


# --- sums ----------------------------------------------------------------------------------------


def _reduction(ufunc: np.ufunc) -> Any:
    def reduce(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
        return ufunc.reduce(x, axis=axis, keepdims=keepdims)

    return reduce  # without the detours of np.sum


for _gate, _ufunc in [
    (gates.sum, np.add),
    (gates.prod, np.multiply),
    (gates.max, np.maximum),
    (gates.min, np.minimum),
]:
    accelerate(_gate, _reduction(_ufunc), native=_reduction(_ufunc))


def _mean_of_sum(x: Array, axis: Any = None, keepdims: bool = False) -> Any:
    """The mean as a sum and a division, which native loops know."""
    if x.dtype not in (np.float32, np.float64) or 0 in x.shape:
        return np.mean(x, axis=axis, keepdims=keepdims)
    total: Any = _reduction(np.add)(x, axis, keepdims)
    return total / x.dtype.type(math.prod(x.shape) // math.prod(total.shape))


accelerate(gates.mean, native=_mean_of_sum)


def sum_to(x: Array, shape: tuple[int, ...]) -> Array:
    """The sum of what broadcasting from `shape` had repeated; BLAS is quicker at sums of rows."""
    if shape == x.shape:
        return x
    if x.ndim == 2 and shape[-1:] == x.shape[1:] and x.dtype.kind == "f":
        rows = np.dot(filled((len(x),), x.dtype, 1.0), x)
        return rows if len(shape) == 1 else rows.reshape(shape)
    extra = x.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        extra + k for k, length in enumerate(shape) if length == 1 != x.shape[extra + k]
    )
    total = np.add.reduce(x, axis=axes, keepdims=True)
    if extra < 0 or total.shape[extra:] != shape:
        raise misfit(x.shape, shape)
    return np.reshape(total, shape)


def _broadcast_to(x: Array, shape: tuple[int, ...]) -> Array:
    if x.__class__ is float64 or x.__class__ is float32:  # ten times as fast
        return ndarray(shape, x.dtype, x, 0, (0,) * len(shape))
    return np.broadcast_to(x, shape)


accelerate(gates.sum_to, sum_to)
accelerate(gates.broadcast_to, _broadcast_to)


# --- softmax -------------------------------------------------------------------------------------


@vanishing
def softmax(x: Array, axis: int = -1) -> Array:
    """exp(x) / Σ exp(x) along `axis`, in memory of one array."""
    if x.__class__ is not ndarray or x.dtype.kind != "f":
        weights = np.exp(x - np.max(x, axis=axis, keepdims=True))
        return weights / np.sum(weights, axis=axis, keepdims=True)
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    out = np.subtract(x, top, out=empty(x.shape, x.dtype))
    np.exp(out, out=out)
    out /= np.add.reduce(out, axis=axis, keepdims=True)
    return out


@vanishing
def _softmax_back(g: Array, out: Array, axis: int) -> Array:
    if g.__class__ is not ndarray or g.dtype != out.dtype or out.dtype.kind != "f":
        return out * (g - np.sum(g * out, axis=axis, keepdims=True))
    local = np.multiply(g, out, out=empty(g.shape, g.dtype))
    total = np.add.reduce(local, axis=axis, keepdims=True)
    np.subtract(g, total, out=local)
    local *= out
    return local


accelerate(gates.softmax, softmax, vjp=(lambda g, out, axis: _softmax_back(g, out, axis),))


# --- softmax cross-entropy -----------------------------------------------------------------------


@functools.lru_cache(maxsize=8)
def _counting(count: int) -> Array:
    return np.arange(count)


@vanishing
def cross_entropy(scores: Array, labels: Array) -> tuple[Array, tuple[Array]]:
    """The loss and softmax - one-hot in one go, with the classes along the first axis.

    Reductions over a few classes are several times faster when each class is a contiguous row.
    """
    labels = check_labels(labels, check_scores(scores).shape)
    count, classes = scores.shape
    columns = scores.T.copy()
    columns -= np.maximum.reduce(columns, axis=0)
    flat = columns.reshape(-1)
    chosen = labels * count  # where each right class lies in `flat`
    chosen += _counting(count)
    right = flat[chosen]
    np.exp(columns, out=columns)
    total = np.dot(filled((classes,), columns.dtype, 1.0), columns)
    columns /= total
    flat = columns.reshape(-1)
    flat[chosen] -= 1
    np.log(total, out=total)
    total -= right
    mean = np.dot(total, filled((count,), total.dtype, 1.0)) / total.dtype.type(count)
    return mean, (flat.reshape(classes, count).T,)


@vanishing
def _to_scores(g: Array, local: Array) -> Array:
    return local * (g / local.dtype.type(local.shape[0]))


accelerate(
    gates.softmax_cross_entropy,
    lambda scores, labels: cross_entropy(scores, labels)[0],
    fused=cross_entropy,
    keeps=("local",),
    vjp=(lambda g, local: _to_scores(g, local), None),
)


def l2_penalty(w: Array, strength: float) -> Array:
    """½ λ Σ w², as the product of a vector with itself; of integers and bools a plain sum."""
    if w.dtype.kind != "f":
        return 0.5 * strength * np.sum(w * w)
    flat = w.reshape(-1)
    return w.dtype.type(0.5 * strength) * np.dot(flat, flat)


accelerate(gates.l2_penalty, l2_penalty)
