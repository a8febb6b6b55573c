"""The contract: what is tracked, what `.grad` means, kinks, masks, writing in place."""

from __future__ import annotations

import asyncio
import pickle
import threading
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import (
    DTypeError,
    GraphError,
    InPlaceError,
    Parameter,
    ShapeError,
    Tensor,
    UnsupportedError,
    no_grad,
)

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
    [1j, np.array(["a"]), object(), None, np.ma.array([1.0], mask=[True]), np.array([None])],
    ids=["complex", "text", "object", "None", "masked", "object-array"],
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
    assert (float(first), float(second), x.grad) == (12.0, 12.0, 6.0)
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


# --- NumPy's protocols ------------------------------------------------------------------------


def test_asarray_on_a_tracked_tensor_raises_with_the_remedy() -> None:
    x = Tensor([1.0, 2.0])
    for convert in (np.asarray, np.array, lambda t: np.array([t, t]), np.fft.fft):
        with pytest.raises(UnsupportedError, match=r"t\.numpy\(\)"):
            convert(x)
    assert np.asarray(x.detach()).tolist() == [1.0, 2.0]
    assert np.asarray(Tensor([1, 2])).tolist() == [1, 2]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sin(x), lambda x: np.sort(x), lambda x: np.linalg.inv(x),
        lambda x: np.cumsum(x), lambda x: np.add(x, 1.0, out=np.zeros(2)),
        lambda x: np.sum(x, dtype=np.float32), lambda x: np.sum(x, where=np.array([True, False])),
        lambda x: np.exp(x, where=np.array([True, False])), lambda x: np.add.accumulate(x),
        lambda x: np.add.at(x, 0, 1.0), lambda x: np.copyto(np.zeros(2), x),
        lambda x: np.dot(x, x, out=np.zeros(())), lambda x: np.clip(x, 0, 1, out=np.zeros(2)),
        lambda x: np.floor_divide(x, 2.0), lambda x: np.mean(x, dtype="f4"),
    ],
)  # fmt: skip
def test_what_is_not_supported_raises_and_says_so(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnsupportedError, match="np\\."):
        call(Tensor([1.0, 2.0]))


def test_writing_a_tensor_into_an_array_raises() -> None:
    array = np.zeros(3)
    with pytest.raises(UnsupportedError):
        array += Tensor([1.0, 2.0, 3.0])  # type: ignore[arg-type]
    with pytest.raises((UnsupportedError, ValueError)):
        array[:] = Tensor([1.0, 2.0, 3.0])  # type: ignore[call-overload]
    assert array.tolist() == [0.0, 0.0, 0.0]


def test_a_list_of_tracked_tensors_is_refused() -> None:
    x = Tensor(1.0)
    with pytest.raises(UnsupportedError, match=r"np\.stack"):
        Tensor([x, x])
    with pytest.raises(UnsupportedError, match=r"np\.stack"):
        ag.add(Tensor([1.0, 2.0]), [x, 2.0])


def test_a_gate_without_a_rule_for_a_tracked_input_raises() -> None:
    labels = Tensor([0.0, 1.0])
    with pytest.raises(UnsupportedError, match="no gradient rule for"):
        ag.where(labels, Tensor(1.0), 2.0)


def test_comparisons_are_untracked_bools() -> None:
    x = Tensor([1.0, 2.0])
    for result in (x > 1, x >= 1, x < 1, x <= 1, x == 1, x != 1, x > 1, np.isnan(x), ~(x > 1)):
        assert isinstance(result, Tensor)
        assert result.dtype == bool
        assert not result.requires_grad
    assert ((x > 1) & (x < 3)).numpy().tolist() == [False, True]
    assert bool(Tensor(1.0) > 0)
    with pytest.raises(ShapeError):
        bool(x > 1)


def test_single_values_convert() -> None:
    x = Tensor([[2.5]])
    assert (float(x), int(x), x.item(), bool(x)) == (2.5, 2, 2.5, True)
    assert f"{Tensor(2.0):.2f}" == "2.00"
    assert [10, 20, 30][Tensor(1)] == 20
    with pytest.raises(ShapeError, match="single value"):
        float(Tensor([1.0, 2.0]))


