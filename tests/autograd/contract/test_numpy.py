"""The contract with NumPy: its protocols, its errors, and plain code that runs unchanged."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import DTypeError, ShapeError, Tensor, UnsupportedError


def test_asarray_on_a_tracked_tensor_raises_with_the_remedy() -> None:
    x = Tensor([1.0, 2.0])
    for convert in (np.asarray, np.array, lambda t: np.array([t, t])):
        with pytest.raises(UnsupportedError, match=r"t\.numpy\(\)"):
            convert(x)
    assert np.asarray(x.detach()).tolist() == [1.0, 2.0]
    assert np.asarray(Tensor([1, 2])).tolist() == [1, 2]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.add(x, 1.0, out=np.zeros(2)), lambda x: np.linalg.qr(x[:, None], "raw"),
        lambda x: np.sum(x, out=np.zeros(())), lambda x: np.add.reduce(x, out=np.zeros(())),
        lambda x: np.exp(x, where=np.array([True, False])), lambda x: np.add(x, x, sig="dd->d"),
        lambda x: np.add.at(np.zeros(2), 0, x[0]), lambda x: np.copyto(np.zeros(2), x),
        lambda x: np.dot(x, x, out=np.zeros(())), lambda x: np.clip(x, 0, 1, out=np.zeros(2)),
        lambda x: np.mean(x, out=np.zeros(())),
        lambda x: np.nanquantile(x, 0.5, weights=[1.0, 2.0], method="inverted_cdf"),
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


def test_the_remedy_for_writing_into_an_array_is_told() -> None:
    t, array = Tensor([1.0, 2.0]), np.zeros(3)
    with pytest.raises(UnsupportedError, match=r"let a be a Tensor, a = np\.zeros_like\(t, shape="):
        array[:2] = t
    with pytest.raises(ValueError, match="sequence") as found:  # NumPy's own words for its cause
        array[0] = t[0]
    assert "np.zeros_like(t, shape=...)" in str(found.value.__cause__)
    with pytest.raises(UnsupportedError, match=r"nested lists np\.block"):
        np.array([[t[0], t[1]], [t[1], t[0]]])
    with pytest.raises(UnsupportedError, match=r"scipy\.special in place of those of math"):
        math.erf(t[0])


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
    x = Tensor([[2.5]], requires_grad=False)
    assert (float(x), int(x), complex(x), x.item(), bool(x)) == (2.5, 2, 2.5, 2.5, True)
    assert f"{Tensor(2.0):.2f}" == "2.00"
    assert [10, 20, 30][Tensor(1)] == 20
    with pytest.raises(ShapeError, match="single value"):
        float(Tensor([1.0, 2.0]))


WAYS_OUT = {
    "float": float,
    "int": int,
    "complex": complex,
    "math.exp": math.exp,
    "np.float64": np.float64,
    "initial": lambda t: np.sum(np.ones(2), initial=t),
    "fromiter": lambda t: np.fromiter([t], float),
    "fill": lambda t: np.zeros(2).fill(t),
    "setitem": lambda t: np.zeros(2).__setitem__(0, t),
    "put": lambda t: np.zeros(2).put(0, t),
    "full": lambda t: np.full(2, t),
    "index": operator.index,
}


@pytest.mark.parametrize("leave", WAYS_OUT.values(), ids=WAYS_OUT)
def test_a_tracked_value_never_becomes_a_plain_number_silently(leave: Any) -> None:
    with pytest.raises((UnsupportedError, DTypeError, ValueError)) as raised:
        leave(Tensor(2.0))
    told = [str(e) for e in (raised.value, raised.value.__cause__)]  # NumPy's own error, and why
    assert any("t.detach()" in text or "no index" in text for text in told)
    t = Tensor(2.0)
    assert (t.item(), f"{t:.1f}", bool(t), t > 1) == (2.0, "2.0", True, True)


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
