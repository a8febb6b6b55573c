"""PyTorch on the processor, eager."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from . import torch_course, torch_nets
from .by_hand import differences
from .common import Run, ScalarNet, chain, repeat

VERSION = f"PyTorch {torch.__version__}"
Wrap = Callable[[Any], Any]
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))


def to_numpy(x: Any) -> Any:
    """The array in a tensor."""
    return x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


def plain(f: Any) -> Any:
    """Eager: the function as it is."""
    return f


def batches_of(work: Any) -> list[Any]:
    """The batches as tensors, made beforehand."""
    return [(torch.tensor(X), torch.tensor(y.astype(np.int64))) for X, y in work.batches()]


def leaves(arrays: Any) -> list[Any]:
    """Tensors that gradients are wanted of."""
    return [torch.tensor(np.asarray(a), requires_grad=True) for a in arrays]


def two_layer(work: Any, wrap: Wrap = plain) -> Run:
    """Training steps of the net with `torch.optim.SGD`."""
    W1, b1, W2, b2 = parameters = leaves(work.weights())
    sgd = torch.optim.SGD(parameters, lr=work.lr)

    def loss_of(X: Any, y: Any) -> Any:
        hidden = torch.relu(torch.addmm(b1, X, W1))
        loss = functional.cross_entropy(torch.addmm(b2, hidden, W2), y)
        if work.reg:
            loss = loss + 0.5 * work.reg * ((W1 * W1).sum() + (W2 * W2).sum())
        return loss

    return training(wrap(loss_of), sgd, batches_of(work))


def training(loss_of: Any, sgd: Any, batches: list[Any]) -> Run:
    """Gradient descent on `loss_of`."""

    def step(X: Any, y: Any) -> Any:
        sgd.zero_grad()
        loss = loss_of(X, y)
        loss.backward()
        sgd.step()
        return loss

    return repeat(step, batches)


def conv(work: Any, wrap: Wrap = plain) -> Run:
    """Training steps of the convolutional net."""
    W1, b1, W2, b2 = work.weights()
    nn, k = torch.nn, W1.shape[-1]
    net = nn.Sequential(
        nn.Conv2d(1, len(W1), k), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(*W2.shape)
    )
    for parameter, w in zip(net.parameters(), (W1, b1, W2.T, b2), strict=True):
        parameter.data = torch.tensor(w).contiguous()
    sgd = torch.optim.SGD(net.parameters(), lr=work.lr)
    loss_of = wrap(lambda X, y: functional.cross_entropy(net(X), y))
    return training(loss_of, sgd, batches_of(work))


def gradients(f: Any, arrays: Any, wrap: Wrap) -> Run:
    """Value and gradients of a function."""
    inputs = leaves(arrays)
    compiled = wrap(f)

    def step() -> Any:
        value = compiled(*inputs)
        return (value, *torch.autograd.grad(value, inputs))

    return repeat(step)


def small_sum(work: Any, wrap: Wrap = plain) -> Run:
    """Sum of x y + z."""
    return gradients(lambda x, y, z: (x * y + z).sum(), (work.x, work.y, work.z), wrap)


def tanh(work: Any, wrap: Wrap = plain) -> Run:
    """Sum of tanh(exp(-x²) + x y)."""

    def f(x: Any, y: Any) -> Any:
        return torch.tanh(torch.exp(-x * x) + x * y).sum()

    return gradients(f, (work.x, work.y), wrap)


def chain_of(work: Any) -> Run:
    """The chain, each scalar a tensor."""
    return gradients(lambda x: chain(x, work.a, work.gates), [work.x], plain)


def moons(work: Any) -> Run:
    """The net of scalars, each a tensor."""
    net = ScalarNet(work, lambda v: torch.tensor(v, requires_grad=True, dtype=torch.float64),
                    torch.relu)  # fmt: skip
    sgd = torch.optim.SGD(net.parameters(), lr=work.lr)

    def step() -> Any:
        sgd.zero_grad()
        loss = net.loss()
        loss.backward()
        sgd.step()
        return loss

    return repeat(step)


def gradcheck(work: Any) -> Run:
    """Two losses for each weight."""
    weights = work.weights()
    W1, b1, W2, b2 = (torch.from_numpy(w) for w in weights)  # the same memory
    X, y = batches_of(work)[0]

    def loss() -> float:
        hidden = torch.relu(torch.addmm(b1, X, W1))
        return float(functional.cross_entropy(torch.addmm(b2, hidden, W2), y))

    def step() -> Any:
        with torch.no_grad():
            return tuple(differences(loss, w, work.h) for w in weights)

    return repeat(step)


def hessian(work: Any, wrap: Wrap = plain) -> Run:
    """`torch.func.hessian`: all directions at once, forward over reverse."""
    X, y, w = (torch.tensor(a) for a in (work.X, work.y, work.w))
    f = wrap(torch.func.hessian(lambda w: torch.log1p(torch.exp(-y * (X @ w))).mean()))
    return repeat(lambda: f(w))


RUNS: dict[str, Callable[[Any], Run]] = {
    "spiral": two_layer, "mnist": two_layer, "conv": conv, "small_sum": small_sum, "tanh": tanh,
    "chain": chain_of, "moons": moons, "gradcheck": gradcheck, "hessian": hessian,
    **torch_course.RUNS, **torch_nets.RUNS,
}  # fmt: skip
SKIPS: dict[str, str] = {}
TRAIN = torch_nets.train
