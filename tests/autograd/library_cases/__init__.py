"""Example inputs for the gates of the library, and for what is composed of others: file by file."""

import autograd.library  # noqa: F401 (all its gates are in the table from here on)

from . import arrange, complexes, creation, elementary, pieces, products, writes

TABLES = (arrange, complexes, creation, elementary, pieces, products, writes)
