"""Assignment in compiled functions, in their source and in pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from close import assert_close
from draws import generator

import autograd as ag
from autograd import Parameter, Tensor, no_grad


def test_tensors_that_a_compiled_function_makes_are_made_anew_at_every_call() -> None:
    def add_to_zeros(x: Any) -> Any:
        total = Tensor(np.zeros(2), requires_grad=False)
        total += x
        total[0] = total[1] * 2
        return total

    compiled = ag.compile(add_to_zeros)
    for _ in range(3):
        assert compiled(np.array([1.0, 2.0])).numpy().tolist() == [4.0, 2.0]
    assert compiled.why == ["first call"]


def test_compiled_with_masks_of_other_counts() -> None:
    """One value for all places where a mask is true, however many there are."""

    def loss(x: Any, v: Any, mask: Any) -> Any:
        y = np.tanh(x)
        y[mask] = np.tanh(v) * 2
        y[mask[:, 0]] = v
        return np.mean(y * y * y)

    rng = generator(1)
    x = rng.normal(size=(5, 6))
    masks = [np.arange(30).reshape(5, 6) < count for count in (1, 6, 0, 30, 13)]
    for shape in ((), (1,)):
        v = np.full(shape, 0.5)
        eager = ag.value_and_grad(loss, (0, 1))
        ag.check_gradients(lambda x, v: loss(x, v, masks[1]), x, v)
        for backend in ("numpy", "numba"):
            if backend == "numba":
                pytest.importorskip("numba")
            compiled = ag.compile(eager, backend=backend)
            for mask in masks:
                (value, grads), (wanted, wanted_grads) = compiled(x, v, mask), eager(x, v, mask)
                assert_close(value, wanted)
                for ours, theirs in zip(grads, wanted_grads, strict=True):
                    assert_close(ours, theirs)
            assert compiled.why == ["first call"]


def test_compiled_where_only_the_index_is_an_argument() -> None:
    def loss(x: Any, v: Any, index: Any) -> Any:
        y = x * 1
        y[index] = v
        return np.sum(y)

    eager = ag.grad(loss, (0, 1))
    compiled = ag.compile(eager)
    for index in (np.array([0, 2]), np.array([1, 1])):
        for ours, theirs in zip(compiled(np.ones(3), np.ones(2), index),
                                eager(np.ones(3), np.ones(2), index), strict=True):  # fmt: skip
            np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ag.TraceError, match=r"np\.where\(mask, t"):
        ag.compile(lambda x, mask: np.sum(x[mask] * 2))(np.ones(3), np.array([True, False, True]))


def test_arguments_of_compiled_functions_are_not_written_to() -> None:
    """What was written would not reach the caller."""

    def step(x: Any) -> Any:
        x[x < 0] = 0
        return np.sum(x)

    with pytest.raises(ag.TraceError, match=r"t = t\.copy\(\)"):
        ag.compile(step)(np.ones(3))
    with pytest.raises(ag.TraceError, match=r"t = t\.copy\(\)"):
        ag.compile(lambda x: x.__iadd__(1))(np.ones(3))


def test_compiled_functions_that_replace_values() -> None:
    w = Parameter(np.ones(3))
    buffer = Tensor(np.ones(3), requires_grad=False).detach()

    def step(x: Any) -> Any:
        w.data = np.full(3, 2.0)
        old = buffer.detach().copy()
        buffer.name = "buffer"
        buffer[0] = w[0] * x[0]
        with no_grad():
            w[1] = x[1]
        return np.sum(w * x) + np.sum(old)

    def run(function: Any) -> list[float]:
        w.data, buffer.data = np.ones(3), np.ones(3)
        buffer.requires_grad = False
        values = []
        for k in range(4):
            values.append(float(function(np.full(3, k + 1.0))))
            buffer.data = buffer.numpy()
            values += [*w.numpy(), *buffer.numpy()]
        return values

    with no_grad():  # in eager code the buffer would become part of a graph
        wanted = run(step)
    assert run(ag.compile(step)) == wanted
    assert not buffer.requires_grad


def test_tensors_that_a_compiled_function_makes_are_joined_to_others() -> None:
    joined = ag.compile(lambda x: np.concatenate([Tensor(np.zeros(2)), x, np.ones(1)]))
    for k in range(3):
        assert joined(np.full(2, float(k))).numpy().tolist() == [0.0, 0.0, k, k, 1.0]


def test_tensors_with_gradients_that_a_compiled_function_makes() -> None:
    w = Parameter(np.ones(3))

    @ag.compile
    def step(x: Any) -> Any:
        w.zero_grad()
        scale = Tensor([2.0, 3.0, 4.0])
        loss = np.sum(w * scale * x)
        loss.backward()
        return scale.grad * 1.0

    for k in range(3):
        assert step(np.full(3, k + 1.0)).tolist() == [k + 1.0] * 3
        assert w.grad.tolist() == [2.0 * (k + 1), 3.0 * (k + 1), 4.0 * (k + 1)]
    assert step.why == ["first call"]


def test_what_fresh_functions_are_given_cannot_be_written_to() -> None:
    def sorts(z: Any) -> Any:
        z.sort()
        return z

    t = Tensor([3.0, 1.0], requires_grad=False)
    for function in (lambda t: ag.fresh(sorts, t), ag.compile(lambda t: ag.fresh(sorts, t * 1))):
        with pytest.raises(ValueError, match="read-only"):
            function(t)
    assert t.numpy().tolist() == [3.0, 1.0]


def test_large_transposed_arrays_have_the_bits_of_eager_when_compiled() -> None:
    def f(x: Any) -> Any:
        v = np.moveaxis(x * 1, 0, -1)
        return np.sum(np.exp(0.1 * v) - v * v)

    x = generator(0).normal(size=(96, 96))
    eager, compiled = ag.value_and_grad(f), ag.compile(ag.value_and_grad(f))
    for k in range(3):
        for ours, theirs in zip(compiled(x + k), eager(x + k), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_the_source_is_what_was_written() -> None:
    def step(x: Any) -> Any:
        out = np.tanh(x)
        mask = out <= 0
        out[mask] = 0
        return np.sum(out * out)

    compiled = ag.compile(ag.grad(step))
    x = np.linspace(-1, 1, 5)
    gradient = compiled(x)
    assert "    out[mask] = 0\n" in compiled.source
    scope: dict[str, Any] = {}
    exec(compiled.source, scope)
    assert_close(scope["step"](x), gradient)


def test_a_compiled_relu_writes_into_one_buffer() -> None:
    """The copy that assignment makes is left out where nobody reads what is copied."""

    def loss(x: Any) -> Any:
        out = np.tanh(x)
        out[out <= 0] = 0
        return np.sum(out)

    compiled = ag.compile(loss)
    for x in (np.ones((2, 3)), np.array([[0.5, -1.0, 2.0], [-3.0, 0.1, -0.1]])):
        expected = np.sum(np.maximum(np.tanh(x), 0))
        assert_close(compiled(x), expected)
    assert len(compiled.program) > 1
    assert not any("copy" in str(equation) for equation in compiled.program.equations)


def test_what_was_written_to_keeps_the_name_of_its_variable() -> None:
    from autograd.draw import draw

    x = Tensor([1.0, -2.0, 3.0], name="x")
    with ag.source_lines():
        out = np.tanh(x)
        out[out <= 0] = 0
        out[0] *= 3.0
        loss = np.sum(out)
    gates = draw(loss).drawing.gates
    shown = {gate.symbol: [value.label for value in gate.outputs] for gate in gates}
    assert shown["tanh"] == shown["[⋯] = 0"] == shown["[0] ="] == ["out"]
    assert shown["[0]"] == [""]


def test_pictures_show_where_it_was_written() -> None:
    from autograd.draw import draw

    x = Tensor([1.0, 2.0], name="x")
    y = x * 2
    y[0] = 5.0
    picture = draw(y.sum())
    assert any(gate.symbol == "[0] = 5" for gate in picture.drawing.gates)
    of_program = draw((y * y).sum(), backward=True)
    assert sum(gate.symbol == "[0] =" for gate in of_program.drawing.gates) == 2
