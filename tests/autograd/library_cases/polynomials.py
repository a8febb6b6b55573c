"""Convolution of sequences, and polynomials."""

import numpy as np
from cases import case, normal

for mode in ("full", "same", "valid"):
    for n, m in [(6, 3), (5, 2), (2, 4), (3, 3), (1, 1)]:
        for name in ("convolve", "correlate"):
            f = getattr(np, name)
            case(name, lambda x, y, f=f, mode=mode: f(x, y, mode), [normal(n), normal(m)],
                 tag=f"{mode}-{n}-{m}")  # fmt: skip
case("polyval", np.polyval, [normal(4), normal(2, 3)])
case("polyval", np.polyval, [normal(3), normal()], tag="scalar")
for width, weights in {(): None, (2,): np.arange(1.0, 7.0)}.items():
    case("polyfit", lambda y, w=weights: np.polyfit(np.arange(6.0) - 2, y, 2, w=w),
         [normal(6, *width)], tag=str(width))  # fmt: skip

case("polyadd", np.polyadd, [normal(4), normal(2)])
case("polysub", np.polysub, [normal(2), normal(4)])
case("polymul", np.polymul, [normal(3), normal(2)])
case("polyder", lambda p: np.polyder(p, 2), [normal(5)])
case("polyint", lambda p: np.polyint(p, 2, [0.5, 2.0]), [normal(3)])
case("poly", np.poly, [normal(4)])
