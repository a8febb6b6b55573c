"""Convolution and pooling of sequences and images beside PyTorch's, options crossed."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import autograd as ag
import nn
from autograd import DTypeError, ShapeError, Tensor


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return generator(seed).normal(size=shape)


def distinct(*shape: int) -> np.ndarray:
    """Numbers that do not tie."""
    return generator(0).permuted(np.linspace(-2, 2, int(np.prod(shape)))).reshape(shape)


def compare(ours: nn.Module, theirs: Any, x: np.ndarray) -> None:
    """Value and all gradients are PyTorch's, with the weights handed over."""
    torch = pytest.importorskip("torch")
    for name, parameter in ours.named_parameters():
        parameter.data = normal(*parameter.shape, seed=len(name)).astype(x.dtype)
        with torch.no_grad():
            getattr(theirs, {"W": "weight", "b": "bias"}[name]).copy_(
                torch.from_numpy(parameter.numpy())
            )
    variable, other = Tensor(x), torch.tensor(x, requires_grad=True)
    found, expected = ours(variable), theirs(other)
    assert found.dtype == x.dtype
    assert_close(found, expected)
    g = normal(*found.shape, seed=9).astype(x.dtype)
    (found * g).sum().backward()
    (expected * torch.from_numpy(g)).sum().backward()
    assert_close(variable.grad, other.grad)
    for name, parameter in ours.named_parameters():
        assert_close(parameter.grad, getattr(theirs, {"W": "weight", "b": "bias"}[name]).grad)


