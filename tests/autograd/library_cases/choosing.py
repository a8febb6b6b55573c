"""Functions that choose. No two values tie: ties and kinks have tests of their own."""

import numpy as np
from cases import case, normal, spread

PAIRS = [((3, 4), s) for s in [(3, 4), (4,), (3, 1), (), (2, 1, 4)]]
NUMBERS = np.array([[0, 2, 1, 1], [2, 0, 0, 1], [1, 1, 2, 0]])
STEPS = np.array([[0.0, 1.0, -1.0, 0.0]] * 3)

for shapes in PAIRS:
    for pair in {shapes, shapes[::-1]}:
        tag = f"{pair[0]}{pair[1]}".replace(" ", "")
        for name, in_torch in {"fmax": "T.fmax", "fmin": "T.fmin"}.items():
            case(name, getattr(np, name), [spread(*pair[0]), spread(*pair[1]) + 0.05],
                 smooth=False, torch=in_torch, tag=tag)  # fmt: skip
case("copysign", np.copysign, [spread(3, 4), spread(3, 4)], smooth=False, torch="T.copysign")
case("copysign", np.copysign, [spread(3, 1), spread(4)], smooth=False, torch="T.copysign",
     tag="broadcast")  # fmt: skip
case("heaviside", lambda y: np.heaviside(STEPS.astype(y.dtype), y), [normal(3, 4)])
case("heaviside", np.heaviside, [spread(3, 4), spread(3, 4)], smooth=False, tag="beside-step")
case("nan_to_num", lambda x: np.nan_to_num(x), [normal(3, 4)])
case("select", lambda x, y: np.select([STEPS > 0, STEPS < 0], [x, y], default=1.5),
     [normal(3, 4), normal(4)])  # fmt: skip
case("choose", lambda x, y: np.choose(NUMBERS, [x, y, x * y]), [normal(3, 4), normal(3, 1)])
case("piecewise", lambda x: np.piecewise(x, [STEPS > 0, STEPS < 0], [np.sin, 0.5, np.square]),
     [normal(3, 4)])  # fmt: skip
case("real_if_close", lambda x: 2 * np.real_if_close(x), [normal(3)])
