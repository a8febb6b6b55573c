"""Generated from the cases: forward mode, float32, no axes, no elements, broadcasting, faults.

Each case is run in every form of its inputs that NumPy takes, and compared with NumPy along one
direction: its slope by differences, the product with the gradient, and the tangent of forward mode
are the same number.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from cases import Case
from close import assert_close
from draws import generator
from faults import spoil
from gate_cases import CASES

import autograd as ag
from autograd import Tensor
from autograd.coverage.examples import examples, operands, replaced
from autograd.functional.check import FOUR_POINTS
from autograd.gate import GATES
from autograd.numpy_api import COMPOSED, NUMPY_FUNCTIONS

STEP = 1e-4
first_of_composed = list({c.gate: c for c in reversed(CASES) if c.gate in COMPOSED}.values())


def in_numpy(f: Callable[..., Any], inputs: list[Any]) -> Any:
    """The array that NumPy makes of it; None if it refuses, or has something to complain of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = f(*inputs)
    except Exception:
        return None
    if not isinstance(out, (np.ndarray, np.floating, np.complexfloating)):
        return None
    if not all(x.size for x in inputs) and not np.isin(out, (0, 1)).all():
        return None  # of no elements irfft gives whatever is in memory
    return out if np.isfinite(out).all() else None


def compare(f: Callable[..., Any], plain: Callable[..., Any], inputs: list[Any]) -> None:
    """Fail unless value, gradient and tangent are what NumPy and differences say."""
    expected = np.asarray(plain(*inputs))
    rng = generator(3)
    tensors = [Tensor(x) for x in inputs]
    out = f(*tensors)
    single = any(x.dtype == np.float32 for x in inputs)
    assert out.shape == expected.shape
    assert_close(out, expected, of=inputs, dtype=inputs[0].dtype)
    if not isinstance(out, Tensor) or not out.requires_grad:  # there is nothing it could depend on
        assert 0 in (expected.size, *(x.size for x in inputs))
        return
    weights = rng.uniform(0.5, 1.5, out.shape).astype(out.real.dtype)
    directions = [np.asarray(rng.uniform(0.5, 1.5, x.shape), x.dtype) for x in inputs]
    tangent = ag.jvp(f, range(len(inputs)), allow_unused=True)(*inputs, tuple(directions))
    assert (tangent.shape, tangent.dtype) == (out.shape, out.dtype)
    out.backward(weights)
    for t, x in zip(tensors, inputs, strict=True):
        assert t.grad is None or (t.grad.shape, t.grad.dtype) == (x.shape, x.dtype)
    products = [0 if t.grad is None else np.sum(t.grad * v) for t, v in pairs(tensors, directions)]
    slope = sum(
        weight * np.sum(weights * plain(*[x + k * STEP * v for x, v in pairs(inputs, directions)]))
        for k, weight in (() if single else FOUR_POINTS)
    ) / STEP  # fmt: skip
    along = np.sum(weights * tangent)
    rtol = 1e-3 if single else 1e-6
    scale = [np.sum(np.abs(weights * tangent)), *map(np.abs, products), *(1e-3 * x for x in inputs)]
    assert_close(along, np.sum(products), rtol, of=scale)
    if not single:
        assert_close(along, slope, rtol, of=[*scale, np.sum(np.abs(weights * expected))])


def pairs(inputs: list[Any], directions: list[Any]) -> Iterator[tuple[Any, Any]]:
    return zip(inputs, directions, strict=True)


def forms(case: Case) -> Iterator[tuple[str, list[Any]]]:
    """The inputs without axes, without elements, and broadcast with each other."""
    inputs = case.inputs
    yield "0-d", [np.asarray(x.flat[0]) if x.size else x for x in inputs]
    most = max(x.ndim for x in inputs)
    for axis in {0, most - 1} if most else ():
        yield f"empty along {axis}", [_emptied(x, axis) for x in inputs]
    for k, x in enumerate(inputs if len(inputs) > 1 and not case.plain else ()):
        others = inputs[:k], inputs[k + 1 :]
        yield f"{k} with an axis in front", [*others[0], np.stack([x, x * 0.93]), *others[1]]
        if x.ndim and x.shape[0]:
            yield f"{k} with one axis less", [*others[0], x[0], *others[1]]
            yield f"{k} with an axis of length 1", [*others[0], x[:1], *others[1]]


