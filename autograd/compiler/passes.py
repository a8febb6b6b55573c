"""Passes: each takes a program and gives one that computes the same bits with less work."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .algebra import tidy
from .blocks import gather_blocks
from .by_shape import say_by_shape
from .lecture import parameters_first
from .ops import MEANT, Function, Meaning, op_of
from .program import Anew, Equation, Program, Variable, used_later
from .shifts import leave_out_shifts
from .textbook import (
    call_taught_helpers,
    choose_once,
    leave_out_zeros,
    meet_in_choices,
    merge_constants,
    put_at_places,
    set_to_zero,
    silence_once,
)
from .types import Type, fresh, map_tree, type_of
from .verify import verify

__all__ = [
    "PASSES", "PICTURED", "READABLE", "SIMPLIFY", "improve", "keep_numbers_in_views", "merge_equal",
    "remove_dead", "skip_broadcasts", "skip_copies", "square", "take_numbers", "transpose_early",
    "undo_inverses", "use_arrays", "use_numbers",
]  # fmt: skip


def remove_dead(program: Program, for_people: bool = False) -> Program:
    """Leave out equations whose results nobody reads; checks of labels stay.

    So does what raises errors for some numbers of Python's, as in eager code; not for people.
    """
    needed = used_later(program.outputs)
    kept = []
    for equation in reversed(program.equations):
        raises = equation.op.raises and equation.out.type.weak and not for_people
        if equation.out in needed or raises or _has_effects(equation):
            kept.append(equation)
            needed.update(equation.inputs)
    return program.with_equations(kept[::-1])


def _has_effects(equation: Equation) -> bool:
    return equation.op.check or isinstance(equation.function, Anew)


def merge_equal(program: Program, writes: bool = False) -> Program:
    """Compute common subexpressions once; for people also what the same `writes` give."""
    known: dict[Any, Variable] = {}
    instead: dict[Variable, Variable] = {}
    kept = []
    pure: dict[Function, bool] = {}
    for equation in program.equations:
        _rename(equation, instead)
        function = equation.function
        if function not in pure:
            pure[function] = op_of(function).pure or (writes and op_of(function).writes)
        first = out = equation.out
        if pure[function] and (writes or not equation.into):
            try:
                first = known.setdefault(_key(equation), out)
            except TypeError:  # an argument that has no hash
                first = out
        if first is out:
            kept.append(equation)
        else:
            instead[out] = first
            if writes:
                first.name = first.name or out.name
    _rename_outputs(program, instead)
    return program.with_equations(kept)


def square(program: Program) -> Program:
    """`x ** 2` of an array is what NumPy makes of it, np.square, which can write into memory."""
    return program.with_equations(
        [
            Equation(e.out, e.op.squared, e.args[:1], context=e.context) if _is_square(e) else e
            for e in program.equations
        ]
    )


def _is_square(equation: Equation) -> bool:
    if equation.op.squared is None or equation.out.dtype.kind != "f":
        return False
    x, power = equation.args
    whole = type(power) in (int, float) and power == 2
    return bool(whole and equation.out.shape and _alike(x, equation.out))


def skip_broadcasts(program: Program, for_people: bool = False) -> Program:
    """Let an elementwise function read a small array itself in place of its broadcast view."""
    made_by = {e.out: e for e in program.equations if e.op.means is Meaning.STRETCHED}
    for equation in program.equations if made_by else []:
        chooses = for_people and equation.op.masks == "first"  # np.where
        if not (equation.elementwise or chooses) or not equation.out.shape:
            continue
        for k, x in enumerate(equation.args):
            shorter = _before_broadcast(x, made_by)
            others = [*equation.args[:k], shorter, *equation.args[k + 1 :]]
            shapes = [a.shape if isinstance(a, Variable) else np.shape(a) for a in others]
            if shorter is not x and np.broadcast_shapes(*shapes) == equation.out.shape:
                equation.reads(tuple(others))
    return program


def _before_broadcast(x: Any, made_by: dict[Variable, Equation]) -> Any:
    while isinstance(x, Variable) and x in made_by:
        x = made_by[x].args[0]
    return x


def use_numbers(program: Program, for_people: bool = False) -> Program:
    """Let an elementwise function read a number in place of a constant array full of it.

    Not one that is quicker with two arrays.
    """
    for equation in program.equations:
        chooses = for_people and equation.op.masks == "first"  # np.where
        if not (equation.elementwise or chooses) or equation.op.two_arrays:
            continue
        for k, x in enumerate(equation.args):
            if not isinstance(x, Variable) or not x.constant:
                continue
            single = for_people and isinstance(x.value, np.ndarray) and not x.value.ndim
            if not single and not _is_uniform(x.value):
                continue
            others = [*equation.args[:k], *equation.args[k + 1 :]]
            shapes = [a.shape if isinstance(a, Variable) else np.shape(a) for a in others]
            if others and np.broadcast_shapes(*shapes) == equation.out.shape:
                number = x.value.flat[0]
                equation.reads((*equation.args[:k], number, *equation.args[k + 1 :]))
    return program


def use_arrays(program: Program) -> Program:
    """Let a function that is quicker with two arrays read an array full of a number."""
    made: dict[Any, Variable] = {}
    free = 0
    for equation in program.equations:
        if not equation.op.two_arrays or len(equation.args) != 2 or equation.kwargs:
            continue
        for array, number in (equation.args, equation.args[::-1]):
            if _alike(array, equation.out) and _worth_filling(array.type, number):
                key = array.shape, array.dtype, float(number).hex()
                if key not in made:
                    full = np.full(array.shape, number, array.dtype)
                    free = (free or program.last_number()) + 1
                    made[key] = Variable(free, type_of(full), full, constant=True)
                equation.reads(tuple(made[key] if x is number else x for x in equation.args))
    return program


def _worth_filling(array: Type, number: Any) -> bool:
    plain = array.dtype.kind == "f" and array.is_contiguous
    return plain and isinstance(number, (int, float)) and FEW <= array.nbytes <= MANY


def _is_uniform(value: Any) -> bool:
    """Whether all elements are the same floating-point number, to the bit."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size < 2:
        return False
    first = value.flat[0]
    return bool((value == first).all() and (np.signbit(value) == np.signbit(first)).all())


