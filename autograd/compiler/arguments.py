"""Arguments: what a call is given, and what a program is told of it.

A program is for one kind of arguments: for shapes, dtypes and layouts of arrays, for the values of
ints and other fixed things, for tensors that require a gradient themselves. The kind is told three
times here: as a key, in words, and as lines of Python that look quickly whether a call is alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..arrays import ReadOnly
from ..errors import TraceError
from ..leaf import is_lent
from ..tensor import Tensor
from .asks import Identity

__all__ = [
    "Check", "Given", "Miss", "described", "fixed", "flatten", "is_variable", "kind_of", "rebuild",
]  # fmt: skip

FIXED = (int, bool, str, bytes, complex, type(None), range, frozenset, np.dtype)
C_ALIGNED = 0x101  # of the flags of an array: in C order, without gaps, and aligned


class Miss(str):
    """What a call gives when its program does not apply: why."""

    __slots__ = ()


class Given(NamedTuple):
    """The arguments of a call: as they are given, and as a flat list with how they were nested."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    leaves: list[Any]
    structure: Any


def is_variable(x: Any) -> bool:
    """A tensor that requires a gradient: a program is for this very one."""
    return isinstance(x, Tensor) and x.requires_grad


def flatten(args: Any, kwargs: Any) -> tuple[list[Any], Any]:
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


def fixed(leaves: list[Any]) -> dict[int, Any]:
    """The arguments that are the same at every call of a program, by their places."""
    return {
        k: x
        for k, x in enumerate(leaves)
        if is_variable(x) or not isinstance(x, (np.ndarray, np.generic, Tensor, float))
    }


def rebuild(structure: Any, leaves: list[Any]) -> tuple[Any, dict[str, Any]]:
    """The same leaves, or others in their places, nested again."""
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


def kind_of(x: Any) -> Any:
    """What a program depends on: of arrays shape, dtype and layout, of ints the value."""
    if x.__class__ is np.ndarray:
        kind = (x.shape, x.dtype, x.strides) if x.ndim else (x.shape, x.dtype, "array")
        return kind if x.flags.aligned else (*kind, "unaligned")
    if x.__class__ is ReadOnly:
        return x.shape, x.dtype, x.strides, "read-only"
    if isinstance(x, Tensor):
        if x.requires_grad and (not x.is_leaf or is_lent(x.node)):
            raise TraceError(
                "compile: an argument is a recorded tensor, and a compiled function records "
                "nothing; compile the whole computation, as ag.compile(ag.grad(f)) does, or pass "
                "t.detach()"
            )
        return "Tensor", kind_of(np.asarray(x._array)), x.requires_grad
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


def described(kind: Any) -> str:
    """What `kind_of` gives, in words."""
    if kind[0] == "Tensor":
        tracked = "with" if kind[2] else "without"
        return f"a tensor {tracked} gradient, {described(kind[1])}"
    if isinstance(kind[0], tuple):
        shape, dtype, strides, *more = kind
        transposed = len(shape) > 1 and strides != np.empty(shape, dtype).strides
        order = " in another order" * transposed + ", unaligned" * ("unaligned" in more)
        return f"{dtype} {shape}{order}"
    return "a float" if kind == "float" else repr(kind[1])


# --- the lines -------------------------------------------------------------------------------


