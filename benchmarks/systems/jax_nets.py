"""The nets of ready-made layers with JAX: written out, since it has none; one function a step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..nets import ADAM, HEADS, HIDDEN, PARAMETERS, WIDTH
from .common import Run, repeat

EPS = 1e-5  # of the normalisations
Params = dict[str, Any]


def conv(x: Any, w: Any) -> Any:
    """Filters over images."""
    return jax.lax.conv(x, w, (1, 1), "VALID")


def pooled(x: Any) -> Any:
    """The largest of each 2 x 2."""
    size = 1, 1, 2, 2
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, size, size, "VALID")


def normalised(x: Any, axes: Any) -> tuple[Any, Any, Any]:
    """Mean 0 and deviation 1 over axes; the mean and the variance."""
    mean, var = jnp.mean(x, axes, keepdims=True), jnp.var(x, axes, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(var + EPS), mean, var


def batch_norm(x: Any, p: Params, name: str, running: Params, new: Params) -> Any:
    """Each channel over the batch; the statistics go into the running ones."""
    axes = (0, *range(2, x.ndim))
    wide = (-1, *(1 for _ in axes[1:]))
    out, mean, var = normalised(x, axes)
    count = x.size // x.shape[1]
    for key, value in ("mean", mean), ("var", var * (count / (count - 1))):
        new[f"{name}.{key}"] = 0.9 * running[f"{name}.{key}"] + 0.1 * value.reshape(-1)
    return out * p[f"{name}.gamma"].reshape(wide) + p[f"{name}.beta"].reshape(wide)


def cnn(p: Params, x: Any, running: Params, new: Params) -> Any:
    """Two convolutions and a linear layer."""
    x = pooled(jax.nn.relu(conv(x, p["0.W"]) + p["0.b"][:, None, None]))
    x = pooled(jax.nn.relu(conv(x, p["3.W"]) + p["3.b"][:, None, None]))
    return x.reshape(len(x), -1) @ p["7.W"] + p["7.b"]


def cnn_batchnorm(p: Params, x: Any, running: Params, new: Params) -> Any:
    """The same with batch norms in place of biases."""
    x = pooled(jax.nn.relu(batch_norm(conv(x, p["0.W"]), p, "1", running, new)))
    x = pooled(jax.nn.relu(batch_norm(conv(x, p["4.W"]), p, "5", running, new)))
    return x.reshape(len(x), -1) @ p["9.W"] + p["9.b"]


def mlp_batchnorm(p: Params, x: Any, running: Params, new: Params) -> Any:
    """784-256-10 with a batch norm before the ReLU."""
    x = jax.nn.relu(batch_norm(x @ p["0.W"], p, "1", running, new))
    return x @ p["3.W"] + p["3.b"]


def lstm(p: Params, x: Any, running: Params, new: Params) -> Any:
    """A scan over the steps, and scores after each."""
    added = x @ p["rnn.weight_ih_l0"] + p["rnn.bias_ih_l0"] + p["rnn.bias_hh_l0"]

    def cell(state: Any, given: Any) -> Any:
        h, c = state
        i, f, a, o = jnp.split(given + h @ p["rnn.weight_hh_l0"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(a)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[1], HIDDEN), x.dtype)
    _, states = jax.lax.scan(cell, (zeros, zeros), added)
    return states.reshape(-1, HIDDEN) @ p["out.W"] + p["out.b"]


def block(p: Params, x: Any, running: Params, new: Params, causal: bool) -> Any:
    """x + attention(norm(x)), then that + mlp(norm(that))."""
    count, places, _ = x.shape

    def norm(x: Any, name: str) -> Any:
        return normalised(x, -1)[0] * p[f"{name}.gamma"] + p[f"{name}.beta"]

    qkv = norm(x, "norm1") @ p["attention.in_proj_weight"] + p["attention.in_proj_bias"]
    q, k, v = jnp.moveaxis(qkv.reshape(count, places, 3, HEADS, WIDTH // HEADS), 2, 0)
    found = jax.nn.dot_product_attention(q, k, v, is_causal=causal).reshape(count, places, WIDTH)
    x = x + found @ p["attention.out_proj_weight"] + p["attention.out_proj_bias"]
    hidden = jax.nn.relu(norm(x, "norm2") @ p["linear1.W"] + p["linear1.b"])
    return x + hidden @ p["linear2.W"] + p["linear2.b"]


NETS: dict[str, Callable[..., Any]] = {
    "cnn": cnn, "cnn_batchnorm": cnn_batchnorm, "mlp_batchnorm": mlp_batchnorm, "lstm": lstm,
    "transformer": partial(block, causal=False), "causal": partial(block, causal=True),
}  # fmt: skip


def momentum(p: Params, g: Params, state: Any, work: Any) -> tuple[Params, Any]:
    """PyTorch's: the velocity is a sum of gradients."""
    velocity = {k: work.momentum * v + g[k] for k, v in state.items()}
    return {k: x - work.lr * velocity[k] for k, x in p.items()}, velocity


