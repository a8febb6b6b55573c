"""Memory: which buffer each value of a program lives in.

A value needs memory from where it is assigned to where it, or a view of it, is last read; then
the next value takes over the buffer. An elementwise function may even write over an operand
that nobody reads later. So what is read for the last time where a value that leaves is computed,
such as `lr * dW` in `W - lr * dW`, can be written into the array of that one straight away.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .loops import Fused
from .program import Equation, Program, Variable
from .types import fresh

__all__ = ["Memory", "plan"]


@dataclass
class Memory:
    """Where values live.

    blocks      bytes of each block of memory
    place       for each variable that is computed into a block: which one
    in_place    equations that write over an operand
    escaping    variables that leave the program, and get fresh memory at every call
    early       for variables that are written into such memory first: of which one
    kept        variables whose block is used for nothing else
    """

    blocks: list[int] = field(default_factory=list)
    place: dict[Variable, int] = field(default_factory=dict)
    in_place: set[Equation] = field(default_factory=set)
    escaping: dict[Variable, int] = field(default_factory=dict)
    early: dict[Variable, Variable] = field(default_factory=dict)
    kept: set[Variable] = field(default_factory=set)
    values: int = 0  # bytes that all values would take without sharing

    @property
    def nbytes(self) -> int:
        """All blocks together."""
        return sum(self.blocks)

    def kept_of(self, program: Program) -> int:
        """What buffers and constants take, with results and gradients of two calls."""
        read = {x for e in program.equations for x in e.inputs if x.constant}
        leaving = sum([x.type.nbytes for x in self.escaping])
        return self.nbytes + 2 * leaving + sum([x.type.nbytes for x in read])

    def __str__(self) -> str:
        return (
            f"{self.nbytes:,} bytes in {len(self.blocks)} buffers for values of {self.values:,} "
            f"bytes; {len(self.in_place)} equations work in place"
        )


def plan(program: Program) -> Memory:
    """Decide for every equation that can write into given memory."""
    memory = Memory()
    last = _last_uses(program)
    sources = {i.variable for i in program.inputs}
    into = {e.value.number for e in program.effects if e.key is Ellipsis}  # is copied from there
    written = {k for k, o in enumerate(program.outputs) if o.kind == "state" and o.source in into}
    for k, output in enumerate(program.outputs):
        variable = output.variable
        fresh = variable.base is None and variable not in sources and not variable.constant
        leaves = output.kind not in ("finite", "branch") and k not in written
        if fresh and variable not in memory.escaping and leaves:
            memory.escaping[variable] = k
    memory.early = _early(program, memory.escaping, last)
    free: list[int] = []
    for k, equation in enumerate(program.equations):
        for out in equation.outs:
            if takes_out(equation, out) and out not in memory.escaping:
                memory.values += out.type.nbytes
                if out not in memory.early:
                    _place(equation, out, k, memory, last, free)
        out = equation.out
        ending = [v.root for v in [*equation.inputs, *equation.outs]]
        for variable in dict.fromkeys(ending):
            if variable in memory.place and last.get(variable, -1) <= k:
                block = memory.place[variable]
                taken = out in memory.place and memory.place[out] == block and out is not variable
                if not taken and block not in free and variable not in memory.kept:
                    free.append(block)
    return memory


def _early(
    program: Program, escaping: dict[Variable, int], last: dict[Variable, int]
) -> dict[Variable, Variable]:
    """Of the operands of a value that leaves, the first that it may write over; and of that one."""
    made = {e.out: e for e in program.equations if not isinstance(e, Fused)}
    early: dict[Variable, Variable] = {}
    for k, equation in reversed(list(enumerate(program.equations))):
        out = equation.out
        home = out if out in escaping else early.get(out)
        if home is None or not equation.elementwise or not takes_out(equation):
            continue
        for x in equation.inputs:
            fits = x.type.is_contiguous and x.type.size > 1 and _same_layout(x, home)
            anew = fits and x in made and x not in escaping and _writes_anew(made[x])
            if anew and last[x] == k:
                early[x] = home
                break
    return early


def _writes_anew(equation: Equation) -> bool:
    """Whether it fills memory that is given to it, whatever is there."""
    return takes_out(equation) and not equation.into and not out_of_parts(equation)


def _place(
    equation: Equation,
    out: Variable,
    k: int,
    memory: Memory,
    last: dict[Variable, int],
    free: list[int],
) -> None:
    if out_of_parts(equation):  # what is constant in it is written once: it needs its own block
        memory.blocks.append(out.type.nbytes)
        memory.place[out] = len(memory.blocks) - 1
        memory.kept.add(out)
        return
    for x in _may_overwrite(equation):
        root = x.root
        if root not in memory.place or last[root] != k or root in memory.kept:
            continue
        if out.type.size > 1 and (x is root or _whole(x)) and _same_layout(x, out):
            memory.place[out] = memory.place[root]
            memory.in_place.add(equation)
            return
    need = out.type.nbytes
    fitting = [b for b in free if memory.blocks[b] >= need]
    if fitting:  # the smallest; among equals the one that was used last, still in the cache
        block = min(reversed(fitting), key=memory.blocks.__getitem__)
        if memory.blocks[block] <= 4 * need:
            free.remove(block)
            memory.place[out] = block
            return
    memory.blocks.append(need)
    memory.place[out] = len(memory.blocks) - 1


def _last_uses(program: Program) -> dict[Variable, int]:
    """The number of the equation that reads a root, or a view of it, last."""
    last: dict[Variable, int] = {}
    for k, equation in enumerate(program.equations):
        for out in equation.outs:
            last.setdefault(out.root, k)
        for variable in equation.inputs:
            last[variable.root] = k
    for output in program.outputs:
        last[output.variable.root] = len(program.equations)
    return last


def takes_out(equation: Equation, out: Variable | None = None) -> bool:
    """Whether the equation can write its result into memory that is given to it."""
    out = out or equation.out
    if out.base is not None or not out.shape:
        return False
    if isinstance(equation, Fused):
        return True
    return (equation.into or equation.op.out is not None) and out.dtype.kind != "O"


def out_of_parts(equation: Equation) -> bool:
    """Whether it joins arrays of which some are constant, and can be filled part by part."""
    if not equation.op.joins or axis_of_parts(equation) is None:
        return False
    parts = equation.args[0]
    return any(isinstance(x, Variable) and x.constant for x in parts) and all(
        isinstance(x, Variable) and x.dtype == equation.out.dtype for x in parts
    )


def axis_of_parts(equation: Equation) -> int | None:
    """The axis along which it joins arrays; None for all of their elements in one row."""
    axis = equation.kwargs.get("axis", equation.args[1] if len(equation.args) > 1 else 0)
    return None if axis is None else int(axis) % len(equation.out.shape)


def _may_overwrite(equation: Equation) -> list[Variable]:
    """The operands over which the equation may write its result."""
    if equation.into:
        return [equation.args[0]]
    if equation.elementwise:
        return [x for x in equation.args if isinstance(x, Variable)]
    return []


def _whole(view: Variable) -> bool:
    """Whether a view is all of its root's memory, in order: a reshaped array."""
    root = view.root.type
    return (
        view.type.nbytes == root.nbytes
        and view.type.is_contiguous
        and root.is_contiguous
        and view.dtype == root.dtype
    )


def _same_layout(x: Variable, y: Variable) -> bool:
    return fresh(x.type) == fresh(y.type)
