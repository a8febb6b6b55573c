"""Functions of integers and bits, and those that ask what kind of number there is: no gradients."""

from __future__ import annotations

import numpy as np

from ..declare import gate
from ..gates.compare import constant

__all__: list[str] = []

for _ufunc, _symbol in {
    np.bitwise_xor: "^", np.left_shift: "<<", np.right_shift: ">>", np.bitwise_count: "bits",
    np.gcd: "gcd", np.lcm: "lcm",
}.items():  # fmt: skip
    gate(_ufunc, symbol=_symbol, differentiable=False, vjp=(None,) * _ufunc.nin)

constant(np.isneginf, np.isposinf)
