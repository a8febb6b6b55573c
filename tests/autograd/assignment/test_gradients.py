"""Assignment to parts of a tensor: the gradients are those of the values that were written."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
from autograd import InPlaceError, Tensor


def test_the_gradient_is_zero_where_it_was_written_over() -> None:
    x = Tensor([[1.0, -2.0], [3.0, -4.0]])
    out = x.copy()
    out[x <= 0] = 0
    (out * out).sum().backward()
    assert out.numpy().tolist() == [[1.0, 0.0], [3.0, 0.0]]
    assert x.grad.tolist() == [[2.0, 0.0], [6.0, 0.0]]


def test_the_value_gets_the_gradient_of_where_it_was_written() -> None:
    x, v = Tensor([1.0, 2.0, 3.0]), Tensor(5.0)
    y = x * 1.0
    y[:2] = v  # broadcast: what arrives is added up
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 100.0]
    assert float(v.grad) == 11.0


def test_of_a_repeated_index_the_last_value_counts() -> None:
    v = Tensor([1.0, 2.0, 3.0])
    y = Tensor(np.zeros(3), requires_grad=False)
    y[[0, 0, 2]] = v
    assert y.numpy().tolist() == [2.0, 0.0, 3.0]
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert v.grad.tolist() == [0.0, 1.0, 100.0]


@pytest.mark.parametrize("make", [np.zeros_like, np.ones_like, np.empty_like])
def test_an_array_like_a_tensor_is_one_to_write_into(make: Any) -> None:
    def f(x: Any) -> Any:
        out = make(x)  # on arrays the same code is plain NumPy
        for i in range(len(x)):
            out[i] = np.sin(x[i]) * x[-1]
        total = make(x[0])
        total[...] = out.sum()
        return make(x, shape=(2, 2), dtype="f4").size * total

    made = make(Tensor(np.zeros(3, "f4")), shape=2)
    assert isinstance(made, Tensor)
    assert (made.shape, made.dtype, made.requires_grad) == ((2,), np.float32, False)
    x = generator(4).normal(size=3)
    assert f(Tensor(x)).item() == f(x)
    ag.check_gradients(f, x, order=2)
    for compiled in ag.compile(f)(x), ag.compile(f)(Tensor(x)):
        assert float(compiled) == f(x)
    np.testing.assert_array_equal(ag.compile(ag.grad(f))(x), ag.grad(f)(x))


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_last_value_is_the_same_in_both_directions_however_arrays_lie(order: Any) -> None:
    """NumPy goes through index arrays and values as they lie in memory, so another may be last."""
    rng = generator(5)
    for _ in range(50):
        index = np.asarray(rng.integers(0, 3, size=(3, 4)), order=order)
        v = Tensor(np.asarray(np.arange(12.0).reshape(3, 4), order=order))
        y = Tensor(np.full(3, -1.0), requires_grad=False)
        y[index] = v
        wanted = np.full(3, -1.0)
        for place, value in zip(index.ravel(), np.arange(12.0), strict=True):
            wanted[place] = value
        assert y.numpy().tolist() == wanted.tolist()
        y.sum().backward()
        assert sorted(np.flatnonzero(v.grad.ravel())) == sorted(wanted[wanted >= 0])


def test_nan_that_was_written_over_does_not_reach_the_gradient() -> None:
    x = Tensor([-1.0, 0.0, 2.0])
    with np.errstate(all="ignore"):
        y = np.log(x)
        y[x <= 0] = 0
        y.sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.5]


def test_a_loop_that_fills_rows() -> None:
    """A recurrence as it is written with arrays: each row reads the one before."""
    x = np.array([0.5, -0.3, 0.8])

    def last(w: Any) -> Any:
        h = Tensor(np.zeros((4, 2)), requires_grad=False)
        for k in range(3):
            h[k + 1] = np.tanh(h[k] * w + x[k])
        return h[3].sum()

    ag.check_gradients(last, np.array([0.7, -1.2]), order=2)
    compiled = ag.compile(ag.value_and_grad(last))
    for w in (np.array([0.7, -1.2]), np.array([0.1, 0.4])):
        for ours, theirs in zip(compiled(w), ag.value_and_grad(last)(w), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_augmented_assignment_to_a_part() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    y = x * 1.0
    y[0] *= x[2]
    y[1:] -= x[:2]
    y[[0, 2]] += 1.0
    assert y.numpy().tolist() == [4.0, 1.0, 2.0]
    (y * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [3.0 - 10.0, 10.0 - 100.0, 100.0 + 1.0]


def test_graphs_of_before_keep_their_values() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 3
    alias, kept = y, y * y
    y[0] = 0.0
    assert alias is y
    kept.sum().backward()
    assert kept.numpy().tolist() == [9.0, 36.0]
    assert x.grad.tolist() == [18.0, 36.0]


def test_values_of_all_kinds() -> None:
    y = Tensor(np.zeros((2, 3)), requires_grad=False)
    y[0] = [1, 2, 3]
    y[1, ...] = range(3)
    y[:, 1:] = np.ones((1, 2, 2), np.float32)  # axes of length 1 in front, as NumPy has it
    y[1, 0] = np.float32(0.5)
    assert y.numpy().tolist() == [[1.0, 1.0, 1.0], [0.5, 1.0, 1.0]]
    assert y.dtype == np.float64
    small = Tensor(np.zeros(2, np.float32))
    small = small * 1
    small[0] = Tensor(0.1)
    assert small.dtype == np.float32
    numbers, mask = Tensor([1, 2, 3]), Tensor([True, False])
    numbers[1] = 7
    mask[1] = True
    assert numbers.numpy().tolist() == [1, 7, 3]
    assert mask.numpy().tolist() == [True, True]


@pytest.mark.parametrize("index", [..., (), np.True_, np.False_], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_array_without_axes_is_written_to_as_a_whole(index: Any, dtype: Any) -> None:
    def written(x: Any, value: Any) -> Any:
        out = np.copy(x)
        alias = out
        out[index] = value * value
        assert alias is out
        return out * out * x

    x, value = dtype(0.7), dtype(-1.3)
    assert written(Tensor(x), Tensor(value)).dtype == dtype
    np.testing.assert_array_equal(written(Tensor(x), Tensor(value)).numpy(), written(x, value))
    ag.check_gradients(written, 0.7, -1.3, order=2)
    compiled = ag.compile(written)
    for factor in (1.0, -0.5, 2.0):
        np.testing.assert_array_equal(compiled(x, dtype(factor)), written(x, dtype(factor)))


def test_numbers_never_change() -> None:
    """As in NumPy: `a = b` and then `a += 1` leaves b as it is, if b is a single value."""
    x = Tensor([1.0, 2.0])
    running, history = x[0], []
    for _ in range(3):
        running += x[1]
        history.append(running)
    assert [h.item() for h in history] == [3.0, 5.0, 7.0]
    data_loss = loss = np.sum(x * x)
    loss += 0.5 * np.sum(x)
    assert data_loss.item() == 5.0
    loss.backward()
    assert x.grad.tolist() == [2.5, 4.5]
    with pytest.raises(InPlaceError, match="t is a number, as in NumPy"):
        loss[...] = 3.0
    kept = np.sum(x)
    kept.retain_grad()
    kept += 1
    kept.backward()
    assert float(kept.grad) == 1.0


def test_other_in_place_operators() -> None:
    mask = Tensor([True, True])
    alias = mask
    mask &= np.array([False, True])
    mask |= np.array([False, False])
    assert alias.numpy().tolist() == [False, True]
    y = Tensor(np.eye(2)) * 1
    same = y
    y @= np.array([[1.0, 2.0], [3.0, 4.0]])
    assert same.numpy().tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_gradient_of_a_value_has_its_dtype() -> None:
    x, v = Tensor(np.ones(3, np.float32)), Tensor(np.ones(2))
    y = x * 1
    y[1:] = v
    y.sum().backward()
    assert (x.grad.dtype, v.grad.dtype) == (np.float32, np.float64)


def test_an_untracked_tensor_becomes_tracked() -> None:
    out = Tensor(np.zeros(2), requires_grad=False, name="out")
    x = Tensor(3.0)
    out[0] = x * x
    assert out.requires_grad
    assert out.name == "out"
    out.sum().backward()
    assert float(x.grad) == 6.0


def test_retained_gradients_are_those_of_the_value_that_the_tensor_has_now() -> None:
    x = Tensor([1.0, 2.0])
    y = x * 2
    y.retain_grad()
    y[0] = 5.0
    y += 1
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0, 10.0]
    assert x.grad.tolist() == [0.0, 20.0]


def test_copies() -> None:
    x = Tensor(np.arange(6.0).reshape(2, 3))
    for made in (x.copy(), np.copy(x), x.T.copy().T, np.copy(x, order="F"), x.copy("K")):
        np.testing.assert_array_equal(made.numpy(), x.numpy())
        assert not np.may_share_memory(made.data, x.data)
    x.copy().sum().backward()
    assert x.grad.tolist() == [[1.0] * 3] * 2
    assert not Tensor([1, 2]).copy().requires_grad
    assert Tensor(2.0).copy().item() == 2.0
    with pytest.raises(ag.UnsupportedError, match=r"t\.copy\(\)"):
        copy.copy(x)


def test_what_numpy_copies_is_another_tensor() -> None:
    t = Tensor([1.0, 2.0]) * 1
    for made in (+t, t.clip(), np.clip(t, None, None)):
        made += 1
        made[0] = 7.0
    assert t.numpy().tolist() == [1.0, 2.0]


def test_gradients_are_values_of_their_own() -> None:
    """One that arrives at two places is not one tensor with two names."""
    x, y = Tensor([1.0, 2.0]), Tensor([0.3, 0.4])
    np.tanh(x + y).sum().backward(create_graph=True)
    before = y.grad.numpy()
    x.grad *= 10
    x.grad[0] = 0.0
    np.testing.assert_array_equal(y.grad.numpy(), before)

    def silenced(x: Any, y: Any) -> Any:
        gx, gy = ag.grad(lambda x, y: np.sum(np.tanh(x + y)), (0, 1))(x, y)
        gx[0] = 0.0
        return np.sum(gy) + np.sum(gx)

    ag.check_gradients(silenced, np.array([1.0, 2.0]), np.array([0.3, 0.4]))

    def seeded(w: Any) -> Any:
        v = w * 1
        ag.vjp(lambda x: x + 0.0)(Tensor([1.0, 2.0]), v)[0] = 100.0
        return np.sum(v)

    assert ag.grad(seeded)(np.ones(2)).tolist() == [1.0, 1.0]


def test_dot_is_a_method() -> None:
    x, w = Tensor(np.arange(6.0).reshape(2, 3)), Tensor(np.ones((3, 2)))
    np.testing.assert_array_equal(x.dot(w).numpy(), x.numpy().dot(w.numpy()))
    assert Tensor([1.0, 2.0]).dot(np.array([3.0, 4.0])).item() == 11.0
    assert Tensor(2.0).dot(3.0).item() == 6.0
    with pytest.raises(ag.UnsupportedError, match=r"np\.dot\(X, t\)"):
        np.ones((1, 2)).dot(x)
