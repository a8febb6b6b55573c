"""Data to learn from: points in the plane, images, signals, and a text; batches of them."""

from .cifar10 import CIFAR10 as CIFAR10
from .cifar10 import cifar10
from .errors import DatasetError, SubsetWarning
from .fashion_mnist import FASHION as FASHION
from .fashion_mnist import fashion_mnist
from .loader import DataLoader
from .mini_batches import batches
from .mnist import mnist
from .plane import blobs, circles, moons, xor
from .small import digits, mnist1d
from .spiral import spiral
from .tales import characters as characters
from .tales import tales
from .tales import tales_entropy as tales_entropy

__all__ = [  # what is in nn itself, too
    "DataLoader", "DatasetError", "SubsetWarning", "batches", "blobs", "cifar10", "circles",
    "digits", "fashion_mnist", "mnist", "mnist1d", "moons", "spiral", "tales", "xor",
]  # fmt: skip
