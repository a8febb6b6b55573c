"""The functions of the gate table that users call, as `autograd.exp` and `autograd.gates.exp`.

Their names stand in the `__all__` of their files, beside their rows, and nowhere else. There is no
`__all__` here on purpose: type checkers pass on what a star brings, but cannot add lists up.
"""

from .activations import *
from .arithmetic import *
from .attention import *
from .choose import *
from .conv import *
from .elementwise import *
from .linear import *
from .losses import *
from .normalisation import *
from .pool import *
from .recurrent import *
from .reduce import *
from .shape import *
