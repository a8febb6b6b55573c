"""Taking elements out, and counting them: take, compress, extract, bincount, histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..arrays import plain_array
from ..declare import composed, register_method
from ..errors import ShapeError
from ..gates.compare import constant, of_values
from ..gates.index import scatter
from ..tensor import Tensor
from .reductions import finished

__all__ = ["places_along"]


def _as_array(x: Any) -> Any:
    return x if isinstance(x, Tensor) else plain_array(x)


@composed(np.take, methods=["take"])
def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    """The elements at `indices` along `axis` (None: of all in order), as `np.take`."""
    x = _as_array(a)
    if axis is None or not x.ndim:
        x, axis = np.reshape(x, -1), normalize_axis_index(axis or 0, 1)
    axis = normalize_axis_index(axis, x.ndim)
    length = x.shape[axis]
    if mode == "wrap":
        indices = of_values(np.mod, _whole(indices), length)
    elif mode == "clip":
        indices = of_values(np.clip, _whole(indices), 0, length - 1)
    elif mode != "raise":
        raise ValueError(f"np.take: mode is {mode!r}; expected 'raise', 'wrap' or 'clip'")
    return finished(x[(slice(None),) * axis + (_whole(indices),)], out, "take")


def _whole(indices: Any) -> Any:
    """Indices, and no mask: NumPy takes True for 1 here."""
    found = _as_array(indices)
    if found.dtype == bool:
        return of_values(np.add, found, 0)
    return found if found.size else of_values(np.asarray, found, np.intp)


@composed(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """From each row along `axis` the elements at a row of indices, as `np.take_along_axis`."""
    x, indices = _as_array(arr), _as_array(indices)
    if axis is None:
        if indices.ndim != 1:
            raise ValueError("np.take_along_axis: with axis=None the indices need to have one axis")
        return np.reshape(x, -1)[indices]
    if x.ndim != indices.ndim:
        raise ValueError(
            f"np.take_along_axis: arr has {x.ndim} axes but indices have {indices.ndim}; both need "
            "as many"
        )
    axis = normalize_axis_index(axis, x.ndim)
    return x[places_along(x.shape, indices, axis)]


def places_along(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that takes from each row along an axis the elements at a row of indices."""
    ndim = len(shape)
    return tuple(
        indices if k == axis else np.reshape(np.arange(n), (-1,) + (1,) * (ndim - 1 - k))
        for k, n in enumerate(shape)
    )


@composed(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    """The slices along `axis` for which a condition holds, as `np.compress`."""
    return np.take(a, np.nonzero(condition)[0], axis=axis, out=out)


@composed(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """The elements, in order, for which a condition holds, as `np.extract`."""
    return np.take(arr, np.nonzero(np.ravel(condition))[0])


def _compress(self: Tensor, condition: Any, axis: int | None = None, out: Any = None) -> Any:
    return np.compress(condition, self, axis, out)


register_method(["compress"], _compress)


# --- counting with weights -----------------------------------------------------------------------


@composed(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """How often each number from 0 on is in x, or the sum of the weights, as `np.bincount`.

    The sums stay in the kind of number of the weights.
    """
    if not isinstance(weights, Tensor):
        return of_values(np.bincount, x, weights, minlength)
    places = of_values(_counted, x)
    if weights.shape != places.shape:
        raise ShapeError(
            f"np.bincount: x has shape {places.shape} but the weights have {weights.shape}; each "
            "number needs a weight"
        )
    return scatter(weights, index=places, shape=(np.bincount(places, minlength=minlength).size,))


def _counted(x: Any) -> Any:
    return x if isinstance(x, np.ndarray) else np.asarray(x)


def _weighed(places: Any, lengths: tuple[int, ...], weights: Tensor) -> Any:
    """The sums of weights in a grid of bins; `places` count the bins along each axis from 1."""
    padded = tuple(n + 2 for n in lengths)  # with room for what is outside
    flat = np.ravel_multi_index(tuple(places), padded)
    sums = np.bincount(flat, np.reshape(weights, -1), int(np.prod(padded)))
    return np.reshape(sums, padded)[(slice(1, -1),) * len(padded)]


def _places(x: Any, edges: Any) -> Any:
    """The bin of each value, counted from 1; the last bin includes its end."""
    found = np.searchsorted(edges, x, side="right")
    return np.where(x == edges[-1], len(edges) - 1, found)


def _widths(edges: Any, dtype: np.dtype[Any]) -> Any:
    return np.diff(edges).astype(dtype)


@composed(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> Any:
    """How many values are in each bin, or the sum of their weights, as `np.histogram`.

    Counts, and the bins, are constants; recorded weights get their gradients.
    """
    if not isinstance(weights, Tensor):
        return of_values(np.histogram, a, bins, range, density, weights)
    if isinstance(bins, str):
        raise TypeError(
            "np.histogram: how many bins weighted data need is not estimated; say bins="
        )
    x = of_values(np.ravel, a)
    edges = of_values(np.histogram_bin_edges, x, bins, range)
    found = _weighed([_places(x, edges)], (len(edges) - 1,), weights)
    if density:
        found = found / _widths(edges, found.dtype) / np.sum(found)
    return found, edges


@composed(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> Any:
    """The same in several dimensions, as `np.histogramdd`."""
    if not isinstance(weights, Tensor):
        return of_values(np.histogramdd, sample, bins, range, density, weights)
    points = of_values(_points, sample)
    _, edges = np.histogramdd(points, of_values(lambda x: x, bins), range)
    places = [_places(x, e) for x, e in zip(points.T, edges, strict=True)]
    found = _weighed(places, tuple(len(e) - 1 for e in edges), weights)
    if density:
        found = found / np.sum(found)
        for k, e in enumerate(edges):
            widths = _widths(e, found.dtype)
            found = found / np.reshape(widths, (-1,) + (1,) * (len(edges) - 1 - k))
    return found, edges


def _points(sample: Any) -> Any:
    """One point in each row; a sequence gives their coordinates one after the other."""
    if isinstance(sample, np.ndarray) and sample.ndim == 2:
        return sample
    return np.atleast_2d(np.asarray(sample)).T


@composed(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: bool | None = None,
    weights: Any = None,
) -> Any:  # fmt: skip
    """The same of points in the plane, as `np.histogram2d`."""
    if not isinstance(weights, Tensor):
        return of_values(np.histogram2d, x, y, bins, range, density, weights)
    if np.ndim(bins) == 1 and len(bins) > 2:
        bins = [bins, bins]
    found, edges = histogramdd([x, y], bins, range, density, weights)
    return found, *edges


constant(np.histogram_bin_edges)
