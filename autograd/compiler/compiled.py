"""`compile`: from a Python function to programs, one for each kind of arguments."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any, overload

import numpy as np

from ..errors import TraceError
from ..modes import MODE, tracing
from ..tensor import Tensor, as_constant, check_plain, constant_tensor
from ..traced import Traced
from .emit import Runner
from .guards import Surroundings
from .memory import Memory, plan
from .names import NameFinder, name_gradients
from .passes import SIMPLIFY, improve
from .program import Output, Program
from .scalars import FloatRunner, is_scalar
from .source import source
from .trace import Trace

__all__ = ["Compiled", "compile", "fresh"]

KEPT = 8  # programs for the same kinds of arguments, which differ in what they found outside


@overload
def compile(function: Callable[..., Any], *, fallback: bool = False) -> Compiled: ...
@overload
def compile(*, fallback: bool = False) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(function: Callable[..., Any] | None = None, *, fallback: bool = False) -> Any:
    """Turn a function of arrays into one straight-line NumPy program.

    The first call with arguments of new shapes, dtypes or fixed values runs the function and
    writes down every NumPy call: forward, backward, and updates of parameters. Later calls run
    that program, in memory that is used again, and give the same bits. Also a decorator.

    Arrays and floats may change from call to call; ints, bools, strings and None are fixed and
    a new value is traced anew. Arrays that the function takes from outside are constants;
    tensors and parameters are read, and updated, at every call; random numbers are drawn anew
    if they come through `fresh`. Results are not recorded. Raises TraceError for what has no
    straight-line program, such as a branch on a value; with fallback=True the function then
    just runs as it is, and `why` tells the reason.

    >>> import numpy as np
    >>> import autograd as ag
    >>> slope = ag.compile(ag.grad(lambda x: np.sum(x**3)))
    >>> slope(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    if function is None:
        return lambda f: Compiled(f, fallback)
    return Compiled(function, fallback)


def fresh(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """What `function(*args, **kwargs)` gives, as a constant; called anew by compiled programs.

    For random numbers, and for anything else that differs from call to call.

    >>> import numpy as np
    >>> import autograd as ag
    >>> rng = np.random.default_rng(0)
    >>> noisy = ag.compile(lambda x: x + ag.fresh(rng.normal, size=2))
    >>> float(noisy(np.zeros(2))[0]) != float(noisy(np.zeros(2))[0])
    True
    """
    trace = MODE.get().tracer
    if trace is None:
        return constant_tensor(as_constant(function(*args, **kwargs), copy=False))
    return constant_tensor(trace.call_anew(function, args, kwargs))


class Compiled:
    """A compiled function. Call it like the original."""

    def __init__(self, function: Callable[..., Any], fallback: bool = False):
        functools.update_wrapper(self, function)
        self.function, self.fallback = function, fallback
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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if MODE.get().tracer is not None:  # inside another compiled function: part of it
            return self.function(*args, **kwargs)
        leaves, structure = _flatten(args, kwargs)
        key = structure, tuple(map(_kind, leaves))
        known = self.entries.get(key, [])
        problem = None
        for entry in known:
            values = entry.run(leaves)
            if values is not None:
                self._last = entry
                return entry.form(values)
            problem = problem or entry.changed() or "a gradient holds NaN: masks are needed"
        if key in self._eager:
            return self.function(*args, **kwargs)
        reason = _difference(key, self.entries) if self.entries else "first call"
        try:
            entry, result = self._trace(leaves, structure)
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

    def _trace(self, leaves: list[Any], structure: Any) -> tuple[Entry, Any]:
        trace, outside = Trace(), Surroundings(self.function)
        given = [_stand_in(trace, x, k, self.parameters) for k, x in enumerate(leaves)]
        args, kwargs = _rebuild(structure, given)
        try:
            with tracing(trace):
                result = self.function(*args, **kwargs)
            results, form = _flatten_result(result)
            program = trace.finish([_data(x) for x in results])
        except BaseException:
            trace.abandon()
            raise
        entry = Entry(program, trace, results, form, outside.without(trace.reads_anew))
        values = [wrap(_value(_data(x))) for wrap, x in zip(entry.wraps, results, strict=True)]
        trace.forget()
        entry.program.forget_values()
        return entry, form(values)

    @property
    def source(self) -> str:
        """The program as a person would write it: NumPy code that runs without this package.

        Gates are written as in a textbook and named after the variables of the function, which
        is run once more for that; what really runs, with its buffers, is `generated`. Arrays
        that the function takes from outside become arguments, see `constants`.
        """
        return self._text()[0]

    @property
    def constants(self) -> dict[str, Any]:
        """The arrays from outside that `source` has as its last arguments, by name."""
        return self._text()[1]

    def _text(self) -> tuple[str, dict[str, Any]]:
        self._entry()
        trace = Trace(plain=True)
        given = [_stand_in(trace, x, k, self.parameters) for k, x in enumerate(self._leaves)]
        args, kwargs = _rebuild(self._structure, given)
        try:
            with tracing(trace), NameFinder() as finder:
                result = self.function(*args, **kwargs)
            program = trace.program([_data(x) for x in _flatten_result(result)[0]])
        finally:
            trace.abandon()
        trace.name_constants(finder.arrays)
        known = trace.gradient_of.items()
        program.outputs += [Output(gradient, "gradient", value) for value, gradient in known]
        program = improve(program, SIMPLIFY)
        name_gradients(program, trace.modules())
        return source(program, self.__name__)

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

    def __init__(
        self,
        program: Program,
        trace: Trace,
        results: list[Any],
        form: Any,
        outside: Surroundings,
    ):
        self._outside = outside
        self.program = improve(program)
        self.memory = plan(self.program)
        self.form = form
        self.wraps = [_wrap(x) for x in results]
        positions = [o.source for o in self.program.outputs if o.kind == "result"]
        self._fixed = [None if k in positions else x for k, x in enumerate(results)]
        self._positions = positions
        self._guards = trace.guards()
        self._floats = FloatRunner(self.program) if is_scalar(self.program) else None
        self._lock = threading.Lock()
        for k, x in enumerate(self._fixed):
            self._fixed[k] = _value(_data(x))

    @property
    def text(self) -> str:
        """The text of the function that runs."""
        return (self._floats or self._runner).source

    @functools.cached_property
    def _runner(self) -> Runner:
        return Runner(self.program, self.memory)

    def changed(self) -> str | None:
        """What is not as it was when the program was traced, if anything."""
        for guard in self._guards:
            problem = guard()
            if problem is not None:
                return problem
        return self._outside.changed()

    def run(self, leaves: list[Any]) -> list[Any] | None:
        """Run the program; None if something outside is not as it was when it was traced."""
        if self._outside.changed() is not None:
            return None
        arguments = [_array(x) for x in leaves]
        if self._floats is not None:
            try:
                return self._given(self._floats.run(arguments))
            except (ZeroDivisionError, OverflowError, ValueError):
                pass  # NumPy gives an infinity or NaN there
        with self._lock:
            found = self._runner.run(arguments)
        return self._given(found)

    def _given(self, found: tuple[Any, ...] | None) -> list[Any] | None:
        """The results of the function from those of the program."""
        if found is None:
            return None
        values = list(self._fixed)
        for position, value in zip(self._positions, found, strict=True):
            values[position] = self.wraps[position](value)
        return values


def _wrap(original: Any) -> Callable[[Any], Any]:
    """How a result is given: as the function gave it, a Tensor or an array."""
    if isinstance(original, Tensor):
        return constant_tensor
    return np.asarray if isinstance(original, Traced) else _same


def _same(x: Any) -> Any:
    return x


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
        return "Tensor", _kind(np.asarray(x._data)), x.requires_grad
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


def _difference(key: Any, known: Any) -> str:
    """Why none of the programs fits."""
    _, kinds = key
    for structure, others in known:
        if structure == key[0] and len(others) == len(kinds):
            pairs = enumerate(zip(kinds, others, strict=True))
            new = [f"argument {k} is {a}, not {b}" for k, (a, b) in pairs if a != b]
            return "; ".join(new)
    return "other arguments"


def _stand_in(trace: Trace, x: Any, position: int, names: list[str]) -> Any:
    """What the function gets in place of an argument while it is traced."""
    name = names[position] if position < len(names) else None
    if isinstance(x, Tensor):
        if x.requires_grad:
            return x  # lifted when it is used
        return constant_tensor(trace.argument(x._data, position, x.name or name))
    if isinstance(x, (np.ndarray, np.generic)):
        data = as_constant(check_plain(x), copy=False)
        return constant_tensor(trace.argument(data, position, name))
    if type(x) is float:
        return trace.argument(x, position, name)
    return x


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Traced) else x


def _array(x: Any) -> Any:
    """An argument as the program takes it: single values as NumPy scalars."""
    if x.__class__ is np.ndarray:
        return x if x.ndim else x[()]
    return x._data if isinstance(x, Tensor) else x


def _data(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _flatten_result(result: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    if isinstance(result, (Tensor, Traced, np.ndarray, np.generic)):
        return [result], lambda values: values[0]
    leaves, structure = _flatten((result,), {"": None})

    def form(values: list[Any]) -> Any:
        return _rebuild(structure, values)[0][0]

    return leaves, form
