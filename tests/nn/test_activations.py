"""Activations: PyTorch's values and gradients, derivatives of both orders, large inputs."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator, seeded

import autograd as ag
import nn
from autograd import ShapeError, Tensor

ROOT = Path(__file__).resolve().parents[2]
DTYPES = [np.float64, np.float32]


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return 2 * generator(seed).normal(size=shape)


# our layer, PyTorch's
PAIRS: list[tuple[nn.Module, Callable[[Any], Any]]] = [
    (nn.ReLU(), lambda F: F.ReLU()),
    (nn.LeakyReLU(), lambda F: F.LeakyReLU()),
    (nn.LeakyReLU(0.3), lambda F: F.LeakyReLU(0.3)),
    (nn.LeakyReLU(-0.5), lambda F: F.LeakyReLU(-0.5)),
    (nn.LeakyReLU(1.5), lambda F: F.LeakyReLU(1.5)),
    (nn.PReLU(), lambda F: F.PReLU()),
    (nn.PReLU(3, 0.125), lambda F: F.PReLU(3, 0.125)),
    (nn.ELU(), lambda F: F.ELU()),
    (nn.ELU(0.7), lambda F: F.ELU(0.7)),
    (nn.ELU(alpha=1.5), lambda F: F.ELU(1.5)),
    (nn.SELU(), lambda F: F.SELU()),
    (nn.GELU(), lambda F: F.GELU()),
    (nn.GELU("tanh"), lambda F: F.GELU("tanh")),
    (nn.SiLU(), lambda F: F.SiLU()),
    (nn.Softplus(), lambda F: F.Softplus()),
    (nn.Softplus(2.5), lambda F: F.Softplus(2.5)),
    (nn.Sigmoid(), lambda F: F.Sigmoid()),
    (nn.Tanh(), lambda F: F.Tanh()),
    (nn.Hardtanh(), lambda F: F.Hardtanh()),
    (nn.Hardtanh(-0.5, 2.0), lambda F: F.Hardtanh(-0.5, 2.0)),
    (nn.Softmax(), lambda F: F.Softmax(-1)),
    (nn.Softmax(axis=1), lambda F: F.Softmax(1)),
    (nn.LogSoftmax(), lambda F: F.LogSoftmax(-1)),
    (nn.LogSoftmax(axis=0), lambda F: F.LogSoftmax(0)),
]
EACH = pytest.mark.parametrize(("layer", "theirs"), PAIRS, ids=[repr(x) for x, _ in PAIRS])


@EACH
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_and_gradients_are_pytorchs(layer: nn.Module, theirs: Any, dtype: Any) -> None:
    torch = pytest.importorskip("torch")
    kinks = np.array([0.0, -0.0, 1.0, -1.0, -0.5, 2.0, 20.0, -20.0, 100.0, -100.0, 1e4, -1e4])
    x = np.concatenate([normal(24), kinks]).reshape(3, 3, 4).astype(dtype)
    ours, other = Tensor(x), torch.tensor(x, requires_grad=True)
    layer.zero_grad()
    found, expected = layer(ours), theirs(torch.nn).to(other.dtype)(other)
    assert found.dtype == dtype or list(layer.parameters())
    scale = np.abs(x).max() if isinstance(layer, nn.LogSoftmax) else 1.0
    # the softplus of PyTorch is linear from 20 on
    near = 1e-6 if dtype is np.float32 else 3e-9 if isinstance(layer, nn.Softplus) else 1e-13
    np.testing.assert_allclose(
        found.numpy(), expected.detach().numpy(), rtol=10 * near, atol=near * scale
    )
    weights = generator(9).normal(size=x.shape).astype(dtype)
    (found * weights).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    assert ours.grad.dtype == dtype
    np.testing.assert_allclose(
        ours.grad, other.grad.numpy(), rtol=100 * near, atol=100 * near * scale
    )
    for p in layer.parameters():
        assert p.grad is not None


OTHERS = [nn.Maxout(4, 2, 3, seed=seeded(0)), nn.RReLU(0.3, 0.3)]


@pytest.mark.parametrize("layer", [*(layer for layer, _ in PAIRS), *OTHERS], ids=repr)
def test_gradients_of_both_orders_and_compiled(layer: nn.Module) -> None:
    """Numerical derivatives, and the bits of eager from a compiled program, at other inputs too."""
    x = normal(2, 3, 4)
    x[np.abs(x) < 0.05] += 0.1  # off the kink
    ag.check_gradients(layer, x, order=2, rtol=1e-4, atol=1e-6)

    def total(x: Any) -> Any:
        return np.sum(np.square(layer(x)))

    for dtype in DTYPES:
        compiled = ag.compile(ag.value_and_grad(total))
        for at in (x, -x, 10 * x):
            at = at.astype(dtype)
            for mine, eager in zip(
                compiled(Tensor(at)), ag.value_and_grad(total)(Tensor(at)), strict=True
            ):
                np.testing.assert_array_equal(mine.numpy(), eager.numpy())


@pytest.mark.parametrize("layer", [layer for layer, _ in PAIRS], ids=repr)
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_inputs_do_not_overflow(layer: nn.Module, dtype: Any) -> None:
    """Warnings are errors here: nothing may be infinite on the way."""
    x = Tensor(np.array([[[1e4, -1e4, 0.0]] * 3], dtype))
    out = layer(x)
    out.sum().backward()
    assert np.isfinite(out.numpy()).all()
    assert np.isfinite(x.grad).all()


@pytest.mark.parametrize("layer", [layer for layer, _ in PAIRS], ids=repr)
def test_nan_stays(layer: nn.Module) -> None:
    found = layer(Tensor(np.full((3, 3), np.nan))).numpy()
    assert np.isnan(found).all()


@pytest.mark.parametrize("layer", [layer for layer, _ in PAIRS], ids=repr)
def test_lists_and_integers_are_floats(layer: nn.Module) -> None:
    x = [[-2, 0, 3], [1, -1, 2], [0, 1, 0]]
    assert_close(layer(x), layer(np.array(x, float)))


def test_gelu_is_exact_far_below_0() -> None:
    """Where 1 + erf(x / √2) has lost all digits: by the continued fraction of Mills' ratio."""
    for x in (-12.0, -20.0, -37.0):
        ratio = 0.0
        for k in range(200, 0, -1):
            ratio = k / (-x + ratio)
        expected = x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi) / (-x + ratio)
        np.testing.assert_allclose(nn.functional.gelu(x), expected, rtol=1e-12)


