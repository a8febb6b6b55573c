"""Sorting and order statistics: sort, partition, median, percentile, quantile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..arrays import Array, plain_array
from ..declare import composed, gate, register_method
from ..errors import UnsupportedError
from ..gates.compare import constant, of_values
from ..gates.reduce import shared
from ..gates.shape import astype
from ..numpy_api import refuse_options
from ..standins import in_company_of
from ..tensor import Axis, Tensor
from .reductions import as_floats, finished
from .selection import places_along

__all__: list[str] = []


# --- sorting -------------------------------------------------------------------------------------


@gate(
    role="router",
    linear=True,
    vjp=(lambda g, order, axis: _to_before(g, order, axis), None),
    says="{g} from where each element went",
)
def permuted(x: Array, order: Array, axis: int) -> Array:
    """The elements along an axis in another order: each of the positions stands in `order` once."""
    return np.take_along_axis(x, order, axis=axis)


def _to_before(g: Array, order: Array, axis: int) -> Array:
    return put_back(g, order, axis=axis)


@gate(
    role="router",
    linear=True,
    vjp=(lambda g, order, axis: permuted(g, order, axis=axis), None),
    says="{g} from where each element came",
)
def put_back(x: Array, order: Array, axis: int) -> Array:
    """The elements at the positions that they had before `permuted`."""
    out = np.zeros_like(in_company_of(x, order))
    out[places_along(x.shape, order, axis)] = x
    return out


def _along(a: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """What is to be sorted, and along which axis; None: all elements."""
    x = a if isinstance(a, Tensor) else plain_array(a)
    if axis is None:
        return np.reshape(x, -1), 0
    return x, normalize_axis_index(axis, x.ndim, f"np.{name}")


@composed(np.sort)
def sort(
    a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    """The elements in ascending order along `axis` (None: all of them), as `np.sort`.

    The gradient goes back to where each element stood. Of elements that are equal each has the
    place that `np.argsort` gives it, so a tie is not shared.
    """
    refuse_options("sort", {"order": order})
    x, axis = _along(a, axis, "sort")
    return permuted(x, np.argsort(x, axis=axis, kind=kind, stable=stable), axis=axis)


@composed(np.partition)
def partition(
    a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Any:
    """The elements so that those at `kth` stand as if sorted, as `np.partition`.

    The k largest are `np.partition(x, -k)[-k:]`. NumPy does not say how the elements stand on both
    sides; here they stand as in `np.argpartition`, and ties as there.
    """
    refuse_options("partition", {"order": order})
    x, axis = _along(a, axis, "partition")
    return permuted(x, np.argpartition(x, kth, axis=axis), axis=axis)


@composed(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """The elements along the last axis, sorted, as complex numbers, as `np.sort_complex`."""
    found = np.sort(a)
    if found.dtype.kind == "c":
        return found
    return astype(found, dtype=np.complex64 if found.dtype.itemsize <= 2 else np.complex128)


def _sort_in_place(
    self: Any, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> None:
    """The method sorts in place, as that of an array: the handle moves on to a sorted tensor."""
    made = np.sort(self, axis, kind, order, stable=stable)
    self._move_on(made, "t.sort()", "write np.sort(t)")


def _partition_in_place(
    self: Any, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None
) -> None:
    made = np.partition(self, kth, axis, kind, order)
    self._move_on(made, "t.partition()", "write np.partition(t, kth)")


register_method(["sort"], _sort_in_place)
register_method(["partition"], _partition_in_place)


# --- order statistics ----------------------------------------------------------------------------


def _to_equal(g: Array, x: Array, out: Array) -> Array:
    """To each element the gradients of the order statistics that are equal to it, shared."""
    total: Any = np.zeros_like(x)
    for k in range(out.shape[0]):
        total = total + shared(g[k], x, out[k], -1)
    return total


def _chosen(x: Array, out: Array) -> Array:
    """Which elements were used: those that were found; all of them where NaN was."""
    top = out[..., None]
    return np.any(np.logical_or(x == top, np.isnan(top)), axis=0)


@gate(
    symbol="k-th",
    role="router",
    vjp=(lambda g, x, out: _to_equal(g, x, out), None),
    live=(lambda x, out: _chosen(x, out), None),
    says="{g} to the elements that are equal to it",
)
def order_statistics(x: Array, ranks: Array, near: Sequence[int] | None = None) -> Array:
    """The elements along the last axis with some ranks, counted from 0: (n of them, ...).

    `ranks` broadcasts to the shape of the result; `near` are all of them, if they are known, which
    is quicker. Equal elements share the gradient. Where NaN is among the elements the result is
    NaN.
    """
    if near is None:
        found = np.sort(x, axis=-1)
    else:
        found = np.partition(x, (*near, x.shape[-1] - 1), axis=-1)
    places = np.broadcast_to(ranks, (len(ranks), *x.shape[:-1]))
    out = np.take_along_axis(found[None], places[..., None], axis=-1)[..., 0]
    return np.where(np.isnan(found[..., -1]), found[..., -1], out)


# How a quantile lies between elements: Hyndman, Fan, "Sample Quantiles in Statistical Packages",
# where the position of the quantile q of n elements, counted from 1, is α + q (n + 1 - α - β).
_BETWEEN = {
    "interpolated_inverted_cdf": (0.0, 1.0), "hazen": (0.5, 0.5), "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0), "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
}  # fmt: skip
_OF_DISTANCE: dict[str, Any] = {
    "lower": np.floor, "higher": np.ceil, "nearest": np.rint,
    "midpoint": lambda x: (np.floor(x) + np.ceil(x)) / 2,
}  # fmt: skip
_STEPS: dict[str, Any] = {
    "inverted_cdf": np.ceil,
    "closest_observation": np.rint,
    "averaged_inverted_cdf": lambda x: (np.ceil(x) + np.floor(x + 1.0)) / 2,
}


def _position(q: Any, n: Any, method: str) -> Any:
    """Where the quantile q of n elements is, counted from 0."""
    if method in _BETWEEN:
        alpha, beta = _BETWEEN[method]
        found = q * (n - 1) if method == "linear" else n * q + alpha + q * (1 - alpha - beta) - 1
    elif method in _OF_DISTANCE:
        found = _OF_DISTANCE[method](q * (n - 1))
    elif method in _STEPS:
        found = _STEPS[method](q * n) - 1
    else:
        names = ", ".join(sorted([*_BETWEEN, *_OF_DISTANCE, *_STEPS]))
        raise ValueError(f"np.quantile: there is no method {method!r}; expected one of {names}")
    return np.minimum(np.maximum(found, 0), np.maximum(n - 1, 0))


def _fractions(q: Any, name: str, scale: float) -> Any:
    """The quantiles that are asked for: an array, or a tensor if they are tracked."""
    tracked = isinstance(q, Tensor) and q.requires_grad
    fractions = q / scale if tracked else of_values(np.asarray, plain_array(q), float) / scale
    plain = of_values(np.asarray, fractions)
    if not np.all((plain >= 0) & (plain <= 1)):
        raise ValueError(f"np.{name}: q has to lie between 0 and {scale:g}, got {q!r}")
    return fractions


def _in_last(x: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The elements to be ordered in a last axis, and the shape that keepdims wants."""
    axes = tuple(range(x.ndim)) if axis is None else normalize_axis_tuple(axis, x.ndim)
    rest = [k for k in range(x.ndim) if k not in axes]
    kept = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    if list(axes) != [x.ndim - 1]:
        x = np.transpose(x, (*rest, *axes))
        length = math.prod(x.shape[len(rest) :])
        x = np.reshape(x, (*x.shape[: len(rest)], length))
    return x, kept


