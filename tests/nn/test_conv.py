"""Layers for images: parameters, gradients, errors, and a net that learns digits."""

from __future__ import annotations

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import autograd
import nn
from autograd import Parameter, ShapeError, Tensor, numerical_gradient


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


# --- parameters --------------------------------------------------------------------------------


def test_filters_are_drawn_for_relu_from_a_seed() -> None:
    layer = nn.Conv2d(8, 500, (3, 5), seed=0)
    assert layer.W.shape == (500, 8, 3, 5)
    assert layer.W.data.flags.c_contiguous
    assert float(layer.W.numpy().std()) == pytest.approx(np.sqrt(2 / (8 * 3 * 5)), rel=0.02)
    np.testing.assert_array_equal(layer.b.numpy(), np.zeros(500))
    again, other = nn.Conv2d(8, 500, (3, 5), seed=0), nn.Conv2d(8, 500, (3, 5), seed=1)
    np.testing.assert_array_equal(layer.W.numpy(), again.W.numpy())
    assert (layer.W.numpy() != other.W.numpy()).any()


def test_fan_in_counts_the_channels_of_a_group() -> None:
    layer = nn.Conv2d(64, 640, 3, groups=64, seed=0)
    assert layer.W.shape == (640, 1, 3, 3)
    assert float(layer.W.numpy().std()) == pytest.approx(np.sqrt(2 / 9), rel=0.05)


def test_a_filter_is_a_column_of_what_was_drawn() -> None:
    """As `init` is told: from fan-in, the elements of a filter, to fan-out, the filters."""

    def count(fan_in: int, fan_out: int, **_: object) -> np.ndarray:
        return np.arange(float(fan_in * fan_out)).reshape(fan_in, fan_out)

    layer = nn.Conv2d(2, 3, (1, 2), init=count)
    np.testing.assert_array_equal(layer.W.numpy()[1].ravel(), [1, 4, 7, 10])


def test_another_way_of_drawing_and_dtype() -> None:
    layer = nn.Conv2d(2, 3, 3, init=nn.init.xavier, seed=0, dtype=np.float32)
    assert layer.W.dtype == layer.b.dtype == np.float32
    assert layer(np.ones((1, 2, 5, 5), np.float32)).dtype == np.float32


def test_given_arrays_are_used() -> None:
    W, b = normal(2, 1, 3, 3), Parameter(normal(2, seed=1))
    layer = nn.Conv2d(W, b, stride=2, padding=1)
    assert layer.b is b
    x = normal(2, 1, 5, 5)
    np.testing.assert_array_equal(layer(x).numpy(), autograd.conv2d(x, W, b.numpy(), 2, 1))


def test_parameters_have_names_and_layers_show_themselves() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", seed=0), nn.MaxPool2d(2), nn.AvgPool2d((1, 2)),
        nn.Flatten(), nn.Conv2d(4, 4, (3, 1), groups=2, stride=2, seed=0),
    )  # fmt: skip
    assert [name for name, _ in net.named_parameters()] == [
        f"{k}.{p}" for k in (0, 4) for p in "Wb"
    ]
    assert repr(net[0]) == "Conv2d(1, 4, 3, padding='same')"
    assert repr(net[4]) == "Conv2d(4, 4, (3, 1), stride=2, groups=2)"
    assert [repr(net[k]) for k in (1, 2)] == ["MaxPool2d(2)", "AvgPool2d((1, 2))"]


# --- values and gradients ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 3, 3, padding=1, seed=seeded(0)),
        nn.Conv2d(2, 4, (2, 3), stride=2, groups=2, seed=seeded(0)),
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, 1, padding=1, dilation=2),
        nn.AvgPool2d(2),
        nn.AvgPool2d(3, 2, padding=1, count_include_pad=False),
        nn.Flatten(),
    ],
    ids=repr,
)
def test_gradients_of_layers(layer: nn.Layer) -> None:
    # no two so near that the step of the numerical derivative changes which is the larger
    x = generator(0).permuted(np.linspace(-2, 2, 120)).reshape(2, 2, 6, 5)
    dout = normal(*layer(x).shape, seed=3)

    def value(x: np.ndarray) -> float:
        return (layer(Tensor(x)) * dout).sum().item()  # type: ignore[no-any-return]

    variable = Tensor(x)
    (layer.forward(variable) * dout).sum().backward()
    assert_close(variable.grad, numerical_gradient(value, x), 1e-7)


def test_layers_pass_their_options_on() -> None:
    x = Tensor(normal(2, 4, 7, 8))
    W, b = normal(2, 2, 2, 3, seed=1), normal(2, seed=2)
    for layer, expected in (
        (nn.Conv2d(W, b, stride=(1, 2), padding=(2, 1), dilation=(2, 1), groups=2),
         autograd.conv2d(x, W, b, (1, 2), (2, 1), (2, 1), 2)),
        (nn.MaxPool2d((2, 3), (1, 2), padding=1, dilation=(3, 2)),
         autograd.max_pool2d(x, (2, 3), (1, 2), 1, (3, 2))),
        (nn.AvgPool2d((2, 3), (1, 2), padding=1, count_include_pad=False),
         autograd.avg_pool2d(x, (2, 3), (1, 2), 1, False)),
    ):  # fmt: skip
        np.testing.assert_array_equal(layer(x).numpy(), expected.numpy())


def test_flatten_keeps_the_examples() -> None:
    x = normal(3, 2, 4, 5)
    np.testing.assert_array_equal(nn.Flatten()(Tensor(x)).numpy(), x.reshape(3, 40))
    assert nn.Flatten()(Tensor(x[:0])).shape == (0, 40)


# --- errors ------------------------------------------------------------------------------------


def test_errors() -> None:
    with pytest.raises(TypeError, match="no kernel_size"):
        nn.Conv2d(1, 2)
    with pytest.raises(ShapeError, match="groups is 2, which does not divide 3 and 4"):
        nn.Conv2d(3, 4, 3, groups=2)
    with pytest.raises(ShapeError, match=r"expected W \(out, in, rows, columns\)"):
        nn.Conv2d(np.ones((2, 3)), np.ones(3))
    with pytest.raises(ShapeError, match=r"b is \(3,\)"):
        nn.Conv2d(np.ones((2, 1, 3, 3)), np.ones(3))
    with pytest.raises(ShapeError, match="x has 3 channels, and the filters are for 1"):
        nn.Conv2d(1, 2, 3, seed=0)(np.ones((1, 3, 5, 5)))


# --- learning ----------------------------------------------------------------------------------


def test_a_small_net_learns_to_read_digits() -> None:
    (x, t), (x_test, t_test) = nn.mnist(subset=True, dtype=np.float32)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 5, seed=0, dtype=np.float32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(8 * 12 * 12, 10, seed=1, dtype=np.float32),
    )  # fmt: skip
    sgd = nn.SGD(net, lr=0.1)
    for epoch in range(4):
        for images, labels in nn.batches(x, t, 16, seed=epoch):
            sgd.zero_grad()
            nn.softmax_cross_entropy(net(images.reshape(-1, 1, 28, 28)), labels).backward()
            sgd.step()
    scores = net(x_test.reshape(-1, 1, 28, 28)).numpy()
    assert np.mean(scores.argmax(axis=1) == t_test) > 0.9
