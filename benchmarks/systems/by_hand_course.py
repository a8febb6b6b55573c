"""The programs of the course by hand, as a good student writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..course import EPS, PARAMETERS
from .by_hand_conv import cross_entropy
from .common import Run, repeat

Array = np.ndarray[Any, Any]


def softmax(work: Any) -> Callable[..., Any]:
    """CS231n, "Softmax classifier"."""
    W, b = work.copies(PARAMETERS["softmax"])
    lr, reg = work.lr, work.reg

    def step(X: Array, y: Array) -> Any:
        nonlocal W, b
        n = len(X)
        scores = X @ W + b
        scores -= np.max(scores, axis=1, keepdims=True)
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        loss = -np.mean(np.log(probs[np.arange(n), y])) + 0.5 * reg * np.sum(W * W)

        dscores = probs
        dscores[np.arange(n), y] -= 1
        dscores /= n
        W -= lr * (X.T @ dscores + reg * W)
        b -= lr * np.sum(dscores, axis=0)
        return loss

    return step


def svm(work: Any) -> Callable[..., Any]:
    """CS231n, "Multiclass Support Vector Machine loss"."""
    W, b = work.copies(PARAMETERS["svm"])
    lr, reg = work.lr, work.reg

    def step(X: Array, y: Array) -> Any:
        nonlocal W, b
        n = len(X)
        scores = X @ W + b
        margins = np.maximum(0, scores - scores[np.arange(n), y][:, None] + 1)
        margins[np.arange(n), y] = 0
        loss = np.sum(margins) / n + 0.5 * reg * np.sum(W * W)

        dscores = (margins > 0).astype(X.dtype)
        dscores[np.arange(n), y] = -np.sum(dscores, axis=1)
        dscores /= n
        W -= lr * (X.T @ dscores + reg * W)
        b -= lr * np.sum(dscores, axis=0)
        return loss

    return step


def gradients(p: list[Array], X: Array, y: Array) -> tuple[Any, list[Array]]:
    """The loss of the net of three layers, and its gradients."""
    W1, b1, W2, b2, W3, b3 = p
    h1 = np.maximum(0, X @ W1 + b1)
    h2 = np.maximum(0, h1 @ W2 + b2)
    loss, dscores = cross_entropy(h2 @ W3 + b3, y)

    dh2 = dscores @ W3.T
    dh2[h2 <= 0] = 0
    dh1 = dh2 @ W2.T
    dh1[h1 <= 0] = 0
    return loss, [X.T @ dh1, np.sum(dh1, axis=0), h1.T @ dh2, np.sum(dh2, axis=0),
                  h2.T @ dscores, np.sum(dscores, axis=0)]  # fmt: skip


def momentum(work: Any) -> Callable[..., Any]:
    """CS231n, "Momentum update"."""
    params = work.copies(PARAMETERS["momentum"])
    velocity = [np.zeros_like(p) for p in params]
    lr, mu = work.lr, work.mu

    def step(X: Array, y: Array) -> Any:
        loss, grads = gradients(params, X, y)
        for p, v, dp in zip(params, velocity, grads, strict=True):
            v *= mu
            v -= lr * dp
            p += v
        return loss

    return step


def adam(work: Any) -> Callable[..., Any]:
    """CS231n, "Adam", with the correction of the first steps."""
    params = work.copies(PARAMETERS["adam"])
    m = [np.zeros_like(p) for p in params]
    v = [np.zeros_like(p) for p in params]
    lr, beta1, beta2, eps, t = work.lr, work.beta1, work.beta2, work.eps, 0

    def step(X: Array, y: Array) -> Any:
        nonlocal t
        loss, grads = gradients(params, X, y)
        t += 1
        for k, dp in enumerate(grads):
            m[k] = beta1 * m[k] + (1 - beta1) * dp
            v[k] = beta2 * v[k] + (1 - beta2) * dp**2
            mt = m[k] / (1 - beta1**t)
            vt = v[k] / (1 - beta2**t)
            params[k] -= lr * mt / (np.sqrt(vt) + eps)
        return loss

    return step


def batchnorm(work: Any) -> Callable[..., Any]:
    """The gradient of a batch norm in one line (CS231n, assignment 2)."""
    W1, gamma, beta, W2, b2 = work.copies(PARAMETERS["batchnorm"])
    lr = work.lr

    def step(X: Array, y: Array) -> Any:
        nonlocal W1, gamma, beta, W2, b2
        n = len(X)
        a = X @ W1
        std = np.sqrt(np.var(a, axis=0) + EPS)
        xhat = (a - np.mean(a, axis=0)) / std
        hidden = np.maximum(0, gamma * xhat + beta)
        loss, dscores = cross_entropy(hidden @ W2 + b2, y)

        dhidden = dscores @ W2.T
        dhidden[hidden <= 0] = 0
        dgamma = np.sum(dhidden * xhat, axis=0)
        dbeta = np.sum(dhidden, axis=0)
        da = gamma / (n * std) * (n * dhidden - dbeta - xhat * dgamma)
        W1 -= lr * (X.T @ da)
        gamma -= lr * dgamma
        beta -= lr * dbeta
        W2 -= lr * (hidden.T @ dscores)
        b2 -= lr * np.sum(dscores, axis=0)
        return loss

    return step


def rnn(work: Any) -> Callable[..., Any]:
    """Backpropagation through time (min-char-rnn)."""
    Wx, Wh, b, Wy, by = params = work.copies(PARAMETERS["rnn"])
    lr = work.lr

    def step(X: Array, y: Array) -> Any:
        steps = X.shape[1]
        hs, ds, loss = {-1: np.zeros((len(X), len(Wh)), X.dtype)}, {}, 0.0
        for t in range(steps):
            hs[t] = np.tanh(X[:, t] @ Wx + hs[t - 1] @ Wh + b)
            lost, ds[t] = cross_entropy(hs[t] @ Wy + by, y[:, t])
            loss += lost / steps

        dWx, dWh, db, dWy, dby = (np.zeros_like(p) for p in params)
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(steps)):
            dy = ds[t] / steps
            dWy += hs[t].T @ dy
            dby += np.sum(dy, axis=0)
            dh = dy @ Wy.T + dhnext
            da = (1 - hs[t] * hs[t]) * dh
            dWx += X[:, t].T @ da
            dWh += hs[t - 1].T @ da
            db += np.sum(da, axis=0)
            dhnext = da @ Wh.T
        for p, dp in zip(params, (dWx, dWh, db, dWy, dby), strict=True):
            p -= lr * dp
        return loss

    return step


def attention(work: Any) -> Callable[..., Any]:
    """One head of self-attention."""
    Wq, Wk, Wv, Wo = work.copies(PARAMETERS["attention"])
    lr = work.lr

    def step(X: Array, y: Array) -> Any:
        nonlocal Wq, Wk, Wv, Wo
        q, k, v = X @ Wq, X @ Wk, X @ Wv
        scale = q.shape[-1] ** 0.5
        scores = q @ k.transpose(0, 2, 1) / scale
        scores -= np.max(scores, axis=2, keepdims=True)
        weights = np.exp(scores)
        weights /= np.sum(weights, axis=2, keepdims=True)
        mixed = weights @ v
        error = mixed @ Wo - y
        loss = np.mean(error**2)

        flat = X.reshape(-1, X.shape[-1])
        dout = 2 * error / error.size
        dmixed = dout @ Wo.T
        dWo = mixed.reshape(flat.shape).T @ dout.reshape(flat.shape)
        dweights = dmixed @ v.transpose(0, 2, 1)
        dv = weights.transpose(0, 2, 1) @ dmixed
        inner = np.sum(dweights * weights, axis=2, keepdims=True)
        dscores = weights * (dweights - inner) / scale
        dq = dscores @ k
        dk = dscores.transpose(0, 2, 1) @ q
        Wq -= lr * (flat.T @ dq.reshape(flat.shape))
        Wk -= lr * (flat.T @ dk.reshape(flat.shape))
        Wv -= lr * (flat.T @ dv.reshape(flat.shape))
        Wo -= lr * dWo
        return loss

    return step


def run_of(make: Callable[[Any], Callable[..., Any]]) -> Callable[[Any], Run]:
    """The run of a step."""
    return lambda work: repeat(make(work), work.batches())


RUNS = {
    make.__name__: run_of(make)
    for make in (softmax, svm, momentum, adam, batchnorm, rnn, attention)
}  # fmt: skip
