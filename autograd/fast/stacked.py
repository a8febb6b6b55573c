"""Many gradients at once: what a backward pass runs on when it is asked for all rows of a Jacobian.

A `Stacked` stands in for an array and holds one for each of many directions, along an axis of its
own in front. The gradient rules are plain NumPy and run on it as they are: a product with a matrix
is one large product, and arithmetic goes over all directions in one call. It knows the few
functions for which the axis in front is easy; on any other it raises NotStackableError, and the
rule is applied to one direction after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..backward import backpropagate, reachable
from ..functional.rows import one_by_one
from ..gate import Edge
from ..modes import MODE
from ..node import Node
from ..standins import StandIn, has_nan
from ..tensor import Tensor
from ..values import Sweep
from .buffers import empty
from .quick import QUICK

__all__ = ["NotStackableError", "Stacked", "all_rows", "each"]

TOGETHER = 1 << 23  # bytes that a value may take for all rows that are worked out together


class NotStackableError(TypeError):
    """A function that is not known to work on a stack."""


class StackedSweep(Sweep):
    """A backward pass of many gradients at once."""

    def back(self, node: Node, edge: Edge, g: Any) -> Any:
        """The row's rule, for all of them, if it gives the bits of a quicker one."""
        quick = QUICK.get(node.gate)  # type: ignore[arg-type]
        if quick is not None and quick.alone:
            return Stacked(np.stack([edge.back(node, one) for one in g.values]))
        arguments = edge.arguments(node)
        return each(lambda one: self.kind.back(node, edge, one, arguments), g)


class Stacked(NDArrayOperatorsMixin, StandIn):
    """Arrays of one shape, worked on together: `values` has an axis in front that `shape` hides."""

    __slots__ = ("values",)
    _sweep = StackedSweep

    def __init__(self, values: Any):
        self.values = values

    @property
    def value(self) -> Any:
        """All the arrays."""
        return self.values

    def call(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """A function that may do anything: one after the other, please."""
        raise NotStackableError(function.__name__)

    shape = property(lambda self: self.values.shape[1:], doc="Lengths of the axes of each.")
    ndim = property(lambda self: len(self.shape), doc="Number of axes of each.")
    dtype = property(lambda self: self.values.dtype, doc="Kind of number.")

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getattr__(self, name: str) -> Any:
        """A method of arrays that is not provided for: one after the other, please."""
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"a stack of gradients has no attribute {name!r}")
        raise NotStackableError(name)

    def __getitem__(self, index: Any) -> Stacked:
        parts = index if isinstance(index, tuple) else (index,)
        if len(parts) > 1 and not all(_is_basic(part) for part in parts):
            raise NotStackableError("several indices of which some are arrays")
        return Stacked(self.values[(slice(None), *parts)])

    def __setitem__(self, index: Any, value: Any) -> None:
        target = self[index]
        number = not isinstance(value, Stacked) and np.ndim(value) == 0
        if not number and (not isinstance(value, Stacked) or value.shape != target.shape):
            raise NotStackableError("writing what is no number and no stack of the same shape")
        parts = index if isinstance(index, tuple) else (index,)
        self.values[(slice(None), *parts)] = value if number else value.values

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NotStackableError("np.asarray")

    def __iter__(self) -> Any:
        raise NotStackableError("iteration")

    def __bool__(self) -> bool:
        raise NotStackableError("a branch")

    __float__ = __int__ = __index__ = __bool__

    # --- NumPy's functions -----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "reduce" and options.keys() <= {"axis", "dtype", "keepdims"}:
            return _reduce(ufunc, *inputs, **options)
        if method != "__call__" or options:
            raise NotStackableError(f"{ufunc.__name__}.{method}")
        if ufunc is np.matmul:
            return _matmul(*inputs)
        if ufunc.signature is not None:
            raise NotStackableError(ufunc.__name__)
        return Stacked(_compute(ufunc, _aligned(inputs)))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, options: dict[str, Any]
    ) -> Any:
        if function not in _FUNCTIONS:
            raise NotStackableError(function.__name__)
        try:
            return _FUNCTIONS[function](*args, **options)
        except TypeError as error:  # an option that is not provided for
            raise NotStackableError(f"{function.__name__}: {error}") from None

    # --- methods of arrays -----------------------------------------------------------------------

    @property
    def T(self) -> Stacked:  # noqa: N802 (NumPy's name)
        """The axes of each in reverse order."""
        return _transpose(self)

    def reshape(self, *shape: Any) -> Stacked:
        """As `np.reshape`."""
        return _reshape(self, shape[0] if len(shape) == 1 else shape)

    def swapaxes(self, first: int, second: int) -> Stacked:
        """As `np.swapaxes`."""
        order = list(range(self.ndim))
        order[first], order[second] = order[second], order[first]
        return _transpose(self, order)

    def copy(self, order: Any = "C") -> Stacked:
        """The same in memory of its own."""
        return Stacked(self.values.copy(order))

    def astype(self, dtype: Any) -> Stacked:
        """As of an array."""
        return Stacked(self.values.astype(dtype))

    __hash__ = object.__hash__


