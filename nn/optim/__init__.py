"""Optimisers: how parameters follow their gradients downhill; schedules, and clipping.

sgd         stochastic gradient descent, with momentum
adaptive    AdaGrad, RMSProp, Adam, AdamW
optimiser   what they share;  settings, state: their numbers, and how they are kept
"""

from .adaptive import AdaGrad, Adam, AdamW, RMSProp
from .optimiser import Optimiser
from .sgd import SGD

__all__ = ["SGD", "AdaGrad", "Adam", "AdamW", "Optimiser", "RMSProp"]
