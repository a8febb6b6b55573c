"""Gates that move values without changing them: reshape, transpose, broadcast, join.

Each has an adjoint that moves the gradient back: `sum_to` for `broadcast_to`, the inverse
permutation for `transpose`, the slice for `concatenate`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple
from numpy.typing import DTypeLike

from ..arrays import Array, plain_array
from ..declare import gate, register_method
from ..errors import DTypeError, ShapeError, UnsupportedError
from ..modes import MODE
from ..numpy_api import NUMPY_FUNCTIONS
from ..tensor import Tensor
from .signatures import joining, recorded

__all__ = [
    "astype", "broadcast_to", "concatenate", "expand_dims", "moveaxis", "ravel", "reshape",
    "squeeze", "stack", "swapaxes", "transpose",
]  # fmt: skip

Shape = tuple[int, ...]


@gate(
    numpy=np.reshape,
    linear=True,
    vjp=lambda g, x_shape: np.reshape(g, x_shape),
    says="{g}, in the shape of {x}",
)
def reshape(x: Array, shape: int | Sequence[int]) -> Array:
    """The same values in another shape, as `np.reshape`; one length may be -1."""
    try:
        return np.reshape(x, shape)
    except ValueError:
        raise ShapeError(
            f"reshape: {np.shape(x)} holds {np.size(x)} values, which do not fit {shape}"
        ) from None


def _reshape_method(x: Tensor, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
    return _reshape_function(x, shape[0] if len(shape) == 1 else shape, order, copy=copy)  # type: ignore[no-any-return]


def _reshape_function(a: Any, /, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    """`np.reshape`, with its options."""
    if order == "C" and copy is None:
        return reshape(a, shape=shape)
    from ..library.arrange import reshaped

    return reshaped(a, shape, order, copy)


@recorded
def ravel(x: Any, order: str = "C") -> Any:
    """The values in one axis, as `np.ravel`: in C order, or as `order` tells."""
    return _reshape_function(x, -1, order)


def _flatten_method(x: Tensor, order: str = "C") -> Tensor:
    return copy(ravel(x, order), order="C")


def _inverse(axes: Sequence[int] | None) -> tuple[int, ...] | None:
    if axes is None:
        return None
    order = [axis % len(axes) for axis in axes]
    return tuple(sorted(range(len(order)), key=order.__getitem__))


@gate(
    numpy=np.transpose,
    symbol="T",
    written="xᵀ",
    linear=True,
    vjp=lambda g, axes: np.transpose(g, _inverse(axes)),
    says="{g}, with the axes put back",
)
def transpose(x: Array, axes: Sequence[int] | None = None) -> Array:
    """The axes in another order (reversed, when none is given), as `np.transpose`."""
    return np.transpose(x, axes)


def _transpose_method(x: Tensor, *axes: Any) -> Tensor:
    given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
    return transpose(x, axes=given or None)


@recorded
def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Exchange two axes, as `np.swapaxes`."""
    order = list(range(np.ndim(x)))
    first = normalize_axis_index(axis1, len(order), "axis1")
    second = normalize_axis_index(axis2, len(order), "axis2")
    order[first], order[second] = order[second], order[first]
    return transpose(x, axes=tuple(order))


