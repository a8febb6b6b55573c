"""Texts: what of a program a person is to read, and under which names.

A text returns what the function returns, and has its arguments. Behind them stand the tensors that
the function reads from outside, and all else that it takes from there. All names are valid and
distinct; those that the user gave are kept as far as they can be.
"""

from __future__ import annotations

import operator
from collections import Counter, defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from typing import Any

from ..errors import TraceError
from ..modes import Scope
from ..tensor import Tensor
from .heads import Call, Head
from .identifiers import Identifiers, identifier
from .names import name_gradients
from .passes import remove_dead
from .program import Anew, Equation, Input, Program, Variable, is_returned, leaves_of
from .standalone import Helpers
from .types import map_tree, type_of

__all__ = ["Text", "text_of"]

UPDATED = "tensor", "grad"  # kinds of what an input is replaced by
STEMS = {  # for what has no name
    "tensor": "p", "setting": "setting", "grad": "gradient", "place": "state",
}  # fmt: skip


@dataclass
class Text:
    """What is to be written.

    outside  inputs that are no arguments of the function, in the order in which it met them;
             numbers that belong to objects, such as a step size, come last
    settings what those numbers are now
    updates  for new values the inputs that they replace
    results  by places in the flat list of results, the values that are computed
    tensors  the same for tensors that are given back: what they hold in the end
    wanted   gradients that are returned beside the results; None if nobody asked
    states   new values of what the function changes itself, returned last; but arrays that it
             writes to, which are written to
    places   by names, where the arguments that it changes stand
    """

    name: str
    program: Program
    head: Head
    outside: list[Variable]
    settings: dict[str, Any]
    updates: dict[Variable, list[Variable]]
    results: dict[int, Variable]
    tensors: dict[int, Variable]
    wanted: list[Variable] | None
    states: list[Variable]
    places: dict[str, Any]
    identifiers: Identifiers


def text_of(
    program: Program,
    call: Call,
    modules: dict[Variable, str],
    name: str,
    gradients: bool = False,
    invented: Container[Variable] = (),
) -> Text:
    """What to write of a program that stands for this call; `invented` are values whose names are
    not the user's.

    Raises TraceError if gradients are asked for, and it leaves none.
    """
    program = _with_tensors(_with_own_inputs(program), call)
    _find_views_of_numbers(program)
    program = _without_the_unread(program, gradients)
    of_tensor = {id(i.source): i.variable for i in program.inputs if i.kind == "tensor"}
    tensors = {k: of_tensor[id(x)] for k, x in call.given.items() if isinstance(x, Tensor)}
    wanted = [o.variable for o in program.outputs if o.kind == "grad"] if gradients else None
    if wanted == []:
        raise TraceError(
            "source: the function leaves no gradients in parameters; call backward() in it, or "
            "compile ag.value_and_grad(function, ...), which returns them"
        )
    identifiers = Identifiers(_names_of_helpers(program))
    name = identifiers.new("f" if name == "<lambda>" else name, "step")
    identifiers.taken.discard(name)  # an argument may be called so
    read = _read(program).union(tensors.values())
    places = _places(program, call)
    labels = {places[i.variable]: i.variable.name or "" for i in program.inputs
              if i.kind == "tensor" and i.variable in places}  # fmt: skip
    head = Head(call, {places[x] for x in places if x in read}, labels, identifiers)
    outside = [i for i in program.inputs if i.variable in read and i.variable not in places]
    for variable, place in places.items():
        variable.name = head.names.get(place)
    _name_outside(program, outside, identifiers)
    name_gradients(program, modules, invented)
    _name_values(program, identifiers)
    results = {o.source: o.variable for o in program.outputs if o.kind == "result"}
    outside.sort(key=lambda given: given.kind == "setting")
    settings = {str(i.variable.name): getattr(*i.source) for i in outside if i.kind == "setting"}
    variables = [i.variable for i in outside]
    updates = _updates(program)
    numbers = {o.source: o.variable for o in program.outputs if o.kind == "state"}
    states = [numbers[k] for k in _returned(program)]
    stand = {str(i.variable.name): i.source for i in outside if i.kind == "place"}
    return Text(
        name, program, head, variables, settings, updates, results, tensors, wanted, states, stand,
        identifiers,
    )  # fmt: skip


