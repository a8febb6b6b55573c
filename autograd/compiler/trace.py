"""Tracing: run a function once, and write down every gate, edge and NumPy call on the way.

While a trace is on, a tensor of its own stands for each that the function meets (a parameter, for
instance) and holds a `Traced`; so does a slot of its own for each gradient. What it stands for is
not touched, so other threads go on as if nobody traced; at the end it gets the new values that
the function gave it, all at once. Gates and the rules of their edges are one equation each; what
they are made of comes later (lower.py).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..arrays import read_only
from ..errors import TraceError
from ..gate import Edge, Gate, Plan
from ..leaf import GradSlot, is_lent
from ..modes import MODE, Mode, Scope, computing_with
from ..node import Node
from ..sharing import is_alone
from ..standins import StandIn, concrete
from ..tensor import Tensor
from ..values import ARRAYS
from .apart import Apart
from .binding import Change, changes_of, commit, owner
from .draws import Draws
from .lookalikes import LikeArray, LikeNumber, LikeScalar, Lookalike, Values, lookalike
from .names import WRITTEN, name_in_program, name_of_array
from .numbers import Number
from .ops import op_of
from .program import (
    NO_OPTIONS,
    Anew,
    Context,
    EdgeCall,
    Effect,
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
from .traced import Traced, cast
from .turns import TURN
from .types import map_tree, type_of

__all__ = ["Notes", "Trace", "owned"]

PLAINLY = Mode(recording=False, kind=ARRAYS)  # inside a gate
SAID = {"ignore", "warn", "print"}  # what NumPy does about errors that changes no result
PYTHON_NUMBERS, FLOATS = {float, int}, {float, np.float64}
PYTHONS = {float, int, bool}
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
STAND_INS = {Traced, LikeArray, LikeScalar, LikeNumber, Values}


class Lifted(NamedTuple):
    """A tensor that the function met: how it was then, what stands for it and for its array.

    What the function itself has made stands for itself: nobody else knows of it.
    """

    tensor: Tensor
    own: Tensor
    node: Node | None
    held: Any
    tracked: bool
    traced: Traced

    @property
    def made_here(self) -> bool:
        """Whether the function makes it, anew at every call."""
        return bool(self.traced.variable.constant)


class LiftedSlot(NamedTuple):
    """The same for a gradient."""

    slot: GradSlot
    own: GradSlot
    held: Any


class Notes(NamedTuple):
    """What a trace knows for the sake of readers: gradients by values, and scopes of values."""

    gradient_of: dict[Variable, Variable]
    scopes: dict[Variable, Scope]


class Trace(Recorder):
    """A program in the making: the kind of values that gates compute with while it is on."""

    names_gradients = True

    def __init__(self, draws: Draws | None = None, arrays: dict[int, Any] | None = None) -> None:
        super().__init__()
        self.draws = draws or Draws(())
        self._arrays = arrays or {}  # owners of the memory of large arrays from outside, by id
        self._operands: list[Any] = []  # of the gate that is called
        self.finite: list[Variable] = []  # gradients that must not hold NaN
        self.gradient_of: dict[Variable, Variable] = {}
        self._of_node: dict[Node, Variable] = {}
        self._of_leaf: dict[int, Variable] = {}
        self.inputs: list[Input] = []
        self._born: dict[int, Tensor] = {}  # tensors that the function makes
        self._tensors: dict[int, Lifted] = {}
        self._settings: dict[tuple[int, str], Traced] = {}
        self._slots: dict[int, LiftedSlot] = {}
        self._grads: dict[int, Traced] = {}  # what stands for a gradient that was there before
        self._own_slots: dict[int, GradSlot] = {}  # of tensors that the function makes
        self._empty: list[GradSlot] = []  # held no gradient when the function first added to it
        self._apart = Apart(self)  # what functions given to `fresh` compute with
        self._held: dict[Variable, Any] = {}  # arrays that may be written to, or be shown
        self._given: set[Variable] = set()  # arrays that are not to be written to
        self._plain = False  # the gate that is called has no tensor among its operands
        self.refusal: TraceError | None = None
        self.error_states: list[Any] | None = None  # of NumPy, if they are to be seen
        self._branches: dict[Variable, bool] = {}  # answers that the program is for
        self.called: list[Callable[..., Any]] = []  # through `fresh`
        self._aside = False  # a function of `fresh` runs
        self.reached: dict[int, Any] = {}  # arrays from outside, by id

    # --- what functions call ---------------------------------------------------------------

    def record(
        self, function: Callable[..., Any], args: Any, kwargs: Any, outside: bool = False
    ) -> Any:
        """Run a NumPy function on values, write it down, and give the result as a Traced.

        `outside`: the user's program calls it, and gets a lookalike.
        """
        if holds_tensor(args):  # in a gradient of a gradient: a gate
            return function(*map_tree(as_constant_tensor, args), **kwargs)
        if self._aside:
            self._refuse_aside()
        if outside and not self.context.backward:  # no gate: the function itself calls NumPy
            scope = MODE.get().scope
            if self.context.gate or self.context.scope is not scope:
                self.context = Context("", scope) if scope else OUTSIDE
        values, variables = self._both(args)
        if function is operator.getitem:
            self._check_index(args[1])
        compute, op = function, op_of(function)
        if op.python is not None:
            x, y = values[0].__class__, values[-1].__class__
            if x in PYTHON_NUMBERS and y in PYTHON_NUMBERS:
                if not outside:  # (NumPy's functions give the user NumPy's scalars)
                    compute = function = op.python
            elif x in FLOATS and y in FLOATS and op.same_bits:
                compute = op.python  # in less time
        result = compute(*values, **map_tree(self._value, kwargs))
        if not isinstance(result, (np.ndarray, np.generic, float, int)):
            raise self.refused(TraceError(
                f"compile: {getattr(function, '__name__', function)} gives "
                f"{type(result).__name__}, and only functions that give one array can be traced; "
                "use those, or call this one outside of the compiled function"
            ))  # fmt: skip
        equation = self._note(function, variables, self._variables(kwargs), result)
        if type(result) in PYTHONS and any(isinstance(x, Number) for x in args):
            return Number(self, result, equation.out)
        traced = self._result(equation, result, op.fresh)
        return lookalike(traced, result) if outside else traced

    def _note(self, function: Any, variables: Any, options: Any, result: Any) -> Equation:
        """Write down a call that gave a result."""
        if self.error_states is not None:
            self.error_states.append(np.geterr())
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
            if isinstance(target.value, np.ndarray):
                return self._overwrite_single(target, function, args, kwargs)
            outside = isinstance(target, Lookalike)
            return self.record(function, args, kwargs, outside)  # type: ignore[no-any-return]
        if self._aside:
            self._refuse_aside()
        values = map_tree(self._value, (args, kwargs))
        before = self._variable(target)
        if before.root in self._given:
            raise self.refused(not_to_be_written_to(before))
        if isinstance(target, LikeArray) and target.part_of is not None:
            return self._overwrite_part(target, function, args, kwargs)
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

    def _overwrite_single(
        self, target: Traced, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for an array without axes, which is written to as a whole."""
        before, value = self._variable(target), None
        if before.root in self._given:
            raise self.refused(not_to_be_written_to(before))
        if before.base is not None or self._views.get(before):
            target._refuse("writing into an array without axes that shares memory: it")
        if function is operator.setitem:
            written = args[1] is not np.False_ and args[1] is not False
            value = args[2] if written else target
            if not isinstance(value, Traced):
                value = self.constant(np.asarray(value, target.dtype))
        else:
            value = self.record(function, args, kwargs)
        if value.shape:
            target._refuse("writing an array with axes into one without")
        if value.dtype != target.dtype:
            value = self.record(cast, (value, target.dtype), {})
        target.value, target.variable = np.asarray(value.value), value.variable
        return target

    def _overwrite_part(
        self, target: LikeArray, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for a view: what it shows is worked out, and written into the whole."""
        whole, index = target.part_of  # type: ignore[misc]
        part = target.copy("K")
        self.overwrite(part, function, args, kwargs)
        whole[index] = part
        again = whole[index]
        target.value, target.variable = again.value, again.variable
        return target

    def call_anew(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Traced:
        """Call a function of the user's, now and at every run of the program."""
        called = Anew(function)
        self.called.append(function)
        values, variables = self._both(args)
        options = map_tree(self._value, kwargs)
        with TURN.lent(), self.draws.allowed(), computing_with(self._apart):
            self._aside = True
            try:
                result = called(*values, **options)
            finally:
                self._aside = False
        self._apart.check()
        equation = self._note(called, variables, self._variables(kwargs), result)
        return self._result(equation, result, fresh=False)

    def _refuse_aside(self) -> NoReturn:
        raise TraceError(
            "compile: a function that is called through ag.fresh reads what the compiled function "
            "itself changes; pass that to it as an argument: ag.fresh(function, value)"
        )

    def branch(self, number: Number) -> bool:
        """The answer of a number that depends on nothing but numbers of Python's."""
        if self._aside:
            self._refuse_aside()
        if type(number.value) is not bool:
            number = number != 0
        return self._branches.setdefault(number.variable, number.value)

    # --- what the engine tells ---------------------------------------------------------------

    def enter(self, gate: Gate, operands: Sequence[Any], scope: Scope | None) -> Sequence[Any]:
        """A gate is called, with what stands for its operands."""
        self._operands = list(operands)
        self._plain = False
        for x in operands:
            if isinstance(x, Tensor):
                self._plain = False
                break
            self._plain = self._plain or isinstance(x, Lookalike)
        if not self.context.backward:
            self.context = Context(gate.name, scope, False)
        return [self.here(x) if isinstance(x, Tensor) else x for x in operands]

    def leave(self, finite: Iterable[Any] | None = None) -> None:
        """A pass over the graph is over; gradients that must not hold NaN: see masks.py."""
        self.context = OUTSIDE
        for g in finite or ():
            while not isinstance(g, Traced) and concrete(g) is not g:
                g = g.value
            if isinstance(g, Traced):
                self.finite.append(self._variable(g))

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """The result of a gate, as eager code computes it, and a Traced for it."""
        for x, value in zip(self._operands, values, strict=False):
            if value is x or not isinstance(value, np.ndarray):
                continue
            if self._is_outside(x):  # a copy
                self._constants[id(value)] = value, self._variable(x)
            elif isinstance(x, np.ndarray):
                made = self._variable(value)
                made.name = made.name or name_of_array(x)
        self._operands = []
        given, variables = self._both(values)
        options = map_tree(self._value, static) if static else {}
        result, extra = _plainly(gate.compute, given, options, plan)
        options = self._variables(static)
        plain = not any(x.__class__ is Variable for x in variables)
        if plain and not any(True for _ in variables_in([variables, options])):
            return result, extra
        equation = self._note(GateCall(gate, plan), variables, options, result)
        traced = self._result(equation, result, not gate.linear)
        if self._plain:
            return lookalike(traced, traced.value), extra
        return traced, extra

    def made(self, result: Tensor) -> None:
        """A gate has recorded its result."""
        if isinstance(result._array, Traced):
            self._of_node[result.node] = result._array.variable

    def along(self, node: Node, edge: Edge) -> None:
        """What follows is the chain rule at an edge."""
        self.context = Context(edge.gate.name, node.scope, True)

    def back(self, node: Node, edge: Edge, g: Any, arguments: Any = None) -> Any:
        """The downstream gradient, as eager code computes it, and a Traced for it."""
        self.along(node, edge)
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
        """A constant; but large arrays from outside are read as they are at every call.

        Not masks, whose values decide how many elements they find.
        """
        name = name_of_array(x)
        if self._is_outside(x):
            return self._input(x, "array", x, name).variable  # type: ignore[no-any-return]
        variable = super()._constant(x)
        variable.name = name
        return variable

    def _is_outside(self, x: Any) -> bool:
        """Whether it is a large array from outside, or a view of one."""
        array = issubclass(type(x), np.ndarray) and x.dtype != bool  # no stand-in
        return array and id(owner(x)) in self._arrays

    def notes(self) -> Notes:
        """What readers want to know."""
        scopes = {variable: node.scope for node, variable in self._of_node.items()}
        return Notes(self.gradient_of, {v: scope for v, scope in scopes.items() if scope})

    # --- values from outside -----------------------------------------------------------------

    def argument(self, value: Any, position: int, name: str | None) -> Traced:
        """An argument of the function."""
        given = self._input(value, "argument", position, name)
        self._given.add(given.variable)
        return given

    def outside(self, x: Traced) -> Any:
        """What the user's program gets for an array of the engine's."""
        return LikeArray(self, np.asarray(x.value), x.variable)

    def place(self, value: Any, place: Any, name: str | None) -> Traced:
        """What stands in a place outside that the function itself changes."""
        found = self._input(value, "place", place, name)
        if found.variable.type.weak:
            return Number(self, value, found.variable)
        if isinstance(value, np.ndarray) and not value.ndim:
            found.value = value[()]
        return found

    def check_memory(self, array: Any) -> None:
        """Refuse a write of something computed into an array from outside that is not carried."""
        base = array
        while base is not None:
            if id(base) in self.reached:
                self.wants_arrays = True
                raise self.refused(TraceError(
                    "compile: something computed is written into an array from outside; pass the "
                    "array as an argument, or keep it in a Parameter"
                ))  # fmt: skip
            base = getattr(base, "base", None)

    def held(self, variable: Variable) -> Any:
        """The object that an input was at the beginning."""
        return self._held[variable]

    def is_known(self, tensor: Tensor) -> bool:
        """Whether the function has met this tensor, and has not made it."""
        lifted = self._tensors.get(id(tensor))
        return lifted is not None and not lifted.made_here

    def is_made_here(self, tensor: Tensor) -> bool:
        """Whether the function has made this tensor, of what is constant to it."""
        lifted = self._tensors.get(id(tensor))
        return lifted is not None and lifted.made_here

    def read_only(self, x: Traced) -> Any:
        """The same for the values of a tensor."""
        return Values(self, read_only(x.value), x.variable)

    def refused(self, error: TraceError) -> TraceError:
        """The error, remembered: the program that is traced may catch it."""
        self.refusal = self.refusal or error
        return error

    def stays(self, tensor: Any) -> bool:
        """A tensor that is there before the function is called: who is given it sees it change."""
        if not isinstance(tensor, Tensor):
            return False
        known = self._tensors.get(id(tensor))
        if known is not None:
            return not known.made_here
        held = isinstance(tensor._array, Traced) or id(tensor) in self._born
        return not held and tensor._tracked and tensor.is_leaf

    def here(self, tensor: Tensor, value: bool = True) -> Tensor:
        """What stands for a tensor; if the function wants its value, it is an input from now on."""
        if isinstance(tensor._array, StandIn):
            return tensor
        known = self._tensors.get(id(tensor))
        if known is None:
            return self._lift(tensor) if value else tensor
        return known.own

    def data(self, x: Any) -> Any:
        """The value of a result."""
        if not isinstance(x, Tensor):
            return x
        return self.here(x)._array if x._node is None or x._node.plan is None else x._array

    def _lift(self, tensor: Tensor) -> Tensor:
        node = tensor._node
        if node is not None and (node.plan is not None or self._is_lent(tensor, node)):
            raise TraceError(
                "compile: the function uses a tensor that was computed outside of it, and a "
                "compiled function records nothing; compute it inside, compile the whole "
                "computation, as ag.compile(ag.grad(f)) does, or use t.detach()"
            )
        self._apart.check(tensor)
        held, tracked = tensor._array, tensor._tracked
        if id(tensor) in self._born:
            own, traced = tensor, self.constant(held)
        else:
            name = (node.name if node is not None else None) or name_of_array(tensor)
            own, traced = Tensor.__new__(Tensor), self._input(held, "tensor", tensor, name)
            own._node, own._tracked = node, tracked
            own._memory = None if is_alone(tensor) else tensor._memory
            self.inputs[-1].tracked = tracked
            self.inputs[-1].slot = node.slot if node is not None else None
            self._given.add(traced.variable)
        self._tensors[id(tensor)] = Lifted(tensor, own, node, held, tracked, traced)
        self._of_leaf[id(held)] = traced.variable
        own._array = traced
        return own

    def _is_lent(self, tensor: Tensor, node: Node) -> bool:
        """Whether grad and its kin, outside of the function, ask for a derivative by it."""
        return is_lent(node) and id(tensor) not in self._born

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
        if type(value) not in (float, int, np.float64, np.float32):  # a stand-in serves itself
            return value
        key = id(owner), name
        if key not in self._settings:
            given = self._input(value, "setting", (owner, name), name)
            if type(value) is float:  # what is computed with it are Python's floats, and branches
                given = Number(self, value, given.variable)
            self._settings[key] = given
        return self._settings[key]

    def gradient(self, node: Node) -> Any:
        """What a leaf has collected, perhaps before the function ran: read anew at every call."""
        if node.slot is None:
            if node.plan is not None:
                return None
            node.slot = GradSlot()
        own = self.slot(node.slot)
        found = own.grad
        if isinstance(found, Traced) and not isinstance(found, Lookalike):
            known = self._is_as_before(node.slot, own)  # one object for the slot and for the user
            found = own.grad = found.outside()
            if known:
                self._grads[id(node.slot)] = found
        return found

    def slot(self, slot: GradSlot, cleared: bool = False) -> GradSlot:
        """What stands for a slot, with what that held when the function first looked at it.

        If the function sets the gradient itself, what was there before does not matter.
        """
        if id(slot) in self._own_slots:
            return slot
        if id(slot) in self._slots:
            return self._slots[id(slot)].own
        self._apart.check(slot)
        own, old = GradSlot(slot.of_parameter), slot.grad
        self._slots[id(slot)] = LiftedSlot(slot, own, old)
        if isinstance(old, np.ndarray) and not cleared:
            own.grad = self._grads[id(slot)] = self._input(old, "grad", slot, None)
        elif not cleared:
            own.grad = old
            self._empty.append(slot)
        return own

    def reads(self, x: Tensor | GradSlot) -> bool:
        """Whether the function has read or set the value of a tensor, or a gradient."""
        return id(x) in self._tensors or id(x) in self._slots

    def has_changed(self, x: Tensor | GradSlot) -> bool:
        """Whether it has set it."""
        if isinstance(x, Tensor):
            tensor = self._tensors.get(id(x))
            return tensor is not None and tensor.own._array is not tensor.traced
        slot = self._slots.get(id(x))
        return slot is not None and not self._is_as_before(x, slot.own)

    def _is_as_before(self, slot: GradSlot, own: GradSlot) -> bool:
        """The function has only read the gradient."""
        return id(slot) in self._grads and own.grad is self._grads[id(slot)]

    def check_error_states(self) -> None:
        """Raise TraceError if the function has NumPy raise errors where its caller does not."""
        now: Any = np.geterr()
        for state in self.error_states or ():
            for error, how in state.items():
                if how != now[error] and not {how, now[error]} <= SAID:
                    raise TraceError(
                        f"compile: inside the function np.errstate has {error}={how!r}, outside "
                        f"{now[error]!r}, and a compiled program computes as its caller has it; "
                        "put `with np.errstate(...)` around the call instead"
                    )

    def _input(self, value: Any, kind: str, source: Any, name: str | None) -> Traced:
        variable = self._new(type_of(value))
        self._held[variable], variable.name = value, name
        self.inputs.append(Input(variable, kind, source))
        return Traced(self, value, variable)

    # --- the end -------------------------------------------------------------------------------

    def finish(self, effects: Iterable[tuple[Any, ...]] = ()) -> None:
        """Give tensors and gradients what the function left in what stands for them, and let these
        effects take place with them: all at once.

        Raises TraceError if somebody else has changed one of them in the meantime.
        """
        changes: list[Change] = self._as_before()
        for x in self._tensors.values():
            now = x.own._array
            if now is not x.traced and isinstance(now, Traced):
                if x.own is not x.tensor and x.tensor._array is not x.held:
                    raise _changed_meanwhile(x.tensor.name or "a tensor")
                changes += changes_of(x.tensor, owned(now.value), x.held)
        for slot, own, old in self._slots.values():
            if not self._is_as_before(slot, own):
                if slot.grad is not old:
                    raise _changed_meanwhile("a gradient")
                changes.append((slot, "grad", _array_or_none(self._value(own.grad))))
        commit(changes, effects)

    def _as_before(self) -> list[Change]:
        """What the function has made itself gets its array back."""
        return [
            change
            for x in self._tensors.values()
            if x.own is x.tensor
            for change in ((x.tensor, "_tracked", x.tracked), (x.tensor, "_array", x.held))
        ]

    def program(
        self, results: list[Any], states: Sequence[Any] = (), effects: Sequence[Effect] = ()
    ) -> Program:
        """The program so far, with everything left as it is; what it gives, and `states`, the
        leaves of its effects."""
        outputs = [
            Output(self._output(x), "result", k)
            for k, x in enumerate(results)
            if isinstance(x, (Traced, np.ndarray, np.generic))
        ]
        for lifted in self._tensors.values():
            leaf = lifted.own._node is None or lifted.own._node.plan is None
            if leaf and lifted.own._tracked != lifted.tracked and not lifted.made_here:
                name = lifted.tensor.name or "a tensor"
                raise TraceError(
                    f"compile: the function changes requires_grad of {name}, and a program is for "
                    "the one that it was traced with; change it outside of the compiled function, "
                    "for which it is then traced anew"
                )
            now = lifted.own._array
            moved = now is not lifted.traced and isinstance(now, Traced)
            if moved and not lifted.made_here:
                outputs.append(Output(self._variable(now), "tensor", lifted.tensor))
        for slot, own, _ in self._slots.values():
            if isinstance(own.grad, Tensor):
                raise TraceError(
                    "compile: a tensor is left in .grad, and a compiled function records nothing; "
                    "call zero_grad() when it was used, or leave an array there, as in t.grad = "
                    "t.grad.numpy()"
                )
            if own.grad is not None and not self._is_as_before(slot, own):
                outputs.append(Output(self._output(own.grad), "grad", slot))
        empty = set(map(id, self._empty))
        cleared = [
            x.slot for x in self._slots.values() if x.own.grad is None and id(x.slot) not in empty
        ]
        effects = [*effects, *(Effect(setattr, slot, "grad", None) for slot in cleared)]
        outputs += [Output(variable, "finite", None) for variable in self.finite]
        outputs += [Output(self._output(x), "state", k) for k, x in enumerate(states)]
        outputs += [Output(v, "branch", answer) for v, answer in self._branches.items()]
        return Program(self.inputs, self._in_order(), outputs, self._empty, effects)

    def _in_order(self) -> list[Equation]:
        """The equations; those that decide whether the program applies come first."""
        if not self._branches:
            return self.equations
        needed, early = set(self._branches), set()
        for equation in reversed(self.equations):
            if equation.out in needed:
                needed.update(equation.inputs)
                early.add(equation)
        return sorted(self.equations, key=lambda equation: equation not in early)

    def forget(self) -> None:
        """Let go of everything: a trace and what stands for arrays in it refer to each other."""
        for part in (self._tensors, self._settings, self._slots, self._constants, self._of_node,
                     self._of_leaf, self._views, self._stale, self._born,
                     self._own_slots, self._grads, self._held, self._given,
                     self._arrays):  # fmt: skip
            part.clear()
        del self._apart  # it refers to the trace

    def abandon(self) -> None:
        """Put everything back as it was before the function ran."""
        self.open = False
        nodes = ((x.tensor, "_node", x.node) for x in self._tensors.values() if x.made_here)
        commit([*self._as_before(), *nodes])

    def _both(self, args: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """The values of arguments, and what is written down for them."""
        values, variables = [], []
        for x in args:
            if type(x) in STAND_INS:
                values.append(x.value)
                fine = x.recorder is self and not self._stale
                variables.append(x.variable if fine else self._variable(x))
            elif type(x) in SIMPLE:
                values.append(x)
                variables.append(x)
            else:
                values.append(map_tree(self._value, x))
                variables.append(map_tree(self._variable, x))
        return values, tuple(variables)

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


def _changed_meanwhile(what: str) -> TraceError:
    return TraceError(
        f"compile: {what} was changed by somebody else (another thread, or a function given to "
        "fresh) while the function, which changes it too, ran for the first time. Nothing is "
        "changed by this call; let one thread at a time update a tensor"
    )


def _array_or_none(value: Any) -> Any:
    return None if value is None else np.array(value)


def owned(value: Any) -> Any:
    """A copy of an array, or a number as it is."""
    return value.copy() if isinstance(value, np.ndarray) else value


def not_to_be_written_to(array: Variable) -> TraceError:
    """Writing to an array of the caller's."""
    return TraceError(
        f"compile: the function writes to {array.root}, an array that it is given (or to the "
        "values of a tensor), and a compiled program would not; take a copy first, t = t.copy(), "
        "and return it"
    )
