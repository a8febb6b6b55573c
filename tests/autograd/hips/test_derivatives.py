"""Derivatives as clients expect them: this module imports `autograd.numpy`, so it is one."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
import numpy as onp
import pytest
from autograd.differential_operators import make_jvp_reversemode
from autograd.test_util import check_grads
from close import assert_close
from draws import generator

import autograd as ag
from autograd import (
    Tensor,
    elementwise_grad,
    grad,
    hessian,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    value_and_grad,
)  # fmt: skip


def f(x: Any) -> Any:
    return np.sum(np.exp(x) * x)


X = onp.array([0.5, -1.0, 2.0])


def test_numbers_come_as_numbers() -> None:
    value, slope = value_and_grad(lambda x: 3.0 * x**2)(2.0)
    assert type(value) is type(slope) is onp.float64
    assert (value, slope) == (12.0, 12.0)


def test_float32_stays() -> None:
    assert grad(f)(X.astype(onp.float32)).dtype == onp.float32


def test_what_does_not_depend_on_the_argument_has_zeros_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="independent of input"):
        slope = grad(lambda x: 1.0)(X)
    onp.testing.assert_array_equal(slope, onp.zeros(3))
    with pytest.warns(UserWarning, match="independent of input"):
        assert jacobian(lambda x: onp.ones(2))(X).shape == (2, 3)


def test_a_constant_slope_has_a_zero_slope() -> None:
    with pytest.warns(UserWarning, match="independent of input"):
        assert grad(grad(lambda x: 2.0 * x))(3.0) == 0.0


def test_lists_of_numbers_are_containers() -> None:
    assert grad(lambda p: p[0] * p[1] ** 2)([2.0, 3.0]) == [9.0, 12.0]
    assert grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": (3.0,), "c": X})["b"] == (2.0,)


@pytest.mark.parametrize("argnum", [1, (0, 1), [1, 0]])
def test_argnum(argnum: Any) -> None:
    slopes = 3.0, 2.0
    found = grad(lambda x, y: x * y, argnum)(2.0, 3.0)
    several = [argnum] if isinstance(argnum, int) else argnum
    expected = tuple(slopes[k] for k in several)
    assert found == (expected[0] if isinstance(argnum, int) else expected)
    with pytest.raises(TypeError, match="argnum"):
        grad(f, "x")


def test_what_cannot_be_differentiated() -> None:
    with pytest.raises(TypeError, match="one real number"):
        grad(lambda x: x * 2.0)(X)
    with pytest.raises(TypeError, match="one real number"):
        grad(lambda x: x * 1j)(2.0)
    with pytest.raises(TypeError, match=r"write 3\.0"):
        grad(lambda x: x)(3)
    warned = pytest.warns(UserWarning, match="independent")
    with warned, pytest.raises(TypeError, match="vector space"):
        grad(lambda x: "text")(2.0)
    with pytest.raises(TypeError, match="one array"):
        jacobian(lambda x: [x[0], x[1]])(X)


def test_integer_arrays_are_taken_as_floats() -> None:
    onp.testing.assert_array_equal(grad(lambda x: np.sum(x * x))(onp.arange(3)), [0.0, 2.0, 4.0])


def test_ours_and_theirs_agree() -> None:
    assert_close(grad(f)(X), ag.grad(f, argnums=0)(X))
    assert_close(jacobian(np.tanh)(X), onp.diag(1 - onp.tanh(X) ** 2))
    assert_close(hessian(f)(X), onp.diag(onp.exp(X) * (X + 2)))
    assert_close(elementwise_grad(np.tanh)(X), 1 - onp.tanh(X) ** 2)
    # a sum over rows of the Jacobian where it has other elements
    assert_close(elementwise_grad(lambda x: x * np.sum(x))(X), X.sum() + X.sum() * onp.ones(3))


def test_products_with_jacobians_and_hessians() -> None:
    v, a = generator(1).normal(size=3), generator(2).normal(size=(4, 3))
    g = lambda x: np.tanh(np.dot(a, x))  # noqa: E731
    j = jacobian(g)(X)
    value, change = make_jvp(g)(X)(v)
    assert_close(value, onp.tanh(a @ X))
    assert_close(change, j @ v)
    assert_close(make_jvp_reversemode(g)(X)(v), j @ v)
    assert type(make_jvp_reversemode(g)(X)(v)) is onp.ndarray
    pull, value = make_vjp(g)(X)
    assert_close(pull(a @ v), j.T @ (a @ v))
    assert_close(make_hvp(f)(X)[0](v), hessian(f)(X) @ v)
    assert_close(make_ggnvp(g)(X)(v), j.T @ j @ v)


def test_order_of_modes_does_not_matter() -> None:
    cube = lambda x: x**3  # noqa: E731
    forward = lambda f: lambda x: make_jvp(f)(x)(1.0)[1]  # noqa: E731
    for outer in (grad, forward):
        for inner in (grad, forward):
            assert outer(inner(cube))(2.0) == 12.0
            assert grad(outer(inner(cube)))(2.0) == 6.0


def test_a_function_that_uses_an_outer_variable() -> None:
    outer = lambda x: x * grad(lambda y: x * y**2)(3.0)  # noqa: E731 (6 x^2)
    assert grad(outer)(2.0) == 24.0
    check_grads(outer)(1.5)
    with pytest.warns(UserWarning, match="independent"):  # of y, but not of x
        assert grad(lambda x: grad(lambda y: x * 2.0)(1.0) + x)(1.0) == 1.0


def test_a_tensor_of_the_users_leads_on() -> None:
    t = Tensor(3.0)
    slope = grad(lambda x: t * x**2)(2.0)
    slope.backward()
    assert t.grad == 4.0


def test_a_result_is_plain_though_the_function_makes_tensors() -> None:
    assert type(value_and_grad(lambda x: x * Tensor(2.0))(3.0)[0]) is onp.float64


def test_arguments_may_be_written_to_and_stay_as_they_are() -> None:
    def g(x: Any) -> Any:
        x += 1.0
        x *= 2.0
        return np.sum(x * x)

    x = X.copy()
    assert_close(grad(g)(x), 8.0 * (X + 1.0))
    onp.testing.assert_array_equal(x, X)


# --- complex numbers -----------------------------------------------------------------------------

Z = 0.6 + 0.8j


def test_gradients_of_complex_numbers_are_the_conjugate_of_ours() -> None:
    g = lambda z: np.abs(z * z * (1 + 2j))  # noqa: E731
    assert_close(grad(g)(Z), onp.conj(ag.grad(g, argnums=0)(Z)))
    pull, _ = make_vjp(lambda z: z * z)(Z)
    assert_close(pull(1 + 1j), (1 + 1j) * 2 * Z)
    assert_close(make_jvp(lambda z: z * z)(Z)(1j)[1], 2j * Z)


def test_the_complex_derivative() -> None:
    assert_close(ag.holomorphic_grad(lambda z: z**3)(Z), 3 * Z**2)
    with pytest.warns(UserWarning, match="not complex"):
        assert ag.holomorphic_grad(lambda x: x * 2.0)(1.0) == 2.0


@pytest.mark.parametrize("g", [lambda z: z * z, np.exp, np.real, np.conj])
def test_both_modes_with_complex_numbers(g: Any) -> None:
    onp.random.seed(0)
    check_grads(g)(onp.array([Z, 1 - 2j]))


# --- the others ----------------------------------------------------------------------------------


def test_by_name() -> None:
    g = lambda a, b=2.0, *, c=3.0: a * b * c  # noqa: E731
    assert ag.grad_named(g, "b")(5.0, 2.0) == 15.0
    found = multigrad_dict(g)(5.0)
    assert dict(found) == {"a": 6.0, "b": 15.0, "c": 10.0}


def test_with_something_beside() -> None:
    slope, aux = ag.grad_and_aux(lambda x: (np.sum(x * x), x + 1.0))(X)
    assert_close(slope, 2 * X)
    assert_close(aux, X + 1.0)


def test_products_as_functions() -> None:
    with pytest.MonkeyPatch.context() as patch:  # the dot products of vectors
        patch.setattr(onp, "tensordot", lambda a, b, axes=1: onp.dot(a, b))
        assert_close(ag.hessian_vector_product(f)(X, X), hessian(f)(X) @ X)
        assert_close(ag.vector_jacobian_product(np.tanh)(X, X), X @ jacobian(np.tanh)(X))


def test_a_check_finds_a_fault() -> None:
    from autograd.extend import defjvp, defvjp, primitive

    @primitive
    def g(x: Any) -> Any:
        return x * 2.0

    defvjp(g, lambda ans, x: lambda g: g * 2.001)
    with pytest.raises(AssertionError, match=r"\(VJP\) check of g failed"):
        check_grads(g, modes=["rev"])(1.0)
    defvjp(g, lambda ans, x: lambda g: g * 2.0)
    check_grads(g)(1.0)
    defjvp(g, lambda v, ans, x: v * 2.001)
    with pytest.raises(AssertionError, match="mismatch"):
        check_grads(g)(1.0)
