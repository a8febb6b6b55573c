"""Accelerated gates give what their rows give."""

from __future__ import annotations

from typing import Any

import gate_cases
import numpy as np
import pytest
from close import assert_close
from draws import generator
from gate_cases import CASES, Case

import autograd as ag
from autograd import Node, ShapeError, Tensor
from autograd.fast.quick import QUICK, QuickEdge
from autograd.replay import ancestors, operand_values, values

NAMES = {gate.name for gate in QUICK}
QUICKER = [case for case in CASES if case.gate in NAMES]


def nodes_of(case: Case) -> list[Node]:
    result = case.f(*[Tensor(x) for x in case.inputs])
    found = [n for n in ancestors(result.node) if n.gate and n.gate.name == case.gate]
    assert found
    return found


def test_every_accelerated_gate_has_a_case() -> None:
    assert {case.gate for case in QUICKER} == NAMES
    assert gate_cases.__doc__


@pytest.mark.parametrize("case", QUICKER, ids=lambda c: c.id)
def test_kernels_give_what_the_row_gives(case: Case) -> None:
    for node in nodes_of(case):
        gate, static = node.plan.gate, node.static or {}
        given = operand_values(node, values(ancestors(node)))
        expected = gate.kernel(*([given] if gate.variadic else given), **static)
        scale = [x for x in given if isinstance(x, np.ndarray)]
        for plan in (None, node.plan):
            out, _ = gate.compute(given, static, plan)
            assert_close(out, expected, of=scale)
            assert np.asarray(out).dtype == np.asarray(expected).dtype
            assert np.shape(out) == np.shape(expected)


@pytest.mark.parametrize("case", QUICKER, ids=lambda c: c.id)
def test_rules_give_what_the_rows_rules_give(case: Case) -> None:
    for node in nodes_of(case):
        g = generator(3).normal(size=node.shape).astype(node.dtype)[()]
        for edge in node.plan.edges:
            if isinstance(edge, QuickEdge):
                assert_close(edge.back(node, g), edge.apply(g, edge.arguments(node)), of=[g])


@pytest.mark.parametrize("kind", [complex, int, bool])
@pytest.mark.parametrize("loss", [ag.softmax_cross_entropy, ag.svm_hinge])
def test_losses_take_floats_for_scores(loss: Any, kind: Any) -> None:
    with pytest.raises(ShapeError, match="expected floats"):
        loss(np.ones((4, 3), kind), np.array([0, 1, 2, 0]))
