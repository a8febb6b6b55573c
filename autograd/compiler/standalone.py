"""The text of helper functions, with everything they use: so that a program needs NumPy alone."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from .program import Equation, Variable
from .types import map_tree

__all__ = ["Helpers"]

PACKAGE = __name__.split(".")[0]


class Helpers:
    """Functions and classes of this package that a program calls, and what those use in turn."""

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.constants: dict[str, None] = {}
        self.parts: dict[str, str] = {}

    def add(self, thing: Any) -> str:
        """Include a function or a class; gives its name."""
        thing = inspect.unwrap(thing) if not isinstance(thing, type) else thing
        name: str = thing.__name__
        for base in getattr(thing, "__bases__", ()):
            if base.__module__.split(".")[0] == PACKAGE:
                self.add(base)
        if name not in self.parts:
            self.parts[name] = ""  # so that functions may call each other
            text = inspect.getsource(thing)
            if not isinstance(thing, type):  # decorators only register it with the engine
                text = text[text.index("def " + name) :]
            for used, value in _globals_of(thing):
                self._use(used, value)
            self.parts[name] = text.rstrip()
        return name

    def add_all_of(self, equation: Equation) -> None:
        """Include whatever the text of this equation may need."""
        op, function = equation.op, inspect.unwrap(equation.function)
        numpys = (op.called or op.name).startswith("np.")
        if inspect.isfunction(function) and not (numpys or op.check or op.readable):
            self.add(equation.function)
        map_tree(self._add_class, (equation.args, equation.kwargs))

    def _add_class(self, x: Any) -> None:
        if is_dataclass(x) and not isinstance(x, Variable):
            self.add(type(x))

    @property
    def names(self) -> set[str]:
        """The global names of the text."""
        lines = [*self.imports, *(line.partition(" = ")[0] for line in self.constants)]
        return {"np", "annotations", *self.parts, *(line.split()[-1] for line in lines)}

    def _use(self, name: str, value: Any) -> None:
        module = getattr(value, "__module__", None) or ""
        if value is np:
            return
        if isinstance(value, types.ModuleType):
            self.imports[f"import {value.__name__}"] = None
        elif name == "empty":  # memory that is used again is the engine's affair
            self.constants["empty = np.empty"] = None
        elif module.split(".")[0] == PACKAGE:
            self.add(value)
        elif module:
            self.imports[f"from {module} import {value.__name__}"] = None
        else:
            self.constants[f"{name} = {value!r}"] = None

    def __str__(self) -> str:
        if not self.parts:
            return "\n".join([*sorted(self.imports), "import numpy as np", ""])
        annotated = any("->" in part for part in self.parts.values())
        head = ["from __future__ import annotations", ""] if annotated else []
        head += [*sorted(self.imports), "import numpy as np"]
        head += ["", *self.constants] if self.constants else []
        return "\n".join(head) + "\n\n\n" + "\n\n\n".join(self.parts.values()) + "\n"


def _globals_of(thing: Any) -> Iterator[tuple[str, Any]]:
    """The global names that a function, or the methods of a class, use."""
    if isinstance(thing, type):
        scope = vars(inspect.getmodule(thing))
        if hasattr(thing, "__dataclass_fields__"):
            yield "dataclass", scope["dataclass"]
        for member in vars(thing).values():
            function = getattr(member, "fget", member)
            own = inspect.isfunction(function) and function.__module__ == thing.__module__
            if own and function.__qualname__.startswith(thing.__name__) and _has_source(function):
                yield from _globals_of(function)
        return
    todo: list[types.CodeType] = [thing.__code__]
    while todo:
        code = todo.pop()
        todo += [part for part in code.co_consts if isinstance(part, types.CodeType)]
        for name in code.co_names:
            if name in thing.__globals__:
                yield name, thing.__globals__[name]


def _has_source(function: Any) -> bool:
    try:
        inspect.getsource(function)
    except (OSError, TypeError):
        return False
    return True
