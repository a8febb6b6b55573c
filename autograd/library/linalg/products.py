"""Products of matrices and vectors in the namespace of `np.linalg`."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...declare import composed
from ...errors import ShapeError
from ...numpy_api import refuse_options
from ...tensor import Tensor

__all__: list[str] = []


def _as_operand(x: Any) -> Any:
    return x if isinstance(x, Tensor) else np.asarray(x)


@composed(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """A square matrix multiplied with itself, or its inverse, as `np.linalg.matrix_power`."""
    n = operator.index(n)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    if n == 3:
        return a @ a @ a
    square, result = a, None
    while True:
        if n % 2:
            result = square if result is None else result @ square
        n //= 2
        if not n:
            return result
        square = square @ square


@composed(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """The product of several matrices in the order that costs least, as `np.linalg.multi_dot`.

    The first and the last may be vectors. The order is that of T. Cormen et al., "Introduction to
    Algorithms", section 14.2 of the fourth edition.
    """
    refuse_options("linalg.multi_dot", {"out": out})
    arrays = [_as_operand(x) for x in arrays]
    if len(arrays) < 2:
        raise ShapeError(f"np.linalg.multi_dot: got {len(arrays)} arrays; expected two or more")
    if len(arrays) == 2:
        return np.dot(*arrays)
    first, last = arrays[0].ndim == 1, arrays[-1].ndim == 1
    if first:
        arrays[0] = np.expand_dims(arrays[0], 0)
    if last:
        arrays[-1] = np.expand_dims(arrays[-1], 1)
    wrong = [x.shape for x in arrays if x.ndim != 2]
    if wrong:
        raise ShapeError(f"np.linalg.multi_dot: expected matrices, got an array of {wrong[0]}")
    split = _cheapest([arrays[0].shape[0], *(x.shape[1] for x in arrays)])
    found = _product(arrays, split, 0, len(arrays) - 1)
    axes = (0,) * first + (-1,) * last
    return np.squeeze(found, axes) if axes else found


def _cheapest(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """For each run of matrices, behind which one its product is split in two."""
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    split = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = {
                k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            }
            split[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[split[i, j]]
    return split


def _product(arrays: Sequence[Any], split: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return arrays[i]
    k = split[i, j]
    return np.dot(_product(arrays, split, i, k), _product(arrays, split, k + 1, j))


@composed(np.linalg.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    """The matrix product, as `np.linalg.matmul`."""
    return np.matmul(x1, x2)


@composed(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged, as `np.linalg.matrix_transpose`."""
    if x.ndim < 2:
        raise ShapeError(f"np.linalg.matrix_transpose: x is {x.shape}; expected two axes or more")
    return np.swapaxes(x, -1, -2)


@composed(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The sum of conj(x1) * x2 along an axis, as `np.linalg.vecdot`."""
    x1, x2 = _as_operand(x1), _as_operand(x2)
    return np.sum((np.conjugate(x1) if x1.dtype.kind == "c" else x1) * x2, axis=axis)


@composed(np.linalg.outer)
def outer(x1: Any, x2: Any, /) -> Any:
    """All products of two vectors, as `np.linalg.outer`."""
    x1, x2 = _as_operand(x1), _as_operand(x2)
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(
            f"np.linalg.outer: x1 is {x1.shape} and x2 is {x2.shape}; expected vectors"
        )
    return np.expand_dims(x1, 1) * x2


@composed(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The product of vectors in space, as `np.linalg.cross`."""
    x1, x2 = np.moveaxis(_as_operand(x1), axis, -1), np.moveaxis(_as_operand(x2), axis, -1)
    if x1.shape[-1] != 3 or x2.shape[-1] != 3:
        raise ShapeError(
            f"np.linalg.cross: the vectors have {x1.shape[-1]} and {x2.shape[-1]} elements; "
            "expected 3"
        )
    after, before = [1, 2, 0], [2, 0, 1]
    found = x1[..., after] * x2[..., before] - x1[..., before] * x2[..., after]
    return np.moveaxis(found, -1, axis)


@composed(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """The diagonals of matrices in the last two axes, as `np.linalg.diagonal`."""
    rows, columns = x.shape[-2:]
    first, right = max(0, -offset), max(0, offset)
    count = max(0, min(rows - first, columns - right))
    return x[..., np.arange(first, first + count), np.arange(right, right + count)]


@composed(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    """The sums of the diagonals, as `np.linalg.trace`."""
    found = np.sum(diagonal(x, offset=offset), axis=-1)
    return found if dtype is None else found.astype(dtype)


@composed(np.linalg.tensordot)
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """Sums of products over pairs of axes, as `np.linalg.tensordot`."""
    x1, x2 = _as_operand(x1), _as_operand(x2)
    mine, others = axes if not isinstance(axes, int) else (range(-axes, 0), range(axes))
    mine = [normalize_axis_index(k, x1.ndim) for k in _each(mine)]
    others = [normalize_axis_index(k, x2.ndim) for k in _each(others)]
    sizes, other_sizes = [x1.shape[k] for k in mine], [x2.shape[k] for k in others]
    if sizes != other_sizes:
        raise ShapeError(
            f"np.linalg.tensordot: x1 is {x1.shape} and x2 is {x2.shape}; the axes summed over "
            f"have {sizes} and {other_sizes} elements"
        )
    x1 = np.moveaxis(x1, mine, range(x1.ndim - len(mine), x1.ndim))
    x2 = np.moveaxis(x2, others, range(len(others)))
    left, right = x1.shape[: x1.ndim - len(mine)], x2.shape[len(others) :]
    count = math.prod(sizes)
    product = np.matmul(
        np.reshape(x1, (math.prod(left), count)), np.reshape(x2, (count, math.prod(right)))
    )
    return np.reshape(product, left + right)


def _each(axes: Any) -> Sequence[int]:
    return [axes] if isinstance(axes, int) else list(axes)
