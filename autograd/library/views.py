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
from ..sharing import OUTSIDE, count
from ..standins import concrete
from ..tensor import Tensor

__all__ = ["write_through"]


def write_through(target: Tensor, result: Tensor, what: str, advice: str) -> None:
    """Make `target` stand for `result`, and let the tensors that show its memory see that.

    Raises InPlaceError if not all of them can: if one is a single value, shows an element twice, or
    was cut off from the graph; if none shows all that the others do; and if one is a leaf that
    requires a gradient, or was made outside of a function that is being compiled. `what` and
    `advice` are for its message.
    """
    family = _family(target)
    if any(t._tracked and t.is_leaf for t in family):
        raise InPlaceError(
            f"{what} on a view of a leaf that requires a gradient, which would change: its "
            f"gradient would have no place to go; {advice}"
        )
    whole = max(family, key=lambda t: t.size, default=target)
    old = concrete(whole._array)
    parts = {id(t): _part(concrete(t._array), old) for t in family if t is not whole}
    if not family or any(found is None for found in parts.values()):
        raise InPlaceError(
            f"{what} on a tensor that shares memory with another one: NumPy would change both; "
            f"{advice}"
        )
    made: Any = result if target is whole else _written(whole, parts[id(target)], result)
    made, shown = _laid_out(made, old)
    memory = target._memory
    for t in family:
        if t is not whole:
            t._stand_for(_seen(made, parts[id(t)], t, shown), memory)
    whole._stand_for(made, memory)


def _written(whole: Any, part: Any, values: Any) -> Any:
    """The whole with other values in a part."""
    if isinstance(part, tuple):
        return setitem(whole, part, values)
    return np.reshape(setitem(np.ravel(whole), part.ravel(), np.ravel(values)), whole.shape)


def _seen(made: Any, part: Any, view: Any, shown: Callable[[Any], Any]) -> Any:
    """A part of the new whole, to look like the view of the old one."""
    if isinstance(part, tuple):
        return made[part]
    seen: Any = np.reshape(np.ravel(made)[part.ravel()], view.shape)
    if isinstance(made._array, np.ndarray):
        seen._array = shown(view._array)
    return seen


def _family(target: Tensor) -> list[Tensor]:
    """The tensors that show the memory of one; none of them if they are not all arrays alike."""
    if target._memory is OUTSIDE:
        return []
    memory: Any = target._memory
    known = [handle() for handle in memory]
    found = [t for t in known if t is not None and t._memory is memory]
    del memory  # a reference to it counts as a tensor
    if len(found) != count(target):
        return []
    kinds = {(type(t._array), t.dtype, t._tracked) for t in found}
    known = [isinstance(concrete(t._array), np.ndarray) for t in found]
    return found if len(kinds) == 1 and all(known) else []


def _address(array: Any) -> int:
    """Where in memory the first element of an array is."""
    return array.__array_interface__["data"][0]  # type: ignore[no-any-return]


def _part(array: Any, whole: Any) -> Any:
    """Which part of `whole` an array shows: an index of slices, or else the places of all elements;
    None if it shows one twice, or others than the whole does."""
    return _slices(array, whole) or _places(array, whole)


def _slices(array: Any, whole: Any) -> tuple[Any, ...] | None:
    """The index of numbers and slices that gives `array` of `whole`, if there is one."""
    if not array.size or not whole.flags.c_contiguous:
        return None
    rest = (_address(array) - _address(whole)) // whole.itemsize
    axes = list(zip(array.shape, array.strides, strict=True))
    index: list[Any] = []
    for length, stride in zip(whole.shape, whole.strides, strict=True):
        first, rest = divmod(rest, stride // whole.itemsize)
        if axes and abs(axes[0][1]) >= stride and not axes[0][1] % stride:
            many, stride_of_part = axes.pop(0)
            step = stride_of_part // stride
            index.append(_slice(first, first + many * step, step, length))
        else:
            index.append(first)
    found = tuple(index)
    try:
        same = not axes and _look(whole[found]) == _look(array)
    except IndexError:  # it begins outside
        return None
    return found if same else None


def _slice(first: int, stop: int, step: int, length: int) -> slice:
    """The same as a program would write it."""
    if step == 1:
        return slice(first or None, stop if stop < length else None)
    return slice(first, stop if stop >= 0 else None, step)


def _look(array: Any) -> Any:
    """What tells one view of the same memory from another."""
    strides = [step for length, step in zip(array.shape, array.strides, strict=True) if length > 1]
    return _address(array), array.shape, strides


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


def _steps(array: Any, offset: int) -> Any:
    """Where in memory all elements are, from that of the first on."""
    found = np.full(array.shape, offset)
    for axis, (length, step) in enumerate(zip(array.shape, array.strides, strict=True)):
        found += (np.arange(length) * step).reshape(-1, *(1,) * (array.ndim - 1 - axis))
    return found


def _found(steps: Any, among: Any) -> Any:
    """The positions of some places in memory among others; None if one is not there, or twice."""
    order = np.argsort(among)
    ordered = among[order]
    if (ordered[1:] == ordered[:-1]).any() or len(np.unique(steps)) < steps.size:
        return None
    places = np.minimum(np.searchsorted(ordered, steps), len(ordered) - 1)
    return order[places] if (ordered[places] == steps).all() else None


def _order(array: Any) -> list[int]:
    """The axes of an array, the one with the largest steps in memory first."""
    axes = [*range(array.ndim)]
    if array.flags.c_contiguous:
        return axes
    return axes[::-1] if array.flags.f_contiguous else sorted(axes, key=lambda k: -array.strides[k])


def _without_gaps(array: Any, order: list[int]) -> bool:
    return bool(array.transpose(order).flags.c_contiguous)


def _laid_out(x: Any, old: Any) -> tuple[Any, Callable[[Any], Any]]:
    """A tensor in memory as `old` is, and what gives, for a view of that, the same view of it."""
    order, first = _order(old), 0
    is_plain = isinstance(x._array, np.ndarray)
    if _without_gaps(old, order):
        if not _without_gaps(concrete(x._array), order):
            x = _turned_in_memory(x, order)
        memory = np.ravel(x._array, order="K") if is_plain else None
    elif is_plain:  # with the same gaps
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


def _turned_in_memory(x: Any, order: list[int]) -> Any:
    """A copy of a tensor whose axes lie in this order in memory."""
    axes = [*range(x.ndim)]
    if order in (axes, axes[::-1]):
        return copy(x, order="C" if order == axes else "F")
    turned = copy(np.transpose(x, order), order="C")
    return np.transpose(turned, sorted(axes, key=order.__getitem__))
