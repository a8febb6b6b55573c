"""The nets of ready-made layers with `torch.nn`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..nets import ADAM, HEADS, HIDDEN, PARAMETERS, STEPS, WIDTH
from .common import Run, repeat


class Recurrent(nn.Module):
    """An LSTM, and scores after each of its steps."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(WIDTH, HIDDEN)
        self.out = nn.Linear(HIDDEN, PARAMETERS["lstm"]["out.b"][0])

    def forward(self, x: Any) -> Any:
        """(steps, examples, features) to (steps · examples, classes)."""
        states, _ = self.rnn(x)
        return self.out(states.reshape(-1, HIDDEN))


class Block(nn.Module):
    """The Transformer block; where no place looks at later ones, if it is causal."""

    def __init__(self, causal: bool):
        super().__init__()
        self.block = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True
        )
        self.masks = {}
        if causal:
            later = nn.Transformer.generate_square_subsequent_mask(STEPS)
            self.masks = {"src_mask": later, "is_causal": True}

    def forward(self, x: Any) -> Any:
        """(examples, places, features)."""
        return self.block(x, **self.masks)


def net_of(kind: str) -> nn.Module:
    """The net, with weights of its own."""

    def conv(ins: int, outs: int, norm: bool) -> list[Any]:
        layers: list[Any] = [nn.Conv2d(ins, outs, 5, bias=not norm)]
        layers += [nn.BatchNorm2d(outs)] if norm else []
        return [*layers, nn.ReLU(), nn.MaxPool2d(2)]

    if kind.startswith("cnn"):
        norm = kind != "cnn"
        return nn.Sequential(
            *conv(1, 16, norm), *conv(16, 32, norm), nn.Flatten(), nn.Linear(512, 10)
        )
    if kind == "mlp":
        return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    if kind == "mlp_batchnorm":
        return nn.Sequential(
            nn.Linear(784, 256, bias=False), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 10)
        )
    return Recurrent() if kind == "lstm" else Block(kind == "causal")


NAMES = {
    "attention.in_proj_weight": "self_attn.in_proj_weight",
    "attention.in_proj_bias": "self_attn.in_proj_bias",
    "attention.out_proj_weight": "self_attn.out_proj.weight",
    "attention.out_proj_bias": "self_attn.out_proj.bias",
}
ENDINGS = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}


def load(net: nn.Module, work: Any, kind: str) -> None:
    """Give the net the weights of the case, (out, in) where `nn` has (in, out)."""
    params = dict(net.named_parameters())
    for name in PARAMETERS[kind]:
        layer, _, ending = name.rpartition(".")
        own = NAMES.get(name) or f"{layer}.{ENDINGS.get(ending, ending)}"
        value = getattr(work, name)
        params[own].data = torch.tensor(value.T if value.ndim == 2 else value).contiguous()


def run_of(kind: str) -> Callable[..., Run]:
    """Training steps; `wrap` compiles the loss, or leaves it as it is."""

    def make(work: Any, wrap: Callable[[Any], Any] = lambda f: f) -> Run:
        net = net_of(kind)
        inner = net.block if isinstance(net, Block) else net
        load(inner, work, kind)
        params, squares = list(net.parameters()), isinstance(net, Block)
        optimiser: Any = (
            torch.optim.Adam(params, lr=work.lr) if kind in ADAM
            else torch.optim.SGD(params, lr=work.lr, momentum=work.momentum)
        )  # fmt: skip
        loss_of = wrap(
            lambda X, y: (functional.mse_loss if squares else functional.cross_entropy)(net(X), y)
        )
        batches = [
            (torch.tensor(X), torch.tensor(y if squares else y.astype(np.int64)))
            for X, y in work.batches()
        ]

        def step(X: Any, y: Any) -> Any:
            optimiser.zero_grad()
            loss = loss_of(X, y)
            loss.backward()
            optimiser.step()
            return loss

        return repeat(step, batches)

    return make


def train(kind: str, work: Any) -> Any:
    """A step of Adam, the scores of images, and how the step size is set."""
    net = net_of(kind)
    load(net, work, kind)
    adam = torch.optim.Adam(net.parameters(), lr=work.lr)

    def step(X: Any, y: Any) -> None:
        adam.zero_grad()
        loss = functional.cross_entropy(net(torch.from_numpy(X)), torch.from_numpy(y))
        loss.backward()
        adam.step()

    def scores(X: Any) -> Any:
        with torch.no_grad():
            return net(torch.from_numpy(X)).numpy()

    def set_lr(lr: float) -> None:
        for group in adam.param_groups:
            group["lr"] = lr

    return step, scores, set_lr


def adam_step(work: Any) -> Run:
    """A step with gradients that are there."""
    params = []
    for name in PARAMETERS["adam_step"]:
        p = torch.tensor(getattr(work, name), requires_grad=True)
        p.grad = torch.tensor(getattr(work, f"d{name}"))
        params.append(p)
    adam = torch.optim.Adam(params, lr=work.lr)

    def step() -> Any:
        adam.step()
        return params

    return repeat(step)


NETS = {kind: run_of(kind) for kind in PARAMETERS if kind != "adam_step"}
RUNS = NETS | {"adam_step": adam_step}
