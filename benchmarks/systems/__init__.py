"""One file per system. Each has

VERSION   which version it is
RUNS      for each kind of work that it can do, a function from `Work` to a `Run`
SKIPS     for each kind that it cannot, why

A `Run` does the work n times and gives what the last time gave: the loss, or value and gradients.
Whatever it gives must be ready when it returns, since the time is taken then. `to_numpy`, if a
system has it, makes an array of a piece of its result.
"""

SYSTEMS = {
    "by_hand": "by hand, as in the notes",
    "numpy_tuned": "NumPy tuned by hand",
    "gategrad_eager": "gategrad, eager",
    "gategrad_compiled": "gategrad, compiled",
    "gategrad_numba": "gategrad, compiled with numba",
    "torch_eager": "PyTorch, eager",
    "torch_compiled": "PyTorch, torch.compile",
    "jax_jit": "JAX, jit",
    "jax_scan": "JAX, scan",
    "hips": "HIPS autograd",
    "mygrad": "MyGrad",
    "dezero": "DeZero",
    "micrograd": "micrograd",
    "tinygrad": "tinygrad",
}
OURS = ("by_hand", "numpy_tuned", "gategrad_eager", "gategrad_compiled", "gategrad_numba")