def test_gelu_needs_no_scipy() -> None:
    code = "import sys; sys.modules['scipy'] = None; import nn; print(nn.GELU()([1.0])[0])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("0.84134474"), done.stderr


# --- random slopes --------------------------------------------------------------------------------


def test_random_slopes_lie_in_their_interval_and_are_drawn_anew() -> None:
    x = np.full((40, 50), -1.0)
    layer = nn.RReLU(0.1, 0.4, seed=seeded(0))
    first, second = (-layer(Tensor(x)).numpy() for _ in range(2))
    for slopes in (first, second):
        assert slopes.min() >= 0.1
        assert slopes.max() <= 0.4
        assert abs(slopes.mean() - 0.25) < 0.02
    assert (first != second).all()
    again = nn.RReLU(0.1, 0.4, seed=seeded(0))
    np.testing.assert_array_equal(-again(Tensor(x)).numpy(), first)
    layer.training = False
    np.testing.assert_array_equal(layer(x), x * 0.25)
    t = Tensor(-np.ones(5, np.float32))
    out = again(t)
    out.sum().backward()
    assert out.dtype == t.grad.dtype == np.float32
    np.testing.assert_array_equal(t.grad, -out.numpy())


def test_random_slopes_of_a_compiled_program_are_those_of_eager() -> None:
    x, eager, layer = normal(4, 5), nn.RReLU(seed=seeded(1)), nn.RReLU(seed=seeded(1))
    compiled = ag.compile(layer)
    for _ in range(3):
        np.testing.assert_array_equal(np.asarray(compiled(x)), np.asarray(eager(x)))


# --- layers with parameters -----------------------------------------------------------------------


def test_maxout_is_the_largest_of_its_maps() -> None:
    layer = nn.Maxout(4, 3, pieces=3, seed=seeded(0))
    x = normal(2, 5, 4)
    maps = [layer.maps.W.numpy()[:, k : k + 3] for k in (0, 3, 6)]
    assert_close(layer(Tensor(x)), np.max([x @ W for W in maps], axis=0))
    assert [name for name, _ in layer.named_parameters()] == ["maps.W", "maps.b"]
    assert len(nn.Maxout(4, 3, bias=False).parameters()) == 1
    assert repr(layer) == "Maxout(4, 3, pieces=3)"


def test_slopes_of_channels() -> None:
    layer = nn.PReLU(2, axis=-1)
    layer.weight.data = np.array([0.5, 2.0])
    assert layer([[-1.0, -1.0]]).numpy().tolist() == [[-0.5, -2.0]]
    for shape in ((2, 3), (3,)):
        with pytest.raises(ShapeError, match="2 slopes for axis -1"):
            layer(np.ones(shape))
    with pytest.raises(ShapeError, match="2 slopes for axis 1"):
        nn.PReLU(2)(np.ones(3))
    single = nn.PReLU(dtype=np.float32)
    assert single(np.ones(3, np.float32)).dtype == np.float32


def test_settings_that_cannot_be() -> None:
    for make, message in [
        (lambda: nn.GELU("erf"), '"none" or "tanh"'),
        (lambda: nn.functional.gelu(1.0, "exact"), '"none" or "tanh"'),
        (lambda: nn.RReLU(0.5, 0.1), "exchange them"),
        (lambda: nn.Softplus(0.0), "beta is 0"),
        (lambda: nn.Hardtanh(1.0, 1.0), "the smaller one first"),
        (lambda: nn.Maxout(3, 2, 0), "pieces is 0"),
        (lambda: nn.PReLU(0), "num_parameters is 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


def test_every_function_is_in_functional() -> None:
    from nn import functional, losses

    functions = {name for name, value in vars(losses).items() if inspect.isfunction(value)}
    assert set(functional.__all__) >= {name for name in functions if name[0] != "_"} != set()
    assert all(callable(getattr(functional, name)) for name in functional.__all__)
