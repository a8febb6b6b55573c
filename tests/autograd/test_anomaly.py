"""Anomaly mode: the first gate that makes NaN or infinity raises, and nothing else changes."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws import generator
from gate_cases import CASES, Case

import autograd as ag
import nn
from autograd import AnomalyError, Parameter, Tensor, TraceError
from autograd.modes import MODE
from autograd.values import ARRAYS

LARGE = Tensor(np.array([1.0, 1000.0]), name="x")


def raised(f: Callable[[], Any], **options: Any) -> str:
    with pytest.raises(AnomalyError) as caught, ag.detect_anomaly(**options):
        f()
    return str(caught.value)


# --- the forward pass -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "told"),
    [
        (lambda: np.log(Tensor([0.5, 0.0])), ["log made -inf of finite", "(1,)", "x = 0", "away"]),
        (lambda: np.log(Tensor(-1.0)), ["log made nan", "x = -1", "negative"]),
        (lambda: Tensor([0.0]) / Tensor([0.0]), ["divide made nan", "x = 0, y = 0", "0/0"]),
        (lambda: 1.0 / Tensor([2.0, 0.0]), ["divide made inf", "x = 1, y = 0"]),
        (lambda: np.exp(LARGE), ["exp made inf", "x = 1000", "float64", "subtract the maximum"]),
        (lambda: np.exp(Tensor(np.float32(100.0))), ["float32"]),
        (lambda: np.sqrt(Tensor([-4.0])), ["sqrt made nan", "x = -4"]),
        (lambda: Tensor([1e200]) ** 2, ["power made inf", "1e+200"]),
        (lambda: Tensor([-8.0]) ** (1 / 3), ["power made nan", "-8"]),
        (lambda: Tensor([1e300, 1e300]) @ Tensor([1e300, 1.0]), ["made inf", "(2,) is from"]),
        (lambda: np.sum(Tensor([1.5e308, 1.5e308])), ["sum made inf"]),
        (lambda: np.concatenate([LARGE * 1e306, Tensor([0.0])]), ["multiply made inf"]),
    ],
)  # fmt: skip
def test_the_gate_is_named_with_its_operands_and_a_remedy(f: Any, told: list[str]) -> None:
    message = raised(f)
    for text in [*told, "forward pass", "do: ", "test_anomaly.py, line"]:
        assert text in message


def test_the_first_gate_raises_not_one_that_passes_nan_on() -> None:
    message = raised(lambda: np.tanh(np.log(Tensor([-1.0])) * 2.0).sum())
    assert message.startswith("log made nan")


def test_it_raises_at_the_line_that_called_the_gate() -> None:
    y = Tensor(0.0) * 2.0
    with pytest.raises(AnomalyError) as caught, ag.detect_anomaly():
        np.log(y)  # the line
    assert "np.log(y)  # the line" in str(caught.value)
    assert any(entry.name.startswith("test_it_raises") for entry in caught.traceback)


def test_the_layer_is_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.head = Head()

        def forward(self, x: Any) -> Any:
            return self.head(x)

    class Head(nn.Module):
        def forward(self, x: Any) -> Any:
            return np.log(x)

    assert "in Net.head" in raised(lambda: Net()(Tensor([0.0])))


@pytest.mark.parametrize("leaf", [np.array([1.0, np.nan]), Tensor([1.0, np.nan])])
def test_a_nan_that_comes_in_is_told_apart(leaf: Any) -> None:
    message = raised(lambda: Tensor([2.0, 3.0]) * leaf)
    assert "brings NaN into multiply" in message
    assert "(1,)" in message
    assert "1 of 2 values" in message


def test_a_parameter_that_holds_nan_is_named() -> None:
    w = Parameter([np.nan], name="fc.W")
    assert raised(lambda: w * 2.0).startswith("fc.W brings NaN into multiply")


def test_infinite_constants_are_masks_and_no_fault() -> None:
    scores = Tensor(generator(0).normal(size=(2, 3)))
    mask = np.array([[True, False, True], [True, True, False]])
    with ag.detect_anomaly():
        p = ag.softmax(np.where(mask, scores, -np.inf))
        (p * p).sum().backward()
    assert np.isfinite(scores.grad).all()


def test_a_row_that_is_masked_as_a_whole_is_a_fault() -> None:
    scores = Tensor(np.zeros((1, 3)))
    masked = lambda: np.where(np.zeros((1, 3), bool), scores, -np.inf)  # noqa: E731
    message = raised(lambda: np.exp(masked() - np.max(masked(), axis=1, keepdims=True)))
    assert message.startswith("subtract made nan of infinities")


def test_functions_that_leave_nan_out_are_no_fault() -> None:
    x = Tensor([1.0, np.nan, 3.0])
    with ag.detect_anomaly():
        assert np.nansum(x).item() == 4.0


def test_integers_and_plain_arrays_are_let_through() -> None:
    with ag.detect_anomaly(), np.errstate(all="ignore"):
        np.log(np.zeros(2))
        ag.exp(np.array([1e4]))  # a gate of a plain array is its NumPy function
        assert (Tensor([1, 2]) + 1).sum().item() == 5


def test_it_looks_inside_no_grad_too() -> None:
    with ag.no_grad():
        assert "log made -inf" in raised(lambda: np.log(Tensor(0.0)))


# --- the backward pass ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "gate"),
    [
        (np.sqrt, "sqrt"), (lambda x: x**0.5, "power"), (np.cbrt, "cbrt"),
        (lambda x: np.arccos(x + 1.0), "arccos"),
    ],
)  # fmt: skip
def test_an_infinite_slope_is_named_at_its_forward_line(f: Any, gate: str) -> None:
    x = Tensor([0.0, 0.5 if gate != "arccos" else -0.5])

    def run() -> None:
        y = f(x)
        z = y * 2.0
        z.sum().backward()

    message = raised(run)
    assert message.startswith(f"{gate} made ")
    assert "in the backward pass" in message
    assert "test_anomaly.py, line" in message
    assert ("y = f(x)" in message) is isinstance(f, np.ufunc)
    assert "upstream gradient is 2" in message
    assert "slope" in message


def test_sqrt_of_a_sum_of_squares_at_zero() -> None:
    w = Parameter(np.zeros(3), name="w")
    message = raised(lambda: np.sqrt(np.sum(w * w)).backward())
    assert message.startswith("sqrt made inf of finite numbers in the backward pass")


def test_gradients_that_overflow_are_named() -> None:
    x = Tensor([1e-200])
    message = raised(lambda: (1.0 / x).sum().backward())
    assert message.startswith("divide made -inf")
    assert "larger than float64" in message


@pytest.mark.parametrize("create_graph", [False, True])
def test_branches_that_are_not_taken_are_no_fault(create_graph: bool) -> None:
    x = Tensor([0.0, 4.0])
    with ag.detect_anomaly(forward=False), np.errstate(all="ignore"):
        np.where(x.data > 0, np.log(x), 0.0).sum().backward(create_graph=create_graph)
        np.sqrt(np.maximum(x, 0.0)).sum()
    np.testing.assert_array_equal(
        np.asarray(x.grad if not create_graph else x.grad.data), [0, 0.25]
    )


def test_the_value_of_a_branch_that_is_not_taken_raises_and_the_message_says_what_to_do() -> None:
    x = Tensor([0.0, 4.0])
    message = raised(lambda: np.where(x.data > 0, np.log(x), 0.0))
    assert "np.where" in message
    assert "forward=False" in message
    with ag.detect_anomaly():  # as it says
        np.where(x.data > 0, np.log(np.where(x.data > 0, x, 1.0)), 0.0).sum().backward()


@pytest.mark.parametrize("create_graph", [False, True])
def test_with_create_graph_the_same_gate_is_named(create_graph: bool) -> None:
    x = Tensor([0.0, 1.0])
    message = raised(lambda: np.sqrt(x).sum().backward(create_graph=create_graph))
    assert message.startswith("sqrt made inf")
    assert "backward" in message


def test_gradients_of_functions_are_looked_at() -> None:
    assert "sqrt" in raised(lambda: ag.grad(lambda x: np.sum(np.sqrt(x)))(np.zeros(2)))


def test_an_upstream_gradient_that_is_not_finite_is_the_callers() -> None:
    x = Tensor([1.0, 2.0])
    message = raised(lambda: (x * 3.0).backward(np.array([np.nan, 1.0])))
    assert "upstream gradient is not finite" in message


def test_a_graph_from_outside_of_the_block_has_no_line() -> None:
    y = np.sqrt(Tensor([0.0])).sum()
    message = raised(y.backward)
    assert message.startswith("sqrt made inf")
    assert "outside of detect_anomaly()" in message


def test_each_side_can_be_left_out() -> None:
    x = Tensor([0.0])
    with ag.detect_anomaly(backward=False), np.errstate(all="ignore"):
        np.sqrt(x).sum().backward()
    assert np.isinf(x.grad).all()
    x.zero_grad()
    with ag.detect_anomaly(forward=False), np.errstate(all="ignore"):
        np.log(x)
        with pytest.raises(AnomalyError):
            np.sqrt(x).sum().backward()


def test_a_pass_after_one_that_raised_is_judged_anew() -> None:
    bad, good = Tensor([0.0]), Tensor([4.0])
    with ag.detect_anomaly():
        loss = np.sqrt(good).sum()
        with pytest.raises(AnomalyError):
            np.sqrt(bad).sum().backward()
        loss.backward()
    np.testing.assert_array_equal(good.grad, [0.25])


# --- what stays as it is --------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case.id)
def test_gates_give_the_same_values_and_gradients(case: Case) -> None:
    def run() -> list[Any]:
        leaves = [Tensor(x) for x in case.inputs]
        out = case.f(*leaves)
        out.backward(np.ones(out.shape, out.dtype))
        return [out.numpy(), *(x.grad for x in leaves)]

    expected = run()
    if not all(np.isfinite(x).all() for x in expected if x is not None and x.dtype.kind in "fc"):
        pytest.skip("its example is not finite")
    with ag.detect_anomaly(forward=not case.id.startswith("nan")):  # which are given NaN
        found = run()
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)


def test_training_gives_the_same_bits_inside() -> None:
    X, y = nn.spiral(20, 3, seed=1)

    def run() -> bytes:
        net = nn.TwoLayerNet(2, 10, 3, seed=2)
        optimiser = nn.Adam(net, lr=0.01)
        for _ in range(10):
            optimiser.zero_grad()
            net.loss(X, y).backward()
            optimiser.step()
        return b"".join(p.numpy().tobytes() for p in net.parameters())

    expected = run()
    with ag.detect_anomaly():
        assert run() == expected


def test_outside_of_the_block_everything_is_as_it_was() -> None:
    assert MODE.get().kind is ARRAYS
    with pytest.raises(AnomalyError), ag.detect_anomaly():
        np.log(Tensor(0.0))
    assert MODE.get().kind is ARRAYS
    with np.errstate(all="ignore"):
        assert np.log(Tensor(0.0)).item() == -np.inf


def test_it_is_a_decorator_too_and_nests() -> None:
    @ag.detect_anomaly()
    def f(x: Any) -> Any:
        with ag.detect_anomaly(forward=False), ag.no_grad(), np.errstate(all="ignore"):
            np.log(x)
        return np.log(x)

    with pytest.raises(AnomalyError):
        f(Tensor(0.0))


def test_numpys_warnings_are_replaced_by_the_error() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "log" in raised(lambda: np.log(Tensor(0.0)))


def test_compiled_functions_run_eagerly_inside_and_are_named() -> None:
    step = ag.compile(lambda x: np.log(x) * 2.0)
    with np.errstate(all="ignore"):
        assert step(Tensor(0.0)).item() == -np.inf
    assert "log made -inf" in raised(lambda: step(Tensor(0.0)))
    with ag.detect_anomaly():
        assert step(Tensor(1.0)).item() == 0.0


def test_inside_a_function_that_is_compiled_it_is_refused() -> None:
    @ag.compile
    def f(x: Any) -> Any:
        with ag.detect_anomaly():
            return x * 2.0

    with pytest.raises(TraceError, match="put the block around the call"):
        f(Tensor(1.0))


def test_other_threads_are_not_looked_at() -> None:
    found = []
    with ag.detect_anomaly():
        thread = threading.Thread(target=lambda: found.append(MODE.get().kind))
        thread.start()
        thread.join()
    assert found == [ARRAYS]


@pytest.mark.parametrize(
    "f",
    [
        lambda: ag.jacobian(lambda x: x * x)(np.ones(2)),
        lambda: ag.hvp(lambda x: (x**3).sum())(np.ones(2), np.ones(2)),
        lambda: ag.hessian(lambda x: (x**3).sum())(np.ones(2)),
        lambda: ag.check_gradients(np.tanh, [0.3], order=2),
        lambda: np.linalg.lstsq(Tensor(np.eye(3)[:, :2] + 1), np.ones(3), rcond=None),
        lambda: nn.SGD([p := Parameter(1.0)], lr=0.1) and (p * p).backward(),
    ],
)
def test_other_ways_of_differentiating_work_inside(f: Any) -> None:
    with ag.detect_anomaly():
        f()


def test_pictures_can_be_drawn_inside() -> None:
    from autograd.draw import draw
    from autograd.explore import explain

    with ag.detect_anomaly():
        y = np.tanh(Tensor(1.0, name="x"))
        assert "tanh" in draw(y).text
        assert "tanh" in explain(y)
