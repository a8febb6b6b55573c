"""Code as students type it runs on tensors, as it stands.

The forward passes are those of "Deep Learning from Scratch" (chapters 4 to 7) and of CS231n's first
assignments, in plain NumPy; beside each stands the backward pass that the same courses write by
hand, run on plain arrays. The gradients of the one are those of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import Tensor

n, d, m, classes = 5, 12, 7, 4
rng = generator(3)
X = rng.normal(size=(n, 2, 2, 3))  # images, flattened by the affine layers
W, b = rng.normal(size=(d, m)), rng.normal(size=m)
H = rng.normal(size=(n, m))
H[0, :3] = 0.0  # a kink
S = rng.normal(size=(n, classes))
y = rng.integers(classes, size=n)
one_hot = np.eye(classes)[y]

Pass = Callable[..., tuple[Any, Any]]

# --- Deep Learning from Scratch ------------------------------------------------------------------


def relu_book(x: Any) -> tuple[Any, Any]:
    mask = x <= 0
    out = x.copy()
    out[mask] = 0
    return out, mask


def relu_book_backward(dout: Any, mask: Any) -> tuple[Any, ...]:
    dout = dout.copy()
    dout[mask] = 0
    return (dout,)


def sigmoid_book(x: Any) -> tuple[Any, Any]:
    out = 1 / (1 + np.exp(-x))
    return out, out


def sigmoid_book_backward(dout: Any, out: Any) -> tuple[Any, ...]:
    return (dout * (1.0 - out) * out,)


def affine_book(x: Any, W: Any, b: Any) -> tuple[Any, Any]:
    original_x_shape = x.shape
    x = x.reshape(x.shape[0], -1)
    out = np.dot(x, W) + b
    return out, (x, W, original_x_shape)


def affine_book_backward(dout: Any, cache: Any) -> tuple[Any, ...]:
    x, W, original_x_shape = cache
    dx = np.dot(dout, W.T)
    dW = np.dot(x.T, dout)
    db = np.sum(dout, axis=0)
    return dx.reshape(*original_x_shape), dW, db


def softmax_book(x: Any) -> Any:
    if x.ndim == 2:
        x = x.T
        x = x - np.max(x, axis=0)
        y = np.exp(x) / np.sum(np.exp(x), axis=0)
        return y.T
    x = x - np.max(x)
    return np.exp(x) / np.sum(np.exp(x))


def cross_entropy_error_book(y: Any, t: Any) -> Any:
    if y.ndim == 1:
        t = t.reshape(1, t.size)
        y = y.reshape(1, y.size)
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    return -np.sum(np.log(y[np.arange(batch_size), t])) / batch_size


def softmax_with_loss_book(t: Any) -> Pass:
    def forward(x: Any) -> tuple[Any, Any]:
        y = softmax_book(x)
        return cross_entropy_error_book(y, t), y

    return forward


def softmax_with_loss_book_backward(t: Any) -> Callable[..., tuple[Any, ...]]:
    def backward(dout: Any, y: Any) -> tuple[Any, ...]:
        batch_size = t.shape[0]
        if t.size == y.size:
            dx = (y - t) / batch_size
        else:
            dx = y.copy()
            dx[np.arange(batch_size), t] -= 1
            dx = dx / batch_size
        return (dout * dx,)

    return backward


# --- CS231n --------------------------------------------------------------------------------------


def affine_cs231n(x: Any, w: Any, b: Any) -> tuple[Any, Any]:
    out = np.reshape(x, (x.shape[0], -1)).dot(w) + b
    return out, (x, w, b)


def affine_cs231n_backward(dout: Any, cache: Any) -> tuple[Any, ...]:
    x, w, _ = cache
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_cs231n(x: Any) -> tuple[Any, Any]:
    out = (x + np.abs(x)) / 2
    return out, x


def relu_cs231n_of_maximum(x: Any) -> tuple[Any, Any]:
    out = np.maximum(0, x)
    return out, x


def relu_cs231n_backward(dout: Any, x: Any) -> tuple[Any, ...]:
    dx = np.array(dout, copy=True)
    dx[x < 0] = 0
    return (dx,)


def svm_cs231n(x: Any) -> tuple[Any, Any]:
    N = x.shape[0]
    correct_class_scores = x[np.arange(N), y]
    margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    return loss, margins


def svm_cs231n_transposed(x: Any) -> tuple[Any, Any]:
    n = x.shape[0]
    margin = np.maximum(0, x.T - x[range(n), y] + 1).T
    margin[range(n), y] = 0
    return np.sum(margin) / n, margin


def svm_cs231n_backward(dout: Any, margins: Any) -> tuple[Any, ...]:
    N = margins.shape[0]
    num_pos = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(margins)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= num_pos
    dx /= N
    return (dout * dx,)


def svm_loops(x: Any) -> tuple[Any, Any]:
    """svm_loss_naive: one number after the other."""
    N, loss = x.shape[0], 0.0
    margins = np.zeros(x.shape)
    for i in range(N):
        scores = x[i]
        correct_class_score = scores[y[i]]
        for j in range(classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1
            if margin > 0:
                loss += margin
                margins[i, j] = margin.item()
    loss /= N
    return loss, margins


def softmax_cs231n(x: Any) -> tuple[Any, Any]:
    shifted_logits = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted_logits), axis=1, keepdims=True)
    log_probs = shifted_logits - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    return loss, probs


def softmax_cs231n_in_place(x: Any) -> tuple[Any, Any]:
    scores = x * 1.0
    scores -= np.max(scores, axis=1)[:, None]
    probs = np.exp(scores)
    probs /= np.sum(probs, axis=1, keepdims=True)
    correct_logprobs = -np.log(probs[range(n), y])
    return np.sum(correct_logprobs) / n, probs


def softmax_cs231n_transposed(x: Any) -> tuple[Any, Any]:
    scores = x.T
    probs = (
        np.exp(scores - scores.max(axis=0)) / np.exp(scores - scores.max(axis=0)).sum(axis=0)
    ).T
    return -np.log(probs[range(n), y]).sum() / n, probs


def softmax_cs231n_backward(dout: Any, probs: Any) -> tuple[Any, ...]:
    dx = probs.copy()
    dx[np.arange(n), y] -= 1
    dx /= n
    return (dout * dx,)


def dropout_cs231n(x: Any) -> tuple[Any, Any]:
    mask = (np.random.default_rng(0).random(x.shape) < 0.5) / 0.5
    out = x * mask
    return out, mask


def dropout_cs231n_backward(dout: Any, mask: Any) -> tuple[Any, ...]:
    return (dout * mask,)


LINES = [
    (relu_book, relu_book_backward, (H,)),
    (sigmoid_book, sigmoid_book_backward, (H,)),
    (affine_book, affine_book_backward, (X, W, b)),
    (affine_book, affine_book_backward, (H, rng.normal(size=(m, 3)), rng.normal(size=3))),
    (softmax_with_loss_book(y), softmax_with_loss_book_backward(y), (S,)),
    (softmax_with_loss_book(one_hot), softmax_with_loss_book_backward(one_hot), (S,)),
    (affine_cs231n, affine_cs231n_backward, (X, W, b)),
    (relu_cs231n, relu_cs231n_backward, (H[1:],)),  # by hand: 1 at the kink, where |x|' is 0
    (relu_cs231n_of_maximum, relu_cs231n_backward, (H[1:],)),
    (svm_cs231n, svm_cs231n_backward, (S,)),
    (svm_cs231n_transposed, svm_cs231n_backward, (S,)),
    (svm_loops, svm_cs231n_backward, (S,)),
    (softmax_cs231n, softmax_cs231n_backward, (S,)),
    (softmax_cs231n_in_place, softmax_cs231n_backward, (S,)),
    (softmax_cs231n_transposed, softmax_cs231n_backward, (S,)),
    (dropout_cs231n, dropout_cs231n_backward, (H,)),
]
both = pytest.mark.parametrize(
    ("forward", "backward", "inputs"),
    LINES,
    ids=[f"{forward.__qualname__}-{k}" for k, (forward, *_) in enumerate(LINES)],
)


def upstream(shape: tuple[int, ...]) -> Any:
    return generator(4).normal(size=shape)


@both
def test_the_gradients_are_those_of_the_backward_pass_by_hand(
    forward: Any, backward: Any, inputs: Any
) -> None:
    tensors = [Tensor(x) for x in inputs]
    out, _ = forward(*tensors)
    by_hand, cache = forward(*inputs)
    assert_close(out, by_hand, of=inputs)
    dout = upstream(np.shape(by_hand))
    out.backward(dout)
    for t, gradient in zip(tensors, backward(dout, cache), strict=True):
        assert_close(t.grad, gradient, of=inputs)


@both
def test_second_derivatives_are_right_too(forward: Any, backward: Any, inputs: Any) -> None:
    if inputs[0] is H:
        inputs = (H + 0.1, *inputs[1:])  # away from the kink
    ag.check_gradients(lambda *xs: forward(*xs)[0], *inputs, order=2, rtol=1e-4, atol=1e-6)


@both
def test_compiled_they_give_the_same_bits(forward: Any, backward: Any, inputs: Any) -> None:
    def loss(*xs: Any) -> Any:
        out = forward(*xs)[0]
        return np.sum(out * upstream(out.shape))

    eager = ag.value_and_grad(loss, range(len(inputs)))
    compiled = ag.compile(eager)
    if forward is svm_loops:  # branches on values have no straight-line program
        with pytest.raises(ag.TraceError, match="branch"):
            compiled(*inputs)
        return
    for scale in (1.0, 0.7, -1.3):
        given = [scale * x for x in inputs]
        (value, grads), (wanted, wanted_grads) = compiled(*given), eager(*given)
        np.testing.assert_array_equal(value, wanted)
        for ours, theirs in zip(grads, wanted_grads, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_net_of_the_book_learns() -> None:
    """Chapter 5: Affine, ReLU, Affine, softmax with loss; trained by hand-written lines."""
    data = generator(0)
    x, t = data.normal(size=(60, 3)), data.integers(3, size=60)
    x[np.arange(60), t] += 3
    params = {"W1": 0.1 * data.normal(size=(3, 8)), "b1": np.zeros(8),
              "W2": 0.1 * data.normal(size=(8, 3)), "b2": np.zeros(3)}  # fmt: skip
    losses = []
    for _ in range(60):
        p = {key: Tensor(value) for key, value in params.items()}
        hidden, _ = affine_book(Tensor(x, requires_grad=False), p["W1"], p["b1"])
        scores, _ = affine_book(relu_book(hidden)[0], p["W2"], p["b2"])
        loss = cross_entropy_error_book(softmax_book(scores), t)
        loss.backward()
        for key in params:
            params[key] -= 0.5 * p[key].grad
        losses.append(loss.item())
    assert losses[-1] < 0.2 < 1.0 < losses[0]
