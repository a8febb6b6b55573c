"""More work: the programs of a course on neural nets, one training step of each.

`LOSSES` has the forward passes, written once for the systems that speak NumPy: each is given the
module (`numpy`, `jax.numpy`), the parameters, a batch, and the arrays of the case.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Arrays = dict[str, Any]
EPS = 1e-5  # in the root of a batch norm

PARAMETERS = {
    "softmax": ("W", "b"),
    "svm": ("W", "b"),
    "momentum": ("W1", "b1", "W2", "b2", "W3", "b3"),
    "adam": ("W1", "b1", "W2", "b2", "W3", "b3"),
    "batchnorm": ("W1", "gamma", "beta", "W2", "b2"),
    "rnn": ("Wx", "Wh", "b", "Wy", "by"),
    "attention": ("Wq", "Wk", "Wv", "Wo"),
}
TITLES = {
    "softmax": "linear softmax by hand", "svm": "linear SVM by hand",
    "momentum": "three layers, momentum", "adam": "three layers, Adam",
    "batchnorm": "batch norm net", "rnn": "RNN of five steps", "attention": "self-attention",
}  # fmt: skip


def arrays(kind: str, dtype: str, digits: Callable[[int], tuple[Array, Array]]) -> Arrays:
    """Parameters, batches (batch, example, ...), and the settings of the update."""
    draws = np.random.default_rng(0)
    if kind == "rnn":  # 32 sentences of five words, 28 numbers each; 64 hidden, 10 classes
        X, y = draws.standard_normal((8, 32, 5, 28)), draws.integers(0, 10, (8, 32, 5))
    elif kind == "attention":  # 8 sentences of 32 words, 64 numbers each
        X, y = (draws.standard_normal((4, 8, 32, 64)) for _ in range(2))
        y = y.astype(dtype)
    else:
        X, y = digits(100)
    shapes = {
        "softmax": {"W": (784, 10), "b": 10},
        "svm": {"W": (784, 10), "b": 10},
        "momentum": {"W1": (784, 100), "b1": 100, "W2": (100, 50), "b2": 50,
                     "W3": (50, 10), "b3": 10},
        "batchnorm": {"W1": (784, 100), "gamma": 100, "beta": 100, "W2": (100, 10), "b2": 10},
        "rnn": {"Wx": (28, 64), "Wh": (64, 64), "b": 64, "Wy": (64, 10), "by": 10},
        "attention": dict.fromkeys(PARAMETERS["attention"], (64, 64)),
    }  # fmt: skip
    found: Arrays = {"X": X.astype(dtype), "y": y}
    for name, shape in shapes["momentum" if kind == "adam" else kind].items():
        if isinstance(shape, tuple):
            found[name] = (draws.standard_normal(shape) / np.sqrt(shape[0])).astype(dtype)
        else:
            found[name] = (np.ones if name == "gamma" else np.zeros)(shape, dtype)
    settings = {"lr": 1e-3 if kind == "adam" else 0.05, "reg": 1e-3, "mu": 0.9,
                "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}  # fmt: skip
    return found | settings


def softmax(np: Any, p: Any, X: Any, y: Any, work: Any) -> Any:
    """A linear classifier: scores, probabilities and loss without a ready-made gate."""
    W, b = p
    scores = X @ W + b
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    data_loss = -np.mean(np.log(probs[np.arange(len(X)), y]))
    return data_loss + 0.5 * work.reg * np.sum(W * W)


def svm(np: Any, p: Any, X: Any, y: Any, work: Any) -> Any:
    """A linear classifier with the hinge loss; the right class adds 1 to each sum, taken off."""
    W, b = p
    scores = X @ W + b
    correct = scores[np.arange(len(X)), y]
    margins = np.maximum(0, scores - correct[:, None] + 1)
    data_loss = np.sum(margins) / len(X) - 1
    return data_loss + 0.5 * work.reg * np.sum(W * W)


def three_layers(np: Any, p: Any, X: Any, y: Any, work: Any) -> Any:
    """784-100-50-10 with ReLU and softmax."""
    W1, b1, W2, b2, W3, b3 = p
    h1 = np.maximum(0, X @ W1 + b1)
    h2 = np.maximum(0, h1 @ W2 + b2)
    return work.cross_entropy(h2 @ W3 + b3, y)


def batchnorm(np: Any, p: Any, X: Any, y: Any, work: Any) -> Any:
    """784-100-10 with a batch norm before the ReLU."""
    W1, gamma, beta, W2, b2 = p
    a = X @ W1
    centred = a - np.mean(a, axis=0)
    xhat = centred / np.sqrt(np.mean(centred**2, axis=0) + EPS)
    hidden = np.maximum(0, gamma * xhat + beta)
    return work.cross_entropy(hidden @ W2 + b2, y)


def rnn(np: Any, p: Any, X: Any, y: Any, work: Any) -> Any:
    """Five words after one another, a prediction after each."""
    Wx, Wh, b, Wy, by = p
    h = np.zeros((len(X), Wh.shape[0]), X.dtype)
    loss = 0.0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ Wx + h @ Wh + b)
        loss = loss + work.cross_entropy(h @ Wy + by, y[:, t])
    return loss / X.shape[1]


def attention(np: Any, p: Any, X: Any, y: Any, work: Any) -> Any:
    """One head of self-attention, and the mean squared distance from other sentences."""
    Wq, Wk, Wv, Wo = p
    q, k, v = X @ Wq, X @ Wk, X @ Wv
    scores = q @ np.swapaxes(k, 1, 2) / q.shape[-1] ** 0.5
    exp_scores = np.exp(scores - np.max(scores, axis=2, keepdims=True))
    weights = exp_scores / np.sum(exp_scores, axis=2, keepdims=True)
    out = weights @ v @ Wo
    return np.mean((out - y) ** 2)


LOSSES: dict[str, Callable[..., Any]] = {
    "softmax": softmax, "svm": svm, "momentum": three_layers, "adam": three_layers,
    "batchnorm": batchnorm, "rnn": rnn, "attention": attention,
}  # fmt: skip
