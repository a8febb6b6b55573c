"""A compiled program as a graph to be drawn: every NumPy call is a gate.

The backward pass has gates of its own here, and so has the update of the parameters. Calls that
one gate of the table stands for lie in one box; the boxes "forward", "backward" and "update" are
around all.
"""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np

from ..call import run as run_gate
from ..compiler import Compiled, Equation, Program, Variable, compile
from ..compiler.ops import function_name
from ..gate import GATES, Gate
from ..leaf import GradSlot
from ..modes import MODE, Scope, Switch
from ..node import ArrayNode, Node, next_number
from ..parameter import Parameter
from ..replay import ancestors
from ..tensor import Tensor
from .algebra import row_of
from .errors import DrawError
from .expand import Choice
from .names import legible
from .sources import names_in_program
from .trace import Trace

__all__ = ["program_of", "trace_program"]

MANY = 3  # calls of one gate that are drawn without a box around them
OUTSIDE = ("np.", "ndarray.", "linalg.")
REDUCED = {"+": "Σ", "×": "Π"}  # a sign between two, and that of many


class Call(NamedTuple):
    """A NumPy function that has no row in the gate table, described as a gate is."""

    name: str
    symbol: str
    operands: tuple[str, ...] = ("x", "y")
    role: str = ""
    face: str = ""
    expand: None = None
    variadic: bool = False
    times: bool = False


class CallPlan(NamedTuple):
    """What `node.plan` tells of a gate, for a call."""

    gate: Gate | Call
    positions: tuple[int, ...]


def program_of(tensor: Tensor, gradient: Any = None) -> Compiled[[]]:
    """A function that does what a recorded graph did and goes back, compiled."""
    if not tensor.requires_grad:
        raise DrawError(
            "draw: backward=True, but nothing that requires a gradient leads to this tensor"
        )
    order = ancestors(tensor.node)
    made_of: dict[Node, Any] = {}
    for node in order:
        if node.plan is None:
            of_parameter = node.slot is not None and node.slot.of_parameter
            made_of[node] = (
                Parameter(node.value, name=node.name) if of_parameter else
                Tensor(node.value, requires_grad=node.slot is not None, name=node.name)
            )  # fmt: skip
    again = _Again(order, tensor.node, made_of, names_in_program(order), gradient)
    compiled = compile(again)
    with np.errstate(all="ignore"):  # a NaN on the way is a thing to draw, not to warn of
        compiled()
    return compiled


class _Again:
    """A function that does what a recorded graph did, on leaves of its own, and goes back."""

    def __init__(
        self, order: list[Node], root: Node, leaves: dict[Node, Any], names: dict[Node, str],
        gradient: Any,
    ):  # fmt: skip
        self._order, self._root, self._leaves = order, root, leaves
        self._names, self._gradient = names, gradient

    def __call__(self) -> Any:
        known = dict(self._leaves)
        for node in self._order:
            if node.plan is None:
                continue
            operands = tuple(known[p] if isinstance(p, Node) else p for p in node.parents)
            with Switch(site=node.scope):
                known[node] = run_gate(node.plan.gate, operands, node.static or {}, MODE.get())
            known[node]._array.variable.name = self._names.get(node)
        for leaf in self._leaves.values():
            leaf.zero_grad()
        known[self._root].backward(self._gradient)
        return known[self._root]


def trace_program(given: Any, backward: bool, choice: Choice) -> Trace:
    """What the picture of a program shows; of a compiled function, its readable program."""
    program, values = given.example() if isinstance(given, Compiled) else (given, {})
    return _Reader(program, values, backward, choice).trace()


