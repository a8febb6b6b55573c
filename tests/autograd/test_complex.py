"""Complex numbers: the gradient of a real result is dL/dx + i dL/dy, as in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import DTypeError, GraphError, Tensor, UnsupportedError, check_gradients

rng = generator(5)


def numbers(*shape: int) -> np.ndarray:
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


Z, W, X = numbers(3, 4), numbers(4, 2), rng.normal(size=(3, 4))

PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "products": (lambda z, w: np.exp(z) @ w, (Z, W)),
    "real times complex": (lambda z, x: (z * x / (1 + z * z)) ** 2, (Z, X)),
    "conjugate": (lambda z, x: np.conj(z) * x * 1j + z, (Z, X)),
    "parts": (lambda z: z.real * np.imag(z), (Z,)),
    "absolute": (lambda z: np.abs(z * z) + np.abs(z), (Z,)),
    "of real numbers": (lambda x: np.abs(np.exp(1j * x) + x), (X,)),
    "functions": (lambda z: np.sin(z) + np.log(z + 4) + np.sqrt(z + 5) + np.tanh(z / 3), (Z,)),
    "moved": (lambda z: np.concatenate([z.T.reshape(2, 6), z[:2, [0, 1, 0, 2, 3, 3]]]), (Z,)),
    "sums": (lambda z: (z - z.mean(axis=0)).sum(axis=1), (Z,)),
    "chosen": (lambda z, x: np.where(x > 0, z, x), (Z, X)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_against_numerical_derivatives(name: str) -> None:
    f, inputs = PROGRAMS[name]
    check_gradients(f, *inputs)
    if name not in ("absolute", "of real numbers"):  # the phase has no second derivative yet
        check_gradients(f, *inputs, order=2, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_the_gradient_has_the_dtype_of_the_value(dtype: Any) -> None:
    z, x = Tensor(Z.astype(dtype)), Tensor(X.astype(np.zeros(1, dtype).real.dtype))
    loss = np.sum(np.abs(np.exp(z * 0.5) * x + 1j))
    assert loss.dtype == x.dtype
    loss.backward()
    assert z.grad.dtype == dtype
    assert x.grad.dtype == x.dtype


def test_the_gradient_points_uphill() -> None:
    z = Tensor(1 + 2j)
    (np.abs(z) ** 2).backward()
    assert_close(z.grad, 2 * (1 + 2j))
    assert_close(ag.grad(lambda z: np.real(z * (3 - 1j)))(0j), 3 + 1j)


def test_what_is_refused() -> None:
    z = Tensor(Z)
    with pytest.raises(GraphError, match="complex128"):
        np.sum(z).backward()
    with pytest.raises(UnsupportedError, match="maximum: it has no gradient for complex"):
        np.abs(np.maximum(z, 0)).sum().backward()
    with pytest.raises(DTypeError, match="real part"):
        z.astype(float)
    np.sum(z).backward(1j)
    np.testing.assert_array_equal(z.grad, np.full((3, 4), 1j))