# --- what is read and returned -------------------------------------------------------------------


def _with_own_inputs(program: Program) -> Program:
    """The same program with inputs of its own, whose names nobody else reads."""
    instead = {i.variable: replace(i.variable) for i in program.inputs}

    def own(x: Any) -> Any:
        return instead.get(x, x) if isinstance(x, Variable) else x

    for equation in program.equations:
        if not instead.keys().isdisjoint(equation.inputs):
            equation.reads(map_tree(own, equation.args), map_tree(own, equation.kwargs))
        equation.out.base = own(equation.out.base)
    inputs = [replace(i, variable=own(i.variable)) for i in program.inputs]
    outputs = [replace(o, variable=own(o.variable), source=own(o.source)) for o in program.outputs]
    return Program(inputs, program.equations, outputs, program.empty, program.effects)


def _find_views_of_numbers(program: Program) -> None:
    """In a text also arrays without axes have memory, which others may show."""
    for equation in program.equations:
        first: Any = equation.args[0] if equation.args else None
        known = isinstance(first, Variable) and not (first.type.weak or first.constant)
        if not known or equation.into or isinstance(equation.function, Anew):
            continue
        op, out = equation.op, equation.out
        shows = not (op.fresh or op.copies or op.over_all) and out.dtype == first.dtype
        if first.shape:
            part = equation.function is operator.getitem and _has_dots(equation.args[1])
            shows = shows and not out.shape and (op.reshapes or part)
        if shows and out.base is None:
            out.base = first


def _has_dots(index: Any) -> bool:
    return any(x is Ellipsis for x in (index if isinstance(index, tuple) else (index,)))


def _with_tensors(program: Program, call: Call) -> Program:
    """The program with all tensors as inputs that the function gives back as they are."""
    known = {id(i.source) for i in program.inputs}
    number, inputs = program.last_number(), [*program.inputs]
    for tensor in call.given.values():
        if isinstance(tensor, Tensor) and id(tensor) not in known:
            known.add(id(tensor))
            number += 1
            variable = Variable(number, type_of(tensor._array), name=tensor.name)
            inputs.append(Input(variable, "tensor", tensor, tensor.requires_grad))
    return Program(inputs, program.equations, program.outputs, program.empty, program.effects)


def _without_the_unread(program: Program, gradients: bool) -> Program:
    """The program for its results and updates alone; with `gradients`, for those too.

    A gradient that the function adds to, and that it reads, is a value that it updates.
    """
    kept = {"result", "tensor", "gradient", *(["grad"] if gradients else [])}
    states = {*_returned(program), *_written(program)}
    slots: set[int] = set()
    while True:
        outputs = [
            o
            for o in program.outputs
            if o.kind in kept
            or (o.kind == "grad" and id(o.source) in slots)
            or (o.kind == "state" and o.source in states)
        ]
        found = remove_dead(
            Program(program.inputs, program.equations, outputs, program.empty, program.effects),
            for_people=True,
        )
        read = _read(found)
        added_to = {id(i.source) for i in found.inputs if i.kind == "grad" and i.variable in read}
        if added_to <= slots:
            return found
        slots |= added_to


def _read(program: Program) -> set[Variable]:
    """What is read, returned or replaced."""
    read = {x for equation in program.equations for x in equation.inputs}
    read |= {o.variable for o in program.outputs if o.kind != "gradient"}
    return read.union(*_updates(program).values())


def _returned(program: Program) -> list[int]:
    """The numbers of new values of state that a text returns."""
    return [k for e in program.effects if is_returned(e) for k in leaves_of(e.value)]


def _written(program: Program) -> dict[int, Variable]:
    """The numbers of those that are written to an array, and what stands for that."""
    arrays = {id(i.source.array): i.variable for i in program.inputs if i.kind == "place"}
    return {e.value.number: arrays[id(e.owner)] for e in program.effects if e.key is ...}


