"""Stand-ins: what gates and their rules may be given in place of arrays.

They answer NumPy's protocols, so plain NumPy runs on them. What a rule cannot say in NumPy's words
alone, because an array of its own is involved, it says with the few functions below.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from .values import Sweep

__all__ = ["StandIn", "as_one_call", "concrete", "has_nan", "in_company_of"]

F = TypeVar("F", bound=Callable[..., Any])


class StandIn:
    """What gates and rules may be given in place of an array: it answers NumPy's protocols."""

    __slots__ = ()

    value: Any  # the array, or the arrays, that it stands for

    _sweep = Sweep  # the backward pass of gradients like this one

    def constant(self, value: Any) -> Any:
        """An array as something that can be combined with this one in any function."""
        return value

    def call(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """Call a function that is not made of NumPy calls, see `as_one_call`."""
        return function(*args, **options)

    def inside(self) -> Any:
        """The same, as gates take it."""
        return self

    def outside(self) -> Any:
        """The same, as a program that computes with arrays sees it."""
        return self

    def read_only(self) -> Any:
        """The same, so that `x -= step` gives another one and leaves this one as it is."""
        return self

    def as_array(self, dtype: Any, copy: bool = False) -> Any:
        """The same as an array of a kind of number (None: of its own); a copy is in C order."""
        return self if dtype is None else self.astype(dtype)  # type: ignore[attr-defined]

    def in_order(self) -> Any:
        """The same in C order, as a copy is laid out in memory."""
        return self

    def kept(self) -> Any:
        """The same, in memory such as that of `arrays.kept`."""
        return self

    def packed(self) -> Any:
        """The same without gaps in memory, as `np.array` copies it: with its axes as they lie."""
        return self


def packed(x: Any) -> Any:
    """A copy of an array, without gaps in memory; or what stands for one."""
    return x.packed() if isinstance(x, StandIn) else np.array(x)


def concrete(x: Any) -> Any:
    """The array that x stands for, or x itself."""
    while isinstance(x, StandIn):
        x = x.value
    return x


def in_company_of(x: Any, others: Any) -> Any:
    """x, so that it can be indexed with what `others` holds: an index, or a tuple of them."""
    if isinstance(x, StandIn):
        return x
    for part in others if isinstance(others, tuple) else (others,):
        if isinstance(part, StandIn):
            return part.constant(x)
    return x


def as_one_call(function: F) -> F:
    """Let stand-ins see the whole function, rather than the NumPy calls inside: a decorator."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        for x in args:
            if isinstance(x, StandIn):
                return x.call(function, args, options)
        return function(*args, **options)

    return call  # type: ignore[return-value]


def has_nan(g: Any) -> bool:
    """Whether a gradient of any kind holds NaN."""
    return bool(np.isnan(concrete(g)).any())