def undo_inverses(program: Program, for_people: bool = False) -> Program:
    """Transposing twice, reshaping to the shape there is, and multiplying by 1 change nothing.

    For people that is so too where a number of Python becomes one of NumPy by it.
    """
    made_by = {e.out: e for e in program.equations if _reverses_axes(e)}
    narrow = _beside_narrow(program) if for_people else set[Variable]()
    instead: dict[Variable, Variable] = {}
    for equation in program.equations:
        _rename(equation, instead)
        typed = not for_people or equation.out in narrow
        unchanged = _unchanged(equation, made_by, typed)
        if unchanged is not None:
            instead[equation.out] = unchanged
    _rename_outputs(program, instead)
    return program


def skip_copies(program: Program, alone: bool = False) -> Program:
    """A copy to be written to is not needed: what writes makes one where others read on.

    For people that is left as it is, unless the copy reads `alone` what is copied.
    """
    made_by = program.producers()
    readers = program.uses()
    read = {*readers, *(o.variable for o in program.outputs if o.kind == "tensor")}
    readers.update(o.variable for o in program.outputs)
    instead: dict[Variable, Variable] = {}
    for equation in program.equations:
        _rename(equation, instead)
        source = equation.args[0] if equation.kwargs == TO_WRITE else None
        if equation.op.means is not Meaning.COPY or source is None:
            continue
        same_layout = fresh(source.type) == fresh(equation.out.type)
        own = source in made_by and source.base is None
        unread = equation.out not in read  # it leaves the program, in memory of its own anyway
        if unread or (own and same_layout and (readers[source] == 1 or not alone)):
            instead[equation.out] = source
            readers[source] += readers[equation.out] - 1
    _rename_outputs(program, instead)
    return remove_dead(program)


