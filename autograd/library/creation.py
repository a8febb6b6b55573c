"""Creation of arrays from tensors: full, linspace and its kin, array; and what reads values only.

`np.array([t[0], t[1]])` does not ask tensors, so it raises; `np.stack` does the same.
"""

from __future__ import annotations

import functools
from typing import Any, Literal

import numpy as np

from ..declare import composed, register_method
from ..errors import ShapeError, UnsupportedError
from ..gates.shape import astype, stack
from ..numpy_api import NUMPY_FUNCTIONS
from ..tensor import Tensor
from . import calls
from .arrange import operand

__all__: list[str] = []


# --- from tensors --------------------------------------------------------------------------------


@composed(np.full)
def full(
    shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None,
) -> Any:  # fmt: skip
    """A value in every place, as `np.full(..., like=t)` calls it."""
    x = operand(fill_value)
    shape = tuple(shape) if np.iterable(shape) else (int(shape),)
    made = np.copy(np.broadcast_to(x, shape))
    return made if dtype is None or made.dtype == dtype else astype(made, dtype=dtype)


@composed(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, *, device: Any = None,
) -> Any:  # fmt: skip
    """A value in every place of an array like another one, as `np.full_like`."""
    shape = np.shape(a) if shape is None else shape
    x = operand(fill_value)
    dtype = a.dtype if dtype is None else np.dtype(dtype)
    return full(shape, x if x.dtype == dtype else astype(x, dtype=dtype))


def _ends(start: Any, stop: Any, dtype: Any, axis: int) -> tuple[Any, Any, int]:
    """Both ends in the shape that they broadcast to, of floats; the axis of the samples."""
    kinds = [x if isinstance(x, (int, float)) else operand(x).dtype for x in (start, stop)]
    kind = np.result_type(*kinds, 0.0) if dtype is None else np.result_type(dtype, 0.0)
    start, stop = operand(start), operand(stop)
    shape = np.broadcast_shapes(start.shape, stop.shape)
    axis = axis + len(shape) + 1 if axis < 0 else axis
    start, stop = (x if x.dtype == kind else astype(x, dtype=kind) for x in (start, stop))
    return start, stop, axis


def _check_count(name: str, num: Any) -> int:
    count = int(num)
    if count < 0:
        raise ShapeError(f"{name}: num is {count}; the number of samples is not negative")
    return count


@composed(np.linspace)
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0, *, device: Any = None,
) -> Any:  # fmt: skip
    """Samples at equal distances from one end to the other, as `np.linspace`."""
    count = _check_count("linspace", num)
    start, stop, axis = _ends(start, stop, dtype, axis)
    parts = count - 1 if endpoint else count
    ndim = max(start.ndim, stop.ndim)
    share = np.arange(count).astype(start.real.dtype) / max(parts, 1)
    share = np.reshape(share, (*(1,) * axis, -1, *(1,) * (ndim - axis)))
    first, last = (_with_axis(x, axis, ndim) for x in (start, stop))
    made = first * (1 - share) + last * share
    made = made if dtype is None or made.dtype == dtype else astype(made, dtype=dtype)
    return (made, (stop - start) / parts if parts else np.nan) if retstep else made


def _with_axis(x: Any, axis: int, ndim: int) -> Any:
    """An end of `ndim` axes, with one more for the samples."""
    return np.expand_dims(np.reshape(x, (*(1,) * (ndim - x.ndim), *x.shape)), axis)


