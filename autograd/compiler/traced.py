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
from .types import Type, fresh, type_of

__all__ = ["Recorder", "Traced", "cast", "is_another"]


OTHERS = (StandIn, Tensor)


class Recorder(Protocol):
    """What a `Traced` writes to: see `compiler/trace.py`."""

    def record(
        self, function: Callable[..., Any], args: Any, kwargs: Any, outside: bool = False
    ) -> Any:
        """Run the function on values, write it down, and give the result as a Traced.

        `outside`: the user's program calls it, and gets what stands for an array or a number.
        """

    wants_arrays: bool  # something computed was to be written into an array from outside

    def check_memory(self, array: Any) -> None:
        """Something computed is to be written into this array; it may be just memory."""

    def constant(self, value: Any) -> Traced:
        """A value that is the same whenever the program runs."""

    def overwrite(
        self, target: Traced, function: Callable[..., Any], args: Any, kwargs: Any
    ) -> Traced:
        """The same for a function that writes its result into `target`."""

    def outside(self, x: Traced) -> Any:
        """What stands for an array that the engine gives to the user's program."""

    def read_only(self, x: Traced) -> Any:
        """The same for the values of a tensor."""

    def refused(self, error: TraceError) -> TraceError:
        """The error, remembered: the program that is traced may catch it."""

    open: bool  # the program is still being traced


def _of_type(name: str) -> property:
    return property(attrgetter(f"variable.type.{name}"), doc=f"As of an array: {name}.")


