"""Nets made of ready-made layers, a training step of each: `nn` beside `torch.nn` and JAX.

Parameters are named, and lie in memory, as in `nn`; the other systems turn them as they want them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Arrays = dict[str, Any]
Shapes = dict[str, tuple[int, ...]]

STEPS, WIDTH, HIDDEN, CLASSES, HEADS = 64, 64, 128, 64, 4

TITLES = {
    "cnn": "nn: MNIST CNN",
    "cnn_batchnorm": "nn: MNIST CNN, batch norm",
    "mlp_batchnorm": "nn: MLP, batch norm",
    "lstm": "nn: LSTM of 64 steps",
    "transformer": "nn: Transformer block",
    "causal": "nn: Transformer block, causal",
    "adam_step": "nn: Adam, a million parameters",
}
ADAM = ("lstm", "transformer", "causal", "adam_step")  # the others take SGD with momentum
BLOCK: Shapes = {
    "attention.in_proj_weight": (WIDTH, 3 * WIDTH), "attention.in_proj_bias": (3 * WIDTH,),
    "attention.out_proj_weight": (WIDTH, WIDTH), "attention.out_proj_bias": (WIDTH,),
    "norm1.gamma": (WIDTH,), "norm1.beta": (WIDTH,), "norm2.gamma": (WIDTH,),
    "norm2.beta": (WIDTH,), "linear1.W": (WIDTH, 4 * WIDTH), "linear1.b": (4 * WIDTH,),
    "linear2.W": (4 * WIDTH, WIDTH), "linear2.b": (WIDTH,),
}  # fmt: skip
PARAMETERS: dict[str, Shapes] = {
    "cnn": {
        "0.W": (16, 1, 5, 5), "0.b": (16,), "3.W": (32, 16, 5, 5), "3.b": (32,),
        "7.W": (512, 10), "7.b": (10,),
    },
    "cnn_batchnorm": {
        "0.W": (16, 1, 5, 5), "1.gamma": (16,), "1.beta": (16,), "4.W": (32, 16, 5, 5),
        "5.gamma": (32,), "5.beta": (32,), "9.W": (512, 10), "9.b": (10,),
    },
    "mlp": {"0.W": (784, 256), "0.b": (256,), "2.W": (256, 10), "2.b": (10,)},
    "mlp_batchnorm": {
        "0.W": (784, 256), "1.gamma": (256,), "1.beta": (256,), "3.W": (256, 10), "3.b": (10,),
    },
    "lstm": {
        "rnn.weight_ih_l0": (WIDTH, 4 * HIDDEN), "rnn.weight_hh_l0": (HIDDEN, 4 * HIDDEN),
        "rnn.bias_ih_l0": (4 * HIDDEN,), "rnn.bias_hh_l0": (4 * HIDDEN,),
        "out.W": (HIDDEN, CLASSES), "out.b": (CLASSES,),
    },
    "transformer": BLOCK,
    "causal": BLOCK,
    "adam_step": {"W1": (784, 1000), "b1": (1000,), "W2": (1000, 215), "b2": (215,)},
}  # fmt: skip


def arrays(kind: str, dtype: str, digits: Callable[[int], tuple[Array, Array]]) -> Arrays:
    """Parameters, batches (batch, example, ...), and the settings of the update."""
    draws = np.random.default_rng(0)
    found: Arrays = {}
    for name, shape in PARAMETERS[kind].items():
        fan_in = math.prod(shape[1:]) if len(shape) == 4 else shape[0]
        values = draws.standard_normal(shape) / math.sqrt(fan_in)
        if len(shape) == 1:
            values = np.ones(shape) if name.endswith("gamma") else np.zeros(shape)
        found[name] = values.astype(dtype)
    if kind == "lstm":  # (steps, examples, features), a class after each step
        X = draws.standard_normal((4, STEPS, 32, WIDTH))
        y: Any = draws.integers(0, CLASSES, (4, STEPS * 32))
    elif kind in ("transformer", "causal"):  # (examples, steps, features)
        X, y = (draws.standard_normal((4, 16, STEPS, WIDTH)) for _ in range(2))
        y = y.astype(dtype)
    elif kind == "adam_step":
        gradients = {f"d{name}": draws.standard_normal(p.shape) for name, p in found.items()}
        return found | {k: g.astype(dtype) for k, g in gradients.items()} | {"lr": 1e-3}
    else:
        X, y = digits(64)
    if kind.startswith("cnn"):
        X = X.reshape(*X.shape[:2], 1, 28, 28)
    lr = 1e-3 if kind in ADAM else 0.01
    return found | {"X": X.astype(dtype), "y": y, "lr": lr, "momentum": 0.9}
