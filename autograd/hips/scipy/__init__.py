"""SciPy's functions with gradients: needs SciPy, which this package does not install."""
