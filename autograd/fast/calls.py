"""Calls of gates, written out: the same as call.py, as text made for each kind of gate.

A gate of one to three operands gets a function without loops, lists or keyword dictionaries; a
gate of scalars makes a node of its own kind (see numbers.py). What is unusual goes the way of
call.py.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from ..arrays import NUMBERS, Array, kept, settled, unboxed
from ..call import operand, run
from ..declare import UNSET, bind, refuse_tensors
from ..gate import Function, Gate, Need, Plan
from ..modes import MODE
from ..node import ArrayNode, next_number
from ..sharing import shown
from ..tensor import Tensor, constant_tensor
from ..unrecorded import among
from ..values import ARRAYS
from ..words import MISFITS, misfit
from .buffers import SMALL, empty
from .numbers import NumberNode
from .quick import INSTALL

__all__ = ["caller"]

PLAIN = {int, bool, float, str, slice, type(None), type(...), ndarray}  # no tensors, no holders
SINGLE = (np.float64, float, int)  # what a NumberNode is made of


def caller(row: Gate) -> Callable[..., Any]:
    """The function that calls a gate: written out for it, if it is of a usual kind."""
    usual = len(row.operands) <= 3 and row.differentiable and not row.variadic
    if usual and not row.by_name and not row.optional and not {*row.operands, *row.statics} & WORDS:
        return _direct(row)  # type: ignore[no-any-return]
    return _general(row)  # type: ignore[no-any-return]


# The function behind `x + y` or `np.exp(x)` is called more often than any other, so it is written
# out for the operands and keyword arguments of a gate, without a loop. {x} stands for each operand
# in turn; bits tell which operands are tracked, and which constants a rule will read later. `plain`
# means that no operand is a tensor, `named` that a constant has a node, which pictures show.
UNWRAP = """
        if isinstance({x}, Tensor):
            plain, {x}_data, {x}_parent = False, {x}._array, {x}._node
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
            if constants & {bit} and {x}_data is {x} and {x}.__class__ is ndarray:
                {x}_data = {x}_parent = kept({x})
"""
SETTLE = """
        static = None
        if not ({defaults}):
            {statics} = map(settled, ({statics}))
            static = chosen(row, {named})
""".strip()  # keyword arguments that may change later
ON_NUMBERS = """
        if {single} and not named:
            node = NumberNode()
            {places} = {parents}
            node.value = out = number_kernel({data})
            node.plan, node.slot, node.name = plan, None, None
            node.number, node.site = next_number(), state.site
            result = new_tensor(Tensor)
            result._array, result._node = out, node
            result._tracked, result._memory = True, None
            return result
"""
CALL = """
def make(row, kernel, prepared, prepare):
    number_kernel, fused, defaults = row.kernel, None, row.statics

    def call({signature}):
        tracked, plain, named = 0, True, False
        {unwrap}
        state = mode()
        if state.kind is not ARRAYS:
            return run(row, ({operands},), {static} or {{}}, state)
        if named and state.recording and among(({parents},)):
            return run(row, ({operands},), {static} or {{}}, state)
        if not tracked or not state.recording:
            if plain:
                return unboxed(kernel({given}))
            try:
                {constant}
            except MISFITS as error:
                raise misfit(row, ({data},), error) from None
        {settle}
        plan, keep, constants = prepared[tracked] or prepare(tracked)
        {on_numbers}
        if constants:
            {freeze}
        try:
            {compute}
        except MISFITS as error:
            raise misfit(row, ({data},), error) from None
        try:
            lengths = out.shape
        except AttributeError:  # Python's: 1j * np.float64(2)
            out, lengths = complex128(out), ()
        {array}
        if not lengths:
            out = out[()]
        node = ArrayNode()
        node.plan, node.parents, node.saved = plan, ({parents},), keep({available})
        node.static, node.slot, node.name = {settled}, None, None
        node.shape, node.dtype, node.value = lengths, out.dtype, None if lengths else out
        node.number, node.site = next_number(), state.site
        result = new_tensor(Tensor)
        result._array, result._node = out, node
        result._tracked, result._memory = True, None
        {shown}
        return result

    def install(quick, quick_fused):
        nonlocal kernel, number_kernel, fused
        kernel = number_kernel = quick
        fused = quick_fused

    return call, install
"""
COMPUTE = """
            if fused is None:
                out, extra = kernel({given}), None
            else:
                out, extra = fused({given})
""".strip()
CONSTANT = """
                array = kernel({given})
                result = constant_tensor(array)
                return {find} if array.__class__ is ndarray else result
