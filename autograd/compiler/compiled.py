"""`compile`: from a Python function to programs, one for each kind of arguments."""

from __future__ import annotations

import copy
import functools
import inspect
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, overload

import numpy as np

from ..arrays import as_constant
from ..errors import TraceError
from ..modes import MODE, computing_with
from ..tensor import Tensor, constant_tensor
from ..values import ARRAYS, Kind
from .apart import Apart
from .arguments import Given, Miss, described, flatten, kind_of
from .attempt import Subject, trace
from .binding import read_all
from .codes import count_as_users
from .draws import HANDED_ON, call_or_take
from .entries import Entry
from .interpret import interpret
from .memory import Memory
from .native import require_numba
from .places import Changing
from .program import Program, Variable
from .source import Source
from .store import SAID, Store, changing_int, now, say
from .trace import Trace
from .turns import PAUSED_COLLECTOR, TURN

__all__ = ["Compiled", "compile", "fresh"]

P = ParamSpec("P")

BACKENDS = ("numpy", "numba")


@overload
def compile(
    function: Callable[P, Any], *, backend: str = "numpy", fallback: bool = False, threads: int = 1
) -> Compiled[P]: ...
@overload
def compile(
    *, backend: str = "numpy", fallback: bool = False, threads: int = 1
) -> Callable[[Callable[P, Any]], Compiled[P]]: ...
def compile(
    function: Callable[..., Any] | None = None,
    *,
    backend: str = "numpy",
    fallback: bool = False,
    threads: int = 1,
) -> Any:
    """Turn a function of arrays into one straight-line NumPy program.

    The first call with arguments of new shapes, dtypes or fixed values runs the function and
    writes down every NumPy call: forward, backward, and updates of parameters. Later calls run
    that program, in memory that is used again, and give the same bits. Also a decorator.

    Arrays and floats may change from call to call; ints, bools, strings and None are fixed and
    a new value is traced anew. So is another value of what the function, and functions of yours
    that it calls, read from outside. An array there of more than 1 MB is read as it is where gates
    meet it; for what else is read from it, only a sample of its elements is compared. What the
    function itself changes there (a counter, arrays of momentum) is carried from call to call, and
    what cannot be is refused, or traced at every call. Tensors and parameters are read, and
    updated, at every call (a program is for the tensors that it was traced with: pass arrays for
    what changes); random numbers are drawn anew if they come through `fresh`. Results are not
    recorded. Raises TraceError for what has no
    straight-line program, such as a branch on a value; with fallback=True the function then
    just runs as it is, and `why` tells the reason.

    With backend="numba" (the extra `jit`) small products and simple arithmetic run as native
    code, kept on disk; sums are then added in another order, so results agree with eager to
    rounding. With threads=2, or more, chains of elementwise functions over large arrays are shared
    out among so many; their bits stay the same. Raises ImportError without numba, ValueError for a
    backend that is not known, or threads without native code.

    >>> import numpy as np
    >>> import autograd as ag
    >>> slope = ag.compile(ag.grad(lambda x: np.sum(x**3)))
    >>> slope(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """
    if backend not in BACKENDS:
        raise ValueError(f"compile: backend is {backend!r}; expected one of {BACKENDS}")
    if type(threads) is not int or threads < 1 or (threads > 1 and backend != "numba"):
        raise ValueError(
            f"compile: threads is {threads!r} with backend={backend!r}; expected a number from 1 "
            'on, and more than 1 with backend="numba" alone'
        )
    if backend == "numba":
        require_numba()
    if function is None:
        return lambda f: Compiled(f, backend, fallback, threads)
    return Compiled(function, backend, fallback, threads)


