"""Lowering: from gates to the NumPy calls that they are made of.

A trace notes gates and edges. What they are made of is a choice, made here: what the row says, as
a textbook does, for people; what accelerators know, for speed; what suits native code. The kernels
and rules are plain NumPy, so they are run once more, on stand-ins that have types and no values.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Container
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from ..errors import TraceError
from ..gate import Gate, Plan
from ..modes import computing_with
from .names import name_in_gate
from .ops import op_of
from .program import (
    Anew,
    EdgeCall,
    Equation,
    GateCall,
    Output,
    Program,
    Shadow,
    Variable,
)
from .recorder import Recorder, as_constant_tensor, holds_tensor
from .results import DependsOnDataError, NoTypeError, Result
from .traced import Traced
from .types import Type, fresh, map_tree

__all__ = ["Form", "lower"]


LONG = 5  # letters of an operand's name that says what it is: scores


ALL: dict[str, Any] = {"axis": None, "keepdims": False}  # options of a reduction, as they are usual


class Form(Enum):
    """What gates are lowered to."""

    TEXTBOOK = "what their rows say"
    QUICK = "what accelerators know"
    NATIVE = "what suits native code"


class Lowered(NamedTuple):
    """A program of NumPy calls, and what became of the variables of the trace."""

    program: Program
    known: dict[Variable, Any]
    homes: dict[Equation, Variable]  # the result of the gate that an equation is a part of


def lower(program: Program, form: Form, quick: Container[Variable] = ()) -> Lowered:
    """The same program with NumPy calls in place of gates; those of `quick` results are quick."""
    lowering = _Lowering(form, program, quick)
    with computing_with(lowering, site=None, recording=False):
        for equation in program.equations:
            lowering.equation(equation)
    lowered = lowering.finish()
    lowering.known, lowering.saved = {}, {}  # what is in them refers to it
    return lowered


class _Lowering(Recorder):
    def __init__(self, form: Form, program: Program, quick: Container[Variable]):
        super().__init__()
        self.form = self.usual = form
        self.source, self.quick = program, quick
        self.homes: dict[Equation, Variable] = {}
        self._count = program.last_number()
        self.known: dict[Variable, Any] = {}
        self.saved: dict[Variable, Shadow] = {}  # by the result of a gate: what its rules need
        edges = (e.function for e in program.equations)
        self.forward_of = {f.forward for f in edges if isinstance(f, EdgeCall)}

    def equation(self, equation: Equation) -> None:
        """Write down what an equation of the trace is made of."""
        self.context, function = equation.context, equation.function
        home = _home(equation)
        self.form = Form.QUICK if home in self.quick else self.usual
        written = len(self.equations)
        args, kwargs = map_tree(self._stand_in, equation.args), equation.kwargs
        if kwargs:
            kwargs = map_tree(self._stand_in, kwargs)
        if isinstance(function, GateCall):
            out = self._gate(equation, function, args, kwargs)
        elif isinstance(function, EdgeCall):
            shadow = self.saved[function.forward]
            out = function.back(shadow, args[0], self.form is Form.QUICK)
        elif equation.into:
            out = Traced(self, None, args[0].variable)
            self.overwrite(out, function, (out, *args[1:]), kwargs)
        elif isinstance(function, Anew):
            out = self._emit(function, args, kwargs, equation.out.type)
        else:
            out = self.record(function, args, kwargs, outside=True)
            if out.dtype != equation.out.dtype:  # it was written into memory of another dtype
                out = out.astype(equation.out.dtype)
        if home is not None:
            self.homes.update(dict.fromkeys(self.equations[written:], home))
        self.known[equation.out] = out
        named = equation.out.name and not self.context.backward
        if isinstance(out, Traced) and named and not out.variable.constant:
            out.variable.name = out.variable.name or equation.out.name

    def _gate(self, equation: Equation, call: GateCall, values: Any, static: Any) -> Any:
        """The kernel; if edges lead back to it, what their rules need is kept beside."""
        plan = call.plan if equation.out in self.forward_of else None
        values = list(values)
        if self.form is Form.TEXTBOOK and not call.gate.elementwise and not call.gate.variadic:
            for name, x in zip(call.gate.operands, values, strict=False):
                known = not isinstance(x, Traced) or x.variable.constant
                if len(name) >= LONG and not known and x.dtype.kind == "f":
                    x.variable.name = x.variable.name or name
        written = len(self.equations)
        try:
            out, extra = self.forward(call.gate, values, static, plan)
        except TraceError:  # such as one that calls `math.erf`
            del self.equations[written:]
            kernel = _as_a_whole(call.gate.kernel, equation.out.type)
            given = [values] if call.gate.variadic else values
            out, extra = self._emit(kernel, given, static, equation.out.type), None
        if plan is not None:
            self.saved[equation.out] = Shadow(plan.saved(values, out, static, extra), values)
        return out

    def _stand_in(self, x: Any) -> Any:
        if not isinstance(x, Variable):
            return x
        if x not in self.known:  # an input, or a constant
            self.known[x] = Traced(self, None, x)
        return self.known[x]

    def finish(self) -> Lowered:
        """The program, with the outputs of the trace."""
        outputs = [
            Output(self._left(o), o.kind, self._known(o.source))
            for o in self.source.outputs
            if o.kind != "gradient" or not self._is_gone(o.variable)
        ]
        given = self.source
        program = Program(given.inputs, self.equations, outputs, given.empty, given.effects)
        return Lowered(program, self.known, self.homes)

    def _left(self, output: Output) -> Variable:
        """What leaves. Whether a gradient held NaN is asked of it as it was before it was written
        to, which the program that runs then keeps."""
        held: Any = self._stand_in(output.variable)
        if output.kind == "finite" and isinstance(held, Traced):
            held = held.variable
        return held if isinstance(held, Variable) else self._output(held)

    def _is_gone(self, x: Variable) -> bool:
        """The memory that held it was written to."""
        held = self.known.get(x)
        return isinstance(held, Traced) and held.variable in self._stale

    def _known(self, source: Any) -> Any:
        if not isinstance(source, Variable):
            return source
        found = self._stand_in(source)
        return found.variable if isinstance(found, Traced) else source

    # --- what gates and rules call ---------------------------------------------------------------

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """The result of a gate, in the form that is wanted."""
        if self.form is Form.NATIVE and gate.native is not None:
            return gate.native(*values, **static), None
        if self.form is Form.QUICK:
            return gate.compute(values, static, plan)
        return gate.kernel(*([values] if gate.variadic else values), **static), None

    def record(
        self, function: Callable[..., Any], args: Any, kwargs: Any, outside: bool = False
    ) -> Any:
        """Write down a call of a NumPy function, and give its result as a Traced."""
        if holds_tensor(args):
            return function(*map_tree(as_constant_tensor, args), **kwargs)
        if function is operator.getitem:
            self._check_index(args[1])
        op = op_of(function)
        inside = not outside  # NumPy's functions give the user NumPy's scalars
        if inside and op.python is not None and _is_python(args[0]) and _is_python(args[-1]):
            function = op.python
        elif op.direct is not None and self.form is Form.QUICK and _is_plain(args, kwargs):
            function, args, kwargs = op.direct, args[:1], {**ALL, **kwargs, **_axis(args)}
        options = map_tree(_type, kwargs) if kwargs else kwargs
        type_, view = result_of(function, map_tree(_type, args), options)
        out = self._emit(function, args, kwargs, type_)
        if view is not None:
            self._shows(out.variable, self.equations[-1].args[view])
            if not type_.shape:  # a single value is a number: it is read out of the memory
                number = Type((), type_.dtype, ())
                out = self._emit(operator.getitem, (out, ()), {}, number)
        return out

    def _emit(self, function: Callable[..., Any], args: Any, kwargs: Any, type_: Type) -> Traced:
        variables = map_tree(self._variable, args)
        out = self._new(type_)
        if self.form is Form.TEXTBOOK:
            out.name = name_in_gate()
        equation = Equation(out, function, variables, self._variables(kwargs), False, self.context)
        self.equations.append(equation)
        return Traced(self, None, out)

    def overwrite(
        self, target: Traced, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for a function that writes into `target`."""
        if not target.shape:
            return self.record(function, args, kwargs)  # type: ignore[no-any-return]
        before, writes = self._variable(target), op_of(function).writes
        if writes:
            variables = before, *map_tree(self._variable, args[1:])
        else:
            type_, _ = result_of(function, map_tree(_type, args), map_tree(_type, kwargs))
            if (type_.shape, type_.dtype) != (before.shape, before.dtype):
                value = self._emit(function, args, kwargs, type_)
                return self.overwrite(target, operator.setitem, (target, ..., value), {})
            variables = map_tree(self._variable, args)
        out, options = self._new(fresh(before.type)), self._variables(kwargs)
        equation = Equation(out, function, variables, options, writes, self.context)
        self._written(equation, before)
        target.variable = out
        return target


