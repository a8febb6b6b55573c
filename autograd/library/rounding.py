"""Functions that round, and what is left over: floor, remainder, modf, frexp, and their kin.

What rounds is constant between its steps: the gradient is 0, also at a step, where there is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate
from ..tensor import Tensor

__all__: list[str] = []

for _ufunc, _symbol in {
    np.floor: "⌊x⌋", np.ceil: "⌈x⌉", np.trunc: "trunc", np.rint: "round", np.spacing: "spacing",
}.items():  # fmt: skip
    gate(_ufunc, symbol=_symbol, of_complex="refused", local=0)
gate(np.floor_divide, symbol="//", written="⌊x ÷ y⌋", of_complex="refused", local=(0, 0))
# x less as many times y as fit: they are a whole number, constant between steps
gate(np.remainder, symbol="mod", local=(1, lambda x, y: -np.floor_divide(x, y)))
gate(np.fmod, symbol="fmod", local=(1, lambda x, y: -np.trunc(x / y)))
gate(np.nextafter, local=(1, 0))  # x, but for a last bit


@gate(numpy=(np.round, np.around), local=0, of_complex="refused", methods=["round"])
def round(a: Array, decimals: int = 0) -> Array:
    """Rounded to a number of decimals, to even numbers half way between, as `np.round`."""
    return np.round(a, decimals)


# x = mantissa · 2^y, which moves the point and is linear in x
gate(np.ldexp, elementwise=True, says="{g} · 2^{y}", vjp=(lambda g, y: np.ldexp(g, y), None))


@composed(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """The mantissa, from a half to 1, and the exponent, an integer constant, as `np.frexp`."""
    _, exponent = np.frexp(np.asarray(x.detach()))
    return np.ldexp(x, -exponent), Tensor(exponent)


@composed(np.fix)
def fix(x: Any) -> Any:
    """Rounded towards 0, as `np.fix`."""
    return np.trunc(x)


@composed(np.divmod)
def divmod(x: Any, y: Any) -> tuple[Any, Any]:
    """How many times y fits into x, and what is left over, as `np.divmod`."""
    return np.floor_divide(x, y), np.remainder(x, y)


@composed(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """What stands behind the point, and what before it, as `np.modf`; both have the sign of x."""
    return np.fmod(np.where(np.isinf(x), 0.0, x), 1.0), np.trunc(x)
