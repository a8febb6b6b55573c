"""The rest of NumPy: gates, and functions made of gates, that are loaded when one is first met.

`import autograd` brings the gates of the lecture. When a tensor meets another function of NumPy,
this package is imported, and all its files enter their rows into the same tables. A function that
is made of others has no rule of its own: `composed` registers a definition in plain NumPy.
"""

from . import (
    arrange,
    bessel,
    bits,
    choosing,
    complexes,
    creation,
    cumulative,
    distinct,
    elementary,
    emath,
    fft,
    linalg,
    nans,
    order,
    pieces,
    polynomials,
    products,
    reductions,
    rounding,
    samples,
    selection,
    statistics,
    writes,
)

_TABLES = (
    arrange, bessel, bits, choosing, complexes, creation, cumulative, distinct, elementary, emath,
    fft, linalg, nans, order, pieces, polynomials, products, reductions, rounding, samples,
    selection, statistics, writes,
)  # fmt: skip