def _as_a_whole(kernel: Callable[..., Any], type_: Type) -> Callable[..., Any]:
    """A kernel that asks for values, as one call of a program."""

    @functools.wraps(kernel)
    def call(*operands: Any, **static: Any) -> Any:
        out = np.asarray(kernel(*operands, **static))
        if out.shape != type_.shape or out.dtype != type_.dtype:
            raise TraceError(
                f"compile: {kernel.__name__} gives {out.dtype} {out.shape} here, and gave "
                f"{type_.dtype} {type_.shape} before; a gate of a compiled function keeps to one"
            )
        shown = any(np.may_share_memory(out, x) for x in operands)  # which may be written to
        return (out.copy() if shown else out)[()]

    facts = {"pure": True, "gives": lambda *_, **__: np.empty(type_.shape, type_.dtype)}
    vars(call).update(facts)
    return call


def _is_plain(args: Any, kwargs: Any) -> bool:
    """A reduction of an array along axes, with no other options."""
    x = args[0] if args else None
    array = isinstance(x, Traced) and bool(x.shape)
    return array and len(args) <= 2 and kwargs.keys() <= ALL.keys()


def _axis(args: Any) -> dict[str, Any]:
    return {"axis": args[1]} if len(args) > 1 else {}


def _home(equation: Equation) -> Variable | None:
    """The result of the gate that an equation belongs to, forward or back."""
    if isinstance(equation.function, EdgeCall):
        return equation.function.forward
    return equation.out if isinstance(equation.function, GateCall) else None


def _type(x: Any) -> Any:
    """What rules want to know of an argument: its type, or the thing itself."""
    return x.variable.told if isinstance(x, Traced) else x


def _is_python(x: Any) -> bool:
    return x.__class__ in (float, int) or (isinstance(x, Traced) and x.variable.type.weak)


def result_of(function: Callable[..., Any], types: Any, options: Any) -> Result:
    """The type of a result, and the position of the operand whose memory it shows.

    Raises TraceError where it depends on values.
    """
    try:
        return op_of(function).result(*types, **options)
    except DependsOnDataError as error:
        raise TraceError(
            f"compile: {error}, but a compiled program has to be the same for all values; use "
            "np.where, or its like, which keeps the shape"
        ) from None
    except NoTypeError as error:
        raise TraceError(
            f"compile: {error}; only functions that give one array can be traced"
        ) from None
