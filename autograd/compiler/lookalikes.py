"""Lookalikes: what stands for arrays and numbers in the user's program while it is traced.

Eager code gives a function arrays, NumPy scalars and Python numbers; a trace gives it these, which
behave alike: `isinstance`, operators, methods, and the types of results are those of eager code.
What only the value itself could answer is refused, with a remedy. Gates and the engine know plain
`Traced` only: `inside` leads there, and `outside` back.
"""

from __future__ import annotations

import dis
import operator
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..arrays import ReadOnly
from ..standins import StandIn
from ..tensor import Tensor
from .ops import power_of_array, python_power
from .traced import Traced, cast, is_another

__all__ = ["LikeArray", "LikeNumber", "LikeScalar", "Lookalike", "Values", "lookalike"]

METHODS = (  # of arrays and scalars, that NumPy has as functions too, with the same arguments
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod",
    "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat",
    "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
)  # fmt: skip
BINARY_OPERATOR = dis.opmap["BINARY_OP"]
LAYOUT = ("c_contiguous", "f_contiguous", "contiguous", "fortran", "fnc", "forc", "carray",
          "farray", "behaved")  # fmt: skip


class Lookalike(Traced):
    """A value as the user's program sees it."""

    __slots__ = ()

    def _record(self, function: Callable[..., Any], args: Any, options: Any) -> Any:
        return self.recorder.record(function, args, options, outside=True)

    def inside(self) -> Traced:
        """The same, as gates take it: writing to the array later does not change it."""
        value = self.value
        if isinstance(value, np.ndarray):
            value = np.asarray(value) if value.ndim else value[()]
        return Traced(self.recorder, value, self.variable)

    def outside(self) -> Any:
        """The same."""
        return self

    def as_array(self, dtype: Any, copy: bool = False) -> Any:
        """For gates; a Python number becomes one of NumPy."""
        return self.inside().as_array(dtype, copy)

    def __pow__(self, other: Any) -> Any:
        if isinstance(other, np.ndarray) and not other.ndim:  # of arrays, not of scalars
            return self._record(np.power, (self, other), {})
        return super().__pow__(other)

    # --- what only the value could answer ----------------------------------------------------

    def __str__(self) -> str:
        self._refuse("the text of a value, as str(t) or in an f-string,")

    def __format__(self, spec: str) -> str:
        self._refuse("the text of a value, as str(t) or in an f-string,")

    def __repr__(self) -> str:
        if not self.recorder.open:  # in messages, after the trace
            return super().__repr__()
        self._refuse("the text of a value, as repr(t),")

    def __hash__(self) -> int:
        self._refuse("hash(t), as for the key of a dictionary or of a cache,")

    def __complex__(self) -> complex:
        self._refuse("complex(t)")

    def __reduce_ex__(self, _: Any) -> Any:
        self._refuse("pickle")

    def __array__(self, *_: Any, **__: Any) -> Any:
        self._refuse(
            "what makes an array of t (np.array(t), np.asarray(t), np.array([t, u]), a[...] = t "
            "with an array a; use t itself, t.copy(), np.stack([t, u]), or np.zeros_like(t) to "
            "write into)"
        )

    def __getattr__(self, name: str) -> Any:
        kind = self.__class__
        if hasattr(kind, name) and name != "__dict__" and not name.startswith("__array_"):
            what = f"t.{name} (of a {kind.__name__})"
            if callable(getattr(kind, name)):
                return lambda *_, **__: self._refuse(what)
            self._refuse(what)
        raise AttributeError(f"{_full_name(kind)!r} object has no attribute {name!r}")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.get("out")
        if out is not None and not all(isinstance(x, (Traced, type(None))) for x in out):
            self._refuse(
                f"np.{ufunc.__name__}(..., out=array), which writes into an array that is not "
                "part of the program (use the result of the call, or an array of np.zeros_like(t)),"
            )
        scalar = ufunc is np.power and isinstance(inputs[0], np.generic)
        if scalar and not isinstance(self.value, np.ndarray) and _called_by_operator():
            return self._record(operator.pow, inputs, options)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, options: dict[str, Any]
    ) -> Any:
        out = options.get("out")
        if isinstance(out, Traced) and not any(map(is_another, args)):
            rest = {name: x for name, x in options.items() if name != "out"}
            return self.recorder.overwrite(out, function, args, rest)
        if out is not None and not isinstance(out, Tensor):
            self._refuse(
                f"np.{function.__name__}(..., out=array), which writes into an array that is not "
                "part of the program (use the result of the call, or an array of np.zeros_like(t)),"
            )
        return super().__array_function__(function, types, args, options)


def _called_by_operator() -> bool:
    """Whether the program writes x ** y. Scalars of NumPy call np.power then, as nobody but they
    can tell, though they would have given other bits themselves."""
    frame = sys._getframe(2)
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == BINARY_OPERATOR


