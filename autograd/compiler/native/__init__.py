"""Native code: the part of a program that `numba` compiles, chosen, written out, and loaded.

NumPy goes through memory once for every call. Where arrays are small and the arithmetic simple,
one loop that takes a few examples of the batch through the forward pass and back again is several
times faster: they stay in registers and in the first cache. Products with large matrices stay
with BLAS, long rows of exp and tanh with NumPy's vector loops, both of which are better there.
Sums are added in another order than NumPy adds them, so results agree to rounding, not to the bit.
"""

from ..blocks import gather
from ..passes import SIMPLIFY, skip_copies
from .choose import Native, gather_native
from .load import load, require_numba
from .write import write

__all__ = ["NATIVE", "Native", "gather_native", "load", "require_numba", "write"]

NATIVE = [*SIMPLIFY, skip_copies, gather_native, gather]  # the passes
