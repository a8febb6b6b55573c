"""Reductions: options, masks, kinks, refusals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import DTypeError, ShapeError, Tensor, UnsupportedError

rng = generator(31)


def gradient(f: Any, x: Any) -> Any:
    t = Tensor(x)
    np.sum(f(t)).backward()
    return t.grad


HOLE = np.array([[1.5, np.nan, -0.5], [2.0, 3.0, np.inf]])
THERE = np.isfinite(HOLE)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.sum(x, where=THERE), THERE),
        (lambda x: np.prod(x[0], where=THERE[0]), [[-0.5, 0, 1.5], [0, 0, 0]]),
        (lambda x: np.mean(x, axis=1, where=THERE), THERE / 2),
        (lambda x: np.max(x, axis=1, initial=-9, where=THERE), [[1, 0, 0], [0, 1, 0]]),
        (lambda x: np.min(x, axis=0, initial=9, where=THERE), [[1, 0, 1], [0, 1, 0]]),
        (lambda x: np.var(x, axis=1, where=THERE), [[1, 0, -1], [-0.5, 0.5, 0]]),
        (lambda x: np.nansum(x[0]), [[1, 0, 1], [0, 0, 0]]),
        (lambda x: np.nanmax(x[:, :2]), [[0, 0, 0], [0, 1, 0]]),
        (lambda x: np.nanmin(x), [[0, 0, 1], [0, 0, 0]]),
        (lambda x: np.nanmedian(x[0]), [[0.5, 0, 0.5], [0, 0, 0]]),
        (lambda x: np.nancumsum(x[0])[-1], [[1, 0, 1], [0, 0, 0]]),
    ],
)
def test_what_is_left_out_does_not_reach_the_gradient(f: Any, expected: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = f(Tensor(HOLE))
        assert_close(found, f(HOLE))
        assert_close(gradient(f, HOLE), np.array(expected, float))


def test_rows_of_nothing_but_nan() -> None:
    x = np.array([[np.nan, np.nan], [1.0, 2.0]])
    with np.errstate(invalid="ignore"):
        for f in (np.nanmax, np.nanmin, np.nanmean, np.nanmedian, np.nanstd):
            t = Tensor(x)
            out = f(t, axis=1)
            assert np.isnan(out.numpy()[0])
            out[1].backward()
            assert np.isfinite(t.grad).all()
            assert_close(t.grad[0], np.zeros(2))


@pytest.mark.parametrize("where", ["function", "method", "reduce"])
def test_options_of_the_sum(where: str) -> None:
    x = Tensor(rng.normal(size=(3, 4)).astype(np.float32))
    call = {"function": lambda **o: np.sum(x, **o), "method": x.sum,
            "reduce": lambda **o: np.add.reduce(x, **o)}[where]  # fmt: skip
    wide = call(axis=0, dtype=np.float64)
    assert wide.dtype == np.float64
    assert_close(wide, np.sum(x.numpy(), axis=0, dtype=np.float64))
    wide.sum().backward()
    assert x.grad.dtype == np.float32
    out = Tensor(np.zeros(3, np.float32), requires_grad=False)
    assert call(axis=1, out=out) is out
    assert out.requires_grad
    assert_close(out, np.sum(x.numpy(), axis=1))
    with pytest.raises(ShapeError, match="out has"):
        call(axis=0, out=Tensor(np.zeros(3, np.float32), requires_grad=False))
    with pytest.raises(UnsupportedError, match="recorded value"):
        call(axis=0, out=np.zeros(4, np.float32))
    with pytest.raises(DTypeError, match="lose the gradient"):
        call(axis=0, dtype=np.int64)


def test_a_tie_with_the_initial_value_is_one_with_a_constant() -> None:
    x = np.array([1.0, 2.0, 2.0])
    assert_close(gradient(lambda x: np.max(x, initial=2.0), x), np.zeros(3))
    assert_close(gradient(lambda x: np.max(x, initial=1.0), x), np.array([0, 0.5, 0.5]))


def test_of_nothing_the_largest_is_what_is_given() -> None:
    assert_close(np.max(Tensor(np.zeros((0, 2))), axis=0, initial=1.5), np.array([1.5, 1.5]))
    with pytest.raises(ValueError, match="initial"):
        np.max(Tensor([1.0]), where=[True])


def test_predicates_are_constants() -> None:
    x = Tensor([[1.0, 0.0], [2.0, 3.0]])
    np.testing.assert_array_equal(x.all(axis=1), [False, True])
    np.testing.assert_array_equal(x.any(0), [True, True])
    assert np.count_nonzero(x) == 3
    assert np.logical_and.reduce(x, axis=None) == np.False_
    assert np.all(x, where=Tensor([True, False]), axis=None)
    assert np.nanargmax(x) == 3


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("values", [[0.1, 0.1, 0.1], [2.0, 2.0], [0.7]], ids=str)
def test_the_deviation_of_equal_numbers_has_no_slope(values: Any, dtype: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(gradient(np.std, np.array(values, dtype)), np.zeros(len(values)), of=[1.0])


def test_variances_of_complex_numbers_are_real() -> None:
    z = rng.normal(size=5) + 1j * rng.normal(size=5)
    for f in (np.var, np.std):
        assert_close(f(Tensor(z)), f(z))
        ag.check_gradients(f, z)


def test_weights_that_cannot_be() -> None:
    x = Tensor(rng.normal(size=(2, 3)))
    with pytest.raises(ZeroDivisionError, match="add up to 0"):
        np.average(x, axis=1, weights=[1.0, -1.0, 0.0])
    with pytest.raises(ShapeError, match=r"weights have shape \(2,\)"):
        np.average(x, axis=1, weights=[1.0, 2.0])
    with pytest.raises(UnsupportedError, match="aweights is tracked"):
        np.cov(x, aweights=Tensor([1.0, 2.0, 3.0]))
    with pytest.raises(ValueError, match="simultaneously"):
        np.var(x, ddof=1, correction=1)


def test_the_total_of_weights_is_recorded() -> None:
    x, w = rng.normal(size=(2, 3)), rng.uniform(1, 2, 3)
    for got, expected in zip(
        np.average(Tensor(x), 1, Tensor(w), returned=True),
        np.average(x, 1, w, returned=True),
        strict=True,
    ):
        assert_close(got, expected)
        assert got.requires_grad


def test_values_leave_the_graph_on_purpose() -> None:
    t = Tensor([[1.0, 2.0]]) * 2.0
    assert t.tolist() == [[2.0, 4.0]]
    assert t.tobytes() == np.array([[2.0, 4.0]]).tobytes()


def test_what_rounding_puts_beyond_1_does_not_disturb_derivatives_of_correlations() -> None:
    """They are clipped: at a correlation of 1 the Hessian is that of the formula."""
    rng = generator(8)
    row = rng.normal(size=5)
    x = np.stack([row, 0.3 * row + 2.0])

    def formula(x: Any) -> Any:
        d = x - np.mean(x, axis=1, keepdims=True)
        return np.sum(d[0] * d[1]) / np.sqrt(np.sum(d[0] ** 2) * np.sum(d[1] ** 2))

    for z in (x, x * 3.0, x[:, :4], -x):
        found = ag.hessian(lambda x: np.corrcoef(x)[0, 1])(z)
        assert_close(found, ag.hessian(formula)(z), 1e-10)