""".strip()  # of a gate that may give a view
# a gate that gives an operand one of these names is recorded the general way
TEXTS = UNWRAP + FREEZE + SETTLE + ON_NUMBERS + CALL + COMPUTE + CONSTANT
WORDS = {"shown", *re.findall(r"(?<![\w.{])[a-z]\w*", TEXTS)}


class _Kind(NamedTuple):
    """What the function that records a gate depends on."""

    operands: tuple[str, ...]
    statics: tuple[str, ...]
    linear: bool  # the result may be a view of the operand
    times: bool  # a local gradient, and no kernel that gives more than the result
    on_numbers: bool


@functools.cache
def _factory(kind: _Kind) -> Callable[..., Any]:
    """The maker of recording functions for gates of one kind."""
    names, statics = kind.operands, kind.statics

    def each(template: str, between: str = "") -> str:
        parts = [template.format(x=name, bit=1 << k) for k, name in enumerate(names)]
        return between.join(parts).strip()

    data, parents = each("{x}_data", ", "), each("{x}_parent", ", ")
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
        static=_static(statics),
        freeze=each(FREEZE),
        settle=SETTLE.format(**_words(statics)) if statics else "",
        settled="static" if statics else "None",
        on_numbers=on_numbers.strip() if kind.on_numbers else "",
        compute=f"out = kernel({given})" if kind.times else COMPUTE.format(given=given),
        available=", ".join([data, "out", "None" if kind.times else "extra", *statics]),
        parents=parents,
        array="array = out" if kind.linear else "",
        constant=CONSTANT.format(given=given, find=find)
        if kind.linear
        else f"return constant_tensor(kernel({given}))",
        shown=f"if array.__class__ is ndarray and ({view}): {find}" if kind.linear else "",
    )
    scope: dict[str, Any] = {
        "ARRAYS": ARRAYS, "ArrayNode": ArrayNode, "MISFITS": MISFITS, "NUMBERS": NUMBERS,
        "NumberNode": NumberNode,
        "SINGLE": SINGLE, "Tensor": Tensor, "UNSET": UNSET, "chosen": _chosen,
        "complex128": np.complex128,
        "constant_tensor": constant_tensor, "kept": kept, "mode": MODE.get,
        "among": among, "settled": settled,
        "ndarray": ndarray, "new_tensor": Tensor.__new__, "next_number": next_number,
        "operand": operand, "run": run, "misfit": misfit, "shown": shown, "unboxed": unboxed,
        "__name__": __name__,
    }  # fmt: skip
    exec(compile(source, f"<gate({', '.join([*names, *statics])})>", "exec"), scope)
    return scope["make"]  # type: ignore[no-any-return]


def _words(names: tuple[str, ...]) -> dict[str, str]:
    """How some keyword arguments are named, compared with their defaults, and given away."""
    return {
        "defaults": " and ".join(f"{name} is defaults['{name}']" for name in names),
        "statics": "".join(f"{name}, " for name in names),
        "named": ", ".join(f"{x}={x}" for x in names),
    }


def _static(names: tuple[str, ...]) -> str:
    """The expression for the keyword arguments that are not left at their defaults."""
    text = "(None if {defaults} else chosen(row, {named}))"
    return text.format(**_words(names)) if names else "None"


def _direct(row: Gate) -> Any:
    """The function written out for a gate of one to three operands."""
    count, few = len(row.operands), len(row.operands) <= 2 and not row.statics
    prepared: list[Any] = [None] * 2**count  # for each choice of tracked operands

    def prepare(which: int) -> tuple[Plan, Callable[..., tuple[Array, ...]], int]:
        plan = row.plan(tuple(k for k in range(count) if which >> k & 1))
        read = [need.key for need in plan.layout if need.kind == "operand"]
        constants = sum(1 << k for k in read if not which >> k & 1)
        prepared[which] = plan, _keeper(tuple(plan.layout), count, tuple(row.statics)), constants
        return prepared[which]  # type: ignore[no-any-return]

    kernel: Function = row.kernel
    if isinstance(kernel, np.ufunc):
        kernel = _pooled_unary(kernel) if count == 1 else kernel
    elif kernel.__module__ == "_operator" and count == 2 and kernel is not operator.pow:
        kernel = _pooled_binary(kernel, row.numpy)
    on_numbers = row.times and few
    kind = _Kind(row.operands, tuple(row.statics), row.linear, row.times, on_numbers)
    call, INSTALL[row] = _factory(kind)(row, kernel, prepared, prepare)
    call.__defaults__ = tuple(v for v in row.statics.values() if v is not UNSET)
    return call


def _chosen(row: Gate, **static: Any) -> dict[str, Any] | None:
    """The keyword arguments that are not left at their defaults; None when all of them are."""
    defaults = row.statics
    chosen = {name: x for name, x in static.items() if x is not defaults[name]}
    for x in chosen.values():
        simple = PLAIN.issuperset(map(type, x)) if x.__class__ is tuple else x.__class__ in PLAIN
        if not simple:
            refuse_tensors(row, chosen)
            break
    return chosen or None


@functools.cache
def _keeper(
    kept: tuple[Need, ...], operands: int, statics: tuple[str, ...]
) -> Callable[..., tuple[Array, ...]]:
    """The function that picks what is saved out of operands, result, extra and statics."""
    names = {"operand": "a{}", "out": "out", "extra": "extra[{}]", "static": "{}"}
    chosen = "".join(f"{names[need.kind].format(need.key)}, " for need in kept)
    given = ", ".join([*(f"a{k}" for k in range(operands)), "out", "extra", *statics])
    return eval(f"lambda {given}: ({chosen})")  # type: ignore[no-any-return]


def _general(row: Gate) -> Any:
    """Any gate: more operands, sequences, operands that may be None."""
    count = len(row.operands)

    def call(*args: Any, **static: Any) -> Any:
        state = MODE.get()
        if len(args) == count and state.kind is ARRAYS:
            for x in args:
                if x.__class__ is not ndarray and x.__class__ not in NUMBERS:
                    break
            else:  # plain arrays, as when a rule calls a gate
                return row.compute(list(args), static, None)[0]
        operands, static = bind(row, args, static)
        try:
            return run(row, operands, static, state)
        except MISFITS as error:
            raise misfit(row, operands, error) from None

    return call


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
