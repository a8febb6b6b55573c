"""Programs of single numbers run as Python floats, with the bits of eager."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from compiled import same
from draws import generator

import autograd as ag
from autograd import Parameter, TraceError
from autograd.compiler import scalars

rng = generator(7)


def test_numbers_run_as_python_floats_with_the_bits_of_eager() -> None:
    def f(a: Any, b: Any) -> Any:
        c = a * b + np.exp(a) / (1 + b**2) - np.maximum(a, b)
        return np.tanh(c) * np.sqrt(b) + ag.relu(c - 1) ** 3 + np.abs(a) / b - np.log(b)

    eager, compiled = ag.value_and_grad(f, (0, 1)), ag.compile(ag.value_and_grad(f, (0, 1)))
    for a, b in rng.uniform(0.1, 2, size=(20, 2)):
        (v, g), (w, h) = compiled(float(a), float(b)), eager(float(a), float(b))
        same(v, w)
        same(g[0], h[0])
        same(g[1], h[1])
    assert "float(arguments[0])" in compiled.generated


@pytest.mark.parametrize("part", [1, 2, 7, 40, 1000])
@pytest.mark.parametrize("longest", [0, 2, 30])
def test_a_long_program_of_numbers_is_cut_into_parts(
    part: int, longest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scalars, "PART", part)
    monkeypatch.setattr(scalars, "FOR_EACH", 0)
    monkeypatch.setattr(scalars, "LONGEST", longest)
    weights = [Parameter(float(w), False) for w in rng.uniform(-1, 1, 4)]

    def f(a: Any, b: Any, unused: Any) -> Any:
        early, values = a * b, [a, b]
        for k, w in enumerate(weights):
            x, y = values[k], values[k + 1]
            values.append(
                np.tanh(x * w) + np.maximum(x, y * y) * w - np.square(y - x) / (1 + w * w)
            )
        return sum(values[2:]) * early + np.where(a > b, early, values[-1]) - b

    eager = ag.value_and_grad(f, (0, 1))
    compiled = ag.compile(lambda *x: [*ag.value_and_grad(f, (0, 1))(*x), x[0], 2.0])
    for a, b in rng.uniform(0.1, 2, size=(4, 2)):
        (v, (g, h), first, two), (w, other) = compiled(a, b, 1.0), eager(a, b, 1.0)
        for x, y in [(v, w), (g, other[0]), (h, other[1]), (first, a), (two, 2.0)]:
            same(x, y)
        for weight in weights:
            weight.data = weight.data * 1.1
    assert (compiled.generated.count("def part_") > 1) == (part < 1000)


def test_names_of_numbers_are_used_again() -> None:
    def f(x: Any, a: Any) -> Any:
        y = x
        for _ in range(500):
            y = np.tanh(y * a) + x
        return y

    compiled = ag.compile(f)
    same(compiled(0.5, 0.9), f(np.float64(0.5), np.float64(0.9)))
    assert len(set(re.findall(r"\bv\d+", compiled.generated))) < 5


def test_where_python_floats_raise_numpy_gives_infinity() -> None:
    eager, compiled = (
        ag.value_and_grad(lambda x: 1 / x),
        ag.compile(ag.value_and_grad(lambda x: 1 / x)),
    )
    compiled(2.0)
    with np.errstate(all="ignore"):
        for x in (0.0, 4.0, 1e-200):
            same(compiled(x)[0], eager(x)[0])
            same(compiled(x)[1], eager(x)[1])


def test_a_micrograd_net_trains_as_in_eager() -> None:
    def make() -> Any:
        draw = generator(3)
        weights = [Parameter(float(w)) for w in draw.uniform(-1, 1, 9)]
        points = draw.uniform(-1, 1, (5, 2)).tolist()

        def step() -> Any:
            for w in weights:
                w.zero_grad()
            loss = 0.0
            for x, y in points:
                hidden = [ag.relu(weights[k] * x + weights[k + 1] * y) for k in (0, 2, 4)]
                score = sum(h * w for h, w in zip(hidden, weights[6:], strict=True))
                loss = loss + (score - x * y) ** 2
            loss.backward()
            for w in weights:
                w.descend(w.grad, 0.1)
            return loss

        return step

    eager, compiled = make(), ag.compile(make())
    for _ in range(30):
        same(compiled(), eager())
    assert compiled.why == ["first call"]


UNREAD = {
    "division": (lambda c: 1.0 / c, 0.0, ZeroDivisionError),
    "floor": (lambda c: 1.0 // c, 0.0, ZeroDivisionError),
    "remainder": (lambda c: 1.0 % c, 0.0, ZeroDivisionError),
    "negative power": (lambda c: c**-1, 0.0, ZeroDivisionError),
    "large power": (lambda c: c**400.0, 1e300, OverflowError),
    "complex": (lambda c: c**0.5, -1.0, TraceError),  # which eager code goes on with
}


@pytest.mark.parametrize("name", UNREAD)
@pytest.mark.parametrize("of_numbers", [True, False])
def test_python_raises_its_errors_also_where_nobody_reads_the_number(
    name: str, of_numbers: bool
) -> None:
    compute, wrong, error = UNREAD[name]
    compiled = ag.compile(lambda x, c: (compute(c), x * 2.0)[1])
    x = 1.5 if of_numbers else np.array([1.0, 2.0])
    for c in (0.5, 1.5):
        same(compiled(x, c), x * 2.0)
    with pytest.raises(error):
        compiled(x, wrong)
    assert compiled.source.count(" = ") == 1  # for people it is left out