def test_plain_numpy_forward_code_runs_unchanged() -> None:
    rng = generator(0)
    X, y = rng.normal(size=(5, 2)), np.array([0, 1, 2, 1, 0])

    def loss(W, b, W2, b2):  # type: ignore[no-untyped-def]
        hidden = np.maximum(0, np.dot(X, W) + b)
        scores = np.dot(hidden, W2) + b2
        exp_scores = np.exp(scores)
        probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
        logprobs = -np.log(probs[range(5), y])
        return np.sum(logprobs) / 5 + 0.5 * 1e-3 * np.sum(W * W) + 0.5 * 1e-3 * np.sum(W2 * W2)

    weights = [rng.normal(size=s) for s in [(2, 4), (1, 4), (4, 3), (1, 3)]]
    assert_close(loss(*map(Tensor, weights)), loss(*weights))
    ag.check_gradients(loss, *weights)


# --- values as they were; in place ------------------------------------------------------------


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


# --- modes ------------------------------------------------------------------------------------


def test_no_grad_is_safe_in_threads_and_tasks() -> None:
    seen = {}
    inside, done = threading.Event(), threading.Event()

    def other() -> None:
        inside.wait()
        seen["thread"] = (Tensor(1.0) * 2).requires_grad
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        done.wait()
        assert not (Tensor(1.0) * 2).requires_grad
    thread.join()
    assert seen["thread"]

    async def quiet() -> bool:
        with no_grad():
            await asyncio.sleep(0)
            return (Tensor(1.0) * 2).requires_grad

    async def loud() -> bool:
        await asyncio.sleep(0)
        return (Tensor(1.0) * 2).requires_grad

    async def both() -> list[bool]:
        return await asyncio.gather(quiet(), loud())

    assert asyncio.run(both()) == [False, True]


def test_no_grad_as_a_decorator_and_when_it_raises() -> None:
    @no_grad()
    def f(x: Tensor) -> Tensor:
        return x * 2

    assert not f(Tensor(1.0)).requires_grad
    with pytest.raises(ZeroDivisionError), no_grad():
        raise ZeroDivisionError
    assert ag.is_recording()


def test_threads_backpropagate_through_large_arrays_side_by_side() -> None:
    results: list[tuple[Any, Any]] = []

    def work(seed: int) -> None:
        a = generator(seed).normal(size=(120, 130))
        for _ in range(20):
            x = Tensor(a)
            (ag.relu(x @ a.T) * 2.0).sum().backward()
            expected = 2 * (((a @ a.T) > 0) @ a)
            results.append((x.grad, expected))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(results) == 80
    for found, expected in results:
        assert_close(found, expected)


# --- the graph --------------------------------------------------------------------------------


def test_parents_in_order_with_repeats_and_closures() -> None:
    x, y = Tensor(3.0, name="x"), Tensor(4.0, name="y")
    z = x * y
    assert [p.name for p in z.parents] == ["x", "y"]
    assert [c(2.0) for c in z.node.closures] == [8.0, 6.0]
    assert len((x * x).parents) == 2
    assert (x - 1.5).parents[1] == 1.5
    assert x.node.number < y.node.number < z.node.number
    assert z.node.gate.name == "multiply"
    assert "multiply" in repr(z)
    assert x.is_leaf
    assert not z.is_leaf


def test_pickle_and_copies() -> None:
    x = pickle.loads(pickle.dumps(Parameter([1.0, 2.0], name="w")))
    assert isinstance(x, Parameter)
    assert (x.name, x.numpy().tolist(), x.requires_grad) == ("w", [1.0, 2.0], True)
    with pytest.raises(UnsupportedError, match="detach"):
        pickle.dumps(Tensor(1.0) * 2)


def test_errors_read_like_help() -> None:
    with pytest.raises(ShapeError) as raised:
        Tensor(np.ones((100, 784))) @ Tensor(np.ones((50, 784)))
    assert str(raised.value) == (
        "matmul: x is (100, 784) but y is (50, 784); the inner sizes 784 and 50 differ. "
        "Did you mean x @ y.T?"
    )
    with pytest.raises(ShapeError, match="affine"):
        ag.affine(np.ones((5, 3)), Tensor(np.ones((3, 4))), Tensor(np.ones(5)))
    with pytest.raises(ShapeError, match="12 values, which do not fit"):
        Tensor(np.ones((3, 4))).reshape(5, 5)
