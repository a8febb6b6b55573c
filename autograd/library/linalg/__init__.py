"""Linear algebra, as `np.linalg`: products, equations, decompositions, spectra, norms."""

from . import decompositions, equations, norms, products, spectra

_TABLES = (decompositions, equations, norms, products, spectra)