def plain(x: Any) -> np.ndarray:
    """Of a tensor, tracked or not, or an array."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def crossed(**options: Any) -> list[dict[str, Any]]:
    """All choices of the options."""
    return [
        dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())
    ]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("axes", [1, 2])
def test_convolution_equals_pytorch(axes: int, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    x = normal(2, 4, *(9, 8)[:axes]).astype(dtype)
    ours, theirs = ((nn.Conv1d, torch.nn.Conv1d), (nn.Conv2d, torch.nn.Conv2d))[axes - 1]
    for options in crossed(
        stride=(1, 2), padding=(0, 2, "same"), dilation=(1, 2), groups=(1, 2), bias=(True, False)
    ):
        if options["padding"] == "same" and options["stride"] > 1:
            continue
        layer = ours(4, 6, 3, seed=seeded(0), dtype=dtype, **options)
        other = theirs(4, 6, 3, dtype=getattr(torch, np.dtype(dtype).name), **options)
        compare(layer, other, x)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_transposed_convolution_equals_pytorch(dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    x = normal(2, 4, 3, 5).astype(dtype)
    for options in crossed(
        stride=(1, 2, (2, 3)), padding=(0, (2, 1)), output_padding=(0, 1, (0, 1)), groups=(1, 2),
        dilation=(1, 2), bias=(True, False),
    ):  # fmt: skip
        if options["stride"] == 1 and options["output_padding"]:
            continue
        layer = nn.ConvTranspose2d(4, 6, (3, 2), seed=seeded(0), dtype=dtype, **options)
        other = torch.nn.ConvTranspose2d(
            4, 6, (3, 2), dtype=getattr(torch, np.dtype(dtype).name), **options
        )
        compare(layer, other, x)


def test_pooling_equals_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for axes, dtype in itertools.product((1, 2), (np.float64, np.float32)):
        x = distinct(2, 3, *(9, 8)[:axes]).astype(dtype)
        for kind in ("MaxPool", "AvgPool"):
            last = (
                {"dilation": (1, 2)} if kind == "MaxPool" else {"count_include_pad": (True, False)}
            )
            for options in crossed(stride=(None, 1, 2), padding=(0, 1), **last):
                ours, theirs = (getattr(m, f"{kind}{axes}d")(3, **options) for m in (nn, torch.nn))
                compare(ours, theirs, x)


def test_adaptive_pooling_equals_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (np.float64, np.float32):
        for places in (1, 2, 3, 5, 7, 10):
            ours, theirs = (m.AdaptiveAvgPool1d(places) for m in (nn, torch.nn))
            compare(ours, theirs, normal(2, 3, 7).astype(dtype))
        for sizes in (1, 3, (2, 5), (None, 4), (7, 1)):
            ours, theirs = (m.AdaptiveAvgPool2d(sizes) for m in (nn, torch.nn))
            compare(ours, theirs, normal(2, 3, 7, 6).astype(dtype))


def test_global_pooling() -> None:
    for x in (distinct(2, 3, 5), distinct(2, 3, 4, 5).astype(np.float32)):
        axes = tuple(range(2, x.ndim))
        for layer, expected in (
            (nn.GlobalAvgPool(), x.mean(axes)), (nn.GlobalMaxPool(), x.max(axes))
        ):  # fmt: skip
            found = layer(x)
            assert found.dtype == x.dtype
            assert_close(found, expected)


LAYERS = [
    (nn.Conv1d(2, 4, 3, 2, "valid", 1, 2, seed=0), (2, 2, 7)),
    (nn.Conv2d(2, 2, 2, padding=1, bias=False, seed=0), (1, 2, 3, 4)),
    (nn.ConvTranspose2d(2, 4, 3, 2, 1, 1, 2, seed=0), (1, 2, 3, 3)),
    (nn.MaxPool1d(2), (2, 2, 6)),
    (nn.AvgPool1d(3, 2, 1, count_include_pad=False), (2, 2, 7)),
    (nn.AdaptiveAvgPool1d(3), (2, 2, 7)),
    (nn.AdaptiveAvgPool2d((1, 3)), (2, 2, 3, 5)),
    (nn.GlobalAvgPool(), (2, 2, 5)),
    (nn.GlobalMaxPool(), (2, 2, 3, 2)),
]
each = pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=[repr(x) for x, _ in LAYERS])


@each
def test_gradients_to_second_order(layer: nn.Module, shape: tuple[int, ...]) -> None:
    order = 1 if "Max" in repr(layer) else 2
    ag.check_gradients(lambda x: (layer(x) ** 2).sum(), distinct(*shape), order=order)


@each
def test_compiled_gives_the_bits_of_eager(layer: nn.Module, shape: tuple[int, ...]) -> None:
    function = ag.value_and_grad(lambda x: (layer(x) ** 2).sum())
    compiled = ag.compile(function)
    for seed in range(3):
        x = normal(*shape, seed=seed)
        for found, expected in zip(compiled(x), function(x), strict=True):
            np.testing.assert_array_equal(plain(found), plain(expected))


def test_repr() -> None:
    assert [repr(layer) for layer, _ in LAYERS] == [
        "Conv1d(2, 4, 3, stride=2, padding='valid', groups=2)",
        "Conv2d(2, 2, 2, padding=1, bias=False)",
        "ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1, groups=2)",
        "MaxPool1d(2)",
        "AvgPool1d(3, stride=2, padding=1, count_include_pad=False)",
        "AdaptiveAvgPool1d(3)",
        "AdaptiveAvgPool2d((1, 3))",
        "GlobalAvgPool()",
        "GlobalMaxPool()",
    ]


def test_given_arrays_and_seeds() -> None:
    W, b = normal(4, 3, 2, 2), normal(6)
    layer = nn.ConvTranspose2d(W, b, groups=2)
    x = normal(1, 4, 3, 3)
    np.testing.assert_array_equal(layer(x).numpy(), ag.conv_transpose2d(x, W, b, groups=2))
    assert layer.draw(0) is None
    np.testing.assert_array_equal(layer.W.numpy(), W)
    drawn = nn.ConvTranspose2d(64, 64, 4, 2, seed=seeded(0))
    assert float(drawn.W.numpy().std()) == pytest.approx(np.sqrt(2 / (64 * 16)), rel=0.05)
    first = drawn.W.numpy()
    drawn.draw(seeded(1))
    assert (first != drawn.W.numpy()).any()


def test_errors() -> None:
    with pytest.raises(ShapeError, match=r"Conv1d: W is \(2, 3\) .* W \(out, in, length\)"):
        nn.Conv1d(np.ones((2, 3)), np.ones(2))
    with pytest.raises(TypeError, match="Conv1d: got W, no b and bias=True"):
        nn.Conv1d(np.ones((2, 3, 4)))
    with pytest.raises(TypeError, match=r"Conv1d: kernel_size is \(2, 3\); expected an integer"):
        nn.Conv1d(1, 2, (2, 3))  # type: ignore[arg-type]
    conv = nn.Conv1d(2, 4, 3, seed=0)
    with pytest.raises(ShapeError, match=r"conv1d: x is \(2, 9\); .*use x\[None\]"):
        conv(np.ones((2, 9)))
    with pytest.raises(ShapeError, match=r"conv1d: .*x has 3 channels"):
        conv(np.ones((1, 3, 9)))
    with pytest.raises(ShapeError, match="conv1d: the kernel covers 1 x 3"):
        conv(np.ones((1, 2, 2)))
    with pytest.raises(TypeError, match=r"conv1d: stride is \(1, 2\); expected an integer"):
        nn.Conv1d(2, 4, 3, stride=(1, 2), seed=0)(np.ones((1, 2, 9)))  # type: ignore[arg-type]
    turned = nn.ConvTranspose2d(2, 4, 3, output_padding=1, seed=0)
    with pytest.raises(ValueError, match=r"output_padding is \(1, 1\); expected less than"):
        turned(np.ones((1, 2, 3, 3)))
    with pytest.raises(ShapeError, match=r"conv_transpose2d: x is \(1, 3, 3, 3\) and w is"):
        turned(np.ones((1, 3, 3, 3)))
    with pytest.raises(ShapeError, match="use less padding"):
        nn.ConvTranspose2d(2, 4, 3, padding=3, seed=0)(np.ones((1, 2, 3, 3)))
    with pytest.raises(ShapeError, match="groups is 3, which does not divide 2 and 4"):
        nn.ConvTranspose2d(2, 4, 3, groups=3)
    with pytest.raises(DTypeError, match="max_pool1d: x is int64"):
        nn.MaxPool1d(2)(np.ones((1, 2, 4), int))
    with pytest.raises(ShapeError, match=r"AdaptiveAvgPool2d: x is \(2, 3, 4\); expected"):
        nn.AdaptiveAvgPool2d(2)(np.ones((2, 3, 4)))
    with pytest.raises(TypeError, match=r"output_size is \(1, 2, 3\); expected 2 integers"):
        nn.AdaptiveAvgPool2d((1, 2, 3))
    with pytest.raises(DTypeError, match="GlobalAvgPool: x is int64"):
        nn.GlobalAvgPool()(np.ones((2, 3, 4), int))
