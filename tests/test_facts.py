"""The worked examples of the lecture and of the notes, to the digit."""

from __future__ import annotations

import os

import numpy as np
import pytest
from close import assert_close

import autograd as ag
import nn
from autograd import Tensor

CIRCUITS = {
    "(x + y) z": (
        lambda x, y, z: (x + y) * z, [-2.0, 5.0, -4.0], -12.0, [-4.0, -4.0, 3.0],
    ),
    "2 (x y + max(z, w))": (
        lambda x, y, z, w: 2 * (x * y + np.maximum(z, w)), [3.0, -4.0, 2.0, -1.0],
        -20.0, [-8.0, 6.0, 2.0, 0.0],
    ),
    "sigmoid neuron": (
        lambda w0, w1, w2, x0, x1: ag.sigmoid(w0 * x0 + w1 * x1 + w2),
        [2.0, -3.0, -3.0, -1.0, -2.0], 0.7310585786300049,
        [-0.1966119332414819, -0.3932238664829637, 0.1966119332414819, 0.3932238664829637,
         -0.5898357997244456],
    ),
    "sigmoid neuron, spelt out": (
        lambda w0, w1, w2, x0, x1: 1 / (1 + np.exp(-(w0 * x0 + w1 * x1 + w2))),
        [2.0, -3.0, -3.0, -1.0, -2.0], 0.7310585786300049,
        [-0.1966119332414819, -0.3932238664829637, 0.1966119332414819, 0.3932238664829637,
         -0.5898357997244456],
    ),
    "the notes' fraction": (
        lambda x, y: (x + ag.sigmoid(y)) / (ag.sigmoid(x) + (x + y) ** 2), [3.0, -4.0],
        1.5456448841066441, [2.059569795572165, 1.592232751483809],
    ),
    "|W x|^2": (
        lambda W, x: np.sum(np.square(W @ x)), [[[0.1, 0.5], [-0.3, 0.8]], [0.2, 0.4]],
        0.116, [[[0.088, 0.176], [0.104, 0.208]], [-0.112, 0.636]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CIRCUITS)
def test_circuits(name: str) -> None:
    f, inputs, value, gradients = CIRCUITS[name]
    tensors = [Tensor(x) for x in inputs]
    result = f(*tensors)
    result.backward()
    assert abs(result.item() - value) < 1e-12
    for t, expected in zip(tensors, gradients, strict=True):
        np.testing.assert_allclose(t.grad, expected, rtol=0, atol=1e-12)


def test_toy_model_of_assignment_1() -> None:
    np.random.seed(0)
    weights = [
        0.1 * np.random.randn(4, 10),
        np.zeros(10),
        0.1 * np.random.randn(10, 3),
        np.zeros(3),
    ]
    np.random.seed(1)
    X, y = 10 * np.random.randn(5, 4), np.array([0, 1, 2, 2, 1])
    net = nn.TwoLayerNet(4, 10, 3, reg=2 * 0.05)  # the assignment's penalty has no half
    for name, values in zip(("W1", "b1", "W2", "b2"), weights, strict=True):
        net.params[name] = values
    np.testing.assert_allclose(
        net.predict(X),
        [[-0.81233741, -1.27654624, -0.70335995], [-0.17129677, -1.18803311, -0.47310444],
         [-0.51590475, -1.01354314, -0.8504215], [-0.15419291, -0.48629638, -0.52901952],
         [-0.00618733, -0.12435261, -0.15226949]],
        atol=5e-9,
    )  # fmt: skip
    assert net.loss(X, y).item() == pytest.approx(1.30378789133, abs=5e-12)


def backward_of_the_notes(X, y, W, b, W2, b2, reg=1e-3):  # type: ignore[no-untyped-def]
    """The hand-written forward and backward pass of CS231n's minimal case study."""
    num_examples = X.shape[0]
    hidden = np.maximum(0, np.dot(X, W) + b)
    scores = np.dot(hidden, W2) + b2
    exp_scores = np.exp(scores)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    dscores = probs
    dscores[range(num_examples), y] -= 1
    dscores /= num_examples
    dW2 = np.dot(hidden.T, dscores) + reg * W2
    db2 = np.sum(dscores, axis=0, keepdims=True)
    dhidden = np.dot(dscores, W2.T)
    dhidden[hidden <= 0] = 0
    dW = np.dot(X.T, dhidden) + reg * W
    db = np.sum(dhidden, axis=0, keepdims=True)
    return dW, db, dW2, db2


@pytest.mark.parametrize("plain_numpy", [False, True])
def test_gradients_equal_the_hand_written_backward_pass(plain_numpy: bool) -> None:
    """At every one of the first 100 iterations; the points at the origin tie at zero."""
    rng = np.random.RandomState(0)
    X, y = nn.spiral(seed=rng)
    W, b = 0.01 * rng.randn(2, 100), np.zeros((1, 100))
    W2, b2 = 0.01 * rng.randn(100, 3), np.zeros((1, 3))
    assert (X[0] == 0).all()
    for _ in range(100):
        by_hand = backward_of_the_notes(X, y, W, b, W2, b2)
        tensors = [Tensor(v) for v in (W, b, W2, b2)]
        tW, tb, tW2, tb2 = tensors
        if plain_numpy:
            hidden = np.maximum(0, np.dot(X, tW) + tb)
            exp_scores = np.exp(np.dot(hidden, tW2) + tb2)
            probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
            loss = np.sum(-np.log(probs[range(300), y])) / 300
        else:
            hidden = ag.relu(ag.affine(X, tW, tb))
            loss = nn.softmax_cross_entropy(ag.affine(hidden, tW2, tb2), y)
        loss = loss + nn.l2_penalty(1e-3, tW, tW2)
        loss.backward()
        for t, expected in zip(tensors, by_hand, strict=True):
            assert_close(t.grad, expected, of=[1.0])  # probabilities of 300 points, over 300
        W, b, W2, b2 = (v - g for v, g in zip((W, b, W2, b2), by_hand, strict=True))


def test_gradient_check_on_three_digits() -> None:
    (x, t), _ = nn.mnist(subset=True, dtype=np.float64)
    net = nn.TwoLayerNet(784, 50, 10, seed=0)
    x, t = x[:3], t[:3]
    backprop, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    assert set(backprop) == set(numerical) == {"W1", "b1", "W2", "b2"}
    for name, expected in numerical.items():
        assert np.abs(backprop[name] - expected).mean() < 1e-9


def test_mnist_after_one_epoch() -> None:
    """600 batches of 100: the accuracy that the book's net has after its first epoch."""
    if not os.environ.get("GATEGRAD_DATA"):
        pytest.skip("GATEGRAD_DATA does not name the real MNIST files")
    (x, t), (x_test, t_test) = nn.mnist()
    net = nn.TwoLayerNet(784, 50, 10, seed=1, dtype=np.float32)
    rng = np.random.default_rng(1)
    sgd = nn.SGD(net, lr=0.1)
    for _ in range(600):
        batch = rng.choice(len(x), 100)
        sgd.zero_grad()
        net.loss(x[batch], t[batch]).backward()
        sgd.step()
    assert 0.90 <= net.accuracy(x_test, t_test) <= 0.92
