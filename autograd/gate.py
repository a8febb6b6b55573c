"""Gates: how a NumPy function is declared, and what happens when it meets a Tensor.

A gate is a NumPy function plus one local gradient per operand, declared once, in one row:

    multiply = gate(operator.mul, np.multiply, symbol="×", local=(lambda y: y, lambda x: x))

`local` is for elementwise gates: each entry is the local gradient, a number or a function of
what it names; the engine multiplies it by the upstream gradient. `vjp` is for all others: each
entry is a function of the upstream gradient `g`, and of what else it names, that gives the
downstream gradient. A rule may name the operands, `out`, the gate's keyword arguments,
`<operand>_shape`, and the entries of `cache`; and, last, `tracked` (the number of operands that
gradients flow to) and `position` (which one this is). What a rule names is kept until the
backward pass, nothing else is. Rules are plain NumPy: given arrays they give gradients, given
Tensors they record gates, and so derivatives of any order come for free.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .errors import UnsupportedError
from .node import Node
from .tensor import Array, Tensor, recorded_tensor

__all__ = ["GATES", "Edge", "Gate", "Plain", "Plan"]

Rule = Callable[..., Any]
Function = Callable[..., Any]

GATES: dict[str, Gate] = {}
FROM_THE_EDGE = ("tracked", "position")  # what a rule may name that is fixed for an edge


class Need(NamedTuple):
    """One thing that a rule names, and where it comes from."""

    kind: str  # "operand", "out", "static", "cache"; "shape", which every node knows anyway
    key: Any = None


OUT = Need("out")


class Plain(NamedTuple):
    """A gate as a textbook writes it, for programs that people read; None: as in the table.

    `rows` takes the place of `fused`, or of `kernel`, in native code: row by row as in the book,
    but stable, and with large products as BLAS likes them.
    """

    kernel: Function | None = None
    fused: Function | None = None
    vjp: tuple[Rule | None, ...] = ()
    rows: Function | None = None


class Gate:
    """A row of the gate table. Made by `gate()`, which says what the fields mean."""

    def __init__(
        self,
        kernel: Function,
        numpy: Function | None,
        *,
        name: str | None = None,
        symbol: str | None = None,
        role: str = "",
        written: str = "",
        face: str = "",
        says: str | tuple[str, ...] = "",
        shape: Function | None = None,
        opened: str = "",
        local: Any = None,
        vjp: Any = None,
        elementwise: bool = False,
        linear: bool = False,
        live: Any = None,
        selects: bool = False,
        cache: dict[str, Function] | None = None,
        fused: Function | None = None,
        expand: Function | None = None,
        plain: Plain | None = None,
        variadic: bool = False,
        differentiable: bool = True,
    ):
        self.kernel, self.numpy = kernel, numpy
        self.name: str = name or (numpy or kernel).__name__
        self.symbol, self.role = symbol or self.name, role
        self.times = local is not None
        self.elementwise, self.linear = elementwise or self.times, linear
        self.variadic, self.differentiable = variadic, differentiable
        self.cache, self.fused, self.expand, self.plain = cache or {}, fused, expand, plain
        rules = local if self.times else vjp
        self.rules: tuple[Any, ...] = rules if isinstance(rules, tuple) else (rules,)
        self.live: tuple[Any, ...] = live if isinstance(live, tuple) else (live,)
        self.selects = selects or live is not None
        self.transparent = self.elementwise or linear  # zeros of the result are zeros of operands
        self.written, self.face, self.shape, self.opened = written, face, shape, opened
        self.says = says if isinstance(says, tuple) else (says,)
        self.functions: tuple[Function, ...] = (kernel,)  # that record this gate
        self.singular = self.times and not self.selects and any(map(callable, self.rules))
        self.operands, self.statics = self._signature()
        few = len(self.operands) <= 2 and not (self.statics or self.cache)
        self.on_numbers = self.times and few  # of single numbers a NumberNode is made
        self._plans: dict[tuple[int, ...], Plan] = {}
        for rule in self.rules:  # a misspelt name is found at import
            for name in self.names(rule):
                if name not in FROM_THE_EDGE:
                    self.need(name)

    def _signature(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        """The operands' names, and the keyword arguments with their defaults."""
        if self.variadic:
            first, *rest = inspect.signature(self.kernel).parameters.values()
            return (first.name,), {p.name: p.default for p in rest}
        count = len(self.rules)
        if isinstance(self.kernel, np.ufunc) or self.kernel.__module__ == "_operator":
            return ("x", "y")[:count], {}
        parameters = list(inspect.signature(self.kernel).parameters.values())
        statics = {p.name: p.default for p in parameters[count:]}
        return tuple(p.name for p in parameters[:count]), statics

    def rule(self, position: int) -> Any:
        """The local gradient or the vjp for the operand at `position`."""
        return self.rules[0 if self.variadic else position]

    def names(self, rule: Any) -> tuple[str, ...]:
        """What a rule names beside the upstream gradient."""
        if not callable(rule):
            return ()
        names = parameter_names(rule)
        if self.times:
            return names
        if not names or names[0] != "g":
            raise TypeError(f"{self.name}: a vjp rule takes g first, but this one takes {names}")
        return names[1:]

    def need(self, name: str) -> Need:
        """Where the thing that a rule calls `name` comes from."""
        operand = name.removesuffix("_shape")
        if name == "out":
            return OUT
        if name in self.operands and not self.variadic:
            return Need("operand", self.operands.index(name))
        if name in self.statics:
            return Need("static", name)
        if name in self.cache:
            return Need("cache", name)
        if operand in self.operands:
            return Need("shape", self.operands.index(operand))
        raise TypeError(
            f"{self.name}: a rule names {name!r}; it may name {', '.join(self.operands)}, out, "
            f"{', '.join([*self.statics, *self.cache])} or the shape of an operand"
        )

    def plan(self, tracked: tuple[int, ...]) -> Plan:
        """How this gate is recorded when gradients flow to these operands."""
        plan = self._plans.get(tracked)
        if plan is None:
            plan = self._plans[tracked] = Plan(self, tracked)
        return plan

    def __repr__(self) -> str:
        return f"<Gate {self.name}({', '.join(self.operands)})>"


