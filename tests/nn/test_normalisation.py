"""Normalisation: values, gradients and running statistics of PyTorch, and errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd
import nn
from autograd import ShapeError, Tensor

DTYPES = "float32", "float64"
SHAPES = {"BatchNorm1d": [(6, 3), (4, 3, 5)], "BatchNorm2d": [(4, 3, 5, 2)]}
BATCH = [
    {},
    {"eps": 0.1, "momentum": 0.3},
    {"momentum": None},
    {"affine": False},
    {"track_running_stats": False},
]
LAYER = [
    ("LayerNorm", {"normalized_shape": 4}),
    ("LayerNorm", {"normalized_shape": (3, 4), "eps": 0.1}),
    ("LayerNorm", {"normalized_shape": 4, "elementwise_affine": False}),
    ("LayerNorm", {"normalized_shape": 4, "bias": False}),
    ("RMSNorm", {"normalized_shape": 4}),
    ("RMSNorm", {"normalized_shape": (3, 4), "eps": 0.1}),
    ("RMSNorm", {"normalized_shape": 4, "elementwise_affine": False}),
]


def normal(*shape: int, seed: int = 0, dtype: Any = float) -> np.ndarray:
    return generator(seed).normal(1.5, 2.0, size=shape).astype(dtype)


def pair(torch: Any, name: str, options: dict[str, Any], dtype: str, first: Any) -> tuple[Any, Any]:
    """The layer here and PyTorch's, with the same gamma and beta."""
    given = (first,) if first else ()
    ours = getattr(nn, name)(*given, **options, dtype=dtype)
    theirs = getattr(torch.nn, name)(*given, **options, dtype=getattr(torch, dtype))
    for k, (p, q) in enumerate(
        [(ours.gamma, theirs.weight), (ours.beta, getattr(theirs, "bias", None))]
    ):
        assert (p is None) is (q is None)
        if p is not None:
            p.data = normal(*p.shape, seed=10 + k)
            q.data.copy_(torch.tensor(p.numpy()))
    return ours, theirs


def compare(torch: Any, ours: Any, theirs: Any, x: np.ndarray, seed: int) -> None:
    """Values, and gradients of the input and the parameters; in training of second order, too."""
    dout = normal(*x.shape, seed=seed, dtype=x.dtype)
    here, there = Tensor(x), torch.tensor(x, requires_grad=True)
    out, expected = ours(here), theirs(there)
    size = 1e-5 if x.dtype == np.float32 else 1e-12
    assert out.dtype == x.dtype
    assert_close(out.numpy(), expected, 10 * size)
    pairs = [(here, there), (ours.gamma, theirs.weight), (ours.beta, getattr(theirs, "bias", None))]
    pairs = [(p, q) for p, q in pairs if p is not None]
    loss = (expected * torch.tensor(dout)).sum()
    grads = torch.autograd.grad(loss, [q for _, q in pairs], create_graph=True)
    for p, _ in pairs:
        p.grad = None
    (out * dout).sum().backward(create_graph=True)
    for (p, _), grad in zip(pairs, grads, strict=True):
        assert p.grad.dtype == x.dtype
        assert_close(p.grad.numpy(), grad, 50 * size, of=[dout])
    if ours.training:
        first, here.grad = here.grad, None
        (first * first).sum().backward()
        (second,) = torch.autograd.grad((grads[0] * grads[0]).sum(), there)
        assert_close(here.grad, second, 500 * size, of=[dout])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", BATCH, ids=str)
@pytest.mark.parametrize("name", SHAPES)
def test_batch_norm_is_that_of_pytorch(name: str, options: dict[str, Any], dtype: str) -> None:
    torch = pytest.importorskip("torch")
    for shape in SHAPES[name]:
        ours, theirs = pair(torch, name, options, dtype, 3)
        for k in range(3):
            compare(torch, ours, theirs, normal(*shape, seed=k, dtype=dtype), seed=20 + k)
        buffers = dict(ours.named_buffers())
        assert buffers.keys() == dict(theirs.named_buffers()).keys()
        for key, value in theirs.named_buffers():
            np.testing.assert_allclose(buffers[key].numpy(), value.numpy(), 1e-5)
            assert str(buffers[key].dtype) in str(value.dtype)
        compare(torch, ours.eval(), theirs.eval(), normal(*shape, seed=9, dtype=dtype), seed=30)
        for key, value in theirs.named_buffers():  # evaluation leaves them
            np.testing.assert_allclose(buffers[key].numpy(), value.numpy(), 1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "options"), LAYER, ids=str)
