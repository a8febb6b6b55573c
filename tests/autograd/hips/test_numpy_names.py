"""`autograd.numpy`: what is wrapped, because NumPy does not ask a tensor."""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
import numpy as onp
import pytest
from close import assert_close

from autograd import Tensor, grad, jacobian

X = onp.array([0.5, -1.0, 2.0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.array([x, x**2, 1.0]),
        lambda x: np.array([[x, 2.0], [3.0, x * x]]),
        lambda x: np.array((x, [1.0, x][1])),
        lambda x: np.asarray([x, x]),
        lambda x: np.array(x),
        lambda x: np.array(x, ndmin=2),
        lambda x: np.full((2, 3), x),
        lambda x: np.full(2, [x, 3.0]),
        lambda x: np.r_[x, 1.0:3.0, x],
        lambda x: np.c_[np.array([x, x]), onp.ones(2)],
        lambda x: np.stack(iter([x, x * x])),
        lambda x: np.concatenate({"a": np.array([x]), "b": onp.ones(2)}.values()),
        lambda x: np.where(True, [x, x * x], 0.0),
        lambda x: np.make_diagonal_(np.array([x, x * x])),
        lambda x: np.array([np.array([x, x]), onp.ones(2)]),
    ],
)
def test_arrays_of_tensors(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The values are those with numbers, and the slope is that of a difference."""
    monkeypatch.setattr(np, "make_diagonal_", np.numpy_wrapper.make_diagonal, raising=False)
    slope = jacobian(f)(3.0)
    numeric = (onp.asarray(f(3.0 + 1e-6)) - onp.asarray(f(3.0 - 1e-6))) / 2e-6
    onp.testing.assert_allclose(slope, numeric.astype(float), atol=1e-6)
    value = f(Tensor(3.0))
    assert isinstance(value, Tensor)
    assert_close(value.numpy(), onp.asarray(f(3.0)).astype(float))


def test_array_with_a_dtype_and_a_copy() -> None:
    t = Tensor(X)
    assert np.array([t, t], dtype=onp.float32).dtype == onp.float32
    assert np.array(t) is not t
    assert np.asarray(t) is t
    assert type(np.array([1.0, 2.0])) is onp.ndarray


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "max", "min"])
def test_reductions_of_lists(name: str) -> None:
    f, own = getattr(np, name), getattr(onp, name)
    assert_close(f([Tensor(2.0), 3.0]).item(), own([2.0, 3.0]))
    assert f([2.0, 3.0], axis=0) == own([2.0, 3.0], axis=0)
    assert grad(lambda x: f([x, x]))(2.0) in (1.0, 2.0, 4.0)


def test_where_leaves_pythons_numbers() -> None:
    assert type(np.where(True, 1, 2)) is int
    assert np.where([True, False], [1, 2], [3, 4]) == [1, 4]
    assert type(np.where(onp.array(True), 1.0, 2.0)) is onp.ndarray
    assert_close(np.where(condition=X > 0, x=X, y=-X), onp.abs(X))
    onp.testing.assert_array_equal(np.where(X > 0)[0], [0, 2])
    assert_close(grad(lambda x: np.sum(np.where(x > 0, x, 0.0)))(X), [1.0, 0.0, 1.0])


def test_helpers_of_rules() -> None:
    from autograd.numpy import numpy_vjps as helpers
    from autograd.numpy.numpy_wrapper import metadata

    g = onp.ones((4, 2, 3))
    assert helpers.unbroadcast(g, metadata(onp.ones((2, 1)))).tolist() == [[12.0], [12.0]]
    assert helpers.unbroadcast(g * 1j, metadata(1.0)) == 0.0
    assert helpers.unbroadcast_f(X, lambda g: g)(onp.ones((2, 3))).tolist() == [2.0] * 3
    repeated, count = helpers.repeat_to_match_shape(onp.ones(2), (2, 3), float, 1, False)
    assert (repeated.shape, count) == ((2, 3), 3)
    assert helpers.match_complex(1.0, 2 + 1j) == 2.0
    assert helpers.match_complex(1j, 2.0) == 2.0 + 0j
    assert helpers.replace_zero(onp.array([0.0, 2.0]), 5.0).tolist() == [5.0, 2.0]


def test_a_namespace_as_primitives() -> None:
    from autograd.extend import defvjp

    names: dict[str, Any] = {}
    old = {"double": lambda x: 2.0 * x, "pi": 3.14, "sin": onp.sin}
    np.numpy_wrapper.wrap_namespace(old, names)
    assert names["pi"] == 3.14
    assert names["sin"] is onp.sin
    defvjp(names["double"], lambda ans, x: lambda g: 2.0 * g)
    assert grad(names["double"])(1.0) == 2.0
