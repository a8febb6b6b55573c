"""Programs: straight-line lists of NumPy calls, with no branches and no graph.

Every variable is assigned once. An equation keeps which gate, scope and direction it came from,
so a program can be read, grouped, compared and drawn.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from ..arrays import as_constant
from ..errors import TraceError
from ..gate import Edge, Gate, Plan
from ..modes import Scope
from .draws import call_or_take
from .forms import listed
from .ops import Function, Meaning, Op, function_name, op_of
from .types import Type, map_tree

__all__ = [
    "Effect", "Equation", "Input", "Leaf", "Output", "Program", "Variable", "accumulated",
    "is_returned", "leaves_of", "reading_order", "variables_in", "written_in_place",
]  # fmt: skip

NO_OPTIONS: dict[str, Any] = {}  # the keyword arguments of most equations; never written to


@dataclass(eq=False, slots=True)
class Variable:
    """One value of a program: assigned once, by an equation or from outside.

    value    a constant's value
    base     the variable whose memory this one shows, when it is a view
    """

    number: int
    type: Type
    value: Any = None
    constant: bool = False
    base: Variable | None = None
    name: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of the axes."""
        return self.type.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Kind of number."""
        return self.type.dtype

    @property
    def told(self) -> Any:
        """What rules of types are told: the type; of a constant array the value."""
        return self.value if self.constant and self.shape else self.type

    @property
    def root(self) -> Variable:
        """The variable that owns the memory."""
        variable = self
        while variable.base is not None:
            variable = variable.base
        return variable

    def __str__(self) -> str:
        return self.name or f"v{self.number}"

    __repr__ = __str__


@dataclass(frozen=True, slots=True)
class Context:
    """Where an equation comes from."""

    gate: str = ""
    scope: Scope | None = None
    backward: bool = False


@dataclass(eq=False, slots=True)
class Equation:
    """out = function(*args, **kwargs).

    `into` is set for a function that writes into its target, such as x[i] = y: then `args[0]` is
    what the target held before, and `out` what it holds after.
    """

    out: Variable
    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=lambda: NO_OPTIONS)
    into: bool = False
    context: Context = Context()
    _inputs: list[Variable] | None = field(default=None, init=False)
    _op: Op | None = field(default=None, init=False)

    def reads(self, args: tuple[Any, ...], kwargs: dict[str, Any] | None = None) -> None:
        """Let it have other arguments: args and kwargs are not to be set in any other way."""
        self.args, self._inputs = args, None
        if kwargs is not None:
            self.kwargs = kwargs

    @property
    def outs(self) -> list[Variable]:
        """The variables that it assigns: one, but for those of loops.py."""
        return [self.out]

    @property
    def op(self) -> Op:
        """What is known of the function."""
        if self._op is None:
            self._op = op_of(self.function)
        return self._op

    @property
    def elementwise(self) -> bool:
        """It works element by element, and can write into an array that it is given."""
        op = self.op
        return op.elementwise and op.out is not None and not self.into

    @property
    def parts(self) -> list[Equation]:
        """Itself, and for those of loops.py the equations inside."""
        return [self]

    @property
    def inputs(self) -> list[Variable]:
        """The variables that it reads, repeats kept."""
        if self._inputs is None:
            self._inputs = found = []
            for x in self.args:
                if x.__class__ is Variable:
                    found.append(x)
                elif x.__class__ in CONTAINERS:
                    found += variables_in(x)
            if self.kwargs:
                found += variables_in(self.kwargs)
        return self._inputs

    def __str__(self) -> str:
        arguments = [*map(_text, self.args), *(f"{k}={_text(v)}" for k, v in self.kwargs.items())]
        name = function_name(self.function)
        dims = f"{self.out.dtype}{list(self.out.shape)}"
        return f"{self.out}: {dims} = {name}({', '.join(arguments)})"


class Shadow(NamedTuple):
    """What an edge asks of the node that it leads from."""

    saved: Any
    parents: Sequence[Any]


class GateCall(NamedTuple):
    """A function of an equation before lowering: a gate. It has a plan where it is recorded."""

    gate: Gate
    plan: Plan | None

    @property
    def __name__(self) -> str:
        return self.gate.name


class EdgeCall(NamedTuple):
    """The same: the chain rule at an edge of the gate that made `forward`, from the gradient by
    that; `stack` is the class of many gradients at once."""

    edge: Edge
    forward: Variable
    stack: Any

    @property
    def __name__(self) -> str:
        return f"back_{self.edge.gate.name}_{self.edge.position}"

    def back(self, node: Any, g: Any, quick: bool) -> Any:
        """The downstream gradient; by the row's rule, or by the one that accelerators know."""
        edge = self.edge
        if self.stack is not None:
            return edge.apply(self.stack(g), edge.arguments(node)).value
        return edge.back(node, g) if quick else edge.apply(g, edge.arguments(node))


