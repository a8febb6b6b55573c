"""Dropout, the embedding, Flatten and the neuron: values, gradients, random numbers, errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd
import nn
from autograd import DTypeError, LabelError, ShapeError, Tensor


def normal(*shape: int, seed: int = 0, dtype: Any = float) -> np.ndarray:
    return generator(seed).normal(size=shape).astype(dtype)


# --- dropout -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("p", [0.0, 0.2, 0.75, 1.0])
def test_dropout_drops_a_share_and_keeps_the_mean(p: float, dtype: Any) -> None:
    layer, x = nn.Dropout(p, seed=0), Tensor(np.full((100, 200), 3.0, dtype))
    out = layer(x)
    assert out.dtype == dtype
    kept = out.numpy() != 0
    assert kept.mean() == pytest.approx(1 - p, abs=0.02)
    scale = dtype(1 / (1 - p) if p < 1 else 0)
    np.testing.assert_array_equal(out.numpy(), np.where(kept, dtype(3) * scale, dtype(0)))
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, np.where(kept, scale, dtype(0)))
    np.testing.assert_array_equal(layer.eval()(x).numpy(), x.numpy())


def test_dropout_draws_anew_at_each_call_and_from_its_seed() -> None:
    x = np.ones((5, 6))
    one, other = nn.Dropout(0.5, seed=3), nn.Dropout(0.5, seed=3)
    for _ in range(3):
        first = one(x).numpy()
        np.testing.assert_array_equal(first, other(x).numpy())
        assert (one(x).numpy() != first).any()
        other(x)
    legacy = nn.Dropout(0.5, seed=np.random.RandomState(0))(x).numpy()
    expected = np.random.RandomState(0).random_sample(x.shape) >= 0.5
    np.testing.assert_array_equal(legacy, 2.0 * expected)


def test_the_seed_of_a_net_is_that_of_its_dropout() -> None:
    x = np.ones((5, 6))

    def net(seed: Any = None) -> nn.Sequential:
        return nn.Sequential(nn.Linear(6, 6), nn.Dropout(), seed=seed)

    np.testing.assert_array_equal(net(1)(x).numpy(), net(1)(x).numpy())
    assert (net(1)(x).numpy() != net(2)(x).numpy()).any()
    own = nn.Sequential(nn.Dropout(0.5, seed=4), seed=9)  # its own seed is kept
    np.testing.assert_array_equal(own(x).numpy(), nn.Dropout(0.5, seed=4)(x).numpy())


def test_one_seed_for_everything_without_one() -> None:
    def drawn() -> list[np.ndarray]:
        net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Embedding(3, 2))
        parts = [p.numpy() for p in net.parameters()]
        return [*parts, net[1](np.ones(50)).numpy(), nn.spiral()[0]]

    try:
        nn.seed(5)
        first = drawn()
        further = drawn()
        nn.seed(5)
        again = drawn()
    finally:
        nn.seed(None)
    for x, y, z in zip(first, again, further, strict=True):
        np.testing.assert_array_equal(x, y)
        assert (x != z).any() or not x.any()
    assert (nn.Linear(3, 3).W.numpy() != nn.Linear(3, 3).W.numpy()).any()
    for bad, error in ((-1, ValueError), ("0", TypeError), (True, TypeError)):
        with pytest.raises(error, match="seed: got"):
            nn.seed(bad)


def test_generators_are_found_so_that_a_training_can_be_resumed() -> None:
    net = nn.Sequential(nn.Tanh(), nn.Dropout(), nn.Sequential(nn.Dropout(0.3, seed=7)), seed=0)
    found, x = dict(net.named_generators()), np.ones((4, 5))
    assert [*found] == ["1.rng", "2.0.rng"]
    states = {path: rng.bit_generator.state for path, rng in found.items()}
    first = net(x).numpy()
    assert (net(x).numpy() != first).any()
    for path, rng in net.named_generators():
        rng.bit_generator.state = states[path]
    np.testing.assert_array_equal(net(x).numpy(), first)
    assert nn.rng.common() is None
    assert not [*nn.Dropout().named_generators()]


def test_dropout_refuses_what_is_no_probability() -> None:
    for bad, error in ((-0.1, ValueError), (1.5, ValueError), (math.nan, ValueError),
                       ("0.5", TypeError), (None, TypeError), (True, TypeError)):  # fmt: skip
        with pytest.raises(error, match=r"Dropout: p is .*; expected a number from 0 to 1"):
            nn.Dropout(bad)
    assert repr(nn.Dropout(0.25)) == "Dropout(p=0.25)"


# --- embedding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("padding", [None, 0, -1])
@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (0, 2)])
def test_embedding_is_that_of_pytorch(shape: tuple[int, ...], padding: Any, dtype: str) -> None:
    torch = pytest.importorskip("torch")
    ours = nn.Embedding(5, 3, padding_idx=padding, seed=0, dtype=dtype)
    theirs = torch.nn.Embedding(5, 3, padding_idx=padding, dtype=getattr(torch, dtype))
    if padding is not None:
        assert not ours.W.numpy()[padding].any()
        assert ours.padding_idx == theirs.padding_idx
    ours.W.data = normal(5, 3, seed=1)
    theirs.weight.data.copy_(torch.tensor(ours.W.numpy()))
    indices = generator(2).integers(0, 5, shape)
    dout = normal(*shape, 3, seed=3, dtype=dtype)
    out, expected = ours(indices), theirs(torch.tensor(indices))
    np.testing.assert_array_equal(out.numpy(), expected.detach().numpy())
    assert out.dtype == dtype
    (out * dout).sum().backward()
    (expected * torch.tensor(dout)).sum().backward()
    assert_close(ours.W.grad, theirs.weight.grad.numpy(), 1e-5)


def test_embedding_takes_integers_in_its_range_alone() -> None:
    layer = nn.Embedding(5, 3, seed=0)
    for index, place in ((5, (1, 0)), (-1, (0, 2))):
        indices = np.zeros((2, 3), int)
        indices[place] = index
        with pytest.raises(LabelError, match=rf"index {index} at .{place[0]}, {place[1]}. is out"):
            layer(indices)
        with pytest.raises(LabelError, match="out of range"):
            layer(Tensor(indices))
        with pytest.raises(LabelError, match="out of range"):
            autograd.compile(layer)(indices)
    with pytest.raises(DTypeError, match="indices are of float64; expected integers"):
        layer([0.0, 1.0])
    for kind in (np.uint8, np.int32, list):
        indices = [1, 4] if kind is list else np.array([1, 4], kind)
        np.testing.assert_array_equal(layer(indices).numpy(), layer.W.numpy()[[1, 4]])


def test_embedding_checks_its_sizes() -> None:
    with pytest.raises(TypeError, match="embedding_dim is None"):
        nn.Embedding(3)
    with pytest.raises(ShapeError, match=r"W has shape \(3,\)"):
        nn.Embedding(np.ones(3))
    for padding in (5, -6, 0.5, "0"):
        with pytest.raises(ValueError, match="padding_idx is"):
            nn.Embedding(5, 2, padding_idx=padding)
    table = normal(4, 2)
    given = nn.Sequential(nn.Embedding(table, padding_idx=-1), seed=0)[0]
    np.testing.assert_array_equal(given.W.numpy(), table)
    assert repr(given) == "Embedding(4, 2, padding_idx=3)"


# --- flatten and the neuron ----------------------------------------------------------------------


@pytest.mark.parametrize(("start", "end"), [(1, -1), (0, -1), (1, 2), (2, 2), (-2, -1), (-3, -2)])
def test_flatten_is_that_of_pytorch(start: int, end: int) -> None:
    torch = pytest.importorskip("torch")
    x = normal(2, 3, 4, 5)
    out = nn.Flatten(start, end)(Tensor(x))
    np.testing.assert_array_equal(out.numpy(), torch.nn.Flatten(start, end)(torch.tensor(x)))


def test_flatten_refuses_axes_that_are_not_there() -> None:
    for layer, shape in (
        (nn.Flatten(), (3,)),
        (nn.Flatten(2, 1), (2, 3, 4)),
        (nn.Flatten(5), (2,)),
    ):
        with pytest.raises(ShapeError, match=r"x has shape \(.*which has no axes from"):
            layer(np.ones(shape))
    assert [repr(nn.Flatten()), repr(nn.Flatten(0))] == [
        "Flatten()", "Flatten(start_axis=0, end_axis=-1)",
    ]  # fmt: skip


def test_the_neuron_fires_as_in_the_lecture() -> None:
    neuron = nn.Neuron([2.0, -3.0], -3.0)
    x = Tensor([-1.0, -2.0])
    rate = neuron(x)
    expected = 1.0 / (1.0 + math.exp(-(2.0 * -1.0 + -3.0 * -2.0 - 3.0)))
    assert_close(rate.numpy(), expected)
    rate.backward()
    slope = (1 - expected) * expected  # the numbers of the lecture's picture, in full
    assert_close(x.grad, [2.0 * slope, -3.0 * slope])
    assert_close(neuron.weights.grad, [-1.0 * slope, -2.0 * slope])
    assert_close(neuron.bias.grad, slope)


def test_neurons_take_batches_and_other_activations() -> None:
    neuron, x = nn.Neuron(3, activation=nn.Tanh(), seed=0, dtype=np.float32), normal(5, 2, 3)
    out = neuron(x.astype(np.float32))
    assert (out.shape, out.dtype) == ((5, 2), np.float32)
    assert_close(out.numpy(), np.tanh(x @ neuron.weights.numpy()), 1e-5)
    with pytest.raises(ShapeError, match=r"inputs have shape \(5, 2\); expected \(..., 3\)"):
        neuron(normal(5, 2))
    with pytest.raises(ShapeError, match=r"weights have shape \(2, 2\)"):
        nn.Neuron(normal(2, 2))
    with pytest.raises(TypeError, match="expected a layer"):
        nn.Neuron(3, activation=nn.Tanh)
