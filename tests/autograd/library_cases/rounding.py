"""Functions that round, and what is left over. The inputs are no steps, nor near one."""

import numpy as np
from cases import case, rng


def between(*shape: int) -> np.ndarray:
    """Numbers between integers, away from these and from the middle between them."""
    return rng.integers(-5, 5, shape) + rng.choice([0.1, 0.6], shape) + rng.uniform(0, 0.3, shape)


def divisors(*shape: int) -> np.ndarray:
    """So far from each other that quotients with `dividends` are no integers."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(1.5, 1.7, shape)


def dividends(*shape: int) -> np.ndarray:
    """A half more or less than a multiple of 1.6: between 0.2 and 0.8 of the next divisor."""
    return 1.6 * (rng.integers(-2, 2, shape) + rng.uniform(0.4, 0.6, shape))


for name, in_torch in {
    "floor": "T.floor", "ceil": "T.ceil", "trunc": "T.trunc", "rint": "T.round", "spacing": None,
}.items():  # fmt: skip
    case(name, getattr(np, name), [between(3, 4)], smooth=False, torch=in_torch)
    case(name, getattr(np, name), [between()], smooth=False, torch=in_torch, tag="scalar")
case("round", np.round, [between(3, 4)], smooth=False, torch="T.round")
case("round", lambda x: np.round(x, 1), [between(3) / 10], smooth=False, tag="decimals",
     torch="lambda x: T.round(x, decimals=1)")  # fmt: skip
case("round", lambda x: x.round(-1), [10 * between(3)], smooth=False, tag="method")
for shape in [(3, 4), (4,), (3, 1), (), (2, 1, 4)]:
    for name, in_torch in {
        "floor_divide": "lambda x, y: T.div(x, y, rounding_mode='floor')",
        "remainder": "T.remainder", "fmod": "T.fmod", "nextafter": None,
    }.items():  # fmt: skip
        for shapes in {((3, 4), shape), (shape, (3, 4))}:
            case(name, getattr(np, name), [dividends(*shapes[0]), divisors(*shapes[1])],
                 smooth=False, torch=in_torch,
                 tag=f"{shapes[0]}{shapes[1]}".replace(" ", ""))  # fmt: skip
case("remainder", lambda x: x % 1.6, [dividends(3)], smooth=False, tag="operator",
     torch="lambda x: x % 1.6")  # fmt: skip
case("ldexp", lambda x: np.ldexp(x, np.array([3, -2, 0])), [between(2, 3)])
case("modf", lambda x: np.modf(x)[0] * 3 + np.modf(x)[1], [between(3)], smooth=False)
case("fix", np.fix, [between(3, 4)], smooth=False, torch="T.fix")
case("divmod", lambda x, y: sum(divmod(x, y)), [dividends(3, 4), divisors(4)], smooth=False)
