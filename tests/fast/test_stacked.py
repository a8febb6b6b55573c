"""Many gradients at once: a stack gives what each array of it gives, or refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd.fast import stacked
from autograd.fast.stacked import NotStackableError, Stacked, each

rng = generator(11)

STACKED: dict[str, Callable[[Any], Any]] = {
    "sum": lambda g: np.sum(g, axis=-1),
    "sum all": lambda g: np.add.reduce(g, axis=None),
    "sum keepdims": lambda g: np.sum(g, axis=(0, 1), keepdims=True),
    "times more axes": lambda g: g * np.ones((5, 1, 2, 3)),
    "more axes times": lambda g: np.ones((5, 1, 2, 3)) * g,
    "row plus": lambda g: g - np.arange(3.0),
    "where": lambda g: np.where(np.ones((4, 2, 3)) > 0, g, 1.0),
    "matrix @": lambda g: np.ones((4, 2)) @ g,
    "@ matrix": lambda g: g @ np.arange(12.0).reshape(3, 4),
    "vector @": lambda g: np.arange(2.0) @ g,
    "@ vector": lambda g: g @ np.arange(3.0),
    "matrices @": lambda g: np.arange(24.0).reshape(3, 4, 2) @ g,
    "@ matrices": lambda g: g @ np.arange(24.0).reshape(2, 3, 4),
    "row @ matrix": lambda g: g[0] @ np.arange(12.0).reshape(3, 4),
    "matrix @ row": lambda g: np.arange(12.0).reshape(4, 3) @ g[1],
    "vector @ row": lambda g: np.arange(3.0) @ g[1],
    "row @ vector": lambda g: g[1] @ np.arange(3.0),
    "dot": lambda g: np.dot(np.ones((4, 2)), g),
    "T": lambda g: g.T * 2.0,
    "transpose": lambda g: np.transpose(g, (1, 0)),
    "swapaxes": lambda g: g.swapaxes(-1, 0),
    "reshape": lambda g: np.reshape(g, (3, -1)),
    "expand": lambda g: np.expand_dims(g, (0, -1)),
    "squeeze": lambda g: np.squeeze(g[:1]),
    "squeeze axis": lambda g: np.squeeze(g[:, 1:2], -1),
    "broadcast": lambda g: np.broadcast_to(g, (4, 2, 3)),
    "index": lambda g: g[..., None, 1],
    "index array": lambda g: g[np.array([1, 0, 1])],
    "mask": lambda g: g[np.array([[True, False, True], [False, True, False]])],
    "index arrays": lambda g: g[np.array([1, 0]), np.array([0, 2])],
    "cumsum": lambda g: np.cumsum(g, axis=0),
    "negative": lambda g: -g / 2.0,
    "astype": lambda g: g.astype(np.float32),
}


@pytest.mark.parametrize("name", STACKED)
def test_a_stack_gives_what_each_of_it_gives(name: str) -> None:
    values = rng.normal(size=(4, 2, 3))
    expected = np.stack([STACKED[name](value) for value in values])
    found = each(STACKED[name], Stacked(values)).values
    assert found.dtype == expected.dtype
    assert_close(found, expected)


@pytest.mark.parametrize(
    "f",
    [
        np.cumsum,
        np.asarray,
        lambda g: np.add(1.0, g, out=np.empty((2, 3))),
        lambda g: np.add.accumulate(g),
        lambda g: g if g else -g,
        lambda g: float(g),
        lambda g: list(g),
        lambda g: g @ g.T,
        lambda g: g[np.array([0]), np.array([0])],
        lambda g: np.sum(g, where=True),
        lambda g: np.dot(np.ones((2, 2, 2)), g),
    ],
)
def test_what_a_stack_does_not_know_it_refuses(f: Any) -> None:
    with pytest.raises(NotStackableError):
        f(Stacked(np.ones((4, 2, 3))))


@pytest.mark.parametrize("together", [1, 200, 1 << 30])
def test_rows_are_worked_out_a_few_at_a_time(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = rng.normal(size=5)

    def f(x: Any) -> Any:
        return np.tanh(x[:, None] * x).sum(axis=0)

    monkeypatch.setattr(stacked, "TOGETHER", together)
    one_by_one = [ag.grad(lambda x, k=k: f(x)[k])(x) for k in range(5)]
    assert_close(ag.jacobian(f)(x), np.stack(one_by_one))
    np.testing.assert_array_equal(ag.compile(ag.jacobian(f))(x), ag.jacobian(f)(x))


def test_a_compiled_hessian_is_one_program_without_a_loop_over_rows() -> None:
    W = rng.normal(size=(20, 10))
    hessian = ag.compile(ag.hessian(lambda x: np.sum(np.exp(np.tanh(W @ x)))))
    hessian(np.ones(10))
    assert len(hessian.program) < 40
    assert not any(given.kind == "tensor" for given in hessian.program.inputs)
