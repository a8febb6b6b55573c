"""Binding: where the inputs of a program come from, and where its outputs go.

It is told once, for all that runs programs: as lines of the code that they write, and for the
interpreter. A program computes everything first; then one call puts all of it in place. That call
runs no Python code, so neither an exception nor Ctrl-C finds a step that is half done.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..leaf import leaf_node
from ..tensor import constant_tensor
from ..updates import DRAIN, Change, changes_of, commit, parts_of
from .forms import listed
from .program import Effect, Input, Leaf, Output, Program, Variable
from .types import Type, type_of

__all__ = [
    "HOLDS_NAN", "OTHER_BRANCH", "Change", "Writer", "changes_of", "commit", "done_by", "epilogue",
    "leave", "owner", "prologue", "put_together", "read", "read_all", "reader",
]  # fmt: skip

HOLDS_NAN = "a gradient holds NaN: masks are needed"
OTHER_BRANCH = "a number goes another way at a branch"


def done_by(effect: Effect, leaf: Callable[[Leaf], Any]) -> tuple[Any, ...]:
    """What an effect calls, with these values for its leaves."""
    return effect.function, effect.owner, effect.key, put_together(effect.value, leaf)


def put_together(form: Any, leaf: Callable[[Leaf], Any]) -> Any:
    """The value of an effect: containers made anew, with what `leaf` gives for each leaf."""
    kind = type(form)
    if kind is Leaf:
        value = leaf(form)
        if form.kind == "array":
            return np.asarray(value)
        return constant_tensor(value) if form.kind == "tensor" else value
    if kind in (tuple, list):
        return kind(put_together(item, leaf) for item in form)
    if kind is dict:
        return {key: put_together(item, leaf) for key, item in form.items()}
    return form


def owner(x: Any) -> Any:
    """The array whose memory an array shows."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


def read(given: Input, arguments: Sequence[Any]) -> Any:
    """The value of an input now."""
    source = given.source
    if given.kind == "argument":
        return getattr(arguments[source], "_array", arguments[source])
    if given.kind == "tensor":
        return source._array
    if given.kind == "array":
        return source
    if given.kind == "place":
        return source.value()
    return getattr(*source) if given.kind == "setting" else source.grad


def read_all(program: Program, arguments: Sequence[Any]) -> dict[Variable, Any]:
    """The values of all inputs now."""
    return {given.variable: read(given, arguments) for given in program.inputs}


def leave(why: str, *conditions: str) -> str:
    """The line that ends a program where one of the conditions holds, and says why it does not
    apply."""
    return f"if {' or '.join(conditions)}: return {why!r}"


