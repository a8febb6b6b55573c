"""Layers, losses, initial weights, SGD, the two-layer net, and the book's protocol."""

from __future__ import annotations

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import nn
from autograd import GraphError, LabelError, Parameter, ShapeError, Tensor
from nn import init


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


# --- labels -----------------------------------------------------------------------------------

SCORES = normal(4, 3)


@pytest.mark.parametrize("loss", [nn.softmax_cross_entropy, nn.svm_hinge, nn.SoftmaxWithLoss(),
                                  nn.HingeLoss()])  # fmt: skip
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 3], r"label 3 at position 3.*3 classes"),
        ([0, -1, 2, 1], r"label -1 at position 1.*3 classes"),
        ([0.0, 1.0, 2.0, 1.0], r"float64 labels.*3 classes"),
        ([0.0, np.nan, 2.0, 1.0], r"label nan at position 1.*3 classes"),
        ([0, 1, 2], r"shape \(3,\).*4 class indices"),
        ([[0], [1], [2], [1]], r"shape \(4, 1\)"),
        ([[1, 0, 0], [0, 1, 0], [0, 1, 1], [1, 0, 0]], r"row 2.*3 classes"),
        ([[1, 0, 0], [0, 1, 0], [0, 0.5, 0.5], [1, 0, 0]], r"row 2"),
        ([[1, 0, 0], [0, 1, 0], [0, 0, np.nan], [1, 0, 0]], r"row 2"),
        (np.array([0, 1, 2, 255], np.uint8), r"label 255 at position 3"),
    ],
)  # fmt: skip
def test_bad_labels(loss, labels, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(LabelError, match=message):
        loss(Tensor(SCORES), labels)


def test_labels_of_every_good_kind_agree() -> None:
    labels = np.array([2, 0, 1, 2])
    expected = float(nn.softmax_cross_entropy(SCORES, labels))
    for same in (labels.tolist(), labels.astype("u1"), labels.astype("i8"), np.eye(3)[labels],
                 np.eye(3, dtype=int)[labels], Tensor(labels), np.eye(3)[labels] > 0):  # fmt: skip
        assert float(nn.softmax_cross_entropy(Tensor(SCORES), same)) == expected


def test_cross_entropy_is_stable_for_large_scores() -> None:
    x = Tensor([[1e4, 0.0], [0.0, 1e4]])
    loss = nn.softmax_cross_entropy(x, [1, 1])
    assert float(loss) == 5000.0
    loss.backward()
    assert_close(x.grad, [[0.5, -0.5], [0, 0]])


def test_sum_of_squares() -> None:
    y = Tensor([1.0, 3.0])
    loss = nn.sum_of_squares(y, np.array([0.0, 1.0]))
    assert float(loss) == 2.5
    loss.backward()
    assert y.grad.tolist() == [1.0, 2.0]
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        nn.sum_of_squares(y, np.zeros(3))


# --- modules ----------------------------------------------------------------------------------


def test_parameters_are_found_once_and_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.first = nn.Linear(2, 3, seed=0)
            self.rest = [nn.ReLU(), nn.Linear(3, 1, seed=1)]
            self.again = self.first
            self.scale = Parameter(2.0)

        def forward(self, x):  # type: ignore[no-untyped-def]
            for layer in (self.first, *self.rest):
                x = layer(x)
            return self.scale * x

    net = Net()
    names = [name for name, _ in net.named_parameters()]
    assert names == ["scale", "first.W", "first.b", "rest.1.W", "rest.1.b"]
    net(np.ones((4, 2))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.scale.name == "scale"
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1.0)


def test_sequential_and_scopes() -> None:
    net = nn.Sequential(nn.Linear(2, 4, seed=0), nn.Tanh(), nn.Linear(4, 3, seed=1), nn.Sigmoid())
    out = net(normal(5, 2))
    assert out.shape == (5, 3)
    assert len(net) == 4
    affine = out.parents[0]
    assert [s.name for s in affine.scope.path] == ["Sequential", "2"]
    assert affine.scope.note == "15 params"


def test_linear_flattens_and_checks() -> None:
    layer = nn.Linear(12, 5, seed=0)
    assert layer(normal(2, 3, 4)).shape == (2, 5)
    assert layer(normal(2, 12)).shape == (2, 5)
    with pytest.raises(ShapeError, match="affine"):
        layer(normal(2, 11))
    with pytest.raises(ShapeError, match="expected W"):
        nn.Linear(normal(3, 4), normal(3))
    assert nn.Affine is nn.Linear


def test_initial_weights() -> None:
    assert init.he(1000, 500, seed=0).std() == pytest.approx(np.sqrt(2 / 1000), rel=0.01)
    assert init.xavier(1000, 500, seed=0).std() == pytest.approx(np.sqrt(2 / 1500), rel=0.01)
    assert init.normal(1000, 500, seed=0).std() == pytest.approx(0.01, rel=0.01)
    np.testing.assert_array_equal(init.he(3, 4, seed=1), init.he(3, 4, seed=1))
    assert init.he(3, 4, seed=1, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="positive"):
        init.he(0, 4)


def test_sgd() -> None:
    p = Parameter([1.0, 2.0], name="w")
    sgd = nn.SGD([p], lr=0.5)
    with pytest.raises(GraphError, match="w has no gradient"):
        sgd.step()
    (p * p).sum().backward()
    sgd.step()
    assert p.numpy().tolist() == [0.0, 0.0]
    sgd.zero_grad()
    assert p.grad is None
    with pytest.raises(ValueError, match="positive"):
        nn.SGD([p], lr=0)
    with pytest.raises(TypeError, match="parameters"):
        nn.SGD([Tensor(1.0)])  # type: ignore[list-item]
    arrays = {"a": np.ones(2)}
    nn.SGD(lr=0.1).update(arrays, {"a": np.ones(2)})
    assert arrays["a"].tolist() == [0.9, 0.9]
    with pytest.raises(KeyError, match="b"):
        nn.SGD().update({"b": p}, {})


# --- the book's protocol ----------------------------------------------------------------------


def test_layers_of_the_book_on_plain_arrays() -> None:
    """The layers of chapter 5, by hand, against ours."""
    x, W, b = normal(4, 3), normal(3, 5, seed=1), normal(5, seed=2)
    t = np.array([0, 4, 2, 1])
    affine, relu, last = nn.Affine(W, b), nn.ReLU(), nn.SoftmaxWithLoss()
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
    assert all(type(v) is np.ndarray for v in (a, h, dx, affine.dW, affine.db, last.y))
    affine.backward(np.ones((4, 5)))  # a second time: dW is replaced, not added to
    assert_close(affine.dW, x.T @ np.ones((4, 5)), of=[x])
    assert affine.W.grad is None


def test_protocol_keeps_shapes_of_images() -> None:
    affine = nn.Affine(normal(12, 2), np.zeros(2))
    assert affine.forward(normal(5, 3, 4)).shape == (5, 2)
    assert affine.backward(np.ones((5, 2))).shape == (5, 3, 4)
    with pytest.raises(ShapeError, match=r"\(5, 3\).*\(5, 2\)"):
        affine.backward(np.ones((5, 3)))
    with pytest.raises(GraphError, match="forward"):
        nn.Sigmoid().backward(np.ones(3))
    with pytest.raises(GraphError, match="forward"):
        nn.SoftmaxWithLoss().backward()
    sigmoid = nn.Sigmoid()
    y = sigmoid.forward([0.0, 1.0])
    assert_close(sigmoid.backward([1.0, 1.0]), y * (1 - y))


# --- the two-layer net ------------------------------------------------------------------------


def test_two_layer_net_as_the_book_uses_it() -> None:
    net = nn.TwoLayerNet(
        input_size=4, hidden_size=6, output_size=3, weight_init_std=0.5, seed=seeded(0)
    )
    x, t = normal(10, 4), np.eye(3)[np.arange(10) % 3]
    assert {name: p.shape for name, p in net.params.items()} == {
        "W1": (4, 6), "b1": (6,), "W2": (6, 3), "b2": (3,),
    }  # fmt: skip
    grads, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    for key in ("W1", "b1", "W2", "b2"):
        assert np.abs(grads[key] - numerical[key]).mean() < 1e-9
    before = net.params["W1"].numpy()
    for key in ("W1", "b1", "W2", "b2"):
        net.params[key] -= 0.1 * grads[key]
    np.testing.assert_array_equal(net.params["W1"].numpy(), before - 0.1 * grads["W1"])
    assert net.params["W1"] is net.fc1.W
    assert type(net.predict(x)) is np.ndarray
    assert net.accuracy(x, t) == net.accuracy(x, t.argmax(axis=1))
    nn.SGD(lr=0.1).update(net.params, grads)
    net.params["b1"] = np.zeros(6)
    assert net.fc1.b.numpy().tolist() == [0.0] * 6
    with pytest.raises(KeyError, match="W3"):
        net.params["W3"] = before


def test_numerical_gradient_leaves_the_parameters_alone() -> None:
    net = nn.TwoLayerNet(3, 4, 2, seed=0)
    before = [p.numpy() for p in net.parameters()]
    net.numerical_gradient(normal(2, 3), [0, 1])
    for p, values in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.numpy(), values)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.Tanh])
