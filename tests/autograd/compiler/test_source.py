"""The source of compiled functions: as people write it, and it runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from compiled import trainer
from draws import generator, seeded
from gate_cases import CASES, Case

import autograd as ag
import nn
from autograd import Parameter, TraceError

rng = generator(7)


SPIRAL = """\
import numpy as np


def step(X, y, W1, b1, W2, b2, lr):
    hidden = np.maximum(0, X @ W1 + b1)                       # (30, 16)
    scores = hidden @ W2 + b2                                 # (30, 3)
    assert y.min() >= 0 and y.max() < 3
    shifted = scores - np.max(scores, axis=1, keepdims=True)  # (30, 3)
    exp_scores = np.exp(shifted)                              # (30, 3)
    sums = np.sum(exp_scores, axis=1, keepdims=True)          # (30, 1)
    logprobs = shifted - np.log(sums)                         # (30, 3)
    data_loss = -np.sum(logprobs[range(30), y]) / 30
    reg_loss = 0.0005 * np.sum(W1 * W1) + 0.0005 * np.sum(W2 * W2)
    loss = data_loss + reg_loss
    probs = exp_scores / sums                                 # (30, 3)
    dscores = probs
    dscores[range(30), y] -= 1
    dscores /= 30
    dW2 = hidden.T @ dscores + 0.001 * W2                     # (16, 3)
    db2 = np.sum(dscores, axis=0)                             # (3,)
    dhidden = dscores @ W2.T                                  # (30, 16)
    dhidden[hidden <= 0] = 0
    dW1 = X.T @ dhidden + 0.001 * W1                          # (2, 16)
    db1 = np.sum(dhidden, axis=0)                             # (16,)
    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
    b2 -= lr * db2
    return loss
"""


def test_the_source_of_the_spiral_net_is_what_the_notes_write() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    _, step = trainer()
    compiled = ag.compile(step)
    compiled(X, y)
    assert compiled.source == SPIRAL


def run_source(compiled: ag.Compiled, *args: Any) -> Any:
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    function = scope[compiled.__name__]
    return function(*args, *compiled.constants.values())


def test_the_source_trains_without_this_package() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    net, step = trainer()
    weights = [p.numpy() for p in net.parameters()]
    compiled = ag.compile(step)
    losses = [float(compiled(X, y)) for _ in range(40)]
    text = compiled.source
    assert "autograd" not in text
    scope: dict[str, Any] = {}
    exec(text, scope)
    again = [float(scope["step"](X, y, *weights, 0.7)) for _ in range(40)]
    assert_close(again, losses)
    for p, w in zip(net.parameters(), weights, strict=True):
        assert_close(w, p, of=[1.0])  # probabilities of all points, over their number


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_the_source_of_every_gate_runs_and_is_right(case: Case) -> None:
    def f(*xs: Any) -> Any:
        out = case.f(*xs)
        return np.sum(out * np.linspace(0.5, 1.5, out.size, dtype=out.dtype).reshape(out.shape))

    eager = ag.value_and_grad(f, range(len(case.inputs)), allow_unused=True)

    def both(*xs: Any) -> Any:
        return eager(*xs)

    for dtype in (np.float64, np.float32):
        compiled = ag.compile(both)
        compiled(*(x.astype(dtype) for x in case.inputs))
        other = [np.asarray(rng.permuted(x) if x.ndim else x, dtype) for x in case.inputs]
        value, grads = eager(*other)
        found, slopes = run_source(compiled, *other)
        assert_close(found, value, of=[case.in_numpy(*other)])  # what was summed
        for a, b in zip(grads, slopes, strict=True):
            assert_close(b, a)
            assert not np.ndim(b) or b.dtype == a.dtype


def test_the_source_does_not_write_to_what_is_stretched() -> None:
    """NumPy lets nobody write to what `np.broadcast_to` gives, of a constant or of a number."""
    w = Parameter(np.array([0.99, -0.75]))

    def f(voltage: Any) -> Any:
        power = voltage ** np.int64(2)
        return np.sum(w * 1.15) + np.sum(voltage * 0.37) + np.sum(power * 0.74)

    compiled = ag.compile(lambda voltage: ag.grad(f, (0,), allow_unused=True)(voltage))
    x = np.array(1.16)
    (expected,) = compiled(x)
    assert "np.broadcast_to(1.0, ())" in compiled.source
    assert_close(run_source(compiled, x)[0], expected)


def test_two_gradients_that_become_one_have_names_of_their_own_until_then() -> None:
    w = Parameter(np.array(0.493), name="w")

    def step() -> Any:
        w.zero_grad()
        copy = np.copy(w)
        slope = ag.grad(lambda t: np.sum(t * t * 0.5))(w)
        parts = [np.sum(w * 1.15), np.sum(ag.relu(copy) * 0.37), w.max() * 0.74, slope * 0.97]
        loss = parts[0] + parts[1] + parts[2] + parts[3]
        loss.backward()
        w.data -= 0.01 * w.grad.sum(axis=0, keepdims=True)
        return loss

    compiled = ag.compile(step)
    compiled()
    weight = w.numpy()
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    scope["step"](weight)
    compiled()
    assert_close(weight, w.numpy())


def test_numbers_that_are_joined_keep_their_dtype() -> None:
    compiled = ag.compile(lambda x, n: np.concatenate([x, np.log1p(n)], axis=None))
    x = np.array(1.5, np.float32)
    expected = compiled(x, 0)
    found = run_source(compiled, x, 0)
    assert found.dtype == expected.dtype == np.float64
    assert_close(found, expected)


def test_reading_the_source_changes_nothing() -> None:
    X, y = nn.spiral(10, 3, seed=seeded(0))
    net, step = trainer()
    compiled = ag.compile(step)
    compiled(X, y)
    before = [p.numpy() for p in net.parameters()]
    assert compiled.source == compiled.source
    for p, values in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.numpy(), values)
    with pytest.raises(TraceError, match="call the function once"):
        _ = ag.compile(step).source


def test_names_come_from_the_function() -> None:
    offset = np.arange(20.0) * 1.5

    def wave(x: Any, w: Any) -> Any:
        phase = w * x + offset
        signal = np.tanh(phase)
        return np.sum(signal * signal)

    compiled = ag.compile(ag.grad(wave, (0, 1)))
    compiled(np.ones(20), np.ones(20))
    text = compiled.source
    assert "phase = w * x + offset " in text
    assert "signal = np.tanh(phase) " in text
    assert "dsignal = " in text
    assert "def wave(x, w, offset):" in text
    assert "return dx, dw" in text
    assert list(compiled.constants) == ["offset"]
