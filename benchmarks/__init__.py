"""How fast a training step is, as a ratio to the same step written by hand: `python -m benchmarks`."""
