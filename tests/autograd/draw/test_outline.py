"""Graphs without numbers: the same shapes as with them, in no memory, and nothing to mistake."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from draws import generator
from gate_cases import CASES, Case

import autograd as ag
import nn
from autograd import Node, ShapeError, Tensor
from autograd.draw import DrawError, blank, draw, shapes_only
from autograd.replay import ancestors
from demos import alexnet


def shapes(tensor: Tensor) -> list[tuple[Any, ...]]:
    nodes = ancestors(tensor.node)
    return [(n.gate.name, n.shape, n.dtype) for n in nodes if n.gate is not None]


def convnet(x: Any) -> Any:
    net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2, padding=1, seed=0), nn.ReLU(), nn.MaxPool2d(2),
                        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 5, seed=1))  # fmt: skip
    return nn.softmax_cross_entropy(net(x), np.array([1, 2])) + nn.l2_penalty(0.1, net.layers[0].W)


def test_the_same_shapes_as_with_numbers() -> None:
    x = generator(0).normal(size=(2, 3, 16, 16))
    with shapes_only():
        outlined = convnet(Tensor(blank(x.shape), name="x"))
    assert shapes(outlined) == shapes(convnet(Tensor(x, name="x")))
    for options in [{}, {"expand": True}, {"depth": 0}]:
        drawn = draw(outlined, show="outline", **options).drawing
        usual = draw(convnet(Tensor(x, name="x")), show="shapes", **options).drawing
        assert [v.above for v in drawn.values] == [v.above for v in usual.values]
        assert [g.symbol for g in drawn.gates] == [g.symbol for g in usual.gates]
        assert not any(v.below or v.note or v.bad_value for v in drawn.values)
        assert drawn.remarks == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_gate_has_an_outline(case: Case) -> None:
    def result(make: Any) -> Any:
        return case.f(*[Tensor(make(np.asarray(x))) for x in case.inputs])

    expected = result(lambda x: x)
    with shapes_only():
        outlined = result(lambda x: blank(x.shape, x.dtype))
    if isinstance(expected, Tensor):
        assert (outlined.shape, outlined.dtype) == (expected.shape, expected.dtype)


def test_nothing_can_be_mistaken_for_a_number() -> None:
    w = Tensor(np.ones((3, 3)), name="w")
    with shapes_only():
        y = np.exp(w @ w).sum()
    assert np.isnan(y.item())
    y.backward()
    assert np.isnan(w.grad).all()
    with shapes_only(), pytest.raises(DrawError, match="no values to go back through"):
        (w @ w).sum().backward()


def test_errors_are_those_of_the_gates() -> None:
    with shapes_only():
        for w, b in [((4, 2), (2,)), ((3, 2), (3,))]:
            with pytest.raises(ShapeError, match="affine"):
                ag.affine(Tensor(blank((5, 3))), Tensor(blank(w)), Tensor(blank(b)))
        with pytest.raises(ShapeError, match="matmul"):
            Tensor(blank((5, 3))) @ Tensor(blank((4, 2)))


def test_after_the_block_gates_compute_again() -> None:
    with shapes_only():
        pass
    assert (Tensor(2.0) * 3.0).item() == 6.0


# --- AlexNet -------------------------------------------------------------------------------------


def test_the_shapes_of_alexnet_are_those_of_the_lecture() -> None:
    """CS231n, "CNN Architectures": the slide that lists the layers of AlexNet."""
    scores, net = alexnet.graph()
    last: dict[str, tuple[int, ...]] = {}
    for node in ancestors(scores.node):
        if isinstance(node, Node) and node.scope is not None:
            stage = node.scope.path[1].name
            last[stage] = node.shape[1:]
    assert last == {
        "conv1": (96, 55, 55), "pool1": (96, 27, 27), "conv2": (256, 27, 27),
        "pool2": (256, 13, 13), "conv3": (384, 13, 13), "conv4": (384, 13, 13),
        "conv5": (256, 13, 13), "pool3": (256, 6, 6), "fc6": (4096,), "fc7": (4096,),
        "fc8": (1000,),
    }  # fmt: skip
    assert sum(p.size for p in net.parameters()) == 62_378_344


def test_alexnet_is_drawn_in_little_memory() -> None:
    tracemalloc.start()
    try:
        scores, _ = alexnet.graph()
        picture = draw(scores, show="outline", depth=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 32 * 2**20  # one copy of the weights has 238 MiB
    assert [g.name for g in picture.drawing.gates][:3] == ["conv1", "pool1", "conv2"]
    assert "(1, 96, 55, 55)" in picture.text
