"""Data to learn from: the spiral of CS231n, and the handwritten digits of MNIST."""

from .errors import DatasetError, SubsetWarning
from .mnist import mnist
from .spiral import spiral

__all__ = ["DatasetError", "SubsetWarning", "mnist", "spiral"]
