"""Leftovers: stand-ins that a function has put where nobody looks.

They would live on in the user's objects after a trace. Those that stand in an object of the
user's are replaced by the value that eager code would have left there; for others there is an
error that says where they are.
"""

from __future__ import annotations

import gc
import sys
import types
from typing import Any

import numpy as np

from ..errors import TraceError
from ..tensor import Tensor
from .binding import changes_of, commit
from .traced import Traced

__all__ = ["collections", "is_left_over", "replace"]

OURS = 3  # references to a trace that nobody's stand-in holds


def collections() -> int:
    """How often Python has searched for reference cycles."""
    return sum(generation["collections"] for generation in gc.get_stats())


def is_left_over(trace: Any, before: int) -> bool:
    """Whether stand-ins of a trace live on; there were so many collections `before` it."""
    if sys.getrefcount(trace) <= OURS:
        return False
    since = None if collections() != before else 0  # what is made without one is young
    made = gc.get_objects(generation=since)
    kinds = {kind for kind in set(map(type, made)) if issubclass(kind, Traced)}  # mostly none
    return bool(kinds) and any(type(x) in kinds and x.recorder is trace for x in made)


def replace(trace: Any) -> bool:
    """Put values in the place of stand-ins; tells whether there were any.

    Raises TraceError for one that cannot be replaced.
    """
    gc.collect()  # some may be parts of cycles that nobody refers to
    left = [x for x in gc.get_referrers(trace) if issubclass(type(x), Traced)]
    values: dict[Any, Any] = {}
    for traced in left:
        value = traced.value
        if isinstance(value, np.ndarray):
            value = values.setdefault(traced.variable, value.copy(order="K"))
        for holder in gc.get_referrers(traced):
            if holder is not left and not isinstance(holder, types.FrameType):
                _replace(holder, traced, value)
    return bool(left)


def _replace(holder: Any, traced: Traced, value: Any) -> None:
    kind = type(holder)
    if isinstance(holder, Tensor):
        if holder.is_leaf and holder._tracked:
            commit(changes_of(holder, value, None))
        else:
            commit(
                [(holder, "_tracked", False), (holder, "_array", value), (holder, "_node", None)]
            )
    elif isinstance(holder, dict):
        for key in [key for key, x in holder.items() if x is traced]:
            holder[key] = value
    elif isinstance(holder, list):
        for k in [k for k, x in enumerate(holder) if x is traced]:
            holder[k] = value
    elif isinstance(holder, types.CellType):
        holder.cell_contents = value
    elif str(kind.__module__).startswith("autograd."):
        return  # a record of the engine's, which dies with its tensor
    else:
        names = [*getattr(holder, "__dict__", ()), *_slots(kind)]
        found = [name for name in names if getattr(holder, name, None) is traced]
        if not found:
            raise TraceError(
                f"compile: the function leaves a value that it computes in a {kind.__name__}, "
                "where a compiled program cannot put it; return it instead"
            )
        for name in found:
            object.__setattr__(holder, name, value)


def _slots(kind: type) -> list[str]:
    slots = [vars(base).get("__slots__", ()) for base in kind.__mro__]
    return [name for s in slots for name in ([s] if isinstance(s, str) else s)]
