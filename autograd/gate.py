"""Gates: a NumPy function and one local gradient per operand, declared once, in one row.

    multiply = gate(operator.mul, np.multiply, symbol="×", local=(lambda y: y, lambda x: x))

`local` is for elementwise gates: each entry is the local gradient, a number or a function of
what it names; the engine multiplies it by the upstream gradient. `vjp` is for all others: each
entry is a function of the upstream gradient `g`, and of what else it names, that gives the
downstream gradient. A rule may name the operands, `out`, the gate's keyword arguments and
`<operand>_shape`; and `tracked` (the number of operands that gradients flow to) and `position`
(which one this is). What a rule names is kept until the backward pass, and nothing else. Rules are
plain NumPy: given Tensors they record gates, and so derivatives of any order come for free.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .captions import Captions
from .complexes import conjugation
from .errors import UnsupportedError
from .node import Node
from .tensor import recorded_tensor

__all__ = ["GATES", "Edge", "Gate", "Plan"]

Function = Callable[..., Any]

GATES: dict[str, Gate] = {}
FROM_THE_EDGE = ("tracked", "position")  # what a rule may name that is fixed for an edge


class Need(NamedTuple):
    """One thing that a rule names, and where it comes from."""

    kind: str  # "operand", "out", "static"; "shape" and "edge", which need not be saved
    key: Any = None


@dataclass(eq=False, repr=False)
class Gate(Captions):
    """A row of the gate table. `gate()` makes it and says what the fields mean, see declare.py."""

    kernel: Any = None
    numpy: Function | None = None
    functions: tuple[Function, ...] = ()
    local: Any = None
    vjp: Any = None
    live: Any = None
    elementwise: bool = False
    linear: bool = False
    selects: bool = False
    variadic: bool = False
    differentiable: bool = True
    of_complex: str = ""
    tangent: Function | None = None  # the rule of forward mode, where the vjp does not tell it
    native: Function | None = None
    planned: Any = field(default=None, init=False)  # an accelerator may have a way of its own
    _plans: dict[tuple[int, ...], Plan] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.planned = Plan
        self.caption((self.numpy or self.kernel).__name__)
        self.times = self.local is not None  # the upstream gradient times a local one
        self.rules, self.live = _each(self.local if self.times else self.vjp), _each(self.live)
        self.elementwise = self.elementwise or self.times
        self.selects = self.selects or self.live != (None,)
        self.transparent = self.elementwise or self.linear  # zeros of out are zeros of operands
        self.singular = self.times and not self.selects and any(map(callable, self.rules))
        count = 1 if self.variadic else len(self.rules)
        unnamed = isinstance(self.kernel, np.ufunc) or self.kernel.__module__ == "_operator"
        parameters = [] if unnamed else [*inspect.signature(self.kernel).parameters.values()]
        self.operands = ("x", "y")[:count] if unnamed else tuple(p.name for p in parameters[:count])
        self.optional = {k for k, p in enumerate(parameters[:count]) if p.default is None}
        self.statics = {p.name: p.default for p in parameters[count:]}
        self.by_name = any(p.kind is p.KEYWORD_ONLY for p in parameters[count:])
        for rule in self.rules:  # a misspelt name is found at import
            self.needs(rule)

    def rule(self, position: int) -> Any:
        """The local gradient or the vjp for the operand at `position`."""
        return self.rules[0 if self.variadic else position]

    def needs(self, rule: Any) -> dict[str, Need]:
        """What a rule names beside the upstream gradient, and where each comes from."""
        names = parameter_names(rule) if callable(rule) else ()
        if callable(rule) and not self.times and names[:1] != ("g",):
            raise TypeError(f"{self.name}: a vjp rule takes g first, but this one takes {names}")
        own = names if self.times else names[1:]
        return {name: self.need(name) for name in own}

    def need(self, name: str) -> Need:
        """Where the thing that a rule calls `name` comes from."""
        found = {"out": Need("out"), **{static: Need("static", static) for static in self.statics}}
        found |= {name: Need("edge", name) for name in FROM_THE_EDGE}
        for k, operand in enumerate(self.operands):
            found |= {} if self.variadic else {operand: Need("operand", k)}
            found[operand + "_shape"] = Need("shape", k)
        if name not in found:
            raise TypeError(f"{self.name}: a rule names {name!r}; it may name {', '.join(found)}")
        return found[name]

    def compute(self, values: Any, static: dict[str, Any], plan: Plan | None) -> tuple[Any, Any]:
        """The result, and what an accelerator's rules want beside (see fast/quick.py)."""
        return self.kernel(*([values] if self.variadic else values), **static), None

    def plan(self, tracked: tuple[int, ...]) -> Plan:
        """How this gate is recorded when gradients flow to these operands."""
        if tracked not in self._plans:
            self._plans[tracked] = self.planned(self, tracked)
        return self._plans[tracked]

    def __repr__(self) -> str:
        return f"<Gate {self.name}({', '.join(self.operands)})>"


