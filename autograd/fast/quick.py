"""How a gate is made quick: another kernel, and other rules, beside those of its row.

`accelerate` registers them from outside the table. The row stays what the gate *is*: a rule there
serves arrays and tensors, pictures and second derivatives; what is registered here serves plain
arrays alone, and gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..complexes import FLOAT
from ..gate import GATES, Edge, Gate, Need, Plan, parameter_names
from ..node import Node

__all__ = ["Quick", "QuickEdge", "accelerate"]

Function = Callable[..., Any]


class Quick(NamedTuple):
    """What is registered for a gate; see `accelerate`."""

    fused: Function | None
    keeps: tuple[str, ...]
    rules: tuple[Function | None, ...]
    alone: bool


QUICK: dict[Gate, Quick] = {}
INSTALL: dict[Gate, Function] = {}  # lets the function that calls a gate use another kernel


def accelerate(
    call: Any,
    kernel: Function | None = None,
    *,
    fused: Function | None = None,
    keeps: tuple[str, ...] = (),
    vjp: tuple[Function | None, ...] = (),
    native: Function | None = None,
    alone: bool = False,
) -> None:
    """Register quicker ways for the gate that `call` records.

    kernel   takes the place of the row's kernel
    fused    a kernel that gives `(out, extra)`, for use when the gate is recorded: `extra` holds
             intermediate values that rules want, a tuple, named by `keeps`
    vjp      one rule per operand (None: as in the row), whatever kind the row's are; they may name
             what a row's rules may name, and what `keeps` names
    native   a kernel that suits native code, see the compiler
    alone    the rules give other last bits than those of the row, so the rows of a Jacobian, which
             go back all at once by the row's rules, go back one after the other by these
    """
    row = GATES[call.__name__]
    QUICK[row] = Quick(fused, keeps, vjp, alone)
    quick = kernel or row.kernel

    def compute(values: Any, static: dict[str, Any], plan: Plan | None) -> tuple[Any, Any]:
        given = [values] if row.variadic else values
        if fused is not None and plan is not None:
            return fused(*given, **static)  # type: ignore[no-any-return]
        return quick(*given, **static), None

    setattr(row, "compute", compute)  # noqa: B010
    row.native = native
    if keeps or vjp:
        row.planned = QuickPlan
    if row in INSTALL:
        INSTALL[row](quick, fused)


class QuickPlan(Plan):
    """A gate with a choice of tracked operands, and what its quicker rules want."""

    __slots__ = ()

    def needs(self, position: int) -> list[Need]:
        """What has to be kept: for the row's rule, and for the quicker one."""
        return super().needs(position) + self.quick_needs(position)

    def quick_needs(self, position: int) -> list[Need]:
        """What the quicker rule names."""
        quick, rule = QUICK[self.gate], self.quick_rule(position)
        return [
            Need("extra", quick.keeps.index(name)) if name in quick.keeps else self.gate.need(name)
            for name in (parameter_names(rule)[1:] if rule else ())
        ]

    def quick_rule(self, position: int) -> Function | None:
        """The quicker rule for an operand, if there is one."""
        rules = QUICK[self.gate].rules
        return rules[position] if position < len(rules) else None

    def edge(self, position: int) -> Edge:
        """The edge to one of the tracked operands."""
        return (QuickEdge if self.quick_rule(position) else Edge)(self, position)

    def saved(self, values: Any, out: Any, static: dict[str, Any], extra: Any) -> tuple[Any, ...]:
        """What a node of this plan keeps; nothing extra where the row's own kernel has run."""
        return super().saved(values, out, static, extra or (None,) * len(QUICK[self.gate].keeps))


class QuickEdge(Edge):
    """An edge with a quicker rule for plain arrays."""

    __slots__ = ("quick_needs", "quick_places", "quick_rule")

    def __init__(self, plan: Plan, position: int):
        super().__init__(plan, position)
        assert isinstance(plan, QuickPlan)
        rule = plan.quick_rule(position)
        self.quick_rule: Function = rule  # type: ignore[assignment]
        self.quick_needs = plan.quick_needs(position)
        layout = plan.layout
        self.quick_places = [layout.index(n) if n in layout else None for n in self.quick_needs]

    def back(self, node: Node, g: Any) -> Any:
        """The chain rule at this edge, quickly; that of complex numbers is the row's."""
        if getattr(g, "dtype", FLOAT).kind == "c":
            return super().back(node, g)
        return self.quick_rule(
            g,
            *[
                self.argument(need, place, node)
                for need, place in zip(self.quick_needs, self.quick_places, strict=True)
            ],
        )
