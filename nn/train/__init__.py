"""Training: a loop that can be stopped at any moment and goes on to the same bits.

trainer     the Trainer: fit, evaluate, predict
step        one step of training: all of it, or nothing
batches     what can be trained on;  metrics: what is measured;  history: what comes out
callbacks   what is done along the way: early stopping
saving      checkpoints of a run;  interrupts: Ctrl-C waits for the end of a step
progress    what is shown
sweep       the same function for many settings, in parallel processes
"""

from .callbacks import Callback, EarlyStopping
from .errors import NotFiniteError
from .history import History
from .sweep import Sweep, sweep
from .trainer import Trainer

__all__ = [  # what is in nn itself, too
    "Callback", "EarlyStopping", "History", "NotFiniteError", "Sweep", "Trainer", "sweep",
]  # fmt: skip
