"""What happens when a gate is called: unwrap, compute, record.

`gate()` turns a row of the table into a function. Operands that are Tensors are unwrapped, the
kernel runs on arrays, and the result is a Tensor whose node knows the gate, the parents and what
the rules need. Without a Tensor among the operands a gate is just its NumPy function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

import numpy as np
from numpy import ndarray

from .arrays import NUMBERS, Array, as_constant, check_plain, kept
from .errors import UnsupportedError
from .gate import GATES, Function, Gate, register_method
from .modes import MODE, Mode
from .node import Node, next_number
from .numpy_api import register
from .sharing import shown
from .tensor import Tensor, constant_tensor, recorded_tensor
from .values import StandIn

__all__ = ["gate"]

UNSET = inspect.Parameter.empty  # the default of an argument that has none
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
    says             the downstream gradient in words (with `local`: the local one), where the rule
                     is not the best formula: one text per operand, or one for all, with {g}, {out}
                     and the operands' names
    local, vjp       one local gradient (or vjp rule) per operand; None where there is none
    shape            the shape of the result, from those of the operands and keyword arguments, for
                     gates that are costly: what is only drawn need not run
    elementwise      each result belongs to one place of the operands (implied by `local`)
    linear           the vjp rules do not depend on values: sums, reshapes, ...
    live             per operand: where its values were used at all (see masks.py)
    selects          the same for a linear gate, whose rules tell where
    expand           the same computation in simpler gates, to be shown in a picture
    opened           when pictures show that: "always", without a box around it; "asked for" only;
                     else the explorer does, too
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
    call = caller(declared)
    _dress(call, declared)
    for function in functions:
        register(function, call, declared)
    register_method(methods, call, reflected)
    return call


def caller(row: Gate) -> Callable[..., Any]:
    """The function that calls a gate. (`fast` replaces this one.)"""

    def call(*args: Any, **static: Any) -> Any:
        operands, static = bind(row, args, static)
        return run(row, operands, static, MODE.get())

    return call


def run(gate: Gate, operands: Sequence[Any], static: dict[str, Any], mode: Mode) -> Any:
    """Compute a gate, and record it if gradients flow to an operand."""
    mode.kind.enter(gate, operands, mode.scope)
    values, parents, tracked = unwrap(gate, operands)
    plan = None
    if tracked and mode.recording and gate.differentiable:
        plan = gate.plan(tracked)
        for kind, k in plan.layout:  # what rules read later has to stay as it is
            if kind == "operand" and values[k] is operands[k] and values[k].__class__ is ndarray:
                values[k] = parents[k] = kept(values[k])
    array, extra = mode.kind.forward(gate, values, static, plan)
    out = array[()] if isinstance(array, np.ndarray) and not array.ndim else array
    if plan is None:
        if not any(isinstance(x, Tensor) for x in operands):
            return out
        return shown(constant_tensor(out), array, operands)
    node = Node()
    node.plan, node.parents, node.static = plan, tuple(parents), static or None
    node.saved = plan.saved(values, out, static, extra)
    node.shape, node.dtype, node.value = out.shape, out.dtype, None if out.shape else out
    node.number, node.site, node.slot, node.name = next_number(), mode.site, None, None
    result = recorded_tensor(out, node)
    result._memory = None
    shown(result, array, operands)
    if mode.kind.names_gradients:
        mode.kind.made(result)
    return result


def unwrap(gate: Gate, operands: Sequence[Any]) -> tuple[list[Array], list[Any], tuple[int, ...]]:
    """The operands' arrays, what stands for them in the graph, and which are tracked."""
    values, parents, tracked = [], [], []
    for position, x in enumerate(operands):
        if isinstance(x, Tensor):
            values.append(x._data)
            parents.append(x._data if x._node is None else x._node)
            if x._tracked:
                tracked.append(position)
        else:
            value = x if x is None and position in gate.optional else operand(x)
            values.append(value)
            parents.append(value)
    return values, parents, tuple(tracked)


def operand(value: Any) -> Array:
    """An operand that is no Tensor: an array, a number, or a (nested) list or range of numbers."""
    if value.__class__ in NUMBERS or isinstance(value, StandIn):
        return value
    if value.__class__ is ndarray and value.ndim and value.dtype.kind in "fiub":
        return value
    return as_constant(check_plain(value))


def bind(
    row: Gate, args: Sequence[Any], static: dict[str, Any]
) -> tuple[Sequence[Any], dict[str, Any]]:
    """The operands of a call, and the keyword arguments that are not left at their defaults."""
    names = (*row.operands, *row.statics)
    if len(args) > len(names):
        raise TypeError(f"{row.name}: takes at most {len(names)} arguments, got {len(args)}")
    bound = dict(zip(names, args, strict=False))
    for name, value in static.items():
        if name in bound or name not in names:
            problem = "twice" if name in bound else f"but it takes {', '.join(names)}"
            raise TypeError(f"{row.name}: got the argument {name!r} {problem}")
        bound[name] = value
    missing = [n for n in names if n not in bound and row.statics.get(n, UNSET) is UNSET]
    if missing:
        raise TypeError(f"{row.name}: missing operand {', '.join(missing)}")
    operands = [bound.pop(name) for name in row.operands]
    chosen = {name: x for name, x in bound.items() if x is not row.statics[name]}
    refuse_tensors(row, chosen)
    return (tuple(operands[0]) if row.variadic else operands), chosen


def refuse_tensors(row: Gate, static: dict[str, Any]) -> None:
    """Raise UnsupportedError if a keyword argument, for which there is no rule, is a Tensor."""
    for name, value in static.items():
        if isinstance(value, Tensor):
            raise UnsupportedError(
                f"{row.name}: {name} is a Tensor, but there is no gradient rule for it; pass "
                f"{name}.item() or {name}.numpy(), which leave the graph on purpose"
            )


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
