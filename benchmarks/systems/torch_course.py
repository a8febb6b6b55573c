"""The programs of the course with PyTorch, as its users write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ..course import EPS, PARAMETERS
from .common import Run, repeat


def softmax(p: Any, X: Any, y: Any, work: Any) -> Any:
    """A linear classifier."""
    W, b = p
    return functional.cross_entropy(torch.addmm(b, X, W), y) + 0.5 * work.reg * (W * W).sum()


def svm(p: Any, X: Any, y: Any, work: Any) -> Any:
    """A linear classifier with the hinge loss."""
    W, b = p
    scores = torch.addmm(b, X, W)
    margins = torch.relu(scores - scores.gather(1, y[:, None]) + 1)
    return margins.sum() / len(X) - 1 + 0.5 * work.reg * (W * W).sum()


def three_layers(p: Any, X: Any, y: Any, work: Any) -> Any:
    """784-100-50-10 with ReLU and softmax."""
    W1, b1, W2, b2, W3, b3 = p
    h1 = torch.relu(torch.addmm(b1, X, W1))
    h2 = torch.relu(torch.addmm(b2, h1, W2))
    return functional.cross_entropy(torch.addmm(b3, h2, W3), y)


def batchnorm(p: Any, X: Any, y: Any, work: Any) -> Any:
    """784-100-10 with a batch norm before the ReLU."""
    W1, gamma, beta, W2, b2 = p
    a = functional.batch_norm(X @ W1, None, None, gamma, beta, training=True, eps=EPS)
    return functional.cross_entropy(torch.addmm(b2, torch.relu(a), W2), y)


def rnn(p: Any, X: Any, y: Any, work: Any) -> Any:
    """Five words after one another, a prediction after each."""
    Wx, Wh, b, Wy, by = p
    h = torch.zeros(len(X), Wh.shape[0], dtype=X.dtype)
    losses = []
    for t in range(X.shape[1]):
        h = torch.tanh(X[:, t] @ Wx + h @ Wh + b)
        losses.append(functional.cross_entropy(torch.addmm(by, h, Wy), y[:, t]))
    return torch.stack(losses).mean()


def attention(p: Any, X: Any, y: Any, work: Any) -> Any:
    """One head of self-attention."""
    Wq, Wk, Wv, Wo = p
    mixed = functional.scaled_dot_product_attention(X @ Wq, X @ Wk, X @ Wv)
    return functional.mse_loss(mixed @ Wo, y)


LOSSES: dict[str, Callable[..., Any]] = {
    "softmax": softmax, "svm": svm, "momentum": three_layers, "adam": three_layers,
    "batchnorm": batchnorm, "rnn": rnn, "attention": attention,
}  # fmt: skip


def optimiser(kind: str, params: list[Any], work: Any) -> Any:
    """The one of `torch.optim` that does the update."""
    if kind == "adam":
        betas = (work.beta1, work.beta2)
        return torch.optim.Adam(params, lr=work.lr, betas=betas, eps=work.eps)
    return torch.optim.SGD(params, lr=work.lr, momentum=work.mu if kind == "momentum" else 0.0)


def run_of(kind: str) -> Callable[..., Run]:
    """Training steps; `wrap` compiles the loss, or leaves it as it is."""

    def make(work: Any, wrap: Callable[[Any], Any] = lambda f: f) -> Run:
        params = [torch.tensor(w, requires_grad=True) for w in work.copies(PARAMETERS[kind])]
        optim = optimiser(kind, params, work)
        batches = [
            (torch.tensor(X), torch.tensor(y if y.dtype.kind == "f" else y.astype(np.int64)))
            for X, y in work.batches()
        ]
        loss_of = wrap(LOSSES[kind])

        def step(X: Any, y: Any) -> Any:
            optim.zero_grad()
            loss = loss_of(params, X, y, work)
            loss.backward()
            optim.step()
            return loss

        return repeat(step, batches)

    return make


RUNS = {kind: run_of(kind) for kind in LOSSES}
