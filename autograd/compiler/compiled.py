"""`compile`: from a Python function to programs, one for each kind of arguments."""

from __future__ import annotations

import functools
import gc
import inspect
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any, Generic, ParamSpec, overload

import numpy as np

from ..arrays import as_constant, check_plain
from ..errors import TraceError
from ..modes import MODE, computing_with
from ..sharing import OUTSIDE
from ..tensor import Tensor, constant_tensor
from ..values import ARRAYS
from .binding import read_all
from .calls import MISS, caller, giver
from .draws import Draws
from .emit import Runner
from .guards import Surroundings
from .interpret import interpret
from .lower import Form, lower
from .memory import Memory, plan
from .names import name_gradients
from .native import NATIVE, require_numba
from .passes import PASSES, READABLE, improve
from .program import Anew, Output, Program, Variable
from .reach import Views, reach
from .scalars import FloatRunner, is_scalar
from .source import source
from .trace import Notes, Trace
from .traced import Traced
from .verify import verify_memory
from .wording import give_names

__all__ = ["Compiled", "compile", "fresh"]

P = ParamSpec("P")

KEPT = 8  # programs for the same kinds of arguments, which differ in what they found outside


BACKENDS = ("numpy", "numba")


@overload
def compile(
    function: Callable[P, Any], *, backend: str = "numpy", fallback: bool = False
) -> Compiled[P]: ...
@overload
def compile(
    *, backend: str = "numpy", fallback: bool = False
) -> Callable[[Callable[P, Any]], Compiled[P]]: ...
def compile(
    function: Callable[..., Any] | None = None, *, backend: str = "numpy", fallback: bool = False
) -> Any:
    """Turn a function of arrays into one straight-line NumPy program.

    The first call with arguments of new shapes, dtypes or fixed values runs the function and
    writes down every NumPy call: forward, backward, and updates of parameters. Later calls run
    that program, in memory that is used again, and give the same bits. Also a decorator.

    Arrays and floats may change from call to call; ints, bools, strings and None are fixed and
    a new value is traced anew. So is another value of what the function, and functions of yours
    that it calls, read from outside; only writing to a large array there is not noticed. What the
    function itself changes there (a counter, a list) is refused. Tensors
    and parameters are read, and updated, at every call (a program is for the tensors that it was
    traced with: pass arrays for what changes); random numbers are drawn anew if they come through
    `fresh`. Results are not recorded. Raises TraceError for what has no
    straight-line program, such as a branch on a value; with fallback=True the function then
    just runs as it is, and `why` tells the reason.

    With backend="numba" (the extra `jit`) small products and simple arithmetic run as native
    code, kept on disk; sums are then added in another order, so results agree with eager to
    rounding. Raises ImportError without numba, ValueError for a backend that is not known.

    >>> import numpy as np
    >>> import autograd as ag
    >>> slope = ag.compile(ag.grad(lambda x: np.sum(x**3)))
    >>> slope(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    if backend not in BACKENDS:
        raise ValueError(f"compile: backend is {backend!r}; expected one of {BACKENDS}")
    if backend == "numba":
        require_numba()
    if function is None:
        return lambda f: Compiled(f, backend, fallback)
    return Compiled(function, backend, fallback)


def fresh(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """What `function(*args, **kwargs)` gives, as a constant; called anew by compiled programs.

    For random numbers, and for anything else that differs from call to call. Tensors among the
    arguments are handed over as arrays that cannot be written to.

    >>> import numpy as np
    >>> import autograd as ag
    >>> rng = np.random.default_rng(0)
    >>> noisy = ag.compile(lambda x: x + ag.fresh(rng.normal, size=2))
    >>> float(noisy(np.zeros(2))[0]) != float(noisy(np.zeros(2))[0])
    True
    """
    args = tuple(map(_value_to_read, args))
    kwargs = {key: _value_to_read(x) for key, x in kwargs.items()}
    trace = MODE.get().kind
    if not isinstance(trace, Trace):
        return constant_tensor(as_constant(function(*args, **kwargs), copy=False))
    return constant_tensor(trace.call_anew(function, args, kwargs))


class Compiled(Generic[P]):
    """A compiled function. Call it like the original."""

    def __init__(self, function: Callable[P, Any], backend: str = "numpy", fallback: bool = False):
        functools.update_wrapper(self, function)
        self.function, self.backend, self.fallback = function, backend, fallback
        self._eager: set[Any] = set()  # kinds of arguments for which there is no program
        self.entries: dict[Any, list[Entry]] = {}  # by the kinds of arguments
        self.why: list[str] = []  # for every trace: what was new
        self._last: Entry | None = None
        self._leaves: list[Any] = []
        self._structure: Any = None
        self.parameters = _parameter_names(function)  # names of the arguments
        self.__name__ = getattr(function, "__name__", "step")
        if not self.__name__.isidentifier():  # a lambda
            self.__name__ = "step"

    def __get__(self, owner: Any, _: Any = None) -> Any:
        """In a class, a method: the object is the first argument."""
        return self if owner is None else types.MethodType(self, owner)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        if MODE.get().kind is not ARRAYS:  # inside another compiled function: part of it
            return self.function(*args, **kwargs)
        last = self._last
        if last is not None:
            result = last.call(args, kwargs)
            if result is not MISS:
                return result
        return self._look_up(args, kwargs)

    def _look_up(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call for which the last program did not apply."""
        leaves, structure = _flatten(args, kwargs)
        key = structure, tuple(map(_kind, leaves))
        known = self.entries.get(key, [])
        problem = None
        for entry in known:
            result = entry.call(args, kwargs)
            if result is not MISS:
                self._last = entry
                return result
            problem = problem or entry.changed(leaves)
        if key in self._eager:
            return self.function(*args, **kwargs)
        reason = self._difference(key) if self.entries else "first call"
        try:
            with _PAUSED_COLLECTOR:
                entry, result = self._trace(args, kwargs, leaves, structure)
        except TraceError as error:
            if not self.fallback:
                raise
            self._eager.add(key)
            self.why.append(f"runs without a program: {error}")
            return self.function(*args, **kwargs)
        self.why.append(problem or reason)
        self.entries[key] = [entry, *known][:KEPT]
        self._last, self._leaves, self._structure = entry, leaves, structure
        return result

    def _trace(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: list[Any], structure: Any
    ) -> tuple[Entry, Any]:
        native = self.backend == "numba"
        views: Views = {}
        reached = reach(self._roots(leaves), views=views)
        outside = Surroundings(reached.guards)
        trace = Trace(Draws(reached.random))
        given = [_stand_in(trace, x, k, self.parameters) for k, x in enumerate(leaves)]
        traced_args, traced_kwargs = _rebuild(structure, given)
        try:
            with computing_with(trace, site=None, recording=True):
                result = self.function(*traced_args, **traced_kwargs)
            results = _leaves(result)
            trace.draws.check()
            traced = trace.program([_data(x) for x in results])
            program = lower(traced, Form.NATIVE if native else Form.QUICK).program
            program = improve(program, NATIVE if native else PASSES)
            anew = [e.function.function for e in traced.equations if isinstance(e.function, Anew)]
            still = reach(self._roots(leaves), anew, views).guards if anew else outside.guards
            grown = outside.settle(trace.reads_anew, still)
            trace.finish()
        except BaseException as error:
            trace.abandon()
            if isinstance(error, TraceError):  # perhaps the function just runs after this
                trace.draws.put_back()
                outside.put_back()
            raise
        computed = [output.source for output in traced.outputs if output.kind == "result"]
        give = giver(result, results, computed)
        values = [_owned(_value(_data(results[k]))) for k in computed]
        guards, notes = trace.guards(), trace.notes()
        trace.forget()
        del given, result, results, traced_args, traced_kwargs, trace  # the graph is not needed
        entry = Entry(program, traced, notes, guards, leaves, outside)
        if not grown:  # else the next call is traced as well: attributes may be added once
            entry.call = caller(args, kwargs, set(entry.tensors), outside, entry.run, give)
        return entry, give(*values)

    def _roots(self, leaves: list[Any]) -> list[tuple[Any, str]]:
        """Where to look for what the function takes from outside: in itself, in its arguments."""
        names = self.parameters
        objects = [
            (x, names[k] if k < len(names) else "an argument")
            for k, x in enumerate(leaves)
            if not isinstance(x, (np.ndarray, Tensor))
        ]
        return [(self.function, ""), *objects]

    def _difference(self, key: Any) -> str:
        """Why none of the programs fits."""
        structure, kinds = key
        differences = [
            [
                f"{self._argument(k, structure)} is {_described(new)}, before {_described(old)}"
                for k, (new, old) in enumerate(zip(kinds, others, strict=True))
                if new != old
            ]
            for known, others in self.entries
            if known == structure and len(others) == len(kinds)
        ]
        fewest: list[str] = min(differences, key=len, default=["other arguments"])
        return "; ".join(fewest)

    def _argument(self, k: int, structure: Any) -> str:
        flat = isinstance(structure, int) and k < len(self.parameters)
        return self.parameters[k] if flat else f"value {k} of the arguments"

    @property
    def source(self) -> str:
        """The program as a person would write it: NumPy code that runs without this package.

        Gates are written as in a textbook and named after the variables of the function; what
        really runs, with its buffers, is `generated`. Arrays that the function takes from outside
        become arguments, see `constants`.
        """
        return self._text()[0]

    @property
    def constants(self) -> dict[str, Any]:
        """The arrays from outside that `source` has as its last arguments, by name."""
        return self._text()[1]

    @property
    def readable(self) -> Program:
        """The program of `source`: gates as in a textbook, values named as in the function."""
        return self._readable()

    def _text(self) -> tuple[str, dict[str, Any]]:
        return source(self._readable(), self.__name__)

    def _readable(self) -> Program:
        return self._entry().readable()

    def example(self) -> tuple[Program, dict[Variable, Any]]:
        """The readable program, and its values for the arguments of the last traced call."""
        program = self.readable
        with np.errstate(all="ignore"):
            return program, interpret(program, read_all(program, self._leaves))

    @property
    def generated(self) -> str:
        """The text of the function that runs, with buffers in place of most values."""
        return self._entry().text

    @property
    def program(self) -> Program:
        """The program of the last call."""
        return self._entry().program

    def memory(self) -> Memory:
        """Which buffers the program of the last call keeps."""
        return self._entry().memory

    def _entry(self) -> Entry:
        if self._last is None:
            raise TraceError("compile: no program yet; call the function once")
        return self._last