class _Sized(Lookalike):
    """Of NumPy: it has a dtype, and the methods of arrays."""

    __slots__ = ()

    def conj(self) -> Any:
        """The same: there are no complex numbers."""
        return self

    conjugate = conj

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, _: Any) -> Any:
        return self.copy()

    def __array_namespace__(self, **_: Any) -> Any:
        return np

    @property
    def device(self) -> str:
        """As of an array."""
        return "cpu"

    @property
    def real(self) -> Any:
        """As `np.real`."""
        return self._record(np.real, (self,), {})

    @property
    def imag(self) -> Any:
        """As `np.imag`."""
        return self._record(np.imag, (self,), {})

    def astype(self, dtype: Any, *args: Any, copy: bool = True, **options: Any) -> Any:
        """As of an array."""
        if args or options:
            self._refuse("t.astype(dtype, order or casting) (use t.astype(dtype))")
        if not copy and self.dtype == dtype:
            return self
        return self._record(cast, (self, np.dtype(dtype)), {})


class LikeArray(_Sized):
    """What stands for an array; `part_of` tells of a view whose part it is, and which."""

    __slots__ = ("part_of",)

    def __init__(self, recorder: Any, value: Any, variable: Any):
        super().__init__(recorder, value, variable)
        self.part_of: tuple[LikeArray, Any] | None = None

    __class__ = property(lambda self: type(self.value))
    __hash__ = None  # type: ignore[assignment]  # as of an array

    strides = property(lambda self: self.value.strides)

    @property
    def flags(self) -> Any:
        """Those that tell of the layout."""
        return _Layout(self)

    @property
    def mT(self) -> Any:  # noqa: N802 (NumPy's name)
        """The last two axes swapped."""
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return self.swapaxes(-1, -2)

    def __pos__(self) -> Any:
        return self._record(np.positive, (self,), {})

    def __getitem__(self, index: Any) -> Any:
        found = super().__getitem__(index)
        if isinstance(found, LikeArray) and found.variable.base is not None:
            found.part_of = self, index
        return found

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, _plain(value))

    def __pow__(self, other: Any) -> Any:
        if self.value.ndim or is_another(other):
            return super().__pow__(other)
        return self._record(power_of_array, (self, other), {})

    def __rpow__(self, other: Any) -> Any:
        if self.value.ndim:
            return super().__rpow__(other)
        return self._record(np.power, (other, self), {})

    def copy(self, order: str = "C") -> Any:
        """As of an array."""
        if self.value.ndim:
            return super().copy(order)
        kept = {"subok": True} if type(self.value) is ReadOnly else {}  # as the method does
        return self._record(np.copy, (self,), kept)

    def flatten(self, order: str = "C") -> Any:
        """As of an array: a copy with one axis."""
        return self.copy().ravel() if order == "C" else self.copy(order).ravel(order)

    def fill(self, value: Any) -> None:
        """As of an array."""
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None) -> None:
        """As of an array: in place."""
        self[...] = np.sort(self, axis, kind, order)

    def partition(self, kth: Any, axis: int = -1, kind: str = "introselect") -> None:
        """As of an array: in place."""
        self[...] = np.partition(self, kth, axis, kind)  # type: ignore[call-overload]

    def compress(self, condition: Any, axis: Any = None) -> Any:
        """As `np.compress`."""
        return np.compress(condition, self, axis)


class LikeScalar(_Sized):
    """What stands for a scalar of NumPy."""

    __slots__ = ()

    __class__ = property(lambda self: self.variable.type.dtype.type)

    def __len__(self) -> int:
        raise TypeError(f"object of type '{_full_name(self.__class__)}' has no len()")

    def __iter__(self) -> Any:
        raise TypeError(f"'{_full_name(self.__class__)}' object is not iterable")

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(f"'{_full_name(self.__class__)}' object does not support item assignment")

    def copy(self, *_: Any) -> Any:
        """As of a scalar, which never changes."""
        return self

    def flatten(self, *_: Any) -> Any:
        """As of a scalar: an array with one element."""
        return np.reshape(self, -1)

    def _as_integer(self) -> NoReturn:
        self._refuse("an integer or a float of a value")

    def __round__(self, digits: int | None = None) -> Any:
        if digits is None:
            self._as_integer()
        return np.round(self, digits)

    __trunc__ = __floor__ = __ceil__ = _as_integer


class LikeNumber(Lookalike):
    """What stands for a float of Python, or for the int or bool that is made of one."""

    __slots__ = ()

    __class__ = property(lambda self: self.value.__class__)

    __iter__ = None  # type: ignore[assignment]
    __len__ = None  # type: ignore[assignment]
    __getitem__ = None  # type: ignore[assignment]
    __setitem__ = None  # type: ignore[assignment]
    __contains__ = None

    @property
    def real(self) -> Any:
        """The number."""
        return +self

    @property
    def imag(self) -> Any:
        """Zero."""
        return 0.0 if self.value.__class__ is float else 0

    def conjugate(self) -> Any:
        """The number."""
        return +self

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: Any) -> Any:
        return self

    def _as_integer(self, *_: Any) -> NoReturn:
        self._refuse("an integer of a float (round, math.floor, //, divmod)")

    __round__ = __trunc__ = __floor__ = __ceil__ = _as_integer
    __divmod__ = __rdivmod__ = _as_integer  # type: ignore[assignment]


