"""Verify: is a program well formed, and does its memory plan keep what is still read?

Every pass has to leave a program that passes; the tests look after each of them, and each program
is looked at once before it is used. A mistake found here is ours, never the user's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import TraceError
from .program import (
    Anew,
    EdgeCall,
    Equation,
    GateCall,
    Program,
    Variable,
    used_later,
)
from .types import map_tree

if TYPE_CHECKING:
    from .memory import Memory

__all__ = ["verify", "verify_memory"]


def verify(program: Program) -> Program:
    """The program, if every value is assigned once, before it is read, and is what its type says.

    Raises TraceError for one that is not.
    """
    known = {given.variable for given in program.inputs}
    for whole in program.equations:
        unmade = getattr(whole, "turned", ())  # views that native code does without
        for equation in whole.parts[1:] or [whole]:
            for x in equation.inputs:
                if x not in known and not x.constant and x not in unmade:
                    _refuse(equation, f"reads {x} before it is assigned")
            if equation.out in known or equation.out.constant:
                _refuse(equation, f"assigns {equation.out} again")
            known.add(equation.out)
            own = equation is not whole and equation.out in whole.outs  # loops fill memory
            for problem in _type_problems(equation, own):
                _refuse(equation, problem)
    for x in used_later(program.outputs) - known:
        if not x.constant:
            raise TraceError(f"compile: {x} leaves the program, but is not assigned")
    return program


def _type_problems(equation: Equation, own: bool) -> Iterator[str]:
    """What is not as the rules of types and views say; `own`: the result is no view anyway."""
    out, base = equation.out, equation.out.base
    if isinstance(equation.function, (GateCall, EdgeCall, Anew)):
        return
    if equation.into:
        before = equation.args[0]
        if (out.shape, out.dtype) != (before.shape, before.dtype):
            yield f"writes {out.type} into {before.type}"
        return
    types, options = map_tree(_type, equation.args), equation.kwargs
    if options:
        options = map_tree(_type, options)
    type_, view = equation.op.result(*types, **options)
    if (type_.shape, type_.dtype) != (out.shape, out.dtype):
        yield f"gives {type_}, not {out.type}"
    if base is not None and view is None:
        yield f"makes memory of its own, and shows none of {base}"
    if view is not None and out.shape and base is None and not (own or equation.op.check):
        yield f"shows the memory of {equation.args[view]}, and nobody knows"


def _type(x: Any) -> Any:
    return x.told if isinstance(x, Variable) else x


def verify_memory(program: Program, memory: Memory) -> None:
    """Raise TraceError if a value is written over while it, or a view, is still to be read."""
    holds: dict[Any, Variable] = {}  # whose value each block, or array that leaves, has
    for equation in program.equations:
        for x in equation.inputs:
            _check_block(equation, x, memory, holds)
        for out in equation.outs:
            holds[_home(out, memory)] = out
    for output in program.outputs:
        _check_block(output, output.variable, memory, holds)


def _home(x: Variable, memory: Memory) -> Any:
    """The block, or the array that leaves, that a value lives in; else itself."""
    return memory.place.get(x, memory.early.get(x, x))


def _check_block(where: Any, x: Variable, memory: Memory, holds: dict[Any, Variable]) -> None:
    now = holds.get(_home(x.root, memory), x.root)  # an input is nobody's result
    if now is not x.root:
        _refuse(where, f"{x} is read after {now} was written over it")


def _refuse(where: Any, problem: str) -> None:
    raise TraceError(f"compile: a mistake of the compiler, at `{where}`: {problem}")
