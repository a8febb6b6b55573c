"""What happens when a gate is called: compute, and record when gradients are wanted.

`gate()` turns a row of the table into a function. Operands that are Tensors are unwrapped, the
kernel runs on arrays, and the result is a Tensor whose node knows the gate, the parents and what
the rules need. Without a Tensor among the operands a gate is just its NumPy function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .buffers import SMALL, empty
from .gate import FROM_THE_EDGE, GATES, OUT, Function, Gate, Need, Plan, register_method
from .modes import MODE, Mode
from .node import NOTHING, Node, next_number
from .numpy_api import register
from .tensor import NUMBERS, Array, Tensor, as_constant, check_plain, constant_tensor

__all__ = ["gate"]


def gate(
    kernel: Function | None = None,
    numpy: Function | Sequence[Function] | None = None,
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
    local, vjp       one local gradient (or vjp rule) per operand; None where there is none
    elementwise      each result belongs to one place of the operands (implied by `local`)
    linear           the vjp rules do not depend on values: sums, reshapes, ...
    live             per operand: where its values were used at all (masks, see backward.py)
    cache, fused     intermediate values that rules want: their definition as NumPy functions of
                     operands and keyword arguments, and a kernel that gives `(out, *cached)`
    expand           the same computation in simpler gates, to be shown in a picture
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
    GATES[declared.name] = declared
    call = _caller(declared)
    _dress(call, declared)
    for function in functions:
        register(function, call, declared)
    register_method(methods, call, reflected)
    return call


def _caller(row: Gate) -> Any:
    """The function that runs and records the gate: a short way for the most common kinds."""
    rules = [name for rule in row.rules for name in row.names(rule)]
    named = {row.need(name).kind for name in rules if name not in FROM_THE_EDGE}
    short = not (row.statics or row.variadic or row.fused or row.linear)
    if short and row.differentiable and named <= {"operand", "out", "shape"}:
        if len(row.operands) == 1:
            return _unary(row)
        if len(row.operands) == 2:
            return _binary(row)
    return _general(row)


KEEP: dict[tuple[int, ...], Callable[[Array, Array, Array], tuple[Array, ...]]] = {
    (): lambda x, y, out: NOTHING,
    (0,): lambda x, y, out: (x,),
    (1,): lambda x, y, out: (y,),
    (2,): lambda x, y, out: (out,),
    (0, 1): lambda x, y, out: (x, y),
    (1, 0): lambda x, y, out: (y, x),
    (0, 2): lambda x, y, out: (x, out),
    (2, 0): lambda x, y, out: (out, x),
    (1, 2): lambda x, y, out: (y, out),
    (1, 0, 2): lambda x, y, out: (y, x, out),
    (0, 1, 2): lambda x, y, out: (x, y, out),
}  # fmt: skip


def _keeper(plan: Plan) -> Callable[[Array, Array, Array], tuple[Array, ...]]:
    return KEEP[tuple(2 if need == OUT else need.key for need in plan.layout)]


def _unary(row: Gate) -> Any:
    """A gate of one operand, without keyword arguments."""
    kernel, plan = _pooled_unary(row.kernel), row.plan((0,)) if row.rules[0] is not None else None
    keep = _keeper(plan) if plan else None
    mode, new_tensor, new_node = MODE.get, Tensor.__new__, Node.__new__

    def call(x: Any) -> Any:
        if not isinstance(x, Tensor):
            return kernel(x if x.__class__ in NUMBERS else _operand(x))
        a = x._data
        out = kernel(a)
        state = mode()
        if not (x._tracked and state.recording):
            return constant_tensor(out)
        node = new_node(Node)
        node.plan = plan if plan is not None else row.plan((0,))
        node.parents = (x._node,)
        node.saved = keep(a, None, out)  # type: ignore[misc]
        node.static = node.slot = node.name = None
        node.shape = shape = out.shape
        node.dtype = out.dtype
        node.value = None if shape else out
        node.number = next_number()
        node.scope = state.scope
        result = new_tensor(Tensor)
        result._data, result._node = out, node
        result._tracked, result._viewed = True, False
        return result

    return call


def _binary(row: Gate) -> Any:
    """A gate of two operands, without keyword arguments: most operators."""
    kernel = _pooled_binary(row.kernel, row.numpy) if _is_operator(row.kernel) else row.kernel
    prepared: list[Any] = [None] * 4  # by which operands are tracked: x 1, y 2, both 3
    mode, new_tensor, new_node = MODE.get, Tensor.__new__, Node.__new__

    def prepare(which: int) -> tuple[Plan, Any, bool]:
        plan = row.plan(((), (0,), (1,), (0, 1))[which])
        other = Need("operand", 1 if which == 1 else 0)
        prepared[which] = plan, _keeper(plan), which != 3 and other in plan.layout
        return prepared[which]  # type: ignore[no-any-return]

    def call(x: Any, y: Any) -> Any:
        which = 0
        p = q = None
        if isinstance(x, Tensor):
            a, p = x._data, x._node
            if x._tracked:
                which = 1
        else:
            a = x if x.__class__ in NUMBERS else _operand(x)
        if isinstance(y, Tensor):
            b, q = y._data, y._node
            if y._tracked:
                which += 2
        else:
            b = y if y.__class__ in NUMBERS else _operand(y)
        out = kernel(a, b)
        if not which:
            either = isinstance(x, Tensor) or isinstance(y, Tensor)
            return constant_tensor(out) if either else out
        state = mode()
        if not state.recording:
            return constant_tensor(out)
        plan, keep, freeze = prepared[which] or prepare(which)
        if freeze:
            if which == 1 and b is y:
                b = as_constant(b) if b.__class__ is np.ndarray else b
            elif which == 2 and a is x:
                a = as_constant(a) if a.__class__ is np.ndarray else a
        node = new_node(Node)
        node.plan = plan
        node.parents = (a if p is None else p, b if q is None else q)
        node.saved = keep(a, b, out)
        node.static = node.slot = node.name = None
        node.shape = shape = out.shape
        node.dtype = out.dtype
        node.value = None if shape else out
        node.number = next_number()
        node.scope = state.scope
        result = new_tensor(Tensor)
        result._data, result._node = out, node
        result._tracked, result._viewed = True, False
        return result

    return call


def _general(row: Gate) -> Any:
    """Any gate: more operands, keyword arguments, cached intermediate values, sequences."""
    names, kernel, fused = (*row.operands, *row.statics), row.kernel, row.fused
    count = len(row.operands)

    def call(*args: Any, **static: Any) -> Any:
        if len(args) != count:
            args, static = _bind(row, names, args, static)
        for x in args:
            if x.__class__ is not np.ndarray and x.__class__ not in NUMBERS:
                break
        else:  # plain arrays, as when a rule calls a gate
            return kernel(*args, **static)
        operands = tuple(args[0]) if row.variadic else args
        values, parents, tracked = _unwrap(operands)
        state = MODE.get()
        recording = tracked and state.recording and row.differentiable
        given = [values] if row.variadic else values
        if not recording or fused is None:
            out, cached = kernel(*given, **static), ()
        else:
            out, *cached = fused(*given, **static)
        if type(out) is np.ndarray and out.ndim == 0:
            out = out[()]
        if recording:
            return _record(row.plan(tracked), operands, values, parents, static, cached, out, state)
        return constant_tensor(out) if any(isinstance(x, Tensor) for x in operands) else out

    return call


def _unwrap(operands: Sequence[Any]) -> tuple[list[Array], list[Any], tuple[int, ...]]:
    """The operands' arrays, what stands for them in the graph, and which are tracked."""
    values, parents, tracked = [], [], []
    for position, x in enumerate(operands):
        if isinstance(x, Tensor):
            value = x._data
            parents.append(value if x._node is None else x._node)
            if x._tracked:
                tracked.append(position)
        else:
            value = x if x.__class__ in NUMBERS or x is None else _operand(x)
            parents.append(value)
        values.append(value)
    return values, parents, tuple(tracked)