def _unchanged(
    equation: Equation, made_by: dict[Variable, Equation], typed: bool
) -> Variable | None:
    """The operand that the result is equal to, if there is one; `typed`: and is of its type."""
    args, neutral = equation.args, equation.op.neutral
    if neutral is not None and len(args) == 2:
        for x, other in (args, args[::-1]):
            if _is_all(neutral, x) and _alike(other, equation.out, typed):
                # laid out another way, what shows the one may be a copy of the other
                same_layout = other.type.strides == equation.out.type.strides
                return other if same_layout else None
    source = args[0] if args else None
    if not isinstance(source, Variable):
        return None
    if equation.op.reshapes and _alike(source, equation.out):
        return source
    before = made_by.get(source)
    if before is not None and _reverses_axes(equation):
        return before.args[0]  # type: ignore[no-any-return]
    return None


def _reverses_axes(equation: Equation) -> bool:
    return equation.op.means is Meaning.TRANSPOSED and len(equation.args) == 1


def take_numbers(program: Program) -> Program:
    """For people: a Python number serves as the number of NumPy that it is made."""
    instead: dict[Variable, Variable] = {}
    narrow = _beside_narrow(program)
    for equation in program.equations:
        _rename(equation, instead)
        source = equation.args[0] if equation.op.means is Meaning.NUMBER else None
        if isinstance(source, Variable) and source.type.weak and equation.out not in narrow:
            instead[equation.out] = source
    _rename_outputs(program, instead)
    for output in program.outputs:
        output.source = _instead(output.source, instead)
    return remove_dead(program)


def keep_numbers_in_views(program: Program) -> Program:
    """For people: an array without axes serves as the number in it, if nobody writes to its memory.

    Not for programs that run, where memory is used again.
    """
    written = {equation.args[0].root for equation in program.equations if equation.into}
    written |= {given.variable for given in program.inputs if given.kind == "tensor"}
    views = {e.out for e in program.equations if e.out.base is not None and not e.out.shape}
    instead: dict[Variable, Variable] = {}
    for equation in program.equations:
        _rename(equation, instead)
        source = equation.args[0] if equation.op.means is Meaning.ITEM else None
        if source in views and source.root not in written and equation.args[1] == ():
            source.name, source.type, source.base = equation.out.name, equation.out.type, None
            instead[equation.out] = source
    _rename_outputs(program, instead)
    return remove_dead(program)


