"""Example inputs for the gates of the library, and for what is composed of others: file by file."""

import autograd.library  # noqa: F401 (all its gates are in the table from here on)

from . import (
    bessel,
    choosing,
    complexes,
    cumulative,
    elementary,
    order,
    polynomials,
    reductions,
    rounding,
    samples,
    special,
)

TABLES = (
    bessel,
    choosing,
    complexes,
    cumulative,
    elementary,
    order,
    polynomials,
    reductions,
    rounding,
    samples,
    special,
)
