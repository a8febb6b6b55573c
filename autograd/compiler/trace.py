"""Tracing: run a function once, and write down every NumPy call on the way.

While a trace is on, the tensors that the function meets (parameters, for instance) hold a
`Traced` in place of their array; at the end each gets its array back, or the new value that
the function gave it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..arrays import kept
from ..errors import TraceError
from ..gate import Edge, Gate, Plan
from ..leaf import GradSlot
from ..modes import Scope
from ..node import Node
from ..standins import concrete
from ..tensor import Tensor, constant_tensor
from ..values import Kind
from .draws import Draws
from .ops import op_of
from .program import (
    NO_OPTIONS,
    Anew,
    Context,
    Equation,
    Input,
    Output,
    Program,
    Variable,
    map_tree,
)
from .traced import Traced

__all__ = ["Trace"]

OUTSIDE = Context()  # of any gate

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


class Trace(Kind):
    """A program in the making: the kind of values that gates compute with while it is on."""

    def __init__(
        self, plain: bool = False, native: bool = False, draws: Draws | None = None
    ) -> None:
        self.draws = draws or Draws(())
        self.plain = plain or native  # gates as a textbook writes them
        self.native = native  # or as native code likes them
        self.names_gradients = plain  # gradients are noted, for the sake of their names
        self.finite: list[Variable] = []  # gradients that must not hold NaN
        self.gradient_of: dict[Variable, Variable] = {}
        self._of_node: dict[Node, Variable] = {}
        self._of_leaf: dict[int, Variable] = {}
        self.inputs: list[Input] = []
        self.equations: list[Equation] = []
        self.outputs: list[Output] = []
        self.context = OUTSIDE
        self._contexts: dict[Any, Context] = {}
        self.open = True
        self._count = 0
        self._born: dict[int, Tensor] = {}  # tensors that the function makes
        self._constants: dict[int, tuple[Any, Variable]] = {}
        self._stale: set[Variable] = set()
        self._views: dict[Variable, list[Variable]] = {}
        self._tensors: dict[int, Lifted] = {}
        self._settings: dict[tuple[int, str], Traced] = {}
        self._slots: dict[int, tuple[GradSlot, Any]] = {}
        self._grads: dict[int, Traced] = {}  # what stands for a gradient that was there before
        self._own_slots: dict[int, GradSlot] = {}  # of tensors that the function makes
        self._empty: list[GradSlot] = []  # held no gradient when the function first added to it

    # --- what functions call ---------------------------------------------------------------

    def record(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a NumPy function on values, write it down, and give the result as a Traced."""
        if any(isinstance(x, Tensor) for x in args):  # in a gradient of a gradient: a gate
            return function(*map_tree(_as_constant_tensor, args), **kwargs)
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
        result = compute(*values, **(map_tree(self._value, kwargs) if kwargs else NO_OPTIONS))
        if not isinstance(result, (np.ndarray, np.generic, float, int)):
            raise TraceError(
                f"compile: {getattr(function, '__name__', function)} gives "
                f"{type(result).__name__}, and only functions that give one array can be traced"
            )
        options = map_tree(self._variable, kwargs) if kwargs else NO_OPTIONS
        out = self._new(result)
        self.equations.append(Equation(out, function, variables, options, False, self.context))
        if isinstance(result, np.ndarray):
            if not op.fresh:
                self._find_base(out, variables)
            if not result.ndim:
                out = self._as_number(out)
        return Traced(self, out.value, out)

    def _check_index(self, index: Any) -> None:
        """A mask that is computed finds another number of elements at other values."""
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, Traced) and part.dtype == bool and part.ndim:
                raise TraceError(
                    f"compile: t[mask], where how many elements there are depends on the values of "
                    f"{part.variable}, but a compiled program has to be the same for all values. "
                    "Use np.where(mask, t, 0.0), or its like, which keeps the shape; t[mask] = "
                    "value with a single value, or one for each row, is fine"
                )

    def _as_number(self, out: Variable) -> Variable:
        """The number in an array without axes, as the engine has it.

        If it shows memory of an operand, such as a squeezed sum, it is read out at once: the
        memory is used again.
        """
        number = out.value[()]
        if out.base is None:
            out.value, out.base = number, None
            return out
        read = self._new(number)
        self.equations.append(Equation(read, operator.getitem, (out, ()), context=self.context))
        return read

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
            variables = map_tree(self._variable, args[1:])
        else:
            np.copyto(after, function(*values[0], **values[1]), casting="same_kind")
            variables = map_tree(self._variable, args)
        kwargs = map_tree(self._variable, kwargs)
        root = before.root
        self._stale.update([root, *self._views.get(root, [])])
        out = self._new(after)
        if writes:
            equation = Equation(out, function, (before, *variables), kwargs, into=True)
        else:
            equation = Equation(out, function, variables, kwargs)
        equation.context = self.context
        self.equations.append(equation)
        target.value, target.variable = after, out
        return target

    def call_anew(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Traced:
        """Call a function of the user's, now and at every run of the program."""
        with self.draws.allowed():
            return self.record(Anew(function), args, kwargs)  # type: ignore[no-any-return]

    # --- what the engine tells ---------------------------------------------------------------

    def enter(self, gate: Gate, operands: Iterable[Any], scope: Scope | None) -> None:
        """A gate is called."""
        self.lift(operands)
        if not self.context.backward:
            self.context = self._context(gate, scope, False)

    def leave(self, finite: Iterable[Any] | None = None) -> None:
        """A backward pass is over; gradients that must not hold NaN: see masks.py."""
        self.context = OUTSIDE
        for g in finite or ():
            while not isinstance(g, Traced) and concrete(g) is not g:
                g = g.value
            if isinstance(g, Traced):
                self.finite.append(self._variable(g))

    def _context(self, gate: Gate, scope: Scope | None, backward: bool) -> Context:
        """One object for all equations from the same place; for reading, one for each call."""
        if self.names_gradients:
            return Context(gate.name, scope, backward)
        key = gate, scope, backward
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = Context(gate.name, scope, backward)
        return context

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """The result of a gate: as in a textbook, or as it is quick."""
        if self.native and gate.native is not None:
            return gate.native(*values, **static), None
        if self.plain:
            return gate.kernel(*([values] if gate.variadic else values), **static), None
        return gate.compute(values, static, plan)

    def made(self, result: Tensor) -> None:
        """A gate has recorded its result."""
        if isinstance(result._array, Traced):
            self._of_node[result.node] = result._array.variable

    def back(self, node: Node, edge: Edge, g: Any, arguments: Any = None) -> Any:
        """The backward pass goes through an edge: as in a textbook, or as it is quick."""
        self.context = self._context(edge.gate, node.scope, True)
        if arguments is None and self.plain:
            arguments = edge.arguments(node)
        return super().back(node, edge, g, arguments)

    def arrived(self, parent: Node, downstream: Any) -> None:
        """The gradient by a value, as far as it has been added up."""
        source = self._of_node.get(parent)
        if isinstance(parent.value, Traced):
            source = parent.value.variable
        elif source is None and parent.value is not None:
            source = self._of_leaf.get(id(parent.value))
        if source is not None and isinstance(downstream, Traced):
            self.gradient_of[source] = downstream.variable

    def name_constants(self, names: dict[int, str]) -> None:
        """Give the arrays from outside the names that the function has for them."""
        for key, (_, variable) in self._constants.items():
            variable.name = names.get(key)

    def modules(self) -> dict[Variable, str]:
        """For values that gates made: the name of the module they were made in."""
        return {variable: scope.name for variable, scope in self.scopes().items()}

    def scopes(self) -> dict[Variable, Scope]:
        """For values that gates made in a scope: that scope."""
        scopes = {variable: node.scope for node, variable in self._of_node.items()}
        return {variable: scope for variable, scope in scopes.items() if scope is not None}

    # --- values from outside -----------------------------------------------------------------

    def argument(self, value: Any, position: int, name: str | None) -> Traced:
        """An argument of the function."""
        return self._input(value, "argument", position, name)

    def constant(self, value: Any) -> Traced:
        """A value that is the same at every call."""
        if isinstance(value, Traced):
            return value
        return Traced(self, value, self._output(value))

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
            traced = self._input(held, "tensor", tensor, tensor.name)
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
        variable = self._new(value)
        variable.name = name
        self.inputs.append(Input(variable, kind, source))
        return Traced(self, value, variable)

    # --- the end -------------------------------------------------------------------------------

    def finish(self, results: list[Any]) -> Program:
        """Give tensors and gradients their arrays, and close the program."""
        program = self.program(results)
        for tensor, _, held, tracked, traced in self._tensors.values():
            now, tensor._tracked = tensor._array, tracked
            if now is traced:
                tensor._array = held
            elif isinstance(now, Traced):
                tensor._become(_owned(now.value))
        for slot, old in self._slots.values():
            if self._is_as_before(slot):
                slot.grad = old
            elif slot.grad is not None:
                slot.grad = np.array(self._value(slot.grad))
        return program

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
                     self._of_leaf, self._views, self._stale, self._contexts, self._born,
                     self._own_slots, self._grads):  # fmt: skip
            part.clear()

    def abandon(self) -> None:
        """Put everything back as it was before the function ran."""
        self.open = False
        for tensor, node, held, tracked, _ in self._tensors.values():
            tensor._array, tensor._node, tensor._tracked = held, node, tracked
        for slot, old in self._slots.values():
            slot.grad = old

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

    # --- variables -----------------------------------------------------------------------------

    def _new(self, value: Any, constant: bool = False) -> Variable:
        self._count += 1
        return Variable(self._count, value, constant)

    def _value(self, x: Any) -> Any:
        if isinstance(x, Traced):
            return x.value
        if isinstance(x, Tensor):
            raise TraceError("compile: a Tensor reached a NumPy function outside of any gate")
        return x

    def _output(self, x: Any) -> Variable:
        """The variable for something that leaves; a number of NumPy becomes one too."""
        variable = self._variable(x)
        return variable if isinstance(variable, Variable) else self._new(x, constant=True)

    def _variable(self, x: Any) -> Any:
        """The variable for a Traced or an array; anything else is written as it is."""
        if isinstance(x, Traced):
            if x.trace is not self or (not self.open and x.variable in self._stale):
                raise TraceError(
                    "compile: a value of an earlier call is used; results of a compiled "
                    "function are what it returns"
                )
            if x.variable in self._stale:
                raise TraceError(
                    "compile: a view of an array is used after the array was written to; "
                    "take the view again after the write"
                )
            return x.variable
        if isinstance(x, np.ndarray):
            known = self._constants.get(id(x))
            if known is None:  # x is kept too: its id must not be given to another array
                known = self._constants[id(x)] = x, self._new(kept(x), constant=True)
            return known[1]
        return x

    def _find_base(self, out: Variable, args: Any) -> None:
        """Note whether the result shows memory of an operand."""
        for x in args:
            if (
                isinstance(x, Variable)
                and isinstance(x.value, np.ndarray)
                and np.may_share_memory(out.value, x.value)
            ):
                out.base = x
                self._views.setdefault(x.root, []).append(out)
                return


def _as_constant_tensor(x: Any) -> Any:
    return constant_tensor(x) if isinstance(x, Traced) else x


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
