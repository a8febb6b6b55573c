"""Entries: the program for one kind of arguments, with all that stands around it at a call.

The arguments are compared with those that the program was written for, and what is outside with
what it was; then the program runs, and the results are put together as the function gave them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .arguments import Check, Miss, is_variable
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

__all__ = ["Entry"]

PER_EQUATION = 3000  # bytes that the objects of an equation take, about


def caller(
    check: Check,
    outside: Surroundings,
    run: Callable[[tuple[Any, ...]], tuple[Any, ...] | str],
    give: Callable[..., Any],
) -> Callable[[tuple[Any, ...], dict[str, Any]], Any]:
    """A function of (args, kwargs) that gives the result, or a `Miss`.

    The arguments have to pass the check, and what is `outside` has to be as it was.
    """
    lines = [*check.lines, f"found = run(({''.join(f'{name}, ' for name in check.leaves)}))",
             "return give(*found) if found.__class__ is tuple else Miss(found)"]  # fmt: skip
    condition, scope = outside.condition()
    if condition:
        lines = [f"try: as_before = {condition}", "except Exception: as_before = False",
                 "if not as_before and (why := changed()) is not None: return Miss(why)",
                 *lines]  # fmt: skip
    scope |= {**check.scope, "Miss": Miss, "changed": outside.changed, "give": give, "run": run}
    exec("def call(args, kwargs):\n    " + "\n    ".join(lines), scope)
    return scope.pop("call")  # type: ignore[no-any-return]


class Entry:
    """The program for one kind of arguments.

    What runs it is made when it is called for the first time, which is the second call of the
    function: a program that is traced and never comes again costs neither text nor buffers.
    """

    # the whole call; a `Miss` if the program is not to be used, or not ready
    call: Callable[[tuple[Any, ...], dict[str, Any]], Any] = staticmethod(lambda *_: Miss())
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
        self._memory = Once(functools.partial(_planned, program))
        self._arrays = Once(functools.partial(_on_arrays, program, self._memory))
        self._floats = Once(functools.partial(_on_floats, program))
        if any(isinstance(equation, Native) for equation in program.equations):
            self._arrays()  # so that it is known at once if there is no native code

    def may_come_again(self, check: Check, give: Callable[..., Any]) -> None:
        """Calls with arguments that pass the check run the program, and give what `give` says."""
        self.call_later = functools.partial(caller, check, self.outside, give=give)

    def is_for_one_call(self, why: str) -> None:
        """The function is traced at the next call anyway."""
        self.said, self.call, self.call_later = why, lambda *_: Miss(why), None

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
        invented = give_names(program)
        text = text_of(program, self.described, modules, name, gradients, invented)
        written = source(text)
        written.again = functools.partial(self.source, name)
        return written

    def _lowered(
        self, passes: list[Callable[[Program], Program]]
    ) -> tuple[Program, dict[Variable, str]]:
        """The program with gates as in a textbook, and for values the names of their modules."""
        traced = self.traced
        scopes, gradients = self.notes.scopes, self.notes.gradient_of
        outputs = [o for o in traced.outputs if o.kind != "finite"]  # nobody reads what is asked
        outputs += [Output(g, "gradient", value) for value, g in gradients.items()]
        traced = Program(traced.inputs, traced.equations, outputs, traced.empty, traced.effects)
        traced = traced.with_constants()
        traced.put_in_scopes(scopes)
        lowered = lower(traced, Form.TEXTBOOK)
        program = improve(lowered.program, passes)
        known = {v: lowered.known.get(v) for v in scopes}
        return program, {
            x.variable: scopes[v].name for v, x in known.items() if isinstance(x, Traced)
        }


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
) -> Callable[[tuple[Any, ...]], tuple[Any, ...] | str]:
    """The function that runs a program of numbers."""
    on_floats = floats.run

    def run(arguments: tuple[Any, ...]) -> tuple[Any, ...] | str:
        try:
            return on_floats(arguments)
        except (ZeroDivisionError, OverflowError, ValueError):
            return arrays().run(arguments)  # NumPy gives an infinity or NaN there

    return run
