"""How fast a training step is, against the same step by hand: `python -m benchmarks`."""
