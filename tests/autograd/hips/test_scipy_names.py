"""`autograd.scipy`: SciPy's values, and gradients."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import autograd.numpy as np
import numpy as onp
import pytest
from autograd.test_util import check_grads, combo_check
from close import assert_close
from draws import generator

from autograd import grad

scipy = pytest.importorskip("scipy")

from autograd.scipy import integrate, linalg, signal, special, stats  # noqa: E402
from scipy import signal as scipy_signal  # noqa: E402
from scipy import special as scipy_special  # noqa: E402
from scipy import stats as scipy_stats  # noqa: E402

with_special = pytest.mark.skipif(
    find_spec("autograd.library.special") is None, reason="scipy.special has no gates yet"
)
with_shapes = pytest.mark.skipif(
    find_spec("autograd.library.arrange") is None, reason="np.pad and np.tensordot have no gates"
)
with_linalg = pytest.mark.skipif(
    find_spec("autograd.library.linalg") is None, reason="np.linalg has no gates yet"
)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    onp.random.seed(3)


R = generator(5)
A, B, Q = R.normal(size=(3, 3)) + 4 * onp.eye(3), R.normal(size=(3, 3)), R.normal(size=(3, 3))
POSITIVE, OTHER = R.uniform(1.2, 3.0, 4), R.uniform(1.2, 3.0, 4)
UNIT = R.uniform(0.1, 0.9, 4)

DISTRIBUTIONS = [
    (name, function, arguments, argnums)
    for name, functions, arguments, argnums in [
        ("norm", "pdf logpdf cdf sf logcdf logsf", (Q[0], Q[1], OTHER[:3]), (0, 1, 2)),
        ("norm", "ppf", (UNIT, 0.3, 2.0), (0, 1, 2)),
        ("t", "pdf logpdf", (Q[0], OTHER[:3], Q[1], POSITIVE[:3]), (0, 1, 2, 3)),
        ("t", "cdf logcdf", (Q[0], OTHER[:3], Q[1], POSITIVE[:3]), (0, 2, 3)),
        ("gamma", "pdf logpdf", (POSITIVE, OTHER, 0.1, 1.5), (0, 1, 2, 3)),
        ("gamma", "cdf sf", (POSITIVE, OTHER), (0,)),
        ("chi2", "pdf logpdf", (POSITIVE, OTHER), (0, 1)),
        ("chi2", "cdf sf", (POSITIVE, 3), (0,)),
        ("beta", "pdf logpdf", (UNIT, POSITIVE, OTHER), (0, 1, 2)),
        ("beta", "cdf", (UNIT, POSITIVE, OTHER), (0,)),
        ("poisson", "pmf logpmf cdf", (onp.array([0.0, 1.0, 3.0, 2.0]), OTHER), (1,)),
        ("dirichlet", "pdf logpdf", (UNIT / UNIT.sum(), OTHER), (1,)),
    ]
    for function in functions.split()
]


@with_special
@pytest.mark.parametrize(
    ("name", "function", "arguments", "argnums"), DISTRIBUTIONS,
    ids=[f"{name}.{function}" for name, function, *_ in DISTRIBUTIONS],
)  # fmt: skip
def test_a_distribution(name: str, function: str, arguments: Any, argnums: Any) -> None:
    f, own = (getattr(getattr(x, name), function) for x in (stats, scipy_stats))
    onp.testing.assert_array_equal(f(*arguments), own(*arguments))
    for argnum in argnums:
        check_grads(f, argnum)(*arguments)


@with_linalg
def test_normal_vectors() -> None:
    mvn, x, mean, cov = stats.multivariate_normal, Q, Q[0], A @ A.T
    both = lambda c: 0.5 * (c + np.swapaxes(c, -1, -2))  # noqa: E731
    for f in (mvn.logpdf, mvn.pdf):
        check_grads(lambda x, m, c, f=f: f(x, m, both(c)), (0, 1, 2), modes=["rev"])(x, mean, cov)
        check_grads(lambda x, m, f=f: f(x, m, cov), (0, 1), modes=["rev"])(x[1], mean)
    assert_close(mvn.logpdf(x, mean, cov), scipy_stats.multivariate_normal.logpdf(x, mean, cov))
    check_grads(lambda c: mvn.entropy(mean, both(c)))(cov)
    singular = onp.diag([1.0, 2.0, 0.0])
    slope = grad(lambda x: mvn.logpdf(x, onp.zeros(3), singular, allow_singular=True))
    assert_close(slope(onp.array([1.0, 1.0, 0.0])), [-1.0, -0.5, 0.0])
    with pytest.raises(NotImplementedError, match="singular"):
        grad(lambda c: mvn.logpdf(onp.zeros(3), mean, c, allow_singular=True))(cov)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp(axis: Any, keepdims: bool) -> None:
    own = scipy_special.logsumexp(Q, axis=axis, keepdims=keepdims)
    f = lambda x: special.logsumexp(x, axis=axis, keepdims=keepdims)  # noqa: E731
    assert_close(f(Q), own)
    weights = onp.exp(Q)
    if axis != (0, 1):
        check_grads(f)(Q)
        check_grads(lambda x: special.logsumexp(x, axis, weights, keepdims))(Q)
    slope = grad(lambda x: np.sum(special.logsumexp(x)))(onp.array([1000.0, 1000.0]))
    assert_close(slope, [0.5, 0.5])


def test_polygamma() -> None:
    check_grads(lambda x: special.polygamma(1, x))(POSITIVE)


@with_special
def test_special_functions() -> None:
    assert special.gammaln is scipy_special.gammaln
    check_grads(lambda x: special.multigammaln(x, 3))(POSITIVE + 2.0)
    check_grads(lambda x: special.yn(2, x))(POSITIVE)
    from autograd.scipy.misc import logsumexp

    assert logsumexp is special.logsumexp


def test_equations_of_matrices() -> None:
    check_grads(linalg.solve_sylvester, (0, 1, 2))(A, B, Q)
    check_grads(linalg.sqrtm)(A @ A.T)
    assert linalg.expm is scipy.linalg.expm


@with_shapes
@pytest.mark.parametrize("trans", [0, 1, "N", "T"])
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_triangular_systems(trans: Any, lower: bool, unit: bool) -> None:
    for b in (Q, Q[0]):
        f = lambda a, b: linalg.solve_triangular(  # noqa: E731
            a, b, trans=trans, lower=lower, unit_diagonal=unit
        )
        check_grads(f, (0, 1))(A, b)


def test_banded_systems() -> None:
    bands = R.normal(size=(4, 5)) + onp.array([[0.0], [0.0], [6.0], [0.0]])
    for b in (R.normal(size=5), R.normal(size=(5, 2))):
        combo_check(linalg.solve_banded, [1, 2])([(1, 2)], [bands], [b])


@with_shapes
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("shapes", [((5,), (3,)), ((3,), (5,)), ((5, 4), (2, 3)), ((4,), (1,))])
def test_convolution(mode: str, shapes: Any) -> None:
    a, b = (R.normal(size=shape) for shape in shapes)
    assert_close(signal.convolve(a, b, mode=mode), scipy_signal.convolve(a, b, mode))
    check_grads(lambda a, b: signal.convolve(a, b, mode=mode), (0, 1))(a, b)


@with_shapes
def test_convolution_over_some_axes() -> None:
    a, b = R.normal(size=(2, 5, 3)), R.normal(size=(4, 3, 2))
    f = lambda a, b: signal.convolve(a, b, ([1], [2]), ([2], [1]), "valid")  # noqa: E731
    found = f(a, b)
    assert found.shape == (2, 4, 4)
    terms = [scipy_signal.convolve(a[1, :, k], b[2, k], "valid") for k in range(3)]
    assert_close(found[1, 2], sum(terms))
    check_grads(f, (0, 1))(a, b)
    with pytest.raises(ValueError, match="mode"):
        signal.convolve(a, b, mode="wrap")


def test_an_initial_value_problem() -> None:
    def slope(y: Any, t: Any, rate: Any, force: Any) -> Any:
        return -rate * y + force * t

    times = onp.array([0.1, 0.2, 0.4])
    arguments = onp.array([1.0, -2.0]), times, (onp.array([0.5, 1.5]), 2.0)
    f = lambda y, t, a: integrate.odeint(slope, y, t, a)  # noqa: E731
    check_grads(f, (0, 1, 2), modes=["rev"], order=1)(*arguments)
