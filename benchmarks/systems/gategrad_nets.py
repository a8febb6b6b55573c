"""The nets of ready-made layers with `nn`: one source for eager, compiled and native code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import nn
from autograd import Parameter, no_grad

from ..nets import ADAM, HEADS, HIDDEN, PARAMETERS, WIDTH


class Recurrent(nn.Module):
    """An LSTM, and scores after each of its steps."""

    def __init__(self, dtype: Any):
        self.rnn = nn.LSTM(WIDTH, HIDDEN, dtype=dtype)
        self.out = nn.Linear(HIDDEN, PARAMETERS["lstm"]["out.b"][0], dtype=dtype)

    def forward(self, x: Any) -> Any:
        """(steps, examples, features) to (steps · examples, classes)."""
        states, _ = self.rnn(x)
        return self.out(states.reshape(-1, HIDDEN))


class Block(nn.Module):
    """The Transformer block; where no place looks at later ones, if it is causal."""

    def __init__(self, dtype: Any, causal: bool):
        self.block = nn.TransformerBlock(WIDTH, HEADS, dtype=dtype)
        self.masks = {"is_causal": True} if causal else {}

    def forward(self, x: Any) -> Any:
        """(examples, places, features)."""
        return self.block(x, **self.masks)


def net_of(kind: str, dtype: Any) -> nn.Module:
    """The net, with weights of its own."""

    def conv(ins: int, outs: int, norm: bool) -> list[Any]:
        layers = [nn.Conv2d(ins, outs, 5, bias=not norm, dtype=dtype)]
        layers += [nn.BatchNorm2d(outs, dtype=dtype)] if norm else []
        return [*layers, nn.ReLU(), nn.MaxPool2d(2)]

    if kind.startswith("cnn"):
        norm = kind != "cnn"
        return nn.Sequential(
            *conv(1, 16, norm), *conv(16, 32, norm), nn.Flatten(), nn.Linear(512, 10, dtype=dtype)
        )
    if kind == "mlp":
        return nn.Sequential(
            nn.Linear(784, 256, dtype=dtype), nn.ReLU(), nn.Linear(256, 10, dtype=dtype)
        )
    if kind == "mlp_batchnorm":
        return nn.Sequential(
            nn.Linear(784, 256, bias=False, dtype=dtype), nn.BatchNorm1d(256, dtype=dtype),
            nn.ReLU(), nn.Linear(256, 10, dtype=dtype),
        )  # fmt: skip
    return Recurrent(dtype) if kind == "lstm" else Block(dtype, kind == "causal")


def step_of(kind: str) -> Callable[[Any], Callable[..., Any]]:
    """One step of training, as a function of the batch."""

    def make(work: Any) -> Callable[..., Any]:
        values = {name: getattr(work, name) for name in PARAMETERS[kind]}
        net = net_of(kind, next(iter(values.values())).dtype)
        inner = net.block if isinstance(net, Block) else net
        inner.load_state_dict(values, strict=False)
        optimiser = (
            nn.Adam(net, lr=work.lr) if kind in ADAM
            else nn.SGD(net, lr=work.lr, momentum=work.momentum)
        )  # fmt: skip
        loss_of = nn.mse_loss if isinstance(net, Block) else nn.cross_entropy

        def train(X: Any, y: Any) -> Any:
            optimiser.zero_grad()
            loss = loss_of(net(X), y)
            loss.backward()
            optimiser.step()
            return loss

        return train

    return make


def train(kind: str, work: Any, wrap: Callable[[Any], Any] = lambda f: f) -> Any:
    """A step of Adam, the scores of images, and how the step size is set."""
    values = {name: getattr(work, name) for name in PARAMETERS[kind]}
    net = net_of(kind, next(iter(values.values())).dtype)
    net.load_state_dict(values)
    adam = nn.Adam(net, lr=work.lr)

    def step(X: Any, y: Any) -> None:
        adam.zero_grad()
        nn.cross_entropy(net(X), y).backward()
        adam.step()

    def scores(X: Any) -> Any:
        with no_grad():
            return net(X).numpy()

    def set_lr(lr: float) -> None:
        adam.lr = lr

    return wrap(step), scores, set_lr


def adam_step(work: Any) -> Callable[[], Any]:
    """A step with gradients that are there."""
    params = []
    for name in PARAMETERS["adam_step"]:
        p = Parameter(getattr(work, name), name=name)
        p.grad = getattr(work, f"d{name}").copy()
        params.append(p)
    adam = nn.Adam(params, lr=work.lr)

    def step() -> Any:
        adam.step()
        return params

    return step


STEPS = {kind: step_of(kind) for kind in PARAMETERS if kind != "adam_step"}
