"""How fast the engine is beside other systems, on the same work: `python -m benchmarks`."""
