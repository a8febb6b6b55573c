"""Trigonometric and hyperbolic functions, their inverses, other logarithms."""

import numpy as np
from cases import case, normal, positive


def within_one(*shape: int) -> np.ndarray:
    return np.tanh(normal(*shape)) / 2


def above_one(*shape: int) -> np.ndarray:
    return 1 + positive(*shape)


for name, inputs in {
    "sin": normal, "cos": normal, "tan": within_one, "arcsin": within_one, "arccos": within_one,
    "arctan": normal, "sinh": normal, "cosh": normal, "arcsinh": normal, "arccosh": above_one,
    "arctanh": within_one, "log2": positive, "log10": positive, "exp2": normal,
}.items():  # fmt: skip
    case(name, getattr(np, name), [inputs(3, 4)], torch=f"T.{name}")
    case(name, getattr(np, name), [inputs()], torch=f"T.{name}", tag="scalar")
