"""What happens when a gate is called: compute, and record when gradients are wanted.

`gate()` turns a row of the table into a function. Operands that are Tensors are unwrapped, the
kernel runs on arrays, and the result is a Tensor whose node knows the gate, the parents and what
the rules need. Without a Tensor among the operands a gate is just its NumPy function.
"""

from __future__ import annotations

import functools
import inspect
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np
from numpy import ndarray

from .buffers import SMALL, empty
from .gate import GATES, OUT, Function, Gate, Need, Plan, register_method
from .modes import MODE, Mode
from .node import ArrayNode, NumberNode, next_number
from .numpy_api import register
from .stacked import Stacked
from .tensor import (
    NUMBERS,
    Array,
    Tensor,
    as_constant,
    check_plain,
    constant_tensor,
    frozen,
    shown,
)
from .traced import Traced

__all__ = ["gate"]


UNSET = inspect.Parameter.empty  # until the defaults of a gate are put in its place
SINGLE = (np.float64, float, int)  # what a NumberNode is made of
F = TypeVar("F", bound=Function)


@overload
def gate(kernel: None = None, numpy: Any = None, **row: Any) -> Callable[[F], F]: ...
@overload
def gate(kernel: Function, numpy: Any = None, **row: Any) -> Function: ...
def gate(
    kernel: Function | None = None,
    numpy: Any = None,
    *,
    methods: Sequence[str] = (),
    reflected: str | None = None,
    **row: Any,
) -> Any:
    """Declare a gate; gives the function that records it. Also a decorator of the kernel.

    kernel           the forward pass on arrays: operands first, then keyword arguments
    numpy            the NumPy function, or several, that should record this gate
    methods          names under which Tensor offers it; `reflected`: with operands exchanged
    name, symbol     how it is called in errors, and drawn in pictures
    role             what it does to gradients, in the words of the lecture
    written          how it stands in a formula, "−x", where the symbol does not show that
    face             what stands on it in a picture, with its keyword arguments: "[{index}]"
    says             the downstream gradient in words, where the rule is more than a formula: one
                     text per operand, or one for all, with {g}, {out} and the operands' names
    local, vjp       one local gradient (or vjp rule) per operand; None where there is none
    shape            the shape of the result, from those of the operands and keyword arguments, for
                     gates that are costly: what is only drawn need not run
    elementwise      each result belongs to one place of the operands (implied by `local`)
    linear           the vjp rules do not depend on values: sums, reshapes, ...
    live             per operand: where its values were used at all (see masks.py)
    selects          the same for a linear gate, whose rules tell where
    cache, fused     intermediate values that rules want: their definition as NumPy functions of
                     operands and keyword arguments, and a kernel that gives `(out, *cached)`
    expand           the same computation in simpler gates, to be shown in a picture
    opened           when pictures show that: "always", without a box around it; "asked for" only;
                     else the explorer does, too
    plain            kernel and rules as a textbook writes them, for programs that people read
    variadic         the operands come as one sequence
    differentiable   False for gates whose result carries no gradient, such as comparisons
    Raises TypeError when a rule names something that the gate does not have.
    """
    if kernel is None:

        def decorate(function: Function) -> Any:
            name = row.pop("name", function.__name__)
            return gate(function, numpy, methods=methods, reflected=reflected, name=name, **row)

        return decorate

    if numpy is None and isinstance(kernel, np.ufunc):
        numpy = kernel
    functions = [numpy] if callable(numpy) else list(numpy or ())
    declared = Gate(kernel, functions[0] if functions else None, **row)
    if declared.name in GATES:
        raise TypeError(f"there is already a gate called {declared.name!r}")
    declared.functions = (kernel, *functions)
    GATES[declared.name] = declared
    call = _caller(declared)
    _dress(call, declared)
    for function in functions:
        register(function, call, declared)
    register_method(methods, call, reflected)
    return call


def _caller(row: Gate) -> Any:
    """The function that runs and records the gate: written out for it, if it is of a usual kind."""
    usual = len(row.operands) <= 3 and row.differentiable and not row.variadic
    if usual and not (row.statics and row.cache) and not {*row.operands, *row.statics} & WORDS:
        return _direct(row)
    return _general(row)