def test_layer_norms_are_those_of_pytorch(name: str, options: dict[str, Any], dtype: str) -> None:
    torch = pytest.importorskip("torch")
    ours, theirs = pair(torch, name, options, dtype, None)
    for shape in ((5, 3, 4), (2, 5, 3, 4), (3, 4)):
        compare(torch, ours, theirs, normal(*shape, dtype=dtype), seed=20)


@pytest.mark.parametrize("name", ["BatchNorm1d", "LayerNorm", "RMSNorm"])
def test_gradients_by_differences(name: str) -> None:
    layer = getattr(nn, name)(3)
    autograd.check_gradients(lambda x: (layer(x) ** 3).sum(), normal(5, 3), order=2)


def test_a_row_of_equal_values_is_zero_and_has_a_gradient() -> None:
    x = Tensor(np.full((4, 3), 2.0))
    for layer in (nn.LayerNorm(3), nn.BatchNorm1d(3)):
        out = layer(x)
        np.testing.assert_array_equal(out.numpy(), np.zeros((4, 3)))
        (out * normal(4, 3)).sum().backward()
        assert np.isfinite(x.grad).all()


def test_running_statistics_come_near_those_of_the_data() -> None:
    layer = nn.BatchNorm1d(2, momentum=None)
    data = generator(0).normal([1.0, -3.0], [0.5, 2.0], (4000, 2))
    for part in data.reshape(40, 100, 2):
        layer(part)
    assert_close(layer.running_mean.numpy(), data.mean(axis=0), 1e-9)
    assert_close(layer.running_var.numpy(), data.var(axis=0), 0.05)
    out = layer.eval()(data)
    assert abs(np.mean(out.numpy())) < 1e-9
    assert layer.num_batches_tracked.item() == 40


def test_a_frozen_net_records_nothing() -> None:
    layer = nn.BatchNorm2d(3).freeze()
    assert not layer(normal(2, 3, 4, 4)).requires_grad
    assert layer.num_batches_tracked.item() == 1


def test_errors_tell_shape_and_remedy() -> None:
    for make, x, said in (
        (nn.BatchNorm1d(3), np.ones((4, 2)), r"\(4, 2\); expected \(n, 3\) or \(n, 3, l\)"),
        (nn.BatchNorm1d(3), np.ones(3), r"x has shape \(3,\)"),
        (nn.BatchNorm2d(3), np.ones((4, 3)), r"expected \(n, 3, h, w\)"),
        (nn.BatchNorm1d(3), np.ones((1, 3)), r"at least 2 examples, or call eval"),
        (nn.BatchNorm1d(3), np.ones((0, 3)), "nothing has no mean"),
        (nn.LayerNorm((2, 3)), np.ones((3, 2)), r"x has shape \(3, 2\); expected \(..., 2, 3\)"),
        (nn.RMSNorm(3), np.ones(()), r"expected \(..., 3\)"),
    ):  # fmt: skip
        with pytest.raises(ShapeError, match=said):
            make(x)
    layer = nn.BatchNorm1d(3)
    with pytest.raises(ShapeError):
        layer(np.ones((1, 3)))
    assert layer.num_batches_tracked.item() == 0
    assert layer.eval()(np.ones((1, 3))).shape == (1, 3)
    for bad, error in ((-0.1, ValueError), (2, ValueError), ("0.1", TypeError), (True, TypeError)):
        with pytest.raises(error, match="momentum is"):
            nn.BatchNorm1d(3, momentum=bad)
    for bad, error in ((-1.0, ValueError), (np.nan, ValueError), (None, TypeError)):
        with pytest.raises(error, match="LayerNorm: eps is"):
            nn.LayerNorm(3, eps=bad)
    with pytest.raises(ValueError, match="expected the lengths"):
        nn.LayerNorm(())
    with pytest.raises(TypeError, match=r"num_features is 2\.5"):
        nn.BatchNorm2d(2.5)


