"""Helpers for rules of reverse mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .numpy_wrapper import metadata

__all__ = ["match_complex", "repeat_to_match_shape", "replace_zero", "unbroadcast", "unbroadcast_f"]


def unbroadcast(x: Any, target_meta: Any, broadcast_idx: int = 0) -> Any:
    """A gradient, summed over the axes along which an operand was repeated.

    `target_meta` is the operand's `metadata`.
    """
    shape, ndim, _, is_complex = target_meta
    while np.ndim(x) > ndim:
        x = np.sum(x, axis=broadcast_idx)
    repeated = tuple(k for k, length in enumerate(shape) if length == 1 != np.shape(x)[k])
    x = np.sum(x, axis=repeated, keepdims=True) if repeated else x
    return np.real(x) if np.iscomplexobj(x) and not is_complex else x


def unbroadcast_f(target: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The rule f, whose gradient gets the shape of the operand `target`."""
    meta = metadata(target)
    return lambda g: unbroadcast(f(g), meta)


def repeat_to_match_shape(g: Any, shape: Any, dtype: Any, axis: Any, keepdims: Any) -> Any:
    """The gradient of a reduction, repeated to the operand's shape, and how often it was."""
    if shape == ():
        return g, 1
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {k % len(shape) for k in axes}
    kept = tuple(1 if k in gone else length for k, length in enumerate(shape))
    count = np.prod([length for k, length in enumerate(shape) if k in gone])
    return np.reshape(g, kept) + np.zeros(shape, dtype), count


def match_complex(target: Any, x: Any) -> Any:
    """x as a real or complex array, as the target is."""
    if np.iscomplexobj(target):
        return x if np.iscomplexobj(x) else x + 0j
    return np.real(x) if np.iscomplexobj(x) else x


def replace_zero(x: Any, val: Any) -> Any:
    """x, with another value in place of zeros."""
    return np.where(x != 0, x, val)