class Anew:
    """A function of the user's that is called at every run, even if nobody reads its result."""

    def __init__(self, function: Function):
        self.function = function
        self.__name__ = f"fresh {getattr(function, '__name__', 'value')}"
        self.gave: tuple[Any, Any] | None = None  # shape and dtype, of which it must be again

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_locked, args))
        kwargs = {name: _locked(x) for name, x in kwargs.items()}
        value = as_constant(call_or_take(self.function, args, kwargs), copy=False)
        if type(value) is np.ndarray and (sys.getrefcount(value) > 2 or value.base is not None):
            value = value.copy()  # somebody else has it, and may write to it
        gives = value.shape, value.dtype
        if self.gave is None:
            self.gave = gives
        elif gives != self.gave:
            raise TraceError(
                f"compile: {self.__name__} gives {gives[1]} {gives[0]}, but the program is for "
                f"{self.gave[1]} {self.gave[0]}; give arrays of one shape and dtype, or pass them "
                "as an argument, for which the function is traced anew"
            )
        return value


def _locked(x: Any) -> Any:
    """A view that cannot be written to: the memory is the program's."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


@dataclass(eq=False, slots=True)
class Input:
    """A value from outside: `kind` and `source` tell where it is read at every call.

    "argument": source is a position in the flat list of arguments; "tensor": the Tensor;
    "array": a large one from outside, or a view of it, which is read as it is;
    "setting": the pair (object, attribute); "grad": the slot of a gradient that is added to;
    "place": a place outside that the program itself changes (see state.py).
    `tracked` tells whether a tensor required a gradient, and `slot` where that was kept.
    """

    variable: Variable
    kind: str
    source: Any
    tracked: bool = False
    slot: Any = None


@dataclass(eq=False, slots=True)
class Output:
    """A value that leaves: "result" (source: its position), "tensor" (a Tensor that moves on to
    it), or "grad" (the slot that takes it). "finite" is a gradient that must not hold NaN, else the
    program does not apply; so does "branch", a bool that has to be as it was (source). "state" is
    part of an effect (source: its number among those). "gradient" only tells which variable is the
    gradient by another one (source), for the sake of its name."""

    variable: Variable
    kind: str
    source: Any


class Leaf(NamedTuple):
    """In the value of an effect: the output "state" of this number, as a value of this kind.

    "array" and "number" are what they are, "tensor" is a constant Tensor of it. "given" is the very
    object that an input was read from; then `number` is that of the input.
    """

    kind: str
    number: int


class Effect(NamedTuple):
    """What a program does at its end to something outside: function(owner, key, value).

    The value is made anew: containers, with leaves that are a `Leaf` or what they are.
    """

    function: Function
    owner: Any
    key: Any
    value: Any


def is_returned(effect: Effect) -> bool:
    """Whether `.source` returns the value: an array is written to, and a log is nobody's state."""
    return effect.key is not Ellipsis and not isinstance(effect.key, slice)


def leaves_of(form: Any) -> Iterator[int]:
    """The numbers of the outputs "state" in the value of an effect."""
    if isinstance(form, Leaf):
        if form.kind != "given":
            yield form.number
    elif isinstance(form, (tuple, list, dict)):
        for item in form.values() if isinstance(form, dict) else form:
            yield from leaves_of(item)


