"""The contract of gradients: what is tracked, `.grad`, kinks, and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag
from autograd import DTypeError, GraphError, ShapeError, Tensor, UnsupportedError, no_grad

# --- what is tracked --------------------------------------------------------------------------


def test_floats_are_variables_integers_and_bools_are_not() -> None:
    assert Tensor(3.0).requires_grad
    assert Tensor([1.0, 2.0]).dtype == np.float64
    assert not Tensor(3).requires_grad
    assert not Tensor([True, False]).requires_grad
    assert not Tensor(3.0, requires_grad=False).requires_grad
    with pytest.raises(DTypeError, match=r"write 3\.0"):
        Tensor(3, requires_grad=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_every_float_dtype_is_kept(dtype: type) -> None:
    x = Tensor(np.array([1, 2], dtype))
    y = (2 * x + 1.5) / 3 - x**2
    assert y.dtype == dtype
    y.sum().backward()
    assert x.grad.dtype == dtype


@pytest.mark.parametrize(
    "value",
    [np.array(["a"]), object(), None, np.ma.array([1.0], mask=[True]), np.array([None])],
    ids=["text", "object", "None", "masked", "object-array"],
)
def test_values_that_are_no_tensors_raise(value: object) -> None:
    with pytest.raises((DTypeError, UnsupportedError)):
        Tensor(value)  # type: ignore[arg-type]
    with pytest.raises((DTypeError, UnsupportedError)):
        Tensor(1.0) + value  # type: ignore[operator]


def test_operators_with_numbers_arrays_and_lists_on_either_side() -> None:
    array = np.array([1.0, 2.0, 4.0])
    for other in (2, 2.5, np.float64(2.5), array, array.tolist(), np.array([1, 2, 3])):
        x = Tensor([3.0, 5.0, 7.0])
        for got, expected in [
            (x + other, x.numpy() + other), (other + x, other + x.numpy()),
            (x - other, x.numpy() - other), (other - x, other - x.numpy()),
            (x * other, x.numpy() * other), (other * x, other * x.numpy()),
            (x / other, x.numpy() / other), (other / x, other / x.numpy()),
            (x**other, x.numpy() ** other), (other**x, other ** x.numpy()),
        ]:  # fmt: skip
            assert isinstance(got, Tensor)
            assert_close(got.numpy(), expected)
            assert got.requires_grad


def test_float32_meets_python_numbers_and_numpy_scalars_as_in_numpy() -> None:
    x = Tensor(np.float32([1, 2]))
    assert (x * 2.0).dtype == np.float32
    assert (x * np.float64(2.0)).dtype == np.float64
    assert (x + np.float64([1, 2])).dtype == np.float64
    (x * np.float64(2.0)).sum().backward()
    assert x.grad.dtype == np.float32


def test_plain_arrays_in_plain_arrays_out() -> None:
    assert isinstance(ag.exp(np.zeros(3)), np.ndarray)
    assert ag.add(1.0, 2.0) == 3.0
    assert ag.matmul(np.eye(2), [1.0, 2.0]).tolist() == [1.0, 2.0]


# --- .grad ------------------------------------------------------------------------------------


def test_grad_accumulates_until_it_is_cleared() -> None:
    x = Tensor(2.0)
    y = x * x
    y.backward()
    first = x.grad
    assert first == 4.0
    y.backward()
    assert x.grad == 8.0
    assert first == 4.0
    x.zero_grad()
    assert x.grad is None
    y.backward()
    x.grad = None
    (3 * x).backward()
    assert x.grad == 3.0


def test_grad_of_an_array_accumulates_and_is_a_plain_array() -> None:
    x = Tensor(np.ones((300, 400)))
    y = (x * 2.0).sum()
    y.backward()
    first = x.grad
    kept = first.copy()
    y.backward()
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(x.grad, 2 * kept)
    assert type(x.grad) is np.ndarray
    assert x.grad.flags.writeable
    x.grad *= 0.5
    np.testing.assert_array_equal(x.grad, kept)


def test_two_leaves_never_share_a_gradient_array() -> None:
    a, b = Tensor(np.ones(4)), Tensor(np.ones(4))
    (a + b).backward(np.arange(4.0))
    a.grad[:] = 9.0
    assert b.grad.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_the_gradient_that_was_passed_in_is_not_changed() -> None:
    x = Tensor(np.ones((200, 300)))
    seed = np.full((200, 300), 2.0)
    (x * 3.0).backward(seed)
    (x + 0.0).backward(seed)
    assert (seed == 2.0).all()
    assert (x.grad == 8.0).all()
    x.grad += 1
    assert (seed == 2.0).all()


def test_inner_tensors_keep_theirs_on_request() -> None:
    x = Tensor(3.0)
    y = x * x
    z = y * 2
    z.backward()
    assert y.grad is None
    y.retain_grad()
    z.backward()
    assert y.grad == 2.0
    w = z + 1
    w.backward(retain_grads=True)
    assert (z.grad, w.grad) == (1.0, 1.0)


def test_backward_on_a_non_scalar_asks_for_a_gradient() -> None:
    x = Tensor([1.0, 2.0])
    with pytest.raises(GraphError, match=r"shape \(2,\).*t\.sum\(\)"):
        (x * x).backward()
    (x * x).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 40.0]
    with pytest.raises(ShapeError, match=r"\(3,\).*\(2,\)"):
        (x * x).backward(np.ones(3))
    one = Tensor([[2.0]])
    (one * one).backward()
    assert one.grad.tolist() == [[4.0]]


def test_backward_without_a_graph_raises() -> None:
    for t in (Tensor(3), Tensor(1.0).detach(), Tensor(1.0) > 0):
        with pytest.raises(GraphError, match="no tensor that requires a gradient"):
            t.backward()
    with no_grad():
        y = Tensor(2.0) * 3
    with pytest.raises(GraphError):
        y.backward()


def test_derivatives_of_higher_order() -> None:
    x = Tensor(2.0)
    (x**3).backward(create_graph=True)
    first, x.grad = x.grad, None
    assert isinstance(first, Tensor)
    first.backward(create_graph=True)
    second, x.grad = x.grad, None
    second.backward()
    assert (first.item(), second.item(), x.grad) == (12.0, 12.0, 6.0)
    f = lambda x: x**3  # noqa: E731
    assert ag.grad(f)(2.0) == 12.0
    assert ag.grad(ag.grad(f))(2.0) == 12.0
    assert ag.grad(ag.grad(ag.grad(f)))(2.0) == 6.0


def test_grad_does_not_touch_the_grad_of_other_leaves() -> None:
    w = Tensor(5.0)
    assert ag.grad(lambda x: w * x * x)(3.0) == 30.0
    assert w.grad is None


def test_nested_grad_sees_outer_variables() -> None:
    inner = lambda w: ag.grad(lambda x: w * x**2)(3.0)  # noqa: E731
    assert ag.grad(lambda w: w + inner(w))(2.0) == 7.0


def test_grad_says_what_is_wrong() -> None:
    with pytest.raises(DTypeError, match=r"3\.0 instead of 3"):
        ag.grad(lambda x: x * x)(3)
    with pytest.raises(GraphError, match="does not reach"):
        ag.grad(lambda x, y: Tensor(x) * x, argnums=1)(3.0, 2.0)
    assert ag.grad(lambda x, y: Tensor(x) * x, 1, allow_unused=True)(3.0, 2.0) == 0.0
    with pytest.raises(GraphError, match="returned float"):
        ag.grad(lambda x: 3.0)(3.0)
    with pytest.raises(GraphError, match=r"returned shape \(2,\)"):
        ag.grad(lambda x: x * x)([1.0, 2.0])


# --- kinks: the subgradient of minimum norm ---------------------------------------------------


def _slope(f: object, *values: float) -> list[float]:
    xs = [Tensor(v) for v in values]
    f(*xs).sum().backward()  # type: ignore[operator]
    return [float(x.grad) for x in xs]


def test_kinks() -> None:
    assert _slope(ag.relu, 0.0) == [0.0]
    assert _slope(np.abs, 0.0) == [0.0]
    assert _slope(lambda x: np.maximum(0, x), 0.0) == [0.0]
    assert _slope(lambda x: np.minimum(x, 0.0), 0.0) == [0.0]
    assert _slope(np.maximum, 1.0, 1.0) == [0.5, 0.5]
    assert _slope(np.minimum, 1.0, 1.0) == [0.5, 0.5]
    assert _slope(lambda x: np.maximum(x, x), 1.0) == [1.0]
    assert _slope(lambda x: np.clip(x, 0.0, 1.0), 1.0) == [0.0]
    assert _slope(lambda x: np.clip(x, 0.0, 1.0), 0.5) == [1.0]


def test_ties_of_max_share_equally() -> None:
    x = Tensor([3.0, 1.0, 3.0, 3.0])
    x.max().backward()
    assert_close(x.grad, [1 / 3, 0, 1 / 3, 1 / 3])
    m = Tensor([[2.0, 2.0], [1.0, 5.0]])
    np.max(m, axis=1).sum().backward()
    assert m.grad.tolist() == [[0.5, 0.5], [0.0, 1.0]]


# --- masks: NaN and infinity of unused branches -----------------------------------------------


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("f", "at", "expected"),
    [
        (lambda x: np.where(x > 0, np.log(x), 0.0), [0.0, -1.0, 2.0], [0, 0, 0.5]),
        (lambda x: np.where(x > 0, np.sqrt(x), 0.0), [0.0, -1.0, 4.0], [0, 0, 0.25]),
        (lambda x: np.where(x != 0, 1.0 / x, 0.0), [0.0, 2.0], [0, -0.25]),
        (lambda x: np.where(x < 700, np.exp(x), 0.0), [1000.0, 0.0], [0, 1]),
        (lambda x: np.where(x > 0, np.log(x) * 2.0 + 1, x), [0.0, 2.0], [1, 1]),
        (lambda x: np.where(x > 0, x * np.array([np.inf, 1]), 0.0), [-1.0, 2.0], [0, 1]),
        (lambda x: np.where(x > 0, x**-0.5, 0.0), [0.0, 1.0], [0, -0.5]),
        (lambda x: np.where(x > 0, np.log(x), 0.0) ** 2, [0.0, np.e], [0, 2 / np.e]),
        (lambda x: np.where(x > 0, np.reshape(np.log(np.reshape(x, (2, 1))), (2,)), 0.0),
         [0.0, 2.0], [0, 0.5]),
        (lambda x: np.log(x)[x.numpy() > 0], [0.0, 2.0], [0, 0.5]),
        (lambda x: np.log(x)[1:], [0.0, 2.0], [0, 0.5]),
        (lambda x: np.maximum(np.log(x), -1.0), [0.0, 1.0], [0, 1]),
        (lambda x: np.clip(np.log(x), -1.0, 1.0), [0.0, 2.0], [0, 0.5]),
        (lambda x: ag.relu(np.log(x)), [0.0, 2.0], [0, 0.5]),
        (lambda x: np.max(np.log(x)), [0.0, 2.0], [0, 0.5]),
        (lambda x: np.where([False, True], np.sqrt(np.sum(x * x)), x), [0.0, 0.0], None),
    ],
)  # fmt: skip
def test_unused_branches_do_not_reach_the_gradient(f, at, expected) -> None:  # type: ignore[no-untyped-def]
    x = Tensor(at)
    f(x).sum().backward()
    if expected is not None:
        assert_close(x.grad, expected)
    y = Tensor(at)
    f(y).sum().backward(create_graph=True)
    assert_close(y.grad, x.grad)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_element_used_elsewhere_keeps_its_gradient() -> None:
    x = Tensor([0.0, 4.0])
    root = np.sqrt(x)
    (np.where(x > 0, root, 0.0).sum() + root[1]).backward()
    assert x.grad.tolist() == [0.0, 0.5]
    z = Tensor([0.0, 4.0])
    root = np.sqrt(z)
    (np.where(z > 0, root, 0.0).sum() + root.sum()).backward()
    assert z.grad[0] == np.inf  # really used: the truth is infinite


@pytest.mark.parametrize("x", [1.0, np.array([1.0, 2.0]), np.array([1.0], np.float32)])
@pytest.mark.parametrize("zero", [0.0, 0])
def test_division_by_a_zero_in_the_program_is_infinite_as_in_numpy(x: Any, zero: float) -> None:
    t = Tensor(x)
    with np.errstate(divide="ignore"):
        np.sum(t / zero).backward()
    assert (t.grad == np.inf).all()


def test_zeros_that_are_no_masks_keep_their_second_derivative() -> None:
    # y = (x w - 2)^2 / 2 at x w = 2: the upstream gradient is 0, the curvature is not
    def f(x):  # type: ignore[no-untyped-def]
        inner = np.where(np.array([True, False]), x * np.array([2.0, 1.0]), 0.0)
        return ((inner - np.array([2.0, 0.0])) ** 2 / 2).sum()

    x = Tensor([1.0, 0.0])
    f(x).backward(create_graph=True)
    g, x.grad = x.grad, None
    g.sum().backward()
    assert x.grad.tolist() == [4.0, 0.0]
