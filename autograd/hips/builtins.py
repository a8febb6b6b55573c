"""Python's own names, for code that asks for the type of a value that may be a tensor.

Containers of tensors are ordinary lists, tuples and dictionaries, so these names are Python's own.
"""

from __future__ import annotations

import builtins
from typing import Any

from .containers import Container, is_tracked, plain
from .primitives import SparseObject
from .tracer import Box
from .vspaces import (
    ContainerVSpace,
    DictVSpace,
    ListVSpace,
    NamedTupleVSpace,
    SequenceVSpace,
    TupleVSpace,
)  # fmt: skip

__all__ = [
    "Box", "ContainerVSpace", "DictBox", "DictVSpace", "ListVSpace", "NamedTupleVSpace",
    "SequenceBox", "SequenceVSpace", "SparseObject", "TupleVSpace", "dict", "isinstance", "list",
    "make_sequence", "tuple", "type",
]  # fmt: skip

list = list_ = builtins.list
tuple = tuple_ = builtins.tuple
dict = dict_ = builtins.dict
isinstance_ = builtins.isinstance
type_ = builtins.type


def isinstance(x: Any, kinds: Any) -> bool:
    """Python's own; a tensor is also an instance of what its value is one of.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> isinstance(Tensor([1.0]), np.ndarray), isinstance(Tensor(1.0), float)
    (True, True)
    """
    return isinstance_(x, kinds) or (isinstance_(x, Box) and isinstance_(plain(x), kinds))


def type(x: Any) -> Any:
    """The type of a value; of a tensor that of its value."""
    return type_(plain(x))


def make_sequence(seq_type: Any, *parts: Any) -> Any:
    """The list or tuple of the parts."""
    return seq_type(parts)


class _Holding(builtins.type):
    """A container that holds something tracked is an instance."""

    kinds: Any

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance_(x, cls.kinds) and any(map(is_tracked, Container(x).leaves))


class SequenceBox(metaclass=_Holding):
    """A list or a tuple that holds tracked tensors: for `isinstance` alone."""

    kinds = (list_, tuple_)


class DictBox(metaclass=_Holding):
    """A dictionary that holds tracked tensors: for `isinstance` alone."""

    kinds = dict_