def test_layers_show_their_settings() -> None:
    assert [repr(layer) for layer in (
        nn.BatchNorm1d(3), nn.BatchNorm2d(3, momentum=None, affine=False),
        nn.BatchNorm1d(3, eps=0.1, track_running_stats=False), nn.LayerNorm(4),
        nn.LayerNorm((3, 4), eps=0.1, bias=False), nn.RMSNorm(4, elementwise_affine=False),
    )] == [
        "BatchNorm1d(3)", "BatchNorm2d(3, momentum=None, affine=False)",
        "BatchNorm1d(3, eps=0.1, track_running_stats=False)", "LayerNorm(4)",
        "LayerNorm((3, 4), eps=0.1, bias=False)", "RMSNorm(4, elementwise_affine=False)",
    ]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_ten_steps_are_those_of_pytorch(dtype: str) -> None:
    """A net of all of them, an embedding first, trained by SGD; then evaluated."""
    torch = pytest.importorskip("torch")
    kind = getattr(torch, dtype)
    ours = nn.Sequential(
        nn.Embedding(7, 4, padding_idx=2, dtype=dtype), nn.BatchNorm1d(3, dtype=dtype),
        nn.LayerNorm((3, 4), dtype=dtype), nn.Flatten(), nn.Linear(12, 5, dtype=dtype),
        nn.RMSNorm(5, dtype=dtype), nn.BatchNorm1d(5, dtype=dtype), seed=0,
    )  # fmt: skip
    theirs = torch.nn.Sequential(
        torch.nn.Embedding(7, 4, padding_idx=2, dtype=kind), torch.nn.BatchNorm1d(3, dtype=kind),
        torch.nn.LayerNorm((3, 4), dtype=kind), torch.nn.Flatten(),
        torch.nn.Linear(12, 5, dtype=kind), torch.nn.RMSNorm(5, dtype=kind),
        torch.nn.BatchNorm1d(5, dtype=kind),
    )  # fmt: skip
    with torch.no_grad():
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            q.copy_(torch.tensor(p.numpy().T if p is ours[4].W else p.numpy()))
    sgd, theirs_sgd = nn.SGD(ours, lr=0.1), torch.optim.SGD(theirs.parameters(), lr=0.1)
    given = generator(5)
    for _ in range(10):
        indices, labels = given.integers(0, 7, (8, 3)), given.integers(0, 5, 8)
        sgd.zero_grad()
        theirs_sgd.zero_grad()
        nn.softmax_cross_entropy(ours(indices), labels).backward()
        loss = torch.nn.functional.cross_entropy(
            theirs(torch.tensor(indices)), torch.tensor(labels)
        )
        loss.backward()
        sgd.step()
        theirs_sgd.step()
    size = 1e-3 if dtype == "float32" else 1e-10
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert_close(p.numpy().T if p is ours[4].W else p.numpy(), q, size)
    for b, c in zip(ours.buffers(), theirs.buffers(), strict=True):
        assert_close(b.numpy(), c, size)
    assert_close(ours.eval()(indices).numpy(), theirs.eval()(torch.tensor(indices)), size)


LAYERS = [
    (nn.BatchNorm1d(3), (6, 3)), (nn.BatchNorm1d(3, affine=False), (4, 3, 5)),
    (nn.BatchNorm2d(3, momentum=None), (4, 3, 5, 2)), (nn.LayerNorm(4), (5, 3, 4)),
    (nn.LayerNorm((3, 4), bias=False), (5, 3, 4)), (nn.RMSNorm(4), (5, 3, 4)),
    (nn.Flatten(), (3, 2, 4)), (nn.Neuron(4, seed=0), (5, 4)),
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=str)
def test_compiled_layers_have_the_bits_of_eager(layer: Any, shape: Any, dtype: str) -> None:
    def slopes(x: Any, dout: Any) -> Any:
        return layer(x), autograd.grad(lambda x: (layer(x) * dout).sum())(x)

    layer.initialise(0)
    start = layer.state_dict()
    runs = []
    for function in (slopes, autograd.compile(slopes)):
        layer.load_state_dict(start)
        found = []
        for k in range(3):
            x = normal(*shape, seed=k, dtype=dtype)
            dout = normal(*layer(x).shape, seed=k + 10, dtype=dtype)
            results = function(x, dout)
            found += [r.numpy() if isinstance(r, Tensor) else np.asarray(r) for r in results]
        runs.append([*found, *layer.state_dict().values()])
    for one, other in zip(*runs, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