def _emptied(x: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (slice(0),)] if axis < x.ndim else x


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_every_form_of_the_inputs_that_numpy_takes(case: Case) -> None:
    plain = case.in_numpy
    compare(case.f, plain, case.inputs)
    if case.gate != "astype":
        compare(case.f, plain, [x.astype(np.float32) for x in case.inputs])
    for form, inputs in forms(case):
        if in_numpy(plain, inputs) is None or (case.plain and not is_taken(case, inputs)):
            continue
        try:
            compare(case.f, plain, inputs)
        except (ag.ShapeError, ag.UnsupportedError, IndexError):
            continue  # refused, in words
        except Exception as error:
            error.add_note(f"{form}: {[x.shape for x in inputs]}")
            raise


def is_taken(case: Case, inputs: list[Any]) -> bool:
    """What NumPy has no function for may refuse inputs that the same in NumPy takes."""
    try:
        case.f(*map(Tensor, inputs))
    except Exception:
        return False
    return True


def gates_of(result: Any) -> list[str]:
    """The gates with rules that a result is made of, the last one first."""
    found, todo, seen = [], [result.node], set()
    while todo:
        node = todo.pop(0)
        if not isinstance(node, ag.Node) or node.gate is None or id(node) in seen:
            continue
        seen.add(id(node))
        found.append(node.gate.name)
        todo.extend(node.parents)
    return list(dict.fromkeys(name for name in found if set(GATES[name].rules) != {0}))


@pytest.mark.parametrize("case", first_of_composed, ids=lambda c: c.id)
def test_a_fault_in_what_a_function_is_made_of_is_caught(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each gate that it is made of is spoilt in turn: the comparison turns red."""
    plain = case.in_numpy
    names, right, caught = gates_of(case.f(*map(Tensor, case.inputs))), gradients(case), 0
    for name in names:
        with monkeypatch.context() as patch:
            spoil(name, patch)
            try:
                compare(case.f, plain, case.inputs)
            except AssertionError:
                caught += 1
            else:  # what flows through it comes to nothing, as through the mean of a variance
                for found, expected in zip(gradients(case), right, strict=True):
                    assert_close(found, expected, of=case.inputs)
    assert caught or not any(map(np.any, right))  # of a step there is nothing to be wrong
    compare(case.f, plain, case.inputs)


def gradients(case: Case) -> list[Any]:
    """Those of the sum of what a case gives."""
    tensors = [Tensor(x) for x in case.inputs]
    out = case.f(*tensors)
    out.backward(np.ones(out.shape))
    return [np.zeros(t.shape) if t.grad is None else t.grad for t in tensors]


def test_every_composed_function_is_called_by_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for those that generated tests cannot be made of: constants, what makes float64 of
    float32, and what has another shape or dtype at other values, which is not compiled."""
    called = set()

    def noting(function: Any, definition: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            called.add(function)
            return definition(*args, **options)

        return call

    definitions = set(COMPOSED.values())
    composed = {f: d for f, d in NUMPY_FUNCTIONS.items() if d in definitions}
    for function, definition in composed.items():
        monkeypatch.setitem(NUMPY_FUNCTIONS, function, noting(function, definition))
    for case in CASES:
        case.f(*map(Tensor, case.inputs))
    for function in composed.keys() - called:
        args = next(iter(examples("", function, function)))
        arrays = [np.asarray(x, np.float32) for x in operands(args)]

        def f(*xs: Any, function: Any = function, args: Any = args) -> Any:
            queue = iter(xs)
            out = function(*replaced(args, lambda _: next(queue)))
            return out[0] if isinstance(out, tuple) else out

        result = f(*map(Tensor, arrays))
        if isinstance(result, Tensor) and result.requires_grad and result.dtype == np.float32:
            with pytest.raises(ag.TraceError):
                ag.compile(f)(*map(Tensor, arrays))
