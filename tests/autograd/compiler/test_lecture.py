"""Sources of what students write: the lines that a lecture has, and the numbers of eager code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import Parameter

rng = generator(12)
X, Y = rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
W = rng.normal(size=(4, 4))
LABELS = np.array([3, 0, 2, 1, 1, 0])


def text_of(f: Callable[..., Any], *args: Any) -> str:
    """The source of value and gradients, after its numbers have been looked at."""
    whole = ag.value_and_grad(f, range(len(args)), allow_unused=True)
    compiled = ag.compile(whole)
    compiled(*args)
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    other = [rng.permuted(x) if np.ndim(x) else x / 2 for x in args]
    value, gradients = whole(*other)
    constants = compiled.constants.values()
    copies = [np.copy(x) if np.ndim(x) else x for x in other]
    found, slopes = scope[compiled.__name__](*copies, *constants)
    assert_close(found, value, of=[1.0])
    for slope, expected in zip(slopes, gradients, strict=True):
        assert_close(slope, expected, of=[1.0])
    return str(compiled.source)


def lines_of(f: Callable[..., Any], *args: Any) -> list[str]:
    """Its lines without shapes."""
    return [line.partition("  # ")[0].strip() for line in text_of(f, *args).splitlines()]


def step_of(params: list[Parameter], f: Callable[..., Any], *args: Any) -> list[str]:
    """The lines of a step of training, after its updates have been looked at."""
    own = [p.numpy().copy() for p in params]
    compiled = ag.compile(f)
    compiled(*args)
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    names = {p.name: x for p, x in zip(params, own, strict=True)}
    scope[compiled.__name__](*args, **names, **compiled.constants, **compiled.state)
    for x, p in zip(own, params, strict=True):
        assert_close(x, p, of=[1.0])
    return [line.partition("  # ")[0].strip() for line in compiled.source.splitlines()]


def leaky(x: Any, w: Any) -> Any:
    z = x @ w
    h = np.where(z > 0, z, 0.01 * z)
    return np.sum(h**2)


def huber(x: Any, y: Any) -> Any:
    error = x - y
    small = np.abs(error) <= 1
    return np.mean(np.where(small, 0.5 * error**2, np.abs(error) - 0.5))


def cosine(x: Any, y: Any) -> Any:
    return np.sum(x * y) / (np.sqrt(np.sum(x**2)) * np.sqrt(np.sum(y**2)))


def softmax(x: Any, w: Any) -> Any:
    scores = x @ w
    exp_scores = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    return np.sum(probs**2)


def log_softmax(x: Any, w: Any) -> Any:
    scores = x @ w
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    logprobs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return np.sum(logprobs * x)


def centred(x: Any, w: Any) -> Any:
    """The largest counts here: what it is subtracted from is no softmax."""
    scores = x @ w
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    return np.sum(np.exp(shifted) / 3)


def normalised(x: Any, w: Any) -> Any:
    xmu = x - np.mean(x, axis=0)
    out = xmu / np.sqrt(np.mean(xmu**2, axis=0) + 1e-5)
    return np.sum(out * w[0])


def with_variance(x: Any, w: Any) -> Any:
    xmu = x - np.mean(x, axis=0)
    var = np.mean(xmu**2, axis=0)
    out = xmu / np.sqrt(var + 1e-5)
    return np.sum(out * w[0])


def blend(x: Any, y: Any) -> Any:
    z = ag.sigmoid(x)
    h = (1 - z) * y + z * np.tanh(y)
    return np.mean(h**2)


def tied(x: Any, w: Any) -> Any:
    code = np.tanh(x @ w)
    return np.mean((code @ w.T - x) ** 2)


def divergence(x: Any, y: Any) -> Any:
    return -0.5 * np.mean(np.sum(1 + x - y**2 - np.exp(x), axis=1))


def dropped(x: Any, w: Any) -> Any:
    hidden = np.maximum(0, x @ w) * (x > 0)
    return np.sum(hidden @ w)


def ridge(x: Any, w: Any) -> Any:
    return np.sum(x @ w @ (0.001 * np.eye(4)))


def recurrent(x: Any, w: Any) -> Any:
    h = np.zeros((3, 4))
    for t in range(2):
        h = np.tanh(x[3 * t : 3 * t + 3] @ w + h @ w)
    return np.sum(h**2)


def gated(x: Any, w: Any) -> Any:
    a = x @ w
    return np.sum(np.tanh(a[:, :2]) * ag.sigmoid(a[:, 2:]))


def embedded(x: Any, w: Any) -> Any:
    vectors = w[np.array([[0, 1], [2, 0], [3, 3]])]
    return np.sum(np.mean(vectors, axis=1) * x[:3])


def flattened(x: Any, w: Any) -> Any:
    hidden = np.maximum(0, x @ w)
    return np.sum(hidden.reshape(3, -1) @ w.reshape(8, 2))


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (leaky, "dz = np.where(z > 0, dh, 0.01 * dh)"),
        (huber, "derror = (np.sign(error) * ~small + error * small) / 24"),
        (cosine, "norm_x = np.sqrt(np.sum(x**2))"),
        (cosine, "dt1 = -out / t1"),
        (cosine, "dx = dt1 * norm_y * x / norm_x + y / t1"),
        (softmax, "dscores = dexp_scores * exp_scores"),
        (softmax, "sums = np.sum(exp_scores, axis=1, keepdims=True)"),
        (with_variance, "std = np.sqrt(var + 1e-05)"),
        (with_variance, "loss = np.sum(out * w[0])"),
        (normalised, "root = np.sqrt(np.mean(xmu**2, axis=0) + 1e-05)"),
        (blend, "dz = dh * (tanh_y - y)"),
        (tied, "dw = ddiff.T @ code + x.T @ dcode"),
        (divergence, "dy = y / 6"),
        (dropped, "dhidden *= x > 0"),
        (ridge, "out = np.sum(x @ w @ (0.001 * np.eye(4)))"),
        (log_softmax, "exp_shifted = np.exp(shifted)"),
        (log_softmax, "dx = logprobs + dshifted @ w.T"),
        (centred, "share = winners / np.sum(winners, axis=1, keepdims=True)"),
        (with_variance, "dw = np.zeros_like(w)"),
        (recurrent, "h0 = np.zeros((3, 4))"),
        (gated, "da = np.zeros_like(a)"),
        (gated, "da[:, :2] = t2 * (1 - t1 * t1)"),
        (embedded, "np.add.at(dw, index, (x[:3] / 2)[:, np.newaxis])"),
        (flattened, "dhidden[hidden <= 0] = 0"),
        (recurrent, "h1 = np.tanh(x[0:3] @ w + h0 @ w)"),
    ],
)  # fmt: skip
def test_lines_of_a_lecture(f: Callable[..., Any], wanted: str) -> None:
    assert wanted in lines_of(f, X, Y if f in (huber, cosine, blend, divergence) else W)


def test_what_a_softmax_is_shifted_by_has_no_gradient() -> None:
    for f in (softmax, log_softmax):
        assert "winners" not in text_of(f, X, W)


def test_velocities_are_updated_as_they_were_written() -> None:
    w = Parameter(np.ones((4, 4)), name="w")
    v = Parameter(np.zeros((4, 4)), requires_grad=False, name="v")

    def step(x: Any, lr: Any) -> Any:
        w.zero_grad()
        loss = np.mean((x @ w) ** 2)
        loss.backward()
        v.__imul__(0.9)
        v.__isub__(lr * w.grad)
        w.__iadd__(v)
        return loss

    lines = step_of([w, v], step, X, 0.1)
    at = lines.index("v *= 0.9")
    assert lines[at : at + 3] == ["v *= 0.9", "v -= lr * dw", "w += v"]


def test_a_velocity_whose_old_value_is_returned_is_not_written_over() -> None:
    w = Parameter(np.ones(4), name="w")
    v = Parameter(np.ones(4), requires_grad=False, name="v")

    def step(x: Any) -> Any:
        w.zero_grad()
        np.sum(x @ w).backward()
        before = v.numpy().copy()
        v.data = v.data * 0.9 + w.grad
        return before

    own = {"v": np.ones(4)}
    compiled = ag.compile(step)
    compiled(X)
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    assert_close(scope["step"](X, **own), np.ones(4))
    assert_close(own["v"], v)


def test_a_counter_counts() -> None:
    w = Parameter(np.ones(4), name="w")
    state = {"t": 0}

    def step(x: Any) -> Any:
        w.zero_grad()
        loss = np.sum(x @ w)
        loss.backward()
        state["t"] += 1
        w.data = w.data - w.grad / (1 - 0.9 ** state["t"])
        return loss

    compiled = ag.compile(step)
    compiled(X)
    compiled(X)
    lines = [line.strip() for line in compiled.source.splitlines()]
    assert "t += 1" in lines
    assert any(line.startswith("return ") and line.endswith(", t") for line in lines)
    own, scope, t = np.ones(4), dict[str, Any](), 0
    exec(compiled.source, scope)
    for _ in range(2):
        t = scope["step"](X, t=t, w=own)[1]
    assert t == 2
    assert_close(own, w)


def test_shapes_stand_in_one_column_and_are_said_once() -> None:
    text = text_of(softmax, X, W)
    noted = [line for line in text.splitlines() if "  # (" in line]
    assert max(map(len, text.splitlines())) <= 100
    columns = [line.index("  # (") for line in noted if line.index("  # (") <= 68]
    assert len(set(columns)) == 1
    ones = text_of(dropped, X, W)
    assert "ones = np.ones((6, 4))\n" in ones


def test_gradients_that_a_loop_adds_up_take_each_others_place() -> None:
    def f(x: Any, w: Any) -> Any:
        loss = 0
        for t in range(5):
            scores = x * (t + 1) @ w
            loss = loss + ag.softmax_cross_entropy(scores, LABELS)
        return loss

    text = text_of(f, X, W)
    assert "dscores2" not in text
    assert text.count("dscores /= 6") == 5