class Traced(NDArrayOperatorsMixin, StandIn):
    """What stands for a value in a program that is being written: its variable.

    While the user's function runs it has the value, too; inside of gates it has not.
    """

    __slots__ = ("recorder", "value", "variable")

    def __init__(self, recorder: Recorder, value: Any, variable: Any):
        self.recorder, self.value, self.variable = recorder, value, variable

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

    def _record(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        return self.recorder.record(function, args, options)

    def __pos__(self) -> Traced:
        return self

    def __pow__(self, other: Any) -> Any:  # x ** 2 is not np.power(x, 2) to the last bit
        if is_another(other):
            return NotImplemented
        return self._record(operator.pow, (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        return self._record(operator.pow, (other, self), {})

    # --- what the engine asks of a stand-in --------------------------------------------------

    def constant(self, value: Any) -> Any:
        """A value of the same program that does not change."""
        return self.recorder.constant(value)

    def call(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        """A step of the program, as a whole."""
        return self._record(function, args, options)

    def read_only(self) -> Any:
        """As the user's program sees the values of a tensor."""
        return self.recorder.read_only(self)

    def outside(self) -> Any:
        """As the user's program sees it: an array."""
        return self.recorder.outside(self)

    def as_array(self, dtype: Any, copy: bool = False) -> Any:
        """The same; a Python number becomes one of NumPy, and a copy is in C order."""
        kind = self.variable.type
        array = self._record(kind.dtype.type, (self,), {}) if kind.weak else self
        if dtype is not None:
            array = array.astype(dtype, copy=False)
        return array.in_order() if copy else array

    def in_order(self) -> Any:
        """The same in C order, as a copy is laid out in memory."""
        return self if self.variable.type.is_contiguous and self._is_aligned() else self.copy()

    def kept(self) -> Any:
        """The same, and aligned, as a copy is: NumPy multiplies other matrices without BLAS."""
        if self._is_aligned():
            return self
        return self.copy("C" if self.variable.type.is_contiguous else "K")

    def _is_aligned(self) -> bool:
        return not self.shape or self.value is None or bool(self.value.flags.aligned)

    def packed(self) -> Any:
        """The same without gaps in memory, as `np.array` copies it: with its axes as they lie."""
        type_ = self.variable.type
        return self if type_ == fresh(type_) else self.copy("K")

    # --- NumPy's functions -----------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if any(map(is_another, inputs)):
            return NotImplemented
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            if not isinstance(inputs[0], Traced):
                self.recorder.wants_arrays = True
                self._refuse(
                    f"np.{ufunc.__name__}.at(a, ...), which writes something computed into an "
                    "array that is not part of the program (use a copy of it that is made of t, "
                    "such as np.zeros_like(t) + a, or pass the array as an argument),"
                )
            self.recorder.overwrite(inputs[0], function, inputs, options)
            return None
        out = options.pop("out", None)
        if out is not None and not isinstance(out[0], Traced):
            self.recorder.check_memory(out[0])
        if out is not None and isinstance(out[0], Traced):
            return self.recorder.overwrite(out[0], function, inputs, options)
        return self._record(function, inputs, options)  # another `out` is just memory

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, options: dict[str, Any]
    ) -> Any:
        if any(issubclass(t, OTHERS) and not issubclass(t, Traced) for t in types):
            return NotImplemented
        if function in _OF_SHAPE:
            return _OF_SHAPE[function](*args, **options)
        if function is np.copyto:
            if not isinstance(args[0], Traced):
                self.recorder.check_memory(args[0])
            if options or len(args) > 2:
                self._refuse("np.copyto with more than two arguments")
            self.recorder.overwrite(args[0], operator.setitem, (args[0], ..., args[1]), {})
            return None
        options = {name: value for name, value in options.items() if name != "out"}
        return self._record(function, args, options)

    def __getitem__(self, index: Any) -> Traced:
        return self._record(operator.getitem, (self, index), {})  # type: ignore[no-any-return]

    def __setitem__(self, index: Any, value: Any) -> None:
        self.recorder.overwrite(self, operator.setitem, (self, index, value), {})

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
        return self._record(np.reshape, (self, given), {})  # type: ignore[no-any-return]

    def transpose(self, *axes: Any) -> Traced:
        """As `np.transpose`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return self._record(np.transpose, (self, order) if order else (self,), {})  # type: ignore[no-any-return]

    def copy(self, order: str = "C") -> Traced:
        """The values in memory of their own, laid out in C order, or as `order` tells."""
        options = {} if order == "C" else {"order": order}
        return self._record(np.ndarray.copy, (self,), options)  # type: ignore[no-any-return]

    def astype(self, dtype: Any, copy: bool = True) -> Traced:
        """As of an array."""
        if not copy and self.dtype == dtype:
            return self
        return self._record(cast, (self, np.dtype(dtype)), {})  # type: ignore[no-any-return]

    # --- what no straight-line program can hold ----------------------------------------------

    def _refuse(self, what: str) -> NoReturn:
        error = TraceError(
            f"compile: {what} needs the value of {self.variable}, but a compiled program has to be "
            "the same for all values. For a choice between values use np.where(condition, a, b); "
            "pass what really is fixed as an int, a bool or a string; convert results outside of "
            "the compiled function"
        )
        raise self.recorder.refused(error)

    def __bool__(self) -> bool:
        self._refuse("a Python branch (if, while, and, or, not)")

    def __float__(self) -> float:
        self._refuse("float(t)")

    def __int__(self) -> int:
        self._refuse("int(t)")

    def __index__(self) -> int:
        self.recorder.wants_arrays = True  # it may be the index of an array from outside
        self._refuse(
            "an integer for indexing or range() (to index an array a by t, use Tensor(a)[t])"
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        self.recorder.wants_arrays = True
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


def is_another(x: Any) -> bool:
    """Whether x is of another kind, or a tensor, which know what to do with this one."""
    return isinstance(x, OTHERS) and not isinstance(x, Traced)


def cast(x: Any, dtype: np.dtype[Any]) -> Any:
    """x as another kind of number. (In texts a number of Python may stand for one of NumPy.)"""
    return dtype.type(x) if x.__class__ in (float, int) else x.astype(dtype)


def _type(x: Any) -> Type:
    return x.variable.type if isinstance(x, Traced) else type_of(np.asarray(x))


def _dtype(x: Any) -> Any:
    """What stands for x where only dtypes matter: a Python number is weak."""
    if not isinstance(x, Traced):
        return x
    kind = x.variable.type
    return kind.dtype.type(0).item() if kind.weak else kind.dtype


_OF_SHAPE: dict[Callable[..., Any], Callable[..., Any]] = {
    np.shape: lambda a: _type(a).shape,
    np.ndim: lambda a: _type(a).ndim,
    np.size: lambda a, axis=None: _type(a).size if axis is None else _type(a).shape[axis],
    np.result_type: lambda *a: np.result_type(*map(_dtype, a)),
    np.can_cast: lambda a, *more, **o: np.can_cast(_dtype(a), *more, **o),
    np.iscomplexobj: lambda a: bool(_type(a).dtype.kind == "c"),
    np.isrealobj: lambda a: bool(_type(a).dtype.kind != "c"),
}


def _offer_method(name: str, function: Callable[..., Any]) -> None:
    setattr(Traced, name, lambda self, *args, **options: function(self, *args, **options))


for _name in ("all", "any", "argmax", "argmin", "clip", "cumsum", "dot", "max", "mean", "min",
              "prod", "ravel", "squeeze", "std", "sum", "swapaxes", "var"):  # fmt: skip
    _offer_method(_name, getattr(np, _name))
