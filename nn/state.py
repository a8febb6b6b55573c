"""Loading arrays into tensors by name: everything is checked before anything is assigned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from autograd import AutogradError, Parameter, Tensor

from .arguments import plain

__all__ = ["Keys", "StateError", "load"]

Array = np.ndarray[Any, Any]
MOST = 8  # faults that are told


class StateError(AutogradError, ValueError):
    """A state that does not fit what it was to be loaded into, which is left as it was."""


class Keys(NamedTuple):
    """What did not match when a state was loaded."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]


def load(name: str, tensors: Mapping[str, Tensor], state: Any, strict: bool) -> Keys:
    """Put the arrays of `state` into the tensors of the same names; all of them, or none.

    `name` says who loads. Gives the keys that were missing and unexpected. Raises StateError for
    them if `strict`, and for arrays of other shapes, dtypes that would be rounded, NaN, infinite
    parameters.
    """
    if not isinstance(state, Mapping):
        raise StateError(
            f"{name}: got a {type(state).__name__}; expected a dict of arrays by path, as "
            "state_dict() gives it"
        )
    missing = tuple(key for key in tensors if key not in state)
    unexpected = tuple(key for key in state if key not in tensors)
    faults = _of_keys(missing, unexpected) if strict else []
    arrays: dict[str, Array] = {}
    for key, tensor in tensors.items():
        if key in state:
            try:
                arrays[key] = _fitting(tensor, state[key])
            except StateError as error:
                faults.append(f"{key} {error}")
    if faults:
        more = [f"and {len(faults) - MOST} more"] if len(faults) > MOST else []
        raise StateError(
            "\n  ".join(
                [f"{name}: the state does not fit, nothing was loaded:", *faults[:MOST], *more]
            )
        )
    _assign([(tensors[key], array) for key, array in arrays.items()])
    return Keys(missing, unexpected)


def _of_keys(missing: tuple[str, ...], unexpected: tuple[str, ...]) -> list[str]:
    faults = []
    if missing:
        faults.append(f"missing: {_listed(missing)}")
    if unexpected:
        faults.append(f"unexpected: {_listed(unexpected)}")
    if faults:
        faults[-1] += "; strict=False loads what has the same path in both"
    return faults


def _listed(keys: tuple[Any, ...]) -> str:
    more = f" and {len(keys) - MOST} more" if len(keys) > MOST else ""
    return ", ".join(map(str, keys[:MOST])) + more


def _fitting(tensor: Tensor, value: Any) -> Array:
    """The value as a new array of the tensor's shape and dtype; StateError says why it is none."""
    try:
        array = plain(value.numpy() if isinstance(value, Tensor) else value, "it")
    except Exception as error:  # whatever a foreign object raises when asked for an array
        raise StateError(f"is no array: {error}") from None
    if array.dtype.kind not in "fciub":
        raise StateError(f"is a {type(value).__name__} of {array.dtype}; expected {tensor.dtype}")
    if array.shape != tensor.shape:
        raise StateError(f"has shape {array.shape}; expected {tensor.shape}, is it another net's?")
    same_kind = array.dtype.kind == tensor.dtype.kind
    if not (same_kind and np.can_cast(array.dtype, tensor.dtype, "safe")):
        raise StateError(
            f"has dtype {array.dtype}; expected {tensor.dtype}: convert it on purpose with "
            f"array.astype({str(tensor.dtype)!r})"
        )
    if array.dtype.kind in "fc":
        if np.isnan(array).any():
            raise StateError(f"holds NaN, {_count(np.isnan(array))}; load an earlier state")
        if isinstance(tensor, Parameter) and np.isinf(array).any():
            raise StateError(f"holds infinity, {_count(np.isinf(array))}; load an earlier state")
    return array.astype(tensor.dtype)


def _count(bad: Array) -> str:
    return f"{np.count_nonzero(bad)} of {bad.size} values"


def _assign(pairs: list[tuple[Tensor, Array]]) -> None:
    """Replace the values; if that is interrupted, what was replaced gets its old ones back."""
    before = [tensor.data for tensor, _ in pairs]
    try:
        for tensor, array in pairs:
            tensor.data = array
    except BaseException:
        for (tensor, _), old in zip(pairs, before, strict=True):
            tensor.data = old
        raise
