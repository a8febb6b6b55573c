"""Other libraries on tensors: einops, SciPy, scikit-learn, array-api-compat, array-api-extra.

They are no dependencies: what is not installed is skipped. Gradients are compared with numerical
ones of the same call on arrays.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
import autograd.array_api as xp
from autograd import Tensor, UnsupportedError

ROOT = Path(__file__).resolve().parents[3]
X = generator(7).uniform(0.2, 2.0, (2, 4, 6))


def check(function: Any, x: np.ndarray, on_arrays: Any = None) -> None:
    """A function of another library: its values on arrays, and the gradients of those."""
    on_arrays = on_arrays or function
    result = function(Tensor(x))
    assert isinstance(result, Tensor)
    np.testing.assert_allclose(result.numpy(), on_arrays(x), rtol=1e-12, atol=1e-14)
    weights = generator(1).normal(size=result.shape)
    gradient = ag.grad(lambda t: (function(t) * weights).sum())(x)
    h = 1e-6
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = h
        slope = np.sum((on_arrays(x + step) - on_arrays(x - step)) * weights) / (2 * h)
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-6, atol=1e-7)


# --- einops --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        "e.rearrange(x, 'b (h p) w -> (b w) p h', p=2)",
        "e.rearrange([x[0], x[1]], 'n h w -> h n w')",
        *[f"e.reduce(x, 'b (h p) w -> b w h', '{op}', p=2)"
          for op in ("mean", "sum", "max", "min", "prod")],
        "e.repeat(x, 'b h w -> b (h k) w c', k=2, c=3)",
        "e.einsum(x, x, 'b h w, b k w -> b h k')",
        "e.pack([x, x[:, 0]], 'b * w')[0]",
        "e.unpack(x, [[1], [3]], 'b * w')[1]",
    ],
)  # fmt: skip
def test_einops(call: str) -> None:
    einops = pytest.importorskip("einops")
    check(lambda x: eval(call, {"e": einops, "x": x}), X)


def test_einops_on_constants() -> None:
    einops = pytest.importorskip("einops")
    mask = xp.asarray(X > 1.0)
    assert not einops.reduce(mask, "a b c -> a", "any").requires_grad
    np.testing.assert_array_equal(einops.reduce(mask, "a b c -> b", "all"), (X > 1).all((0, 2)))
    assert einops.parse_shape(mask, "a _ c") == {"a": 2, "c": 6}
    with pytest.raises(NotImplementedError, match="non-floating"):
        einops.reduce(xp.asarray([1, 2]), "a -> ", "mean")


@pytest.mark.parametrize("first", ["einops", "autograd"])
def test_einops_is_imported_before_or_after(first: str) -> None:
    pytest.importorskip("einops")
    program = f"""
import sys
import {first}
import autograd, einops
from autograd import Tensor
assert not any("AfterImport" in type(finder).__name__ for finder in sys.meta_path)
import gc; gc.collect()
print(einops.rearrange(Tensor([[1.0, 2.0]]), "a b -> b a").shape)
"""
    assert run(program).strip() == "(2, 1)"


def run(program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}", **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_loads_no_other_library() -> None:
    program = "import sys, autograd; print([m for m in sys.modules if 'array_api' in m])"
    assert "autograd" not in run(program)
    program = (
        "import autograd.array_api, sys; print('einops' in sys.modules, 'scipy' in sys.modules)"
    )
    assert run(program).strip() == "False False"


# --- SciPy and scikit-learn: in a process of their own, for they read a variable when imported ---

CLIENTS = """
import importlib.util, sys
import numpy as np

spec = importlib.util.spec_from_file_location("clients", {path!r})
clients = importlib.util.module_from_spec(spec)
spec.loader.exec_module(clients)
from autograd import Tensor, UnsupportedError

rng = np.random.default_rng(0)
x, y = rng.uniform(0.3, 2.0, (3, 5)), rng.uniform(0.3, 2.0, (3, 5))
here = lambda a, like: Tensor(a, requires_grad=False) if isinstance(like, Tensor) else a

def check(name, function, at=x):
    clients.check(function, at)
    print(name, "differentiates")
"""

SCIPY = """
import scipy.integrate, scipy.optimize, scipy.signal, scipy.special, scipy.stats

check("logsumexp", scipy.special.logsumexp)
check("logsumexp of weights", lambda t: scipy.special.logsumexp(t, axis=1, b=here(y, t)))
check("softmax", lambda t: scipy.special.softmax(t, axis=0))
check("zscore", scipy.stats.zscore)
check("zscore of all", lambda t: scipy.stats.zscore(t, axis=None, ddof=1))
check("trapezoid", lambda t: scipy.integrate.trapezoid(t, dx=0.5))
check("trapezoid at", lambda t: scipy.integrate.trapezoid(t, x=here(np.sort(y[0]), t)))
check("rosen", scipy.optimize.rosen)
check("fftconvolve", lambda t: scipy.signal.fftconvolve(t, here(y[:2, :3], t), mode="same"))
check("fftconvolve of both", lambda t: scipy.signal.fftconvolve(t, t))
check("erf", scipy.special.erf)
"""

SKLEARN = """
import sklearn
from sklearn import metrics