def adam(p: Params, g: Params, state: Any, work: Any) -> tuple[Params, Any]:
    """Means of gradients and of their squares, corrected for the first steps."""
    means, squares, t = state
    t = t + 1
    means = {k: 0.9 * m + 0.1 * g[k] for k, m in means.items()}
    squares = {k: 0.999 * v + 0.001 * g[k] ** 2 for k, v in squares.items()}
    rate, root = work.lr / (1 - 0.9**t), jnp.sqrt(1 - 0.999**t)
    moved = {k: x - rate * means[k] / (jnp.sqrt(squares[k]) / root + 1e-8) for k, x in p.items()}
    return moved, (means, squares, t)


def parameters(work: Any, kind: str) -> tuple[Params, Any]:
    """The parameters, and what the optimiser begins with."""
    p = {name: jnp.asarray(getattr(work, name)) for name in PARAMETERS[kind]}
    zeros = partial(jax.tree.map, jnp.zeros_like, p)
    t = jnp.zeros((), next(iter(p.values())).dtype)
    return p, (zeros(), zeros(), t) if kind in ADAM else zeros()


def run_of(kind: str, cross_entropy: Any) -> Callable[[Any], Run]:
    """Training steps, each one call."""
    squares = kind in ("transformer", "causal")

    def make(work: Any) -> Run:
        p, state = parameters(work, kind)
        running = {
            f"{name.split('.')[0]}.{key}": jnp.full_like(value, key == "var")
            for name, value in p.items() if "batchnorm" in kind and name.endswith("gamma")
            for key in ("mean", "var")
        }  # fmt: skip
        update = adam if kind in ADAM else momentum

        def stepped(p: Any, state: Any, running: Any, X: Any, y: Any) -> Any:
            def loss_of(p: Any) -> Any:
                new: Params = {}
                out = NETS[kind](p, X, running, new)
                return (jnp.mean((out - y) ** 2) if squares else cross_entropy(out, y)), new

            (loss, new), g = jax.value_and_grad(loss_of, has_aux=True)(p)
            return *update(p, g, state, work), new, loss

        compiled = jax.jit(stepped, donate_argnums=(0, 1, 2))
        batches = [
            (jnp.asarray(X), jnp.asarray(y if squares else y.astype(np.int32)))
            for X, y in work.batches()
        ]

        def step(X: Any, y: Any) -> Any:
            nonlocal p, state, running
            p, state, running, loss = compiled(p, state, running, X, y)
            return loss

        run = repeat(step, batches)
        return lambda n: jax.block_until_ready(run(n))

    return make


def adam_step(work: Any) -> Run:
    """A step with gradients that are there."""
    p, state = parameters(work, "adam_step")
    g = {name: jnp.asarray(getattr(work, f"d{name}")) for name in p}
    compiled = jax.jit(lambda p, g, state: adam(p, g, state, work), donate_argnums=(0, 2))

    def step() -> Any:
        nonlocal p, state
        p, state = compiled(p, g, state)
        return [p[name] for name in PARAMETERS["adam_step"]]

    run = repeat(step)
    return lambda n: jax.block_until_ready(run(n))


def runs(cross_entropy: Any) -> dict[str, Callable[[Any], Run]]:
    """The runs of all nets."""
    return {kind: run_of(kind, cross_entropy) for kind in NETS} | {"adam_step": adam_step}
