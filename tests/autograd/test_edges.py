"""Where arithmetic ends: nothing to compute with, infinities, NaN, numbers out of every range."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from numpy.exceptions import AxisError

import autograd as ag
from autograd import ShapeError, Tensor, check_gradients
from autograd.gates import setitem

F = Callable[..., Any]
nan, inf = np.nan, np.inf


def gradient(f: F, at: Any) -> np.ndarray:
    """Of the sum of f: as `backward` gives it, and as `create_graph` does, which must agree."""
    x, y = Tensor(at), Tensor(at)
    with np.errstate(all="ignore"):
        np.sum(f(x)).backward()
        np.sum(f(y)).backward(create_graph=True)
    np.testing.assert_array_equal(y.grad.numpy(), x.grad)
    return np.asarray(x.grad)


# --- arrays without elements ---------------------------------------------------------------------

EMPTY: list[tuple[str, F, tuple[int, ...]]] = [
    ("prod", lambda x: np.prod(x), (0, 2)),
    ("prod-axis", lambda x: np.prod(x, axis=0), (0, 2)),
    ("prod-other-axis", lambda x: np.prod(x, axis=1, keepdims=True), (0, 2)),
    ("sum", lambda x: np.sum(x, axis=0), (0, 2)),
    ("mean-other-axis", lambda x: np.mean(x, axis=1), (0, 2)),
    ("max-other-axis", lambda x: np.max(x, axis=1), (0, 2)),
    ("softmax", lambda x: ag.softmax(x), (0, 3)),
    ("log_softmax", lambda x: ag.log_softmax(x), (0, 3)),
    ("logsumexp", lambda x: ag.logsumexp(x, axis=1), (0, 3)),
    ("rows", lambda x: x @ np.ones((3, 2)), (0, 3)),
    ("columns", lambda x: np.ones((2, 3)) @ x, (3, 0)),
    ("inner", lambda x: x @ np.ones((0, 4)), (3, 0)),
    ("inner-stacked", lambda x: x @ np.ones((0, 5)), (5, 5, 0)),
    ("inner-of-the-right", lambda x: np.ones((5, 5, 0)) @ x, (0, 5)),
    ("inner-vector", lambda x: np.ones((2, 3, 0)) @ x, (0,)),
    ("no-matrices", lambda x: x @ np.ones((3, 2)), (0, 4, 3)),
    ("no-matrices-on-the-left", lambda x: np.ones((0, 4, 3)) @ x, (3, 2)),
    ("vectors", lambda x: x @ x, (0,)),
    ("dot", lambda x: np.dot(np.ones((2, 0)), x), (3, 0, 2)),
    ("dot-of-no-matrices", lambda x: np.dot(np.ones((2, 4)), x), (0, 4, 2)),
    ("affine", lambda x: ag.affine(x, np.ones((3, 2)), np.ones(2)), (0, 3)),
    ("affine-inner", lambda x: ag.affine(x, np.ones((0, 2)), np.ones(2)), (4, 0)),
    ("concatenate", lambda x: np.concatenate([x, np.ones((2, 2))]), (0, 2)),
    ("stack", lambda x: np.stack([x, x], axis=-1), (0, 2)),
    ("index", lambda x: x[:, [0, 1, 0]], (0, 2)),
    ("mask", lambda x: x[x > 0], (0, 2)),
    ("max_pool2d", lambda x: ag.max_pool2d(x, 2), (0, 3, 4, 4)),
    ("max_pool2d-no-channels", lambda x: ag.max_pool2d(x, 2, 1, padding=1), (2, 0, 4, 4)),
    ("avg_pool2d", lambda x: ag.avg_pool2d(x, 2), (0, 3, 4, 4)),
    ("avg_pool2d-no-channels", lambda x: ag.avg_pool2d(x, 2, 1, 1, False), (2, 0, 4, 4)),
    ("conv2d", lambda x: ag.conv2d(x, np.ones((2, 3, 2, 2)), np.ones(2)), (0, 3, 4, 4)),
    ("l2_penalty", lambda x: ag.l2_penalty(x, 0.5), (0, 2)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("f", "shape"), [row[1:] for row in EMPTY], ids=[row[0] for row in EMPTY])
def test_empty_arrays_have_numpys_value_and_an_empty_gradient(
    f: F, shape: tuple[int, ...], dtype: Any
) -> None:
    at = np.ones(shape, dtype)
    expected = f(at)
    x = Tensor(at)
    out = f(x)
    assert out.shape == expected.shape
    np.testing.assert_array_equal(out.numpy(), expected)
    out.backward(np.ones(out.shape))
    assert x.grad.shape == shape
    assert x.grad.dtype == dtype
    assert not x.grad.any()
    y = Tensor(at)
    np.sum(f(y) * f(y)).backward(create_graph=True)
    second, y.grad = y.grad, None
    total = np.sum(second * second)
    if total.requires_grad:
        total.backward()
        assert y.grad is None or y.grad.shape == shape


def test_the_other_operand_of_an_empty_product_gets_its_gradient_too() -> None:
    x, w, b = Tensor(np.ones((0, 3))), Tensor(np.ones((3, 2))), Tensor(np.ones(2))
    ag.affine(x, w, b).sum().backward()
    assert w.grad.tolist() == np.zeros((3, 2)).tolist()
    assert b.grad.tolist() == [0, 0]
    x, w = Tensor(np.ones((2, 4, 0))), Tensor(np.ones((0, 5)))
    (x @ w).sum().backward()
    assert (x.grad.shape, w.grad.shape) == ((2, 4, 0), (0, 5))


def test_the_mean_of_nothing_is_nan_and_its_gradient_empty() -> None:
    x = Tensor(np.zeros((0, 2)))
    with pytest.warns(RuntimeWarning):
        out = np.mean(x, axis=0)
    assert np.isnan(out.numpy()).all()
    out.sum().backward()
    assert x.grad.shape == (0, 2)


@pytest.mark.parametrize("f", [np.max, np.min, ag.softmax, ag.logsumexp])
def test_the_largest_of_nothing_is_numpys_error(f: F) -> None:
    with pytest.raises(ValueError, match="zero-size array"):
        f(Tensor(np.zeros((2, 0))))


@pytest.mark.parametrize("f", [np.sum, np.prod, np.max, np.min, ag.logsumexp])
@pytest.mark.parametrize("axis", [0, -1])
def test_a_single_value_is_reduced_over_an_axis_as_numpy_does(f: F, axis: int) -> None:
    x = Tensor(2.0)
    out = f(x, axis=axis)
    assert out.item() == 2.0
    out.backward()
    assert x.grad == 1.0


# --- shapes and axes that do not exist -----------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda np, x: np.concatenate([x, x], axis=2),
        lambda np, x: np.concatenate([x, x], axis=-3),
        lambda np, x: np.stack([x, x], axis=3),
        lambda np, x: np.moveaxis(x, 5, 0),
        lambda np, x: np.moveaxis(x, 0, -3),
        lambda np, x: np.swapaxes(x, 0, 2),
        lambda np, x: np.swapaxes(x, -3, 0),
        lambda np, x: np.transpose(x, (0, 2)),
        lambda np, x: np.expand_dims(x, 3),
        lambda np, x: np.squeeze(x, 2),
        lambda np, x: np.sum(x, axis=2),
        lambda np, x: np.max(x, axis=-3),
        lambda np, x: np.prod(x, axis=(0, 2)),
        lambda np, x: x.swapaxes(0, 2),
    ],
)  # fmt: skip
def test_an_axis_out_of_range_is_numpys_error(f: F) -> None:
    x = np.ones((2, 3))
    with pytest.raises(AxisError) as numpys:
        f(np, x)
    with pytest.raises(AxisError) as ours:
        f(np, Tensor(x))
    assert str(ours.value) == str(numpys.value)


def test_moveaxis_moves_several_axes_as_numpy_does() -> None:
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    for source, place in [((0, 1), (-1, 0)), ([3, 0], [0, 1]), (2, -4), ((), ())]:
        ours = np.moveaxis(Tensor(x), source, place)
        np.testing.assert_array_equal(ours.numpy(), np.moveaxis(x, source, place))
    check_gradients(lambda x: np.moveaxis(x, (0, 1), (-1, 0)) ** 2, x)
    with pytest.raises(ShapeError, match="2 axes and 1 places"):
        np.moveaxis(Tensor(x), (0, 1), (0,))


def test_arrays_of_other_ranks_are_not_joined() -> None:
    for axis in (0, 1):
        with pytest.raises(ShapeError, match=r"\(2, 3\), \(3,\)"):
            np.concatenate([Tensor(np.ones((2, 3))), Tensor(np.ones(3))], axis=axis)


@pytest.mark.parametrize("count", [1, 2, 63, 64, 200])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_affine_takes_and_refuses_the_same_biases_at_every_batch_size(
    count: int, dtype: Any
) -> None:
    x, w = Tensor(np.ones((count, 3), dtype)), np.ones((3, 2))
    for shape in [(2,), (1, 2)]:
        assert ag.affine(x, w, np.ones(shape)).shape == (count, 2)
    for shape in [(), (1,), (3,), (1, 1), (2, 2), (64, 2), (count, 1), (1, 1, 2)]:
        with pytest.raises(ShapeError, match=r"expected b of shape \(2,\)"):
            ag.affine(x, w, np.ones(shape))


# --- NaN where zero is right ---------------------------------------------------------------------


ABOVE: list[tuple[str, F]] = [
    ("sqrt", lambda x: np.sqrt(x)),
    ("log", lambda x: np.log(x)),
    ("reciprocal", lambda x: np.reciprocal(x)),
    ("1/x", lambda x: 1.0 / x),
    ("power", lambda x: x**0.5),
    ("power-of-array", lambda x: x ** np.array([0.5, 0.5])),
    ("behind-a-reshape", lambda x: np.sqrt(np.reshape(x, (2, 1)) * 1.0)),
]
SELECT: list[tuple[str, F]] = [
    ("maximum", lambda x: np.maximum(x, 0.0)),
    ("maximum-of-array", lambda x: np.maximum(np.zeros(2), x)),
    ("minimum", lambda x: -np.minimum(0.0, -x)),
    ("relu", lambda x: ag.relu(x)),
    ("clip", lambda x: np.clip(x, 0.0, 9.0)),
    ("where", lambda x: np.where(x > 0, x, 0.0)),
    ("of-a-gate", lambda x: np.maximum(x * 1.0, 0.0)),
    ("of-a-written-part", lambda x: ag.relu(setitem(x, 0, x[0]))),
]


@pytest.mark.parametrize("below", [row[1] for row in SELECT], ids=[row[0] for row in SELECT])
@pytest.mark.parametrize("above", [row[1] for row in ABOVE], ids=[row[0] for row in ABOVE])
def test_an_infinite_gradient_does_not_reach_what_was_not_taken(above: F, below: F) -> None:
    for at in (-2.0, 0.0, -inf):
        found = gradient(lambda x: above(below(x)), [at, 4.0])
        assert found.tolist() == [0.0, gradient(above, [4.0, 4.0])[1]]


@pytest.mark.parametrize("reduce", [np.max, lambda x: np.max(x * 1.0)])
def test_an_infinite_gradient_reaches_the_largest_alone(reduce: F) -> None:
    assert gradient(lambda x: np.sqrt(reduce(x)), [0.0, -inf]).tolist() == [inf, 0.0]


def test_an_infinite_gradient_reaches_the_largest_of_a_window_alone() -> None:
    image = np.array([[0.0, -1.0], [-2.0, -3.0]])[None, None]
    found = gradient(lambda x: np.sqrt(ag.max_pool2d(x, 2)), image)
    assert found.ravel().tolist() == [inf, 0, 0, 0]


W = np.array([[1.0, -2.0], [0.5, 3.0]])
UNUSED: list[tuple[str, F]] = [
    ("matmul", lambda x: np.log(x) @ W),
    ("matmul-right", lambda x: W @ np.log(x)),
    ("affine", lambda x: ag.affine(np.log(x), W, np.ones(2))),
    ("prod", lambda x: np.prod(np.log(x))),
    ("prod-axis", lambda x: np.prod(np.log(np.reshape(x, (2, 1))), axis=0)),
    ("softmax", lambda x: ag.softmax(np.log(x))),
    ("log_softmax", lambda x: ag.log_softmax(np.sqrt(x))),
    ("logsumexp", lambda x: ag.logsumexp(np.sqrt(x))),
    ("mean", lambda x: np.mean(np.sqrt(x))),
    ("sum-of-products", lambda x: np.sum(np.log(x) * W)),
    ("max", lambda x: np.max(np.sqrt(x))),
    ("l2_penalty", lambda x: ag.l2_penalty(np.log(x), 1.0)),
    ("cross-entropy", lambda x: ag.softmax_cross_entropy(np.sqrt(np.reshape(x, (1, 2))), [0])),
    ("hinge", lambda x: ag.svm_hinge(np.sqrt(np.reshape(x, (1, 2))), [0])),
    ("max_pool2d", lambda x: ag.max_pool2d(np.sqrt(np.reshape(x, (1, 1, 1, 2))), 1)),
    ("conv2d", lambda x: ag.conv2d(np.log(np.reshape(x, (1, 1, 1, 2))), np.ones((1, 1, 1, 2)))),
    ("two-products", lambda x: (np.log(x) @ W) @ W),
    ("stacked", lambda x: np.ones((3, 2, 2)) @ np.log(x)),
]  # fmt: skip


@pytest.mark.parametrize("f", [row[1] for row in UNUSED], ids=[row[0] for row in UNUSED])
@pytest.mark.parametrize(
    "select",
    [
        lambda y: np.where(False, y, 0.0),
        lambda y: np.where(np.zeros(np.shape(y), bool), y, y.detach()),
        lambda y: y[np.zeros(y.shape, bool)] if y.ndim else np.where(False, y, 1.0),
    ],
    ids=["where", "where-array", "index"],
)
def test_gates_that_mix_elements_in_an_untaken_branch(f: F, select: F) -> None:
    assert gradient(lambda x: np.sum(select(f(x))), [0.0, 1.0]).tolist() == [0, 0]


def test_a_mixed_row_that_is_used_keeps_its_gradient() -> None:
    """Only what the untaken row was made of is silenced."""
    at = np.array([[0.0, 1.0], [4.0, 9.0]])
    used = np.array([[False], [True]])
    for mix in (
        lambda x: x @ W, ag.softmax, ag.log_softmax,
        lambda x: ag.logsumexp(x, axis=1, keepdims=True),
        lambda x: np.prod(x, axis=1, keepdims=True), lambda x: np.mean(x, axis=1, keepdims=True),
    ):  # fmt: skip
        found = gradient(lambda x, mix=mix: np.where(used, mix(np.sqrt(x)) ** 2, 0.0), at)
        alone = gradient(lambda x, mix=mix: mix(np.sqrt(x)) ** 2, at[1:])
        assert found[0].tolist() == [0, 0]
        assert_close(found[1:], alone)


def test_what_is_used_and_infinite_stays_infinite() -> None:
    """A weight of 0 is no mask: the derivative there is not finite, and nobody is told it is 0."""
    w = np.array([0.0, 1.0])
    assert np.isnan(gradient(lambda x: np.maximum(np.sqrt(x) @ w, -1.0), [0.0, 4.0])[0])
    assert gradient(lambda x: ag.relu(np.sqrt(x) + 1.0), [0.0, 4.0])[0] == inf


def test_many_layers_below_a_selecting_gate() -> None:
    w = np.eye(2)

    def deep(x: Any) -> Any:
        y = np.log(x)
        for _ in range(100):
            y = ag.relu(y @ w)
        return np.where(False, y @ w, 0.0)

    assert gradient(deep, [0.0, 1.0]).tolist() == [0, 0]


def test_logsumexp_of_infinities_is_the_limit() -> None:
    assert gradient(ag.logsumexp, [inf, 5.0]).tolist() == [1, 0]
    assert gradient(ag.logsumexp, [inf, -inf, 800.0, inf]).tolist() == [0.5, 0, 0, 0.5]
    assert gradient(ag.logsumexp, [-inf, 5.0]).tolist() == [0, 1]
    assert gradient(ag.logsumexp, [-inf, -inf]).tolist() == [0, 0]
    assert np.isnan(gradient(ag.logsumexp, [nan, 5.0])).all()
    rows = gradient(lambda x: ag.logsumexp(x, axis=1), [[inf, 5.0], [0.0, 0.0]])
    assert rows.tolist() == [[1, 0], [0.5, 0.5]]


@pytest.mark.parametrize("at", [[2.0, 0.0], [0.5, 0.0], [2.0, 1.0], [3.0, -1.5]])
def test_the_hessian_of_a_power_is_symmetric(at: list[float]) -> None:
    (x, y), log = at, np.log(at[0])
    mixed = x ** (y - 1) * (1 + y * log)
    found = ag.hessian(lambda v: v[0] ** v[1])(np.array(at))
    assert_close(found, [[y * (y - 1) * x ** (y - 2), mixed], [mixed, x**y * log * log]])


def test_zero_to_the_zero_has_no_slope() -> None:
    assert gradient(lambda v: v[0] ** v[1], [0.0, 0.0]).tolist() == [0, 0]
    assert gradient(lambda x: x ** np.array([0.0, 2.0]), [0.0, 0.0]).tolist() == [0, 0]


def test_what_is_compared_with_nan_passes_the_gradient_on() -> None:
    for f in (np.maximum, np.minimum):
        for choose in (lambda x, f=f: f(x, 0.5), lambda x, f=f: f(0.5, x)):
            assert gradient(choose, [nan, 0.5])[0] == 1
        assert gradient(lambda x, f=f: f(x, x + 1.0), [nan])[0] == 2
        assert gradient(lambda x, f=f: f(x, x * 1.0), [1.0]) == 1


def test_relu_passes_the_gradient_of_nan_on() -> None:
    assert gradient(ag.relu, [nan, 1.0, 0.0, -0.0, -1.0, inf]).tolist() == [1, 1, 0, 0, 0, 1]
    x = Tensor(nan)
    ag.relu(x).backward()
    assert x.grad == 1


# --- errors that the user asked NumPy for --------------------------------------------------------

FAR = np.array([[800.0, -800.0, 0.0], [-800.0, -800.0, 800.0]])
STABLE: list[tuple[str, F]] = [
    ("sigmoid", ag.sigmoid),
    ("tanh", np.tanh),
    ("relu", ag.relu),
    ("softmax", ag.softmax),
    ("log_softmax", ag.log_softmax),
    ("logsumexp", lambda x: ag.logsumexp(x, axis=1)),
    ("cross-entropy", lambda x: ag.softmax_cross_entropy(x, [1, 2])),
    ("hinge", lambda x: ag.svm_hinge(x, [1, 2])),
    ("l2_penalty", lambda x: ag.l2_penalty(x, 0.1)),
    ("maximum", lambda x: np.maximum(x, 0.0)),
    ("clip", lambda x: np.clip(x, -1.0, 1.0)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("f", [row[1] for row in STABLE], ids=[row[0] for row in STABLE])
@pytest.mark.parametrize("scale", [1.0, 0.1, 0.92, 1e-3])
def test_stable_gates_are_silent(f: F, dtype: Any, scale: float) -> None:
    at = (FAR * scale).astype(dtype)
    with np.errstate(all="raise"):
        x, y = Tensor(at), Tensor(at)
        out = f(x)
        out.backward(np.ones(out.shape))
        assert np.isfinite(x.grad).all()
        np.sum(f(y)).backward(create_graph=True)
        total = np.sum(y.grad)
        if total.requires_grad:
            total.backward()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(out.numpy(), f(at))


@pytest.mark.parametrize("dtype", [bool, np.int64])
def test_a_penalty_on_numbers_that_are_no_floats_counts_all_of_them(dtype: type) -> None:
    w = np.array([3, 1, 1]).astype(dtype)
    assert_close(ag.l2_penalty(ag.Tensor(w), 0.5).numpy(), 0.25 * np.sum(w * w))
