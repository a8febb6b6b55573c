"""Data to learn from: points in the plane, images, signals, and a text; batches of them."""

from .cifar10 import CIFAR10, cifar10
from .errors import DatasetError, SubsetWarning
from .fashion_mnist import FASHION, fashion_mnist
from .loader import DataLoader
from .mini_batches import batches
from .mnist import mnist
from .plane import blobs, circles, moons, xor
from .small import digits, mnist1d
from .spiral import spiral
from .tales import characters, tales

__all__ = [
    "CIFAR10",
    "FASHION",
    "DataLoader",
    "DatasetError",
    "SubsetWarning",
    "batches",
    "blobs",
    "characters",
    "cifar10",
    "circles",
    "digits",
    "fashion_mnist",
    "mnist",
    "mnist1d",
    "moons",
    "spiral",
    "tales",
    "xor",
]