def all_rows(value: Tensor, nodes: list[Node], recorded: bool = False) -> list[Any]:
    """The gradients of each element of a value, joined along a new first axis; None where a node
    does not lead to it. Many rows go back together, as many as fit."""
    gates = reachable(value.node) or [value.node]
    largest = max(math.prod(node.shape) * node.dtype.itemsize for node in gates)
    count, size = max(1, TOGETHER // max(1, largest)), value.size
    found = [
        backpropagate(value.node, Stacked(rows.reshape(-1, *value.shape)), nodes)
        for rows in (
            np.eye(min(count, size - k), size, k, value.dtype) for k in range(0, size, count)
        )
    ]
    rows = [
        _joined([grads[node].values for grads in found]) if node in found[0] else None
        for node in nodes
    ]
    finite = [x for x in rows if x is not None]
    if any(map(has_nan, finite)):  # perhaps of an element that is not the row's own: 0 · inf
        return one_by_one(value, nodes)
    MODE.get().kind.leave(finite)
    return rows


def _joined(blocks: list[Any]) -> Any:
    return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def each(function: Callable[[Any], Any], stack: Stacked) -> Stacked:
    """A linear function of each array of a stack: of all at once, or of one after the other."""
    try:
        found = function(stack)
        if isinstance(found, Stacked):
            return found
    except NotStackableError:
        pass
    return Stacked(np.stack([function(stack.values[k]) for k in range(stack.values.shape[0])]))


def _is_basic(part: Any) -> bool:
    return part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer))


def _aligned(operands: Iterable[Any]) -> list[Any]:
    """The operands with the axis in front where all of them broadcast against each other."""
    operands = list(operands)
    most = max(np.ndim(x) for x in operands)
    return [_with_axes(x, most) if isinstance(x, Stacked) else x for x in operands]


def _compute(ufunc: Any, operands: list[Any]) -> Any:
    """The function, into memory that is used again where the result is large."""
    if "dd->d" in ufunc.types and all(isinstance(x, (np.ndarray, float, int)) for x in operands):
        dtype = np.result_type(*operands)
        if dtype.kind == "f":
            return ufunc(*operands, out=empty(np.broadcast(*operands).shape, dtype))
    return ufunc(*operands)


def _with_axes(x: Stacked, ndim: int) -> Any:
    """The values, with axes of length 1 so that each array has `ndim`."""
    if ndim == x.ndim:
        return x.values
    return np.reshape(x.values, (x.values.shape[0], *[1] * (ndim - x.ndim), *x.shape))


def _reduce(
    ufunc: np.ufunc, x: Stacked, axis: Any = 0, dtype: Any = None, *, keepdims: bool = False
) -> Stacked:
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    shifted = tuple(k % x.ndim + 1 for k in axes)
    return Stacked(ufunc.reduce(x.values, axis=shifted, dtype=dtype, keepdims=keepdims))


