"""Pictures of the circuit of the notes: every number, on its own wire."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from pictures import BACKWARD, FORWARD, GREEN, ORANGE, edges, gate, net_loss, neuron, texts, value

from autograd import Tensor
from autograd.draw import draw
from autograd.draw.numbers import number

SIGMOID = [
    ("×", ["2.00", "−1.00"], "−2.00"),
    ("×", ["−3.00", "−2.00"], "6.00"),
    ("+", ["−2.00", "6.00"], "4.00"),
    ("+", ["4.00", "−3.00"], "1.00"),
    ("×−1", ["1.00"], "−1.00"),
    ("exp", ["−1.00"], "0.37"),
    ("+1", ["0.37"], "1.37"),
    ("1/x", ["1.37"], "0.73"),
]


def test_every_number_of_the_notes_is_in_the_picture() -> None:
    picture = draw(neuron(), decimals=2, expand=True)
    pairs = [(v.above, v.below) for v in picture.drawing.values]
    expected = [([a], [b]) for a, b in zip(FORWARD, BACKWARD, strict=True)]
    assert Counter(map(str, pairs)) == Counter(map(str, expected))
    assert texts(picture.dot, GREEN) == Counter(FORWARD)
    assert texts(picture.dot, ORANGE) == Counter(BACKWARD)
    for above, below in zip(FORWARD, BACKWARD, strict=True):
        assert re.search(rf"{above} +∂f {below}( |$)", picture.text, re.MULTILINE)


def test_the_numbers_stand_on_the_right_wires() -> None:
    picture = draw(neuron(), decimals=2, expand=True)
    gates = [
        (g.symbol, [u.value.above[0] for u in g.inputs], g.outputs[0].above[0])
        for g in picture.drawing.gates
    ]
    assert gates == SIGMOID
    leaves = [(v.name, v.above[0], v.below[0]) for v in picture.drawing.leaves]
    assert leaves == list(zip(["w0", "x0", "w1", "x1", "w2"], FORWARD, BACKWARD, strict=False))


def test_the_dot_text_has_the_wires_of_the_drawing() -> None:
    for picture in [draw(neuron(), expand=True), draw(net_loss()[0], collapse="fc1")]:
        gates = picture.drawing.gates
        wires = [(f"n{u.value.number}", f"n{g.number}") for g in gates for u in g.inputs]
        wires += [(f"n{g.number}", f"n{v.number}") for g in gates for v in g.outputs]
        assert Counter(edges(picture.dot)) == Counter(wires)


def test_the_sigmoid_is_one_box_that_tells_its_local_gradient() -> None:
    picture = draw(neuron(), decimals=2)
    sigmoid = gate(picture, "sigmoid")
    assert (sigmoid.symbol, sigmoid.heading) == ("σ", "sigmoid · 4 gates")
    assert sigmoid.detail == "local (1−σ)σ = 0.20"
    assert len(picture.drawing.gates) == 5
    (box,) = draw(neuron(), decimals=2, expand="sigmoid").drawing.boxes
    assert (box.name, box.symbol) == ("sigmoid", "σ")
    assert box.note == "4 gates · local gradient (1−σ)σ = 0.20"


def test_the_expanded_gates_lie_in_the_box_and_the_others_outside() -> None:
    drawing = draw(neuron(), expand=True).drawing
    assert [g.symbol for g in drawing.gates if g.box] == ["×−1", "exp", "+1", "1/x"]
    inside = [v.above for v in drawing.values if v.box]
    assert inside == [["−1"], ["0.3679"], ["1.368"]]
    assert [u.enters for g in drawing.gates for u in g.inputs] == [False] * 8 + [True] + [False] * 3


def test_a_value_used_twice_has_two_wires() -> None:
    x = Tensor(3.0, name="x")
    picture = draw(x * x)
    assert [u.value.name for u in gate(picture, "×").inputs] == ["x", "x"]
    first, second, _ = edges(picture.dot)
    assert first == second
    assert picture.text.count("x = 3") == 2
    assert repr(picture) == "<Picture of f: 2 values, 1 gate>"
    assert value(picture, "x").below == ["6"]


def test_a_fork_adds_gradients_and_draws_the_value_once() -> None:
    x = Tensor(2.0, name="x")
    q = x * 3
    q.name = "q"
    picture = draw(q * q + q)
    assert value(picture, "q").below == ["13"]
    assert value(picture, "x").below == ["39"]
    assert picture.text.count("(as above)") == 2


# --- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "decimals", "text"),
    [
        (0.0, None, "0"), (-0.0, None, "0"), (0.0, 2, "0"), (1.0, None, "1"), (-3.0, None, "−3"),
        (0.73105858, None, "0.7311"), (0.73105858, 2, "0.73"), (12345.6, None, "12346"),
        (0.001, None, "0.001"), (0.000999, None, "9.99e−04"), (1e5, None, "1.00e05"),
        (99999.0, None, "99999"), (-0.001, 2, "0.00"), (-0.2, 2, "−0.20"), (2, 2, "2"),
        (0.99996, None, "1"), (np.float32(0.1), None, "0.1"), (np.float16(0.5), 1, "0.5"),
        (np.inf, None, "∞"), (-np.inf, 2, "−∞"), (np.nan, None, "NaN"), (True, None, "True"),
        (np.int64(-7), None, "−7"), (10**12, None, "1.00e12"), (5e-324, None, "4.94e−324"),
    ],
)  # fmt: skip
def test_numbers_are_short_and_have_a_real_minus_sign(
    given: Any, decimals: int | None, text: str
) -> None:
    assert number(given, decimals) == text


def test_constants_of_the_program_stand_on_the_gate() -> None:
    x = Tensor(2.0, name="x")
    symbols: dict[str, Any] = {
        "×2": x * 2, "+1.5": x + 1.5, "−1.5": x + -1.5, "2−x": 2 - x, "÷3": x / 3, "3/x": 3 / x,
        "^−0.5": x**-0.5, "max(0, x)": np.maximum(0, x), "×NaN": x * float("nan"),
        "+∞": x + float("inf"), "clip(0, ∞)": np.clip(x, 0, None), "×1.23e−05": x * 1.234e-5,
    }  # fmt: skip
    for symbol, f in symbols.items():
        (only,) = draw(f).drawing.gates
        assert only.symbol == symbol
        assert [u.value.name for u in only.inputs] == ["x"]
