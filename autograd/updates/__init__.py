"""Updates of many things at once: all of them take place, or none.

An optimiser and a compiled program compute everything first. Then one call puts all of it in place,
which runs no Python code: neither an exception nor Ctrl-C finds a training step half done.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..leaf import GradSlot, leaf_node
from ..modes import MODE
from ..tensor import Tensor
from .pieces import in_pieces

__all__ = ["in_pieces", "set_all"]  # what the user sees; the compiler has the rest, too

Change = tuple[Any, str, Any]  # an object, the name of an attribute, and its new value

DRAIN = deque[None](maxlen=0).extend  # goes through an iterator, without running Python code

PARTS = "_array", "_memory", "_node", "_other"  # of a parameter; other tensors have no spare array
OF_TENSORS = "data", "grad"


def commit(changes: Iterable[Change], effects: Iterable[tuple[Any, ...]] = ()) -> None:
    """Set these attributes, and call the functions of effects, as tuples of a function and three
    arguments: all, or none."""
    calls = [*((setattr, *change) for change in changes), *effects]
    if calls:
        DRAIN(map(operator.call, *zip(*calls, strict=True)))


def changes_of(tensor: Tensor, data: Any, before: Any) -> list[Change]:
    """What moves a leaf on from the array of before to other values, as `p -= step` does."""
    old = tensor._node or tensor.node
    slot = (old.slot or GradSlot()) if tensor._tracked else None
    values = data, None, leaf_node(data, slot, old.name), before
    return [(tensor, *part) for part in zip(parts_of(tensor), values, strict=False)]


def parts_of(tensor: Tensor) -> list[str]:
    """The attributes of a tensor that an update sets."""
    return list(PARTS if hasattr(tensor, "_other") else PARTS[:-1])


def set_all(changes: Iterable[Change]) -> None:
    """Set attributes of many objects, (object, name, value) each: all, or none.

    "data" moves a leaf on to the values of an array, "grad" replaces its gradient; such an array
    belongs to the tensor from then on, so write to it no longer.
    Raises ShapeError when an array has not the shape and dtype of its tensor.

    >>> import numpy as np
    >>> from autograd import Parameter
    >>> p, q = Parameter([1.0]), Parameter([2.0])
    >>> set_all([(p, "data", np.array([3.0])), (q, "data", np.array([4.0]))])
    >>> p.item(), q.item()
    (3.0, 4.0)
    """
    if not MODE.get().kind.eager:  # a compiled program puts everything in place at its end
        for change in changes:
            setattr(*change)
        return
    owners, names, values = list[Any](), list[str](), list[Any]()
    for owner, name, value in changes:
        if name not in OF_TENSORS or not isinstance(owner, Tensor):
            owners.append(owner)
            names.append(name)
            values.append(value)
            continue
        held = owner._array
        if value.shape != held.shape or value.dtype != held.dtype:
            raise _does_not_fit(owner, name, value)
        node = owner._node or owner.node
        if name == "grad":
            owners.append(node.slot)
            names.append(name)
            values.append(np.asarray(value))
            continue
        value = value if value.shape else value[()]
        parts = PARTS if hasattr(owner, "_other") else PARTS[:-1]
        slot = (node.slot or GradSlot()) if owner._tracked else None
        owners += [owner] * len(parts)
        names += parts
        values += (value, None, leaf_node(value, slot, node.name), held)[: len(parts)]
    DRAIN(map(setattr, owners, names, values))


def _does_not_fit(tensor: Tensor, name: str, value: Any) -> ShapeError:
    held = tensor._array
    return ShapeError(
        f"set_all: {name} of {tensor.name or 'a tensor'} got {value.shape} {value.dtype}; "
        f"expected {held.shape} {held.dtype}"
    )
