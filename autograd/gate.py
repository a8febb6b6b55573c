"""Gates: a NumPy function and one local gradient per operand, declared once, in one row.

    multiply = gate(operator.mul, np.multiply, symbol="×", local=(lambda y: y, lambda x: x))

`local` is for elementwise gates: each entry is the local gradient, a number or a function of
what it names; the engine multiplies it by the upstream gradient. `vjp` is for all others: each
entry is a function of the upstream gradient `g`, and of what else it names, that gives the
downstream gradient. A rule may name the operands, `out`, the gate's keyword arguments and
`<operand>_shape`; and, last, `tracked` (the number of operands that gradients flow to) and
`position` (which one this is). What a rule names is kept until the backward pass, nothing else is.
Rules are plain NumPy: given arrays they give gradients, given Tensors they record gates, and so
derivatives of any order come for free.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .errors import UnsupportedError
from .node import Node
from .tensor import recorded_tensor

__all__ = ["GATES", "Edge", "Gate", "Plan"]

Function = Callable[..., Any]

GATES: dict[str, Gate] = {}
FROM_THE_EDGE = ("tracked", "position")  # what a rule may name that is fixed for an edge


class Need(NamedTuple):
    """One thing that a rule names, and where it comes from."""

    kind: str  # "operand", "out", "static"; "shape", which every node knows anyway
    key: Any = None


@dataclass(eq=False, repr=False)
class Gate:
    """A row of the gate table. `gate()` makes it and says what the fields mean, see declare.py."""

    kernel: Function
    numpy: Function | None = None
    functions: tuple[Function, ...] = ()
    name: str = ""
    symbol: str = ""
    role: str = ""
    written: str = ""
    face: str = ""
    says: Any = ""
    shape: Function | None = None
    opened: str = ""
    expand: Function | None = None
    local: Any = None
    vjp: Any = None
    live: Any = None
    elementwise: bool = False
    linear: bool = False
    selects: bool = False
    variadic: bool = False
    differentiable: bool = True
    native: Function | None = None
    _plans: dict[tuple[int, ...], Plan] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.name = self.name or (self.numpy or self.kernel).__name__
        self.symbol = self.symbol or self.name
        self.times = self.local is not None  # the upstream gradient times a local one
        self.rules = _each(self.local if self.times else self.vjp)
        self.says, self.live = _each(self.says), _each(self.live)
        self.elementwise = self.elementwise or self.times
        self.selects = self.selects or self.live != (None,)
        self.transparent = self.elementwise or self.linear  # zeros of out are zeros of operands
        self.singular = self.times and not self.selects and any(map(callable, self.rules))
        count = 1 if self.variadic else len(self.rules)
        if isinstance(self.kernel, np.ufunc) or self.kernel.__module__ == "_operator":
            parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in "xy"]
        else:
            parameters = list(inspect.signature(self.kernel).parameters.values())
        self.operands = tuple(p.name for p in parameters[:count])
        self.optional = {k for k, p in enumerate(parameters[:count]) if p.default is None}
        rest = parameters[count:] if parameters[0].kind != inspect.Parameter.POSITIONAL_ONLY else []
        self.statics = {p.name: p.default for p in rest}
        self.by_name = any(p.kind is p.KEYWORD_ONLY for p in rest)
        for rule in self.rules:  # a misspelt name is found at import
            self.needs(rule)

    def rule(self, position: int) -> Any:
        """The local gradient or the vjp for the operand at `position`."""
        return self.rules[0 if self.variadic else position]

    def names(self, rule: Any) -> tuple[str, ...]:
        """What a rule names beside the upstream gradient."""
        names = parameter_names(rule) if callable(rule) else ()
        if self.times or not callable(rule):
            return names
        if not names or names[0] != "g":
            raise TypeError(f"{self.name}: a vjp rule takes g first, but this one takes {names}")
        return names[1:]

    def needs(self, rule: Any) -> list[Need]:
        """Where the things that a rule names come from."""
        return [self.need(name) for name in self.names(rule) if name not in FROM_THE_EDGE]

    def need(self, name: str) -> Need:
        """Where the thing that a rule calls `name` comes from."""
        operand = name.removesuffix("_shape")
        if name == "out":
            return Need("out")
        if name in self.operands and not self.variadic:
            return Need("operand", self.operands.index(name))
        if name in self.statics:
            return Need("static", name)
        if operand in self.operands:
            return Need("shape", self.operands.index(operand))
        raise TypeError(
            f"{self.name}: a rule names {name!r}; it may name "
            f"{', '.join([*self.operands, 'out', *self.statics])} or the shape of an operand"
        )

    def compute(self, values: Any, static: dict[str, Any], plan: Plan | None) -> tuple[Any, Any]:
        """The result, and what an accelerator's rules want beside (see fast/quick.py)."""
        return self.kernel(*([values] if self.variadic else values), **static), None

    def plan(self, tracked: tuple[int, ...]) -> Plan:
        """How this gate is recorded when gradients flow to these operands."""
        if tracked not in self._plans:
            self._plans[tracked] = self.make_plan(tracked)
        return self._plans[tracked]

    def make_plan(self, tracked: tuple[int, ...]) -> Plan:
        """The same, made anew; an accelerator may make it in another way."""
        return Plan(self, tracked)

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
        needs = [need for k in tracked for need in self.needs(k) if need.kind != "shape"]
        self.layout: list[Need] = list(dict.fromkeys(needs))  # of what is saved
        self.edges = tuple(self.edge(position) for position in tracked)

    def needs(self, position: int) -> list[Need]:
        """What has to be kept for the edge to one of the tracked operands."""
        return self.gate.needs(self.gate.rule(position))

    def edge(self, position: int) -> Edge:
        """The edge to one of the tracked operands."""
        return Edge(self, position)

    def saved(self, values: Any, out: Any, static: dict[str, Any], extra: Any) -> tuple[Any, ...]:
        """What a node of this plan keeps; `extra` is for accelerators."""
        found = {"operand": values, "out": {None: out}, "static": {**self.gate.statics, **static}}
        return tuple(found[kind][key] for kind, key in self.layout)