# The function behind `x + y` or `np.exp(x)` is called more often than any other, so it is written
# out for the operands and keyword arguments of a gate, without a loop. {x} stands for each operand
# in turn; bits tell which operands are tracked, and which constants a rule will read later. `plain`
# means that no operand is a tensor, `named` that a constant has a node, which pictures show.
UNWRAP = """
        if isinstance({x}, Tensor):
            plain, {x}_data, {x}_parent = False, {x}._data, {x}._node
            if {x}._tracked:
                tracked += {bit}
            elif {x}_parent is None:
                {x}_parent = {x}_data
            else:
                named = True
        else:
            {x}_data = {x}_parent = {x} if {x}.__class__ in NUMBERS else operand({x})
"""
FREEZE = """
            if constants & {bit} and {x}.__class__ is ndarray:
                {x}_data = {x}_parent = frozen({x})
"""
ON_NUMBERS = """
        if {single} and not named:
            node = NumberNode()
            {places} = {parents}
            node.value = out = number_kernel({data})
            node.plan, node.slot, node.name = plan, None, None
            node.number, node.site = next_number(), state.site
            result = new_tensor(Tensor)
            result._data, result._node = out, node
            result._tracked, result._memory = True, None
            return result
"""
CALL = """
def make(row, kernel, prepared, prepare):
    number_kernel, fused, defaults = row.kernel, row.fused, row.statics

    def call({signature}):
        tracked, plain, named = 0, True, False
        {unwrap}
        if plain:
            return run(row, ({data},), {static}, mode()) if {traced} else kernel({given})
        state = mode()
        if state.tracer is not None:
            return run(row, ({operands},), {static}, state)
        if not tracked or not state.recording:
            {constant}
        plan, keep, constants = prepared[tracked] or prepare(tracked)
        {on_numbers}
        if constants:
            {freeze}
        {results} = {compute}({given})
        lengths = out.shape
        {array}
        if not lengths:
            out = out[()]
        node = ArrayNode()
        node.plan, node.parents, node.saved = plan, ({parents},), keep({available})
        node.static, node.slot, node.name = {static}, None, None
        node.shape, node.dtype, node.value = lengths, out.dtype, None if lengths else out
        node.number, node.site = next_number(), state.site
        result = new_tensor(Tensor)
        result._data, result._node = out, node
        result._tracked, result._memory = True, None
        {shown}
        return result

    return call
"""
CONSTANT = """
            array = kernel({given})
            result = constant_tensor(array)
            return {find} if array.__class__ is ndarray else result
""".strip()  # of a gate that may give a view
# a gate that gives an operand one of these names is recorded the general way
TEXTS = UNWRAP + FREEZE + ON_NUMBERS + CALL + CONSTANT
WORDS = {"shown", *re.findall(r"(?<![\w.{])[a-z]\w*", TEXTS)}


class _Kind(NamedTuple):
    """What the function that records a gate depends on."""

    operands: tuple[str, ...]
    statics: tuple[str, ...]
    cached: int
    linear: bool  # the result may be a view of the operand
    on_numbers: bool


@functools.cache
def _factory(kind: _Kind) -> Callable[..., Any]:
    """The maker of recording functions for gates of one kind."""
    names, statics = kind.operands, kind.statics

    def each(template: str, between: str = "") -> str:
        parts = [template.format(x=name, bit=1 << k) for k, name in enumerate(names)]
        return between.join(parts).strip()

    data, parents = each("{x}_data", ", "), each("{x}_parent", ", ")
    cached = [f"cached_{k}" for k in range(kind.cached)]
    given = ", ".join([data, *statics])
    view = "array.base is not None or " + each("array is {x}_data", " or ")
    find = f"shown(result, array, ({each('{x}', ', ')},))"
    on_numbers = ON_NUMBERS.format(
        single=each("{x}_data.__class__ in SINGLE", " and "),
        places=", ".join(f"node.{place}" for place, _ in zip("xy", names, strict=False)),
        data=data,
        parents=parents,
    )
    source = CALL.format(
        signature=", ".join([*names, *(f"{name}=UNSET" for name in statics)]),
        operands=", ".join(names),
        unwrap=each(UNWRAP),
        data=data,
        given=given,
        traced=each("{x}_data.__class__ is Traced", " or "),
        static=_static(statics),
        freeze=each(FREEZE),
        on_numbers=on_numbers.strip() if kind.on_numbers else "",
        compute="fused" if cached else "kernel",
        results=", ".join(["out", *cached]),
        available=", ".join([data, "out", *cached, *statics]),
        parents=parents,
        array="array = out" if kind.linear else "",
        constant=CONSTANT.format(given=given, find=find)
        if kind.linear
        else f"return constant_tensor(kernel({given}))",
        shown=f"if array.__class__ is ndarray and ({view}): {find}" if kind.linear else "",
    )
    scope: dict[str, Any] = {
        "ArrayNode": ArrayNode, "NUMBERS": NUMBERS, "NumberNode": NumberNode, "SINGLE": SINGLE,
        "Tensor": Tensor, "Traced": Traced, "UNSET": UNSET, "chosen": _chosen,
        "constant_tensor": constant_tensor, "frozen": frozen, "mode": MODE.get,
        "ndarray": ndarray, "new_tensor": Tensor.__new__, "next_number": next_number,
        "operand": _operand, "run": _run, "shown": shown, "__name__": __name__,
    }  # fmt: skip
    exec(compile(source, f"<gate({', '.join([*names, *statics])})>", "exec"), scope)
    return scope["make"]  # type: ignore[no-any-return]


