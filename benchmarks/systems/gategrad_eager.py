"""gategrad, the engine of this repository, used as a user of `autograd` and `nn` does."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Parameter, Tensor

from . import gategrad_course, gategrad_nets
from .common import Run, ScalarNet, repeat
from .common import chain as chain_of

VERSION = f"gategrad {ag.__version__}"


def to_numpy(x: Any) -> Any:
    """The array in a tensor."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def two_layer_step(work: Any) -> Any:
    """One step of `nn.SGD` for `nn.TwoLayerNet`, as a function of the batch."""
    W1, _, W2, _ = weights = work.weights()
    net = nn.TwoLayerNet(W1.shape[0], W1.shape[1], W2.shape[1], reg=work.reg, dtype=W1.dtype)
    for name, values in zip(net.params, weights, strict=True):
        net.params[name] = values
    sgd = nn.SGD(net, lr=work.lr)

    def train(X: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        sgd.step()
        return loss

    return train


def conv_step(work: Any) -> Any:
    """The same for the convolutional net, made of the layers of `nn`."""
    W1, b1, W2, b2 = work.weights()
    net = nn.Sequential(
        nn.Conv2d(W1, b1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(W2, b2)
    )
    sgd = nn.SGD(net, lr=work.lr)

    def train(X: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = nn.softmax_cross_entropy(net(X), y)
        loss.backward()
        sgd.step()
        return loss

    return train


def moons_step(work: Any) -> Any:
    """A step of the net of scalars, every weight a `Parameter`."""
    net = ScalarNet(work, Parameter, ag.relu)
    parameters = net.parameters()

    def train() -> Any:
        for p in parameters:
            p.zero_grad()
        loss = net.loss()
        loss.backward()
        for p in parameters:
            p.descend(p.grad, work.lr)
        return loss

    return train


def chain_step(work: Any) -> Any:
    """The chain of gates and its derivative."""
    return lambda x: ag.value_and_grad(lambda x: chain_of(x, work.a, work.gates))(x)


def small_sum_step(work: Any) -> Any:
    """Sum of x y + z and its three gradients."""
    return ag.value_and_grad(lambda x, y, z: np.sum(x * y + z), (0, 1, 2))


def tanh_step(work: Any) -> Any:
    """Sum of tanh(exp(-x²) + x y) and its two gradients."""
    return ag.value_and_grad(lambda x, y: np.sum(np.tanh(np.exp(-x * x) + x * y)), (0, 1))


def hessian_step(work: Any) -> Any:
    """The Hessian of the loss."""
    X, y = work.X, work.y
    return ag.hessian(lambda w: np.mean(np.log1p(np.exp(-y * np.dot(X, w)))))


def gradcheck(work: Any) -> Run:
    """`numerical_gradient` of the net."""
    net = nn.TwoLayerNet(784, work.W1.shape[1], 10, dtype=work.W1.dtype)
    for name, values in zip(net.params, work.weights(), strict=True):
        net.params[name] = values
    return repeat(
        lambda X, y: tuple(net.numerical_gradient(X, y, work.h).values()), work.batches()[:1]
    )


def batches(work: Any) -> list[tuple[Any, Any]]:
    """The batches, in memory that nobody can write to: a step need not copy what it keeps."""
    return [(ag.frozen(X), y) for X, y in work.batches()]


STEPS: dict[str, tuple[Any, Any]] = {
    "spiral": (two_layer_step, batches),
    "mnist": (two_layer_step, batches),
    "conv": (conv_step, batches),
    "moons": (moons_step, lambda work: [()]),
    "chain": (chain_step, lambda work: [(work.x,)]),
    "small_sum": (small_sum_step, lambda work: [(work.x, work.y, work.z)]),
    "tanh": (tanh_step, lambda work: [(work.x, work.y)]),
    "hessian": (hessian_step, lambda work: [(work.w,)]),
    **{kind: (step, batches) for kind, step in gategrad_course.STEPS.items()},
    **{kind: (step, batches) for kind, step in gategrad_nets.STEPS.items()},
    "adam_step": (gategrad_nets.adam_step, lambda work: [()]),
}


def run_of(kind: str) -> Any:
    """The run for a kind of work."""
    step, arguments = STEPS[kind]
    return lambda work: repeat(step(work), arguments(work))


def small_sum(work: Any) -> Run:
    """Sum of x y + z with tensors that stay and gradients that are cleared."""
    x, y, z = inputs = [Tensor(values) for values in (work.x, work.y, work.z)]

    def step() -> Any:
        for tensor in inputs:
            tensor.zero_grad()
        L = np.sum(x * y + z)
        L.backward()
        return L, x.grad, y.grad, z.grad

    return repeat(step)


RUNS = {kind: run_of(kind) for kind in STEPS} | {"gradcheck": gradcheck, "small_sum": small_sum}
SKIPS: dict[str, str] = {}
TRAIN = gategrad_nets.train