@dataclass(eq=False)
class Program:
    """Inputs, equations in order, outputs.

    Printed, it is grouped by phase and scope. Two programs are equal when they call the same
    functions in the same order on the same values, whatever their variables are called.
    """

    inputs: list[Input]
    equations: list[Equation]
    outputs: list[Output]
    empty: list[Any] = field(default_factory=list)  # slots that must hold no gradient before
    effects: list[Effect] = field(default_factory=list)

    def with_equations(self, equations: list[Equation]) -> Program:
        """The same program with other equations."""
        return Program(self.inputs, equations, self.outputs, self.empty, self.effects)

    def with_constants(self) -> Program:
        """The same program with the arrays from outside, which it reads as they are, as constants:
        for texts."""
        instead = {
            given.variable: replace(given.variable, value=given.source, constant=True)
            for given in self.inputs
            if given.kind == "array"
        }
        if not instead:
            return self

        def new(x: Any) -> Any:
            return instead.get(x, x) if isinstance(x, Variable) else x

        equations = [
            replace(e, args=map_tree(new, e.args), kwargs=map_tree(new, e.kwargs))
            if not instead.keys().isdisjoint(e.inputs) else e
            for e in self.equations
        ]  # fmt: skip
        outputs = [Output(new(o.variable), o.kind, new(o.source)) for o in self.outputs]
        inputs = [given for given in self.inputs if given.variable not in instead]
        return Program(inputs, equations, outputs, self.empty, self.effects)

    def __str__(self) -> str:
        heads = ", ".join(f"{i.variable}: {_kind(i.variable.type)}" for i in self.inputs)
        headings = self._headings()
        lines, before, indent = [f"inputs {heads}"], "", "  " * (len(set(headings)) > 1)
        for heading, equation in zip(headings, self.equations, strict=True):
            if heading != before and indent:
                lines.append(f"{heading}:")
            lines.append(f"{indent}{equation}")
            before = heading
        leaving = [o for o in self.outputs if o.kind not in ("finite", "branch", "gradient")]
        return "\n".join([*lines, "outputs " + ", ".join(f"{o.variable}" for o in leaving)])

    def _headings(self) -> list[str]:
        """For each equation its phase and the scopes around it."""
        scopes = [equation.context.scope for equation in self.equations]
        paths = [[s.name for s in scope.path] if scope else [] for scope in scopes]
        return ["/".join([p, *path]) for p, path in zip(self.phases(), paths, strict=True)]

    def phases(self) -> list[str]:
        """For each equation "forward" or "backward"; what no gate did after that is "update"."""
        found, gone_back = [], False
        for equation in self.equations:
            context = equation.context
            gone_back = gone_back or context.backward
            after = "update" if gone_back and not context.gate else "forward"
            found.append("backward" if context.backward else after)
        return found

    def put_in_scopes(self, scopes: dict[Variable, Scope]) -> None:
        """Move the gates that made these variables into scopes, with all their equations."""
        moved = {
            id(equation.context): replace(equation.context, scope=scopes[equation.out])
            for equation in self.equations
            if equation.out in scopes and not equation.context.backward
        }
        for equation in self.equations:
            equation.context = moved.get(id(equation.context), equation.context)

    def _key(self) -> tuple[Any, ...]:
        """What is the same for equal programs: variables are numbered as they appear."""
        numbers: dict[Variable, int] = {}

        def known(x: Any) -> Any:
            if not isinstance(x, Variable):
                return type(x).__name__, repr(x)
            held = np.asarray(x.value).tobytes() if x.constant else b""
            return numbers.setdefault(x, len(numbers)), str(x.dtype), x.shape, held

        def tree(x: Any) -> Any:
            return repr(map_tree(known, x))

        heads = [(known(i.variable), i.kind, i.tracked) for i in self.inputs]
        calls = [
            (_called(e.function), tree(e.args), tree(e.kwargs), e.into, known(e.out),
             e.context.backward)
            for e in self.equations
        ]  # fmt: skip
        return heads, calls, [(known(o.variable), o.kind) for o in self.outputs]

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Program) else NotImplemented

    def __hash__(self) -> int:
        return hash((len(self.inputs), *(_called(e.function) for e in self.equations)))

    def __len__(self) -> int:
        return len(self.equations)

    def last_number(self) -> int:
        """The largest number of a variable."""
        numbers = [i.variable.number for i in self.inputs]
        for equation in self.equations:
            numbers += [v.number for v in (equation.out, *equation.inputs)]
        return max([*numbers, *(o.variable.number for o in self.outputs)], default=0)

    def uses(self) -> Counter[Variable]:
        """How often equations read each variable."""
        return Counter(x for equation in self.equations for x in equation.inputs)

    def producers(self) -> dict[Variable, Equation]:
        """For each variable the equation that assigns it."""
        return {equation.out: equation for equation in self.equations}


