"""Arrays whose operations are written down: what `compile` lets a function run on.

A `Traced` stands in for an array: it has its value, so shapes and dtypes are known, and every
NumPy function that meets it is written into a trace and gives another `Traced`. Gates and their
gradient rules are plain NumPy, so they run on it as they are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, NoReturn, Protocol

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..errors import TraceError
from ..standins import StandIn
from ..tensor import Tensor

__all__ = ["Recorder", "Traced", "cast"]


OTHERS = (StandIn, Tensor)


class Recorder(Protocol):
    """What a `Traced` writes to: see `compiler/trace.py`."""

    def record(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run the function on values, write it down, and give the result as a Traced."""

    wants_arrays: bool  # something computed was to be written into an array from outside

    def check_memory(self, array: Any) -> None:
        """Something computed is to be written into this array; it may be just memory."""

    def constant(self, value: Any) -> Traced:
        """A value that is the same whenever the program runs."""

    def overwrite(
        self, target: Traced, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for a function that writes its result into `target`."""


def _of_type(name: str) -> property:
    return property(attrgetter(f"variable.type.{name}"), doc=f"As of an array: {name}.")


class Traced(NDArrayOperatorsMixin, StandIn):
    """What stands for a value in a program that is being written: its variable.

    While the user's function runs it has the value, too; inside of gates it has not.
    """

    __slots__ = ("trace", "value", "variable")

    def __init__(self, trace: Recorder, value: Any, variable: Any):
        self.trace, self.value, self.variable = trace, value, variable

    shape = _of_type("shape")
    dtype = _of_type("dtype")
    ndim = _of_type("ndim")
    size = _of_type("size")
    nbytes = _of_type("nbytes")
    strides = _of_type("strides")
    itemsize = _of_type("itemsize")

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a single value")
        return int(self.shape[0])

    def __pos__(self) -> Traced:
        return self

    def __pow__(self, other: Any) -> Any:  # x ** 2 is not np.power(x, 2) to the last bit
        if _is_another(other):
            return NotImplemented
        return self.trace.record(operator.pow, (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        return self.trace.record(operator.pow, (other, self), {})

    # --- what the engine asks of a stand-in --------------------------------------------------

    def constant(self, value: Any) -> Any:
        """A value of the same program that does not change."""
        return self.trace.constant(value)

    def call(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """A step of the program, as a whole."""
        return self.trace.record(function, args, options)

    def read_only(self) -> Any:
        """The same value, which is not written to in place."""
        return Read(self.trace, self.value, self.variable)

    def as_array(self, dtype: Any) -> Any:
        """The same; a Python number becomes one of NumPy."""
        number = self.variable.type.weak
        array = self.trace.record(np.float64, (self,), {}) if number else self
        return array if dtype is None else array.astype(dtype, copy=False)

    # --- NumPy's functions -----------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(map(_is_another, inputs)):
            return NotImplemented
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            self.trace.overwrite(inputs[0], function, inputs, options)
            return None
        out = options.pop("out", None)
        if out is not None and not isinstance(out[0], Traced):
            self.trace.check_memory(out[0])
        if out is not None and isinstance(out[0], Traced):
            return self.trace.overwrite(out[0], function, inputs, options)
        return self.trace.record(function, inputs, options)  # another `out` is just memory

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, options: dict[str, Any]
    ) -> Any:
        if any(issubclass(t, OTHERS) and not issubclass(t, Traced) for t in types):
            return NotImplemented
        if function in _OF_SHAPE:
            return _OF_SHAPE[function](*args, **options)
        if function is np.copyto:
            if not isinstance(args[0], Traced):
                self.trace.check_memory(args[0])
            if options or len(args) > 2:
                self._refuse("np.copyto with more than two arguments")
            self.trace.overwrite(args[0], operator.setitem, (args[0], ..., args[1]), {})
            return None
        options = {name: value for name, value in options.items() if name != "out"}
        return self.trace.record(function, args, options)

    def __getitem__(self, index: Any) -> Traced:
        return self.trace.record(operator.getitem, (self, index), {})  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.trace.overwrite(self, operator.setitem, (self, index, value), {})

    def __iter__(self) -> Iterator[Traced]:
        return (self[k] for k in range(len(self)))

    # --- methods of arrays -----------------------------------------------------------------

    @property
    def T(self) -> Traced:  # noqa: N802 (NumPy's name)
        """The axes in reverse order."""
        return self.transpose()

    def reshape(self, *shape: Any) -> Traced:
        """As `np.reshape`."""
        given = shape[0] if len(shape) == 1 else shape
        return self.trace.record(np.reshape, (self, given), {})  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> Traced:
        """As `np.transpose`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return self.trace.record(np.transpose, (self, order) if order else (self,), {})  # type: ignore[no-any-return]

    def copy(self, order: str = "C") -> Traced:
        """The values in memory of their own, laid out in C order, or as `order` tells."""
        options = {} if order == "C" else {"order": order}
        return self.trace.record(np.ndarray.copy, (self,), options)  # type: ignore[no-any-return]

    def astype(self, dtype: Any, copy: bool = True) -> Traced:
        """As of an array."""
        if not copy and self.dtype == dtype:
            return self
        return self.trace.record(cast, (self, np.dtype(dtype)), {})  # type: ignore[no-any-return]

    # --- what no straight-line program can hold ----------------------------------------------

    def _refuse(self, what: str) -> NoReturn:
        raise TraceError(
            f"compile: {what} needs the value of {self.variable}, but a compiled program has to be "
            "the same for all values. For a choice between values use np.where(condition, a, b); "
            "pass what really is fixed as an int, a bool or a string; convert results outside of "
            "the compiled function"
        )

    def __bool__(self) -> bool:
        self._refuse("a Python branch (if, while, and, or, not)")

    def __float__(self) -> float:
        self._refuse("float(t)")

    def __int__(self) -> int:
        self._refuse("int(t)")

    def __index__(self) -> int:
        self._refuse("an integer for indexing or range()")

    def __array__(self, *_: Any, **__: Any) -> Any:
        self.trace.wants_arrays = True
        self._refuse("np.asarray(t)")

    def item(self) -> Any:
        """Refused: raises TraceError."""
        self._refuse("t.item()")

    def tolist(self) -> Any:
        """Refused: raises TraceError."""
        self._refuse("t.tolist()")

    def __repr__(self) -> str:
        return f"Traced({self.variable}: {self.dtype}{list(self.shape)})"

    __hash__ = object.__hash__


def _is_another(x: Any) -> bool:
    """Whether x is of another kind, or a tensor, which know what to do with this one."""
    return isinstance(x, OTHERS) and not isinstance(x, Traced)


def cast(x: Any, dtype: np.dtype[Any]) -> Any:
    """x as another kind of number."""
    return x.astype(dtype)


def _dtype(x: Any) -> Any:
    """What stands for x where only dtypes matter: a Python number is weak."""
    if not isinstance(x, Traced):
        return x
    return x.dtype.type(0).item() if x.variable.type.weak else x.dtype


_OF_SHAPE: dict[Callable[..., Any], Callable[..., Any]] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
    np.result_type: lambda *a: np.result_type(*map(_dtype, a)),
    np.can_cast: lambda a, *more, **o: np.can_cast(a.dtype, *more, **o),
    np.iscomplexobj: lambda a: False,
    np.isrealobj: lambda a: True,
}


def _offer_method(name: str, function: Callable[..., Any]) -> None:
    setattr(Traced, name, lambda self, *args, **options: function(self, *args, **options))


for _name in ("all", "any", "argmax", "argmin", "clip", "cumsum", "dot", "max", "mean", "min",
              "prod", "ravel", "squeeze", "std", "sum", "swapaxes", "var"):  # fmt: skip
    _offer_method(_name, getattr(np, _name))


class Read(Traced):
    """A value that is only read: `x -= step` gives another one, `x[0] = 5` is refused."""

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._refuse("t.data[index] = value, which is read-only (write t[index] = value instead),")


for _name in [name for name in dir(Traced) if name.startswith("__i")]:
    if hasattr(Traced, "__" + _name[3:]):  # the operator that gives another one
        setattr(Read, _name, getattr(Traced, "__" + _name[3:]))
