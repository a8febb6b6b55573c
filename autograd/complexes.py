"""Gradients of complex numbers: dL/dx + i dL/dy for z = x + i y, the direction of steepest ascent.

The rules are those of real numbers. A holomorphic function has a complex derivative J, its rule
gives the product with the transposed J, and steepest ascent wants the conjugate of J: so the
upstream gradient is conjugated before the rule, and the downstream gradient after it. That is done
once, for all gates (Kreutz-Delgado, "The Complex Gradient Operator and the CR-Calculus").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import GraphError, UnsupportedError

if TYPE_CHECKING:
    from .gate import Gate
    from .tensor import Tensor

__all__ = [
    "FLOAT", "conjugation", "gradient_wanted", "is_turned", "real_of", "real_part",
]  # fmt: skip

FLOAT = np.dtype(float)


def is_turned(gate: Gate, g: Any) -> bool:
    """Whether a gradient is complex and has to be conjugated before the gate's rule, and after it.

    Elementwise local gradients and linear rules are those of holomorphic functions, unless the row
    says otherwise; of what selects by size nothing is known.
    """
    if getattr(g, "dtype", FLOAT).kind != "c":
        return False
    holomorphic = gate.linear or (gate.times and not gate.selects)
    known = gate.of_complex or ("holomorphic" if holomorphic else "refused")
    if known == "refused":
        raise UnsupportedError(
            f"{gate.name}: it has no gradient for complex numbers; take np.real(z), np.imag(z) or "
            "np.abs(z) first"
        )
    return known == "holomorphic"


def conjugation(gate: Gate, g: Any) -> Callable[[Any], Any]:
    """What is done with a gradient before the rule of a gate, and after it: mostly nothing."""
    return np.conj if is_turned(gate, g) else lambda g: g


def real_part(g: Any, dtype: np.dtype[Any]) -> Any:
    """A gradient that goes to a value of a dtype: the real part if that is real."""
    return np.real(g) if g.dtype.kind == "c" and dtype.kind != "c" else g


def real_of(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the real part of numbers: float32 for complex64."""
    return np.dtype(f"f{dtype.itemsize // 2}") if dtype.kind == "c" else dtype


def gradient_wanted(tensor: Tensor) -> GraphError:
    """The error for a tensor that has no gradient of its own, which would start as 1."""
    if tensor.dtype.kind == "c":
        return GraphError(
            f"backward: the tensor is {tensor.dtype}, and only a real value goes up or down; take "
            "its np.real, np.imag or np.abs first, or pass the upstream gradient"
        )
    return GraphError(
        f"backward: the tensor has shape {tensor.shape}, and only a single value has a gradient "
        "of its own; reduce it first, with t.sum() or t.mean(), or pass the upstream gradient: "
        f"t.backward(np.ones({tensor.shape}))"
    )
