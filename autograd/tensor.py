"""The Tensor: an array, and the node that says how it was made.

A tensor is a handle. Its array is never written to while a graph may still read it: `+=`,
`t[index] = ...` and `t.data = ...` move the handle on to a new array and a new node, and what was
recorded before stays true. Operators and methods are attached to this class by the gate table (to
read in gates/methods.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import sharing
from .arrays import Array, as_constant, check_plain, read_only
from .errors import (
    DTypeError,
    GraphError,
    InPlaceError,
    NoAxesError,
    ShapeError,
    UnsupportedError,
)
from .leaf import GradSlot, leaf_node, retain
from .modes import MODE
from .node import Node
from .numpy_api import call_function, call_ufunc
from .sharing import OUTSIDE, Memory
from .standins import StandIn
from .values import ARRAYS, RecordedSweep
from .words import TO_WRITE_INTO, tracked_as_array, without_gradient

__all__ = ["Tensor"]


if TYPE_CHECKING:
    from .gates.methods import Methods
else:
    Methods = object


class Tensor(Methods):
    """An array of any shape that remembers how it was computed.

    value          a number, a (nested) list, or an array; it is copied, so later writes to it
                   cannot change what was recorded (`copy=False` promises not to write)
    requires_grad  whether gradients are wanted; default: yes for floats and complex numbers
    dtype, name    the dtype to convert to; the name shown in pictures
    Raises DTypeError for integers with requires_grad=True, and for objects.

    >>> x = Tensor([1.0, 2.0], name="x")
    >>> (x * x).sum().backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ("__weakref__", "_array", "_memory", "_node", "_tracked")
    _sweep = RecordedSweep  # the backward pass of gradients that are tensors

    _array: Array  # never written to while somebody else may read it
    _node: Node | None  # made on demand for constants
    _tracked: bool  # whether gates record it
    _memory: Memory | None  # shared with the tensors that show the same memory

    def __init__(
        self,
        value: ArrayLike | Tensor,
        requires_grad: bool | None = None,
        *,
        dtype: DTypeLike | None = None,
        name: str | None = None,
        copy: bool = True,
    ):
        data = as_constant(_array_of(value), dtype=dtype, copy=copy)
        if requires_grad.__class__ is not bool:
            _check_flag(requires_grad)
        floating = data.dtype.kind in "fc"
        if requires_grad and not floating:
            hint = f"{data}.0" if data.ndim == 0 and data.dtype.kind in "iu" else "floats"
            raise DTypeError(
                f"Tensor: requires_grad=True with dtype {data.dtype}, but only floats have "
                f"gradients; write {hint}, or pass dtype=float"
            )
        self._array = data
        self._memory = None if copy else OUTSIDE
        self._tracked = floating if requires_grad is None else bool(requires_grad)
        self._node = leaf_node(data, GradSlot() if self._tracked else None, name)
        MODE.get().kind.born(self)

    # --- the value -------------------------------------------------------------------------

    @property
    def data(self) -> np.ndarray[Any, Any]:
        """The values, as an array that cannot be written to; assign to it to replace them.

        `t.data = array`, and so `p.data -= lr * p.grad`, moves the tensor on to a copy of `array`:
        same shape, kept dtype, not recorded. What was computed from the old values keeps its right
        gradients.
        """
        data = self._current()
        return data.read_only() if isinstance(data, StandIn) else read_only(data)

    @data.setter
    def data(self, value: ArrayLike) -> None:
        if self._tracked and not self.is_leaf:
            raise InPlaceError(
                "t.data = value on a tensor that a gate made: its gradient would no longer be that "
                "of its values; leave the graph with t = t.detach(), or make a new Tensor"
            )
        if isinstance(value, Tensor) and not value._tracked:
            value = value._current()
        new = as_constant(value, dtype=self._array.dtype)
        if new.shape != self._array.shape:
            raise ShapeError(
                f"data: got an array of shape {new.shape} for a tensor of shape {self.shape}; "
                "make a new Tensor to change the shape"
            )
        self._become(new if isinstance(new, StandIn) else MODE.get().kind.constant(new))

    def _current(self) -> Array:
        """The array; inside a function that is being compiled, what stands for it."""
        kind = MODE.get().kind
        return self._array if kind is ARRAYS else kind.here(self)._array

    def _met(self) -> Tensor:
        """This tensor; inside a function that is being compiled, what stands for it there."""
        kind = MODE.get().kind
        return self if kind is ARRAYS else kind.here(self, value=False)

    def numpy(self) -> np.ndarray[Any, Any]:
        """A copy of the values as an ordinary array, without the graph."""
        value = self._current()
        return value.outside().copy() if isinstance(value, StandIn) else np.array(value)

    def item(self, *index: Any) -> Any:
        """A value as a Python number: the only one, or the one at an index, as in NumPy.

        Raises ShapeError if there are more and none is named.
        """
        if not index:
            self._check_single("item()")
        return self._current().item(*index)

    def detach(self) -> Tensor:
        """The same values as a constant: no gradient flows through it."""
        here = MODE.get().kind.here(self)
        return sharing.shown(constant_tensor(here._array), here._array, (here,))

    if not TYPE_CHECKING:  # their types: gates/methods.py
        shape = property(attrgetter("_array.shape"), doc="Lengths of the axes.")
        dtype = property(attrgetter("_array.dtype"), doc="Kind of number, as in NumPy.")
        ndim = property(attrgetter("_array.ndim"), doc="Number of axes.")
        size = property(attrgetter("_array.size"), doc="Number of elements.")

    # --- the graph -------------------------------------------------------------------------

    @property
    def node(self) -> Node:
        """The record of this value in the computation graph."""
        here = self._met()
        if here._node is None:
            here._node = leaf_node(here._array, None, None)
        return here._node

    @property
    def parents(self) -> tuple[Any, ...]:
        """One entry per operand of the gate that made this: a Node, or the constant itself."""
        return self.node.parents

    @property
    def name(self) -> str | None:
        """The name shown in pictures and messages; assign to it to give one."""
        node = self._met()._node
        return node.name if node is not None else None

    @name.setter
    def name(self, name: str | None) -> None:
        self.node.name = name

    @property
    def requires_grad(self) -> bool:
        """Whether gates record this tensor; can be changed on a leaf, to freeze it."""
        return (self if MODE.get().kind is ARRAYS else self._met())._tracked

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not self.is_leaf:
            raise GraphError(
                "requires_grad: a gate made this tensor, and only a leaf can be changed; use "
                "t.detach() for a constant, or t.retain_grad() to keep its gradient"
            )
        _check_flag(wanted)
        if wanted and self.dtype.kind not in "fc":
            raise DTypeError(
                f"requires_grad=True with dtype {self.dtype}: only floats have a gradient; make it "
                "of floats: Tensor(t, dtype=float)"
            )
        here = MODE.get().kind.here(self)
        here._tracked = bool(wanted)
        here._become(here._array)

    @property
    def is_leaf(self) -> bool:
        """Whether no gate made it: a variable, a parameter or a constant."""
        node = self._met()._node
        return node is None or node.plan is None

    @property
    def grad(self) -> Any:
        """The gradient collected by `backward()`, or None. An array of the tensor's shape."""
        kind = MODE.get().kind
        if kind is not ARRAYS:
            node = kind.here(self, value=False)._node
            return None if node is None else kind.gradient(node)
        node = self._node  # a plain read: every step of training reads every gradient
        return None if node is None or node.slot is None else node.slot.grad

    @grad.setter
    def grad(self, value: ArrayLike | Tensor | None) -> None:
        node = self._met()._node
        if node is None or not self.requires_grad:
            raise without_gradient(self.dtype)
        if value is not None and np.shape(value) != self.shape:
            raise ShapeError(
                f"grad: got shape {np.shape(value)} for a tensor of shape {self.shape}"
            )
        if node.slot is None:
            node.slot = GradSlot()
        if isinstance(value, StandIn):
            value = value.as_array(self.dtype).packed()
        elif value is not None and not isinstance(value, Tensor):
            value = np.array(check_plain(value), dtype=self.dtype)
        MODE.get().kind.slot(node.slot, cleared=True).grad = value

    def zero_grad(self) -> None:
        """Forget the collected gradient: `grad` is None again."""
        kind = MODE.get().kind
        node = (self if kind is ARRAYS else kind.here(self, value=False))._node
        if node is not None and (slot := node.slot) is not None:
            (slot if kind is ARRAYS else kind.slot(slot, cleared=True)).grad = None

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this inner tensor too at the next `backward()`."""
        if not self.requires_grad:
            raise GraphError(
                "retain_grad: this tensor has requires_grad=False; no gradient reaches it"
            )
        retain(self.node)
        return self

    # --- writing in place ------------------------------------------------------------------

    def _become(self, data: Array) -> None:
        """Move on to other values as a fresh leaf, with the name and gradient of before."""
        self = MODE.get().kind.here(self)
        old = self.node
        if data is not self._array:
            self._array, self._memory = data, None
        slot = (old.slot or GradSlot()) if self._tracked else None
        self._node = leaf_node(data, slot, old.name)

    def _move_on(self, result: Tensor, what: str, advice: str) -> None:
        """Make this handle stand for `result`, of the same shape and dtype, as if written to.

        `what` and `advice` are for the error of a tensor that cannot be written to.
        """
        mode = MODE.get()
        self, recording = mode.kind.here(self), mode.recording
        if self.is_leaf and self._tracked:
            if recording:
                raise InPlaceError(
                    f"{what} on a leaf that requires a gradient: its gradient would have no place "
                    f"to go; {advice}, or update it inside `with no_grad():`; what is only written "
                    "into is made with requires_grad=False"
                )
            self._become(result._array)
            return
        if self._tracked and not recording:
            raise InPlaceError(
                f"{what} inside no_grad() on a tensor that a gate made: its gradient would no "
                "longer be that of its values; leave the graph with t = t.detach(), or write "
                "outside of no_grad()"
            )
        if sharing.is_alone(self):
            # a number that was written to is an array without axes
            self._stand_for(result, None if result._array.shape else [])
            return
        from .library.views import write_through

        write_through(self, result, what, advice)

    def _stand_for(self, result: Tensor, memory: Memory | None) -> None:
        """Be another handle for a value, with the name that this one has."""
        old = self._node
        self._array, self._node, self._memory = result._array, result._node, memory
        self._tracked = result._tracked
        if old is not None:  # the handle keeps its name and, if that was asked for, its gradient
            if old.name:
                self.node.name = old.name
            if old.slot is not None and self._tracked:
                self.node.slot, old.slot = old.slot, None

    def _is_number(self) -> bool:
        """Whether a gate made this single value: NumPy gives a number there, which never changes.

        Names for it stay as they are when one of them is given another value, as with `x += 1`.
        """
        self = self._met()
        made = self._node is None or self._node.plan is not None
        return made and not self._array.shape and self._memory is None

    def _in_place(self, symbol: str, result: Any) -> Tensor:
        """Make this handle stand for `result` = self (symbol) other, as NumPy's `+=` would."""
        if self._is_number():
            node = self._met()._node
            if node is not None and node.slot is not None and result.requires_grad:
                result.retain_grad()
            return result  # type: ignore[no-any-return]
        advice = f"write t = t {symbol} ... instead"
        if result.shape != self.shape:
            raise ShapeError(
                f"t {symbol}= ...: the result has shape {result.shape} but t has {self.shape}; "
                f"an array cannot change its shape in place, {advice}"
            )
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise DTypeError(
                f"t {symbol}= ...: the result is {result.dtype} but t is {self.dtype}; {advice}"
            )
        if result.dtype != self.dtype:
            result = result.astype(self.dtype)
        part = f", and for a part of it t[index] = t[index] {symbol} ..."
        self._move_on(result, f"t {symbol}= ...", advice + part)
        return self

    def __iadd__(self, other: Operand) -> Tensor:
        return self._in_place("+", self + other)

    def __isub__(self, other: Operand) -> Tensor:
        return self._in_place("-", self - other)

    def __imul__(self, other: Operand) -> Tensor:
        return self._in_place("*", self * other)

    def __itruediv__(self, other: Operand) -> Tensor:
        return self._in_place("/", self / other)

    def __ipow__(self, other: Operand) -> Tensor:
        return self._in_place("**", self**other)

    def __imatmul__(self, other: Operand) -> Tensor:
        return self._in_place("@", self @ other)

    def __iand__(self, other: Operand) -> Tensor:
        return self._in_place("&", self & other)

    def __ior__(self, other: Operand) -> Tensor:
        return self._in_place("|", self | other)

    # --- conversions -----------------------------------------------------------------------

    def _check_single(self, what: str) -> None:
        if self._array.size != 1:
            raise ShapeError(
                f"{what}: the tensor has shape {self.shape}, and only a single value converts; "
                "use t.numpy() for an array"
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        if self.requires_grad and MODE.get().recording:
            raise tracked_as_array(self.shape)
        return np.array(self._current(), dtype=dtype)

    @property
    def _mask(self) -> Any:  # np.ma asks for it, after it has taken `_data` without a word
        if not (self.requires_grad and MODE.get().recording):
            raise AttributeError("a tensor has no mask")
        raise UnsupportedError(
            "np.ma: a tensor and a masked array do not combine, for the result would lose its "
            "gradient; pass a plain array, such as a.filled(0), and mask with np.where"
        )

    def _number(self, what: str) -> Any:
        """The single value, to become a number of Python: not of a tracked tensor."""
        self._check_single(what)
        if self._tracked and MODE.get().recording:
            raise UnsupportedError(
                f"{what}: t is tracked, and a Python number would silently lose its gradient; use "
                "t.item() or t.detach() to leave the graph on purpose (a loss to be kept or shown "
                "is loss.item()), and functions of NumPy or scipy.special in place of those of "
                f"math; {TO_WRITE_INTO}"
            )
        return self._current().item() if self._array.ndim else self._current()

    def __float__(self) -> float:
        return float(self._number("float(t)"))

    def __int__(self) -> int:
        return int(self._number("int(t)"))

    def __complex__(self) -> complex:
        return complex(self._number("complex(t)"))

    def __index__(self) -> int:
        if self._array.dtype.kind not in "iu":
            raise DTypeError(
                f"a tensor of dtype {self.dtype} is no index and no length; use int(t.item())"
            )
        return self.__int__()

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(
                f"bool(t): the tensor has shape {self.shape}, and only a single value is true or "
                "false; use t.any() or t.all(), & and | for `and` and `or`, and np.where for `if`"
            )
        return bool(self._current())

    def __format__(self, spec: str) -> str:
        return format(self._met()._array, spec) if spec and self.ndim == 0 else str(self)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise NoAxesError("len(t): a tensor of shape () has no length; its size is t.size")
        return int(self._array.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise NoAxesError(
                "iteration over a tensor of shape (): it holds a single value; write [t], or "
                "np.atleast_1d(t)"
            )
        return (self[i] for i in range(len(self)))

    def __contains__(self, value: Any) -> bool:
        return bool((self._current() == value).any())

    def __repr__(self) -> str:
        array, node = self._met()._array, self._met()._node
        if isinstance(array, StandIn):
            return f"{type(self).__name__}({array!r})"
        text = np.array2string(np.asarray(array), separator=", ", prefix="Tensor(")
        notes = [f"dtype={self.dtype}"] if self.dtype not in (np.float64, np.int64, bool) else []
        if self.requires_grad and node is not None:
            gate = node.gate
            notes.append(f"gate={gate.name}" if gate else "requires_grad=True")
        if self.name:
            notes.append(f"name={self.name!r}")
        return f"{type(self).__name__}({', '.join([text, *notes])})"

    __hash__ = object.__hash__  # == compares values, so identity has to serve as the hash

    def __copy__(self) -> Tensor:
        if not (self._tracked and MODE.get().recording):
            return constant_tensor(np.copy(self._current()))
        raise UnsupportedError(
            "copy(t): a copy of the handle would share the graph by accident; use t.copy() to "
            "record a copy, or t.detach() for a constant; to plot it, pass t.numpy()"
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise UnsupportedError(
                "deepcopy(t): t is inside a graph; copy leaves, or t.detach() first"
            )
        return self._copy_leaf()

    def _copy_leaf(self) -> Tensor:
        return type(self)(self._current(), self.requires_grad, name=self.name)

    def __reduce__(self) -> Any:
        if not self.is_leaf:
            raise UnsupportedError("pickle: a recorded tensor drags its graph along; use detach()")
        return (_rebuild, (type(self), self.numpy(), self.requires_grad, self.name))

    # --- NumPy's dispatch protocols --------------------------------------------------------

    __array_ufunc__ = call_ufunc
    __array_function__ = call_function


Operand = Any  # a Tensor, an array, a number, or a nested list of numbers
Axis = int | tuple[int, ...] | None


def _array_of(value: Any) -> Any:
    """Look at what a Tensor is to be made of before NumPy does."""
    if isinstance(value, Tensor):
        if value.requires_grad and not value.is_leaf:
            raise UnsupportedError(
                "Tensor(t): t is tracked, and a new leaf would cut it off from its graph; use t "
                "itself, or t.detach() to cut on purpose"
            )
        return value._current()
    return check_plain(value)


def _check_flag(requires_grad: Any) -> None:
    """Refuse another shape or number where True or False is expected: Tensor(2, 3) is no matrix."""
    if requires_grad is not None and not isinstance(requires_grad, (bool, np.bool_)):
        raise TypeError(
            f"requires_grad is {requires_grad!r}; expected True or False. Tensor takes one value: "
            "Tensor([2.0, 3.0]), or Tensor(np.zeros((2, 3)))"
        )


def constant_tensor(data: Array) -> Tensor:
    """An untracked tensor around `data`, which is not copied."""
    tensor = Tensor.__new__(Tensor)
    if type(data) is np.ndarray:
        data = data if data.shape else data[()]
    elif data.__class__ is complex:  # Python's: 1j * np.float64(2)
        data = np.complex128(data)
    tensor._array, tensor._node = data, None
    tensor._memory, tensor._tracked = None, False
    return tensor


def ones(like: Tensor) -> Array:
    """Ones of the shape and dtype of a tensor: the gradient of a value with respect to itself."""
    array = like._array
    return np.ones(array.shape, array.dtype) if array.shape else array.dtype.type(1)


def recorded_tensor(data: Array, node: Node) -> Tensor:
    """A handle for a value that is already in the graph."""
    tensor = Tensor.__new__(Tensor)
    tensor._array, tensor._node = data, node
    tensor._memory, tensor._tracked = OUTSIDE, True
    return tensor


def another(tensor: Tensor) -> Tensor:
    """Another handle for the same value, as if it had been copied."""
    tensor = MODE.get().kind.here(tensor)
    handle: Tensor = Tensor.__new__(Tensor)
    handle._array, handle._node = tensor._array, tensor._node
    handle._memory, handle._tracked = None, tensor._tracked
    return handle


def _rebuild(cls: type[Tensor], data: Array, requires_grad: bool, name: str | None) -> Tensor:
    return cls(data, requires_grad, name=name)
