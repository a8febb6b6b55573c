"""Kinds of numbers: the dtypes of the standard, what they can hold, and what they promote to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..gates.shape import astype as _astype
from ..gates.shape import copy as _copied
from ..tensor import Tensor, constant_tensor
from .calls import check_device, is_constant, value, writable

__all__ = [
    "DTYPES", "astype", "bool", "can_cast", "complex64", "complex128", "finfo", "float32",
    "float64", "iinfo", "int8", "int16", "int32", "int64", "isdtype", "result_type", "uint8",
    "uint16", "uint32", "uint64",
]  # fmt: skip

DType = np.dtype[Any]

bool: DType = np.dtype("bool")
int8: DType = np.dtype("int8")
int16: DType = np.dtype("int16")
int32: DType = np.dtype("int32")
int64: DType = np.dtype("int64")
uint8: DType = np.dtype("uint8")
uint16: DType = np.dtype("uint16")
uint32: DType = np.dtype("uint32")
uint64: DType = np.dtype("uint64")
float32: DType = np.dtype("float32")
float64: DType = np.dtype("float64")
complex64: DType = np.dtype("complex64")
complex128: DType = np.dtype("complex128")

DTYPES = (
    bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, complex64,
    complex128,
)  # fmt: skip


@dataclass(frozen=True)
class FloatInfo:
    """Limits of a kind of real number, as Python numbers; of a complex one, those of its parts."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class IntegerInfo:
    """Limits of a kind of integer, as Python numbers."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: Any, /) -> FloatInfo:
    """Limits of a dtype of floats, or of the dtype of a tensor.

    >>> finfo(float32).eps
    1.1920928955078125e-07
    """
    info = np.finfo(_dtype_of(type))
    eps, most, least, normal = map(float, (info.eps, info.max, info.min, info.smallest_normal))
    return FloatInfo(int(info.bits), eps, most, least, normal, info.dtype)


def iinfo(type: Any, /) -> IntegerInfo:
    """Limits of a dtype of integers, or of the dtype of a tensor.

    >>> iinfo(int8).max
    127
    """
    info = np.iinfo(_dtype_of(type))
    return IntegerInfo(int(info.bits), int(info.max), int(info.min), info.dtype)


def isdtype(dtype: Any, kind: Any) -> Any:
    """Whether a dtype is of a kind, such as "real floating", or of one of several.

    >>> isdtype(int8, ("real floating", "integral"))
    True
    """
    return np.isdtype(np.dtype(dtype), kind)


def can_cast(from_: Any, to: Any, /) -> Any:
    """Whether the values of a dtype, or of a tensor, can become another dtype without loss."""
    return np.can_cast(_dtype_of(from_), to)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype that operands of these dtypes give; numbers of Python adapt to the others.

    >>> result_type(float32, 1.5)
    dtype('float32')
    """
    return np.result_type(*map(_dtype_of, arrays_and_dtypes))


def _dtype_of(x: Any) -> Any:
    return x.dtype if isinstance(x, (Tensor, np.ndarray, np.generic)) else x


def astype(x: Tensor, dtype: Any, /, *, copy: Any = True, device: Any = None) -> Tensor:
    """The values as another dtype, recorded where a gradient flows.

    Integers and bools made of tracked values are constants: their derivative is 0 wherever they
    have one. Raises TypeError for complex numbers that would lose their imaginary part.
    """
    check_device(device)
    dtype = np.dtype(dtype)
    if x.dtype.kind == "c" and dtype.kind in "fiu":
        raise TypeError(f"astype: got {x.dtype} for {dtype}; take the real or the imaginary part")
    if x.dtype == dtype:
        return writable(_copied(x)) if copy else x
    if dtype.kind in "iub" and is_constant(x.detach()):
        x = x.detach()
    if is_constant(x):
        return writable(constant_tensor(value(x).astype(dtype)))
    return writable(_astype(x, dtype=dtype))