def _record(
    plan: Plan,
    operands: Sequence[Any],
    values: list[Array],
    parents: list[Any],
    static: dict[str, Any],
    cached: Sequence[Array],
    out: Array,
    state: Mode,
) -> Tensor:
    """Make the node of a general gate, keeping what its rules name."""
    gate, saved = plan.gate, []
    for kind, key in plan.layout:
        if kind == "operand":
            if values[key] is operands[key] and type(values[key]) is np.ndarray:
                values[key] = parents[key] = as_constant(values[key])
            saved.append(values[key])
        elif kind == "static":
            saved.append(static.get(key, gate.statics[key]))
        elif kind == "cache":
            saved.append(cached[list(gate.cache).index(key)])
        else:
            saved.append(out)
    node = Node()
    node.plan, node.parents, node.saved = plan, tuple(parents), tuple(saved)
    node.static, node.slot, node.name = static or None, None, None
    node.shape, node.dtype = out.shape, out.dtype
    node.value = None if node.shape else out
    node.number, node.scope = next_number(), state.scope
    result: Tensor = Tensor.__new__(Tensor)
    result._data, result._node, result._tracked = out, node, True
    result._viewed = gate.linear and node.value is None
    if result._viewed:  # perhaps a view: from now on neither can be written to in place
        for x in operands:
            if isinstance(x, Tensor):
                x._viewed = True
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
    return as_constant(check_plain(value), copy=False)


def _is_operator(kernel: Function) -> bool:
    return kernel.__module__ == "_operator"


def _pooled_unary(kernel: Function) -> Function:
    """Let a ufunc write large results into memory that is used again."""
    if not isinstance(kernel, np.ufunc):
        return kernel

    def run(x: Array) -> Array:
        if x.__class__ is np.ndarray and x.nbytes >= SMALL and x.dtype.kind == "f":
            return kernel(x, out=empty(x.shape, x.dtype))
        return kernel(x)

    return run


def _pooled_binary(kernel: Function, ufunc: Function | None) -> Function:
    """The same for two operands; `kernel` is the operator, which is faster on scalars."""
    if not isinstance(ufunc, np.ufunc):
        return kernel

    def run(x: Array, y: Array) -> Array:
        large = (x.__class__ is np.ndarray and x.nbytes >= SMALL) or (
            y.__class__ is np.ndarray and y.nbytes >= SMALL
        )
        if not large:
            return kernel(x, y)
        dtype = np.result_type(x, y)
        if dtype.kind != "f":
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
