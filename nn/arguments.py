"""What functions and layers of nn accept as a size and as a batch."""

from __future__ import annotations

import inspect
import operator
from typing import Any, TypeVar

import numpy as np

from autograd import ShapeError, UnsupportedError

__all__ = ["check_examples", "plain", "size", "with_settings"]

C = TypeVar("C", bound=type)


def with_settings(cls: C) -> C:
    """A class decorator: the text of a module shows the arguments that are not as usual."""
    usual = inspect.signature(cls).parameters.values()

    def text(self: Any) -> str:
        given = [(p.name, getattr(self, p.name), p.default) for p in usual if hasattr(self, p.name)]
        told = [
            f"{name}={value!r}"
            for name, value, default in given
            if type(value) is not type(default) or value != default
        ]
        return f"{type(self).__name__}({', '.join(told)})"

    cls.__repr__ = text  # type: ignore[assignment]
    return cls


def size(value: Any, name: str) -> int:
    """`value` as a Python integer of at least 1; NumPy's integers are integers too.

    Raises TypeError for anything else, ValueError below 1; `name` says what the size is of.
    """
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; expected an integer of at least 1") from None
    if count < 1:
        raise ValueError(f"{name} is {count}; expected an integer of at least 1")
    return count


def plain(value: Any, name: str) -> np.ndarray[Any, Any]:
    """`value` as an array; a masked array or a matrix, which would lose its meaning, is refused."""
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise UnsupportedError(
            f"{name} is a {type(value).__name__}; its special behaviour would be lost: pass a "
            "plain array, such as np.asarray(a) or a.filled(0)"
        )
    return value if isinstance(value, np.ndarray) else np.asarray(value)


def check_examples(x: Any, name: str) -> None:
    """Raise ShapeError for an empty batch: nothing has no mean."""
    try:
        empty = not len(x)
    except (TypeError, ShapeError):  # a single value
        return
    if empty:
        raise ShapeError(
            f"{name}: the batch is empty, of shape {np.shape(x)}, and nothing has no mean; pass at "
            "least 1 example"
        )