class Entry:
    """The program for one kind of arguments."""

    # the whole call; MISS if the program is not to be used
    call: Callable[[tuple[Any, ...], dict[str, Any]], Any] = staticmethod(lambda *_: MISS)

    def __init__(
        self,
        program: Program,
        traced: Program,
        notes: Notes,
        guards: list[Callable[[], str | None]],
        arguments: list[Any],
        outside: Surroundings,
    ):
        self.program, self.traced, self.notes = program, traced, notes
        self.outside, self._guards = outside, guards
        # a program reads and updates the tensors that it was traced with, arguments or not
        self.tensors = {k: x for k, x in enumerate(arguments) if _is_variable(x)}
        self._floats = FloatRunner(self.program) if is_scalar(self.program) else None
        self.run = self._on_floats if self._floats is not None else self._runner.run

    @property
    def text(self) -> str:
        """The text of the function that runs."""
        return (self._floats or self._runner).source

    @functools.cached_property
    def memory(self) -> Memory:
        """Where the values of the program live, if it runs on arrays."""
        memory = plan(self.program)
        verify_memory(self.program, memory)
        return memory

    @functools.cached_property
    def _runner(self) -> Runner:
        return Runner(self.program, self.memory)

    def readable(self) -> Program:
        """The same program with gates as in a textbook."""
        traced = self.traced
        scopes, gradients = self.notes.scopes, self.notes.gradient_of
        outputs = [Output(g, "gradient", value) for value, g in gradients.items()]
        traced = Program(traced.inputs, traced.equations, traced.outputs + outputs, traced.empty)
        traced.put_in_scopes(scopes)
        lowered = lower(traced, Form.TEXTBOOK)
        program = improve(lowered.program, READABLE)
        give_names(program)
        known = {v: lowered.known.get(v) for v in scopes}
        name_gradients(program, {
            x.variable: scopes[v].name for v, x in known.items() if isinstance(x, Traced)
        })  # fmt: skip
        return program

    def changed(self, leaves: list[Any]) -> str:
        """What is not as it was when the program was traced."""
        for k, tensor in self.tensors.items():
            if leaves[k] is not tensor:
                return f"argument {k} is another tensor that requires a gradient"
        for guard in [*self._guards, self.outside.changed]:
            problem = guard()
            if problem is not None:
                return problem
        return "a gradient holds NaN: masks are needed"

    def _on_floats(self, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            return self._floats.run(arguments)  # type: ignore[union-attr]
        except (ZeroDivisionError, OverflowError, ValueError):
            return self._runner.run(arguments)  # NumPy gives an infinity or NaN there


class _PausedCollector:
    """Python's search for reference cycles waits: the many objects of a program all stay, and
    to go through them again and again takes a third of the time."""

    def __init__(self) -> None:
        self._inside = 0
        self._enabled = False
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._enabled = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside and self._enabled:
                gc.enable()


_PAUSED_COLLECTOR = _PausedCollector()


def _is_variable(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _flatten(args: Any, kwargs: Any) -> tuple[list[Any], Any]:
    """Arguments as a flat list, and how they were nested."""
    if not kwargs and not any(isinstance(x, (tuple, list, dict)) for x in args):
        return list(args), len(args)
    leaves: list[Any] = []
    return leaves, (_take_apart(args, leaves), _take_apart(kwargs, leaves))


def _take_apart(x: Any, leaves: list[Any]) -> Any:
    """The form of nested containers; what they hold goes to `leaves`."""
    if isinstance(x, (tuple, list)):
        return (type(x).__name__, *(_take_apart(item, leaves) for item in x))
    if isinstance(x, dict):
        return ("dict", *((key, _take_apart(value, leaves)) for key, value in x.items()))
    leaves.append(x)
    return None


def _rebuild(structure: Any, leaves: list[Any]) -> tuple[Any, dict[str, Any]]:
    if isinstance(structure, int):
        return tuple(leaves), {}
    rest = iter(leaves)
    return _put_together(structure[0], rest), _put_together(structure[1], rest)


def _put_together(form: Any, rest: Iterator[Any]) -> Any:
    if form is None:
        return next(rest)
    kind, *items = form
    if kind == "dict":
        return {key: _put_together(value, rest) for key, value in items}
    parts = [_put_together(item, rest) for item in items]
    return parts if kind == "list" else tuple(parts)


def _kind(x: Any) -> Any:
    """What a program depends on: of arrays shape, dtype and layout, of ints the value."""
    if x.__class__ is np.ndarray:
        return x.shape, x.dtype, x.strides
    if isinstance(x, Tensor):
        if x.requires_grad and not x.is_leaf:
            raise TraceError(
                "compile: an argument is a recorded tensor, and a compiled function records "
                "nothing; compile the whole computation, or pass t.detach()"
            )
        return "Tensor", _kind(np.asarray(x._array)), x.requires_grad
    if type(x) is float:
        return "float"
    if isinstance(x, np.generic):
        return (), x.dtype, ()
    try:
        hash(x)
    except TypeError:
        raise TraceError(
            f"compile: an argument is a {type(x).__name__}; pass arrays, numbers, strings, or "
            "lists, tuples and dictionaries of them"
        ) from None
    return type(x).__name__, x


def _described(kind: Any) -> str:
    """What `_kind` gives, in words."""
    if kind[0] == "Tensor":
        tracked = "with" if kind[2] else "without"
        return f"a tensor {tracked} gradient, {_described(kind[1])}"
    if isinstance(kind[0], tuple):
        shape, dtype, strides = kind
        transposed = len(shape) > 1 and strides != np.empty(shape, dtype).strides
        return f"{dtype} {shape}{' in another order' * transposed}"
    return "a float" if kind == "float" else repr(kind[1])


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
        given = constant_tensor(trace.argument(data, position, name))
        return given if isinstance(x, np.generic) else _not_to_be_written_to(given)
    if type(x) is float:
        return trace.argument(x, position, name)
    return x


def _not_to_be_written_to(argument: Tensor) -> Tensor:
    """An array of the caller's; what the program did to it would not reach the caller."""
    argument._memory = OUTSIDE
    return argument


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Traced) else x


def _owned(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _data(x: Any) -> Any:
    return x._array if isinstance(x, Tensor) else x


def _value_to_read(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def _leaves(result: Any) -> list[Any]:
    """What nested containers hold."""
    leaves: list[Any] = []
    _take_apart(result, leaves)
    return leaves