def _static(names: tuple[str, ...]) -> str:
    """The expression for the keyword arguments that are not left at their defaults."""
    if not names:
        return "None"
    defaults = " and ".join(f"{name} is defaults['{name}']" for name in names)
    return f"(None if {defaults} else chosen(row, {', '.join(f'{x}={x}' for x in names)}))"


def _direct(row: Gate) -> Any:
    """The function written out for a gate of one to three operands."""
    count, caches = len(row.operands), [Need("cache", name) for name in row.cache]
    statics = [Need("static", name) for name in row.statics]

    prepared: list[Any] = [None] * 2**count  # for each choice of tracked operands

    def prepare(which: int) -> tuple[Plan, Callable[..., tuple[Array, ...]], int]:
        plan = row.plan(tuple(k for k in range(count) if which >> k & 1))
        available = [*[Need("operand", k) for k in range(count)], OUT, *caches, *statics]
        kept = tuple(available.index(need) for need in plan.layout)
        constants = sum(1 << k for k in kept if k < count and not which >> k & 1)
        prepared[which] = plan, _keeper(kept, len(available)), constants
        return prepared[which]  # type: ignore[no-any-return]

    kernel: Function = row.kernel
    if isinstance(kernel, np.ufunc):
        kernel = _pooled_unary(kernel) if count == 1 else kernel
    elif kernel.__module__ == "_operator" and count == 2 and kernel is not operator.pow:
        kernel = _pooled_binary(kernel, row.numpy)
    kind = _Kind(row.operands, tuple(row.statics), len(caches), row.linear, row.on_numbers)
    call = _factory(kind)(row, kernel, prepared, prepare)
    call.__defaults__ = tuple(v for v in row.statics.values() if v is not UNSET)
    return call


def _chosen(row: Gate, **static: Any) -> dict[str, Any] | None:
    """The keyword arguments that are not left at their defaults; None when all of them are."""
    defaults = row.statics
    return {name: x for name, x in static.items() if x is not defaults[name]} or None


@functools.cache
def _keeper(kept: tuple[int, ...], count: int) -> Callable[..., tuple[Array, ...]]:
    """The function that picks what is saved out of the operands and the result."""
    names = [f"a{k}" for k in range(count)]
    chosen = "".join(f"{names[k]}, " for k in kept)
    return eval(f"lambda {', '.join(names)}: ({chosen})")  # type: ignore[no-any-return]


def _general(row: Gate) -> Any:
    """Any gate: more operands, keyword arguments, cached intermediate values, sequences."""
    names, kernel = (*row.operands, *row.statics), row.kernel
    count = len(row.operands)

    def call(*args: Any, **static: Any) -> Any:
        if len(args) != count:
            args, static = _bind(row, names, args, static)
        for x in args:
            if x.__class__ is not np.ndarray and x.__class__ not in NUMBERS:
                break
        else:  # plain arrays, as when a rule calls a gate
            return kernel(*args, **static)
        return _run(row, tuple(args[0]) if row.variadic else args, static or None, MODE.get())

    return call


def _run(row: Gate, operands: tuple[Any, ...], static: dict[str, Any] | None, state: Mode) -> Any:
    """Compute any gate, and record it if gradients flow to an operand."""
    options = static or {}
    if state.tracer is not None:
        state.tracer.enter(row, operands, state.scope)
    values, parents, tracked = _unwrap(operands)
    recording = tracked and state.recording and row.differentiable
    given = [values] if row.variadic else values
    kernel, fused = row.kernel, row.fused
    if state.tracer is not None:
        kernel, fused = state.tracer.kernels(row)
    if not recording or fused is None:
        out, cached = kernel(*given, **options), ()
    else:
        out, *cached = fused(*given, **options)
    array = out
    if type(out) is np.ndarray and out.ndim == 0:
        out = out[()]
    if recording:
        plan = row.plan(tracked)
        result = _record(plan, operands, values, parents, static, cached, out, state)
        shown(result, array, operands)
        if state.tracer is not None and state.tracer.named:
            state.tracer.made(result)
        return result
    if any(isinstance(x, Tensor) for x in operands):
        return shown(constant_tensor(out), array, operands)
    return out