class Check:
    """Lines that leave with a `Miss` unless an argument is like the one at hand."""

    def __init__(self, same: set[int], identity: Identity | None):
        self.same, self.identity = same, identity
        self.scope: dict[str, Any] = {"ndarray": np.ndarray, "Tensor": Tensor}
        self.lines: list[str] = []
        self.leaves: list[str] = []  # what the program is given

    @classmethod
    def of(
        cls,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        same: set[int],
        identity: Identity | None,
    ) -> Check:
        """For arguments of the same kind as these; and the very same tensor where the number of
        the argument is in `same`."""
        check = cls(same, identity)
        check.tuple_or_list("args", args)
        check.dictionary("kwargs", kwargs)
        check.objects()
        return check

    def bind(self, value: Any) -> str:
        name = f"known_{len(self.scope)}"
        self.scope[name] = value
        return name

    def want(self, *conditions: str, why: str = "") -> None:
        why = why or f"argument {len(self.leaves)} is of another kind"
        self.lines.append(f"if not ({' and '.join(conditions)}): return Miss({why!r})")

    def any(self, name: str, x: Any) -> None:
        if isinstance(x, (tuple, list)):
            self.want(f"{name}.__class__ is {self.bind(type(x))}")
            self.tuple_or_list(name, x)
        elif isinstance(x, dict):
            self.want(f"{name}.__class__ is {self.bind(type(x))}")
            self.dictionary(name, x)
        else:
            self.leaf(name, x)
            self.leaves.append(name)

    def tuple_or_list(self, name: str, x: Any) -> None:
        self.want(f"len({name}) == {len(x)}")
        self.items(name, name, list(x))

    def dictionary(self, name: str, x: dict[Any, Any]) -> None:
        self.want(f"[*{name}] == {self.bind([*x])}" if x else f"not {name}")
        self.items(name, f"{name}.values()", list(x.values()))

    def items(self, name: str, source: str, items: list[Any]) -> None:
        names = [f"{name}_{k}" for k in range(len(items))]
        if items:
            self.lines.append(f"{', '.join(names)}, = {source}")
        for part, item in zip(names, items, strict=True):
            self.any(part, item)

    def objects(self) -> None:
        """The same arguments are the same objects, where that matters."""
        if self.identity is not None:
            conditions, known = self.identity.conditions()
            self.scope.update(known)
            if conditions:
                self.want(*conditions, why="other arguments are one object, or not any more")

    def leaf(self, name: str, x: Any) -> None:
        if self.identity is not None:
            self.lines.append(f"object_{len(self.leaves)} = {name}")
        if isinstance(x, Tensor):
            if len(self.leaves) in self.same:
                self.want(
                    f"{name} is {self.bind(x)}", why=self.another("tensor that requires a gradient")
                )
            self.want(f"isinstance({name}, Tensor)", f"{name}._tracked is {x._tracked}")
            if x._tracked:
                self.want(f"{name}._node.plan is None")
            self.lines.append(f"{name} = {name}._array")
            x = x._array
        if type(x) is ReadOnly:  # what `t.data` gives
            self.want(f"{name}.__class__ is {self.bind(ReadOnly)}")
            self.lines.append(f"{name} = {name}.view(ndarray)")
        if isinstance(x, np.ndarray) and x.ndim:
            dtype = self.bind(x.dtype)
            self.want(
                f"{name}.__class__ is ndarray",
                f"{name}.shape == {x.shape}",
                f"({name}.dtype is {dtype} or {name}.dtype == {dtype})",  # mostly the very same
                _layout(name, x),
            )
        elif isinstance(x, np.ndarray):  # single values go in as NumPy scalars
            self.want(f"{name}.__class__ is ndarray", f"{name}.shape == ()")
            self.lines.append(f"{name} = {name}[()]")
            self.want(f"{name}.__class__ is {self.bind(x.dtype.type)}")
        elif isinstance(x, np.generic):
            self.want(f"{name}.__class__ is {self.bind(x.dtype.type)}")
        elif type(x) is float:
            self.want(f"{name}.__class__ is float")
        else:
            sameness = "==" if isinstance(x, FIXED) else "is"  # objects may call others equal
            kind, value = self.bind(type(x)), self.bind(x)
            self.want(f"{name}.__class__ is {kind}", f"{name} {sameness} {value}",
                      why=self.another(type(x).__name__))  # fmt: skip

    def another(self, what: str) -> str:
        """Words for an argument that is not the very one."""
        return f"argument {len(self.leaves)} is another {what}"


def _layout(name: str, x: np.ndarray[Any, Any]) -> str:
    """The condition that an array of this shape lies in memory as x does; BLAS, for one, gives
    other bits where addresses are not multiples of what an element takes."""
    if x.flags.c_contiguous and x.flags.aligned:  # flags.carray: that, and may be written to
        return f"({name}.flags.carray or {name}.flags.num & {C_ALIGNED} == {C_ALIGNED})"
    return f"{name}.strides == {x.strides} and {name}.flags.aligned is {x.flags.aligned}"
