"""Interpret: run a program equation by equation, with fresh memory for every value.

It does what a program says and nothing else, so it tells whether passes, memory plans and written
code are right; and it gives the values on the way, for pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .binding import HOLDS_NAN, OTHER_BRANCH, changes_of, commit, done_by
from .draws import HANDED_ON
from .program import Anew, EdgeCall, Equation, GateCall, Leaf, Program, Shadow, Variable
from .types import map_tree

__all__ = ["interpret", "run_apart"]


def run_apart(
    program: Program,
    read: Callable[[], Callable[[Sequence[Any]], dict[Variable, Any] | str]],
    arguments: Sequence[Any],
) -> tuple[Any, ...] | str:
    """A call of a program while its own memory is in use: by a function that it called.

    `read` gives what reads its inputs.
    """
    inputs = read()(arguments)
    if isinstance(inputs, str):
        return inputs
    finite = {o.variable for o in program.outputs if o.kind == "finite"}

    def holds_nan(known: Mapping[Variable, Any]) -> bool:
        return any(np.isnan(known[x]).any() for x in finite & known.keys())

    known = interpret(program, inputs, holds_nan)
    if holds_nan(known):
        drawn = [e.out for e in program.equations if isinstance(e.function, Anew)]
        HANDED_ON.keep(*(known[x] for x in drawn if x in known))
        return HOLDS_NAN
    found = [
        (o, o.variable.value if o.variable.constant else known[o.variable]) for o in program.outputs
    ]
    if any(o.kind == "branch" and x is not o.source for o, x in found):
        return OTHER_BRANCH
    states = {o.source: np.copy(x, order="K")[()] if isinstance(x, np.ndarray) else x
              for o, x in found if o.kind == "state"}  # fmt: skip

    def leaf(x: Leaf) -> Any:
        return states[x.number] if x.kind != "given" else inputs[program.inputs[x.number].variable]

    changes = [
        change
        for o, x in found
        for change in (
            changes_of(o.source, np.copy(x, order="K")[()], o.source._array)
            if o.kind == "tensor"
            else [(o.source, "grad", np.array(x))]
            if o.kind == "grad"
            else []
        )
    ]
    commit(changes, [done_by(effect, leaf) for effect in program.effects])
    return tuple(np.copy(x, order="K")[()] for o, x in found if o.kind == "result")


def interpret(
    program: Program,
    inputs: Mapping[Variable, Any],
    leaves: Callable[[Mapping[Variable, Any]], bool] | None = None,
) -> dict[Variable, Any]:
    """The value of every variable of a program, given those of its inputs.

    Where a function of the user's is to be called, and what is known by then `leaves`, that is all.
    """
    known = dict(inputs)
    saved: dict[Variable, Shadow] = {}  # what the rules of gates need, by their results

    def value(x: Any) -> Any:
        if not isinstance(x, Variable):
            return x
        return x.value if x.constant else known[x]

    def run(equation: Equation) -> Any:
        function, args = equation.function, map_tree(value, equation.args)
        options = map_tree(value, equation.kwargs)
        if isinstance(function, GateCall):
            out, extra = function.gate.compute(list(args), options, function.plan)
            if function.plan is not None:
                kept = function.plan.saved(list(args), out, options, extra)
                saved[equation.out] = Shadow(kept, args)
            return out
        if isinstance(function, EdgeCall):
            return function.back(saved[function.forward], args[0], quick=True)
        if not equation.into:
            return function(*args, **options)
        target = np.copy(args[0], order="K")
        function(target, *args[1:], **options)
        return target

    for whole in program.equations:
        for equation in whole.parts[1:] or [whole]:
            if leaves is not None and isinstance(equation.function, Anew) and leaves(known):
                return known
            found = run(equation)
            single = isinstance(found, np.ndarray) and not found.ndim
            known[equation.out] = found[()] if single else found
    return known