@composed(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    """Powers of a base, of exponents at equal distances, as `np.logspace`."""
    base = operand(base)
    ndim = max(np.ndim(start), np.ndim(stop), base.ndim)
    if base.ndim:
        start, stop = (_with_ndim(operand(x), ndim) for x in (start, stop))
        base = np.expand_dims(_with_ndim(base, ndim), axis)
    elif not isinstance(base, Tensor):
        base = base.item()  # which leaves float32 as it is
    made = base ** linspace(start, stop, num, endpoint, axis=axis)
    return made if dtype is None or made.dtype == dtype else astype(made, dtype=dtype)


def _with_ndim(x: Any, ndim: int) -> Any:
    return np.reshape(x, (*(1,) * (ndim - x.ndim), *x.shape))


@composed(np.geomspace)
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Samples at equal ratios from one end to the other, as `np.geomspace`."""
    first, last = operand(start), operand(stop)
    if first.dtype.kind == "c" or last.dtype.kind == "c":
        raise UnsupportedError(
            "geomspace: complex ends have no gradient here; write np.exp(np.linspace(np.log(a), "
            "np.log(b), num))"
        )
    logarithms = linspace(np.log(np.abs(first)), np.log(np.abs(last)), num, endpoint, axis=axis)
    sign = np.broadcast_arrays(np.sign(first), last)[0]
    made = np.exp(logarithms) * (np.expand_dims(sign, axis) if sign.ndim else sign)
    return made if dtype is None or made.dtype == dtype else astype(made, dtype=dtype)


@composed(np.array)
def array(
    object: Any, dtype: Any = None, *, copy: bool | None = True, order: str = "K",
    subok: bool = False, ndmin: int = 0, ndmax: int = 0,
) -> Any:  # fmt: skip
    """Nested lists of tensors as one, as `np.array(..., like=t)` calls it."""
    made = np.copy(object) if isinstance(object, Tensor) and copy else _stacked(object)
    made = made if dtype is None or made.dtype == dtype else astype(made, dtype=dtype)
    return _with_ndim(made, ndmin) if made.ndim < ndmin else made


def _stacked(part: Any) -> Any:
    if isinstance(part, (list, tuple)) and any(isinstance(x, Tensor) for x in calls.leaves(part)):
        return stack([_stacked(x) for x in part])
    return part if isinstance(part, Tensor) else Tensor(part, requires_grad=False)


for _function in (np.asarray, np.asanyarray):
    NUMPY_FUNCTIONS[_function] = functools.partial(array, copy=None)
NUMPY_FUNCTIONS[np.asfortranarray] = lambda a, dtype=None: np.copy(array(a, dtype), order="F")
NUMPY_FUNCTIONS[np.ascontiguousarray] = lambda a, dtype=None: array(a, dtype, copy=None, ndmin=1)


@composed(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """A tensor of a kind of number, in an order of elements, as `np.require(..., like=t)`."""
    wanted = {str(name).upper()[0] for name in requirements or ()}
    return array(a, dtype, copy=None) if "F" not in wanted else np.asfortranarray(a, dtype, like=a)


@composed(np.astype)
def astype_function(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """The values as another kind of number, as `np.astype`."""
    return x if not copy and x.dtype == dtype else astype(x, dtype=dtype)


# --- values, without a gradient ------------------------------------------------------------------

_READ: tuple[Any, ...] = (
    np.save, np.savez, np.savez_compressed, np.savetxt, np.shares_memory, np.may_share_memory,
    np.can_cast, np.min_scalar_type, np.common_type, np.diag_indices_from, np.tril_indices_from,
    np.triu_indices_from, np.isfortran, np.array_equiv,
)  # fmt: skip
NUMPY_FUNCTIONS.update({f: functools.partial(calls.with_values, f) for f in _READ})


def _tolist(x: Tensor) -> Any:
    """The values as numbers of Python in nested lists, without the graph."""
    return x.numpy().tolist()


def _tobytes(x: Tensor, order: Literal["C", "F", "A", "K"] = "C") -> bytes:
    """The values as bytes."""
    return x.numpy().tobytes(order)


def _tofile(x: Tensor, fid: Any, sep: str = "", format: str = "%s") -> None:
    """Write the values into a file, as of an array."""
    x.numpy().tofile(fid, sep, format)


def _dumps(x: Tensor) -> bytes:
    """The values as bytes that `pickle.loads` reads."""
    return x.numpy().dumps()


def _dump(x: Tensor, file: Any) -> None:
    """Write those bytes into a file, given open or by its path."""
    x.numpy().dump(file)


register_method(["tolist"], _tolist)
register_method(["dumps"], _dumps)
register_method(["dump"], _dump)
register_method(["tofile"], _tofile)
register_method(["flags"], property(lambda x: x._current().flags))
register_method(["tobytes"], _tobytes)
register_method(["itemsize"], property(lambda x: x.dtype.itemsize))
register_method(["nbytes"], property(lambda x: x.dtype.itemsize * x.size))
register_method(["strides"], property(lambda x: x._current().strides))