def _sum(x: Stacked, axis: Any = None, *, keepdims: bool = False) -> Stacked:
    return _reduce(np.add, x, axis, keepdims=keepdims)


def _matmul(x: Any, y: Any) -> Stacked:
    """x @ y where one of them is a stack; of vectors, or of matrices and one matrix, in one go."""
    if isinstance(x, Stacked) and isinstance(y, Stacked):
        raise NotStackableError("a product of two stacks")
    if isinstance(y, Stacked) and y.ndim == 1:  # x @ y for a vector y is y @ x.T
        if x.ndim > 2:
            raise NotStackableError("a product of a vector and many matrices")
        return Stacked(np.dot(y.values, x if x.ndim == 1 else np.transpose(x)))
    if isinstance(x, Stacked) and x.ndim == 1:
        if y.ndim > 2:
            raise NotStackableError("a product of a vector and many matrices")
        return Stacked(np.dot(x.values, y))
    if isinstance(x, Stacked) and y.ndim <= 2:
        rows = np.reshape(x.values, (-1, x.shape[-1]))
        columns = y.shape[1:]
        return Stacked(np.reshape(np.dot(rows, y), (*x.values.shape[:-1], *columns)))
    if x.ndim == 1 or y.ndim == 1:
        return Stacked(np.matmul(_values(x), _values(y)))
    return Stacked(np.matmul(*_aligned([x, y])))


def _dot(x: Any, y: Any) -> Stacked:
    if np.ndim(x) > 2 or np.ndim(y) > 2 or 0 in (np.ndim(x), np.ndim(y)):
        raise NotStackableError("np.dot of other than vectors and matrices")
    return _matmul(x, y)


def _values(x: Any) -> Any:
    return x.values if isinstance(x, Stacked) else x


def _reshape(x: Stacked, shape: Any) -> Stacked:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return Stacked(np.reshape(x.values, (x.values.shape[0], *shape)))


def _transpose(x: Stacked, axes: Sequence[int] | None = None) -> Stacked:
    order = range(x.ndim)[::-1] if axes is None else [axis % x.ndim for axis in axes]
    return Stacked(np.transpose(x.values, (0, *(axis + 1 for axis in order))))


def _expand_dims(x: Stacked, axis: Any) -> Stacked:
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = x.ndim + len(axes)
    return Stacked(np.expand_dims(x.values, tuple(k % ndim + 1 for k in axes)))


def _squeeze(x: Stacked, axis: Any = None) -> Stacked:
    every = tuple(k for k, length in enumerate(x.shape) if length == 1)
    axes = every if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return Stacked(np.squeeze(x.values, tuple(k % x.ndim + 1 for k in axes)))


def _broadcast_to(x: Stacked, shape: Any) -> Stacked:
    values = _with_axes(x, len(shape))
    return Stacked(np.broadcast_to(values, (values.shape[0], *shape)))


def _where(condition: Any, x: Any, y: Any) -> Stacked:
    return Stacked(np.where(*_aligned([condition, x, y])))


def _zeros_like(x: Stacked, shape: Any = None, order: Any = "K") -> Stacked:
    each_shape = x.shape if shape is None else shape
    return Stacked(np.zeros_like(x.values, order=order, shape=(x.values.shape[0], *each_shape)))


_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.real: lambda x: Stacked(np.real(x.values)),
    np.imag: lambda x: Stacked(np.imag(x.values)),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.sum: _sum,
    np.dot: _dot,
    np.reshape: _reshape,
    np.transpose: _transpose,
    np.swapaxes: Stacked.swapaxes,
    np.expand_dims: _expand_dims,
    np.squeeze: _squeeze,
    np.broadcast_to: _broadcast_to,
    np.where: _where,
    np.zeros_like: _zeros_like,
}
