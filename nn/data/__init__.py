"""Data to learn from: the spiral of CS231n, and the handwritten digits of MNIST; batches."""

from .errors import DatasetError, SubsetWarning
from .mini_batches import batches
from .mnist import mnist
from .spiral import spiral

__all__ = ["DatasetError", "SubsetWarning", "batches", "mnist", "spiral"]
