"""Planted faults: rules that are wrong by a tenth."""

from __future__ import annotations

import copy

import pytest

from autograd.gate import GATES, Edge


def spoil(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the rules of a gate wrong, where it has been called with these operands before."""
    for plan in GATES[name]._plans.values():
        monkeypatch.setattr(plan, "edges", [_spoiled(edge) for edge in plan.edges])
        monkeypatch.setattr(plan, "quick", None)


def _spoiled(edge: Edge) -> Edge:
    spoiled = copy.copy(edge)
    spoiled.passes = False
    for name in {"rule", "quick_rule"} & set(dir(edge)):
        rule = getattr(edge, name)
        setattr(spoiled, name, lambda *a, rule=rule: 1.1 * rule(*a))
    return spoiled
