"""Parts of complex numbers, of real inputs: complex ones have test_complex.py."""

import numpy as np
from cases import case, normal

case(
    "real", lambda x: np.real(x * (2 + 1j)), [normal(3, 4)], torch="lambda x: T.real(x * (2 + 1j))"
)
case(
    "imag", lambda x: np.imag(x * (2 + 1j)), [normal(3, 4)], torch="lambda x: T.imag(x * (2 + 1j))"
)
case("conj", lambda x: np.real(np.conj(x * (2 + 1j)) * 1j), [normal(3, 4)],
     torch="lambda x: T.real(T.conj(x * (2 + 1j)) * 1j)")  # fmt: skip