class Edge:
    """From a gate to one tracked operand: its rule, and where the rule's arguments are."""

    __slots__ = ("gate", "live", "live_args", "needs", "passes", "places", "position", "rule")

    def __init__(self, plan: Plan, position: int):
        gate = self.gate = plan.gate
        self.position, rule = position, gate.rule(position)
        names = gate.names(rule)
        self.rule = bound(rule, names, len(plan.positions), position)
        self.passes = rule == 1  # the gradient as it is
        self.needs = gate.needs(rule)
        self.places = [plan.layout.index(n) if n in plan.layout else None for n in self.needs]
        self.live: Function | None = gate.live[position] if position < len(gate.live) else None
        named = [name for name in names if name not in FROM_THE_EDGE]
        self.live_args = [named.index(n) for n in parameter_names(self.live)] if self.live else []

    def apply(self, g: Any, arguments: Sequence[Any]) -> Any:
        """The chain rule at this edge: upstream gradient in, downstream gradient out."""
        if self.passes:
            return g
        return g * self.rule(*arguments) if self.gate.times else self.rule(g, *arguments)

    def back(self, node: Node, g: Any) -> Any:
        """The same, with the arrays that a node has saved."""
        return self.apply(g, self.arguments(node))

    def arguments(self, node: Node) -> list[Any]:
        """What the rule names, as arrays."""
        return [
            node.parents[need.key].shape if place is None else node.saved[place]
            for need, place in zip(self.needs, self.places, strict=True)
        ]

    def recorded_arguments(self, node: Node) -> list[Any]:
        """The same as tensors that belong to the graph, so that the rule can be differentiated."""
        pairs = zip(self.arguments(node), self.needs, strict=True)
        return [recorded(value, need, node) for value, need in pairs]


def recorded(value: Any, need: Need, node: Node) -> Any:
    """A saved value as a tensor, if gradients flow to what it is a value of."""
    if need.kind == "out":
        return recorded_tensor(value, node)
    parent = node.parents[need.key] if need.kind == "operand" else None
    flows = isinstance(parent, Node) and parent.requires_grad
    return recorded_tensor(value, parent) if flows else value  # type: ignore[arg-type]


def bound(rule: Any, names: Sequence[str], tracked: int, position: int) -> Function:
    """A rule with what is fixed for an edge; a number becomes a function that gives it."""
    if not callable(rule):
        return lambda: rule
    known = {"tracked": tracked, "position": position}
    fixed = {name: known[name] for name in names if name in known}
    return functools.partial(rule, **fixed) if fixed else rule


def _each(x: Any) -> tuple[Any, ...]:
    return x if isinstance(x, tuple) else (x,)


@functools.cache
def parameter_names(function: Function) -> tuple[str, ...]:
    """The names of a function's parameters; read once, never while gradients are computed."""
    return tuple(inspect.signature(function).parameters)