def _updates(program: Program) -> dict[Variable, list[Variable]]:
    """For new values of tensors, of gradients that are added to, and of arrays that are carried
    and written to, what they replace."""
    written = _written(program)
    old = {(i.kind, id(i.source)): i.variable for i in program.inputs}
    found: dict[Variable, list[Variable]] = defaultdict(list)
    for output in program.outputs:
        before = old.get((output.kind, id(output.source)))
        if output.kind == "state" and output.source in written:
            found[output.variable].append(written[output.source])
        if output.kind in UPDATED and before is not None and before is not output.variable:
            found[output.variable].append(before)
    return dict(found)


def _places(program: Program, call: Call) -> dict[Variable, int]:
    """For inputs that are arguments, where in the flat list of arguments they are."""
    tensors = {id(x): k for k, x in reversed(call.fixed.items()) if isinstance(x, Tensor)}
    return {
        i.variable: i.source if i.kind == "argument" else tensors[id(i.source)]
        for i in program.inputs
        if i.kind == "argument" or (i.kind == "tensor" and id(i.source) in tensors)
    }


# --- names ---------------------------------------------------------------------------------------


def _names_of_helpers(program: Program) -> set[str]:
    """The globals of the text."""
    helpers = Helpers()
    for equation in program.equations:
        helpers.add_all_of(equation)
    return helpers.names


def _name_outside(program: Program, inputs: list[Input], identifiers: Identifiers) -> None:
    """Tensors by their names, with those of their modules where they are not the only ones."""
    places = _modules(program.equations)
    labels = [identifier(i.variable.name or "", STEMS.get(i.kind, "x")) for i in inputs]
    alike = Counter(labels)
    paths = [[label] if alike[label] == 1 else [*places.get(i.variable, []), label]
             for i, label in zip(inputs, labels, strict=True)]  # fmt: skip
    for label in [label for label in alike if alike[label] > 1]:
        _shorten([path for path in paths if path[-1] == label])
    numbered = Counter(tuple(path) for path in paths)
    for given, path in zip(inputs, paths, strict=True):
        if given.kind == "grad":
            continue
        name = "_".join(path)
        if numbered[tuple(path)] > 1:
            given.variable.name = identifiers.numbered(name)
        else:
            given.variable.name = identifiers.new(name)
    tensors = {id(i.source.node.slot): i.variable.name for i in program.inputs
               if i.kind == "tensor"}  # fmt: skip
    for given in inputs:
        if given.kind == "grad":
            given.variable.name = identifiers.new(f"d{tensors.get(id(given.source)) or 'p'}")


def _modules(equations: Iterable[Equation]) -> dict[Variable, list[str]]:
    """The modules in which values are read first, as attributes: a path such as layers, 0."""
    found: dict[Variable, list[str]] = {}
    for equation in equations:
        scope = equation.context.scope
        for x in equation.inputs:
            if x not in found:
                path: tuple[Scope, ...] = scope.path if scope else ()
                names = [s.name for s in path if s.kind]  # one that is no attribute has no kind
                found[x] = names if names and names[0].isidentifier() else []
    return found


def _shorten(paths: list[list[str]]) -> None:
    """Leave out what is not needed to tell these paths apart."""
    for length in range(2, max(map(len, paths)) + 1):
        ends = {tuple(path[-length:]) for path in paths}
        if len(ends) == len(paths) and all(path[-length:][0].isidentifier() for path in paths):
            for path in paths:
                del path[:-length]
            return


def _name_values(program: Program, identifiers: Identifiers) -> None:
    """What has one name, such as an array that is written to, keeps one."""
    inputs = {i.variable for i in program.inputs}
    known: dict[str, str] = {}
    for equation in program.equations:
        out = equation.out
        if out.name is not None and out not in inputs:
            if out.name not in known:
                known[out.name] = identifiers.new(out.name)
            out.name = known[out.name]
