"""Pictures of what repeats: drawn once, with the wires of all, and never where wires differ."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws import generator
from pictures import is_in_order, random_program

import autograd as ag
import nn
from autograd import Parameter, Tensor
from autograd.draw import DrawError, Picture, draw
from autograd.draw.model import Drawing, Gate


class Cell(nn.Module):
    """A recurrent cell: a new state from an input and the old state."""

    def __init__(self) -> None:
        self.Wx, self.Wh = Parameter(np.full((3, 4), 0.1)), Parameter(np.full((4, 4), 0.2))

    def forward(self, x: Any, h: Any) -> Any:
        return np.tanh(x @ self.Wx + h @ self.Wh)


def recurrent(steps: int, boxed: bool) -> tuple[Tensor, Tensor]:
    cell, rng = Cell(), generator(0)
    h = first = Tensor(np.zeros((2, 4)), name="h0")
    for _ in range(steps):
        x = Tensor(rng.normal(size=(2, 3)), name="x")
        if boxed:
            with ag.scope("step"):
                h = cell(x, h)
        else:
            h = cell(x, h)
    return (h * h).sum(), first


def inputs_of(gate: Gate) -> list[str]:
    return [use.value.name for use in gate.inputs]


def symbols(drawing: Drawing) -> list[str]:
    return [gate.symbol or gate.name for gate in drawing.gates]


def times(picture: Picture) -> list[tuple[str, int]]:
    return [(box.name, box.times) for box in picture.drawing.boxes if box.times > 1]


@pytest.mark.parametrize("boxed", [True, False])
def test_a_loop_of_fifty_steps_is_drawn_once(boxed: bool) -> None:
    loss, _ = recurrent(50, boxed)
    picture = draw(loss, fold=True)
    drawing = picture.drawing
    assert symbols(drawing) == ["@", "@", "+", "tanh", "×", "Σ"]
    assert times(picture) == [("step" if boxed else "repeated", 50)]
    assert inputs_of(drawing.gates[0]) == ["x × 50", "Wx"]
    assert inputs_of(drawing.gates[1]) == ["h0", "Wh"]  # the first state, not the one before
    assert [[m.symbol for m in g.again] for g in drawing.gates] == [[], ["tanh"], [], [], [], []]
    assert "dotted: into the next repetition" in picture.dot
    assert re.search(r"^n\d+ -> n\d+ \[style=dotted, constraint=false", picture.dot, re.MULTILINE)
    assert drawing.root.above == draw(loss, fold=False).drawing.root.above
    assert "× 50" in picture.text
    assert "× 50" in picture.dot
    assert drawing.remarks[0].startswith("repeated blocks are drawn once")


def test_folding_goes_by_scopes_unless_all_is_asked_for() -> None:
    loss, _ = recurrent(8, boxed=False)
    assert len(draw(loss).drawing.gates) == 8 * 4 + 2
    assert len(draw(loss, fold=True).drawing.gates) == 6
    loss, _ = recurrent(8, boxed=True)
    assert len(draw(loss).drawing.gates) == 6
    assert len(draw(loss, fold=False).drawing.gates) == 8 * 4 + 2


def test_equal_layers_are_drawn_once_and_others_stay() -> None:
    layers = [nn.Linear(4, 4, seed=k) for k in range(12)]
    net = nn.Sequential(nn.Linear(2, 4, seed=0), *layers, nn.Linear(4, 3, seed=9))
    loss = net(Tensor(np.ones((5, 2)), name="X")).sum()
    picture = draw(loss)
    assert times(picture) == [("1 … 12", 12)]
    assert [box.name for box in picture.drawing.boxes] == ["Sequential", "0", "1 … 12", "13"]
    names = [v.name for v in picture.drawing.values if v.look == "parameter"]
    assert names == ["W", "b", "W × 12", "b × 12", "W", "b"]
    closed = draw(loss, collapse="5")  # a name that is one of the twelve
    (gate,) = (g for g in closed.drawing.gates if g.times > 1)
    assert (gate.name, gate.times, gate.heading) == ("1 … 12", 12, "20 params · 2 gates each")
    assert "⊞ <b>1 … 12&#160;&#160;× 12</b>: Linear" in closed.dot


def test_a_repetition_begins_with_a_scope() -> None:
    layers = [layer for k in range(6) for layer in (nn.Linear(4, 4, seed=k), nn.ReLU())]
    net = nn.Sequential(nn.Linear(3, 4, seed=7), nn.ReLU(), *layers, nn.Linear(4, 2, seed=8))
    drawing = draw(net(np.ones((5, 3))).sum()).drawing
    assert symbols(drawing) == ["@", "+", "ReLU", "@", "+", "ReLU", "@", "+", "Σ"]
    repeated = [g.symbol for g in drawing.gates if g.box is not None and "repeated" in (
        g.box.name, g.box.parent.name if g.box.parent else "")]  # fmt: skip
    assert repeated == ["@", "+", "ReLU"]


def test_three_layers_are_not_worth_a_fold() -> None:
    net = nn.Sequential(*[nn.Linear(4, 4, seed=k) for k in range(3)])
    assert times(draw(net(np.ones((5, 4))).sum(), fold=True)) == []


def test_what_is_folded_lies_in_what_is_folded() -> None:
    y = Tensor(np.ones(3), name="x")
    for _ in range(5):
        with ag.scope("outer"):
            for _ in range(6):
                with ag.scope("inner"):
                    y = np.tanh(y) * 0.5
    picture = draw(y.sum())
    assert times(picture) == [("outer", 5), ("inner", 6)]
    assert symbols(picture.drawing) == ["tanh", "×0.5", "Σ"]


def other_operand(y: Tensor, k: int) -> Tensor:
    x = np.exp(y)
    with ag.scope("step"):
        return x - y if k % 3 == 0 else y - x


def from_further_back(y: Tensor, k: int, earlier: list[Tensor] = []) -> Tensor:  # noqa: B006
    earlier.append(y)
    with ag.scope("step"):
        return np.tanh(y) + earlier[max(0, len(earlier) - 3)]


@pytest.mark.parametrize("step", [other_operand, from_further_back])
def test_what_differs_in_its_wires_is_not_folded(step: Callable[..., Tensor]) -> None:
    y = Tensor(0.5, name="x")
    for k in range(9):
        y = step(y, k)
    picture = draw(y, fold=True)
    assert times(picture) == []
    assert len(picture.drawing.gates) == 18


def test_a_gate_between_that_is_not_always_the_same() -> None:
    """The scopes are equal and follow each other, but what lies between leads from one to the
    next, and differs: one box for all would have a wire that leaves it and comes back."""
    y = Tensor(0.5, name="x")
    for k in range(8):
        with ag.scope("step"):
            y = np.tanh(y)
        y = np.exp(y) if k in (1, 2, 5) else np.square(y)
    assert times(draw(y, fold=True)) == []


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("fold", [True, None])
def test_no_wire_leads_back_in_folded_random_programs(seed: int, fold: bool | None) -> None:
    x, _ = random_program(seed)
    states = []
    for k in range(6):
        with ag.scope("loop"):
            x = np.tanh(x) * 0.9 + (states[0] if states else 0.0)
        states.append(ag.sigmoid(x) if seed % 2 else x)
        if seed % 3 == 0 and k % 2:
            x = states[-1]
    f = sum(states[1:], states[0])
    for collapse in [(), "loop"]:
        drawing = draw(f, fold=fold, collapse=collapse, max_nodes=10_000).drawing
        assert is_in_order(drawing)
        assert len(drawing.reading_order) == len(drawing.items)
        assert drawing.root.above == draw(f, fold=False).drawing.root.above


def test_a_large_graph_of_loose_gates_is_folded_before_anything_is_left_out() -> None:
    y = Tensor(1.0, name="x")
    for _ in range(5000):
        y = np.tanh(y) * 1.001
    picture = draw(y)
    assert symbols(picture.drawing) == ["tanh", "×1.001"]
    assert times(picture) == [("repeated", 5000)]
    assert not any("left out" in remark for remark in picture.drawing.remarks)


def test_expanded_gates_that_repeat_keep_their_boxes() -> None:
    y = Tensor(0.5, name="x")
    for _ in range(5):
        y = ag.sigmoid(y)
    assert times(draw(y, expand=True)) == []
    picture = draw(y, expand=True, fold=True)
    assert [(b.name, b.fused, b.times) for b in picture.drawing.boxes] == [
        ("repeated", False, 5), ("sigmoid", True, 1),
    ]  # fmt: skip


def test_the_first_bad_gate_is_outlined_also_in_a_repetition_that_is_not_drawn() -> None:
    y = Tensor(800.0, name="x")
    for _ in range(6):
        with ag.scope("step"), np.errstate(over="ignore"):
            y = np.exp(y)
    picture = draw(y)
    assert [g.bad for g in picture.drawing.gates] == [True]


# --- depth, collapse, expand -------------------------------------------------------------------


def nested() -> Tensor:
    y = Tensor(0.5, name="x")
    with ag.scope("outer"):
        y = y * 2.0
        with ag.scope("middle"):
            y = np.tanh(y)
            with ag.scope("inner"):
                y = np.exp(y)
    return y


def test_depth_tells_how_many_levels_are_open() -> None:
    drawn = [symbols(draw(nested(), depth=depth).drawing) for depth in (0, 1, 2, 3, None)]
    assert drawn[0] == ["outer"]
    assert drawn[1] == ["×2", "middle"]
    assert drawn[2] == ["×2", "tanh", "inner"]
    assert drawn[3] == drawn[4] == ["×2", "tanh", "exp"]


def test_expand_keeps_boxes_open() -> None:
    assert symbols(draw(nested(), depth=0, expand="middle").drawing) == ["×2", "tanh", "inner"]
    assert symbols(draw(nested(), max_nodes=2, expand="inner").drawing)[-1] == "exp"
    with pytest.raises(DrawError, match="expand='inside', but there is no such scope"):
        draw(nested(), expand="inside")


def test_the_caption_names_what_was_closed() -> None:
    picture = draw(nested(), max_nodes=5)
    assert symbols(picture.drawing) == ["×2", "middle"]
    assert "more than 5 parts: closed are middle" in picture.text
