"""The name by which clients ask for a recorded array."""

from autograd.tensor import Tensor as ArrayBox

from ..builtins import SequenceBox
from ..tracer import Box

__all__ = ["ArrayBox", "Box", "SequenceBox"]
