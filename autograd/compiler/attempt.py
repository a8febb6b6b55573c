"""Attempt: the user's function runs once while it is traced, and it is all or nothing.

At the end there is an entry, and everything outside is as the function left it; or there is an
error, and everything is as it was before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..arrays import ReadOnly, as_constant, check_plain
from ..errors import AutogradError, TraceError
from ..modes import MODE, computing_with
from ..sharing import OUTSIDE
from ..standins import concrete
from ..tensor import Tensor, constant_tensor
from .arguments import Check, Given, fixed, flatten, rebuild
from .asks import TypesSeen, check_arguments, identity_of, is_replaced
from .binding import commit
from .containers import Read
from .draws import Draws
from .entries import Entry
from .files import guards_of_files, noting_files
from .guards import Guard, Surroundings
from .heads import Call
from .leftovers import collections, is_left_over, replace
from .lookalikes import lookalike
from .lower import Form, lower
from .native import with_native
from .passes import improve
from .places import Changing
from .program import Anew, Program
from .reach import Reached, Views, reach
from .returned import form_of, giver, parts_of
from .state import State
from .trace import Trace, owned

__all__ = ["Subject", "trace"]


class Subject(NamedTuple):
    """What is compiled, and how: a function, the names of its parameters, a backend, and what the
    function is known to change itself."""

    function: Callable[..., Any]
    parameters: list[str]
    native: bool
    threads: int
    changing: Changing

    @property
    def name(self) -> str:
        """The name of the function; a lambda has none."""
        name = getattr(self.function, "__name__", "step")
        return name if name.isidentifier() else "step"


def trace(subject: Subject, given: Given) -> tuple[Entry, Any]:
    """Trace a function, once more with other stand-ins if those were not the right ones.

    Gives its program, and the result of this call.
    """
    wide, read = False, set[tuple[int, Any]]()
    first: AutogradError | None = None
    while True:
        try:
            return _Attempt(subject, given, wide, read).run()
        except Read as signal:
            read.add(signal.args[0].id)
        except AutogradError as error:
            if first is not None or not getattr(error, "wants_arrays", False):
                raise first or error from None
            first, wide = error, True


class _Attempt:
    def __init__(self, subject: Subject, given: Given, wide: bool, read: set[tuple[int, Any]]):
        self.subject, self.given = subject, given
        self.recording = MODE.get().recording
        self.views: Views = {}
        self.reached = reached = reach(self._roots(), views=self.views)
        self.identity = identity_of(given.leaves, reached)
        self.outside = Surroundings(reached.guards)
        self.trace = Trace(Draws(reached.random), reached.arrays)
        if not reached.names.isdisjoint(("errstate", "seterr")):
            self.trace.error_states = []
        owners = {id(view): kind for kind, view in self.views.items()}
        self.state = State(
            reached.guards, owners, subject.changing, given.leaves, reached.names, read, wide
        )
        self.stand_ins = [
            _stand_in(self.trace, x, k, subject.parameters) for k, x in enumerate(given.leaves)
        ]
        if self.identity:
            self.stand_ins = [self.stand_ins[k] for k in self.identity.first]
        self.state.ids.update(map(id, self.stand_ins))

    def run(self) -> tuple[Entry, Any]:
        """The program, and the result of this call."""
        before = collections()
        try:
            entry, give, values = self._all_or_nothing()
        except BaseException as error:
            self._undo(error)  # if Ctrl-C has interrupted it; else it is done
            raise
        trace = self.trace
        trace.forget()
        del self.trace, self.state, self.stand_ins  # the graph is not needed
        if is_left_over(trace, before) and replace(trace):
            entry.is_for_one_call("what stands for values while it is traced was found left over")
        return entry, give(*values)

    def _all_or_nothing(self) -> tuple[Entry, Callable[..., Any], list[Any]]:
        """The entry, and what it gives for the values of this call, which take effect."""
        try:
            result, files = self._called()
            return self._entry(result, files)
        except BaseException as error:
            if self.trace.refusal is not None and isinstance(error, Exception):
                error = self.trace.refusal  # NumPy has made another one of it
            self._undo(error)
            raise error

    def _called(self) -> tuple[Any, list[Guard]]:
        """What the function returns for the stand-ins, and guards of files that it has read."""
        given, trace, reached = self.given, self.trace, self.reached
        args, kwargs = rebuild(given.structure, self.stand_ins)
        self.state.enter(trace)
        replaced = any(map(is_replaced, given.leaves)) or bool(self.state.stood)
        types_seen = TypesSeen(code for code, _ in reached.codes if replaced)
        with (
            noting_files(reached.names) as files,
            computing_with(trace, site=None, recording=self.recording),
            types_seen,
        ):
            result = self.subject.function(*args, **kwargs)
        if trace.refusal is not None:  # the function has caught it
            raise trace.refusal
        check_arguments(flatten(args, kwargs), self.stand_ins, given.structure)
        return result, guards_of_files(files)

    def _entry(
        self, result: Any, files: list[Guard]
    ) -> tuple[Entry, Callable[..., Any], list[Any]]:
        """The same, of what the function has returned."""
        given, trace, state = self.given, self.trace, self.state
        results = parts_of(result, trace.stays)
        trace.draws.check()
        trace.check_error_states()
        settled = state.settle(trace, self._looked_at().guards)
        values = [None if trace.stays(x) else trace.data(x) for x in results]
        traced = trace.program(values, settled.leaves, settled.effects)
        program = self._improved(traced)
        depends = Surroundings([*settled.guards, *files])
        computed = [output.source for output in traced.outputs if output.kind == "result"]
        give = giver(result, results, computed, self.subject.name)
        places = rebuild(given.structure, [*range(len(given.leaves))])
        others = {k: x for k, x in enumerate(results) if k not in computed}
        call = Call.of(self.subject.function, *places, fixed(given.leaves), form_of(result), others)
        values = [owned(concrete(values[k])) for k in computed]
        entry = Entry(program, traced, trace.notes(), given.leaves, depends, self.recording, call)
        if settled.keep:
            check = Check.of(given.args, given.kwargs, set(entry.tensors), self.identity)
            entry.may_come_again(check, give)
        else:
            entry.is_for_one_call(settled.said)
        trace.finish([*settled.changes, state.done()])
        return entry, give, values

    def _improved(self, traced: Program) -> Program:
        """The program that runs."""
        if self.subject.native:
            return with_native(traced, self.subject.threads)
        return improve(lower(traced, Form.QUICK).program)

    def _looked_at(self) -> Reached:
        """What the program depends on: all that was reached, but by functions of `fresh`."""
        called = (e.function for e in self.trace.equations if isinstance(e.function, Anew))
        anew = [function.function for function in called]
        with self.state.as_before():
            still = reach(self._roots(), anew, self.views) if anew else self.reached
        _refuse_chance(still)
        return still

    def _undo(self, error: BaseException) -> None:
        """Put back what a trace that fails has changed, and all stand-ins."""
        trace, state = self.trace, self.state
        if state.is_done:
            return
        state.leave()
        trace.abandon()
        if isinstance(error, (AutogradError, Read)):  # perhaps the function just runs after this
            trace.draws.put_back()
            self.outside.put_back()
            if trace.wants_arrays or "out=" in str(error):
                error.wants_arrays = True  # type: ignore[union-attr]
        else:  # nothing has happened, but for what functions of `fresh` did
            self.outside.put_back(reach(self._roots(), trace.called, self.views).guards)
        commit((), [state.done()])

    def _roots(self) -> list[tuple[Any, str]]:
        """Where to look for what the function takes from outside: in itself, in its arguments."""
        names = self.subject.parameters
        objects = [
            (x, names[k] if k < len(names) else "an argument")
            for k, x in enumerate(self.given.leaves)
            if not isinstance(x, (np.ndarray, Tensor))
        ]
        return [(self.subject.function, ""), *objects]


def _refuse_chance(reached: Reached) -> None:
    """Raise TraceError where the function reads a clock, or copies a source of random numbers."""
    copies = reached.names & {"deepcopy", "spawn"} if reached.random else set[str]()
    for name in sorted(reached.clocks | copies):
        what = "a clock" if name in reached.clocks else "random numbers of a copied source"
        raise TraceError(
            f"compile: the function reads {what} ({name}), and a compiled program would use the "
            f"same at every call; call it through ag.fresh, or pass the value as an argument"
        )


def _stand_in(trace: Trace, x: Any, position: int, names: list[str]) -> Any:
    """What the function gets in place of an argument while it is traced."""
    name = names[position] if position < len(names) else None
    if isinstance(x, Tensor):
        if x.requires_grad:
            return x  # lifted when it is used
        given = constant_tensor(trace.argument(x._array, position, x.name or name))
        return _not_to_be_written_to(given)
    if isinstance(x, (np.ndarray, np.generic)):
        data = as_constant(check_plain(x), copy=False)
        shown = isinstance(x, ReadOnly)
        traced = trace.argument(np.asarray(data) if shown else data, position, name)
        if shown:
            return traced.read_only()
        return lookalike(traced, np.asarray(data) if isinstance(x, np.ndarray) else data)
    if type(x) is float:
        return lookalike(trace.argument(x, position, name), x)
    return x


def _not_to_be_written_to(argument: Tensor) -> Tensor:
    """An array of the caller's; what the program did to it would not reach the caller."""
    argument._memory = OUTSIDE
    return argument
