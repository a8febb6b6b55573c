"""Attributes of Tensor that are looked up late: those of the library, and names from elsewhere.

They are descriptors, one for each name: a class with `__getattr__` would make every attribute of
every tensor slower to read.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..gates.methods import Methods
from ..tensor import Tensor
from .names import TENSOR, of_tensor

__all__ = ["offer"]

# Functions of NumPy that PyTorch has as methods, or that are typed as such; then names of PyTorch
# for writing in place.
FUNCTIONS = """
    absolute acos acosh add allclose angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh
    argwhere asin asinh atan atan2 atanh average bincount bitwise_and bitwise_left_shift bitwise_not
    bitwise_or bitwise_right_shift bitwise_xor broadcast_to ceil copysign corrcoef cos cosh
    count_nonzero cross deg2rad diag diagflat divide dsplit equal exp2 expm1 fix fliplr flipud
    float_power floor floor_divide fmax fmin fmod frexp gcd greater greater_equal heaviside
    histogram hsplit hypot i0 inner isclose isfinite isinf isnan isneginf isposinf isreal lcm
    ldexp less less_equal log10 log1p log2 logaddexp logaddexp2 logical_and logical_or logical_xor
    matmul maximum minimum moveaxis multiply nan_to_num nanmedian nanquantile negative nextafter
    not_equal outer positive rad2deg reciprocal select sign signbit sin sinc sinh split sqrt square
    subtract tan tensordot trunc vdot vsplit concatenate hstack interp kron pad stack vstack
"""
WRITING = """
    abs_ ceil_ clip_ cos_ cosh_ cumprod_ cumsum_ exp2_ exp_ expm1_ floor_ log10_ log1p_ log2_ log_
    multiply_ nan_to_num_ negative_ pow_ put_ reciprocal_ relu_ remainder_ resize_ round_ sigmoid_
    sign_ sin_ sinh_ sqrt_ square_ squeeze_ subtract_ swapaxes_ tan_ tanh_ transpose_ tril_ triu_
    trunc_
"""


class Late:
    """What the library attaches to Tensor in place of this, when it is loaded."""

    def __init__(self, name: str):
        self.name = name

    def __get__(self, tensor: Any, kind: type) -> Any:
        self._load()
        return getattr(kind if tensor is None else tensor, self.name)

    def __set__(self, tensor: Any, value: Any) -> None:
        self._load()
        setattr(tensor, self.name, value)

    def _load(self) -> None:
        from .. import library  # noqa: F401

        if vars(Tensor).get(self.name) is self:
            raise AttributeError(f"the library has no Tensor.{self.name}", name=self.name)


class Elsewhere:
    """A name that another library has: AttributeError tells how NumPy writes the same."""

    def __init__(self, name: str):
        self.name = name

    def __get__(self, tensor: Any, kind: type) -> Any:
        raise of_tensor(kind if tensor is None else tensor, self.name)


class Lower(ModuleType):
    """The module `autograd.tensor`, which PyTorch's users call."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        raise TypeError("autograd.tensor is a module; write Tensor(value), with a capital T")


def _dir(tensor: Tensor) -> list[str]:
    """The names that a tensor has, for `dir` and for completion."""
    names = vars(Tensor)
    return [x for x in object.__dir__(tensor) if not isinstance(names.get(x), Elsewhere)]


def offer() -> None:
    """Attach what is looked up late to Tensor, and an answer to its module."""
    sys.modules[Tensor.__module__].__class__ = Lower
    here = set(dir(Tensor))
    declared = {k for k, x in vars(Methods).items() if callable(x) or isinstance(x, property)}
    for name in declared - here:
        setattr(Tensor, name, Late(name))
    for name in {*TENSOR, *FUNCTIONS.split(), *WRITING.split()} - declared - here:
        setattr(Tensor, name, Elsewhere(name))
    setattr(Tensor, "__dir__", _dir)  # noqa: B010
