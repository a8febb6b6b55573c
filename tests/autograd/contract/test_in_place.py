"""The contract of values: graphs keep those that they recorded, whatever is written later."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
from autograd import (
    DTypeError,
    InPlaceError,
    Parameter,
    ShapeError,
    Tensor,
    UnsupportedError,
    no_grad,
)
from autograd.arrays import frozen


def test_writing_to_the_array_behind_changes_nothing_recorded() -> None:
    source, constant = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    x = Tensor(source)
    y = (x * x * constant).sum()
    source[:] = 100.0
    constant[:] = 100.0
    y.backward()
    assert x.grad.tolist() == [6.0, 16.0]
    index, mask = np.array([0, 1]), np.array([True, False])
    z = Tensor([1.0, 2.0])
    w = z[index].sum() * 2 + z[mask].sum() + np.where(mask, z, 0.0).sum()
    index[:] = 0
    mask[:] = True
    w.backward()
    assert z.grad.tolist() == [4.0, 2.0]


def test_data_cannot_be_written_to_but_replaced() -> None:
    x = Tensor([1.0, 2.0])
    y = (x * x).sum()
    with pytest.raises(InPlaceError, match="read-only"):
        x.data[0] = 5.0
    x.data = [10.0, 20.0]
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0]  # the recorded values, not the new ones
    assert x.data.tolist() == [10.0, 20.0]
    with pytest.raises(ShapeError):
        x.data = [1.0]
    values = x.numpy()
    values[0] = -1
    assert x.data[0] == 10.0


def test_in_place_arithmetic_on_inner_tensors() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 3
    alias = y
    kept = y * y
    y += 1
    y *= x
    assert alias is y
    assert y.numpy().tolist() == [4.0, 14.0]
    y.sum().backward()
    assert x.grad.tolist() == [7.0, 13.0]
    x.grad = None
    kept.sum().backward()
    assert x.grad.tolist() == [18.0, 36.0]


def test_in_place_raises_where_it_would_lie() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(InPlaceError, match="leaf"):
        x += 1
    base = x * 2
    view = np.broadcast_to(base, (3, 2))
    with pytest.raises(InPlaceError, match="shares memory"):
        view += 1
    assert base.numpy().tolist() == [2.0, 4.0]
    with pytest.raises(ShapeError, match="cannot change its shape"):
        (y := x * 1).__iadd__(np.ones((3, 2)))
    n = Tensor([1, 2])
    with pytest.raises(DTypeError):
        n += 0.5
    with no_grad():
        x += 1
    assert x.numpy().tolist() == [2.0, 3.0]
    assert x.is_leaf
    assert y.shape == (2,)


def test_parameters_are_updated_in_place() -> None:
    p = Parameter([1.0, 2.0], name="p")
    for _ in range(5):
        p.zero_grad()
        y = (p * p).sum()
        y.backward()
        before = p.numpy()
        gradient = p.grad.copy()
        p -= 0.1 * p.grad
        np.testing.assert_array_equal(p.numpy(), before - 0.1 * gradient)
        y.backward()  # a graph of before still knows its values
        np.testing.assert_array_equal(p.grad, 2 * gradient)
    assert p.is_leaf
    assert p.name == "p"
    with pytest.raises(InPlaceError, match="tracked"):
        p -= p * 1.0
    with pytest.raises(ShapeError):
        p -= np.ones((3, 2))


def test_spare_buffers_are_never_read_by_an_old_graph() -> None:
    p = Parameter(np.ones(3))
    graphs = []
    for k in range(6):
        graphs.append(((p * p).sum(), p.numpy()))
        p.descend(np.full(3, 0.1 * (k + 1)), 1.0)
    for y, values in graphs:
        p.zero_grad()
        y.backward()
        assert_close(p.grad, 2 * values)


# --- t.data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Tensor, ag.Parameter])
@pytest.mark.parametrize("value", [[1.0, 2.0], 1.5], ids=["array", "number"])
def test_an_update_of_the_data_is_written_as_in_other_systems(kind: Any, value: Any) -> None:
    p = kind(value)
    loss = (p * p * p).sum()
    loss.backward()
    before, gradient = p.numpy(), p.grad.copy()
    p.data -= 0.1 * p.grad
    np.testing.assert_array_equal(p.numpy(), before - 0.1 * gradient)
    p.data += 1
    p.data *= 2.0
    p.data /= 4.0
    np.testing.assert_array_equal(p.numpy(), (before - 0.1 * gradient + 1) * 2 / 4)
    p.grad = None
    loss.backward()  # the graph still knows the old values
    np.testing.assert_array_equal(p.grad, gradient)
    assert p.is_leaf
    assert p.requires_grad


def test_a_part_of_the_data_is_not_written_to() -> None:
    p = ag.Parameter([1.0, 2.0])
    with pytest.raises(InPlaceError, match=r"t\.data = array"):
        p.data[0] = 5.0
    with pytest.raises(InPlaceError):
        p.data[:1][0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        p.data.sort()
    held, mine = p.data, p.data.copy()
    mine[0] = 7.0
    mine += 1.0
    held -= 1.0  # a name of its own moves on
    np.testing.assert_array_equal(p.numpy(), [1.0, 2.0])
    assert type(p.data * 2) is type(np.exp(p.data)) is type(p.data + p.data) is np.ndarray
    assert repr(p.data) == "array([1., 2.])"


def test_updates_of_the_data_compile() -> None:
    def trained(compiled: bool) -> Any:
        p = ag.Parameter([1.0, 2.0])

        def step(x: Any) -> Any:
            p.zero_grad()
            loss = ((x @ p) ** 2).sum()
            loss.backward()
            p.data -= 0.01 * p.grad
            return loss

        run = ag.compile(step) if compiled else step
        losses = [run(np.ones((3, 2))).item() for _ in range(4)]
        return losses, p.numpy().tolist(), p.grad.tolist()

    assert trained(True) == trained(False)


# --- what would lose its meaning ----------------------------------------------------------------


@pytest.mark.parametrize(
    "enter",
    [
        lambda a, t: Tensor(a),
        lambda a, t: a * t,
        lambda a, t: t * a,
        lambda a, t: np.ma.exp(t),
        lambda a, t: np.exp(t) + a,
        lambda a, t: ag.matmul(a, t),
        lambda a, t: np.concatenate([t, a]),
        lambda a, t: np.where(a > 1, t, 0.0),
        lambda a, t: t.__setitem__(slice(None), a),
        lambda a, t: t.backward(a),
        lambda a, t: ag.grad(lambda x: (x * t).sum())(a),
        lambda a, t: frozen(a),
    ],
    ids=[
        "Tensor", "left", "right", "ma.exp", "sum", "matmul", "concatenate", "where", "setitem",
        "backward", "grad", "frozen",
    ],
)  # fmt: skip
def test_masked_arrays_are_refused_wherever_they_enter(enter: Any) -> None:
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    with pytest.raises((UnsupportedError, InPlaceError)):
        enter(masked, Tensor([3.0, 4.0]))
