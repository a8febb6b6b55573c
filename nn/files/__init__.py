"""Files: weights that others read too, and checkpoints from which training goes on."""

from .errors import FileError

__all__ = ["FileError"]