def transpose_early(program: Program) -> Program:
    """Elementwise results that are read only as a transposed copy are computed that way round."""
    made_by = program.producers()
    sources = [e.args[0] for e in program.equations if e.op.means is Meaning.COPY]
    if not any(x in made_by and _reverses_axes(made_by[x]) for x in sources):
        return program
    readers = program.uses()
    readers.update(used_later(program.outputs))
    number = program.last_number()
    equations: list[Equation] = []
    for equation in program.equations:
        copied = equation.op.means is Meaning.COPY
        turned = made_by.get(equation.args[0]) if copied else None
        source = made_by.get(turned.args[0]) if turned and _reverses_axes(turned) else None
        if (
            turned is None
            or source is None
            or not source.elementwise
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
    return remove_dead(program.with_equations(equations))


def _transposed(x: Any, at: Equation, number: int) -> Equation | None:
    """A view of an operand with its axes in reverse order, as broadcasting needs it."""
    if not isinstance(x, Variable) or not x.shape:
        return None
    if len(x.shape) == 1:
        function, args = MEANT[Meaning.ITEM], [x, (slice(None), None)]
    else:
        function, args = MEANT[Meaning.TRANSPOSED], [x]
    type_ = op_of(function).result(x.type, *args[1:]).type
    return Equation(Variable(number, type_, base=x), function, tuple(args), context=at.context)


def _alike(x: Any, out: Variable, typed: bool = True) -> bool:
    if not isinstance(x, Variable) or (typed and x.type.weak != out.type.weak):
        return False
    return x.shape == out.shape and x.dtype == out.dtype


def _beside_narrow(program: Program) -> set[Variable]:
    """What meets floats of less than 64 bits: there a number of NumPy is not as one of Python."""
    found: set[Variable] = set()
    for equation in program.equations:
        dtypes = [x.dtype for x in (*equation.inputs, *equation.args) if hasattr(x, "dtype")]
        if any(dtype.kind == "f" and dtype.itemsize < 8 for dtype in dtypes):
            found.update(equation.inputs)
    return found


def _is_all(number: int, x: Any) -> bool:
    if isinstance(x, Variable):
        return x.constant and bool(np.all(x.value == number))
    return isinstance(x, (int, float, np.generic)) and bool(x == number)


def _rename(equation: Equation, instead: dict[Variable, Variable]) -> None:
    if instead and not instead.keys().isdisjoint(equation.inputs):

        def now(x: Any) -> Any:
            return _instead(x, instead)

        equation.reads(map_tree(now, equation.args), map_tree(now, equation.kwargs))
        base = equation.out.base
        if base in instead:
            equation.out.base = instead[base]


def _rename_outputs(program: Program, instead: dict[Variable, Variable]) -> None:
    for output in program.outputs:
        output.variable = instead.get(output.variable, output.variable)


def _instead(x: Any, instead: dict[Variable, Variable]) -> Any:
    return instead.get(x, x) if isinstance(x, Variable) else x


def _key(equation: Equation) -> Any:
    """Equal for equations that compute the same."""
    parts: list[Any] = [equation.function]
    parts += [x if x.__class__ is Variable else _part(x) for x in equation.args]
    for name, value in sorted(equation.kwargs.items()):
        parts += [name, _part(value)]
    return tuple(parts)


def _part(x: Any) -> Any:
    """An argument in a key: what is equal in it is equal to the last bit."""
    if x.__class__ is float and x:
        return float, x
    if isinstance(x, (tuple, list)):
        return type(x).__name__, *map(_part, x)
    if isinstance(x, dict):
        return "dict", *((name, _part(value)) for name, value in x.items())
    if isinstance(x, slice):
        return "slice", _part(x.start), _part(x.stop), _part(x.step)
    if isinstance(x, np.generic):
        return x.dtype.str, x.tobytes()
    if isinstance(x, float):
        return "float", x.hex()
    return x if isinstance(x, Variable) else (type(x).__name__, x)


FEW, MANY = 1 << 11, 1 << 20  # bytes of arrays that are worth one more, full of a number
EVERY_PASS = False  # tests look at the program after each of them
TO_WRITE = {"order": "K"}  # the options of a copy that `t[index] = value` makes
SIMPLIFY: list[Callable[[Program], Program]] = [
    undo_inverses, skip_broadcasts, use_numbers, merge_equal, remove_dead,
]  # fmt: skip
UNREAD = functools.partial(remove_dead, for_people=True)
READABLE: list[Callable[[Program], Program]] = [
    UNREAD, take_numbers, merge_constants, call_taught_helpers,
    functools.partial(undo_inverses, for_people=True),
    functools.partial(skip_broadcasts, for_people=True),
    functools.partial(use_numbers, for_people=True),
    functools.partial(merge_equal, writes=True), UNREAD, leave_out_zeros,
    leave_out_shifts, say_by_shape, silence_once, UNREAD, choose_once, UNREAD,
    put_at_places, UNREAD, meet_in_choices, tidy, UNREAD, set_to_zero, UNREAD,
    functools.partial(skip_copies, alone=True), keep_numbers_in_views, parameters_first,
]  # fmt: skip
PICTURED: list[Callable[[Program], Program]] = [  # a box for each gate's parts, as they are
    UNREAD, take_numbers, *SIMPLIFY, functools.partial(skip_copies, alone=True),
    keep_numbers_in_views,
]  # fmt: skip
PASSES = [*SIMPLIFY, skip_copies, square, transpose_early, use_arrays, gather_blocks]


def improve(program: Program, passes: Iterable[Callable[[Program], Program]] = PASSES) -> Program:
    """The program after all passes, in order."""
    for step in passes:
        program = step(program)
        if EVERY_PASS:
            verify(program)
    return verify(program)