def fresh(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Tensor:
    """What `function(*args, **kwargs)` gives, as a constant; called anew by compiled programs.

    For random numbers, and for anything else that differs from call to call. Tensors among the
    arguments are handed over as arrays that cannot be written to.
    Raises TraceError if it looks at a tensor that the compiled function has changed before, or
    changes one that it reads.

    >>> import numpy as np
    >>> import autograd as ag
    >>> rng = np.random.default_rng(0)
    >>> noisy = ag.compile(lambda x: x + ag.fresh(rng.normal, size=2))
    >>> float(noisy(np.zeros(2))[0]) != float(noisy(np.zeros(2))[0])
    True
    """
    args = tuple(map(_value_to_read, args))
    kwargs = {key: _value_to_read(x) for key, x in kwargs.items()}
    kind = MODE.get().kind
    if not isinstance(kind, Trace):
        return constant_tensor(as_constant(call_or_take(function, args, kwargs), copy=False))
    return constant_tensor(kind.call_anew(function, args, kwargs))


class Compiled(Generic[P]):
    """A compiled function. Call it like the original."""

    def __init__(
        self,
        function: Callable[P, Any],
        backend: str = "numpy",
        fallback: bool = False,
        threads: int = 1,
    ):
        refuse_kind(function)
        functools.update_wrapper(self, function)
        self.threads = threads
        self.function, self.backend, self.fallback = function, backend, fallback
        self._eager: set[Any] = set()  # kinds of arguments for which there is no program
        self.entries = Store()
        self.why: list[str] = []  # for every trace, or for the last ones: what was new
        self._traced: list[Any] = []  # the kinds of arguments of the last traces
        self._warned = False
        self._last: Entry | None = None
        self._leaves: list[Any] = []
        self._structure: Any = None
        self.parameters = _parameter_names(function)  # names of the arguments
        count_as_users(function)
        native = backend == "numba"
        self._subject = Subject(function, self.parameters, native, threads, Changing())
        self.__name__ = self._subject.name

    def __reduce__(self) -> Any:
        """Copies and pickles are of the function, and trace programs of their own."""
        found: Any = sys.modules.get(self.function.__module__)
        for name in self.function.__qualname__.split("."):
            found = getattr(found, name, None)
        if found is self:  # it stands in a module under the name of the function, by `@compile`
            return self.function.__qualname__
        return compile_again, (self.function, self.backend, self.fallback, self.threads)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        function = copy.deepcopy(self.function, memo)
        return Compiled(function, self.backend, self.fallback, self.threads)

    def __get__(self, owner: Any, _: Any = None) -> Any:
        """In a class, a method: the object is the first argument."""
        return self if owner is None else types.MethodType(self, owner)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        mode = MODE.get()
        if mode.kind is not ARRAYS:
            return self._inside(mode.kind, args, kwargs)
        last = self._last
        if last is not None and last.recording is mode.recording:
            result = last.call(args, kwargs)
            if result.__class__ is not Miss:
                return result
        with HANDED_ON.once_more() as start:
            return self._look_up(args, kwargs, start)

    def _inside(self, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call inside another compiled function, of which it is a part."""
        if not isinstance(kind, Apart):
            return self.function(*args, **kwargs)
        with computing_with(ARRAYS):  # but not in what it calls anew
            result = self(*args, **kwargs)
        if self._last is not None:
            kind.used(self._last.program)
        return result

    def _look_up(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], start: Callable[[], None]
    ) -> Any:
        """A call for which the last program did not apply; `start` it anew."""
        if self._last is not None:
            self._last.used = now()
        leaves, structure = flatten(args, kwargs)
        key = structure, tuple(map(kind_of, leaves)), MODE.get().recording
        result = self._with_a_program(key, args, kwargs, start)
        if result.__class__ is not Miss:
            return result
        if key in self._eager:
            return self.function(*args, **kwargs)
        with TURN.taken():
            result = self._with_a_program(key, args, kwargs, start)
            if result.__class__ is not Miss:  # another thread has traced in the meantime
                return result
            reason = result or (self._difference(key) if self.entries else "first call")
            try:
                with PAUSED_COLLECTOR:
                    entry, result = trace(self._subject, Given(args, kwargs, leaves, structure))
            except TraceError as error:
                if not self.fallback:
                    raise
                if len(self._eager) >= SAID:
                    self._eager.clear()
                self._eager.add(key)
                say(self.why, f"runs without a program: {error}")
            else:
                let_go = self.entries.keep(key, entry)
                say(self.why, reason + self._advice(key) + let_go)
                self._last, self._leaves, self._structure = entry, leaves, structure
                return result
        return self.function(*args, **kwargs)

    def _with_a_program(
        self,
        key: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        start: Callable[[], None],
    ) -> Any:
        """The result of a program that is there; or what is not as it was for it, if it is."""
        problem = Miss()
        for entry in self.entries.get(key, []):
            start()
            entry.get_ready()
            result = entry.call(args, kwargs)
            if result.__class__ is not Miss:
                entry.used = now()
                self._last = entry
                return result
            problem = problem or result
        start()
        return problem

    def _advice(self, key: Any) -> str:
        """Words, also as a warning, if an int was another one at each of the last traces."""
        self._traced.append(key[:2])
        values = [kinds for _, kinds in self._traced]
        k = changing_int(self._traced)
        if k is None:
            return ""
        name, ints = self._argument(k, key[0]), ", ".join(str(kinds[k][1]) for kinds in values)
        advice = (
            f"{name} is an int, which is fixed in a program, and was another one at each of the "
            f"last traces ({ints}); pass what changes from call to call as a float, as in "
            f"float({name}), or where it has to stay whole as a NumPy number, np.int64({name})"
        )
        if not self._warned:
            self._warned = True
            warnings.warn(f"compile: {self.__name__}: {advice}", RuntimeWarning, stacklevel=4)
        return f"; {advice}"

    def _difference(self, key: Any) -> str:
        """Why none of the programs fits."""
        structure, kinds, recording = key
        if (structure, kinds, not recording) in self.entries:
            return f"{'outside' if recording else 'inside'} of no_grad"
        differences = [
            [
                f"{self._argument(k, structure)} is {described(new)}, before {described(old)}"
                for k, (new, old) in enumerate(zip(kinds, others, strict=True))
                if new != old
            ]
            for known, others, recorded in self.entries
            if known == structure and len(others) == len(kinds) and recorded is recording
        ]
        fewest: list[str] = min(differences, key=len, default=["other arguments"])
        return "; ".join(fewest)

    def _argument(self, k: int, structure: Any) -> str:
        flat = isinstance(structure, int) and k < len(self.parameters)
        return self.parameters[k] if flat else f"value {k} of the arguments"

    @property
    def source(self) -> Source:
        """The program as a person would write it: NumPy code that runs without this package.

        Gates are written as in a textbook and named after the variables of the function; what
        really runs, with its buffers, is `generated`. The text is called as the function is, and
        returns what that returns; behind its arguments come the parameters and what else the
        function takes from outside, in the order in which it meets them, and `constants`. Arrays
        of parameters are updated in place. With `source(gradients=True)` it returns
        (result, gradients), with those that the function leaves in parameters.
        """
        return self._entry().source(self.__name__)

    @property
    def constants(self) -> dict[str, Any]:
        """What `source` has as its last arguments, by name: settings of optimisers, arrays from
        outside that are too large to be written down, sources of random numbers."""
        return self._entry().source(self.__name__).constants

    @property
    def state(self) -> dict[str, Any]:
        """What the function changes itself and the program carries, as it is now: by the names
        that `source` has as arguments.

        There an array that the function writes to is written to; the other new values are returned
        after the results, in this order.
        """
        carried = self._entry().source(self.__name__).state
        return {name: place.value() for name, place in carried.items()}

    @property
    def readable(self) -> Program:
        """The program in pictures: gates as in a textbook, values named as in the function."""
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


def compile_again(function: Any, backend: str, fallback: bool, threads: int) -> Any:
    """A compiled function out of a pickle."""
    return compile(function, backend=backend, fallback=fallback, threads=threads)


def refuse_kind(function: Any) -> None:
    """Raise TraceError for a function that does not return its result at once."""
    called = inspect.getattr_static(type(function), "__call__", None)
    for name, asks in (
        ("a generator", inspect.isgeneratorfunction), ("a coroutine", inspect.iscoroutinefunction),
        ("an asynchronous generator", inspect.isasyncgenfunction),
    ):  # fmt: skip
        if asks(function) or asks(called):
            raise TraceError(
                f"compile: {getattr(function, '__name__', 'the function')} is {name}, which runs "
                "step by step; compile the function that makes one step, and call it in there"
            )


def _parameter_names(function: Callable[..., Any]) -> list[str]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def _value_to_read(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x
