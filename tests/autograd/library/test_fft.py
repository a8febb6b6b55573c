"""Fourier transforms: lengths, scales, dtypes, and an adjoint for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import ShapeError, Tensor, UnsupportedError, check_gradients

F = np.fft
rng = generator(12)
REAL, COMPLEX = rng.normal(size=(4, 5)), rng.normal(size=(4, 5)) + 1j * rng.normal(size=(4, 5))
ONE_AXIS = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
SEVERAL = ["fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"]


def operand(name: str) -> Any:
    return REAL if name.startswith(("rfft", "ihfft")) else COMPLEX


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [None, 1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("name", ONE_AXIS)
def test_the_rule_is_the_adjoint(name: str, n: int | None, norm: Any) -> None:
    """Re <g, f(x)> = Re <gradient, x>, for the transforms are linear."""
    f, x = getattr(F, name), operand(name)
    t = Tensor(x)
    out = f(t, n, norm=norm, axis=-1)
    np.testing.assert_array_equal(out.numpy(), f(x, n, norm=norm, axis=-1))
    g = rng.normal(size=out.shape)
    g = g + 1j * rng.normal(size=out.shape) if out.dtype == complex else g
    out.backward(g)
    assert t.grad.dtype == x.dtype
    assert_close(np.vdot(g, out.numpy()).real, np.vdot(t.grad, x).real, of=[g, x, np.ones(1)])


@pytest.mark.parametrize(
    "options",
    [{}, {"axes": (0,)}, {"axes": (1, 0)}, {"s": (3, 7), "axes": (0, 1)}, {"norm": "ortho"},
     {"s": (6, -1), "axes": (1, 0)}, {"axes": (-1, 0, 0)}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", SEVERAL)
def test_several_axes(name: str, options: dict[str, Any]) -> None:
    f, x = getattr(F, name), operand(name)
    np.testing.assert_array_equal(f(Tensor(x), **options).numpy(), f(x, **options))
    check_gradients(lambda x: f(x, **options), x)


@pytest.mark.parametrize("name", ONE_AXIS + SEVERAL)
def test_single_precision_stays(name: str) -> None:
    x = operand(name)
    x = x.astype(np.complex64 if x.dtype == complex else np.float32)
    t = Tensor(x)
    out = getattr(F, name)(t)
    assert out.dtype == getattr(F, name)(x).dtype
    out.backward(np.ones(out.shape))
    assert t.grad.dtype == x.dtype


@pytest.mark.parametrize("name", ONE_AXIS)
def test_second_derivatives(name: str) -> None:
    def f(x: Any) -> Any:
        return np.abs(getattr(F, name)(x * x)) ** 2

    check_gradients(f, operand(name)[:2, :4], order=2, rtol=1e-4, atol=1e-6)


def test_real_numbers_as_complex_ones() -> None:
    """The imaginary parts of what stands for itself are not read."""
    g = ag.grad(lambda z: np.sum(F.irfft(z, 4) * np.arange(4)))(np.ones(3, complex))
    assert g[0].imag == g[2].imag == 0 != g[1].imag
    assert_close(ag.grad(lambda x: np.sum(np.abs(F.fft(x)) ** 2))(REAL), 2 * 5 * REAL)  # Parseval


def test_a_filter() -> None:
    kernel = rng.normal(size=(4, 5))

    def filtered(x: Any) -> Any:
        return F.irfft2(F.rfft2(x) * F.rfft2(kernel), s=x.shape, axes=(0, 1))

    check_gradients(lambda x: filtered(x) ** 2, REAL, order=2, rtol=1e-4, atol=1e-6)


def test_frequencies_are_numbers_that_scale() -> None:
    assert_close(F.fftfreq(4, 0.5), [0, 0.5, -1, -0.5])
    check_gradients(lambda d: F.fftfreq(4, d) * 1.0, 0.7)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match="a length for each of the axes"):
        F.fftn(Tensor(REAL), s=(3,), axes=(0, 1))
    with pytest.raises(ShapeError, match="at least one axis"):
        F.rfftn(Tensor(REAL), axes=())
    with pytest.raises(UnsupportedError, match="out"):
        F.fft2(Tensor(REAL), out=np.empty((4, 5), complex))
    with pytest.raises(ValueError, match="norm"):
        F.fft(Tensor(REAL), norm="best")


def test_what_a_mask_leaves_out_does_not_reach_the_gradient() -> None:
    """A transform of equal numbers is 0 nearly everywhere: it tells nothing about what was used."""

    def f(x: Any) -> Any:
        spectrum = F.fft(np.where(x > 0, np.log(x), 0.0))
        return np.sum(np.abs(spectrum) ** 2)

    x = np.array([1.0, 0.0, 2.0, 0.5])
    with np.errstate(all="ignore"):
        g = ag.grad(f)(x)
    assert np.isfinite(g).all()
    assert_close(g[[0, 2, 3]], 8 * np.log(x[[0, 2, 3]]) / x[[0, 2, 3]])
