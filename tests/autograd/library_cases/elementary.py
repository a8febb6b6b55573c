"""Trigonometric and hyperbolic functions, their inverses, other logarithms."""

import numpy as np
from cases import case, normal, positive, spread


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
for name, in_torch in {
    "cbrt": None, "degrees": "T.rad2deg", "radians": "T.deg2rad", "positive": "T.positive",
}.items():  # fmt: skip
    case(name, getattr(np, name), [positive(3, 4)], torch=in_torch)
    case(name, getattr(np, name), [positive()], torch=in_torch, tag="scalar")
case("fabs", np.fabs, [spread(3, 4)], torch="T.abs", smooth=False)
for shape in [(3, 4), (4,), (3, 1), (), (2, 1, 4)]:
    for name, in_torch in {
        "hypot": "T.hypot", "arctan2": "T.arctan2", "logaddexp": "T.logaddexp",
        "logaddexp2": "T.logaddexp2",
    }.items():  # fmt: skip
        for shapes in {((3, 4), shape), (shape, (3, 4))}:
            case(name, getattr(np, name), [normal(*s) for s in shapes], torch=in_torch,
                 tag=f"{shapes[0]}{shapes[1]}".replace(" ", ""))  # fmt: skip
