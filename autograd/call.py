"""What happens when a gate is called: unwrap, compute, record.

Tensors are unwrapped, the kernel runs on arrays, and the result is a Tensor whose node knows the
gate, the parents and what the rules need. Without a Tensor a gate is just its NumPy function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy import ndarray

from .arrays import NUMBERS, Array, as_constant, kept, unboxed
from .gate import Gate
from .modes import Mode
from .node import ArrayNode, next_number
from .sharing import shown
from .standins import StandIn
from .tensor import Tensor, recorded_tensor
from .unrecorded import check_recorded, constant_of

__all__ = ["operand", "run"]


def run(gate: Gate, operands: Sequence[Any], static: dict[str, Any], mode: Mode) -> Any:
    """Compute a gate, and record it if gradients flow to an operand."""
    operands = mode.kind.enter(gate, operands, mode.scope)
    values, parents, tracked = unwrap(gate, operands)
    plan, records = None, mode.recording and gate.differentiable
    if tracked and records:
        check_recorded(parents, gate.name)
        plan = gate.plan(tracked)
        for kind, k in plan.layout:  # what rules read later has to stay as it is
            if kind == "operand" and isinstance(operands[k], (ndarray, StandIn)):
                values[k] = parents[k] = kept(values[k])
    array, extra = mode.kind.forward(gate, values, static, plan)
    out = unboxed(array)
    if plan is None:
        if not any(isinstance(x, Tensor) for x in operands):
            return out
        return shown(constant_of(out, parents if records else ()), array, operands)
    node = ArrayNode()
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
            values.append(x._array)
            parents.append(x._array if x._node is None else x._node)
            if x._tracked:
                tracked.append(position)
        else:
            value = x if x is None and position in gate.optional else operand(x)
            values.append(value)
            parents.append(value)
    return values, parents, tuple(tracked)


def operand(value: Any) -> Array:
    """An operand that is no Tensor: an array, a number, or a (nested) list or range of numbers."""
    if type(value) in NUMBERS:
        return value
    if type(value) is ndarray and value.ndim and value.dtype.kind in "fciub":
        return value
    return value.inside() if isinstance(value, StandIn) else as_constant(value)