@recorded
def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Move an axis, or several, to other places, as `np.moveaxis`."""
    count = np.ndim(x)
    sources = normalize_axis_tuple(source, count, "source")
    places = normalize_axis_tuple(destination, count, "destination")
    if len(sources) != len(places):
        raise ShapeError(
            f"moveaxis: got {len(sources)} axes and {len(places)} places; give as many of each"
        )
    order = [axis for axis in range(count) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(x, axes=tuple(order))


@gate(
    numpy=np.expand_dims,
    linear=True,
    vjp=lambda g, x_shape: np.reshape(g, x_shape),
    says="{g}, in the shape of {x}",
)
def expand_dims(x: Array, axis: int | Shape) -> Array:
    """Insert axes of length 1, as `np.expand_dims`."""
    return np.expand_dims(x, axis)


@gate(
    numpy=np.squeeze,
    linear=True,
    vjp=lambda g, x_shape: np.reshape(g, x_shape),
    methods=["squeeze"],
    says="{g}, in the shape of {x}",
)
def squeeze(x: Array, axis: int | Sequence[int] | None = None) -> Array:
    """Remove axes of length 1, as `np.squeeze`."""
    return np.squeeze(x, axis)


@gate(
    numpy=np.broadcast_to,
    symbol="broadcast",
    role="copies: the gradients of the copies are added up",
    linear=True,
    vjp=lambda g, x_shape: _sum_back(g, x_shape),
    says="Σ {g} over the copies",
)
def broadcast_to(x: Array, shape: Shape) -> Array:
    """Repeat along new or length-1 axes without copying, as `np.broadcast_to`."""
    return np.broadcast_to(x, shape)


def _sum_back(g: Array, shape: Shape) -> Array:
    return sum_to(g, shape=shape)


@gate(
    symbol="Σ",
    linear=True,
    says="{g}, for each summand",
    vjp=lambda g, x_shape: broadcast_to(g, shape=x_shape),
)
def sum_to(x: Array, shape: Shape) -> Array:
    """Sum away what broadcasting from `shape` had repeated; the adjoint of `broadcast_to`."""
    if shape == x.shape:
        return x
    extra = x.ndim - len(shape)
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, x.shape[extra:], strict=True)):
        raise misfit(x.shape, shape)
    repeated = [k for k, n in enumerate(shape) if n == 1 != x.shape[extra + k]]
    axes = (*range(extra), *(extra + k for k in repeated))
    if not repeated:
        return np.sum(x, axis=axes[0] if len(axes) == 1 else axes)
    total = np.sum(x, axis=axes, keepdims=True)
    return np.reshape(total, shape) if extra else total


def misfit(given: Shape, shape: Shape) -> ShapeError:
    """The error for what cannot be summed to a shape: mostly a gradient that a rule has made."""
    return ShapeError(
        f"a gradient of shape {given} does not belong to a value of shape {shape}; the rule of the "
        "gate that used the value should give the value's shape, or one that broadcasting made"
    )


@gate(local=1)
def copy(x: Array, order: str = "K") -> Array:
    """The same values in memory of their own, as `np.copy`."""
    return x.copy(order) if np.ndim(x) else x  # numbers never change


@gate(name="astype", linear=True, vjp=lambda g: g)
def _astype(x: Array, dtype: DTypeLike) -> Array:
    return x.astype(dtype)


@recorded
def astype(x: Any, dtype: DTypeLike) -> Any:
    """The values as another kind of number; the gradient comes back in the kind of `x`.

    Raises DTypeError where a gradient would be lost: from tracked floats to integers.
    """
    given, wanted = x.dtype, np.dtype(dtype)
    if wanted.kind not in "fciub":
        raise DTypeError(
            f"astype: got {wanted}; a tensor holds floats, complex numbers, integers or bools: use "
            "t.numpy().astype(...)"
        )
    loses = given.kind in "fc" and wanted.kind not in {"f": "fc", "c": "c"}[given.kind]
    if loses and isinstance(x, Tensor) and x.requires_grad and MODE.get().recording:
        raise DTypeError(
            f"astype: from {given} to {wanted} would lose the gradient; use "
            "t.detach().astype(...), and np.real(t) for the real part of complex numbers"
        )
    return _astype(x, dtype=dtype)


def _astype_method(
    x: Tensor,
    dtype: DTypeLike,
    order: str = "K",
    casting: Any = "unsafe",
    subok: bool = True,
    copy: bool = True,
) -> Tensor:
    """The values as another kind of number, as `ndarray.astype`; `order` is the tensor's own."""
    if not np.can_cast(x.dtype, dtype, casting):
        raise DTypeError(
            f"astype: {x.dtype} does not become {np.dtype(dtype)} by casting={casting!r}; leave "
            "casting out to convert all the same"
        )
    if order not in ("K", "A"):
        raise UnsupportedError(f"astype: order={order!r} is not supported; use t.copy({order!r})")
    return x if not copy and x.dtype == dtype else astype(x, dtype)


