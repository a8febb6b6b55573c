"""Right, or an error that says what to do: never a number that is wrong without a word.

A table by the class of mistake. Where there is an oracle it is asked; else the case has to raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
from autograd import (
    GradientCheckError,
    InPlaceError,
    Parameter,
    ShapeError,
    Tensor,
    UnsupportedError,
)
from autograd.gate import GATES
from autograd.gates import gate

# --- what is changed after it was recorded --------------------------------------------------------


class Holder:
    """An object of another library: it gives NumPy the very array that it goes on using."""

    def __init__(self, array: Any):
        self.array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.array


def test_the_array_of_an_object_may_change_after_it_was_recorded() -> None:
    t, factors, array = Tensor([1.0, 2.0]), Holder(np.array([3.0, 4.0])), np.array([5.0, 6.0])
    of_array = Tensor(Holder(array))
    y = np.sum(t * factors * of_array)
    factors.array[:] = array[:] = 9.0
    y.backward()
    assert_close(t.grad, [15.0, 24.0])
    assert_close(of_array.numpy(), [5.0, 6.0])


@pytest.mark.parametrize("kind", [list, np.array])
def test_axes_may_change_after_they_were_recorded(kind: Callable[[Any], Any]) -> None:
    weights, axes = np.arange(6.0).reshape(3, 2), kind([1, 0])
    t = Tensor(np.ones((2, 3)))
    y = np.sum(np.transpose(t, axes) * weights)
    axes[:] = kind([0, 1])
    y.backward()
    assert_close(t.grad, weights.T)


@pytest.mark.parametrize("put", [lambda a: Parameter(a), lambda a: with_data(a)])
def test_parameters_of_read_only_arrays_are_updated(put: Callable[[Any], Parameter]) -> None:
    p = put(np.frombuffer(np.ones(3).tobytes()))
    for _ in range(4):
        p -= 1.0
        p.descend(np.ones(3), 1.0)
    assert_close(p.numpy(), -7.0 * np.ones(3))


def with_data(array: Any) -> Parameter:
    p = Parameter(np.zeros(array.shape))
    p.data = array
    return p


def test_values_are_not_put_into_a_tensor_that_a_gate_made() -> None:
    t = Tensor([1.0, 2.0])
    y = t * t
    with pytest.raises(InPlaceError, match="detach"):
        y.data = np.ones(2)
    y.sum().backward()
    assert_close(t.grad, [2.0, 4.0])


def test_data_of_what_a_compiled_function_was_given() -> None:
    def step(x: Any) -> Any:
        w.data = w.data + x
        return w * 1.0

    found = []
    for f in (step, ag.compile(step)):
        w = Parameter([1.0, 2.0])
        found.append([f(x).numpy() for x in np.arange(6.0).reshape(3, 2)])
    assert_close(found[1], found[0])


# --- masked arrays --------------------------------------------------------------------------------

MASKED = np.ma.array([1.0, 2.0], mask=[True, False])
CHOICE = np.ma.array([True, True], mask=[True, False])
DOORS: dict[str, Callable[[Tensor], Any]] = {
    "on the left": lambda t: MASKED + t,
    "a function of np.ma": lambda t: np.ma.exp(t),
    "np.ma.sum": lambda t: np.ma.sum(t),
    "concatenate": lambda t: np.concatenate([t, MASKED]),
    "a bound of clip": lambda t: np.clip(t, MASKED, 5.0),
    "an index": lambda t: t[np.ma.array([0, 1], mask=[True, False])],
    "an index to write at": lambda t: (t * 1.0).__setitem__(CHOICE, 0.0),
    "in a list": lambda t: t * [MASKED, MASKED],
    "the upstream gradient": lambda t: (t * 1.0).backward(MASKED),
    "grad": lambda t: setattr(t, "grad", MASKED),
    "data": lambda t: setattr(t, "data", MASKED),
    "an update": lambda t: Parameter([1.0, 2.0]).__isub__(MASKED),
    "descend": lambda t: Parameter([1.0, 2.0]).descend(MASKED, 0.1),
    "vjp": lambda t: ag.vjp(lambda x: x * x)(np.ones(2), MASKED),
    "jvp": lambda t: ag.jvp(lambda x: x * x)(np.ones(2), MASKED),
    "numerical gradient": lambda t: ag.numerical_gradient(np.sum, MASKED),
    "check": lambda t: ag.check_gradients(lambda x: x * x, MASKED),
}


@pytest.mark.parametrize("door", DOORS)
def test_masked_arrays_are_refused_at_every_door(door: str) -> None:
    with pytest.raises(UnsupportedError):
        DOORS[door](Tensor([1.0, 2.0]))


# --- NaN in what is not used ----------------------------------------------------------------------


@pytest.mark.parametrize("largest", [np.max, np.min, lambda x: np.max(ag.max_pool2d(x, 2))])
def test_nan_that_wins_in_an_unused_branch(largest: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        top = largest(np.sqrt(x))
        return np.where(np.isnan(top), 0.0, top) + np.sum(x)

    x = np.array([4.0, -1.0, 9.0, 1.0]).reshape(1, 1, 2, 2)
    with np.errstate(invalid="ignore"):
        assert_close(ag.grad(f)(x), np.ones((1, 1, 2, 2)))
        assert_close(ag.grad(f)(x**2), ag.grad(lambda x: largest(np.sqrt(x)) + np.sum(x))(x**2))


# --- gates that users declare ---------------------------------------------------------------------


@pytest.fixture
def declare() -> Iterator[Callable[..., Any]]:
    """`gate`, for gates that are gone after the test."""
    before = dict(GATES)
    yield lambda kernel, **row: gate(kernel, name="of the test", **row)
    GATES.clear()
    GATES.update(before)


def test_a_gradient_of_another_shape_than_the_value_is_refused(
    declare: Callable[..., Any],
) -> None:
    turned = declare(lambda x: x.T, vjp=lambda g: g)
    total = declare_another(lambda x: np.sum(x), vjp=lambda g: g)
    for f in (turned, total):
        t = Tensor(np.ones((2, 3)))
        with pytest.raises(ShapeError, match=r"does not belong to a value of shape \(2, 3\)"):
            f(t).sum().backward()
        with pytest.raises(ShapeError, match="does not belong"):
            f(t).sum().backward(create_graph=True)


def declare_another(kernel: Any, **row: Any) -> Any:
    return gate(kernel, name="another of the test", **row)


@pytest.mark.parametrize("pack", [list, tuple, lambda parts: {"a": parts[0], "b": parts[1]}])
def test_tensors_inside_of_keyword_arguments_are_refused(
    declare: Callable[..., Any], pack: Callable[[Any], Any]
) -> None:
    line = declare(lambda x, pair=(1.0, 0.0): x * 2.0, vjp=lambda g, pair: g * 2.0)
    with pytest.raises(UnsupportedError, match="pair is a Tensor"):
        line(Tensor(3.0), pair=pack([Tensor(2.0), Tensor(1.0)]))


def test_keyword_arguments_may_change_after_they_were_recorded(
    declare: Callable[..., Any],
) -> None:
    scale = declare(lambda x, by=(1.0,): x * by[0], vjp=lambda g, by: g * by[0])
    t, by = Tensor([1.0, 2.0]), [3.0]
    y = scale(t, by=by)
    by[0] = 9.0
    y.sum().backward()
    assert_close(t.grad, [3.0, 3.0])


def test_keyword_only_arguments(declare: Callable[..., Any]) -> None:
    scale = declare(lambda x, *, by=2.0: x * by, vjp=lambda g, by: g * by)
    t = Tensor([1.0, 2.0])
    scale(t, by=3.0).sum().backward()
    assert_close(t.grad, [3.0, 3.0])


# --- checks that check nothing --------------------------------------------------------------------


def test_a_check_of_nothing_does_not_pass() -> None:
    w = Parameter([1.0, 2.0])
    with pytest.raises(GradientCheckError, match="nothing to check"):
        ag.check_gradients(lambda: np.sum(w * w))
    with pytest.raises(GradientCheckError, match="nothing to check"):
        ag.check_gradients(lambda x: np.sum(x * x), [1.0, 2.0], order=0)


def test_a_check_at_complex_numbers_looks_along_both_axes(monkeypatch: Any) -> None:
    ag.check_gradients(lambda z: np.exp(z), np.array([1.0 + 2.0j]))
    monkeypatch.setattr(GATES["exp"], "of_complex", "own")  # without the conjugate
    with pytest.raises(GradientCheckError, match="the rule of gate 'exp'"):
        ag.check_gradients(lambda z: np.exp(z), np.array([1.0 + 2.0j]))


# --- modes ----------------------------------------------------------------------------------------


def waiting(manager: Any) -> Iterator[bool]:
    """Steps of a generator that waits inside a `with` block of its own."""
    with manager:
        while True:
            yield ag.is_recording()


def test_a_block_ends_though_a_generator_waits_in_another_one() -> None:
    with ag.no_grad():
        steps = waiting(ag.scope("data"))
        next(steps)
    assert ag.is_recording()
    assert (Tensor(1.0) * 2.0).requires_grad
    del steps
    assert ag.is_recording()


def test_generators_that_wait_in_blocks_end_in_any_order() -> None:
    first, second = waiting(ag.no_grad()), waiting(ag.no_grad())
    next(first), next(second)
    first.close()  # type: ignore[attr-defined]
    assert not next(second)
    second.close()  # type: ignore[attr-defined]
    box, third = waiting(ag.scope("box")), waiting(ag.no_grad())
    next(box), next(third)
    box.close()  # type: ignore[attr-defined]
    assert not next(third)
    assert (Tensor(1.0) * 2.0).node.scope is None
    third.close()  # type: ignore[attr-defined]
    assert ag.is_recording()


# --- errors that users make of warnings -----------------------------------------------------------


def test_an_infinity_that_is_not_used_is_no_error() -> None:
    for settings in ({"all": "raise"}, {"all": "warn"}):  # the tests make errors of warnings
        t = Tensor([-1.0, 4.0])
        with np.errstate(**settings):  # type: ignore[arg-type]
            np.sum(np.sqrt(np.maximum(t, 0.0))).backward()
        assert_close(t.grad, [0.0, 0.25])
    t = Tensor([0.0, 4.0])
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        np.sum(np.sqrt(t)).backward()


# --- all rows of a Jacobian -----------------------------------------------------------------------


def test_rules_may_use_any_method_of_arrays(declare: Callable[..., Any]) -> None:
    f = declare(
        lambda x: np.cumsum(x.ravel()).reshape(x.shape),
        vjp=lambda g: g.ravel()[::-1].cumsum()[::-1].reshape(g.shape),
    )
    x = np.arange(4.0).reshape(2, 2)
    assert_close(ag.jacobian(f)(x).reshape(4, 4), np.tril(np.ones((4, 4))))


def test_the_compiled_jacobian_of_a_convolution() -> None:
    x, w = np.arange(9.0).reshape(1, 1, 3, 3), np.arange(4.0).reshape(1, 1, 2, 2)
    for k in (0, 1):
        jacobian = ag.jacobian(ag.conv2d, k)
        assert_close(ag.compile(jacobian)(x, w), jacobian(x, w))
