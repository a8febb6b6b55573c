"""How functions of the standard call NumPy's: on the values of constants, on tensors otherwise.

What is computed from constants alone is NumPy's own, with all its options. As soon as a gradient
flows, or a function is being compiled, NumPy is given the tensors and dispatches to their gates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np

from ..library.calls import each, leaves
from ..modes import MODE
from ..sharing import shown
from ..tensor import Tensor, constant_tensor
from ..values import ARRAYS

__all__ = ["applied", "check_device", "is_constant", "several", "value", "writable"]

T = TypeVar("T")


def several(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """The results of a NumPy function, each array in them as a Tensor.

    >>> from autograd import Tensor
    >>> several(np.divmod, Tensor([7, 8]), 4)
    (Tensor([1, 2]), Tensor([3, 0]))
    """
    given = list(leaves((args, options)))
    if is_constant(*given):
        args, options = each(value, args), each(value, options)
    result = function(*args, **options)
    copied = any(isinstance(x, np.ndarray) for x in given)  # somebody else may write to it
    return each(partial(_as_tensor, copied=copied, operands=given), result)


applied: Callable[..., Tensor] = several  # of a function that gives one array


def is_constant(*given: Any) -> bool:
    """Whether nothing that is computed from these values would be recorded."""
    mode = MODE.get()
    tracked = any(isinstance(x, Tensor) and x._tracked for x in given)
    return mode.kind is ARRAYS and not (mode.recording and tracked)


def value(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return np.asarray(x._current()) if isinstance(x, Tensor) else x


def writable(x: T) -> T:
    """A result of the standard: a single value, too, is an array, which can be written to."""
    if isinstance(x, Tensor) and not x._array.shape and x._memory is None:
        x._memory = []
    return x


def _as_tensor(x: Any, copied: bool, operands: list[Any]) -> Any:
    if not isinstance(x, (np.ndarray, np.generic)):
        return writable(x)
    array = np.array(x) if copied else x
    return writable(shown(constant_tensor(array), array, operands))


def check_device(device: Any) -> None:
    """Raise ValueError for any other device than the processor."""
    if device not in (None, "cpu"):
        raise ValueError(f"got device={device!r}; tensors are on 'cpu', the only device there is")