def _between(x: Any, low: Any, high: Any, behind: Any, near: Any, middle: bool) -> Any:
    """The elements with some ranks, and what lies between two of them."""
    if near is not None and not isinstance(behind, Tensor) and not np.any(behind):
        return order_statistics(x, low, near=near)
    both = order_statistics(x, np.concatenate([low, high]), near=near)
    found, above = both[: low.shape[0]], both[low.shape[0] :]
    return (found + above) * 0.5 if middle else found + (above - found) * behind


def _quantiles(
    a: Any, q: Any, axis: Any, method: str, keepdims: Any, skips_nan: bool = False,
    middle: bool = False,
) -> Any:  # fmt: skip
    """Quantiles for an array of fractions: its axes in front, then those of `a` that are left."""
    x, kept = _in_last(as_floats(a), axis)
    n: Any = np.full((1,) * (x.ndim - 1), x.shape[-1])
    if skips_nan:  # as if it were larger than all others, which then are fewer
        n = of_values(_numbers, x)
        x = np.where(np.isnan(x), np.inf, x)
    if not x.shape[-1]:
        raise ValueError("np.quantile: there are no elements along axis")
    place = _position(np.reshape(q, (-1,) + (1,) * (x.ndim - 1)), n, method)
    here = of_values(np.asarray, place) if isinstance(q, Tensor) else place
    low, high = np.floor(here).astype(np.intp), np.ceil(here).astype(np.intp)
    behind = (place - np.floor(here)).astype(x.dtype)
    near = None if skips_nan else tuple(sorted({*low.ravel().tolist(), *high.ravel().tolist()}))
    found = _between(x, low, high, behind, near, middle)
    if skips_nan:
        found = np.where(n == 0, np.nan, found)
    shape = kept if keepdims is True else found.shape[1:]
    return np.reshape(found, (*np.shape(q), *shape))