def _plain(value: Any) -> Any:
    """What an array makes of an operand: a tensor that is not tracked is its values."""
    if not isinstance(value, Tensor):
        return value
    if value.requires_grad:
        np.asarray(value)  # raises, as in eager code
    values = value._current()
    return values.outside() if isinstance(values, StandIn) else values


def _missing(name: str) -> property:
    """An attribute that a Python number has not."""

    def get(self: Any) -> Any:
        raise AttributeError(f"{self.__class__.__name__!r} object has no attribute {name!r}")

    return property(get)


for _name in set(dir(Traced)) - set(dir(float)) - {"recorder", "value", "variable", "inside",
                                                   "outside", "as_array", "constant", "call",
                                                   "read_only"}:  # fmt: skip
    if not _name.startswith("_"):
        setattr(LikeNumber, _name, _missing(_name))


def _offer(name: str) -> None:
    function = getattr(np, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return function(self, *map(_plain, args), **options)

    method.__name__, method.__doc__ = name, f"As `np.{name}`."
    setattr(_Sized, name, method)


for _name in METHODS:
    _offer(_name)


# --- Python's arithmetic ---------------------------------------------------------------------

NUMBERS = (float, int, complex)


def _of_python(function: Callable[..., Any], name: str, turned: bool = False) -> Any:
    """An operator of Python numbers: with another of them it gives one, else as NumPy's."""
    of_numpy = getattr(NDArrayOperatorsMixin, f"__{name}__")

    def call(self: Any, other: Any) -> Any:
        if isinstance(other, NUMBERS) and not isinstance(other, np.generic):
            pair = (other, self) if turned else (self, other)
            return self._record(function, pair, {})
        if is_another(other):
            return NotImplemented
        if isinstance(other, (np.ndarray, np.generic)):
            if function is python_power and isinstance(other, (np.generic, LikeArray)):
                return Lookalike.__pow__(self, other)
            return of_numpy(self, other)
        return NotImplemented

    return call


OF_TWO = "add sub mul truediv floordiv mod pow and or xor"
COMPARISONS = "lt le gt ge eq ne"
OF_ONE = "neg abs invert"


def _of_one(function: Callable[..., Any]) -> Any:
    return lambda self: self._record(function, (self,), {})


def _operator(name: str) -> Any:
    return python_power if name == "pow" else getattr(operator, f"__{name}__")


for _name in OF_TWO.split():
    _call = _of_python(_operator(_name), _name)
    setattr(LikeNumber, f"__{_name}__", _call)
    setattr(LikeNumber, f"__i{_name}__", _call)
    setattr(LikeNumber, f"__r{_name}__", _of_python(_operator(_name), f"r{_name}", turned=True))
for _name in COMPARISONS.split():
    setattr(LikeNumber, f"__{_name}__", _of_python(_operator(_name), _name))
for _name in OF_ONE.split():
    setattr(LikeNumber, f"__{_name}__", _of_one(_operator(_name)))


class _Layout:
    """The flags of an array that its strides tell."""

    def __init__(self, array: LikeArray):
        self._array = array

    def __getattr__(self, name: str) -> Any:
        if name in LAYOUT:
            return getattr(self._array.value.flags, name)
        return self._array._refuse(f"t.flags.{name}")

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name.lower())


class Values(LikeArray):
    """What stands for `t.data`, which is only read: `x -= step` gives another one."""

    __slots__ = ()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._refuse("t.data[index] = value, which is read-only (write t[index] = value instead),")

    def fill(self, value: Any) -> None:
        """Refused: raises TraceError."""
        self[...] = value

    def sort(self, *_: Any, **__: Any) -> None:
        """Refused: raises TraceError."""
        self[...] = None

    partition = sort


for _name in [name for name in dir(Traced) if name.startswith("__i")]:
    if hasattr(Traced, "__" + _name[3:]):  # the operator that gives another one
        for _kind in (Values, LikeScalar):
            setattr(_kind, _name, getattr(_kind, "__" + _name[3:]))


def lookalike(x: Traced, value: Any) -> Any:
    """What stands for the value in the user's program."""
    if type(value) is ReadOnly and not value.flags.writeable:
        return Values(x.recorder, value, x.variable)
    if isinstance(value, np.ndarray):
        return LikeArray(x.recorder, value, x.variable)
    if isinstance(value, np.generic):
        return LikeScalar(x.recorder, value, x.variable)
    return LikeNumber(x.recorder, value, x.variable)


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}" if kind.__module__ != "builtins" else kind.__name__
