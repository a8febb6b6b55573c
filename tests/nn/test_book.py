"""The layers of "Deep Learning from Scratch": its protocol, and its net as a reader types it."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import autograd as ag
import nn
from autograd import (
    DTypeError,
    GraphError,
    LabelError,
    ShapeError,
    Tensor,
    UnsupportedError,
    numerical_gradient,
)
from nn import book
from nn.book import Affine, Convolution, Pooling, Relu, Sigmoid, SoftmaxWithLoss


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


class BookNet:
    """Chapter 5's net, as its reader writes it: arrays in a dictionary, layers in order."""

    def __init__(self, sizes: tuple[int, int, int], std: float = 0.01, seed: int = 0):
        rng, (inputs, hidden, outputs) = generator(seed), sizes
        self.params = {
            "W1": std * rng.standard_normal((inputs, hidden)), "b1": np.zeros(hidden),
            "W2": std * rng.standard_normal((hidden, outputs)), "b2": np.zeros(outputs),
        }  # fmt: skip
        self.layers: OrderedDict[str, Any] = OrderedDict()
        self.layers["Affine1"] = Affine(self.params["W1"], self.params["b1"])
        self.layers["Relu1"] = Relu()
        self.layers["Affine2"] = Affine(self.params["W2"], self.params["b2"])
        self.lastLayer = SoftmaxWithLoss()

    def predict(self, x: np.ndarray) -> np.ndarray:
        for layer in self.layers.values():
            x = layer.forward(x)
        return x

    def loss(self, x: np.ndarray, t: np.ndarray) -> float:
        return self.lastLayer.forward(self.predict(x), t)

    def accuracy(self, x: np.ndarray, t: np.ndarray) -> float:
        labels = t if t.ndim == 1 else np.argmax(t, axis=1)
        return float(np.mean(np.argmax(self.predict(x), axis=1) == labels))

    def gradient(self, x: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
        self.loss(x, t)
        dout = self.lastLayer.backward(1)
        for layer in reversed(list(self.layers.values())):
            dout = layer.backward(dout)
        first, second = self.layers["Affine1"], self.layers["Affine2"]
        return {"W1": first.dW, "b1": first.db, "W2": second.dW, "b2": second.db}

    def numerical_gradient(self, x: np.ndarray, t: np.ndarray) -> dict[str, np.ndarray]:
        """By moving the weights in place, which the layers see."""
        grads = {}
        for name, array in self.params.items():

            def loss(moved: np.ndarray, array: np.ndarray = array) -> float:
                array[...] = moved
                return self.loss(x, t)

            before = array.copy()
            grads[name] = numerical_gradient(loss, before, h=1e-6)  # hardly a relu changes
            array[...] = before
        return grads


@pytest.mark.parametrize("one_hot", [True, False])
@pytest.mark.parametrize("images", [True, False])
def test_the_net_of_the_book_before_and_after_updates(one_hot: bool, images: bool) -> None:
    net = BookNet((4, 6, 3), std=0.5, seed=1)
    x, t = normal(10, 4), np.arange(10) % 3
    x, t = x.reshape(10, 2, 2) if images else x, np.eye(3)[t] if one_hot else t
    losses = [net.loss(x, t)]
    for step in range(20):
        grads = net.gradient(x, t)
        if step in (0, 1, 10):
            for key, expected in net.numerical_gradient(x, t).items():
                assert_close(grads[key], expected, 1e-6)
        for key in ("W1", "b1", "W2", "b2"):
            net.params[key] -= 0.5 * grads[key]
        losses.append(net.loss(x, t))
    assert losses[-1] < 0.8 * losses[0]
    assert net.layers["Affine1"].W is net.params["W1"]


def test_the_net_of_the_book_learns_to_read_digits() -> None:
    (x, t), (x_test, t_test) = nn.mnist(subset=True)
    net, rng = BookNet((784, 50, 10), seed=seeded(0)), generator(0)
    for _ in range(300):
        chosen = rng.choice(len(x), 100)
        grads = net.gradient(x[chosen], t[chosen])
        for key in ("W1", "b1", "W2", "b2"):
            net.params[key] -= 0.1 * grads[key]
    assert net.accuracy(x_test, t_test) > 0.8


def test_the_net_of_the_book_reads_97_percent_of_mnist() -> None:
    """20 epochs of the book's batches of 100, with its step size of 0.1."""
    if not os.environ.get("GATEGRAD_DATA"):
        pytest.skip("GATEGRAD_DATA does not name the real MNIST files")
    (x, t), (x_test, t_test) = nn.mnist()
    net, rng = BookNet((784, 50, 10), seed=seeded(0)), generator(0)
    for _ in range(12_000):
        chosen = rng.choice(len(x), 100)
        grads = net.gradient(x[chosen], t[chosen])
        for key in ("W1", "b1", "W2", "b2"):
            net.params[key] -= 0.1 * grads[key]
    assert net.accuracy(x_test, t_test) >= 0.97


def test_optimisers_update_the_dictionaries_of_the_book() -> None:
    net, x, t = BookNet((3, 4, 2), std=0.5), normal(5, 3), np.array([0, 1, 0, 1, 1])
    before = net.loss(x, t)
    nn.SGD(lr=0.1).update(net.params, net.gradient(x, t))
    assert net.loss(x, t) < before


# --- layers -----------------------------------------------------------------------------------


def test_layers_agree_with_their_formulas() -> None:
    """The layers of chapter 5, by hand, against ours."""
    x, W, b = normal(4, 3), normal(3, 5, seed=1), normal(5, seed=2)
    t = np.array([0, 4, 2, 1])
    affine, relu, last = Affine(W, b), Relu(), SoftmaxWithLoss()
    a = affine.forward(x)
    h = relu.forward(a)
    loss = last.forward(h, t)
    dx = affine.backward(relu.backward(last.backward()))

    by_hand = np.maximum(x @ W + b, 0)
    p = np.exp(by_hand) / np.exp(by_hand).sum(axis=1, keepdims=True)
    assert_close(loss, -np.log(p[range(4), t]).mean())
    d = (p - np.eye(5)[t]) / 4
    d[by_hand <= 0] = 0
    assert_close(affine.dW, x.T @ d)
    assert_close(affine.db, d.sum(axis=0), of=[d])
    assert_close(dx, d @ W.T)
    assert_close(last.y, p)
    assert type(loss) is float
    assert last.loss == loss
    np.testing.assert_array_equal(last.t, t)
    assert all(type(v) is np.ndarray for v in (a, h, dx, affine.dW, affine.db, last.y))
    affine.backward(np.ones((4, 5)))  # a second time: dW is replaced, not added to
    assert_close(affine.dW, x.T @ np.ones((4, 5)), of=[x])


LAYERS: dict[str, Callable[[], Any]] = {
    "affine": lambda: Affine(normal(30, 4), normal(4, seed=1)),
    "relu": Relu,
    "sigmoid": Sigmoid,
    "convolution": lambda: Convolution(normal(3, 2, 2, 3), normal(3, seed=1), stride=1, pad=1),
    "strided": lambda: Convolution(normal(3, 2, 3, 2), normal(3, seed=1), stride=2),
    "pooling": lambda: Pooling(2, 2),
    "strided pooling": lambda: Pooling(pool_h=2, pool_w=3, stride=2, pad=1),
}


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_numerical_ones_in_the_shapes_of_the_book(name: str) -> None:
    # no two so near that the step of the numerical derivative changes which is the larger
    x = generator(0).permuted(np.linspace(-2, 2, 60)).reshape(2, 2, 3, 5)
    layer = LAYERS[name]()
    out = layer.forward(x)
    dout = normal(*out.shape, seed=3)
    dx = layer.backward(dout)

    def value(moved: np.ndarray) -> float:
        return float((layer.forward(moved) * dout).sum())

    assert_close(dx, numerical_gradient(value, x), 1e-7)
    for array, grad in (("W", "dW"), ("b", "db")):
        if hasattr(layer, array):
            held = getattr(layer, array)

            def value_of(moved: np.ndarray, held: np.ndarray = held) -> float:
                held[...] = moved
                return float((layer.forward(x) * dout).sum())

            assert_close(getattr(layer, grad), numerical_gradient(value_of, held.copy()), 1e-7)
    layer.forward(x)
    np.testing.assert_array_equal(layer.backward(1), layer.backward(np.ones(out.shape)))


@pytest.mark.parametrize("shape", [(6,), (4, 6), (4, 2, 3), (4, 1, 2, 3)])
def test_affine_flattens_inputs_of_any_rank(shape: tuple[int, ...]) -> None:
    W, b, x = normal(6, 2), normal(2, seed=1), normal(*shape, seed=2)
    affine = Affine(W, b)
    rows = x.reshape(-1, 6)
    out = affine.forward(x)
    assert_close(out.reshape(-1, 2), rows @ W + b)
    dx = affine.backward(np.ones(out.shape))
    assert dx.shape == shape
    assert_close(affine.dW, rows.T @ np.ones((len(rows), 2)), of=[rows])
    assert affine.db.shape == (2,)


def test_scores_of_a_single_example() -> None:
    scores, last = normal(3), SoftmaxWithLoss()
    whole = last.forward(scores[None], [1])
    dx = last.backward()
    for label in (1, np.array(1), [0, 1, 0]):
        assert last.forward(scores, label) == whole
        np.testing.assert_array_equal(last.backward(), dx[0])
    np.testing.assert_array_equal(last.backward(2), 2 * dx[0])


def test_numbers_through_the_layers_of_the_shop() -> None:
    """Two apples of 100 and three oranges of 150, with a tax of 10 percent."""
    apples, oranges, both, tax = book.MulLayer(), book.MulLayer(), book.AddLayer(), book.MulLayer()
    price = tax.forward(both.forward(apples.forward(100, 2), oranges.forward(150, 3)), 1.1)
    assert_close(price, 715.0)
    dall, dtax = tax.backward(1)
    dapples, doranges = both.backward(dall)
    found = [*apples.backward(dapples), *oranges.backward(doranges), dtax]
    assert_close(found, [2.2, 110.0, 3.3, 165.0, 650.0])


def test_relu_has_both_spellings() -> None:
    assert book.ReLU is book.Relu


def test_float32_stays() -> None:
    W, b, x = (v.astype(np.float32) for v in (normal(3, 2), normal(2), normal(4, 3)))
    affine, last = Affine(W, b), SoftmaxWithLoss()
    assert affine.forward(x).dtype == np.float32
    last.forward(affine.forward(x), [0, 1, 1, 0])
    dx = affine.backward(last.backward(1))
    assert {a.dtype for a in (dx, affine.dW, affine.db, last.y)} == {np.dtype(np.float32)}
    assert affine.forward(np.array([[1, 2, 3]])).dtype == np.float64  # integers are converted


# --- chapter 6: batch normalisation and dropout -------------------------------------------------


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("shape", [(5, 6), (5, 2, 3), (5, 1, 2, 3)])
def test_batch_normalization(shape: tuple[int, ...], train: bool) -> None:
    gamma, beta, x = normal(6), normal(6, seed=1), 3 + 2 * normal(*shape, seed=2)
    dout, running = normal(*shape, seed=3), (normal(6, seed=4), 1 + normal(6, seed=5) ** 2)
    layer = book.BatchNormalization(gamma, beta, 0.9, *running)
    out = layer.forward(x, train)
    rows = x.reshape(5, 6)
    mean, variance = (rows.mean(axis=0), rows.var(axis=0)) if train else running
    scaled = (rows - mean) / np.sqrt(variance + 1e-6)
    assert_close(out, (gamma * scaled + beta).reshape(shape))
    moved = 0.1 if train else 0.0
    assert_close(layer.running_mean, (1 - moved) * running[0] + moved * mean)
    assert_close(layer.running_var, (1 - moved) * running[1] + moved * variance)
    dx = layer.backward(dout)
    assert dx.shape == shape
    dgamma, dbeta = layer.dgamma, layer.dbeta

    def value(**changed: np.ndarray) -> float:
        given = {"gamma": gamma, "beta": beta, "x": x, **changed}
        other = book.BatchNormalization(given["gamma"], given["beta"], 0.9, *running)
        return float((other.forward(given["x"], train) * dout).sum())

    for name, found in (("x", dx), ("gamma", dgamma), ("beta", dbeta)):
        start = {"x": x, "gamma": gamma, "beta": beta}[name]
        expected = numerical_gradient(lambda v, name=name: value(**{name: v}), start)
        assert_close(found, expected, 1e-6, of=[dout])


def test_dropout() -> None:
    layer, x = book.Dropout(0.25, seed=seeded(0)), normal(100, 100)
    out = layer.forward(x)
    np.testing.assert_array_equal(out, x * layer.mask)
    assert 0.72 < layer.mask.mean() < 0.78
    np.testing.assert_array_equal(layer.backward(1), layer.mask.astype(float))
    again = book.Dropout(0.25, seed=seeded(0))
    np.testing.assert_array_equal(again.forward(x), out)
    np.testing.assert_array_equal(layer.forward(x, train_flg=False), 0.75 * x)
    np.testing.assert_array_equal(layer.backward(1), np.full(x.shape, 0.75))
    with pytest.raises(ValueError, match="dropout_ratio is 1"):
        book.Dropout(1)


def test_layers_of_chapter_6_check_their_arrays() -> None:
    with pytest.raises(ShapeError, match=r"gamma is \(2,\) and beta is \(3,\)"):
        book.BatchNormalization(np.ones(2), np.zeros(3))
    with pytest.raises(TypeError, match="gamma is a list"):
        book.BatchNormalization([1.0], np.zeros(1))  # type: ignore[arg-type]
    layer = book.BatchNormalization(np.ones(2, np.float32), np.zeros(2, np.float32))
    with pytest.raises(ShapeError, match="batch is empty"):
        layer.forward(np.ones((0, 2)))
    x = np.ones((3, 2), np.float32)
    for train in (True, False):
        assert layer.forward(x, train).dtype == layer.backward(1).dtype == np.float32
    drop = book.Dropout(seed=0)
    assert drop.forward(x).dtype == drop.forward(x, False).dtype == np.float32


# --- the arrays are shared, what was recorded is not -------------------------------------------


def test_layers_hold_the_very_arrays() -> None:
    x = normal(2, 2, 3, 5)
    for kind, name in ((Affine, "affine"), (Convolution, "convolution")):
        drawn = LAYERS[name]()
        W, b = drawn.W, drawn.b
        layer = kind(W, b)
        before = layer.forward(x)
        W *= 2
        b -= 1
        after = layer.forward(x)
        assert (after != before).all()
        np.testing.assert_array_equal(after, kind(W.copy(), b.copy()).forward(x))


def test_writes_between_forward_and_backward_change_no_gradient() -> None:
    W, b, x = normal(3, 2), np.zeros(2), normal(4, 3, seed=1)
    old_W, old_x = W.copy(), x.copy()
    affine = Affine(W, b)
    affine.forward(x)
    W[...], x[...] = 0, 0
    dout = np.ones((4, 2))
    assert_close(affine.backward(dout), dout @ old_W.T, of=[old_W])
    assert_close(affine.dW, old_x.T @ dout, of=[old_x])


def test_parameters_are_followed_through_their_updates() -> None:
    net = nn.TwoLayerNet(3, 4, 2, weight_init_std=0.5, seed=seeded(0))
    first = Affine(net.params["W1"], net.params["b1"])
    x = normal(5, 3)
    first.forward(x)
    first.backward(1)
    net.params["W1"] -= 0.1 * first.dW
    np.testing.assert_array_equal(first.forward(x), net.fc1(x).numpy())
    assert net.fc1.W.grad is None


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_backward_comes_after_forward_and_fits(name: str) -> None:
    layer = LAYERS[name]()
    with pytest.raises(GraphError, match=rf"{type(layer).__name__}\.backward: .*call forward"):
        layer.backward(1)
    out = layer.forward(normal(2, 2, 3, 5))
    with pytest.raises(ShapeError, match=r"dout has shape \(7,\), but the output .*\(2, "):
        layer.backward(np.ones(7))
    with pytest.raises(UnsupportedError, match="MaskedArray"):
        layer.backward(np.ma.array(out, mask=out > 0))
    with pytest.raises(UnsupportedError, match="MaskedArray"):
        layer.forward(np.ma.array(np.ones((2, 2, 3, 5)), mask=True))


def test_inside_no_grad_there_is_nothing_to_go_back_through() -> None:
    relu = Relu()
    relu.forward(normal(3))
    with ag.no_grad():
        assert relu.forward(np.array([-1.0, 2.0])).tolist() == [0.0, 2.0]
    with pytest.raises(GraphError, match="not inside no_grad"):
        relu.backward(1)


def test_a_tracked_tensor_is_refused() -> None:
    for layer in (Relu(), Affine(np.ones((2, 2)), np.zeros(2))):
        with pytest.raises(GraphError, match="got a tracked Tensor"):
            layer.forward(Tensor([[1.0, 2.0]]))
        assert layer.forward(Tensor([[1.0, 2.0]]).detach()).shape == (1, 2)


@pytest.mark.parametrize(
    ("W", "b", "error", "message"),
    [
        ([[1.0]], np.zeros(1), TypeError, "W is a list; expected an array, which the layer shares"),
        (np.ones((1, 1), int), np.zeros(1), DTypeError, "W holds int64"),
        (np.ma.array([[1.0]], mask=[[1]]), np.zeros(1), UnsupportedError, "MaskedArray"),
        (Tensor([[1.0]]), np.zeros(1), TypeError, "W is a Tensor"),
    ],
)
@pytest.mark.parametrize("layer", [Affine, Convolution])
def test_weights_are_arrays_of_floats(
    layer: Any, W: Any, b: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        layer(W, b)


def test_shapes_of_weights_inputs_and_labels() -> None:
    with pytest.raises(ShapeError, match=r"Affine: W is \(2, 3\) and b is \(2,\)"):
        Affine(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ShapeError, match=r"Convolution: W is \(2, 3\)"):
        Convolution(np.ones((2, 3)), np.ones(2))
    with pytest.raises(ShapeError, match="affine"):
        Affine(np.ones((2, 3)), np.ones(3)).forward(np.ones((2, 3)))
    last = SoftmaxWithLoss()
    with pytest.raises(LabelError, match="label 3 at position 1"):
        last.forward(np.ones((2, 3)), [0, 3])
    with pytest.raises(ShapeError, match="batch is empty"):
        last.forward(np.ones((0, 3)), [])
    with pytest.raises(UnsupportedError, match="t is a MaskedArray"):
        last.forward(np.ones((2, 3)), np.ma.array([0, 1], mask=[0, 1]))
    with pytest.raises(GraphError, match="call forward"):
        last.backward()
