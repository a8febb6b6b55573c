"""Functions with rules of the user's: `primitive`, `defvjp`, `defjvp`."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import autograd.numpy as np
import numpy as onp
import pytest
from autograd.extend import (
    VSpace,
    def_linear,
    defjvp,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
    vspace,
)  # fmt: skip
from autograd.misc import const_graph
from autograd.numpy.numpy_vjps import unbroadcast_f
from autograd.test_util import check_grads
from close import assert_close
from memory import kept_by

import autograd as ag
from autograd import Tensor, grad, jacobian, make_jvp

X = onp.array([0.5, -1.0, 2.0])


@primitive
def softplus(x: Any) -> Any:
    assert not isinstance(x, Tensor)
    return onp.log1p(onp.exp(x))


defvjp(softplus, lambda ans, x: lambda g: g * (1.0 - np.exp(-ans)))


@primitive
def scaled(x: Any, y: Any, power: int = 1) -> Any:
    return x * y**power


defvjp(
    scaled,
    lambda ans, x, y, power=1: unbroadcast_f(x, lambda g: g * y**power),
    lambda ans, x, y, power=1: unbroadcast_f(y, lambda g: g * x * power * y ** (power - 1)),
)


def test_all_derivatives_come_from_one_rule() -> None:
    onp.random.seed(0)
    check_grads(softplus)(X)
    check_grads(lambda x: grad(lambda x: np.sum(softplus(x) ** 2))(x))(X)
    check_grads(scaled, (0, 1))(X, 2.0, power=3)
    check_grads(lambda x: scaled(x, x))(X)


def test_it_works_in_our_own_derivatives_and_in_backward_too() -> None:
    slope = 1 / (1 + onp.exp(-X))
    t = Tensor(X)
    softplus(t).sum().backward()
    assert_close(t.grad, slope)
    assert_close(ag.jacobian(softplus, argnums=0)(X), onp.diag(slope))
    assert_close(jacobian(softplus)(X), onp.diag(slope))
    assert_close(ag.jvp(softplus)(X, X), slope * X)
    assert_close(ag.hvp(lambda x: softplus(x).sum())(X, X), slope * (1 - slope) * X)


def test_many_rows_call_a_rule_one_by_one() -> None:
    seen = []

    @primitive
    def double(x: Any) -> Any:
        return 2.0 * x

    def rule(ans: Any, x: Any) -> Any:
        return lambda g: seen.append(type(g)) or 2.0 * onp.asarray(g)

    defvjp(double, rule)
    assert_close(ag.jacobian(double, argnums=0)(X), 2.0 * onp.eye(3))
    assert set(seen) == {onp.ndarray}


def test_a_rule_without_a_gradient_of_its_own() -> None:
    """A rule that leaves NumPy gives first derivatives, and an error for the second."""

    @primitive
    def square(x: Any) -> Any:
        return x * x

    defvjp(square, lambda ans, x: lambda g: onp.asarray(g) * 2.0 * onp.asarray(x))
    assert grad(square)(3.0) == 6.0
    with pytest.raises(TypeError, match=r"np\.asarray"):
        grad(grad(square))(3.0)


def test_forward_rules() -> None:
    calls = []

    @primitive
    def product(x: Any, y: Any) -> Any:
        return x * y

    defjvp(product, lambda v, ans, x, y: calls.append(1) or v * y, "same")
    both = make_jvp(product, (0, 1))
    assert both(2.0, 3.0)((1.0, 10.0))[1] == 3.0 + 20.0
    assert calls
    with pytest.raises(NotImplementedError, match="VJP of product"):
        grad(product)(2.0, 3.0)
    def_linear(product)
    assert both(2.0, 3.0)((1.0, 10.0))[1] == 23.0
    defjvp_argnums(product, lambda argnums, vs, ans, args, kwargs: sum(vs) * 100.0)
    assert both(2.0, 3.0)((1.0, 10.0))[1] == 1100.0


def test_no_rule_at_all() -> None:
    nothing = primitive(lambda x: x)
    for derivative in (grad, ag.deriv, jacobian):
        with pytest.raises(NotImplementedError, match="not defined"):
            derivative(nothing)(1.0)
    only_second = primitive(lambda x, y: x * y)
    defvjp(only_second, lambda ans, x, y: lambda g: g * x, argnums=[1])
    assert grad(only_second, 1)(2.0, 3.0) == 2.0
    with pytest.raises(NotImplementedError, match="argnum 0"):
        grad(only_second, 0)(2.0, 3.0)
    with pytest.raises(TypeError, match="no function"):
        defvjp(nothing, 3.0)


def test_rules_for_all_arguments() -> None:
    @primitive
    def total(*xs: Any) -> Any:
        return sum(xs)

    defvjp_argnum(total, lambda argnum, ans, args, kwargs: lambda g: g * (argnum + 1.0))
    assert grad(total, (0, 1, 2))(1.0, 1.0, 1.0) == (1.0, 2.0, 3.0)
    defvjp_argnums(total, lambda argnums, ans, args, kwargs: lambda g: [g * 5.0 for _ in argnums])
    assert grad(total, (0, 2))(1.0, 1.0, 1.0) == (5.0, 5.0)
    defvjp(total, None, lambda ans, *args: lambda g: g)
    assert grad(total, (0, 1))(1.0, 1.0) == (0.0, 1.0)


def test_containers_in_and_out() -> None:
    @primitive
    def polar(p: Any) -> Any:
        return {"r": onp.hypot(p["x"], p["y"]), "phi": onp.arctan2(p["y"], p["x"])}

    def rule(ans: Any, p: Any) -> Any:
        r, x, y = ans["r"], p["x"], p["y"]

        def vjp(g: Any) -> Any:
            return {
                "x": g["r"] * x / r - g["phi"] * y / r**2,
                "y": g["r"] * y / r + g["phi"] * x / r**2,
            }

        return vjp

    defvjp(polar, rule)
    point = {"x": 0.3, "y": 0.4}
    onp.random.seed(0)
    check_grads(lambda p: polar(p)["r"] * polar(p)["phi"])(point)
    assert_close(grad(lambda p: polar(p)["r"])(point)["x"], 0.6)


def test_complex_rules_are_in_their_convention() -> None:
    @primitive
    def square(z: Any) -> Any:
        return z * z

    defvjp(square, lambda ans, z: lambda g: g * 2 * z)
    onp.random.seed(0)
    check_grads(square)(onp.array([1 + 2j, 0.5 - 1j]))
    check_grads(lambda x: square(x + 1j))(X)
    assert_close(grad(lambda z: np.real(square(z)))(1 + 2j), 2 + 4j)


def test_a_gradient_of_another_shape_or_kind_is_fitted() -> None:
    @primitive
    def total(x: Any) -> Any:
        return onp.sum(x)

    defvjp(total, lambda ans, x: lambda g: g)  # one number for all elements
    assert_close(grad(total)(X), onp.ones(3))
    defvjp(total, lambda ans, x: lambda g: 1)
    assert_close(grad(total)(X), onp.ones(3))
    wide = primitive(lambda x, y: x + y)
    defvjp(wide, lambda ans, x, y: lambda g: g, lambda ans, x, y: lambda g: g)
    assert_close(grad(lambda x: np.sum(wide(x, onp.ones((2, 3)))))(X), 2.0 * onp.ones(3))


def test_nothing_is_lost_silently() -> None:
    with pytest.raises(TypeError, match="pass it by position"):
        grad(lambda y: scaled(2.0, y=y))(3.0)
    t = Tensor(2.0)
    with pytest.raises(RuntimeError, match="read a tracked tensor from outside"):
        grad(primitive(lambda x: x * t))(3.0)


def test_plain_calls_stay_plain() -> None:
    assert type(scaled(X, 2.0)) is onp.ndarray
    assert type(scaled(Tensor(X, requires_grad=False), 2.0)) is onp.ndarray
    with ag.no_grad():
        assert type(scaled(Tensor(X), 2.0)) is onp.ndarray
    assert type(primitive(lambda x: x > 0.0)(Tensor(2.0))) is onp.bool


def test_rules_see_the_arguments_as_they_were() -> None:
    x = X.copy()
    t = Tensor(2.0)
    y = scaled(x, t)
    x[:] = 0.0
    y.sum().backward()
    assert_close(t.grad, X.sum())


def test_results_can_be_written_to() -> None:
    def f(x: Any) -> Any:
        y = scaled(x, 2.0)
        y += x
        return np.sum(y)

    assert_close(grad(f)(X), 3.0 * onp.ones(3))


def test_graphs_have_no_cycles() -> None:
    t = Tensor(X) * 1.0
    t += scaled(t, 2.0)
    handle = weakref.ref(t)
    gc.disable()
    try:
        del t
        assert handle() is None
    finally:
        gc.enable()
    kept_by(lambda: grad(lambda x: np.sum(softplus(x)))(X), 50)  # fails if there are cycles


def test_names_and_documentation_stay() -> None:
    @primitive
    def halved(x: Any) -> Any:
        """Half of it."""
        return x / 2.0

    assert (halved.__name__, halved.__doc__) == ("halved", "Half of it.")
    defvjp(halved, lambda ans, x: lambda g: g / 2.0)
    assert "halved" in repr(halved(Tensor(1.0)))


def test_a_primitive_is_not_compiled() -> None:
    with pytest.raises(ag.UnsupportedError, match="cannot be compiled"):
        ag.compile(lambda t: softplus(t).sum())(Tensor(X))


def test_recorded_programs_run_primitives_again() -> None:
    calls = []

    @primitive
    def noted(x: Any) -> Any:
        calls.append(x)
        return x * x

    defvjp(noted, lambda ans, x: lambda g: g * 2.0 * x)
    program = const_graph(lambda x, y: noted(x) * y)
    assert [program(2.0, 3.0), program(3.0, 3.0)] == [12.0, 27.0]
    assert calls == [2.0, 3.0]


def test_a_function_of_numpys_that_has_no_gate_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd import library  # noqa: F401 (all rows are there)
    from autograd.numpy_api import NUMPY_FUNCTIONS

    monkeypatch.setitem(NUMPY_FUNCTIONS, onp.spacing, None)
    del NUMPY_FUNCTIONS[onp.spacing]
    with pytest.raises(TypeError, match="no gate"):
        grad(np.spacing)(1.0)
    defvjp(np.spacing, lambda ans, x: lambda g: 0.0 * g + 7.0)
    assert grad(np.spacing)(1.0) == 7.0
    defvjp(np.sin, lambda ans, x: lambda g: 0.0 * g)  # what has a gate keeps its own
    assert grad(np.sin)(0.0) == 1.0


def test_functions_that_see_no_tensors() -> None:
    plainly = notrace_primitive(lambda x: type(x).__name__)
    assert plainly(Tensor(X)) == "ndarray"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_ways_to_give_rules() -> None:
    from autograd.core import primitive

    product = primitive(lambda x, y: x * y)
    product.defvjp(lambda g, ans, vs, gvs, x, y: g * y)  # type: ignore[attr-defined]
    product.defgrad(lambda ans, x, y: lambda g: g * x, argnum=1)  # type: ignore[attr-defined]
    assert grad(product, (0, 1))(2.0, 3.0) == (3.0, 2.0)
    product.defvjp_is_zero([1])  # type: ignore[attr-defined]
    assert grad(product, 1)(2.0, 3.0) == 0.0


# --- vector spaces -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value", [0.0, X, X + 1j, [1.0, X], (X,), {"a": 1.0, "b": [X, {"c": 1j}]}, Tensor(X)], ids=repr
)
def test_a_vector_space(value: Any) -> None:
    space = vspace(value)
    onp.random.seed(0)
    x, y = space.randn(), space.randn()
    assert space == vspace(x) == vspace(space.zeros()) == vspace(space.ones())
    basis = list(space.standard_basis())
    assert len(basis) == space.size
    assert [[space.inner_prod(a, b) for b in basis] for a in basis] == onp.eye(len(basis)).tolist()
    assert_close(space.inner_prod(space.add(x, space.scalar_mul(y, -1.0)), x),
                 space.inner_prod(x, x) - space.inner_prod(y, x))  # fmt: skip
    assert_close(space.inner_prod(space.mut_add(None, x), y), space.inner_prod(x, y))
    check_grads(space.inner_prod, (0, 1))(x, y)


def test_a_space_of_ones_own() -> None:
    class Money(float):
        pass

    class MoneySpace(VSpace):
        def zeros(self) -> Any:
            return Money(0.0)

    MoneySpace.register(Money)
    try:
        assert vspace(Money(2.0)).zeros() == 0.0
        assert vspace(Money(2.0)) == MoneySpace(None)
    finally:
        del VSpace.mappings[Money]