class Plan:
    """A gate with a choice of tracked operands: its edges, and what they need to be saved."""

    __slots__ = ("edges", "gate", "layout", "positions", "selects", "singular")

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
        self.layout: list[Need] = []
        for position in tracked:
            for name in gate.names(gate.rule(position)):
                self._keep(name)
        self.edges = tuple(Edge(self, position) for position in tracked)

    def _keep(self, name: str) -> None:
        if name in FROM_THE_EDGE:
            return
        need = self.gate.need(name)
        if need not in self.layout and need.kind != "shape":
            self.layout.append(need)
        if need.kind == "cache":  # computed again when a derivative of higher order needs it
            for part in parameter_names(self.gate.cache[name]):
                self._keep(part)


class Edge:
    """From a gate to one tracked operand: the rule, and which saved things it is given."""

    __slots__ = (
        "arguments", "gate", "layout", "live", "live_args", "local", "local_of_number", "needs",
        "parts", "passes", "position", "pull", "rule", "tracked",
    )  # fmt: skip

    def __init__(self, plan: Plan, position: int):
        gate = self.gate = plan.gate
        rule = gate.rule(position)
        names = gate.names(rule)
        fixed = {"tracked": len(plan.positions), "position": position}
        given = {name: fixed[name] for name in names if name in fixed}
        self.position, self.layout, self.tracked = position, plan.layout, plan.positions
        needs = [gate.need(name) for name in names if name not in fixed]
        self.needs = tuple(needs)
        parts = tuple(
            f"parents[{need.key}].shape" if need.kind == "shape"
            else f"saved[{plan.layout.index(need)}]"
            for need in needs
        )  # fmt: skip
        self.arguments = _on_saved("arguments", parts)(None)
        self.parts = parts
        self.set_rule(functools.partial(rule, **given) if given else rule)
        self.live: Rule | None = gate.live[position] if position < len(gate.live) else None
        self.live_args = (
            tuple(names.index(name) for name in parameter_names(self.live)) if self.live else ()
        )

    def set_rule(self, rule: Rule | float) -> None:
        """Take a rule, or a number; also as a function of what nodes save, for the usual pass."""
        self.passes = rule == 1  # the gradient as it is
        self.rule: Rule = rule if callable(rule) else lambda: rule
        times = self.gate.times
        self.local: Any = _on_saved("local", self.parts)(self.rule) if times else None
        self.pull: Any = None if times else _on_saved("pull", self.parts)(self.rule)
        self.local_of_number: Any = None
        if self.gate.on_numbers:
            places = tuple(_in_number_node(need, self.tracked) for need in self.needs)
            self.local_of_number = _on_saved("local_of_number", places)(self.rule)

    def apply(self, g: Any, arguments: Sequence[Any]) -> Any:
        """The chain rule at this edge: upstream gradient in, downstream gradient out."""
        if self.passes:
            return g
        return g * self.rule(*arguments) if self.local else self.rule(g, *arguments)

    def closure(self, node: Node) -> Callable[[Array], Array]:
        """The local backward closure of `node` for this operand."""
        arguments = self.given(node, recorded=False)
        return lambda g: self.apply(g, arguments)

    def given(self, node: Node, recorded: bool) -> Sequence[Any]:
        """The rule's arguments: arrays, or the same as Tensors that belong to the graph."""
        if not recorded:
            return self.arguments(node.saved, node.parents)  # type: ignore[no-any-return]
        return [self._recorded(need, node) for need in self.needs]

    def _recorded(self, need: Need, node: Node) -> Any:
        if need.kind == "shape":
            return node.parents[need.key].shape
        if need.kind == "cache":  # worked out again, from operands that are in the graph
            recipe = self.gate.cache[need.key]
            names = parameter_names(recipe)
            return recipe(*[self._recorded(self.gate.need(name), node) for name in names])
        value = node.saved[self.layout.index(need)]
        if need.kind == "out":
            return recorded_tensor(value, node)
        if need.kind == "operand":
            parent = node.parents[need.key]
            if isinstance(parent, Node) and parent.requires_grad:
                return recorded_tensor(value, parent)
        return value