class _Reader:
    """Makes a node of every variable."""

    def __init__(
        self, program: Program, known: dict[Variable, Any], backward: bool, choice: Choice
    ):
        self.program, self.backward, self.choice = program, backward, choice
        self.known = known
        self.nodes: dict[Variable, ArrayNode] = {}
        self.values: dict[Node, Any] = {}
        self.names: dict[Node, str] = {}
        self.scopes: dict[tuple[str, Scope | None], Scope] = {}
        self.closed: set[Scope] = set()
        self.several = backward and len(set(program.phases())) > 1  # phases, each with a box

    def trace(self) -> Trace:
        for given in self.program.inputs:
            node = self._node(given.variable)
            node.slot = GradSlot(of_parameter=given.kind == "tensor" and given.tracked)
        for phase, equations in self._groups():
            if self.backward or phase == "forward":
                scope = self._scope_of(phase, equations)
                for equation in equations:
                    self._call(equation, scope)
        ends = self._ends()
        return Trace(
            ends[0], list(self.nodes.values()), self.values, {}, self.names, [],
            ends=ends, closed=frozenset(self.closed), of_program=str(self.program), bare=True,
        )  # fmt: skip

    def _groups(self) -> list[tuple[str, list[Equation]]]:
        """The calls of each gate, in order, with the phase that they belong to."""
        groups: list[tuple[str, list[Equation]]] = []
        before: Any = None
        for phase, equation in zip(self.program.phases(), self.program.equations, strict=True):
            context = equation.context
            if context is not before or not context.gate:
                groups.append((phase, []))
            groups[-1][1].extend(equation.parts)
            before = context
        return groups

    def _scope_of(self, phase: str, equations: list[Equation]) -> Scope | None:
        """The boxes around the calls of a gate; if there are many, one of their own."""
        context = equations[0].context
        scope = self._moved(phase, context.scope)
        if len(equations) <= MANY or not context.gate:
            return scope
        own = Scope(context.gate.replace("_", " "), "", "", scope)
        if not self.choice.everything and context.gate not in self.choice.names:
            self.closed.add(own)
        return own

    def _moved(self, phase: str, scope: Scope | None) -> Scope | None:
        """The scope of the user's program, inside of the box of the phase."""
        if not self.several:
            return scope
        moved = None
        for box in (None, *(scope.path if scope else ())):
            key = phase, box
            if key not in self.scopes:
                texts = (box.name, box.kind, box.note) if box else (phase, "", "")
                self.scopes[key] = Scope(*texts, moved)
            moved = self.scopes[key]
        return moved

    def _call(self, equation: Equation, scope: Scope | None) -> None:
        parents = tuple(map(self._operand, _operands(equation)))
        node = self._node(equation.out)
        flows = tuple(range(len(parents)))
        node.plan = CallPlan(_describe(equation), flows)  # type: ignore[assignment]
        node.parents, node.site, node.slot = parents, scope, None
        node.static = _static(equation)

    def _operand(self, x: Any) -> Any:
        if not isinstance(x, Variable):
            return x.item() if isinstance(x, np.generic) else x
        if x in self.nodes or not x.constant:
            return self._node(x)
        return x.value

    def _node(self, variable: Variable) -> ArrayNode:
        if variable not in self.nodes:
            node = self.nodes[variable] = ArrayNode()
            node.plan, node.parents, node.saved = None, (), ()
            node.static = node.site = node.slot = None
            node.name, node.number = variable.name, next_number()
            node.shape, node.dtype = variable.shape, variable.dtype
            value = variable.value if variable.constant else self.known.get(variable)
            number = node.shape == () and value is not None
            node.value = value if number else np.broadcast_to(
                np.zeros((), node.dtype), node.shape
            )  # fmt: skip
            self.values[node] = node.value
            if variable.name:
                self.names[node] = legible(variable.name)
        return self.nodes[variable]

    def _ends(self) -> list[Node]:
        """What leaves the program: results first, then new values of tensors, and gradients."""
        ends: dict[Node, None] = {}
        for kind in ("result", "tensor", "grad"):
            for output in self.program.outputs:
                if output.kind == kind and output.variable in self.nodes:
                    node = self.nodes[output.variable]
                    ends[node] = None
                    if kind == "tensor" and output.source.name:
                        self.names[node] = legible(f"{output.source.name} new")
        if not ends:
            raise DrawError("draw: the program has no results to draw")
        return list(ends)


def _operands(equation: Equation) -> list[Any]:
    """Variables, and the numbers that a ufunc takes, in the order of the arguments."""
    of_numbers = getattr(equation.function, "__module__", "") == "_operator"
    if isinstance(equation.function, np.ufunc) or (of_numbers and not _indexes(equation)):
        return list(equation.args)
    return list(equation.inputs)


def _indexes(equation: Equation) -> bool:
    return equation.function in (operator.getitem, operator.setitem)


def _static(equation: Equation) -> dict[str, Any] | None:
    """The keyword arguments that are written on a gate."""
    row = _row(equation)
    if _indexes(equation):
        return {"index": equation.args[1]}
    if row is not None and row.face:
        names = (*row.operands, *row.statics)
        given = {**dict(zip(names, equation.args, strict=False)), **equation.kwargs}
        return {name: given[name] for name in row.statics if name in given}
    return {k: v for k, v in equation.kwargs.items() if k == "axis" and v is not None} or None


def _describe(equation: Equation) -> Gate | Call:
    row, name = _row(equation), _plain_name(equation)
    if row is not None:
        return row
    ufunc = getattr(equation.function, "__self__", None)
    of = row_of(ufunc) if isinstance(ufunc, np.ufunc) else None
    if of is None:
        return Call(name, name.replace("_", " "))
    adds = f"[ ] {of.symbol}="  # to parts of an array
    return Call(name, adds if name.endswith(".at") else REDUCED.get(of.symbol, of.symbol))


def _row(equation: Equation) -> Gate | None:
    """The row of the gate table that a call belongs to, if there is one."""
    return row_of(equation.function) or GATES.get(_plain_name(equation))


def _plain_name(equation: Equation) -> str:
    name = function_name(equation.function)
    for start in OUTSIDE:
        name = name.removeprefix(start)
    return name
