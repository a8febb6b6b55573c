"""PyTorch with `torch.compile`: the loss and its backward pass are compiled."""

from __future__ import annotations

from functools import partial

import torch

from . import torch_eager, torch_nets

VERSION = torch_eager.VERSION
to_numpy = torch_eager.to_numpy
RUNS = {
    kind: partial(getattr(torch_eager, name), wrap=torch.compile)
    for kind, name in {
        "spiral": "two_layer", "mnist": "two_layer", "conv": "conv", "small_sum": "small_sum",
        "tanh": "tanh", "hessian": "hessian",
    }.items()
} | {kind: partial(run, wrap=torch.compile) for kind, run in torch_nets.NETS.items()}  # fmt: skip
SKIPS = {
    "chain": "compiling so many operations one by one takes minutes",
    "moons": "compiling so many operations one by one takes minutes",
    "gradcheck": "forward passes of three digits, as with PyTorch, eager",
}
