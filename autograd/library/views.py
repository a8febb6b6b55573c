"""Writes through views: `row = t[0]; row += 1` changes t, and whatever else shows that memory.

No array is written to, for graphs read them. The tensor that shows all of the memory moves on to
a new value, with what was written where it belongs; the others move on to views of that. Where in
the memory a tensor has its elements, the strides of its array tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InPlaceError
from ..gates.index import setitem
from ..gates.shape import copy
from ..modes import MODE
from ..sharing import OUTSIDE, count
from ..tensor import Tensor
from ..values import ARRAYS

__all__ = ["write_through"]


def write_through(target: Tensor, result: Tensor, what: str, advice: str) -> None:
    """Make `target` stand for `result`, and let the tensors that show its memory see that.

    Raises InPlaceError if not all of them can: if one is a single value, shows an element twice, or
    was cut off from the graph; if none shows all that the others do; if one is a leaf that requires
    a gradient; and while a function is compiled. `what` and `advice` are for its message.
    """
    family = _family(target)
    if any(t._tracked and t.is_leaf for t in family):
        raise InPlaceError(
            f"{what} on a view of a leaf that requires a gradient, which would change: its "
            f"gradient would have no place to go; {advice}"
        )
    whole = max(family, key=lambda t: t.size, default=target)
    places = {id(t): _places(t._array, whole._array) for t in family}
    if not family or any(found is None for found in places.values()):
        raise InPlaceError(
            f"{what} on a tensor that shares memory with another one: NumPy would change both; "
            f"{advice}"
        )
    made: Any = result
    if target is not whole:
        flat = setitem(np.ravel(whole), places[id(target)].ravel(), np.ravel(result))
        made = np.reshape(flat, whole.shape)
    old, memory = whole._array, target._memory
    made, shown = _laid_out(made, old)
    for t in family:
        if t is not whole:
            seen: Any = np.reshape(np.ravel(made)[places[id(t)].ravel()], t.shape)
            seen._array = shown(t._array)
            t._stand_for(seen, memory)
    whole._stand_for(made, memory)


def _family(target: Tensor) -> list[Tensor]:
    """The tensors that show the memory of one; none of them if they are not all arrays alike."""
    if MODE.get().kind is not ARRAYS or target._memory is OUTSIDE:
        return []
    memory: Any = target._memory
    known = [handle() for handle in memory]
    found = [t for t in known if t is not None and t._memory is memory]
    del memory  # a reference to it counts as a tensor
    if len(found) != count(target):
        return []
    kinds = {(type(t._array), t.dtype, t._tracked) for t in found}
    return found if len(kinds) == 1 and kinds.pop()[0] is np.ndarray else []


def _address(array: Any) -> int:
    """Where in memory the first element of an array is."""
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _steps(array: Any, offset: int) -> Any:
    """Where in memory all elements are, from that of the first on."""
    found = np.full(array.shape, offset)
    for axis, (length, step) in enumerate(zip(array.shape, array.strides, strict=True)):
        found += (np.arange(length) * step).reshape(-1, *(1,) * (array.ndim - 1 - axis))
    return found


def _order(array: Any) -> list[int]:
    """The axes of an array, the one with the largest steps in memory first."""
    if array.flags.c_contiguous:
        return [*range(array.ndim)]
    return sorted(range(array.ndim), key=lambda k: -array.strides[k])


def _without_gaps(array: Any, order: list[int]) -> bool:
    return bool(array.transpose(order).flags.c_contiguous)


def _places(array: Any, whole: Any) -> Any:
    """Where the elements of `array` stand in `whole`, counted in C order; None if they do not."""
    order, offset = _order(whole), _address(array) - _address(whole)
    if not _without_gaps(whole, order):
        return _found(_steps(array, offset), np.ravel(_steps(whole, 0)))
    places = _steps(array, offset) // whole.itemsize
    inside = not places.size or (places.min() >= 0 and places.max() < whole.size)
    if not inside or len(np.unique(places)) < places.size:
        return None
    if order != sorted(order):
        axes = np.unravel_index(places, [whole.shape[k] for k in order])
        turned = [axes[order.index(k)] for k in range(whole.ndim)]
        places = np.asarray(np.ravel_multi_index(tuple(turned), whole.shape))
    return places


def _found(steps: Any, among: Any) -> Any:
    """The positions of some places in memory among others; None if one is not there, or twice."""
    order = np.argsort(among)
    ordered = among[order]
    if (ordered[1:] == ordered[:-1]).any() or len(np.unique(steps)) < steps.size:
        return None
    places = np.minimum(np.searchsorted(ordered, steps), len(ordered) - 1)
    return order[places] if (ordered[places] == steps).all() else None


def _laid_out(x: Any, old: Any) -> tuple[Any, Callable[[Any], Any]]:
    """A tensor in memory as `old` is, and what gives, for a view of that, the same view of it."""
    order = _order(old)
    if _without_gaps(old, order):
        turned: Any = np.transpose(x, order)
        if not turned._array.flags.c_contiguous:
            turned = copy(turned, order="C")
            x = np.transpose(turned, sorted(range(x.ndim), key=order.__getitem__))
        memory, first = np.ravel(x._array, order="K"), 0
    else:  # with the same gaps
        steps = _steps(old, 0)
        first = -int(steps.min())
        memory = np.zeros(first + int(steps.max()) + old.itemsize, np.uint8)
        x = copy(x)
        array: Any = np.ndarray(old.shape, old.dtype, memory, first, old.strides)
        array[...] = x._array
        x._array = array

    def shown(view: Any) -> Any:
        if not view.size:
            return np.empty(view.shape, view.dtype)
        offset = first + _address(view) - _address(old)
        return np.ndarray(view.shape, view.dtype, memory, offset, view.strides)

    return x, shown
