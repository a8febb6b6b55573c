"""Optimisers: how parameters follow their gradients downhill; schedules, and clipping.

sgd         stochastic gradient descent, with momentum
adaptive    AdaGrad, RMSProp, Adam, AdamW
lbfgs       L-BFGS, through SciPy
schedules   how the step size changes from step to step
clipping    of gradients, by norm and by value
optimiser   what optimisers share;  settings, state: their numbers, and how these are kept
"""

from .adaptive import AdaGrad, Adam, AdamW, RMSProp
from .clipping import clip_grad_norm, clip_grad_value
from .lbfgs import LBFGS
from .optimiser import Optimiser
from .schedules import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    ReduceLROnPlateau,
    Schedule,
    SequentialLR,
    StepLR,
)
from .sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "Optimiser",
    "RMSProp",
    "ReduceLROnPlateau",
    "Schedule",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm",
    "clip_grad_value",
]  # fmt: skip
