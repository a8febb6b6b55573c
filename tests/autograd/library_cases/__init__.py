"""Example inputs for the gates of the library, and for what is composed of others: file by file."""

import autograd.library  # noqa: F401 (all its gates are in the table from here on)

from . import complexes, elementary, fft, linalg

TABLES = (complexes, elementary, fft, linalg)
