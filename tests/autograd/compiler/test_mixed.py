"""Compiled functions of numbers beside arrays, and gradients of gradients of branches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from close import assert_close

import autograd as ag


def same(a: Any, b: Any) -> None:
    a, b = (x.numpy() if isinstance(x, ag.Tensor) else np.asarray(x) for x in (a, b))
    assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())


@pytest.mark.parametrize(
    "f",
    [
        lambda s, m: s * s,
        lambda s, m: s * s + 0 * float(m.size),
        lambda s, m: np.exp(s) if m.ndim else s,
    ],
)
def test_an_array_that_a_program_of_numbers_does_not_read(f: Callable[..., Any]) -> None:
    compiled = ag.compile(f)
    for s in (2.0, 2.0, 3.5):
        same(compiled(s, np.ones(3)), f(s, np.ones(3)))
    assert compiled.why == ["first call"]


def test_an_array_that_a_program_of_numbers_returns() -> None:
    compiled = ag.compile(lambda s, m: (s * s, m))
    for s in (2.0, 3.5):
        square, m = compiled(s, np.full(3, s))
        same(square, s * s)
        same(m, np.full(3, s))


def test_a_parameter_that_a_program_of_numbers_does_not_need() -> None:
    W = ag.Parameter(np.ones(3))

    def f(s: Any) -> Any:
        np.sum(W * s)
        return s * s

    compiled = ag.compile(f)
    for s in (2.0, 3.5, 4.5):
        same(compiled(s), s * s)
    assert compiled.why == ["first call"]


BRANCHES: dict[str, Callable[[Any], Any]] = {
    "where": lambda x: np.where(x > 0, np.log(x), x),
    "where-of-where": lambda x: np.where(x > 1, x**3, np.where(x > 0, np.sqrt(x), x * x)),
    "maximum": lambda x: np.maximum(x * x, x**3),
    "minimum": lambda x: np.minimum(np.exp(x), x * x),
    "clip": lambda x: np.clip(x**3, -1.0, 2.0),
    "relu": lambda x: ag.relu(x) ** 3,
    "absolute": lambda x: np.abs(x) * x * x,
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the branch that is not taken
@pytest.mark.parametrize("name", BRANCHES)
def test_gradients_of_gradients_of_branches(name: str) -> None:
    f = BRANCHES[name]
    second = ag.grad(ag.grad(f))
    compiled = ag.compile(second)
    for x in (2.0, 2.0, 0.5, -1.5):
        same(compiled(x), second(x))

    def total(x: Any) -> Any:
        return ag.grad(lambda y: np.sum(ag.grad(lambda z: np.sum(f(z)))(y) * y))(x)

    compiled = ag.compile(total)
    for values in ([2.0, 0.5], [2.0, 0.5], [-1.5, 3.0]):
        same(compiled(np.array(values)), total(np.array(values)))


def test_native_cross_entropy_without_a_gradient_is_stable_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llvmlite", reason='needs numba: pip install "gategrad[jit]"')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    scores, labels = np.array([[0.0, 1000.0], [1.0, 2.0]]), np.array([0, 1])
    native = ag.compile(ag.softmax_cross_entropy, backend="numba")
    for y in (labels, labels[::-1].copy()):
        assert_close(native(scores, y), np.asarray(ag.softmax_cross_entropy(scores, y)))
