"""Heads: how a text is called, and what it gives back: as the function itself.

A program has a flat list of inputs and of results. Here is what a person sees of them: parameters
with names and defaults, containers that are taken apart and put together, what a call has fixed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from inspect import Parameter
from typing import Any, NamedTuple

import numpy as np

from .identifiers import Identifiers, identifier

__all__ = ["Call", "Head", "is_literal", "literal", "parameter_list", "put_together"]

PLAIN = (int, float, bool, str, bytes, complex, type(None))


class Call(NamedTuple):
    """A call of a function, and what came back.

    signature  of the function
    arguments  for parameters that were given: nested containers of the places that leaves have in
               the flat list of arguments
    fixed      by such places: what the program is for, of leaves that are no arrays and no floats
    result     how the results were nested: a form, see `put_together`
    given      by places in the flat list of results: those that no program computes
    """

    signature: inspect.Signature
    arguments: dict[str, Any]
    fixed: dict[int, Any]
    result: Any = None
    given: dict[int, Any] = {}  # noqa: RUF012 (never written to)

    @staticmethod
    def of(
        function: Callable[..., Any], args: Any, kwargs: Any, fixed: dict[int, Any], result: Any,
        given: dict[int, Any],
    ) -> Call:  # fmt: skip
        """The call function(*args, **kwargs), where `args` and `kwargs` hold places."""
        try:
            signature = inspect.signature(function)
            arguments = dict(signature.bind(*args, **kwargs).arguments)
        except (TypeError, ValueError):  # of many builtins there is none
            arguments = {f"x{k}": x for k, x in enumerate(args)} | kwargs
            kind = Parameter.POSITIONAL_OR_KEYWORD
            signature = inspect.Signature([Parameter(f"x{k}", kind) for k in range(len(args))])
        return Call(signature, arguments, fixed, result, given)


class Head:
    """The arguments of a text that are the function's, and the lines that take them apart.

    parameters  as the function has them, with names that are valid; of *args and **options those
                that were given, and none that the call has left to its default
    names       for places of leaves, what the text calls them
    lines       what takes containers apart, and looks whether what is fixed is as it was
    """

    def __init__(self, call: Call, used: set[int], labels: dict[int, str], names: Identifiers):
        """`used` are the places of leaves that the text reads, `labels` what those are called."""
        self.call, self.used, self.labels = call, used, labels
        self.names: dict[int, str] = {}
        self.lines: list[str] = []
        self._identifiers = names
        trees: dict[str, Any] = {}
        self.parameters: list[Parameter] = []
        for parameter, tree in _spread(call):
            own = parameter.replace(name=names.new(parameter.name))
            self.parameters.append(own)
            trees[own.name] = tree
        for name, tree in trees.items():
            self._read(name, tree)

    def _read(self, text: str, tree: Any) -> None:
        """What is at `text`: a leaf, or a container."""
        if isinstance(tree, int):
            if tree in self.used:
                self.names[tree] = text
            else:
                self._look_at(text, tree)
            return
        if isinstance(tree, dict):
            places = [f"{text}[{literal(key)}]" if is_literal(key) else f"[*{text}.values()][{k}]"
                      for k, key in enumerate(tree)]  # fmt: skip
            items = [*zip(tree, places, tree.values(), strict=True)]
        else:
            items = [(k, f"{text}[{k}]", item) for k, item in enumerate(tree)]
            if len(items) > 1 and all(isinstance(x, int) and x in self.used for x in tree):
                names = [self._name(text, key, x) for key, _, x in items]
                self.lines.append(f"{', '.join(names)} = {text}")
                return
        for key, place, item in items:
            if isinstance(item, int) and item in self.used:
                self.lines.append(f"{self._name(text, key, item)} = {place}")
            else:
                self._read(place, item)

    def _look_at(self, text: str, place: int) -> None:
        """A line that is there for those who call the text with another value than there was."""
        value = self.call.fixed.get(place, Parameter.empty)
        if is_literal(value):
            same = "is" if value is None or isinstance(value, bool) else "=="
            self.lines.append(f"assert {text} {same} {literal(value)}")

    def _name(self, text: str, key: Any, place: int) -> str:
        """A name for an item of a container."""
        label = self.labels.get(place) or (key if isinstance(key, str) else f"{text}{key}")
        self.names[place] = self._identifiers.new(label)
        return self.names[place]


def _spread(call: Call) -> Iterator[tuple[Parameter, Any]]:
    """The parameters that were given, and what for each: of *args and **options as many as were.

    Those that are called by their names keep them, or stay in a dictionary.
    """
    known = call.signature.parameters
    several = any(p.kind is Parameter.VAR_POSITIONAL and p.name in call.arguments
                  for p in known.values())  # fmt: skip
    left_out = False
    for name, p in known.items():
        kind = p.kind
        if name not in call.arguments:
            left_out = left_out or kind is Parameter.POSITIONAL_OR_KEYWORD
            continue
        tree = call.arguments[name]
        if kind is Parameter.VAR_POSITIONAL:
            for k, item in enumerate(tree):
                yield Parameter(f"{name}{k}", Parameter.POSITIONAL_OR_KEYWORD), item
        elif kind is Parameter.VAR_KEYWORD and all(identifier(key) == key for key in tree):
            for key, item in tree.items():
                yield Parameter(key, Parameter.KEYWORD_ONLY), item
        else:
            if left_out and kind is Parameter.POSITIONAL_OR_KEYWORD:
                kind = Parameter.KEYWORD_ONLY  # by its position it would be another one
            required = not is_literal(p.default) or (several and kind is not p.KEYWORD_ONLY)
            yield p.replace(kind=kind, default=p.empty if required else p.default), tree
    for name in call.arguments.keys() - known.keys():
        yield Parameter(name, Parameter.KEYWORD_ONLY), call.arguments[name]


def parameter_list(parameters: Iterable[Parameter], others: Iterable[str]) -> str:
    """The parameters of a function as text, with `others`, which have no defaults, behind them.

    What stands behind a default has to be named in a call, as Python wants it.
    """
    parameters = list(parameters)
    parts: list[str] = []
    optional = by_name = False
    for p in [*parameters, *(Parameter(x, Parameter.POSITIONAL_OR_KEYWORD) for x in others)]:
        if p.kind is Parameter.VAR_KEYWORD:
            continue
        required = p.default is Parameter.empty
        if not by_name and (p.kind is Parameter.KEYWORD_ONLY or (required and optional)):
            parts.append("*")
            by_name = True
        optional = optional or not required
        parts.append(p.name if required else f"{p.name}={literal(p.default)}")
    alone = [k for k, p in enumerate(parameters) if p.kind is Parameter.POSITIONAL_ONLY]
    if alone:
        parts.insert(alone[-1] + 1, "/")
    packed = [f"**{p.name}" for p in parameters if p.kind is Parameter.VAR_KEYWORD]
    return ", ".join([*parts, *packed])


def put_together(form: Any, leaves: Iterator[str], text_of: Callable[[Any], str]) -> str:
    """The text of nested containers, from that of their leaves, and of keys.

    A form is None for a leaf, else the name of a container and the forms of its items.
    """
    if form is None:
        return next(leaves)
    kind, *items = form
    if kind == "dict":
        pairs = [f"{text_of(key)}: {put_together(x, leaves, text_of)}" for key, x in items]
        return f"{{{', '.join(pairs)}}}"
    inside = ", ".join(put_together(item, leaves, text_of) for item in items)
    if kind == "list":
        return f"[{inside}]"
    return f"({inside}{',' * (len(items) == 1)})"


def is_literal(x: Any) -> bool:
    """It can be written as Python text."""
    if type(x) is tuple:
        return all(map(is_literal, x))
    return type(x) in PLAIN and (type(x) not in (float, complex) or bool(np.isfinite(x)))


def literal(x: Any) -> str:
    """Its text, with the quotes of this house."""
    text = repr(x)
    return f'"{text[1:-1]}"' if type(x) is str and text[0] == "'" and '"' not in x else text
