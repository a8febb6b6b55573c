"""Every gate and random programs: drawn whole, closed, with the gradients of backward."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from draws import generator
from gate_cases import CASES, Case
from pictures import TAGS, behind, is_in_order, labels, number_of_wires, random_program, tags, value

from autograd import Node, Tensor
from autograd.draw import draw
from autograd.draw.numbers import number


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
@pytest.mark.parametrize("expand", [False, True], ids=["whole", "expanded"])
def test_every_gate_is_drawn_with_the_gradients_of_backward(case: Case, expand: bool) -> None:
    inputs = [Tensor(x, name=f"in{k}") for k, x in enumerate(case.inputs)]
    f = case.f(*inputs)
    g = generator(1).normal(size=f.shape)
    picture = draw(f, gradient=g, expand=expand, show="shapes")
    f.backward(g)
    assert tags(labels(picture.dot)) <= TAGS
    by_name = {v.name: v for v in picture.drawing.values}
    for x in inputs:
        if x.grad is not None:
            norm = number(np.linalg.norm(np.ravel(x.grad)), digits=2)
            assert by_name[str(x.name)].below == [norm]


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_are_drawn_whole_and_closed(seed: int) -> None:
    f, values = random_program(seed)
    recorded = [node for node in behind(f) if node.plan is not None]
    whole = draw(f, max_nodes=1000)
    operands = sum(len([p for p in n.parents if isinstance(p, Node)]) for n in recorded)
    assert len(whole.drawing.gates) == len(recorded)
    assert number_of_wires(whole.drawing) == operands
    names = sorted({box.name for box in whole.drawing.boxes})
    for k in range(len(names) + 1):
        drawing = draw(f, collapse=names[:k], max_nodes=1000).drawing
        assert is_in_order(drawing)
        assert {box.name for box in drawing.boxes}.isdisjoint(names[:k])
        assert len(drawing.reading_order) == len(drawing.items)
    expanded = draw(f, expand=True, max_nodes=1000).drawing
    assert is_in_order(expanded)
    own = Counter(box.name for box in expanded.boxes if not box.fused)
    assert own == Counter(box.name for box in whole.drawing.boxes)
    values[-1].name = "last"
    f.backward(retain_grads=True)
    assert value(draw(f), "last").below == [number(values[-1].grad)]
