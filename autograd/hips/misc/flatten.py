"""Containers of arrays as one flat vector, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core import make_vjp

__all__ = ["flatten", "flatten_func"]


def flatten(value: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All numbers of nested lists, tuples and dictionaries (by sorted keys) as one vector, and the
    function that makes the containers of such a vector again.

    >>> vector, unflatten = flatten({"b": 3.0, "a": [1.0, 2.0]})
    >>> vector
    array([1., 2., 3.])
    >>> sorted(unflatten(vector))
    ['a', 'b']
    """
    unflatten, vector = make_vjp(_flat, value)
    return vector, unflatten


def _flat(value: Any) -> Any:
    if isinstance(value, dict):
        return _joined([value[key] for key in sorted(value)])
    if isinstance(value, (list, tuple)):
        return _joined(value)
    return np.ravel(value)


def _joined(parts: Any) -> Any:
    return np.concatenate([_flat(part) for part in parts]) if len(parts) else np.array([])


def flatten_func(func: Callable[..., Any], example: Any) -> tuple[Any, Any, Any]:
    """The function on flat vectors, `unflatten`, and the example as a flat vector."""
    vector, unflatten = flatten(example)
    return (lambda x, *args: flatten(func(unflatten(x), *args))[0]), unflatten, vector