def _unwrap(operands: Sequence[Any]) -> tuple[list[Array], list[Any], tuple[int, ...]]:
    """The operands' arrays, what stands for them in the graph, and which are tracked."""
    values: list[Any] = []
    parents: list[Any] = []
    tracked: list[int] = []
    for position, x in enumerate(operands):
        if x.__class__ in NUMBERS or x is None:
            value = x
            parents.append(value)
        elif isinstance(x, Tensor):
            value = x._data
            parents.append(value if x._node is None else x._node)
            if x._tracked:
                tracked.append(position)
        else:
            value = _operand(x)
            parents.append(value)
        values.append(value)
    return values, parents, tuple(tracked)


def _record(
    plan: Plan,
    operands: Sequence[Any],
    values: list[Array],
    parents: list[Any],
    static: dict[str, Any] | None,
    cached: Sequence[Array],
    out: Array,
    state: Mode,
) -> Tensor:
    """Make the node of a general gate, keeping what its rules name."""
    gate, saved = plan.gate, []
    for kind, key in plan.layout:
        if kind == "operand":
            if values[key] is operands[key] and type(values[key]) is np.ndarray:
                values[key] = parents[key] = frozen(values[key])
            saved.append(values[key])
        elif kind == "static":
            saved.append((static or {}).get(key, gate.statics[key]))
        elif kind == "cache":
            saved.append(cached[list(gate.cache).index(key)])
        else:
            saved.append(out)
    node = ArrayNode()
    node.plan, node.parents, node.saved = plan, tuple(parents), tuple(saved)
    node.static, node.slot, node.name = static, None, None
    node.shape, node.dtype = out.shape, out.dtype
    node.value = None if node.shape else out
    node.number, node.site = next_number(), state.site
    result: Tensor = Tensor.__new__(Tensor)
    result._data, result._node, result._tracked = out, node, True
    result._memory = None
    return result


def _bind(
    row: Gate, names: tuple[str, ...], args: tuple[Any, ...], static: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Sort positional and keyword arguments into operands and keyword arguments of the gate."""
    if len(args) > len(names):
        raise TypeError(f"{row.name}: takes at most {len(names)} arguments, got {len(args)}")
    bound = dict(zip(names, args, strict=False))
    for name, value in static.items():
        if name in bound or name not in names:
            problem = "twice" if name in bound else f"but it takes {', '.join(names)}"
            raise TypeError(f"{row.name}: got the argument {name!r} {problem}")
        bound[name] = value
    missing = [name for name in row.operands if name not in bound]
    if missing:
        raise TypeError(f"{row.name}: missing operand {', '.join(missing)}")
    return tuple(bound.pop(name) for name in row.operands), bound


def _operand(value: Any) -> Array:
    """An operand that is no Tensor: an array, a number, or a (nested) list or range of numbers."""
    if type(value) is np.ndarray and value.ndim and value.dtype.kind in "fiub":
        return value
    if isinstance(value, (Traced, Stacked)):
        return value
    return as_constant(check_plain(value), copy=False)


def _pooled_unary(kernel: Function) -> Function:
    """Let a ufunc write large results into memory that is used again."""

    def run(x: Array) -> Array:
        large = x.__class__ is ndarray and x.nbytes >= SMALL
        if large and x.dtype.kind == "f" and x.flags.c_contiguous:
            return kernel(x, out=empty(x.shape, x.dtype))
        return kernel(x)

    return run


def _pooled_binary(kernel: Function, ufunc: Any) -> Function:
    """The same for two operands; `kernel` is the operator, which is faster on scalars."""

    def run(x: Array, y: Array) -> Array:
        large = (x.__class__ is ndarray and x.nbytes >= SMALL) or (
            y.__class__ is ndarray and y.nbytes >= SMALL
        )
        if not large:
            return kernel(x, y)
        dtype = np.result_type(x, y)
        plain = all(a.flags.c_contiguous for a in (x, y) if a.__class__ is ndarray)
        if dtype.kind != "f" or not plain:  # NumPy lays the result out like the operands
            return kernel(x, y)
        return ufunc(x, y, out=empty(np.broadcast(x, y).shape, dtype))

    return run


def _dress(call: Any, row: Gate) -> None:
    """Give the recording function the name, signature and documentation of its kernel."""
    call.__name__ = call.__qualname__ = row.name
    call.__module__ = "autograd.gates"
    documented = row.numpy if isinstance(row.numpy, np.ufunc) else None
    if documented is None:
        call.__doc__ = row.kernel.__doc__
        call.__signature__ = inspect.signature(row.kernel)
    else:
        operands = ", ".join(row.operands)
        call.__doc__ = f"{row.name}({operands}), elementwise, as `np.{documented.__name__}`."
