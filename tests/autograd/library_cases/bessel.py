"""sinc and i0, and the gates that their derivatives are made of."""

import numpy as np
from cases import case, normal

from autograd.library.bessel import mean_of_exponentials, spherical

case("sinc", np.sinc, [2 * normal(3, 4)], torch="T.sinc")
case("sinc", np.sinc, [np.array(1e-5)], tag="near-0")
for order in (0, 1, 3):
    case("spherical", lambda x, n=order: spherical(x, order=n), [3 * normal(2, 4)], tag=str(order))
case("i0", np.i0, [2 * normal(3, 4)], torch="T.special.i0")
case("i0", np.i0, [normal()], torch="T.special.i0", tag="scalar")
case("mean_of_exponentials", lambda x: mean_of_exponentials(x, power=1), [2 * normal(3, 4)],
     torch="T.special.i1")  # fmt: skip