def test_float32_throughout(activation) -> None:  # type: ignore[no-untyped-def]
    net = nn.TwoLayerNet(
        4, 6, 3, activation=activation(), reg=1e-3, seed=seeded(0), dtype=np.float32
    )
    x, t = normal(10, 4).astype(np.float32), np.arange(10) % 3
    sgd = nn.SGD(net, lr=0.1)
    for _ in range(3):
        sgd.zero_grad()
        loss = net.loss(x, t)
        loss.backward(retain_grads=True)
        assert loss.dtype == np.float32
        todo = [loss.node]
        while todo:
            node = todo.pop()
            for array in (*node.saved, node.value, node.slot and node.slot.grad):
                if isinstance(array, (np.ndarray, np.generic)) and array.dtype.kind == "f":
                    assert array.dtype == np.float32, node
            todo += [p for p in node.parents if hasattr(p, "parents")]
        sgd.step()
        assert all(p.dtype == np.float32 for p in net.parameters())


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid, nn.Tanh])
def test_numerical_gradient_is_that_of_the_loss_weight_by_weight(activation: type) -> None:
    rng = generator(0)
    net = nn.TwoLayerNet(
        4, 5, 3, weight_init_std=0.5, reg=0.1, seed=seeded(1), activation=activation()
    )
    x, t = rng.normal(size=(6, 2, 2)), rng.integers(0, 3, 6)
    found = net.numerical_gradient(x, t)
    for name, p in net.params.items():
        original, slow = p.numpy(), np.empty(p.shape)
        for index in np.ndindex(p.shape):
            losses = []
            for h in (1e-4, -1e-4):
                moved = original.copy()
                moved[index] += h
                p.data = moved
                losses.append(float(net.loss(x, t)))
            p.data = original
            slow[index] = (losses[0] - losses[1]) / 2e-4
        assert_close(found[name], slow, 1e-7)


@pytest.mark.parametrize("activation", ["sigmoid", nn.Sigmoid])
def test_an_activation_that_is_no_layer_is_refused(activation: object) -> None:
    with pytest.raises(TypeError, match=r"expected a layer, such as nn\.Sigmoid\(\)"):
        nn.TwoLayerNet(2, 4, 3, activation=activation)  # type: ignore[arg-type]
