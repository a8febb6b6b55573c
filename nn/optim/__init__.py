"""Optimisers: how parameters follow their gradients downhill; schedules, and clipping.

sgd         stochastic gradient descent, with momentum
adaptive    AdaGrad, RMSProp, Adam, AdamW
lbfgs       L-BFGS, through SciPy
schedules   how the step size changes from step to step
clipping    of gradients, by norm and by value
optimiser   what optimisers share;  settings, state: their numbers, and how these are kept
"""

from .adaptive import *
from .clipping import *
from .lbfgs import *
from .optimiser import *
from .schedules import *
from .sgd import *