class Writer(ABC):
    """Who writes code: names in it, and the globals that it has."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self._taken: set[str] = set()  # names that are no globals

    @abstractmethod
    def name(self, variable: Variable) -> str:
        """The name of a variable."""

    def bind(self, name: str, value: Any) -> str:
        """A name for an object: this one, or one like it."""
        while name in self._taken or (name in self.scope and self.scope[name] is not value):
            name += "_"
        self.scope[name] = value
        return name

    def misfit(self, name: str, type_: Type) -> str:
        """The condition that an array in that variable is not of this type."""
        if not type_.is_contiguous:
            return f"{self.bind('type_of', type_of)}({name}) != {self.bind(f'type_{name}', type_)}"
        dtype = self.bind(f"dtype_{type_.dtype.name}", type_.dtype)
        layout = f" or not {name}.flags.c_contiguous" if type_.ndim > 1 else ""
        return f"{name}.shape != {type_.shape} or {name}.dtype != {dtype}{layout}"

    def convert(self, text: str) -> str:
        """What the code makes of a value from outside: nothing else."""
        return text


class _Reader(Writer):
    """Writes code that reads inputs and does no more."""

    def name(self, variable: Variable) -> str:
        """The name of a variable."""
        return f"v{variable.number}"


def reader(program: Program) -> Callable[[Sequence[Any]], dict[Variable, Any] | str]:
    """A function that gives the values of all inputs now, or says why the program is not for
    them."""
    writer, variables = _Reader(), [given.variable for given in program.inputs]
    lines = prologue(program, program.inputs, writer)
    lines.append(f"return ({''.join(f'{writer.name(x)}, ' for x in variables)})")
    exec("def read(arguments):\n    " + "\n    ".join(lines), writer.scope)
    read = writer.scope.pop("read")

    def values(arguments: Sequence[Any]) -> dict[Variable, Any] | str:
        found = read(arguments)
        return found if isinstance(found, str) else dict(zip(variables, found, strict=True))

    return values


def prologue(program: Program, inputs: Iterable[Input], writer: Writer) -> list[str]:
    """The lines that read the inputs, or say why not where they are not as they were."""
    lines: list[str] = []
    for k, given in enumerate(inputs):
        name = writer.name(given.variable)
        if given.kind == "argument":
            lines.append(f"{name} = {writer.convert(f'arguments[{given.source}]')}")
        elif given.kind == "setting":
            owner = writer.bind(f"owner_{k}", given.source[0])
            lines.append(f"{name} = {owner}.{given.source[1]}")
        elif given.kind == "tensor":
            tensor = writer.bind(f"tensor_{k}", given.source)
            lines.append(f"{name} = {tensor}._array")
            role = f"{tensor}._tracked is not {given.tracked}"
            if given.slot is not None:  # only what is tracked has one
                slot = writer.bind(f"slot_of_{k}", given.slot)
                role = f"{tensor}._node is None or {tensor}._node.slot is not {slot}"
            called = given.source.name or "a tensor"
            lines += [
                leave(f"{called} has another shape, dtype or layout",
                      writer.misfit(name, given.variable.type)),
                leave(f"requires_grad of {called} has changed", role),
            ]  # fmt: skip
        elif given.kind == "array":  # what it is like is looked at with all that is outside
            lines.append(f"{name} = {writer.bind(f'array_{k}', given.source)}")
        elif given.kind == "place":
            lines += given.source.reading(name, writer, given.variable.type)
        else:
            lines.append(f"{name} = {writer.bind(f'slot_{k}', given.source)}.grad")
            lines.append(leave("a gradient that is added to is None now", f"{name} is None"))
        if given.kind in ("tensor", "grad") and writer.convert(name) != name:
            lines.append(f"{name} = {writer.convert(name)}")
    for k, slot in enumerate(program.empty):
        held = f"{writer.bind(f'empty_{k}', slot)}.grad is not None"
        lines.append(leave("a gradient that is added to is not None now", held))
    return lines


def epilogue(
    outputs: Iterable[tuple[Output, str]],
    writer: Writer,
    effects: Sequence[Effect] = (),
    leaf: Callable[[Leaf], str] = str,
) -> list[str]:
    """The lines that put new values of tensors and gradients, given as texts, in their places, and
    then do what the effects say; `leaf` gives the text of a leaf of those."""
    lines: list[str] = []
    places: list[tuple[Any, ...]] = []
    values: list[str] = []
    for k, (output, text) in enumerate(outputs):
        if output.kind == "grad":
            places.append((output.source, "grad"))
            values.append(text)
            continue
        tensor = writer.bind(f"tensor_out_{k}", output.source)
        leaf_of = writer.bind("leaf", leaf_node)
        lines += [f"old_{k} = {tensor}._node or {tensor}.node",
                  f"new_{k} = {leaf_of}({text}, old_{k}.slot, old_{k}.name)"]  # fmt: skip
        parts = parts_of(output.source)
        places += [(output.source, part) for part in parts]
        values += [text, "None", f"new_{k}", f"{tensor}._array"][: len(parts)]
    texts = [*values, *(_text(effect.value, writer, leaf) for effect in effects)]
    calls: list[tuple[Any, ...]] = [(setattr, *place) for place in places]
    calls += [effect[:3] for effect in effects]
    if calls:
        names = "functions", "owners", "names"
        columns = zip(names, zip(*calls, strict=True), strict=True)
        called, *rest = (writer.bind(name, column) for name, column in columns)
        if not effects:
            called = "setattr"
        elif len(set(map(operator.itemgetter(0), calls))) == 1:
            called = writer.bind("function", calls[0][0])
        else:
            called = f"{writer.bind('call', operator.call)}, {called}"
        drain = writer.bind("drain", DRAIN)
        lines.append(f"{drain}(map({called}, {', '.join(rest)}, ({', '.join(texts)},)))")
    return lines


def _text(form: Any, writer: Writer, leaf: Callable[[Leaf], str]) -> str:
    """The value of an effect as text, see `put_together`."""
    kind = type(form)
    if kind is Leaf:
        text = leaf(form)
        if form.kind == "tensor":
            return f"{writer.bind('constant_tensor', constant_tensor)}({text})"
        return f"{writer.bind('np_asarray', np.asarray)}({text})" if form.kind == "array" else text
    if kind in (tuple, list):
        return listed(kind, (_text(item, writer, leaf) for item in form))
    if kind is dict:
        pairs = (f"{_held(k, writer)}: {_text(v, writer, leaf)}" for k, v in form.items())
        return f"{{{', '.join(pairs)}}}"
    return _held(form, writer)


def _held(x: Any, writer: Writer) -> str:
    """A name for an object, or the text of a plain one."""
    plain = x is None or type(x) in (bool, int, str)
    return repr(x) if plain else writer.bind(f"held_{id(x)}", x)
