"""Tracing: run a function once, and write down every gate, edge and NumPy call on the way.

While a trace is on, the tensors that the function meets (parameters, for instance) hold a
`Traced` in place of their array; at the end each gets its array back, or the new value that
the function gave it. Gates and the rules of their edges are one equation each; what they are made
of comes later (lower.py).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import TraceError
from ..gate import Edge, Gate, Plan
from ..leaf import GradSlot
from ..modes import MODE, Mode, Scope, computing_with
from ..node import Node
from ..standins import StandIn, concrete
from ..tensor import Tensor
from ..values import ARRAYS
from .binding import Change, changes_of, commit
from .draws import Draws
from .names import WRITTEN, name_in_program, name_of_array
from .ops import op_of
from .program import (
    NO_OPTIONS,
    Anew,
    Context,
    EdgeCall,
    Equation,
    GateCall,
    Input,
    Output,
    Program,
    Shadow,
    Variable,
    variables_in,
)
from .recorder import OUTSIDE, Recorder, as_constant_tensor, holds_tensor
from .traced import Traced
from .types import map_tree, type_of

__all__ = ["Notes", "Trace"]

PLAINLY = Mode(recording=False, kind=ARRAYS)  # inside a gate
PYTHON_NUMBERS, FLOATS = {float, int}, {float, np.float64}
SIMPLE = {
    float,
    int,
    bool,
    str,
    type(None),
    np.float64,
    np.float32,
    np.dtype,
}  # written as they are


class Lifted(NamedTuple):
    """A tensor that the function met: how it was then, and what stands for its array."""

    tensor: Tensor
    node: Node | None
    held: Any
    tracked: bool
    traced: Traced

    @property
    def made_here(self) -> bool:
        """Whether the function makes it, anew at every call."""
        return bool(self.traced.variable.constant)


class Notes(NamedTuple):
    """What a trace knows for the sake of readers: gradients by values, and scopes of values."""

    gradient_of: dict[Variable, Variable]
    scopes: dict[Variable, Scope]


class Trace(Recorder):
    """A program in the making: the kind of values that gates compute with while it is on."""

    names_gradients = True

    def __init__(self, draws: Draws | None = None) -> None:
        super().__init__()
        self.draws = draws or Draws(())
        self.finite: list[Variable] = []  # gradients that must not hold NaN
        self.gradient_of: dict[Variable, Variable] = {}
        self._of_node: dict[Node, Variable] = {}
        self._of_leaf: dict[int, Variable] = {}
        self.inputs: list[Input] = []
        self._born: dict[int, Tensor] = {}  # tensors that the function makes
        self._tensors: dict[int, Lifted] = {}
        self._settings: dict[tuple[int, str], Traced] = {}
        self._slots: dict[int, tuple[GradSlot, Any]] = {}
        self._grads: dict[int, Traced] = {}  # what stands for a gradient that was there before
        self._own_slots: dict[int, GradSlot] = {}  # of tensors that the function makes
        self._empty: list[GradSlot] = []  # held no gradient when the function first added to it
        self._held: dict[Variable, Any] = {}  # arrays that may be written to, or be shown

    # --- what functions call ---------------------------------------------------------------

    def record(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a NumPy function on values, write it down, and give the result as a Traced."""
        if holds_tensor(args):  # in a gradient of a gradient: a gate
            return function(*map_tree(as_constant_tensor, args), **kwargs)
        values, variables = self._both(args)
        if function is operator.getitem:
            self._check_index(args[1])
        compute, op = function, op_of(function)
        if op.python is not None:
            x, y = values[0].__class__, values[-1].__class__
            if x in PYTHON_NUMBERS and y in PYTHON_NUMBERS:
                compute = function = op.python
            elif x in FLOATS and y in FLOATS and op.same_bits:
                compute = op.python  # in less time
        result = compute(*values, **map_tree(self._value, kwargs))
        if not isinstance(result, (np.ndarray, np.generic, float, int)):
            raise TraceError(
                f"compile: {getattr(function, '__name__', function)} gives "
                f"{type(result).__name__}, and only functions that give one array can be traced"
            )
        equation = self._note(function, variables, self._variables(kwargs), result)
        return self._result(equation, result, op.fresh)

    def _note(self, function: Any, variables: Any, options: Any, result: Any) -> Equation:
        """Write down a call that gave a result."""
        out = self._new(type_of(result))
        out.name = None if self.context.backward else name_in_program()
        equation = Equation(out, function, variables, options, False, self.context)
        self.equations.append(equation)
        if out.name == WRITTEN:
            self._takes_name(out, equation.inputs[0])
        return equation

    def _takes_name(self, out: Variable, before: Variable) -> None:
        """What is written to keeps its name: the user calls by it what is there now."""
        out.name = before.name
        if all(given.variable is not before for given in self.inputs):
            before.name = None

    def _result(self, equation: Equation, result: Any, fresh: bool) -> Traced:
        """What stands for a result; a single value is a number to the engine."""
        if isinstance(result, np.ndarray):
            if not fresh:
                self._find_base(equation.out, result, equation)
            self._held[equation.out] = result
            if not result.ndim:
                result = result[()]
        return Traced(self, result, equation.out)

    def _find_base(self, out: Variable, result: Any, equation: Equation) -> None:
        """Note whether the result shows memory of an operand: that may be written to later."""
        for x in equation.inputs:
            held = self._held.get(x)
            if held is not None and np.may_share_memory(result, held):
                self._shows(out, x)
                break

    def overwrite(
        self, target: Traced, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for a function that writes into `target`; views of it cannot be used again."""
        if not target.shape:
            return self.record(function, args, kwargs)  # type: ignore[no-any-return]
        values = map_tree(self._value, (args, kwargs))
        before = self._variable(target)
        after = target.value.copy(order="K")
        writes = op_of(function).writes
        if writes:
            function(after, *values[0][1:], **values[1])
            variables = before, *map_tree(self._variable, args[1:])
        else:
            np.copyto(after, function(*values[0], **values[1]), casting="same_kind")
            variables = map_tree(self._variable, args)
        options, out = self._variables(kwargs), self._new(type_of(after))
        self._held[out] = after
        self._takes_name(out, before)
        self._written(Equation(out, function, variables, options, writes, self.context), before)
        target.value, target.variable = after, out
        return target

    def call_anew(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Traced:
        """Call a function of the user's, now and at every run of the program."""
        with self.draws.allowed(), computing_with(ARRAYS):
            return self.record(Anew(function), args, kwargs)  # type: ignore[no-any-return]

    # --- what the engine tells ---------------------------------------------------------------

    def enter(self, gate: Gate, operands: Iterable[Any], scope: Scope | None) -> None:
        """A gate is called."""
        self.lift(operands)
        if not self.context.backward:
            self.context = Context(gate.name, scope, False)

    def leave(self, finite: Iterable[Any] | None = None) -> None:
        """A backward pass is over; gradients that must not hold NaN: see masks.py."""
        self.context = OUTSIDE
        for g in finite or ():
            while not isinstance(g, Traced) and concrete(g) is not g:
                g = g.value
            if isinstance(g, Traced):
                self.finite.append(self._variable(g))

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """The result of a gate, as eager code computes it, and a Traced for it."""
        given, options = map_tree(self._value, list(values)), map_tree(self._value, static)
        result, extra = _plainly(gate.compute, given, options, plan)
        variables = tuple(map_tree(self._variable, list(values)))
        options = self._variables(static)
        if not any(True for _ in variables_in([variables, options])):
            return result, extra
        equation = self._note(GateCall(gate, plan), variables, options, result)
        return self._result(equation, result, not gate.linear), extra

    def made(self, result: Tensor) -> None:
        """A gate has recorded its result."""
        if isinstance(result._array, Traced):
            self._of_node[result.node] = result._array.variable

    def back(self, node: Node, edge: Edge, g: Any, arguments: Any = None) -> Any:
        """The downstream gradient, as eager code computes it, and a Traced for it."""
        self.context = Context(edge.gate.name, node.scope, True)
        if isinstance(g, Tensor):  # a gradient that is recorded: its gates are
            return edge.apply(g, arguments)
        if edge.passes:
            return g
        single = isinstance(g, Traced) or not isinstance(g, StandIn)
        stack: Any = None if single else type(g)  # many gradients at once
        inside = g.value if stack else g
        call = EdgeCall(edge, self._of_node[node], stack)
        shadow = Shadow(map_tree(concrete, node.saved), node.parents)
        result = _plainly(call.back, shadow, concrete(inside), True)
        variables = (self._variable(inside),)
        equation = self._note(call, variables, NO_OPTIONS, result)
        found = self._result(equation, result, fresh=False)
        return stack(found) if stack else found

    def arrived(self, parent: Node, downstream: Any) -> None:
        """The gradient by a value, as far as it has been added up."""
        source = self._of_node.get(parent)
        if isinstance(parent.value, Traced):
            source = parent.value.variable
        elif source is None and parent.value is not None:
            source = self._of_leaf.get(id(parent.value))
        if source is not None and isinstance(downstream, Traced):
            self.gradient_of[source] = downstream.variable

    def _constant(self, x: Any) -> Variable:
        variable = super()._constant(x)
        variable.name = name_of_array(x)
        return variable

    def notes(self) -> Notes:
        """What readers want to know."""
        scopes = {variable: node.scope for node, variable in self._of_node.items()}
        return Notes(self.gradient_of, {v: scope for v, scope in scopes.items() if scope})

    # --- values from outside -----------------------------------------------------------------

    def argument(self, value: Any, position: int, name: str | None) -> Traced:
        """An argument of the function."""
        return self._input(value, "argument", position, name)

    def lift(self, tensors: Iterable[Any]) -> None:
        """Let the tensors among these be inputs."""
        for x in tensors:
            if isinstance(x, Tensor) and not isinstance(x._array, Traced):
                self._lift(x)

    def _lift(self, tensor: Tensor) -> None:
        if not tensor.is_leaf:
            raise TraceError(
                "compile: the function uses a tensor that was computed outside of it; compute it "
                "inside, or pass it as an argument, or use t.detach()"
            )
        held = tensor._array
        if id(tensor) in self._born:
            traced = self.constant(held)
        else:
            name = tensor.name or name_of_array(tensor)
            traced = self._input(held, "tensor", tensor, name)
            self.inputs[-1].tracked = tensor.requires_grad
        self._tensors[id(tensor)] = Lifted(tensor, tensor._node, held, tensor._tracked, traced)
        self._of_leaf[id(held)] = traced.variable
        tensor._array = traced

    def born(self, tensor: Tensor) -> None:
        """The function makes a tensor, as it will at every call, of what is constant to it.

        Parameters that it makes are the state of an optimizer, and stay.
        """
        if type(tensor) is Tensor:
            self._born[id(tensor)] = tensor
            if (slot := tensor.node.slot) is not None:
                self._own_slots[id(slot)] = slot

    def reads_anew(self, space: Any, name: Any) -> bool:
        """Whether `name` in these attributes is a setting, which the program reads itself."""
        owners = [given.source for given in self.inputs if given.kind == "setting"]
        return any(owner.__dict__ is space and name == attribute for owner, attribute in owners)

    def setting(self, owner: Any, name: str) -> Any:
        """A number that belongs to an object, such as a step size: read anew at every call."""
        value = getattr(owner, name)
        if value.__class__ not in (float, int, np.float64, np.float32):
            return value
        key = id(owner), name
        if key not in self._settings:
            self._settings[key] = self._input(value, "setting", (owner, name), name)
        return self._settings[key]

    def gradient(self, node: Node) -> Any:
        """What a leaf has collected, perhaps before the function ran: read anew at every call."""
        if node.slot is None:
            if node.plan is not None:
                return None
            node.slot = GradSlot()
        return self.gradient_in(node.slot)

    def gradient_in(self, slot: GradSlot) -> Any:
        """What a slot holds when the function first adds to it."""
        if id(slot) not in self._slots and id(slot) not in self._own_slots:
            old = slot.grad
            self._slots[id(slot)] = slot, old
            if isinstance(old, np.ndarray):
                slot.grad = self._grads[id(slot)] = self._input(old, "grad", slot, None)
            else:
                self._empty.append(slot)
        return slot.grad

    def _is_as_before(self, slot: GradSlot) -> bool:
        """The function has only read the gradient."""
        return id(slot) in self._grads and slot.grad is self._grads[id(slot)]

    def cleared(self, slot: GradSlot) -> None:
        """The function sets a gradient itself: what was there before does not matter."""
        if id(slot) not in self._own_slots:
            self._slots.setdefault(id(slot), (slot, slot.grad))

    def _input(self, value: Any, kind: str, source: Any, name: str | None) -> Traced:
        variable = self._new(type_of(value))
        self._held[variable], variable.name = value, name
        self.inputs.append(Input(variable, kind, source))
        return Traced(self, value, variable)

    # --- the end -------------------------------------------------------------------------------

    def finish(self) -> None:
        """Give tensors and gradients their arrays, of before or as the function left them."""
        changes: list[Change] = []
        for tensor, _, held, tracked, traced in self._tensors.values():
            changes.append((tensor, "_tracked", tracked))
            if tensor._array is traced:
                changes.append((tensor, "_array", held))
            elif isinstance(tensor._array, Traced):
                changes += changes_of(tensor, _owned(tensor._array.value), held)
        for slot, old in self._slots.values():
            if self._is_as_before(slot):
                changes.append((slot, "grad", old))
            elif slot.grad is not None:
                changes.append((slot, "grad", np.array(self._value(slot.grad))))
        commit(changes)

    def program(self, results: list[Any]) -> Program:
        """The program so far, with everything left as it is."""
        outputs = [
            Output(self._output(x), "result", k)
            for k, x in enumerate(results)
            if isinstance(x, (Traced, np.ndarray, np.generic))
        ]
        for lifted in self._tensors.values():
            now = lifted.tensor._array
            moved = now is not lifted.traced and isinstance(now, Traced)
            if moved and not lifted.made_here:
                outputs.append(Output(self._variable(now), "tensor", lifted.tensor))
        for slot, _ in self._slots.values():
            if slot.grad is not None and not self._is_as_before(slot):
                outputs.append(Output(self._output(slot.grad), "grad", slot))
        outputs += [Output(variable, "finite", None) for variable in self.finite]
        return Program(self.inputs, self.equations, outputs, self._empty)

    def forget(self) -> None:
        """Let go of everything: a trace and what stands for arrays in it refer to each other."""
        for part in (self._tensors, self._settings, self._slots, self._constants, self._of_node,
                     self._of_leaf, self._views, self._stale, self._born,
                     self._own_slots, self._grads, self._held):  # fmt: skip
            part.clear()

    def abandon(self) -> None:
        """Put everything back as it was before the function ran."""
        self.open = False
        commit([
            *((x.tensor, "_array", x.held) for x in self._tensors.values()),
            *((x.tensor, "_node", x.node) for x in self._tensors.values()),
            *((x.tensor, "_tracked", x.tracked) for x in self._tensors.values()),
            *((slot, "grad", old) for slot, old in self._slots.values()),
        ])  # fmt: skip

    def _both(self, args: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """The values of arguments, and what is written down for them."""
        values, variables = [], []
        for x in args:
            if x.__class__ is Traced:
                values.append(x.value)
                fine = x.trace is self and not self._stale
                variables.append(x.variable if fine else self._variable(x))
            elif x.__class__ in SIMPLE:
                values.append(x)
                variables.append(x)
            else:
                values.append(map_tree(self._value, x))
                variables.append(map_tree(self._variable, x))
        return values, tuple(variables)

    def guards(self) -> list[Callable[[], str | None]]:
        """What has to be as it was for the program to be right."""
        met = [x for x in self._tensors.values() if not x.made_here]
        added_to = [given.source for given in self.inputs if given.kind == "grad"]
        return [
            *(_Unchanged(x.tensor, x.held) for x in met),
            *(_Gradient(s, True) for s in added_to),
            *(_Gradient(s, False) for s in self._empty),
        ]

    def _value(self, x: Any) -> Any:
        if isinstance(x, Traced):
            return x.value
        if isinstance(x, Tensor):
            raise TraceError("compile: a Tensor reached a NumPy function outside of any gate")
        return x


def _plainly(function: Callable[..., Any], *args: Any) -> Any:
    """What a function gives as in eager code."""
    before = MODE.get()
    MODE.set(PLAINLY)
    try:
        return function(*args)
    finally:
        MODE.set(before)


def _owned(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


class _Unchanged:
    """Guard: a tensor that the function reads has the shape, dtype and role it had."""

    def __init__(self, tensor: Tensor, held: Any):
        self.tensor, self.shape, self.dtype = tensor, held.shape, held.dtype
        self.tracked = tensor.requires_grad

    def __call__(self) -> str | None:
        tensor = self.tensor
        if tensor._tracked != self.tracked:
            return f"requires_grad of {tensor.name or 'a tensor'} has changed"
        if tensor._array.shape != self.shape or tensor._array.dtype != self.dtype:
            return f"{tensor.name or 'a tensor'} has another shape or dtype"
        return None


class _Gradient:
    """Guard: there is, or there is not, a gradient that the function adds to."""

    def __init__(self, slot: GradSlot, there: bool):
        self.slot, self.there = slot, there

    def __call__(self) -> str | None:
        if (self.slot.grad is not None) is self.there:
            return None
        return f"a gradient that is added to is {'None' if self.there else 'not None'} now"
