"""Running sums and products, differences, convolutions: zeros, options, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import ShapeError, Tensor, UnsupportedError

rng = generator(32)


@pytest.mark.parametrize(
    "x", [[0.0], [0.0, 0.0], [2.0, 0.0, 3.0], [0.0, 1.0, 0.0, 2.0], [0.0] * 5, [1.0, 2.0, 0.0]]
)
@pytest.mark.parametrize("f", [np.prod, np.cumprod, np.nanprod, np.nancumprod])
def test_products_are_right_at_zeros_to_second_order(f: Any, x: Any) -> None:
    ag.check_gradients(f, x, order=2, rtol=1e-6, atol=1e-9)


def test_the_gradient_of_a_long_running_product() -> None:
    x = rng.uniform(0.9, 1.1, size=100)
    jacobian = ag.jacobian(np.cumprod)(x)
    expected = np.tril(np.cumprod(x)[:, None] / x)
    assert_close(jacobian, expected)


def test_running_extremes_are_shared_by_all_that_are_equal_so_far() -> None:
    x = np.array([1.0, 3.0, 2.0, 3.0, 3.0, 5.0, 5.0, 4.0])
    weights = rng.normal(size=x.size)
    for ufunc, values in ((np.maximum, x), (np.minimum, -x)):
        t = Tensor(values)
        np.sum(ufunc.accumulate(t) * weights).backward()
        expected = np.zeros(x.size)
        for k, g in enumerate(weights):
            equal = np.flatnonzero(x[: k + 1] == x[: k + 1].max())
            expected[equal] += g / equal.size
        assert_close(t.grad, expected)
    ag.check_gradients(lambda x: np.maximum.accumulate(x * x, axis=0), [[1.0, 2.0], [0.5, 3.0]],
                       order=2)  # fmt: skip


def test_of_nothing() -> None:
    for f in (np.cumsum, np.cumprod, np.diff, np.ediff1d, np.trapezoid):
        t = Tensor(np.zeros((0,)))
        out = f(t)
        np.sum(out).backward()
        assert out.shape == np.asarray(f(np.zeros((0,)))).shape
        assert t.grad.shape == (0,)


def test_running_sums_into_a_tensor_and_in_another_kind_of_number() -> None:
    x = Tensor(np.ones(3, np.float32))
    assert x.cumsum(dtype=np.float64).dtype == np.float64
    out = Tensor(np.zeros(3, np.float32), requires_grad=False)
    assert np.cumsum(x, out=out) is out
    assert_close(out, np.arange(1.0, 4.0))
    assert_close(np.add.accumulate(x, out=out), np.arange(1.0, 4.0))
    with pytest.raises(ValueError, match="along which"):
        np.cumulative_sum(Tensor(np.ones((2, 2))))
    with pytest.raises(IndexError):
        np.cumsum(x, axis=1)


def test_differences_of_bools_and_integers() -> None:
    np.testing.assert_array_equal(np.diff(Tensor([True, False, False])).numpy(), [True, False])
    np.testing.assert_array_equal(np.diff(Tensor([1, 4, 9]), 2).numpy(), [2])
    assert np.diff(Tensor([1.0, 2.0]), 0).shape == (2,)
    with pytest.raises(ValueError, match="n is -1"):
        np.diff(Tensor([1.0]), -1)


def test_the_spacing_of_a_gradient_may_be_recorded() -> None:
    f, h = rng.normal(size=(5, 4)), rng.uniform(0.5, 1.0, 5)
    for order in (1, 2):

        def slopes(f: Any, h: Any, step: Any, order: int = order) -> Any:
            rows, columns = np.gradient(f, np.cumsum(h), step, edge_order=order)
            return rows * columns

        assert_close(slopes(Tensor(f), Tensor(h), Tensor(0.3)), slopes(f, h, 0.3))
        ag.check_gradients(slopes, f, h, 0.3, order=2, rtol=1e-5, atol=1e-7)
    with pytest.raises(ValueError, match="at least 3"):
        np.gradient(Tensor([1.0, 2.0]), edge_order=2)
    with pytest.raises(TypeError, match="2 spacings for 1"):
        np.gradient(Tensor([1.0, 2.0]), 1.0, 2.0)


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("f", [np.convolve, np.correlate])
def test_sequences_of_complex_numbers(f: Any, mode: str) -> None:
    for n, m in ((5, 3), (3, 4), (2, 6)):
        x, y = (rng.normal(size=k) + 1j * rng.normal(size=k) for k in (n, m))
        assert_close(f(Tensor(x), Tensor(y), mode), f(x, y, mode))
        ag.check_gradients(lambda x, y: np.real(f(x, y, mode) * (1 - 2j)), x, y)


def test_what_is_no_sequence() -> None:
    assert np.convolve(Tensor(2.0), [1.0, 2.0]).shape == (2,)
    with pytest.raises(ShapeError, match=r"shape \(2, 2\)"):
        np.convolve(Tensor(np.ones((2, 2))), [1.0])
    with pytest.raises(ValueError, match="mode is 'half'"):
        np.convolve(Tensor([1.0]), [1.0], "half")


def test_a_fit_has_gradients_with_respect_to_points_values_and_weights() -> None:
    x, y, w = np.arange(5.0), rng.normal(size=5), rng.uniform(0.5, 1.5, 5)
    assert_close(np.polyfit(x, Tensor(y), 2), np.polyfit(x, y, 2))
    assert_close(np.polyfit(Tensor(x), y, 2, w=w), np.polyfit(x, y, 2, w=w))
    ag.check_gradients(lambda x, y, w: np.polyfit(x, y, 2, w=w), x, y, w, order=2, rtol=1e-4)
    with pytest.raises(UnsupportedError, match="option full"):
        np.polyfit(x, Tensor(y), 2, full=True)


DIVISIONS = [
    ([1.0, 5.0, 6.0, 3.0], [2.0, 1.0]), ([1.0, 2.0], [1.0, 2.0, 3.0]), ([4.0, 2.0], [2.0]),
    ([1.0, 2.0, 1.0], [1.0, 1.0]), ([2.0], [4.0]),
]  # fmt: skip


@pytest.mark.parametrize(("u", "v"), DIVISIONS)
def test_polynomials_are_divided(u: list[float], v: list[float]) -> None:
    for found, expected in zip(np.polydiv(Tensor(u), Tensor(v)), np.polydiv(u, v), strict=True):
        assert_close(found, expected)  # the length of the remainder, too


def test_the_division_of_polynomials_has_a_gradient() -> None:
    u, v = DIVISIONS[0]
    ag.check_gradients(lambda u, v: np.concatenate(np.polydiv(u, v)), u, v, order=2, rtol=1e-5)
    ag.check_gradients(lambda u: np.polydiv(u, 2.0)[0], u)


@pytest.mark.parametrize(
    "p",
    [[1.0, -3.0, 2.0], [0.0, 2.0, -3.0, 1.0, 0.0], [1.0, 2.0], [0.0, 0.0], [3.0], [1.0, 2.0, 3.0]],
)
def test_roots_are_those_of_numpy(p: list[float]) -> None:
    assert_close(np.roots(Tensor(p)), np.roots(p))
    if p[0] != 0:
        scaled = Tensor(p)
        found = np.roots(scaled)
        if found.size:
            np.sum(np.real(found)).backward()  # -b / a, by Vieta
            expected = np.zeros(len(p))
            expected[:2] = p[1] / p[0] ** 2, -1 / p[0]
            assert_close(scaled.grad, expected)


def test_roots_of_a_polynomial_have_derivatives_of_any_order() -> None:
    p = [1.0, -3.2, 2.1, 0.3]
    ag.check_gradients(lambda p: np.abs(np.roots(p)), p, order=2, rtol=1e-4)
    with pytest.raises(ShapeError, match="one axis of coefficients"):
        np.roots(Tensor(np.eye(2)))


def test_series_of_polynomials_work_by_themselves() -> None:
    from numpy.polynomial import chebyshev, hermite, laguerre, legendre, polynomial

    x, c = rng.normal(size=3), [1.0, -2.0, 0.5, 0.25]
    for f in (polynomial.polyval, chebyshev.chebval, legendre.legval, hermite.hermval,
              laguerre.lagval):  # fmt: skip
        assert_close(f(Tensor(x), c), f(x, c))
        ag.check_gradients(lambda x, f=f: f(x, c), x, order=2)
        with pytest.raises(UnsupportedError):
            f(x, Tensor(c))
