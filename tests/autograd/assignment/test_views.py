"""Writes through views: what is written to one tensor is seen by all that show its memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import InPlaceError, Tensor, no_grad

VIEWS: dict[str, Callable[[Any], Any]] = {
    "transposed": lambda t: t.T,
    "reshaped": lambda t: t.reshape(6, 2),
    "flat": np.ravel,
    "row": lambda t: t[0],
    "column": lambda t: t[..., 1],
    "step": lambda t: t[::-1, ::2],
    "new axis": lambda t: t[None],
    "expanded": lambda t: np.expand_dims(t, 0),
    "squeezed": lambda t: np.squeeze(t[:, :1]),
    "part": lambda t: np.array_split(t, 2)[1],
    "diagonal": lambda t: t.reshape(2, 6)[:, 1:3].T,
    "turned": lambda t: np.rot90(t),
    "of a view": lambda t: t.T[1:],
    "empty": lambda t: t[:0],
}


def add_one(t: Any, x: Any) -> None:
    t += 1.0


def add_product(t: Any, x: Any) -> None:
    t *= np.sum(x * x)


def some(t: Any, x: Any) -> None:
    t[:1] = x[0, 0] * x[1, 1]


def itself(t: Any, x: Any) -> None:
    t[...] = t * t[:1]


def put(t: Any, x: Any) -> None:
    np.copyto(t, np.sum(x[0] * x[1]), where=True)


WRITES = [add_one, add_product, some, itself, put]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("write", WRITES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("order", ["C", "F"])
def test_all_that_show_the_memory_see_what_is_written(view: Any, write: Any, order: str) -> None:
    def f(x: Any) -> Any:
        t = (x if order == "C" else x.T) * 2.0
        seen, other = view(t), t[1:]
        write(seen, x)
        write(t, x)
        write(other, x)
        write(view(t), x)  # a view that is made later
        return np.sum(t * t) + np.sum(seen**3) + np.sum(other * 0.5)

    x = generator(3).normal(size=(3, 4) if order == "C" else (4, 3))
    assert_close(f(Tensor(x)), f(x))
    ag.check_gradients(f, x, rtol=1e-5, atol=1e-6 * abs(f(x)))


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_the_axes_may_lie_in_any_order_in_memory(order: tuple[int, ...]) -> None:
    def f(x: Any) -> Any:
        t = np.tanh(np.transpose(x, order))
        row, part = t[1], t[..., 1:]
        t[:, :] *= 0.5
        part += t[..., :1] * np.sum(t)
        row *= t[0]
        return np.sum(t * np.arange(12.0).reshape(t.shape)) + np.sum(np.exp(part)) + np.sum(row)

    x = generator(4).normal(size=(2, 3, 2))
    assert_close(f(Tensor(x)), f(x))
    ag.check_gradients(f, x, rtol=1e-5, atol=1e-6 * abs(f(x)))


GAPS: dict[str, Callable[[Any], Any]] = {
    "column": lambda t: t[:, 1],
    "every other": lambda t: t[:, ::2],
    "backwards": lambda t: t[::-1, 1:],
    "turned": lambda t: t.T[::2],
    "real part": lambda t: np.real(np.exp(1j * t)),
}


@pytest.mark.parametrize("part", GAPS.values(), ids=GAPS)
def test_parts_of_what_nobody_else_has_are_written_to(part: Any) -> None:
    """Their elements do not lie side by side, and what is between is of no use to anybody."""

    def f(x: Any) -> Any:
        t = part(np.tanh(x))
        seen, last = t[1:], t[..., -1:]
        t[1:] *= 2.0
        seen += np.sum(x)
        last *= t[..., :1]
        t[:1] *= last[0] * seen[0]
        weights = np.arange(1.0, t.size + 1).reshape(t.shape)
        return np.sum(t * weights) + np.sum(np.exp(seen)) + np.sum(last**2)

    x = generator(5).normal(size=(3, 4)) * 0.3
    assert_close(f(Tensor(x)), f(x))
    ag.check_gradients(f, x, rtol=1e-5, atol=1e-6 * abs(f(x)))


def test_rows_are_written_to_in_a_loop() -> None:
    def f(x: Any) -> Any:
        t = x * x
        for k, row in enumerate(t):
            row *= k + x[0]
        left, right = np.split(t, 2, axis=1)
        left += right
        return t

    x = generator(1).normal(size=(3, 4))
    assert_close(f(Tensor(x)), f(x))
    ag.check_gradients(f, x, order=2, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("chapter", range(4))
def test_random_programs_of_views(chapter: int) -> None:
    rng = generator(chapter)
    for _ in range(10):
        names = rng.choice([*set(VIEWS) - {"empty"}], size=3)
        steps = [(int(rng.integers(4)), WRITES[int(rng.integers(3))]) for _ in range(5)]
        keep = rng.random(5) < 0.5

        def f(x: Any, names: Any = names, steps: Any = steps, keep: Any = keep) -> Any:
            t = np.tanh(x)
            shown = [t, *(VIEWS[name](t) for name in names)]
            for (k, write), also in zip(steps, keep, strict=True):
                if also:
                    shown.append(shown[k][..., :1])
                write(shown[k], x)
            return sum(np.sum(v * v) * (0.1 + k) for k, v in enumerate(shown))

        x = rng.normal(size=(3, 4)) * 0.5
        assert_close(f(Tensor(x)), f(x))
        ag.check_gradients(f, x, rtol=1e-5, atol=1e-6 * max(1.0, abs(f(x))))


def test_graphs_keep_what_they_read() -> None:
    x = Tensor([1.0, 2.0, 3.0])
    t = x * 2
    before = np.sum(t * t)
    part = t[1:]
    reads = np.sum(part * part)
    part += 10.0
    assert t.numpy().tolist() == [2.0, 14.0, 16.0]
    (before + reads).backward()
    assert x.grad.tolist() == [8.0, 32.0, 48.0]


def test_an_untracked_tensor_becomes_tracked_through_a_view() -> None:
    out = Tensor(np.zeros((2, 2)), requires_grad=False, name="out")
    row, other = out[0], out.T
    x = Tensor(3.0)
    row[1] = x * x
    assert (out.requires_grad, row.requires_grad, other.requires_grad) == (True, True, True)
    assert out.name == "out"
    (out.sum() + other[1, 0]).backward()
    assert float(x.grad) == 12.0


def test_untracked_tensors_and_no_grad() -> None:
    t = Tensor([1, 2, 3], requires_grad=False)
    part = t[1:]
    part += 1
    assert t.numpy().tolist() == [1, 3, 4]
    with no_grad():
        z = Tensor([1.0, 2.0]) * 1
        z[:1].fill(5.0)
        assert z.numpy().tolist() == [5.0, 2.0]


def test_names_and_retained_gradients_stay() -> None:
    x = Tensor([1.0, 2.0])
    t = x * 3
    t.name = "t"
    t.retain_grad()
    part = t[:1]
    part *= 2.0
    assert t.name == "t"
    (t * t).sum().backward()
    assert t.grad.tolist() == [12.0, 12.0]


def test_tensors_that_are_gone_are_forgotten() -> None:
    t = Tensor([1.0, 2.0]) * 1
    kept = t[:1]
    for _ in range(1000):
        part = t[1:]
        part += 1.0
    assert len(t._memory) < 70  # type: ignore[union-attr]
    assert t.numpy().tolist() == [1.0, 1002.0]
    assert kept.item() == 1.0


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("write", WRITES, ids=lambda f: f.__name__)
def test_compiled(view: Any, write: Any) -> None:
    """The same bits as eager, value and gradient."""

    def f(x: Any) -> Any:
        t = x * 2.0
        write(view(t), x)
        row = t[1:]
        row *= x[1:]  # a write after that
        return np.sum(t * t) + np.sum(view(t) ** 3)

    x = generator(3).normal(size=(3, 4))
    eager, compiled = ag.value_and_grad(f), ag.compile(ag.value_and_grad(f))
    for argument in x, x / 2:
        for found, expected in zip(compiled(argument), eager(argument), strict=True):
            np.testing.assert_array_equal(found, expected)
    assert compiled.why == ["first call"]


def test_a_view_that_is_written_to_stands_as_such_in_the_source() -> None:
    @ag.compile
    def f(x: Any) -> Any:
        out = np.zeros_like(x, shape=(3, 2))
        out[0] = x
        out[1] = out[0]
        out[1:, 1] += x
        return out

    found = f(Tensor([1.0, 2.0]))
    assert found.numpy().tolist() == [[1.0, 2.0], [1.0, 3.0], [0.0, 2.0]]
    assert "out[1:, 1]" in f.source


def test_state_of_a_compiled_function_is_written_to_through_a_view() -> None:
    def at_work(compiled: bool) -> Any:
        state = Tensor(np.zeros((2, 3)), requires_grad=False)

        def f(x: Any) -> Any:
            part = state[:, 1:]
            part += x
            state[1] = state[0]
            return (state * x[0]).sum()

        g = ag.compile(f) if compiled else f
        return [g(np.array([k, 2.0])).item() for k in (1.0, 2.0, 3.0)], state.numpy().tolist()

    assert at_work(compiled=True) == at_work(compiled=False)


def test_views_from_outside_of_a_compiled_function_are_refused() -> None:
    t = Tensor(np.zeros(3), requires_grad=False)
    part = t[1:]

    def f(x: Any) -> Any:
        part[0] = x
        return t.sum()

    with pytest.raises(InPlaceError, match="shares memory"):
        ag.compile(f)(2.0)
    assert t.numpy().tolist() == [0.0, 0.0, 0.0]
