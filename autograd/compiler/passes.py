"""Passes: each takes a program and gives one that computes the same bits with less work."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..gates import check_labels
from .blocks import gather
from .program import Anew, Equation, Program, Variable, function_name, map_tree, used_later

__all__ = [
    "PASSES", "SIMPLIFY", "improve", "merge_equal", "remove_dead", "skip_broadcasts",
    "transpose_early", "undo_inverses", "use_numbers",
]  # fmt: skip


def remove_dead(program: Program) -> Program:
    """Leave out equations whose results nobody reads; checks of labels stay."""
    needed = used_later(program.outputs)
    kept = []
    for equation in reversed(program.equations):
        if equation.out in needed or _has_effects(equation):
            kept.append(equation)
            needed.update(equation.inputs)
    return program.with_equations(kept[::-1])


def _has_effects(equation: Equation) -> bool:
    return equation.function in CHECKS or isinstance(equation.function, Anew)


def merge_equal(program: Program) -> Program:
    """Compute common subexpressions once."""
    known: dict[Any, Variable] = {}
    instead: dict[Variable, Variable] = {}
    kept = []
    for equation in program.equations:
        _rename(equation, instead)
        key = None if equation.into else _key(equation)
        if key is not None and key in known:
            instead[equation.out] = known[key]
        else:
            kept.append(equation)
            if key is not None:
                known[key] = equation.out
    for output in program.outputs:
        output.variable = instead.get(output.variable, output.variable)
    return program.with_equations(kept)


def skip_broadcasts(program: Program) -> Program:
    """Let an elementwise function read a small array itself in place of its broadcast view."""
    made_by = program.producers()
    for equation in program.equations:
        if not isinstance(equation.function, np.ufunc) or equation.into or not equation.out.shape:
            continue
        for k, x in enumerate(equation.args):
            shorter = _before_broadcast(x, made_by)
            others = [*equation.args[:k], shorter, *equation.args[k + 1 :]]
            shapes = [a.shape if isinstance(a, Variable) else np.shape(a) for a in others]
            if shorter is not x and np.broadcast_shapes(*shapes) == equation.out.shape:
                equation.args = tuple(others)
    return program


def _before_broadcast(x: Any, made_by: dict[Variable, Equation]) -> Any:
    equation = made_by.get(x) if isinstance(x, Variable) else None
    while equation is not None and equation.function is np.broadcast_to:
        x = equation.args[0]
        equation = made_by.get(x) if isinstance(x, Variable) else None
    return x


def use_numbers(program: Program) -> Program:
    """Let an elementwise function read a number in place of a constant array full of it."""
    for equation in program.equations:
        if not isinstance(equation.function, np.ufunc) or equation.into:
            continue
        for k, x in enumerate(equation.args):
            if not isinstance(x, Variable) or not x.constant or not _is_uniform(x.value):
                continue
            others = [*equation.args[:k], *equation.args[k + 1 :]]
            shapes = [a.shape if isinstance(a, Variable) else np.shape(a) for a in others]
            if others and np.broadcast_shapes(*shapes) == equation.out.shape:
                number = x.value.flat[0]
                equation.args = (*equation.args[:k], number, *equation.args[k + 1 :])
    return program


def _is_uniform(value: Any) -> bool:
    """Whether all elements are the same floating-point number, to the bit."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size < 2:
        return False
    first = value.flat[0]
    return bool((value == first).all() and (np.signbit(value) == np.signbit(first)).all())


def undo_inverses(program: Program) -> Program:
    """Transposing twice, reshaping to the shape there is, and multiplying by 1 change nothing."""
    made_by = program.producers()
    instead: dict[Variable, Variable] = {}
    for equation in program.equations:
        _rename(equation, instead)
        unchanged = _unchanged(equation, made_by)
        if unchanged is not None:
            instead[equation.out] = unchanged
    for output in program.outputs:
        output.variable = instead.get(output.variable, output.variable)
    return program


def _unchanged(equation: Equation, made_by: dict[Variable, Equation]) -> Variable | None:
    """The operand that the result is equal to, if there is one."""
    function, args = equation.function, equation.args
    if function is np.multiply:
        for x, other in (args, args[::-1]):
            if _is_one(x) and _alike(other, equation.out):
                return other  # type: ignore[no-any-return]
    source = args[0] if args else None
    if not isinstance(source, Variable):
        return None
    if function is np.reshape and source.shape == equation.out.shape:
        return source
    before = made_by.get(source)
    if _reverses_axes(equation) and before is not None and _reverses_axes(before):
        return before.args[0]  # type: ignore[no-any-return]
    return None


