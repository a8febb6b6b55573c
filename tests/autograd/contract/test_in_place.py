"""The contract of values: graphs keep those that they recorded, whatever is written later."""

from __future__ import annotations

import numpy as np
import pytest
from close import assert_close

from autograd import DTypeError, InPlaceError, Parameter, ShapeError, Tensor, no_grad


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
    with pytest.raises(ValueError, match="read-only"):
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
    view = base.reshape(2, 1)
    with pytest.raises(InPlaceError, match="shares memory"):
        view += 1
    inner = x * 2
    part = inner[0:1]
    with pytest.raises(InPlaceError, match="shares memory"):
        inner *= 2
    assert part.numpy().tolist() == [2.0]
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
