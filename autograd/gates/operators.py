"""Operators of Python that Tensor has through functions of NumPy: %, //, divmod, <<, >>, ^, round.

Their rows are in the library, which a program that does without them never loads.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..declare import register_method
from ..tensor import Tensor

__all__: list[str] = []


def _operator(name: str, symbol: str, function: Any) -> None:
    """t % y, y % t and t %= y, for the symbol %."""

    def call(self: Tensor, other: Any) -> Any:
        return function(self, other)

    def in_place(self: Tensor, other: Any) -> Any:
        return self._in_place(symbol, function(self, other))

    register_method([f"__{name}__"], call, f"__r{name}__")
    if symbol:
        register_method([f"__i{name}__"], in_place)


_operator("mod", "%", np.remainder)
_operator("floordiv", "//", np.floor_divide)
_operator("divmod", "", np.divmod)
_operator("lshift", "<<", np.left_shift)
_operator("rshift", ">>", np.right_shift)
_operator("xor", "^", np.bitwise_xor)

# --- to integers of Python: like int(t), of untracked single values only --------------------------


def _to_integer(name: str, what: str, function: Callable[[Any], Any]) -> None:
    register_method([name], lambda self: function(self._number(what)))


_to_integer("__floor__", "math.floor(t)", math.floor)
_to_integer("__ceil__", "math.ceil(t)", math.ceil)
_to_integer("__trunc__", "math.trunc(t)", math.trunc)


def _round(self: Tensor, decimals: int | None = None) -> Any:
    """round(t) is an integer of Python; with `decimals`, as `np.round`."""
    if decimals is None:
        return builtins.round(self._number("round(t)"))
    return np.round(self, decimals)  # type: ignore[call-overload, unused-ignore]


register_method(["__round__"], _round)
