"""Blocks of lines that differ in names alone become loops, and only where that is the same."""

from __future__ import annotations

import numpy as np
import pytest
from close import assert_close
from draws import generator

from autograd.compiler.folding import Row, fold

rng = generator(3)
PARAMETERS = "lr", "W1", "b1", "W2", "vW1", "vb1", "vW2", "dW1", "db1", "dW2"


def rows_of(text: str) -> list[Row]:
    return [(line.strip(), "(3,)") for line in text.strip().splitlines()]


def momentum(*names: str) -> str:
    return "".join(f"v{n} *= 0.9\nv{n} -= lr * d{n}\n{n} += v{n}\n" for n in names)


def folded(text: str, arrays: tuple[str, ...] = PARAMETERS[1:7]) -> list[str]:
    """The lines of a text after folding, which does not change what it does."""
    rows = fold(rows_of(text), arrays, PARAMETERS)
    values = {name: rng.normal(size=3) for name in PARAMETERS}
    before, after = ({k: x.copy() for k, x in values.items()} for _ in range(2))
    exec("\n".join(line for line, _ in rows_of(text)), before)
    exec("\n".join(line for line, _ in rows), after)
    for name in PARAMETERS:
        assert_close(after[name], before[name])
    return [line for line, _ in rows]


def test_what_is_done_to_each_parameter_is_a_loop() -> None:
    assert folded("k = 3.0\n" + momentum("W1", "b1", "W2") + "lr *= k\n") == [
        "k = 3.0",
        "for p, dp, v in [(W1, dW1, vW1), (b1, db1, vb1), (W2, dW2, vW2)]:",
        "    v *= 0.9",
        "    v -= lr * dp",
        "    p += v",
        "lr *= k",
    ]


def test_a_value_of_the_block_may_have_a_name() -> None:
    text = "".join(f"k = d{n} * 2\nv{n}[...] = k\n{n} -= k + v{n}\n" for n in ("W1", "b1", "W2"))
    assert len(folded(text)) == 4


def test_names_of_a_loop_are_new() -> None:
    lines = folded("v = lr * 2\n" + momentum("W1", "b1", "W2") + "lr += v\n")
    assert lines[1].startswith("for p, dp, v2 in [")


@pytest.mark.parametrize(
    "text",
    [
        momentum("W1", "b1"),  # too few
        momentum("W1", "b1", "W1"),  # one comes twice
        momentum("W1", "b1", "W2").replace("vb1 *= 0.9", "vb1 *= 0.8"),
        momentum("W1", "b1", "W2").replace("vb1 -= lr", "vb1 += lr"),
        momentum("W1", "b1", "W2").replace("* db1", "* dW1"),  # one reads what is another's
        momentum("W1", "b1", "W2").replace("W2 += vW2", "W2 += vb1"),
        "".join(f"{n} = d{n} * 2\n{n} += lr\n{n} -= lr\n" for n in ("W1", "b1", "W2")),
        "".join(f"{n} += np.{f}(lr)\n{n} *= lr\n{n} -= lr\n" for n, f in (
            ("W1", "sin"), ("b1", "cos"), ("W2", "tan"))),
        "".join(f"{a} += d{a}\n{b} *= lr\nlr -= 1\n" for a, b in (
            ("W1", "vb1"), ("b1", "vW2"), ("W2", "vW1"))),
    ],
)  # fmt: skip
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert folded("import numpy as np\n" + text)[1:] == text.splitlines()


def test_numbers_that_are_bound_to_a_name_are_not_written_to_in_a_loop() -> None:
    text = "".join(f"{n} += 1\n{n} *= 2\n{n} -= lr\n" for n in ("W1", "b1", "W2"))
    assert folded(text, arrays=("W1", "b1")) == text.splitlines()
    assert len(folded(text)) == 4


def test_arrays_without_axes_are_written_to() -> None:
    names = {name: np.array(float(k)) for k, name in enumerate(PARAMETERS)}
    rows = fold(rows_of(momentum("W1", "b1", "W2")), PARAMETERS[1:7], PARAMETERS)
    exec("\n".join(line for line, _ in rows), dict(names))
    expected = {name: np.array(float(k)) for k, name in enumerate(PARAMETERS)}
    exec(momentum("W1", "b1", "W2"), dict(expected))
    for name in PARAMETERS:
        assert names[name] == expected[name]
