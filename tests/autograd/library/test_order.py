"""Sorting, order statistics, selection: ties, NaN, refusals, constants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import InPlaceError, ShapeError, Tensor, UnsupportedError

rng = generator(33)
METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher",
    "midpoint", "nearest",
]  # fmt: skip


def gradient(f: Any, x: Any) -> Any:
    t = Tensor(x)
    np.sum(f(t)).backward()
    return t.grad


def test_equal_elements_are_sorted_as_they_stand() -> None:
    x, weights = np.array([2.0, 1.0, 2.0, 1.0]), np.array([1.0, 10.0, 100.0, 1000.0])
    found = gradient(lambda x: np.sort(x, stable=True) * weights, x)
    assert_close(found, [100.0, 1.0, 1000.0, 10.0])


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([3.0, 1.0, 2.0], [0, 0, 1]),
        ([1.0, 2.0, 2.0, 2.0, 3.0], [0, 1 / 3, 1 / 3, 1 / 3, 0]),
        ([1.0, 2.0, 2.0, 3.0], [0, 0.5, 0.5, 0]),
        ([1.0, 1.0, 2.0, 2.0], [0.25] * 4),
        ([4.0, 1.0, 3.0, 2.0], [0, 0, 0.5, 0.5]),
    ],
)
@pytest.mark.parametrize("f", [np.median, lambda x: np.quantile(x, 0.5), np.nanmedian])
def test_a_median_is_shared_by_the_elements_that_are_equal_to_it(
    f: Any, x: Any, expected: Any
) -> None:
    assert_close(gradient(f, x), np.array(expected, float))


@pytest.mark.parametrize("method", METHODS)
def test_quantiles_are_those_of_numpy(method: str) -> None:
    q = np.linspace(0, 1, 41)
    holes = rng.normal(size=(6, 7))
    holes[rng.uniform(size=holes.shape) < 0.3] = np.nan
    holes[:, 0] = 1.0
    for n in range(1, 10):
        x = rng.normal(size=n)
        assert_close(np.quantile(Tensor(x), q, method=method), np.quantile(x, q, method=method))
    found = np.nanquantile(Tensor(holes), q, axis=1, method=method)
    assert_close(found, np.nanquantile(holes, q, axis=1, method=method))


def test_quantiles_that_cannot_be() -> None:
    x = Tensor(rng.normal(size=4))
    with pytest.raises(UnsupportedError, match="weights and method='linear'"):
        np.quantile(x, 0.5, weights=np.ones(4))
    with pytest.raises(UnsupportedError, match=r"np\.nanquantile: got weights"):
        np.nanquantile(x, 0.5, weights=np.ones(4), method="inverted_cdf")
    with pytest.raises(ValueError, match="between 0 and 100"):
        np.percentile(x, 101)
    with pytest.raises(ValueError, match="no method 'best'"):
        np.quantile(x, 0.5, method="best")
    assert_close(np.quantile(x, Tensor([0.5], requires_grad=False)), [np.median(x.numpy())])


def test_a_quantile_has_a_slope_in_its_share() -> None:
    x = rng.normal(size=(3, 7))
    ag.check_gradients(lambda x, q: np.quantile(x, q, axis=1), x, [0.33, 0.71])
    ag.check_gradients(lambda x, q: np.nanpercentile(x, q, axis=0, method="hazen"), x, 33.0)
    q = Tensor(0.33)
    np.quantile(x, q, method="lower").backward()  # a step: it has none
    assert q.grad == 0


@pytest.mark.parametrize(("axis", "like"), [(1, 2), (1, 1), (0, 2), (None, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_quantiles_of_weighted_elements(axis: int | None, like: int, keepdims: bool) -> None:
    x = rng.normal(size=(3, 7))
    weights = rng.integers(1, 5, size=x.shape[-like:]).astype(float)
    for q in (0.3, [0.1, 0.5, 1.0]):

        def f(x: Any, q: Any = q) -> Any:
            return np.quantile(
                x, q, axis=axis, weights=weights, method="inverted_cdf", keepdims=keepdims
            )

        assert_close(f(Tensor(x)), f(x))
        ag.check_gradients(f, x)


def test_nan_spoils_a_median() -> None:
    x = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0]])
    t = Tensor(x)
    out = np.median(t, axis=1)
    assert_close(out, [np.nan, 4.0])
    out[1].backward()
    assert_close(t.grad, np.array([[0, 0, 0], [0, 1.0, 0]]))


def test_an_infinite_slope_of_what_was_not_chosen_does_no_harm() -> None:
    for f in (lambda x: np.sort(x)[-2:], lambda x: np.partition(x, -2)[-2:], np.median,
              lambda x: np.take_along_axis(x, np.array([1, 2]), 0)):  # fmt: skip
        with np.errstate(divide="ignore"):
            found = gradient(lambda x, f=f: f(np.log(x)), [0.0, 4.0, 1.0])
        assert np.isfinite(found).all()
        assert found[0] == 0


def test_the_method_sorts_in_place() -> None:
    x = Tensor([3.0, 1.0, 2.0])
    t = x * 2.0
    assert t.sort() is None  # type: ignore[func-returns-value]
    assert_close(t, [2.0, 4.0, 6.0])
    (t * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert_close(x.grad, [200.0, 2.0, 20.0])
    t.partition(1)
    with pytest.raises(InPlaceError, match=r"write np\.sort\(t\)"):
        x.sort()


@pytest.mark.parametrize("order", ["order"])
def test_fields_have_no_order_here(order: str) -> None:
    with pytest.raises(UnsupportedError, match=order):
        np.sort(Tensor([1.0]), order=order)


def test_complex_numbers_are_sorted_by_their_parts() -> None:
    z = np.array([2 + 1j, 1 - 1j, 3 - 1j])
    assert_close(np.sort(Tensor(z)), np.sort(z))
    ag.check_gradients(lambda z: np.real(np.sort(z) * np.array([1, 2j, 3])), z)
    assert np.sort_complex(Tensor([2.0, 1.0])).dtype == complex


SETS: list[Any] = [
    np.unique, lambda x: np.unique(x, True, True, True), np.unique_all, np.unique_counts,
    np.unique_inverse, np.unique_values, lambda x: np.union1d(x, [9.0]),
    lambda x: np.setdiff1d(x, [2.0]), lambda x: np.setxor1d([7.0], x),
    lambda x: np.unique(np.reshape(x, (5, 1)), axis=0),
]  # fmt: skip


@pytest.mark.parametrize("f", SETS)
def test_distinct_values_are_elements(f: Any) -> None:
    x = np.array([3.0, 1.0, 5.0, 3.0, 1.0])
    t = Tensor(x)
    found, expected = f(t), f(x)
    if not isinstance(found, tuple):
        found, expected = (found,), (expected,)
    assert type(found) is type(expected)
    for a, b in zip(found, expected, strict=True):
        assert_close(a, b)
        assert isinstance(a, Tensor) == (a is found[0])
    (found[0] ** 2).sum().backward()
    assert t.grad.tolist() == [6.0, 2.0, 10.0, 0.0, 0.0]  # of equal elements the first
    assert isinstance(np.unique(t.detach()), np.ndarray)
    with pytest.raises(ag.TraceError):
        ag.compile(lambda t: f(ag.Tensor(t)))(x)


def test_positions_and_sets_are_constants() -> None:
    x = Tensor([3.0, 1.0, 2.0])
    v = x.numpy()
    for f in (
        np.argsort, lambda x: np.argpartition(x, 1), np.nonzero, np.flatnonzero, np.argwhere,
        lambda x: np.searchsorted(np.sort(x), 2.5),
        lambda x: np.digitize(x, [1.5, 2.5]), lambda x: np.isin(x, [1.0, 2.0]),
        lambda x: np.intersect1d(x, [1.0]),
        lambda x: np.lexsort((x, x)), np.where, np.histogram, np.histogram_bin_edges,
        lambda x: np.histogram2d(x, x, 2)[0], lambda x: x.argsort(), lambda x: x.nonzero(),
        lambda x: x.argpartition(0), lambda x: x.searchsorted(2.0),
    ):  # fmt: skip
        found, expected = f(x), f(v)
        for a, b in zip(*((y if isinstance(y, tuple) else (y,)) for y in (found, expected)),
                        strict=True):  # fmt: skip
            assert not isinstance(a, Tensor)
            np.testing.assert_array_equal(a, b)


def test_taking_what_is_not_there() -> None:
    x = Tensor(rng.normal(size=(2, 3)))
    with pytest.raises(IndexError):
        np.take(x, 6)
    with pytest.raises(ValueError, match="mode is 'near'"):
        np.take(x, 0, mode="near")
    with pytest.raises(ValueError, match="as many"):
        np.take_along_axis(x, np.array([0]), axis=0)
    assert_close(np.take(x, [True, False]), x.numpy().ravel()[[1, 0]])
    out = Tensor(np.zeros(2), requires_grad=False)
    assert np.take(x, [0, 1], axis=1).shape == (2, 2)
    assert np.take(x, [0, 1], out=out) is out
    assert out.requires_grad


def test_each_number_that_is_counted_needs_a_weight() -> None:
    with pytest.raises(ShapeError, match="needs a weight"):
        np.bincount([0, 1], Tensor([1.0]))
    np.testing.assert_array_equal(np.bincount(Tensor([0, 2, 2])), [1, 0, 2])
    with pytest.raises(TypeError, match="bins"):
        np.histogram([0.1, 0.2], "auto", weights=Tensor([1.0, 2.0]))


def test_a_median_compiles_for_other_inputs() -> None:
    f = ag.value_and_grad(lambda x: np.sum(np.nanpercentile(x, [20, 70], axis=1)))
    compiled = ag.compile(f)
    for _ in range(3):
        x = rng.normal(size=(4, 6))
        x[rng.uniform(size=x.shape) < 0.2] = np.nan
        for a, b in zip(compiled(x), f(x), strict=True):
            np.testing.assert_array_equal(a, b)
