"""Files: weights that others read too, and checkpoints from which training goes on."""

from .checkpoints import Stateful as Stateful
from .checkpoints import load_checkpoint, save_checkpoint
from .errors import FileError
from .weights import load_weights, save_weights

__all__ = ["FileError", "load_checkpoint", "load_weights", "save_checkpoint", "save_weights"]
