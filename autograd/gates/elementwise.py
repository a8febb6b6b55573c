"""Gates that work on each element alone: exponentials, roots, squashing functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import gate
from ..gate import GATES
from ..numpy_api import register
from .arithmetic import reciprocal
from .choose import maximum
from .underflow import vanishing

__all__ = ["exp", "expm1", "log", "log1p", "relu", "sigmoid", "sign", "sqrt", "tanh"]

exp = gate(np.exp, local=lambda out: out, methods=["exp"])
expm1 = gate(np.expm1, local=lambda x: np.exp(x))
log = gate(np.log, local=lambda x: 1.0 / x, methods=["log"])
log1p = gate(np.log1p, local=lambda x: 1.0 / (1.0 + x))
sqrt = gate(np.sqrt, symbol="√", written="√x", local=lambda out: 0.5 / out)
tanh = gate(np.tanh, local=lambda out: 1.0 - out * out, methods=["tanh"])
sign = gate(np.sign, of_complex="refused", local=0)


def _sign(x: Any) -> Any:
    """Of complex numbers it is z / |z|, which is not constant: a gate of its own."""
    if getattr(x, "dtype", None) is not None and x.dtype.kind == "c":
        from ..library.complexes import phase

        return phase(x)
    return sign(x)


register(np.sign, _sign, GATES["sign"])


@gate(
    symbol="σ",
    methods=["sigmoid"],
    local=lambda out: (1.0 - out) * out,
    expand=lambda x: reciprocal(1.0 + np.exp(-x)),
)
@vanishing
def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), elementwise; right for x of any size.

    The local gradient is (1 - σ) σ (CS231n, "Backpropagation, Intuitions").
    """
    with np.errstate(over="ignore"):  # 1 / infinity is the 0 that is right there
        return 1 / (1 + np.exp(-x))


@gate(
    symbol="ReLU",
    role="router",
    opened="asked for",
    methods=["relu"],
    says="[{x} > 0]",
    local=lambda out: out != 0,  # also NaN, which passes its gradient on
    live=lambda out: out != 0,
    expand=lambda x: maximum(0.0, x),
)
def relu(x: Array) -> Array:
    """max(0, x), elementwise; its gradient at 0 is 0.

    Any number between 0 and 1 is a subgradient there, and 0 is the one of minimum norm; it is
    also what `dhidden[hidden <= 0] = 0` of the notes gives.
    """
    return np.maximum(0, x)