def _called(function: Function) -> Any:
    return function.function if isinstance(function, Anew) else function


def _kind(type_: Type) -> str:
    return (
        type_.dtype.type(0).item().__class__.__name__
        if type_.weak
        else f"{type_.dtype}{list(type_.shape)}"
    )


CONTAINERS = (tuple, list, dict, slice)


def variables_in(tree: Any) -> Iterator[Variable]:
    """The variables in nested arguments."""
    if isinstance(tree, Variable):
        yield tree
    elif isinstance(tree, (tuple, list)):
        for item in tree:
            yield from variables_in(item)
    elif isinstance(tree, dict):
        yield from variables_in(list(tree.values()))
    elif isinstance(tree, slice):
        yield from variables_in((tree.start, tree.stop, tree.step))


def _text(x: Any) -> str:
    if isinstance(x, Variable):
        return str(x)
    if isinstance(x, (tuple, list)):
        return listed(type(x), map(_text, x))
    if isinstance(x, slice):
        parts = ["" if p is None else _text(p) for p in (x.start, x.stop, x.step)]
        return ":".join(parts if x.step is not None else parts[:2])
    if isinstance(x, np.generic):
        return repr(x.item())
    if isinstance(x, np.dtype):
        return f"np.{x.name}"
    return "..." if x is Ellipsis else repr(x)


def used_later(outputs: Iterable[Output]) -> set[Variable]:
    """The variables that leave the program; what is only to be named does not."""
    return {output.variable for output in outputs if output.kind != "gradient"}


def reading_order(program: Program) -> list[Equation]:
    """The equations, with what only the backward pass reads moved down to there."""
    readers: dict[Variable, list[Equation]] = {}
    for equation in program.equations:
        for variable in equation.inputs:
            readers.setdefault(variable, []).append(equation)
    leaving = used_later(program.outputs)
    later: set[Equation] = set()
    for equation in reversed(program.equations):
        reading = readers.get(equation.out, [])
        forward = reading and equation.out not in leaving and not equation.context.backward
        forward = forward and not isinstance(equation.function, Anew)  # in the order of the calls
        if forward and all(e.context.backward or e in later for e in reading):
            later.add(equation)
    order: list[Equation] = []
    waiting: dict[Variable, Equation] = {}

    def put(equation: Equation) -> None:
        for variable in equation.inputs:
            if variable in waiting:
                put(waiting.pop(variable))
        order.append(equation)

    for equation in program.equations:
        if equation in later:
            waiting[equation.out] = equation
        else:
            put(equation)
    return order


def accumulated(program: Program) -> set[Variable]:
    """The partial sums of gradients that many paths add to: at least four terms."""
    made_by = {e.out: e for e in program.equations if e.op.augmented == "+=" and e.context.backward}
    found: set[Variable] = set()
    for equation in reversed(program.equations):
        if equation.out not in made_by:
            continue
        parts = [equation.out]
        while parts[-1] in made_by and parts[-1] not in found:
            parts.append(made_by[parts[-1]].args[0])
            if not isinstance(parts[-1], Variable):
                break
        if len(parts) > 3:
            found.update(x for x in parts[1:] if isinstance(x, Variable))
    return found


def written_in_place(program: Program) -> set[Equation]:
    """In reading order: the writes after which nobody reads what the memory held before.

    The others write to a copy, and so do writes to what comes from outside, and to views unless
    nobody else reads their memory.
    """
    kept = {v.root for v in used_later(program.outputs)} | {i.variable for i in program.inputs}
    made = {equation.out for equation in program.equations}
    stretched = {e.out for e in program.equations if e.op.means is Meaning.STRETCHED}
    found: set[Equation] = set()
    for equation in reversed(reading_order(program)):
        before = equation.args[0] if equation.into else None
        fresh = before is not None and not before.root.constant and before not in stretched
        if before is not None and before.base is not None:
            fresh = fresh and before.root in made and before.root not in kept
        if fresh and before not in kept:
            found.add(equation)
        kept.update(variable.root for variable in equation.inputs)
    return found
