"""Losses and labels, and the two-layer net."""

from __future__ import annotations

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import nn
from autograd import LabelError, ShapeError, Tensor, UnsupportedError


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
        assert nn.softmax_cross_entropy(Tensor(SCORES), same).item() == expected


def test_cross_entropy_is_stable_for_large_scores() -> None:
    x = Tensor([[1e4, 0.0], [0.0, 1e4]])
    loss = nn.softmax_cross_entropy(x, [1, 1])
    assert loss.item() == 5000.0
    loss.backward()
    assert_close(x.grad, [[0.5, -0.5], [0, 0]])


def test_sum_of_squares() -> None:
    y = Tensor([1.0, 3.0])
    loss = nn.sum_of_squares(y, np.array([0.0, 1.0]))
    assert loss.item() == 2.5
    loss.backward()
    assert y.grad.tolist() == [1.0, 2.0]
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        nn.sum_of_squares(y, np.zeros(3))


def test_a_penalty_needs_weights() -> None:
    with pytest.raises(TypeError, match="l2_penalty: got no weights"):
        nn.l2_penalty(0.1)


@pytest.mark.parametrize("loss", [nn.SoftmaxWithLoss(), nn.HingeLoss(), nn.HingeLoss(0.5)])
def test_an_empty_batch_has_no_loss(loss: nn.Module) -> None:
    with pytest.raises(ShapeError, match=r"batch is empty, of shape \(0, 3\)"):
        loss(Tensor(np.ones((0, 3))), np.zeros(0, int))


@pytest.mark.parametrize("loss", [nn.SoftmaxWithLoss(), nn.HingeLoss()])
def test_masks_of_scores_and_labels_are_not_dropped(loss: nn.Module) -> None:
    masked = np.ma.array([0, 1, 2, 0], mask=[1, 0, 0, 0])
    for scores, labels in ((SCORES, masked), (Tensor(SCORES), masked),
                           (np.ma.array(SCORES, mask=SCORES > 0), [0, 1, 2, 0]),
                           (SCORES.view(np.matrix), [0, 1, 2, 0])):  # fmt: skip
        with pytest.raises(UnsupportedError, match=r"MaskedArray|matrix"):
            loss(scores, labels)


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
                losses.append(net.loss(x, t).item())
            p.data = original
            slow[index] = (losses[0] - losses[1]) / 2e-4
        assert_close(found[name], slow, 1e-7)


@pytest.mark.parametrize("activation", ["sigmoid", nn.Sigmoid])
def test_an_activation_that_is_no_layer_is_refused(activation: object) -> None:
    with pytest.raises(TypeError, match=r"expected a layer, such as nn\.Sigmoid\(\)"):
        nn.TwoLayerNet(2, 4, 3, activation=activation)  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", [(2.0, 3, 2), (2, "3", 2), (2, 3, 0), (2, -1, 2)])
def test_sizes_of_the_net(sizes: tuple[int, int, int]) -> None:
    with pytest.raises((TypeError, ValueError), match=r"_size is .*integer of at least 1"):
        nn.TwoLayerNet(*sizes)
    assert nn.TwoLayerNet(*np.array([2, 4, 3]), seed=0)(np.ones((5, 2))).shape == (5, 3)


def test_a_net_of_nan_has_no_accuracy() -> None:
    net = nn.TwoLayerNet(2, 4, 2, seed=0)
    x, t = normal(6, 2), np.array([0, 1, 0, 1, 0, 1])
    assert 0 <= net.accuracy(x, t) <= 1
    net.params["b2"] = [0.0, np.nan]
    assert np.isnan(net.accuracy(x, t))


def test_an_empty_batch_is_refused() -> None:
    net = nn.TwoLayerNet(2, 4, 2, seed=0)
    for what in (net.loss, net.accuracy, net.gradient, net.numerical_gradient):
        with pytest.raises(ShapeError, match="batch is empty"):
            what(np.ones((0, 2)), np.zeros(0, int))


@pytest.mark.parametrize("shape", [(6, 4), (6, 2, 2)])
def test_masks_and_matrices_are_refused_by_the_net(shape: tuple[int, ...]) -> None:
    net = nn.TwoLayerNet(4, 5, 2, seed=0)
    x, t = normal(*shape), np.array([0, 1, 0, 1, 0, 1])
    for what in (net.loss, net.accuracy, net.gradient, net.numerical_gradient):
        with pytest.raises(UnsupportedError, match="MaskedArray"):
            what(np.ma.array(x, mask=x > 0), t)
        with pytest.raises(UnsupportedError, match="MaskedArray"):
            what(x, np.ma.array(t, mask=t > 0))
    with pytest.raises(UnsupportedError, match="matrix"):
        net.predict(normal(6, 4).view(np.matrix))


def test_a_frozen_parameter_has_no_gradient() -> None:
    net = nn.TwoLayerNet(2, 4, 2, seed=0)
    net.fc1.W.requires_grad = False
    x, t = normal(3, 2), [0, 1, 1]
    grads = net.gradient(x, t)
    assert sorted(grads) == ["W2", "b1", "b2"]
    before = net.fc1.W.numpy()
    nn.SGD(lr=0.1).update(net.params, grads)
    np.testing.assert_array_equal(net.fc1.W.numpy(), before)
