"""The programs of the course with JAX: parameters and what the optimiser keeps go in and out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..course import LOSSES, PARAMETERS
from .common import Run, repeat

State = Any


def run_of(kind: str, cross_entropy: Any) -> Callable[[Any], Run]:
    """Training steps, each one call."""

    def make(work: Any) -> Run:
        params = [jnp.asarray(w) for w in work.copies(PARAMETERS[kind])]
        state = (params, [jnp.zeros_like(p) for p in params],
                 [jnp.zeros_like(p) for p in params], jnp.zeros((), params[0].dtype))  # fmt: skip
        work.cross_entropy = cross_entropy
        batches = [
            (jnp.asarray(X), jnp.asarray(y if y.dtype.kind == "f" else y.astype(np.int32)))
            for X, y in work.batches()
        ]
        update = {"momentum": momentum, "adam": adam}.get(kind, sgd)

        def stepped(state: State, X: Any, y: Any) -> Any:
            loss, grads = jax.value_and_grad(
                lambda p: LOSSES[kind](jnp, p, X, y, work)
            )(state[0])  # fmt: skip
            return update(state, grads, work), loss

        compiled = jax.jit(stepped, donate_argnums=0)

        def step(X: Any, y: Any) -> Any:
            nonlocal state
            state, loss = compiled(state, X, y)
            return loss

        run = repeat(step, batches)
        return lambda n: jax.block_until_ready(run(n))

    return make


def sgd(state: State, grads: Any, work: Any) -> State:
    """p - lr * dp."""
    params, *rest = state
    return [p - work.lr * g for p, g in zip(params, grads, strict=True)], *rest


def momentum(state: State, grads: Any, work: Any) -> State:
    """The velocities, and parameters that follow them."""
    params, velocity, *rest = state
    velocity = [work.mu * v - work.lr * g for v, g in zip(velocity, grads, strict=True)]
    return [p + v for p, v in zip(params, velocity, strict=True)], velocity, *rest


def adam(state: State, grads: Any, work: Any) -> State:
    """Means of gradients and of their squares, corrected for the first steps."""
    params, means, squares, t = state
    beta1, beta2 = work.beta1, work.beta2
    t = t + 1
    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]
    squares = [beta2 * v + (1 - beta2) * g**2 for v, g in zip(squares, grads, strict=True)]
    moved = [
        p - work.lr * (m / (1 - beta1**t)) / (jnp.sqrt(v / (1 - beta2**t)) + work.eps)
        for p, m, v in zip(params, means, squares, strict=True)
    ]
    return moved, means, squares, t


def runs(cross_entropy: Any) -> dict[str, Callable[[Any], Run]]:
    """The runs of all programs."""
    return {kind: run_of(kind, cross_entropy) for kind in LOSSES}
