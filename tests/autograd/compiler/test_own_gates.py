"""Gates whose kernels are no straight-line programs: compiled functions call them as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import TraceError
from autograd.gates import gate

pytestmark = pytest.mark.usefixtures("no_new_gates")
X = generator(3).normal(size=5)


def error_function() -> Any:
    @gate(local=lambda x: 2 / np.sqrt(np.pi) * np.exp(-(x**2)))
    def error_function(x: Any) -> Any:
        return np.asarray(np.vectorize(math.erf)(x), x.dtype)

    return error_function


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("x", [X, X.astype("f4"), X[0]], ids=["array", "float32", "number"])
def test_a_kernel_that_asks_for_values_is_compiled(x: Any, backend: str) -> None:
    if backend == "numba":
        pytest.importorskip("numba")
    erf = error_function()

    def f(x: Any) -> Any:
        return np.sum(erf(x * 2) * x)

    for eager in f, ag.grad(f), ag.elementwise_grad(ag.grad(f)):
        compiled = ag.compile(eager, backend=backend)
        for argument in x, x / 2:
            found, expected = compiled(argument), eager(argument)
            assert found.dtype == expected.dtype
            assert_close(found, expected, dtype=x.dtype)
        assert compiled.why == ["first call"]
    ag.check_gradients(erf, X, order=2)


def test_its_source_stands_in_the_text() -> None:
    compiled = ag.compile(error_function())
    value = compiled(X)
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    np.testing.assert_array_equal(scope[compiled.__name__](X), value)


def test_what_such_a_kernel_gives_may_be_its_operand() -> None:
    """A program writes over what nobody reads any more, but not over that."""

    @gate(local=1.0)
    def careful(x: Any) -> Any:
        if np.isnan(x).any():
            raise FloatingPointError("NaN")
        return x

    x = X.copy()
    compiled = ag.compile(lambda x: np.exp(careful(x)) + x)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(x), np.exp(X) + X)
    np.testing.assert_array_equal(x, X)
    with pytest.raises(FloatingPointError):
        compiled(x * np.nan)


def test_such_a_kernel_keeps_to_one_shape() -> None:
    @gate(vjp=lambda g: g)
    def above_zero(x: Any) -> Any:
        return x[x > 0]

    compiled = ag.compile(lambda x: above_zero(x) * 2)
    x = np.array([1.0, -1.0, 2.0])
    np.testing.assert_array_equal(compiled(x), [2.0, 4.0])
    with pytest.raises(TraceError, match=r"float64 \(1,\) here, and gave float64 \(2,\) before"):
        compiled(-x)
