"""Names: what the user calls the values of a program.

While a function is traced for reading, every frame that returns is asked for the names of the
arrays it holds; a gradient is called d + the name of its value.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from ..lines import OURS
from ..tensor import Tensor
from .program import Equation, Program, Variable, written_in_place
from .traced import Traced

__all__ = ["NameFinder", "name_gradients"]

PACKAGE = str(Path(__file__).resolve().parents[1])
GATES = str(Path(PACKAGE, "gates"))
NUMPY = str(Path(np.__file__).parent)
NEUTRAL = {  # what gates and layers call any value
    "array", "data", "first", "g", "index", "local", "number", "numbers", "out", "part", "result",
    "second", "self", "taken", "tie", "traced", "value", "x",
}  # fmt: skip


class NameFinder:
    """A context manager that names variables after the locals of the frames that return."""

    def __init__(self) -> None:
        self.arrays: dict[int, str] = {}  # names of plain arrays, by id
        self._before: Callable[..., Any] | None = None

    def __enter__(self) -> NameFinder:
        self._before = sys.getprofile()
        sys.setprofile(self._see)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.setprofile(self._before)

    def _see(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "return":
            return
        file = frame.f_code.co_filename
        own = file.startswith(PACKAGE)
        if file.startswith(("<", NUMPY)) or (own and not file.startswith(GATES)):
            return
        ours = frame.f_globals.get("__name__", "").partition(".")[0] in OURS
        for name, value in frame.f_locals.items():
            if name.startswith("_") or (ours and name in NEUTRAL) or (own and len(name) < 3):
                continue
            held = value._array if isinstance(value, Tensor) else value
            if isinstance(held, np.ndarray) and not own:
                self.arrays.setdefault(id(held), name)
            if isinstance(held, Traced) and held.variable.name is None:
                held.variable.name = name


def name_gradients(program: Program, modules: dict[Variable, str]) -> None:
    """Call the gradient by `hidden` dhidden; by a value without a name, after its module."""
    for output in program.outputs:
        if output.kind != "gradient":
            continue
        value, gradient = output.source, output.variable
        name = value.name or modules.get(value)
        if name is not None and name.isidentifier() and gradient.name is None:
            gradient.name = f"d{name}"
    in_place = written_in_place(program)
    for equation in reversed(program.equations):  # x[i] = y: the same array before and after
        if equation in in_place:
            before, after = equation.args[0], equation.out
            before.name = after.name = after.name or before.name
    _make_unique(program, in_place)


def _make_unique(program: Program, in_place: set[Equation]) -> None:
    """A name means one value, or one array that is written to."""
    owners: dict[str, set[Variable]] = {}
    for variable in [i.variable for i in program.inputs]:
        if variable.name:
            owners[variable.name] = {variable}
    for equation in program.equations:
        variable = equation.out
        if variable.name is None:
            continue
        if equation in in_place and equation.args[0].name == variable.name:
            owners.setdefault(variable.name, set()).add(variable)
            continue
        name, number = variable.name, 2
        while variable.name in owners:
            variable.name = f"{name}{number}"
            number += 1
        owners[variable.name] = {variable}