register_method(["astype"], _astype_method)


def _copy_of_array(x: Any, order: str = "K", subok: bool = False) -> Any:
    """`np.copy`: of a single value it makes an array, which can be written to."""
    result = copy(x, order=order)
    if not result._array.shape:
        result._memory = []
    return result


def _copy_method(x: Tensor, order: str = "C") -> Tensor:
    return copy(x, order=order) if x._is_number() else _copy_of_array(x, order)


def _slice(axis: int, ends: Sequence[int], position: int) -> tuple[slice, ...]:
    """Where operand `position` lies in a concatenation."""
    start = ends[position - 1] if position else 0
    return (slice(None),) * axis + (slice(start, ends[position]),)


@gate(
    name="concatenate",
    variadic=True,
    linear=True,
    vjp=lambda g, axis, ends, position: g[_slice(axis, ends, position)],
    says="the part of {g} that belongs to it",
)
def _concatenate(arrays: Sequence[Array], axis: int, ends: Sequence[int]) -> Array:
    return np.concatenate(arrays, axis)


@joining
def concatenate(
    arrays: Sequence[Any], /, axis: int | None = 0, out: Any = None, **options: Any
) -> Any:
    """Join along an axis that exists (None: flatten first), as `np.concatenate`."""
    if options or out is not None:
        return _joined(concatenate, arrays, axis, out, **options)
    arrays = [x if isinstance(x, Tensor) else plain_array(x) for x in arrays]
    if axis is None:
        arrays, axis = [ravel(x) for x in arrays], 0
    if not arrays or arrays[0].ndim == 0:
        raise ShapeError("concatenate: got no arrays, or single values; use np.stack for those")
    axis = normalize_axis_index(axis, arrays[0].ndim)
    if any(x.ndim != arrays[0].ndim for x in arrays):
        raise ShapeError(
            f"concatenate: the shapes are {', '.join(str(x.shape) for x in arrays)}; all arrays "
            "need as many axes as the first"
        )
    ends = tuple(itertools.accumulate(x.shape[axis] for x in arrays))
    return _concatenate(arrays, axis=axis, ends=ends)


@joining
@gate(
    variadic=True,
    linear=True,
    vjp=lambda g, axis, position: g[(slice(None),) * (axis % g.ndim) + (position,)],
    says="the part of {g} that belongs to it",
)
def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """Join along a new axis, as `np.stack`."""
    return np.stack(arrays, axis)


def _stack(arrays: Any, axis: int = 0, out: Any = None, **options: Any) -> Any:
    if options or out is not None:
        return _joined(_stack, arrays, axis, out, **options)
    return stack(arrays, axis=axis)


def _joined(*given: Any, **options: Any) -> Any:
    """`np.concatenate` or `np.stack`, with options."""
    from ..library.arrange import joined

    return joined(*given, **options)


NUMPY_FUNCTIONS.update(
    {
        np.reshape: _reshape_function,
        np.ravel: ravel,
        np.copy: _copy_of_array,
        np.swapaxes: swapaxes,
        np.moveaxis: moveaxis,
        np.concatenate: concatenate,
        np.stack: _stack,
    }
)
_METHODS: dict[str, Any] = {
    "copy": _copy_method,
    "__pos__": _copy_method,
    "reshape": _reshape_method,
    "ravel": ravel,
    "flatten": _flatten_method,
    "transpose": _transpose_method,
    "swapaxes": swapaxes,
    "T": property(transpose),
}
for _name, _method in _METHODS.items():
    register_method([_name], _method)