class Plan:
    """A gate with a choice of tracked operands: its edges, and what they need to be saved."""

    __slots__ = ("edges", "gate", "layout", "positions", "quick", "selects", "singular")

    def __init__(self, gate: Gate, tracked: tuple[int, ...]):
        for position in tracked:
            if gate.rule(position) is None:
                operand = gate.operands[position]
                raise UnsupportedError(
                    f"{gate.name}: there is no gradient rule for {operand}, but it is tracked; "
                    f"use {operand}.detach() if no gradient is wanted there"
                )
        self.gate, self.positions = gate, tracked
        self.selects, self.singular = gate.selects, gate.singular
        self.quick: Any = None  # what an accelerator keeps here
        needs = [
            need for k in tracked for need in self.needs(k) if need.kind not in ("shape", "edge")
        ]
        self.layout: list[Need] = list(dict.fromkeys(needs))  # of what is saved
        self.edges = tuple(self.edge(position) for position in tracked)

    def needs(self, position: int) -> list[Need]:
        """What has to be kept for the edge to one of the tracked operands."""
        return list(self.gate.needs(self.gate.rule(position)).values())

    def edge(self, position: int) -> Edge:
        """The edge to one of the tracked operands."""
        return Edge(self, position)

    def saved(self, values: Any, out: Any, static: dict[str, Any], extra: Any) -> tuple[Any, ...]:
        """What a node of this plan keeps; `extra` is for accelerators."""
        given = {**self.gate.statics, **static}
        found = {"operand": values, "out": {None: out}, "static": given, "extra": extra}
        return tuple([found[kind][key] for kind, key in self.layout])


class Edge:
    """From a gate to one tracked operand: its rule, and where the rule's arguments are."""

    __slots__ = (
        "gate", "live", "live_args", "needs", "passes", "places", "position", "rule", "tracked",
    )  # fmt: skip

    def __init__(self, plan: Plan, position: int):
        gate = self.gate = plan.gate
        self.position, self.tracked, rule = position, len(plan.positions), gate.rule(position)
        needs, live = gate.needs(rule), gate.live[position : position + 1]
        self.needs = list(needs.values())
        self.places = [plan.layout.index(n) if n in plan.layout else None for n in self.needs]
        self.rule: Function = rule if callable(rule) else lambda: rule
        self.passes = rule == 1  # the gradient as it is
        self.live: Function | None = live[0] if live else None
        used = parameter_names(self.live) if self.live else ()
        self.live_args = [[*needs].index(name) for name in used]

    def apply(self, g: Any, arguments: Sequence[Any]) -> Any:
        """The chain rule at this edge: upstream gradient in, downstream gradient out."""
        if self.passes:
            return g
        turn = conjugation(self.gate, g)
        g = turn(g)
        return turn(g * self.rule(*arguments) if self.gate.times else self.rule(g, *arguments))

    def back(self, node: Node, g: Any) -> Any:
        """The same, with the arrays that a node has saved."""
        return self.apply(g, self.arguments(node))

    def arguments(self, node: Node) -> list[Any]:
        """What the rule names, as arrays."""
        return [self.argument(*x, node) for x in zip(self.needs, self.places, strict=True)]

    def argument(self, need: Need, place: int | None, node: Node) -> Any:
        """One thing that a rule names."""
        if place is not None:
            return node.saved[place]
        return node.parents[need.key].shape if need.kind == "shape" else getattr(self, need.key)

    def recorded_arguments(self, node: Node) -> list[Any]:
        """The same as tensors that belong to the graph, so that the rule can be differentiated."""
        found = self.arguments(node)
        for k, (kind, key) in enumerate(self.needs):
            parent = node if kind == "out" else node.parents[key] if kind == "operand" else None
            if isinstance(parent, Node) and parent.requires_grad:
                found[k] = recorded_tensor(found[k], parent)
        return found


def _each(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


@functools.cache
def parameter_names(function: Function) -> tuple[str, ...]:
    """The names of a function's parameters; read once, never while gradients are computed."""
    return tuple(inspect.signature(function).parameters)
