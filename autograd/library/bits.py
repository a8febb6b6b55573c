"""Functions of integers and bits, and those that ask what kind of number there is: no gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..declare import composed, gate
from ..gates.compare import constant

__all__: list[str] = []

for _ufunc, _symbol in {
    np.bitwise_xor: "^", np.left_shift: "<<", np.right_shift: ">>", np.bitwise_count: "bits",
    np.gcd: "gcd", np.lcm: "lcm",
}.items():  # fmt: skip
    gate(_ufunc, symbol=_symbol, differentiable=False, vjp=(None,) * _ufunc.nin)

constant(np.isreal, np.iscomplex, np.isneginf, np.isposinf)


@composed(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """The real part where no imaginary part is larger than rounding, as `np.real_if_close`."""
    if a.dtype.kind != "c":
        return a
    if tol > 1:
        tol = float(np.finfo(a.dtype).eps) * tol
    return np.real(a) if np.all(np.abs(np.imag(a)) < tol) else a
