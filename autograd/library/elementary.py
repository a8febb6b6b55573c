"""Elementary functions: trigonometric and hyperbolic ones, their inverses, other logarithms."""

from __future__ import annotations

import math

import numpy as np

from ..declare import gate

__all__: list[str] = []

# NIST Handbook of Mathematical Functions, 4.20, 4.24, 4.34 and 4.38
gate(np.sin, local=lambda x: np.cos(x))
gate(np.cos, local=lambda x: -np.sin(x))
gate(np.tan, local=lambda out: 1.0 + out * out)
gate(np.arcsin, local=lambda x: 1.0 / np.sqrt(1.0 - x * x))
gate(np.arccos, local=lambda x: -1.0 / np.sqrt(1.0 - x * x))
gate(np.arctan, local=lambda x: 1.0 / (1.0 + x * x))
gate(np.sinh, local=lambda x: np.cosh(x))
gate(np.cosh, local=lambda x: np.sinh(x))
gate(np.arcsinh, local=lambda x: 1.0 / np.sqrt(x * x + 1.0))
gate(np.arccosh, local=lambda x: 1.0 / np.sqrt(x * x - 1.0))
gate(np.arctanh, local=lambda x: 1.0 / (1.0 - x * x))
gate(np.log2, local=lambda x: 1.0 / (x * math.log(2.0)))
gate(np.log10, local=lambda x: 1.0 / (x * math.log(10.0)))
gate(np.exp2, local=lambda out: out * math.log(2.0))
