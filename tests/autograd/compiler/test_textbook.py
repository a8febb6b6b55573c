"""Sources say things as they are taught, and give the numbers and dtypes of eager code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import Parameter

rng = generator(11)
LABELS = np.array([2, 0, 1, 1, 2])
ROWS = np.arange(5)


def arrays(dtype: Any = np.float64) -> tuple[Any, Any, Any]:
    """A batch of five, a matrix for it, and a row."""
    shapes = (5, 3), (3, 3), (3,)
    return tuple(rng.normal(size=shape).astype(dtype) for shape in shapes)  # type: ignore[return-value]


def neuron(s: Any) -> Any:
    return 1 / (1 + np.exp(-s))


def own_softmax(X: Any, W: Any, b: Any) -> Any:
    exp_scores = np.exp(X @ W + b)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    return np.mean(-np.log(probs[ROWS, LABELS]))


def own_hinge(X: Any, W: Any, b: Any) -> Any:
    scores = X @ W + b
    margins = np.maximum(0, scores - scores[ROWS, LABELS].reshape(-1, 1) + 1)
    margins[ROWS, LABELS] = 0
    return np.sum(margins) / 5


def normalised(X: Any, W: Any, b: Any) -> Any:
    xmu = X - np.mean(X, axis=0)
    var = np.mean(xmu**2, axis=0)
    xhat = xmu / np.sqrt(var + 1e-5)
    return np.sum((xhat @ W + b) ** 3)


def penalty(X: Any, W: Any, b: Any) -> Any:
    return np.sum(np.tanh(X @ W + b)) + 0.5 * 1e-3 * np.sum(W * W)


def hidden_layer(X: Any, W: Any, b: Any) -> Any:
    hidden = np.maximum(0, X @ W + b)
    return np.mean(hidden**2)


def several_steps(X: Any, W: Any, b: Any) -> Any:
    h, loss = X, 0
    for _ in range(4):
        h = np.tanh(h @ W + b)
        loss = loss + np.mean(h**2)
    return loss


def attention(X: Any, W: Any, b: Any) -> Any:
    q, k = X @ W, X * b
    scores = q @ k.T / 8
    return np.sum(ag.softmax(scores, axis=1) @ X)


def repeated(X: Any, W: Any, b: Any) -> Any:
    taken = X[np.array([0, 1, 0])]
    return np.sum(taken * W)


def images(X: Any, W: Any, b: Any) -> Any:
    x = np.reshape(np.concatenate([X, W, X]), (1, 1, 13, 3))
    maps = np.maximum(0, ag.conv2d(x, np.reshape(W, (1, 1, 3, 3)), padding=1, stride=(2, 1)))
    return np.sum(ag.max_pool2d(maps, 2, stride=1, padding=1) ** 2) + np.sum(ag.avg_pool2d(x, 3))


def grouped(X: Any, W: Any, b: Any) -> Any:
    x = np.reshape(np.concatenate([X, W, X, W]), (1, 2, 8, 3))
    return np.sum(ag.conv2d(x, np.reshape(W[:2, :2], (2, 1, 2, 1)), groups=2, dilation=2) ** 2)


def scale_by_thirds(X: Any, W: Any, b: Any) -> Any:
    return np.sum(X / 3 * b) - np.sum(W * 0.001)


FUNCTIONS = [
    own_softmax, own_hinge, normalised, penalty, hidden_layer, several_steps, attention, repeated,
    images, grouped, scale_by_thirds, lambda X, W, b: np.sum(neuron(X @ W + b)),
    lambda X, W, b: ag.svm_hinge(X @ W + b, LABELS),
    lambda X, W, b: ag.softmax_cross_entropy(X @ W + b, LABELS),
    lambda X, W, b: np.sum(W @ b * b) - np.sum(b * X) / 7,
    lambda X, W, b: np.sum(np.where(X > 0, X * b, np.log(np.abs(X))) - X) / np.mean(W),
]  # fmt: skip


def derived(f: Callable[..., Any], *args: Any) -> tuple[str, Callable[..., Any]]:
    """The source of value and gradients, and the function that it is on NumPy alone."""
    compiled = ag.compile(ag.value_and_grad(f, range(len(args)), allow_unused=True))
    compiled(*args)
    text = compiled.source
    scope: dict[str, Any] = {}
    exec(text, scope)
    constants = compiled.constants.values()
    return text, lambda *xs: scope[compiled.__name__](*xs, *constants)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_texts_give_the_numbers_and_dtypes_of_eager(f: Callable[..., Any], dtype: Any) -> None:
    _, run = derived(f, *arrays(dtype))
    other = arrays(dtype)
    value, grads = ag.value_and_grad(f, range(3), allow_unused=True)(*other)
    found, gradients = run(*(x.copy() for x in other))
    assert_close(found, value, of=[1.0])
    for x, expected in zip(gradients, grads, strict=True):
        assert np.shape(x) == expected.shape
        if np.ndim(x):
            assert x.dtype == expected.dtype
        assert_close(x, expected, of=[1.0])


def momentum() -> str:
    """The source of a step with two parameters, and with values that a loop names again."""
    W, b = params = [Parameter(np.ones((3, 2)), name="W"), Parameter(np.ones(2), name="b")]
    speeds = [Parameter(np.zeros(p.shape), requires_grad=False, name=f"v{p.name}") for p in params]

    @ag.compile
    def step(X: Any, y: Any) -> Any:
        for p in params:
            p.zero_grad()
        error, start = X @ W + b - y, np.mean(X)
        loss = np.mean(error**2) * start
        loss.backward()
        for p, v in zip(params, speeds, strict=True):
            v.data = 0.9 * v.data + p.grad
            scaled = v.data / (1 + np.sum(v.data**2))
            p -= 0.1 * scaled
        return loss

    X, y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    own = [p.numpy().copy() for p in (W, b, *speeds)]
    names = "W", "b", "vW", "vb"
    step(X, y)
    scope: dict[str, Any] = {}
    exec(step.source, scope)
    scope["step"](X=X, y=y, **dict(zip(names, own, strict=True)))
    for x, p in zip(own, (W, b, *speeds), strict=True):
        assert_close(x, p, of=[1.0])
    return step.source


def test_names_of_a_loop_are_used_again_where_nobody_reads_the_old_value() -> None:
    text = momentum()
    assert text.count("    scaled = v") == 2
    assert "dW = X.T @ derror" in text
    assert "    error = X @ W + b - y " in text  # two names were assigned at once


def test_gradients_that_are_wanted_are_not_written_over() -> None:
    """dh is wanted as it is, so what it grows into has memory of its own."""

    def f(h: Any) -> Any:
        h = np.tanh(h)
        h.retain_grad()
        np.sum(h**2).backward()
        return h, h.grad

    compiled = ag.compile(f)
    x = ag.Tensor(rng.normal(size=4))
    compiled(x)
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    out, dh = scope["f"](np.ones(4))[:2]
    assert_close(out, np.tanh(np.ones(4)))
    assert_close(dh, 2 * np.tanh(np.ones(4)))


def test_kinks_are_as_in_the_rows() -> None:
    def f(x: Any, w: Any) -> Any:
        hidden = np.maximum(0, x * w)
        return np.sum(hidden * w)

    x, w = np.array([-1.0, 0.0, 2.0, np.nan]), np.array([1.0, 2.0, 3.0, 4.0])
    text, run = derived(f, x, w)
    assert "dhidden[hidden <= 0] = 0" in text or "hidden != 0" in text
    _, grads = ag.value_and_grad(f, (0, 1))(x, w)
    for found, expected in zip(run(x, w)[1], grads, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sigmoid_written_out_is_right_where_it_saturates(sign: int) -> None:
    s = sign * np.array([0.0, 3.0, 30.0, 300.0])
    text, run = derived(lambda s: np.sum(neuron(s)), s)
    assert " * (1 - " in text
    _, grad = ag.value_and_grad(lambda s: np.sum(neuron(s)))(s)
    np.testing.assert_allclose(run(s)[1][0], grad, rtol=1e-12, atol=1e-15)


def test_a_name_means_what_is_still_read() -> None:
    """The gradient by v is wanted for the view when that of c begins to be summed up."""
    c = Parameter(rng.normal(size=(3, 4)), name="c")
    start = c.data.copy()

    def step(x: Any) -> Any:
        c.zero_grad()
        copy = c.copy()
        v = c * 1.0
        view = v[:, :1] * 2.0
        v *= 0.5
        v = v + view
        loss = np.sum(c * 1.15) + np.sum(np.tanh(v * x) * 0.37) + np.sum(copy * 0.74)
        loss.backward()
        return loss

    x = rng.normal(size=(3, 4))
    compiled = ag.compile(step)
    compiled(x)
    scope: dict[str, Any] = {}
    exec(compiled.source(gradients=True), scope)
    loss, (dc,) = scope["step"](x, start)
    assert_close(loss, compiled(x).numpy())
    assert_close(dc, c.grad)


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (lambda x: np.sqrt(np.maximum(x, 0)), "dx = np.where(t1 != 0, 0.5 / np.sqrt(t1), 0.0)"),
        (lambda x: np.where(x > 0, np.log(x), 0.5), "dx = np.where(x > 0, 1 / x, 0.0)"),
        (
            lambda x: np.where(x > 0, np.log(x), x * x),
            "dx = 2 * np.where(~(x > 0), x, 0.0) + np.where(x > 0, 1 / x, 0.0)",
        ),
        (lambda x: np.where(x > 0, x, 3.0), "dx = np.where(x > 0, 1.0, 0.0)"),
        (lambda x: x, "return np.ones((2, 2))"),
    ],
)
def test_gradients_of_what_was_not_used_are_silent_in_few_words(
    f: Callable[..., Any], wanted: str
) -> None:
    grad = ag.grad(lambda x: np.sum(f(x)))
    compiled = ag.compile(grad)
    x, scope = np.array([[-1.0, 0.0], [2.0, 0.5]]), dict[str, Any]()
    with np.errstate(all="ignore"):
        compiled(x)
        found = [line.partition("  # ")[0].strip() for line in compiled.source.splitlines()]
        assert wanted in found
        exec(compiled.source, scope)
        (run,) = (x for name, x in scope.items() if name not in ("np", "__builtins__"))
        assert_close(run(x), grad(x))


def test_in_which_order_masks_lie_is_not_said() -> None:
    def f(x: Any, row: Any) -> Any:
        v = x * 1.0
        v[-1:] = row
        return np.sum(np.sqrt(np.maximum(v, 0.5)))

    compiled = ag.compile(ag.grad(f))
    x = np.array([[1.0, 2.0], [np.nan, 0.5], [np.inf, 0.0]], order="F")
    with np.errstate(all="ignore"):
        compiled(x, np.ones((1, 2)))
    assert "dv = np.where(t3 != 0, t2, 0.0)" in compiled.source


def test_forward_mode_is_written_as_by_hand() -> None:
    product = ag.hvp(lambda t: np.sum(t**3))
    compiled = ag.compile(lambda x, v: product(x, v))
    compiled(np.ones(4), np.ones(4))
    assert "6 * v * x" in compiled.source


def test_equal_constants_are_one_whether_they_have_a_name_or_not() -> None:
    x = np.linspace(0.0, 1.0, 64).astype(np.float32)
    compiled = ag.compile(lambda: np.sum(ag.hvp(lambda t: np.sum(t**3))(x, x) * 1.15))
    compiled()
    assert list(compiled.constants) == ["x"]


def lines(f: Callable[..., Any]) -> list[str]:
    text, _ = derived(f, *arrays())
    return [line.partition("  # ")[0].strip() for line in text.splitlines()]


@pytest.mark.parametrize(
    ("f", "wanted"),
    [
        (own_softmax, "dprobs = np.zeros_like(probs)"),
        (own_softmax, "index = np.array([2, 0, 1, 1, 2])"),
        (own_softmax, "dprobs[range(5), index] = dchosen"),
        (repeated, "np.add.at(dX, index, W)"),
        (own_hinge, "dscores[margins <= 0] = 0"),
        (own_hinge, "margins[range(5), index] = 0"),
        (own_hinge, "dscores[range(5), index] -= np.sum(dscores, axis=1)"),
        (normalised, "dvar = -0.5 * np.sum(dxhat * xhat, axis=0) / std**2"),
        (penalty, "dW = X.T @ t2 + 0.001 * W"),
        (hidden_layer, "dhidden = 2 * hidden / 15"),
        (hidden_layer, "dhidden[hidden <= 0] = 0"),
        (several_steps, "h4 = np.tanh(h3 @ W + b)"),
        (several_steps, "loss += np.mean(h4**2)"),
        (several_steps, "dh4 *= 1 - h4 * h4"),
        (several_steps, "dW += X.T @ dh1"),
        (attention, "k = X * b"),
        (attention, "dscores /= 8"),
        (scale_by_thirds, "dW = np.full((3, 3), -0.001)"),
    ],
)
def test_what_people_write(f: Callable[..., Any], wanted: str) -> None:
    assert wanted in lines(f)
