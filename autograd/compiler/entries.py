"""Entries: the program for one kind of arguments, with all that stands around it at a call.

The arguments are compared with those that the program was written for, and what is outside with
what it was; then the program runs, and the results are put together as the function gave them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .arguments import FIXED, MISS, Check, is_variable
from .binding import read_all, unfit
from .emit import Runner
from .guards import Surroundings
from .heads import Call
from .lower import Form, lower
from .memory import Memory, plan
from .names import name_gradients
from .native import Native
from .passes import PICTURED, READABLE, improve
from .program import Output, Program, Variable
from .scalars import FloatRunner, is_scalar
from .source import Source, source
from .texts import text_of
from .trace import Notes
from .traced import Traced
from .turns import Once
from .verify import verify_memory
from .wording import give_names

__all__ = ["Entry", "caller"]

PER_EQUATION = 3000  # bytes that the objects of an equation take, about


def caller(
    check: Check,
    outside: Surroundings,
    run: Callable[[tuple[Any, ...]], tuple[Any, ...] | None],
    give: Callable[..., Any],
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """A function of (args, kwargs) that gives the result, or MISS.

    The arguments have to pass the check, and what is `outside` has to be as it was.
    """
    lines = [*check.lines, f"found = run(({''.join(f'{name}, ' for name in check.leaves)}))",
             "return MISS if found is None else give(*found)"]  # fmt: skip
    condition, scope = outside.condition()
    if condition:
        lines = [f"try: as_before = {condition}", "except Exception: as_before = False",
                 "if not as_before and changed() is not None: return MISS", *lines]  # fmt: skip
    scope |= {**check.scope, "MISS": MISS, "changed": outside.changed, "give": give, "run": run}
    exec("def call(args, kwargs):\n    " + "\n    ".join(lines), scope)
    return scope.pop("call")  # type: ignore[no-any-return]


class Entry:
    """The program for one kind of arguments.

    What runs it is made when it is called for the first time, which is the second call of the
    function: a program that is traced and never comes again costs neither text nor buffers.
    """

    # the whole call; MISS if the program is not to be used, or not ready
    call: Callable[[tuple[Any, ...], dict[str, Any]], Any] = staticmethod(lambda *_: MISS)
    call_later: Callable[..., Any] | None = None  # makes it from what runs the program
    said = ""  # why the function is traced at the next call anyway

    def __init__(
        self,
        program: Program,
        traced: Program,
        notes: Notes,
        arguments: list[Any],
        outside: Surroundings,
        recording: bool,
        described: Call,
    ):
        self.program, self.traced, self.notes = program, traced, notes
        self.outside, self.recording = outside, recording
        self.described = described
        self.used = 0
        # a program reads and updates the tensors that it was traced with, arguments or not
        self.tensors = {k: x for k, x in enumerate(arguments) if is_variable(x)}
        plain = (np.ndarray, np.generic, Tensor, float, *FIXED)
        self._objects = {k: x for k, x in enumerate(arguments) if not isinstance(x, plain)}
        self._memory = Once(functools.partial(_planned, program))
        self._arrays = Once(functools.partial(_on_arrays, program, self._memory))
        self._floats = Once(functools.partial(_on_floats, program))
        if any(isinstance(equation, Native) for equation in program.equations):
            self._arrays()  # so that it is known at once if there is no native code

    def get_ready(self) -> None:
        """Make what runs the program, if there is a call that waits for it."""
        later = self.call_later
        if later is not None:
            floats, arrays = self._floats(), self._arrays
            self.call = later(arrays().run if floats is None else _or_on_arrays(floats, arrays))
            self.call_later = None

    @property
    def nbytes(self) -> int:
        """About what it takes in memory when it runs: buffers, constants, and equations."""
        equations = PER_EQUATION * len(self.traced.equations)
        return (
            equations
            if is_scalar(self.program)
            else equations + self._memory().kept_of(self.program)
        )

    @property
    def text(self) -> str:
        """The text of the function that runs."""
        return (self._floats() or self._arrays()).source

    @property
    def memory(self) -> Memory:
        """Where the values of the program live, if it runs on arrays."""
        return self._memory()

    def readable(self) -> Program:
        """The same program with gates as in a textbook."""
        program, modules = self._lowered(PICTURED)
        name_gradients(program, modules)
        return program

    def source(self, name: str, gradients: bool = False) -> Source:
        """The text of a function of that name."""
        program, modules = self._lowered(READABLE)
        give_names(program)
        written = source(text_of(program, self.described, modules, name, gradients))
        written.again = functools.partial(self.source, name)
        return written

    def _lowered(
        self, passes: list[Callable[[Program], Program]]
    ) -> tuple[Program, dict[Variable, str]]:
        """The program with gates as in a textbook, and for values the names of their modules."""
        traced = self.traced
        scopes, gradients = self.notes.scopes, self.notes.gradient_of
        outputs = [Output(g, "gradient", value) for value, g in gradients.items()]
        traced = Program(
            traced.inputs, traced.equations, traced.outputs + outputs, traced.empty, traced.effects
        )
        traced = traced.with_constants()
        traced.put_in_scopes(scopes)
        lowered = lower(traced, Form.TEXTBOOK)
        program = improve(lowered.program, passes)
        known = {v: lowered.known.get(v) for v in scopes}
        return program, {
            x.variable: scopes[v].name for v, x in known.items() if isinstance(x, Traced)
        }

    def changed(self, leaves: list[Any]) -> str:
        """What is not as it was when the program was traced."""
        if self.said:
            return self.said
        for k, old in (self.tensors | self._objects).items():
            if leaves[k] is not old:
                tensor = k in self.tensors
                what = "tensor that requires a gradient" if tensor else type(old).__name__
                return f"argument {k} is another {what}"
        inputs = read_all(self.program, leaves)
        problem = self.outside.changed() or unfit(self.program, inputs)
        if problem is not None:
            return problem
        return "a gradient holds NaN: masks are needed"


def _planned(program: Program) -> Memory:
    """Where the values of a program live."""
    memory = plan(program)
    verify_memory(program, memory)
    return memory


def _on_arrays(program: Program, memory: Callable[[], Memory]) -> Runner:
    """What runs a program, in memory that is planned for it."""
    return Runner(program, memory())


def _on_floats(program: Program) -> FloatRunner | None:
    """What runs it if it is one of numbers alone."""
    return FloatRunner(program) if is_scalar(program) else None


def _or_on_arrays(
    floats: FloatRunner, arrays: Callable[[], Runner]
) -> Callable[[tuple[Any, ...]], tuple[Any, ...] | None]:
    """The function that runs a program of numbers."""
    on_floats = floats.run

    def run(arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            return on_floats(arguments)
        except (ZeroDivisionError, OverflowError, ValueError):
            return arrays().run(arguments)  # NumPy gives an infinity or NaN there

    return run
