"""Functions of NumPy's that do not ask a tensor, because they are given lists, or make arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.gates.shape import astype, copy
from autograd.tensor import Tensor

from ..primitives import primitive

__all__ = [
    "append", "array", "array_from_args", "asanyarray", "asarray", "ascontiguousarray", "c_",
    "column_stack", "concatenate", "concatenate_args", "dot", "full", "hstack", "make_diagonal",
    "max", "mean", "metadata", "min", "prod", "r_", "row_stack", "stack", "std", "sum", "var",
    "vstack", "where", "wrap_namespace",
]  # fmt: skip

Function = Callable[..., Any]


def _holds_tensors(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and any(
        isinstance(part, Tensor) or _holds_tensors(part) for part in x
    )


def _joined(x: Any) -> Any:
    """A list that holds tensors as one tensor; anything else as it is."""
    if not _holds_tensors(x):
        return x
    return np.stack([_joined(part) if _holds_tensors(part) else part for part in x])


def _maker(function: Function, copies: bool) -> Function:
    """A function that makes arrays, which makes a tensor of what holds tensors."""

    @functools.wraps(function)
    def make(object: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
        made = _joined(object)
        if not isinstance(made, Tensor):
            return function(object, dtype, *args, **options)
        if dtype is not None and np.dtype(dtype) != made.dtype:
            made = astype(made, dtype=np.dtype(dtype))
        missing = options.get("ndmin", 0) - made.ndim
        if missing > 0:
            made = np.reshape(made, (1,) * missing + made.shape)
        return copy(made) if made is object and copies and options.get("copy", True) else made

    return make


array = _maker(np.array, copies=True)
asarray = _maker(np.asarray, copies=False)
asanyarray = _maker(np.asanyarray, copies=False)
ascontiguousarray = _maker(np.ascontiguousarray, copies=False)


def _of_lists(function: Function) -> Function:
    """The function, which takes lists that hold tensors too."""

    @functools.wraps(function)
    def call(a: Any, *args: Any, **options: Any) -> Any:
        return function(_joined(a), *map(_joined, args), **options)

    return call


def _of_iterables(function: Function) -> Function:
    """The function of a sequence of arrays, which takes them from anything that gives them."""

    @functools.wraps(function)
    def call(arrays: Any, *args: Any, **options: Any) -> Any:
        if not isinstance(arrays, (list, tuple, np.ndarray, Tensor)):
            arrays = list(arrays)
        elif isinstance(arrays, (list, tuple)):
            arrays = [_joined(x) for x in arrays]
        return function(arrays, *args, **options)

    return call


stack, concatenate = _of_iterables(np.stack), _of_iterables(np.concatenate)
vstack, hstack = _of_iterables(np.vstack), _of_iterables(np.hstack)
column_stack = _of_iterables(np.column_stack)
row_stack = vstack

sum, prod, mean = _of_lists(np.sum), _of_lists(np.prod), _of_lists(np.mean)
std, var = _of_lists(np.std), _of_lists(np.var)
max, min = _of_lists(np.max), _of_lists(np.min)
dot, append, norm = _of_lists(np.dot), _of_lists(np.append), _of_lists(np.linalg.norm)


@functools.wraps(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, *args: Any, **options: Any) -> Any:
    """As `np.full`; the fill value may be a tensor."""
    fill_value = _joined(fill_value)
    if not isinstance(fill_value, Tensor):
        return np.full(shape, fill_value, dtype, *args, **options)
    shape = (shape,) if np.ndim(shape) == 0 else tuple(shape)
    return array(np.broadcast_to(fill_value, shape), dtype)


def where(condition: Any, *args: Any, **kwargs: Any) -> Any:
    """As `np.where`; Python's numbers and lists stay what they are."""
    branches = [*args, *[kwargs[name] for name in ("x", "y") if name in kwargs]]
    if not branches:
        return np.where(condition)
    found = np.where(condition, *map(_joined, branches))
    if any(isinstance(x, (np.ndarray, np.generic, Tensor)) for x in (condition, *branches)):
        return found
    return found.tolist() if isinstance(found, np.ndarray) else found


def concatenate_args(axis: Any, *args: Any) -> Any:
    """The arrays, joined along an axis."""
    return np.concatenate(args, axis)


def array_from_args(array_args: Any, array_kwargs: Any, *args: Any) -> Any:
    """The array of the arguments."""
    return array(list(args), *array_args, **array_kwargs)


def make_diagonal(D: Any, offset: int = 0, axis1: int = -1, axis2: int = -2) -> Any:
    """Matrices with the last axis of D on their diagonals: (..., n) gives (..., n, n)."""
    if (offset, axis1, axis2) != (0, -1, -2):
        raise NotImplementedError("make_diagonal: only with offset=0, axis1=-1, axis2=-2")
    return np.expand_dims(D, -1) * np.eye(np.shape(D)[-1])


def metadata(A: Any) -> tuple[Any, int, Any, bool]:
    """The shape, the number of axes, the dtype, and whether it is complex."""
    return np.shape(A), np.ndim(A), np.result_type(A), bool(np.iscomplexobj(A))


class _Rows:
    """`np.r_`, also of tensors."""

    def __getitem__(self, parts: Any) -> Any:
        parts = parts if isinstance(parts, tuple) else (parts,)
        if not any(isinstance(x, Tensor) or _holds_tensors(x) for x in parts):
            return np.r_[parts]
        return np.concatenate([_part(x) for x in parts])


class _Columns:
    """`np.c_`, also of tensors."""

    def __getitem__(self, parts: Any) -> Any:
        parts = parts if isinstance(parts, tuple) else (parts,)
        if not any(isinstance(x, Tensor) or _holds_tensors(x) for x in parts):
            return np.c_[parts]
        found = [_part(x) for x in parts]
        return np.concatenate([x[:, None] if x.ndim == 1 else x for x in found], axis=-1)


def _part(x: Any) -> Any:
    """A range, an array or a number as an array with an axis."""
    x = np.r_[x] if isinstance(x, slice) else asarray(x)
    return x if x.ndim else np.reshape(x, (1,))


r_, c_ = _Rows(), _Columns()


def wrap_namespace(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Enter the names of a module into another one, its functions as primitives without rules."""
    for name, value in old.items():
        if callable(value) and not isinstance(value, type):
            new[name] = value if isinstance(value, np.ufunc) else primitive(value)
        elif isinstance(value, (type, int, float)) or value is None:
            new[name] = value


for _name in __all__:
    if callable(globals()[_name]):  # else it would say numpy, and not be known for a client's
        globals()[_name].__module__ = "autograd.numpy"