sklearn.set_config(array_api_dispatch=True)
for name in ("mean_squared_error", "mean_absolute_error", "r2_score", "mean_squared_log_error",
             "mean_absolute_percentage_error", "explained_variance_score"):
    error = getattr(metrics, name)
    check(name, lambda t: error(here(y, t), t, multioutput="raw_values"))
    clients.check_constant(lambda t: error(here(y, t), t), x)
for name in ("cosine_similarity", "euclidean_distances", "linear_kernel", "rbf_kernel",
             "polynomial_kernel", "sigmoid_kernel"):
    kernel = getattr(metrics.pairwise, name)
    check(name, lambda t: kernel(t, here(y[:2], t)))
labels = rng.integers(0, 2, 9)
for name in ("accuracy_score", "f1_score", "confusion_matrix", "zero_one_loss"):
    score = getattr(metrics, name)
    clients.check_constant(lambda t: score(here(labels, t), t), labels[::-1].copy())
"""


def check_constant(function: Any, x: np.ndarray) -> None:
    """A function that gives a number of Python, or counts."""
    np.testing.assert_allclose(function(Tensor(x, requires_grad=False)), function(x), rtol=1e-12)


def of_client(program: str) -> list[str]:
    text = CLIENTS.format(path=str(Path(__file__))) + program
    return run(text, SCIPY_ARRAY_API="1").splitlines()


def test_scipy() -> None:
    pytest.importorskip("scipy", "1.16")
    said = of_client(SCIPY)
    assert len(said) == 11
    assert {"rosen differentiates", "trapezoid differentiates"} <= set(said)


def test_scikit_learn() -> None:
    pytest.importorskip("sklearn", "1.8")
    said = of_client(SKLEARN)
    assert len(said) == 12
    assert {"mean_squared_error differentiates", "rbf_kernel differentiates"} <= set(said)


def test_a_metric_that_makes_a_number_refuses_tracked_values() -> None:
    with pytest.raises(UnsupportedError, match=r"float\(t\): t is tracked"):
        float(xp.mean(Tensor([1.0, 2.0])))


# --- array-api-compat and array-api-extra --------------------------------------------------------


def test_array_api_compat() -> None:
    compat = pytest.importorskip("array_api_compat")
    t = Tensor(X)
    assert compat.is_array_api_obj(t)
    assert compat.array_namespace(t, xp.ones(1)) is xp
    assert (compat.device(t), compat.size(t), compat.to_device(t, "cpu")) == ("cpu", 48, t)


@pytest.mark.parametrize(
    ("call", "on_arrays"),
    [
        ("e.cov(x)", np.cov), ("e.kron(x, x)", lambda x: np.kron(x, x)),
        ("e.atleast_nd(x, ndim=3)", lambda x: x[None]), ("e.sinc(x)", np.sinc),
        ("e.create_diagonal(x[0])", lambda x: np.diag(x[0])),
        ("e.pad(x, 1)", lambda x: np.pad(x, 1)),
        ("e.at(x, 1).set(2.0, copy=True)", lambda x: np.stack([x[0], 0 * x[1] + 2.0])),
        ("e.at(x, 1).multiply(x[0], copy=True)", lambda x: np.stack([x[0], x[0] * x[1]])),
        ("e.apply_where(x > 1, x, lambda x: x * x, lambda x: -x)",
         lambda x: np.where(x > 1, x * x, -x)),
    ],
)  # fmt: skip
def test_array_api_extra(call: str, on_arrays: Any) -> None:
    extra = pytest.importorskip("array_api_extra")
    check(lambda x: eval(call, {"e": extra, "x": x}), X[:, 0, :4], on_arrays)


# --- optimizers ----------------------------------------------------------------------------------


def valley(x: Any) -> Any:
    """Rosenbrock's function."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@pytest.mark.parametrize("method", ["BFGS", "L-BFGS-B", "CG", "SLSQP", "Newton-CG", "trust-exact"])
def test_scipy_minimizes_by_value_and_grad(method: str) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    second = {"hess": ag.hessian(valley)} if method.startswith(("Newton", "trust")) else {}
    found = optimize.minimize(
        ag.value_and_grad(valley), [-1.0, 2.0, 0.5], jac=True, method=method, **second
    )
    assert found.success
    assert (type(found.x), type(found.jac)) == (np.ndarray, np.ndarray)
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-3)


def test_scipy_solves_equations_by_jacobian() -> None:
    optimize = pytest.importorskip("scipy.optimize")

    def residuals(x: Any) -> Any:
        return np.stack([x[0] + x[1] - 3.0, x[0] * x[1] - 2.0])

    for solve in (optimize.root, optimize.least_squares):
        found = solve(residuals, np.array([0.0, 5.0]), jac=ag.jacobian(residuals))
        np.testing.assert_allclose(found.x, [1.0, 2.0], atol=1e-6)