def _in_number_node(need: Need, tracked: tuple[int, ...]) -> str:
    """Where a `NumberNode` has what a rule needs."""
    if need.kind == "shape":
        return "()"
    if need.kind != "operand":
        return "node.value"
    return f"node.{'xy'[need.key]}" + (".value" if need.key in tracked else "")


@functools.cache
def _on_saved(kind: str, parts: tuple[str, ...]) -> Callable[[Rule | None], Any]:
    """Makes a rule a function of what nodes save; called for every gate, so without detours."""
    inputs = "".join(f"{part}, " for part in parts)
    function = {
        "arguments": f"lambda saved, parents: ({inputs})",
        "local": f"lambda saved, parents: rule({inputs})",
        "local_of_number": f"lambda node: rule({inputs})",
        "pull": f"lambda g, saved, parents: rule(g, {inputs})",
    }[kind]
    return eval(f"lambda rule: {function}")  # type: ignore[no-any-return]


@functools.cache
def parameter_names(function: Function) -> tuple[str, ...]:
    """The names of a function's parameters; read once, never while gradients are computed."""
    return tuple(inspect.signature(function).parameters)


def register_method(names: Sequence[str], call: Any, reflected: str | None = None) -> None:
    """Offer a gate as operators and methods of Tensor."""
    for name in names:
        setattr(Tensor, name, call)
    if reflected:
        setattr(Tensor, reflected, lambda self, other: call(other, self))
