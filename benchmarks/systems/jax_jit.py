"""JAX on the processor: every step is one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import jax_course, jax_nets
from .common import Run, repeat

VERSION = f"JAX {jax.__version__}"
jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)  # arrays of float32 stay float32
Loss = Callable[..., Any]


def ready(run: Run) -> Run:
    """A run that waits for its result, since JAX works in the background."""
    return lambda n: jax.block_until_ready(run(n))


def batches_of(work: Any) -> list[Any]:
    """The batches on JAX's side."""
    return [(jnp.asarray(X), jnp.asarray(y.astype(np.int32))) for X, y in work.batches()]


def cross_entropy(scores: Any, y: Any) -> Any:
    """The mean loss."""
    picked = jnp.take_along_axis(scores, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(scores, axis=1) - picked)


def two_layer_loss(work: Any) -> Loss:
    """The loss of the two-layer net, as a function of the weights and the batch."""

    def loss(weights: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2 = weights
        scores = jax.nn.relu(X @ W1 + b1) @ W2 + b2
        value = cross_entropy(scores, y)
        if work.reg:
            value = value + 0.5 * work.reg * (jnp.sum(W1 * W1) + jnp.sum(W2 * W2))
        return value

    return loss


def conv_loss(work: Any) -> Loss:
    """The loss of the convolutional net."""

    def loss(weights: Any, X: Any, y: Any) -> Any:
        W1, b1, W2, b2 = weights
        maps = jax.lax.conv(X, W1, (1, 1), "VALID") + b1[:, None, None]
        pooled = jax.lax.reduce_window(
            jax.nn.relu(maps), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID"
        )
        return cross_entropy(pooled.reshape(len(X), -1) @ W2 + b2, y)

    return loss


def sgd_step(loss: Loss, lr: float) -> Callable[..., Any]:
    """Weights and batch to new weights and the loss."""

    def step(weights: Any, X: Any, y: Any) -> Any:
        value, gradients = jax.value_and_grad(loss)(weights, X, y)
        return [w - lr * g for w, g in zip(weights, gradients, strict=True)], value

    return step


def training(loss_of: Callable[[Any], Loss]) -> Callable[[Any], Run]:
    """Training steps, each one call."""

    def make(work: Any) -> Run:
        weights = [jnp.asarray(w) for w in work.weights()]
        compiled = jax.jit(sgd_step(loss_of(work), work.lr), donate_argnums=0)

        def step(X: Any, y: Any) -> Any:
            nonlocal weights
            weights, loss = compiled(weights, X, y)
            return loss

        return ready(repeat(step, batches_of(work)))

    return make


def small_sum(work: Any) -> Run:
    """Sum of x y + z."""
    f = jax.jit(jax.value_and_grad(lambda x, y, z: jnp.sum(x * y + z), (0, 1, 2)))
    inputs = [jnp.asarray(a) for a in (work.x, work.y, work.z)]
    return ready(repeat(lambda: f(*inputs)))


def tanh(work: Any) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""

    def f(x: Any, y: Any) -> Any:
        return jnp.sum(jnp.tanh(jnp.exp(-x * x) + x * y))

    compiled = jax.jit(jax.value_and_grad(f, (0, 1)))
    x, y = jnp.asarray(work.x), jnp.asarray(work.y)
    return ready(repeat(lambda: compiled(x, y)))


def hessian(work: Any) -> Run:
    """`jax.hessian`: all directions at once, forward over reverse."""
    X, y, w = (jnp.asarray(a) for a in (work.X, work.y, work.w))
    f = jax.jit(jax.hessian(lambda w: jnp.mean(jnp.log1p(jnp.exp(-y * (X @ w))))))
    return ready(repeat(lambda: f(w)))


def gradcheck(work: Any) -> Run:
    """Two losses for each weight, in one compiled loop over the weights."""
    X, y = batches_of(work)[0]
    weights, h, loss = [jnp.asarray(w) for w in work.weights()], work.h, two_layer_loss(work)

    def along(which: int) -> Any:
        w = weights[which]

        def slope(k: Any) -> Any:
            def at(s: float) -> Any:
                moved = w.reshape(-1).at[k].add(s).reshape(w.shape)
                return loss([*weights[:which], moved, *weights[which + 1 :]], X, y)

            return (at(h) - at(-h)) / (2 * h)

        return jax.lax.map(slope, jnp.arange(w.size)).reshape(w.shape)

    compiled = jax.jit(lambda: tuple(along(k) for k in range(4)))
    return ready(repeat(compiled))


RUNS: dict[str, Callable[[Any], Run]] = {
    "spiral": training(two_layer_loss), "mnist": training(two_layer_loss),
    "conv": training(conv_loss), "small_sum": small_sum, "tanh": tanh, "hessian": hessian,
    "gradcheck": gradcheck, **jax_course.runs(cross_entropy), **jax_nets.runs(cross_entropy),
}  # fmt: skip
SKIPS = {
    "chain": "compiling so many operations one by one takes minutes",
    "moons": "compiling so many operations one by one takes minutes",
}