def _reverses_axes(equation: Equation) -> bool:
    return equation.function is np.transpose and len(equation.args) == 1


def transpose_early(program: Program) -> Program:
    """Elementwise results that are read only as a transposed copy are computed that way round."""
    made_by = program.producers()
    readers: Counter[Variable] = Counter()
    for equation in program.equations:
        readers.update(equation.inputs)
    readers.update(used_later(program.outputs))
    number = max([v.number for v in readers] + [e.out.number for e in program.equations], default=0)
    equations: list[Equation] = []
    for equation in program.equations:
        turned = made_by.get(equation.args[0]) if equation.function is np.ndarray.copy else None
        source = made_by.get(turned.args[0]) if turned and _reverses_axes(turned) else None
        if (
            turned is None
            or source is None
            or not isinstance(source.function, np.ufunc)
            or source.into
            or source.kwargs
            or len(source.out.shape) != 2
            or readers[turned.out] != 1
            or readers[source.out] != 1
            or source.out.dtype != equation.out.dtype
        ):
            equations.append(equation)
            continue
        args = []
        for x in source.args:
            view = _transposed(x, equation, number + 1)
            if view is not None:
                equations.append(view)
                number += 1
            args.append(x if view is None else view.out)
        equations.append(
            Equation(equation.out, source.function, tuple(args), context=equation.context)
        )
    return program.with_equations(equations)


def _transposed(x: Any, at: Equation, number: int) -> Equation | None:
    """A view of an operand with its axes in reverse order, as broadcasting needs it."""
    if not isinstance(x, Variable) or not x.shape:
        return None
    if len(x.shape) == 1:
        column = (slice(None), None)
        out = Variable(number, x.value[column], base=x)
        return Equation(out, operator.getitem, (x, column), context=at.context)
    return Equation(Variable(number, x.value.T, base=x), np.transpose, (x,), context=at.context)


def _alike(x: Any, out: Variable) -> bool:
    return isinstance(x, Variable) and x.shape == out.shape and x.dtype == out.dtype


def _is_one(x: Any) -> bool:
    if isinstance(x, Variable):
        return x.constant and bool(np.all(x.value == 1))
    return isinstance(x, (int, float, np.generic)) and bool(x == 1)


def _rename(equation: Equation, instead: dict[Variable, Variable]) -> None:
    if instead:
        equation.args = map_tree(lambda x: _instead(x, instead), equation.args)
        equation.kwargs = map_tree(lambda x: _instead(x, instead), equation.kwargs)
        base = equation.out.base
        if base in instead:
            equation.out.base = instead[base]


def _instead(x: Any, instead: dict[Variable, Variable]) -> Any:
    return instead.get(x, x) if isinstance(x, Variable) else x


def _key(equation: Equation) -> Any:
    """Equal for equations that compute the same; None when that cannot be told."""
    parts: list[Any] = [function_name(equation.function)]
    if (parts[0] not in _PURE and not parts[0].startswith("np.")) or "random" in parts[0]:
        return None

    def add(x: Any) -> Any:
        if isinstance(x, Variable):
            parts.append(x.number)
        elif isinstance(x, np.generic):
            parts.append((x.dtype.str, x.tobytes()))
        elif isinstance(x, float):
            parts.append(("float", x.hex()))
        else:
            parts.append((type(x).__name__, x))
        return x

    for name, value in [(None, equation.args), *sorted(equation.kwargs.items())]:
        parts.append((name, repr(map_tree(lambda x: None, value))))  # the structure
        map_tree(add, value)
    key = tuple(parts)
    try:
        hash(key)
    except TypeError:
        return None
    return key


_PURE = {
    operator.getitem.__name__,
    "mul",
    "add",
    "sub",
    "truediv",
    "pow",
    "neg",
    "dot_by_rows",
    "check_labels",
}
CHECKS = {check_labels}  # functions that are there for the errors they raise
SIMPLIFY: list[Callable[[Program], Program]] = [
    undo_inverses, merge_equal, skip_broadcasts, use_numbers, merge_equal, remove_dead,
]  # fmt: skip
PASSES = [*SIMPLIFY, transpose_early, remove_dead, gather]


def improve(program: Program, passes: Iterable[Callable[[Program], Program]] = PASSES) -> Program:
    """The program after all passes, in order."""
    for step in passes:
        program = step(program)
    return program