def _numbers(x: Array) -> Array:
    """How many elements of each row are no NaN."""
    return np.sum(np.logical_not(np.isnan(x)), axis=-1)


def _check_weighted(name: str, method: str, skips_nan: bool) -> None:
    if method != "inverted_cdf" or skips_nan:
        raise UnsupportedError(
            f"np.{name}: got weights and method={method!r}; quantiles of weighted elements are "
            "those of np.quantile and np.percentile with method='inverted_cdf'"
        )


def _weighted(a: Any, q: Any, weights: Any, axis: Any, keepdims: Any) -> Any:
    """The elements up to which a share q of all the weight lies: NumPy finds their ranks."""
    x, kept = _in_last(as_floats(a), axis)
    w = weights if isinstance(weights, Tensor) else plain_array(weights)
    if w.ndim == 1 and np.ndim(a) > 1:
        w = np.broadcast_to(w, x.shape)
    else:
        w, _ = _in_last(w, axis)
    ranks = of_values(lambda x: np.argsort(np.argsort(x, axis=-1), axis=-1).astype(float), x)
    found = of_values(
        lambda q, w: np.quantile(ranks, q, axis=-1, weights=w, method="inverted_cdf"), q, w
    )
    chosen = np.reshape(found, (-1, *x.shape[:-1])).astype(np.intp)
    shape = kept if keepdims is True else x.shape[:-1]
    return np.reshape(order_statistics(x, chosen), (*np.shape(q), *shape))


def _define_median(function: Any, skips_nan: bool) -> None:
    name = function.__name__

    def definition(
        a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False,
        keepdims: bool = False,
    ) -> Any:  # fmt: skip
        found = _quantiles(a, 0.5, axis, "linear", keepdims, skips_nan, middle=True)
        return finished(found, out, name)

    composed(function)(definition)


def _define_quantile(function: Any, scale: float, skips_nan: bool) -> None:
    name = function.__name__

    def definition(
        a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False,
        method: str = "linear", keepdims: bool = False, *, weights: Any = None,
    ) -> Any:  # fmt: skip
        fractions = _fractions(q, name, scale)
        if weights is not None:
            _check_weighted(name, method, skips_nan)
            return finished(_weighted(a, fractions, weights, axis, keepdims), out, name)
        return finished(_quantiles(a, fractions, axis, method, keepdims, skips_nan), out, name)

    composed(function)(definition)


_define_median(np.median, False)
_define_median(np.nanmedian, True)
_define_quantile(np.quantile, 1.0, False)
_define_quantile(np.nanquantile, 1.0, True)
_define_quantile(np.percentile, 100.0, False)
_define_quantile(np.nanpercentile, 100.0, True)


# --- positions, which have no gradient -----------------------------------------------------------


def _argsort(
    self: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Any:
    return np.argsort(self, axis, kind, order, stable=stable)


def _argpartition(
    self: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
) -> Any:
    return np.argpartition(self, kth, axis, kind, order)


def _searchsorted(self: Any, v: Any, side: Any = "left", sorter: Any = None) -> Any:
    return np.searchsorted(self, v, side, sorter)


constant(
    np.argpartition, np.lexsort, np.searchsorted, np.digitize,
    np.argwhere, np.flatnonzero,
)  # fmt: skip
register_method(["argsort"], _argsort)
register_method(["argpartition"], _argpartition)
register_method(["searchsorted"], _searchsorted)
register_method(["nonzero"], lambda self: np.nonzero(self))
