"""Graphs that are too large and wires that are too long: cut, and it is said."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import numpy as np
import pytest
from pictures import gate, is_in_order, labels, net_loss, neuron, random_program

import autograd as ag
import nn
from autograd import Tensor, scope
from autograd.draw import Picture, draw
from autograd.draw.model import Drawing

# --- graphs that are too large ----------------------------------------------------------------


def chain(length: int) -> Tensor:
    y = x = Tensor(1.0, name="x")
    for _ in range(length):
        y = y * x
    return y


def tree(leaves: int) -> Tensor:
    level = [Tensor(1.0) for _ in range(leaves)]
    while len(level) > 1:
        level = [a + b for a, b in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def left_out(drawing: Drawing) -> int:
    (remark,) = drawing.remarks
    found = re.fullmatch(
        r"left out \(max_nodes=\d+\): ([\d,]+) gates? further from the result", remark
    )
    assert found, remark
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    ("f", "gates", "max_nodes"),
    [
        (lambda: chain(20_000), 20_000, 300), (lambda: chain(5000), 5000, 300),
        (lambda: chain(1000), 1000, 10), (lambda: chain(1000), 1000, 2),
        (lambda: tree(2**13), 2**13 - 1, 300), (lambda: tree(2**10), 2**10 - 1, 10),
    ],
)  # fmt: skip
def test_large_graphs_are_drawn_as_far_as_they_fit(
    f: Callable[[], Tensor], gates: int, max_nodes: int
) -> None:
    limit = sys.getrecursionlimit()
    picture = draw(f(), max_nodes=max_nodes, fold=False)
    drawing = picture.drawing
    assert sys.getrecursionlimit() == limit
    assert len(drawing.gates) + left_out(drawing) == gates
    assert max_nodes / 2 <= len(drawing.items) <= max(max_nodes, 4)
    assert drawing.remarks[0] in picture.text
    assert drawing.remarks[0] in "".join(labels(picture.dot)[0].itertext())
    assert len(picture.text) < 100_000
    cut = [v for v in drawing.values if v.name == "…"]
    assert cut
    assert all(v.leaf and v.above and v.below for v in cut)


def test_all_of_a_large_graph_on_request() -> None:
    drawing = draw(chain(1000), max_nodes=10_000, fold=False).drawing
    assert (len(drawing.gates), drawing.remarks) == (1000, [])


def test_boxes_are_closed_before_anything_is_left_out() -> None:
    x = Tensor(np.ones((1, 4)), name="x")
    net = nn.Sequential(*[nn.Linear(4, 4, seed=k) for k in range(30)])
    f = net(x).sum()
    open_, closed, all_closed = (draw(f, max_nodes=n, fold=False).drawing for n in (300, 100, 20))
    assert (len(open_.gates), open_.remarks) == (61, [])
    assert (len(closed.gates), len(closed.boxes)) == (31, 1)
    assert closed.remarks == ["more than 100 parts: closed are 0, 1, 10, 11, 12, …"]
    assert [g.name for g in all_closed.gates] == ["Sequential", "sum"]
    assert all_closed.gates[0].heading == "30 gates"  # the layers, each whole


def test_gates_are_drawn_whole_where_their_insides_do_not_fit() -> None:
    y = Tensor(0.5)
    for _ in range(20):
        y = ag.sigmoid(y)
    assert len(draw(y, expand=True).drawing.gates) == 80
    picture = draw(y, expand=True, max_nodes=60, fold=False)
    assert len(picture.drawing.gates) == 20
    assert "more than 60 parts: gates are drawn whole" in picture.text
    closed = draw(y, expand=True, collapse="sigmoid", max_nodes=20, fold=False)
    assert "gates are drawn whole" in closed.text


def test_a_module_that_is_used_again_gets_a_box_for_each_use() -> None:
    cell, h = nn.Linear(2, 2, seed=0), Tensor(np.ones((1, 2)), name="h")
    for _ in range(3):
        h = np.tanh(cell(h))
    drawing = draw(h.sum()).drawing
    assert [box.name for box in drawing.boxes] == ["Linear"] * 3
    drawing = draw(h.sum(), collapse="Linear").drawing
    assert is_in_order(drawing)
    assert [g.name for g in drawing.gates] == ["Linear", "tanh"] * 3 + ["sum"]
    assert [g.heading for g in drawing.gates if g.heading] == ["6 params · 2 gates"] * 3
    weights = [v for v in drawing.values if v.look == "parameter"]
    assert [(v.name, v.box) for v in weights] == [("W", None), ("b", None)]


def test_a_recurrent_net_of_many_steps() -> None:
    cell, h = nn.Linear(2, 2, seed=0), Tensor(np.ones((1, 2)), name="h")
    for _ in range(500):
        h = np.tanh(cell(h))
    drawing = draw(h.sum(), fold=False).drawing
    assert is_in_order(drawing)
    assert len(drawing.items) <= 300
    assert drawing.remarks[1].startswith("left out (max_nodes=300):")


def test_scopes_inside_scopes_without_end() -> None:
    y = x = Tensor(2.0, name="x")
    entered = [scope(f"level{k}") for k in range(3000)]
    for each in entered:
        each.__enter__()
    y = x * x
    for each in reversed(entered):
        each.__exit__(None, None, None)
    picture = draw(y)
    assert [box.name for box in picture.drawing.boxes] == [f"level{k}" for k in range(20)]
    assert "scopes inside scopes are drawn 20 levels deep" in picture.text
    assert draw(y, collapse="level3").drawing.gates[0].name == "level3"


def test_a_gate_with_a_thousand_operands() -> None:
    f = np.stack([Tensor(float(k)) for k in range(1000)]).sum()
    drawing = draw(f).drawing
    assert len(gate(draw(f), "stack").inputs) == 20
    assert drawing.remarks == ["left out (max_nodes=300): 980 wires into gates with more than 20"]
    assert len(draw(f, max_nodes=2000).drawing.values) == 1002


# --- wires that are too long ------------------------------------------------------------------


def test_a_value_used_all_along_a_chain_begins_again_with_its_name() -> None:
    picture = draw(chain(60))
    drawing = picture.drawing
    cut = [f"n{g.number}_{k}" for g in drawing.gates for k, u in enumerate(g.inputs) if u.cut]
    assert 50 < len(cut) < 60
    assert all(u.value.name == "x" for g in drawing.gates for u in g.inputs if u.cut)
    direct = re.findall(r"^n\d+:w:e -> n\d+;$|weight=8\];$", picture.dot, re.MULTILINE)
    assert len(direct) == 61 + 60 + 59 - len(cut)
    for name in cut:
        assert re.search(rf"^{name} -> n\d+;$", picture.dot, re.MULTILINE)
        assert re.search(
            rf"^{name} \[id=.*label=<.*<i>x</i></font>>\];$", picture.dot, re.MULTILINE
        )
    caption = "".join(labels(picture.dot)[0].itertext())
    assert f"{len(cut)} long wires cut: the same name is the same wire" in caption
    assert picture.text.count("x = 1") == 40  # the tree of text ends there


def test_a_nameless_value_whose_wires_are_cut_gets_a_number() -> None:
    x, y = Tensor(1.0), Tensor(2.0)
    first = f = ag.tanh(y)
    for _ in range(50):
        f = f * x + first
    drawing = draw(f).drawing
    assert sorted(v.mark for v in drawing.values if v.mark) == ["①", "②"]
    assert {u.value.mark for g in drawing.gates for u in g.inputs if u.cut} == {"①", "②"}
    dot = draw(f).dot
    assert dot.count("<i>①</i>") > 30
    assert dot.count("<i>② = </i>") + dot.count("<i>②</i> = ") == 1


def test_values_of_the_same_name_are_told_apart_where_their_wires_are_cut() -> None:
    a, b = Tensor(1.0, name="w"), Tensor(2.0, name="w")
    y = a * b
    for _ in range(60):
        y = y * a + b
    dot = draw(y).dot
    assert dot.count("<i>w ①</i>") > 30
    assert dot.count("<i>w ②</i>") > 30


def test_cut_wires_lie_in_the_box_of_their_gate() -> None:
    cell, h = nn.Linear(2, 2, seed=0), Tensor(np.ones((1, 2)), name="h")
    for _ in range(20):
        h = np.tanh(cell(h))
    picture = draw(h.sum(), fold=False)
    last = max(g.number for g in picture.drawing.gates if g.symbol == "@")
    box = next(part for part in picture.dot.split("subgraph ") if f"n{last} [" in part)
    assert re.search(rf"^n{last}_1 \[.*<i>W</i>", box.split("\n}\n")[0], re.MULTILINE)


def test_leaves_of_a_long_sum_stand_beside_their_gates() -> None:
    def sum_of(count: int) -> Picture:
        terms = [Tensor(1.0, name=f"t{k}") for k in range(count)]
        return draw(sum(terms[1:], terms[0]))

    assert "rank=same" in sum_of(10).dot
    assert "rank=same" not in sum_of(40).dot
    assert not any(u.cut for g in sum_of(40).drawing.gates for u in g.inputs)


def test_nothing_is_cut_in_a_picture_of_usual_size() -> None:
    for f in (neuron(), net_loss()[0], chain(15), tree(64), random_program(1)[0]):
        picture = draw(f, expand=True)
        assert not any(u.cut for g in picture.drawing.gates for u in g.inputs)
        assert "cut" not in picture.dot
