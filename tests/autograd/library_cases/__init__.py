"""Example inputs for the gates of the library, and for what is composed of others: file by file."""

import autograd.library  # noqa: F401 (all its gates are in the table from here on)

from . import (  # noqa: F401 (each enters its cases)
    arrange,
    bessel,
    choosing,
    complexes,
    creation,
    cumulative,
    elementary,
    fft,
    linalg,
    order,
    pieces,
    polynomials,
    products,
    reductions,
    rounding,
    samples,
    special,
    writes,
)
