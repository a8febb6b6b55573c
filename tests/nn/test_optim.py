"""SGD: what steps, what stays, and what is refused before anything has changed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import DTypeError, GraphError, Parameter, ShapeError, Tensor, UnsupportedError


def test_sgd() -> None:
    p = Parameter([1.0, 2.0], name="w")
    sgd = nn.SGD([p], lr=0.5)
    with pytest.raises(GraphError, match="w has no gradient"):
        sgd.step()
    (p * p).sum().backward()
    sgd.step()
    assert p.numpy().tolist() == [0.0, 0.0]
    sgd.zero_grad()
    assert p.grad is None
    with pytest.raises(TypeError, match="parameters"):
        nn.SGD([Tensor(1.0)])  # type: ignore[list-item]


def test_nothing_to_step_on_is_said() -> None:
    for sgd in (nn.SGD(), nn.SGD([]), nn.SGD(nn.Sequential(nn.ReLU()))):
        with pytest.raises(GraphError, match="no parameters"):
            sgd.step()


def test_a_parameter_listed_twice_steps_once() -> None:
    p, q = Parameter([1.0]), Parameter([1.0])
    sgd = nn.SGD([p, q, p], lr=0.25)
    (p * q * 4).sum().backward()
    sgd.step()
    assert p.numpy().tolist() == q.numpy().tolist() == [0.0]


def test_a_frozen_parameter_stays() -> None:
    net = nn.Sequential(nn.Linear(2, 3, seed=0), nn.Linear(3, 1, seed=1))
    frozen = net[0].W  # type: ignore[attr-defined]
    sgd = nn.SGD(net, lr=0.1)
    frozen.requires_grad = False
    before = [p.numpy() for p in net.parameters()]
    net(np.ones((4, 2))).sum().backward()
    sgd.step()
    for p, old in zip(net.parameters(), before, strict=True):
        assert (p.numpy() == old).all() == (p is frozen)
    sgd.zero_grad()
    frozen.requires_grad = True
    net(np.ones((4, 2))).sum().backward()
    sgd.step()
    assert (frozen.numpy() != before[0]).any()


@pytest.mark.parametrize("lr", [None, "0.1", True, [0.1], Tensor(0.1), 1j])
def test_a_step_size_is_a_number(lr: float) -> None:
    sgd = nn.SGD([Parameter([1.0])])
    with pytest.raises(TypeError, match=r"lr is .*expected a positive number"):
        sgd.lr = lr
    with pytest.raises(TypeError, match="lr is"):
        nn.SGD(lr=lr)


@pytest.mark.parametrize("lr", [0, -1.0, np.nan, np.inf, np.float32(0)])
def test_a_step_size_is_positive(lr: float) -> None:
    sgd = nn.SGD([Parameter([1.0])])
    with pytest.raises(ValueError, match=r"lr is .*positive"):
        sgd.lr = lr
    with pytest.raises(ValueError, match="lr is"):
        nn.SGD(lr=lr)
    assert sgd.lr == 0.01


@pytest.mark.parametrize("lr", [1, 0.5, np.float32(0.5), np.int8(2), Fraction(1, 2)])
def test_numbers_of_every_kind_are_step_sizes(lr: float) -> None:
    p = Parameter(np.ones(2, np.float32))
    (p * np.float32(0.5)).sum().backward()
    sgd = nn.SGD([p], lr=lr)
    sgd.step()
    assert p.numpy().tolist() == [1 - 0.5 * float(lr)] * 2
    arrays = {"a": np.ones(2, np.float32)}
    sgd.update(arrays, {"a": np.full(2, 0.5)})
    assert arrays["a"].tolist() == p.numpy().tolist()


def test_a_compiled_step_follows_the_step_size() -> None:
    p = Parameter([1.0])
    sgd = nn.SGD([p], lr=0.25)

    @ag.compile
    def step(x):  # type: ignore[no-untyped-def]
        sgd.zero_grad()
        loss = (p * x).sum()
        loss.backward()
        sgd.step()
        return loss

    one = np.ones(1)
    step(one)
    sgd.lr = 0.5
    step(one)
    assert p.numpy().tolist() == [0.25]


# --- the book's update ------------------------------------------------------------------------


def test_update_changes_arrays_and_parameters() -> None:
    array, p = np.ones(2), Parameter([1.0, 1.0])
    scalar = np.array(1.0)
    nn.SGD(lr=0.25).update(
        {"a": array, "p": p, "s": scalar}, {"a": [1.0, 2.0], "p": [1.0, 2.0], "s": 2.0}
    )
    assert array.tolist() == p.numpy().tolist() == [0.75, 0.5]
    assert scalar == 0.5


@pytest.mark.parametrize(
    ("value", "gradient", "error", "message"),
    [
        (1.0, 1.0, TypeError, "is a float, which cannot be changed in place"),
        (np.float64(1.0), 1.0, TypeError, "is a float64, which"),
        ([1.0, 1.0], [1.0, 1.0], TypeError, "is a list, which"),
        (np.ones(2, int), np.ones(2), TypeError, "an array of int64, which"),
        (Tensor([1.0]), np.ones(1), TypeError, "is a Tensor, which"),
        (np.ma.array([1.0], mask=[1]), np.ones(1), UnsupportedError, "MaskedArray"),
        (np.broadcast_to(1.0, 2), np.ones(2), ValueError, "read-only"),
        (np.ones(2), np.ones(3), ShapeError, r"grads\['b'\] has shape \(3,\).*\(2,\)"),
        (np.ones(2), 1.0, ShapeError, r"has shape \(\)"),
        (Parameter([1.0, 1.0]), np.ones((1, 2)), ShapeError, r"has shape \(1, 2\)"),
        (np.ones(2), None, DTypeError, "holds object"),
        (np.ones(2), np.ones(2) * 1j, DTypeError, "holds complex128"),
        (np.ones(1), np.ma.array([1.0], mask=[1]), UnsupportedError, "MaskedArray"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_update_checks_everything_before_it_changes_anything(
    value: object, gradient: object, error: type[Exception], message: str
) -> None:
    first, second = np.ones(2), Parameter([1.0, 1.0])
    params = {"a": first, "p": second, "b": value}
    with pytest.raises(error, match=message):
        nn.SGD().update(params, {"a": np.ones(2), "p": np.ones(2), "b": gradient})
    assert first.tolist() == second.numpy().tolist() == [1.0, 1.0]


def test_update_names_the_missing_gradient() -> None:
    with pytest.raises(KeyError, match="no gradient for b"):
        nn.SGD().update({"b": Parameter(1.0)}, {})
