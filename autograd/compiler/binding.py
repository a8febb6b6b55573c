"""Binding: where the inputs of a program come from, and where its outputs go.

It is told once, for all that runs programs: as lines of the code that they write, and for the
interpreter. A program computes everything first; then one call puts all of it in place. That call
runs no Python code, so neither an exception nor Ctrl-C finds a step that is half done.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..leaf import GradSlot, leaf_node
from ..tensor import Tensor
from .program import Input, Output, Program, Variable
from .types import Type, type_of

__all__ = [
    "Change", "Writer", "changes_of", "commit", "epilogue", "owner", "prologue", "read",
    "read_all", "unfit",
]  # fmt: skip

Change = tuple[Any, str, Any]  # an object, the name of an attribute, and its new value

NAMES = {"tensor": "tensor", "grad": "gradient"}
DRAIN = deque[None](maxlen=0).extend  # goes through an iterator, without running Python code


def commit(changes: Iterable[Change]) -> None:
    """Set these attributes: all, or none."""
    if columns := tuple(zip(*changes, strict=True)):
        DRAIN(map(setattr, *columns))


def changes_of(tensor: Tensor, data: Any, before: Any) -> list[Change]:
    """What moves a leaf on from the array of before to other values, as `p -= step` does."""
    old = tensor._node or tensor.node
    slot = (old.slot or GradSlot()) if tensor._tracked else None
    values = data, None, leaf_node(data, slot, old.name), before
    return [(tensor, *part) for part in zip(_parts(tensor), values, strict=False)]


def _parts(tensor: Tensor) -> list[str]:
    """The attributes of a tensor that an update sets."""
    parts = ["_array", "_memory", "_node"]
    return [*parts, "_other"] if hasattr(tensor, "_other") else parts  # a parameter's spare array


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
    return getattr(*source) if given.kind == "setting" else source.grad


def read_all(program: Program, arguments: Sequence[Any]) -> dict[Variable, Any]:
    """The values of all inputs now."""
    return {given.variable: read(given, arguments) for given in program.inputs}


def unfit(program: Program, inputs: Mapping[Variable, Any]) -> str | None:
    """What is not as the program needs it, among the values of its inputs now: in words what
    the lines of `prologue` look at."""
    for given in program.inputs:
        value, source = inputs[given.variable], given.source
        if given.kind == "grad" and value is None:
            return "a gradient that is added to is None now"
        if given.kind in ("tensor", "grad") and type_of(value) != given.variable.type:
            name = (given.kind == "tensor" and source.name) or f"a {NAMES[given.kind]}"
            return f"{name} has another shape, dtype or layout"
        if given.kind == "tensor" and source._tracked is not given.tracked:
            return f"requires_grad of {source.name or 'a tensor'} has changed"
        if given.slot is not None and source.node.slot is not given.slot:
            return f"requires_grad of {source.name or 'a tensor'} has changed in between"
    if any(slot.grad is not None for slot in program.empty):
        return "a gradient that is added to is not None now"
    return None


class Writer(Protocol):
    """Who writes code: a name for a variable, or for an object, in that code."""

    def name(self, variable: Variable) -> str:
        """The name of a variable."""

    def bind(self, name: str, value: Any) -> str:
        """A name for an object: this one, or one like it."""

    def misfit(self, name: str, type_: Type) -> str:
        """The condition that an array in that variable is not of this type."""

    def convert(self, text: str) -> str:
        """What the code makes of a value from outside."""


def prologue(program: Program, inputs: Iterable[Input], writer: Writer) -> list[str]:
    """The lines that read the inputs, or leave with None where they are not as they were."""
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
            misfit = writer.misfit(name, given.variable.type)
            lines.append(f"{name} = {tensor}._array")
            role = f"{tensor}._tracked is not {given.tracked}"
            if given.slot is not None:  # only what is tracked has one
                slot = writer.bind(f"slot_of_{k}", given.slot)
                role = f"{tensor}._node is None or {tensor}._node.slot is not {slot}"
            lines.append(f"if {misfit} or {role}: return None")
        elif given.kind == "array":  # what it is like is looked at with all that is outside
            lines.append(f"{name} = {writer.bind(f'array_{k}', given.source)}")
        else:
            lines.append(f"{name} = {writer.bind(f'slot_{k}', given.source)}.grad")
            lines.append(f"if {name} is None: return None")
        if given.kind in ("tensor", "grad") and writer.convert(name) != name:
            lines.append(f"{name} = {writer.convert(name)}")
    for k, slot in enumerate(program.empty):
        lines.append(f"if {writer.bind(f'empty_{k}', slot)}.grad is not None: return None")
    return lines


def epilogue(outputs: Iterable[tuple[Output, str]], writer: Writer) -> list[str]:
    """The lines that put new values of tensors and gradients, given as texts, in their places."""
    lines: list[str] = []
    places: list[tuple[Any, str]] = []
    values: list[str] = []
    for k, (output, text) in enumerate(outputs):
        if output.kind == "grad":
            places.append((output.source, "grad"))
            values.append(text)
            continue
        tensor, leaf = writer.bind(f"tensor_out_{k}", output.source), writer.bind("leaf", leaf_node)
        lines += [f"old_{k} = {tensor}._node or {tensor}.node",
                  f"new_{k} = {leaf}({text}, old_{k}.slot, old_{k}.name)"]  # fmt: skip
        parts = _parts(output.source)
        places += [(output.source, part) for part in parts]
        values += [text, "None", f"new_{k}", f"{tensor}._array"][: len(parts)]
    if places:
        owners, names = (
            writer.bind(name, column)
            for name, column in zip(("owners", "names"), zip(*places, strict=True), strict=True)
        )
        drain = writer.bind("drain", DRAIN)
        lines.append(f"{drain}(map(setattr, {owners}, {names}, ({', '.join(values)},)))")
    return lines
