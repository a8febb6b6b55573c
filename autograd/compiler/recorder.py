"""Writing down: what traces and lowerings have in common.

Both run plain NumPy code on `Traced` stand-ins and write an equation for every call. A trace runs
the user's function, with values; a lowering runs gates and their rules, on types alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import kept
from ..errors import TraceError
from ..tensor import Tensor, constant_tensor
from ..values import Kind
from .program import NO_OPTIONS, Context, Equation, Variable
from .traced import Traced
from .types import Type, map_tree, type_of

__all__ = ["OUTSIDE", "Recorder"]

OUTSIDE = Context()  # of any gate


class Recorder(Kind):
    """The kind of values that gates compute with while a program is written."""

    eager = False
    wants_arrays = False  # something computed was to be written into an array from outside

    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self.context = OUTSIDE
        self.open = True
        self._count = 0
        self._constants: dict[int, tuple[Any, Variable]] = {}
        self._stale: set[Variable] = set()
        self._views: dict[Variable, list[Variable]] = {}

    def record(
        self, function: Callable[..., Any], args: Any, kwargs: Any, outside: bool = False
    ) -> Any:
        """Write down a call of a NumPy function, and give its result as a Traced."""
        raise NotImplementedError

    def overwrite(
        self, target: Traced, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for a function that writes into `target`; views of it cannot be used again."""
        raise NotImplementedError

    def outside(self, x: Traced) -> Any:
        """What the user's program gets for a value of the engine's."""
        return x

    read_only = outside

    def refused(self, error: TraceError) -> TraceError:
        """The error, which is about to be raised."""
        return error

    def check_memory(self, array: Any) -> None:
        """Something computed is to be written into this array; it may be just memory."""

    def constant(self, value: Any) -> Traced:
        """A value that is the same at every call."""
        if isinstance(value, Traced):
            return value
        return Traced(self, value, self._output(value))

    def _check_index(self, index: Any) -> None:
        """A mask that is computed finds another number of elements at other values."""
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, Traced) and _is_mask(part.variable):
                raise TraceError(
                    f"compile: t[mask], where how many elements there are depends on the values of "
                    f"{part.variable}, but a compiled program has to be the same for all values. "
                    "Use np.where(mask, t, 0.0), or its like, which keeps the shape; t[mask] = "
                    "value with a single value, or one for each row, is fine"
                )

    # --- variables -----------------------------------------------------------------------------

    def _new(self, type_: Type, value: Any = None, constant: bool = False) -> Variable:
        self._count += 1
        return Variable(self._count, type_, value, constant)

    def _written(self, equation: Equation, before: Variable) -> None:
        """Memory was written to: what it held before, and views of it, are not to be used."""
        root = before.root
        self._stale.update([root, *self._views.get(root, [])])
        self.equations.append(equation)

    def _shows(self, out: Variable, base: Variable) -> None:
        """Note that a value shows memory of another."""
        out.base = base
        self._views.setdefault(base.root, []).append(out)

    def _output(self, x: Any) -> Variable:
        """The variable for something that leaves; a number of NumPy becomes one too."""
        variable = self._variable(x)
        if isinstance(variable, Variable):
            return variable
        return self._new(type_of(x), x, constant=True)

    def _variables(self, tree: Any) -> Any:
        return map_tree(self._variable, tree) if tree else NO_OPTIONS

    def _variable(self, x: Any) -> Any:
        """The variable for a Traced or an array; anything else is written as it is."""
        if isinstance(x, Traced):
            if x.recorder is not self or (not self.open and x.variable in self._stale):
                raise TraceError(
                    "compile: a value of an earlier call is used; results of a compiled "
                    "function are what it returns"
                )
            if x.variable in self._stale:
                raise TraceError(
                    "compile: a view of an array is used after the array was written to; "
                    "take the view again after the write"
                )
            return x.variable
        if isinstance(x, np.ndarray):
            known = self._constants.get(id(x))
            if known is None:  # x is kept too: its id must not be given to another array
                known = self._constants[id(x)] = x, self._constant(x)
            return known[1]
        return x

    def _constant(self, x: Any) -> Variable:
        value = kept(x)
        return self._new(type_of(value), value, constant=True)


def as_constant_tensor(x: Any) -> Any:
    """A tensor for a Traced, so that a gate can be called with it."""
    return constant_tensor(x) if isinstance(x, Traced) else x


def holds_tensor(args: Any) -> bool:
    """Whether a rule is run on tensors: in a gradient of a gradient."""
    for x in args:  # noqa: SIM110 (any(...) takes twice the time, and this is asked often)
        if isinstance(x, Tensor):
            return True
    return False


def _is_mask(x: Variable) -> bool:
    return x.dtype == bool and not x.constant
