"""Names, boxes and the options of `draw`."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from pictures import GREEN, edges, gate, labels, net_loss, neuron, texts, value

import autograd as ag
from autograd import Tensor
from autograd.draw import DrawError, Picture, draw


def test_names_of_the_caller() -> None:
    x, y, z = Tensor(-2.0), Tensor(5.0), Tensor(-4.0, name="own")
    q = x + y
    f = q * z
    picture = draw(f, names={**locals(), "nothing": None, "text": "x", "list": [x]})
    assert [v.name for v in picture.drawing.values] == ["x", "y", "q", "z", "f"]
    assert z.name == "own"
    assert x.name is None
    assert [v.name for v in draw(f).drawing.values] == ["", "", "", "own", "f"]


def test_the_result_is_called_f_where_that_is_free() -> None:
    f = Tensor(2.0, name="f")
    assert draw(f * 3).drawing.root_name == "out"
    loss = Tensor(2.0) * 3
    assert draw(loss).drawing.root_name == "f"
    loss.name = "L"
    assert "∂L 1" in draw(loss).text


def test_modules_are_boxes() -> None:
    loss, _, X, y = net_loss()
    picture = draw(loss, names={"X": X, "y": y})
    boxes = [(b.name, b.kind, b.note, b.depth) for b in picture.drawing.boxes]
    assert boxes == [
        ("TwoLayerNet", "", "", 0), ("fc1", "Linear", "15 params", 1),
        ("fc2", "Linear", "18 params", 1),
    ]  # fmt: skip
    where = {v.name: v.box.name if v.box else None for v in picture.drawing.values if v.name}
    assert where == {"X": None, "W1": "fc1", "b1": "fc1", "W2": "fc2", "b2": "fc2", "y": None,
                     "f": None}  # fmt: skip
    assert picture.dot.count("subgraph cluster_") == 3
    assert "⊟ <b>fc1</b>: Linear" in picture.dot


def test_close_draws_a_box_in_place_of_its_gates() -> None:
    loss = net_loss()[0]
    whole, one = draw(loss).drawing, draw(loss, collapse="fc1").drawing
    assert len(whole.gates) - len(one.gates) == 1
    (closed,) = (g for g in one.gates if g.heading)
    assert (closed.name, closed.kind, closed.heading) == ("fc1", "Linear", "15 params · 2 gates")
    assert {v.name for v in one.values if v.look == "parameter"} == {"W2", "b2"}
    names = [g.name for g in draw(loss, collapse=["TwoLayerNet"]).drawing.gates]
    assert names == ["TwoLayerNet", "softmax_cross_entropy"]
    assert "⊞ <b>fc1</b>: Linear" in draw(loss, collapse=("fc1", "fc2")).dot
    left = Counter(str(v.below) for v in whole.values) - Counter(str(v.below) for v in one.values)
    assert left.total() == 3  # of W1, of b1 and of their product


def test_close_of_an_expanded_gate() -> None:
    closed = gate(draw(neuron(), expand=True, collapse="sigmoid"), "sigmoid")
    assert closed.heading == "4 gates"


def test_expand_of_one_kind_of_gate() -> None:
    x = Tensor(0.5, name="x")
    f = np.tanh(ag.sigmoid(x)) + ag.relu(x)
    assert [b.name for b in draw(f, expand="sigmoid").drawing.boxes] == ["sigmoid"]
    boxes = draw(f, expand=["sigmoid", "relu"]).drawing.boxes
    assert sorted(b.name for b in boxes) == ["relu", "sigmoid"]
    for expand in (False, True, "relu"):
        assert value(draw(f, expand=expand), "x").below == value(draw(f), "x").below


def test_shapes_in_place_of_numbers() -> None:
    picture = draw(neuron(), show="shapes")
    assert set(texts(picture.dot, GREEN)) == {"()", "f"}
    assert value(picture, "f").below == ["1"]
    assert value(picture, "w0").is_norm


def test_from_top_to_bottom() -> None:
    dot = draw(neuron(), direction="TB").dot
    assert "rankdir=TB" in dot
    assert "rankdir=LR" in draw(neuron()).dot
    assert edges(dot) == edges(draw(neuron()).dot)
    assert ":w:e" not in dot


def test_the_legend_explains_what_is_there() -> None:
    def legend(picture: Picture) -> str:
        return " ".join("".join(labels(picture.dot)[0].itertext()).split())

    loss = net_loss()[0]
    assert "value above the wire (forward →)" in legend(draw(neuron()))
    assert "∂f/∂wire below it (← backward)" in legend(draw(neuron()))
    assert "(shape) of the value, above the wire" in legend(draw(loss))
    assert "‖∂f‖ gradient norm" in legend(draw(loss))
    assert "∂" not in legend(draw(Tensor([1.0, 2.0]) * 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": "all"}, "show='all'; expected one of auto, values, shapes"),
        ({"show": None}, "show=None; expected one of auto"),
        ({"direction": "RL"}, "direction='RL'; expected one of LR, TB"),
        ({"decimals": -1}, "decimals=-1; expected 0 to 15"),
        ({"decimals": 2.5}, r"decimals=2\.5; expected 0 to 15"),
        ({"decimals": "2"}, "decimals='2'; expected 0 to 15"),
        ({"max_nodes": 1}, "max_nodes=1; expected a whole number of at least 2"),
        ({"max_nodes": None}, "max_nodes=None; expected"),
        ({"title": 3}, "title=3; expected a text"),
        ({"names": ["x"]}, r"names=\['x'\]; expected a dict"),
        ({"expand": "sigmoyd"}, "expand='sigmoyd', but there is no such scope, and no gate"),
        ({"expand": 3}, "expand=3; expected a name"),
        ({"expand": ["relu", 3]}, "expand=.*expected a name"),
        ({"collapse": "fc1"}, "collapse='fc1', but there is no such scope; there are: none"),
        ({"collapse": None}, "collapse=None; expected a name"),
        ({"collapse": [1]}, r"collapse=\[1\]; expected a name"),
    ],
)
def test_a_wrong_option_is_told_with_what_was_expected(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DrawError, match=message):
        draw(neuron(), **options)


def test_wrong_scopes_are_told_with_those_that_there_are() -> None:
    with pytest.raises(DrawError, match=r"'fc3'.*there are: TwoLayerNet, fc1, fc2"):
        draw(net_loss()[0], collapse=["fc1", "fc3"])


@pytest.mark.parametrize("thing", [3.0, np.ones(2), None, [Tensor(1.0)]])
def test_only_tensors_are_drawn(thing: Any) -> None:
    with pytest.raises(DrawError, match=f"expected a Tensor, got {type(thing).__name__}; pass"):
        draw(thing)


def test_inside_a_compiled_function_there_is_nothing_to_draw() -> None:
    def f(x: Tensor) -> Tensor:
        draw(x * x)
        return x * x

    with pytest.raises(DrawError, match="without `compile`"):
        ag.compile(f)(Tensor(2.0))
