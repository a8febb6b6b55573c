"""JAX on the processor: all the steps of a run in one compiled loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import jax_jit
from .common import Run
from .jax_jit import conv_loss, sgd_step, two_layer_loss

VERSION = jax_jit.VERSION


def training(loss_of: Callable[[Any], Any]) -> Callable[[Any], Run]:
    """Training steps with `jax.lax.scan`; the data are constants of the program's arguments."""

    def make(work: Any) -> Run:
        weights = [jnp.asarray(w) for w in work.weights()]
        X, y = jnp.asarray(work.X), jnp.asarray(work.y.astype(np.int32))
        step = sgd_step(loss_of(work), work.lr)

        @partial(jax.jit, donate_argnums=0)
        def several(weights: Any, at: Any, X: Any, y: Any) -> Any:
            weights, losses = jax.lax.scan(lambda w, k: step(w, X[k], y[k]), weights, at)
            return weights, losses[-1]

        done = 0

        def run(n: int) -> Any:
            nonlocal weights, done
            at = jnp.asarray(np.arange(done, done + n) % len(X))
            done += n
            weights, loss = several(weights, at, X, y)
            return jax.block_until_ready(loss)

        return run

    return make


RUNS = {
    "spiral": training(two_layer_loss), "mnist": training(two_layer_loss),
    "conv": training(conv_loss),
}  # fmt: skip
SKIPS = dict.fromkeys(
    ("chain", "moons", "small_sum", "tanh", "gradcheck", "hessian"), "no loop of steps to scan"
)
