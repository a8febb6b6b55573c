"""Types: what is known of an array before any program runs: shape, dtype, layout.

Functions can be asked for the type of their result without data: on arrays that are never read,
which have the shape and the layout of real ones but no memory, and on miniatures, which have short
axes in the same order.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Miniatures", "Type", "filled", "fresh", "map_tree", "packed", "type_of", "unread"]

Shape = tuple[int, ...]
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Type:
    """Shape, dtype and layout of an array; of a number, which has no axes.

    strides   in bytes. Those of axes of length 1, and of arrays without elements, with which no
              element is reached, are as in C order: so types are equal when arrays are laid out
              alike
    weak      a Python number, which takes the dtype of the array that it meets
    """

    shape: Shape
    dtype: np.dtype[Any]
    strides: Shape
    weak: bool = False

    def __hash__(self) -> int:
        return hash((self.shape, self.strides))  # (that of a dtype takes as long as all the rest)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_contiguous(self) -> bool:
        """In C order, without gaps."""
        return self.strides == c_strides(self.shape, self.dtype.itemsize)

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


WEAK = {kind: Type((), np.dtype(kind), (), weak=True) for kind in (float, int, bool, complex)}


def type_of(value: Any) -> Type:
    """The type of an array, a scalar of NumPy or a Python number; of a type it is that type.

    >>> print(type_of(np.ones((2, 3)).T), type_of(np.ones((2, 3)).T).strides)
    float64[3, 2] (8, 24)
    """
    if value.__class__ is Type:
        return value
    weak = WEAK.get(value.__class__)
    if weak is not None:
        return weak
    return _laid_out(value.shape, value.dtype, value.strides)


@functools.lru_cache(maxsize=128)
def _laid_out(shape: Shape, dtype: np.dtype[Any], strides: Shape) -> Type:
    """The type of an array: one object for equal ones, which are asked for again and again."""
    return Type(shape, dtype, _settled(shape, strides, dtype.itemsize))


def _settled(shape: Shape, strides: Shape, itemsize: int) -> Shape:
    """Strides, with those with which no element is reached as in C order."""
    if 0 in shape:
        return c_strides(shape, itemsize)
    if 1 not in shape:
        return strides
    found, step = [], itemsize
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        found.append(step if n == 1 else stride)
        step = abs(found[-1]) * n
    return tuple(found[::-1])


def c_strides(shape: Shape, itemsize: int) -> Shape:
    """The strides of an array in C order without gaps."""
    strides, step = [], itemsize
    for n in reversed(shape):
        strides.append(step)
        step *= n or 1
    return tuple(strides[::-1])


def packed(shape: Iterable[int], dtype: Any, like: Shape | None = None) -> Type:
    """An array without gaps: in C order, or with its axes in the order of the strides `like`."""
    return _packed(tuple(shape), np.dtype(dtype), like)


@functools.lru_cache(maxsize=128)
def _packed(shape: Shape, dtype: np.dtype[Any], like: Shape | None) -> Type:
    shape = tuple(map(int, shape))  # lengths may be numbers of NumPy, which are equal to Python's
    order = [] if like is None else sorted(range(len(shape)), key=lambda k: -abs(like[k]))
    if order == sorted(order):
        return Type(shape, dtype, c_strides(shape, dtype.itemsize))
    in_order = c_strides(tuple([shape[k] for k in order]), dtype.itemsize)
    found = dict(zip(order, in_order, strict=True))
    strides = tuple([found[k] for k in range(len(shape))])
    return Type(shape, dtype, _settled(shape, strides, dtype.itemsize))


def fresh(type: Type, dtype: Any = None) -> Type:
    """The type of `np.empty_like(array)`: no gaps, the axes in the order they are in.

    >>> fresh(type_of(np.ones((4, 6)).T[::-2])).strides
    (8, 24)
    """
    return packed(type.shape, type.dtype if dtype is None else dtype, type.strides)


# --- arrays to ask with --------------------------------------------------------------------------

_MEMORY = np.zeros(64, np.uint8)  # all that an array without memory ever points to


class _Nowhere:
    """Lets NumPy make an array of a type, without memory for its elements."""

    def __init__(self, type: Type):
        self.__array_interface__ = {
            "version": 3,
            "shape": type.shape,
            "strides": type.strides,
            "typestr": type.dtype.str,
            "data": (_MEMORY.ctypes.data, True),
        }


@functools.lru_cache(maxsize=1024)
def unread(type: Type) -> Array:
    """An array of the type, without memory: to take views of. Its elements must not be read."""
    return np.asarray(_Nowhere(type))


def filled(type: Type) -> Any:
    """An array of the type, with its very strides, or a Python number; full of 1, integers of 0."""
    if type.weak:
        return type.dtype.type(1).item()
    reach = [(n - 1) * s for n, s in zip(type.shape, type.strides, strict=True)] * (type.size > 0)
    before = -sum(r for r in reach if r < 0)
    count = (before + sum(r for r in reach if r > 0)) // type.itemsize + 1
    # a valid index, and nowhere singular
    memory = np.full(count, 0 if type.dtype.kind in "iu" else 1, type.dtype)
    return np.ndarray(type.shape, type.dtype, memory, before, type.strides)


class Miniatures:
    """Small types for large ones: each length is replaced by a small one, a length of 1 by 1.

    Equal lengths stay equal and different ones different, axes keep the order and the signs of
    their strides. So a function whose result has lengths of its operands, and is laid out as the
    order of their axes asks, gives the miniature of its result.
    """

    def __init__(self) -> None:
        self._short = {1: 1}

    def of(self, x: Any) -> Any:
        """The miniature of the type of an array or of a type; anything else as it is."""
        if x.__class__ is not Type and not isinstance(x, np.ndarray):
            return x
        type, short = type_of(x), self._short
        if not type.shape:
            return type
        shape = tuple([short.get(n) or short.setdefault(n, len(short) + 1) for n in type.shape])
        plain = type.strides == c_strides(type.shape, type.itemsize)
        strides = c_strides(shape, type.itemsize) if plain else _small_strides(shape, type)
        return Type(shape, type.dtype, strides)

    def large(self, small: Type, shape: Shape | None = None) -> Type:
        """The type whose miniature is the type of a result; `shape` if it has other lengths."""
        if shape is None:
            if not small.shape:
                return small
            long = [*self._short]
            shape = tuple([long[n - 1] for n in small.shape])
        return packed(shape, small.dtype, small.strides)


@functools.lru_cache(maxsize=4096)
def _small_strides(small: Shape, large: Type) -> Shape:
    """Strides of an array of that small shape: in the order of the large one's, gaps where it has
    them."""
    strides, last, end, large_end = [0] * len(small), 0, large.itemsize, large.itemsize
    for k in sorted(range(len(small)), key=lambda k: abs(large.strides[k])):
        step = abs(large.strides[k])
        if not step or small[k] == 1:
            continue
        if step != last:
            last, width = step, end if step == large_end else 2 * end
        strides[k] = width if large.strides[k] > 0 else -width
        end, large_end = end + (small[k] - 1) * width, step * large.shape[k]
    return _settled(small, tuple(strides), large.itemsize)


CONTAINERS = (tuple, list, dict, slice)


class _Nested(dict[type, bool]):
    """For each class of arguments that was met, whether it is one of containers."""

    def __missing__(self, kind: type) -> bool:
        found = self[kind] = issubclass(kind, CONTAINERS)
        return found


_NESTED = _Nested(dict.fromkeys(CONTAINERS, True))


def map_tree(function: Callable[[Any], Any], tree: Any) -> Any:
    """Nested arguments with `function` applied to everything that is no container."""
    kind = type(tree)
    if not _NESTED[kind]:
        return function(tree)
    if isinstance(tree, (tuple, list)):  # most of it is flat: a call less for each item
        items = [
            map_tree(function, item) if _NESTED[type(item)] else function(item) for item in tree
        ]
        return tuple(items) if isinstance(tree, tuple) else items
    if isinstance(tree, dict):
        return {key: map_tree(function, item) for key, item in tree.items()}
    return slice(*[map_tree(function, part) for part in (tree.start, tree.stop, tree.step)])
