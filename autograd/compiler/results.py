"""Results: the type that each kind of function gives, by rule, and whose memory it shows.

A rule is called like the function, with a `Type` in place of each array; a constant may stand there
itself. No rule reads or computes anything large. Where NumPy can be asked, it is: by calling the
function itself on miniatures, or on arrays without memory (see types.py).
"""

from __future__ import annotations

import math
import operator
import threading
import warnings
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from .types import (
    Array,
    Miniatures,
    Type,
    filled,
    fresh,
    map_tree,
    packed,
    type_of,
    unread,
)

__all__ = [
    "DependsOnDataError", "NoTypeError", "Result", "Rule", "asked", "at", "chosen", "converted",
    "depends_on_data", "getitem", "joined", "labels", "like", "miniature", "ravel", "reshape",
    "setitem", "told", "unknown", "view",
]  # fmt: skip

Function = Callable[..., Any]
MOST = 4096  # results that a rule remembers
SMALL = 512  # bytes of constants that may be a shape, or the order of axes


class DependsOnDataError(Exception):
    """The shape of the result depends on the elements of an operand."""


class NoTypeError(Exception):
    """The function does not give one array, or nobody can tell which."""


class Result(NamedTuple):
    """What a function gives.

    view   the position of the operand whose memory the result shows; None for memory of its own.
           A number has no memory that could be shown.
    """

    type: Type
    view: int | None = None


class Rule:
    """A rule that remembers its results.

    Constants are told apart by type, small ones, which may be a shape, by value; `by_value` all.
    """

    __slots__ = ("_find", "_known", "_most")

    def __init__(self, find: Callable[..., Result], by_value: bool = False):
        self._find, self._most = find, math.inf if by_value else SMALL
        self._known: dict[Any, Result] = {}

    def __call__(self, *args: Any, **options: Any) -> Result:
        """The result for these operands. Raises what the function raises."""
        key: Any = tuple([x if x.__class__ is Type else self._key(x) for x in args])
        if options:
            key = key, self._key(options)
        try:
            known = self._known.get(key)
        except TypeError:  # an argument that has no hash
            return self._find(*args, **options)
        if known is None:
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[key] = self._find(*args, **options)
        return known

    def _key(self, x: Any) -> Any:
        """Equal for arguments that are the same to the rule; 1, 1.0 and True are not."""
        kind = x.__class__
        if kind is Type:
            return x
        if kind is tuple or kind is list:
            return kind, *map(self._key, x)
        if kind is dict:
            return kind, *((name, self._key(part)) for name, part in x.items())
        if kind is slice:
            return kind, x.start, x.stop, x.step
        if isinstance(x, np.ndarray):
            return type_of(x), blake2b(x.tobytes()).digest() if x.nbytes <= self._most else None
        return kind, x


def _is_array(x: Any) -> bool:
    return x.__class__ is Type or isinstance(x, np.ndarray)


def _one(function: Function, result: Any) -> Any:
    """The result, if it is one array or number."""
    if not isinstance(result, (np.ndarray, np.generic, float, int)):
        name = getattr(function, "__name__", function)
        raise NoTypeError(f"{name} gives {type(result).__name__}, and not one array")
    return result


# --- functions that are asked --------------------------------------------------------------------


def miniature(function: Function) -> Rule:
    """For functions whose result has lengths of its operands, in an order that their layout tells,
    and memory of its own: they are called on miniatures."""
    called = _on_small(function)

    def find(*args: Any, **options: Any) -> Result:
        small = Miniatures()
        small_args = _each(small.of, args)
        small_options = map_tree(small.of, options) if options else options
        try:
            result = called(*small_args, **small_options).type
        except NoTypeError:
            raise
        except Exception:
            if any(x.__class__ is Type and not x.size for x in args):  # it has no such elements
                return called(*args, **options)
            # the same error, which speaks of the lengths there are
            function(*map_tree(_repeated, args), **map_tree(_repeated, options))
            raise
        return Result(small.large(result))

    return Rule(find)


def _on_small(function: Function) -> Rule:
    def find(*args: Any, **options: Any) -> Result:
        with np.errstate(all="ignore"):
            result = function(*_each(_array, args), **map_tree(_array, options))
        return Result(type_of(_one(function, result)))

    return Rule(find)


def _array(x: Any) -> Any:
    return filled(x) if x.__class__ is Type else x


def _each(function: Function, args: tuple[Any, ...]) -> list[Any]:
    return [map_tree(function, x) if x.__class__ in (tuple, list) else function(x) for x in args]


def _repeated(x: Any) -> Any:
    """One element, as often as the type tells."""
    if x.__class__ is not Type:
        return x
    return filled(x) if x.weak else np.broadcast_to(x.dtype.type(0), x.shape)


def view(function: Function) -> Rule:
    """For functions that always show the memory of their first operand, and do not read it."""

    def find(x: Any, *args: Any, **options: Any) -> Result:
        x = type_of(x)
        result = function(unread(x), *args, **options)
        return Result(type_of(result), 0 if x.shape else None)

    return Rule(find)


def asked(function: Function) -> Rule:
    """For NumPy's other functions: they are called on arrays of the very type, with other elements.

    That takes as long as the function. Elements of two kinds tell when the result depends on them;
    if it has one for neither, others are tried.
    """

    def find(*args: Any, **options: Any) -> Result:
        found: set[Result] = set()
        error: Exception | None = None
        for values in (np.zeros_like, _various, _regular, np.ones_like):
            if found and values in (_regular, np.ones_like):
                break
            arrays = [map_tree(partial(_stand_in, values), x) for x in args]
            given = map_tree(partial(_stand_in, values), options)
            try:
                result = _one(function, _in_silence(function, arrays, given))
            except NoTypeError:
                raise
            except Exception as problem:  # a singular matrix, an index that is out of range
                error = problem
                continue
            found.add(Result(type_of(result), _shown(result, arrays)))
        if not found and error is not None:
            raise error
        if len(found) > 1:
            raise DependsOnDataError(f"the result of {function.__name__} depends on the elements")
        return found.pop()

    return Rule(find, by_value=True)


def _stand_in(values: Callable[[Array], Array], x: Any) -> Any:
    if x.__class__ is not Type:
        return x.copy() if isinstance(x, np.ndarray) else x
    array = filled(x)
    if not x.weak:
        array[...] = values(array)
    return array if x.shape or x.weak else array[()]


def _various(array: Array) -> Array:
    """Elements that are different; matrices of them are positive definite."""
    values = np.arange(array.size).reshape(array.shape) * 0.6180339887 % 1
    if array.dtype.kind in "iu":
        values *= 3
    elif array.ndim > 1 and array.shape[-1] == array.shape[-2]:
        values += len(array) * np.eye(array.shape[-1])
    return values > 0.5 if array.dtype.kind == "b" else values.astype(array.dtype)


def _regular(array: Array) -> Array:
    """Identity matrices; of an array that is none a matrix may be made that is one."""
    rows = array.shape[-1] if array.ndim > 1 and array.shape[-1] == array.shape[-2] else 0
    rows = rows or math.isqrt(array.size)
    if not rows or array.size % rows**2:
        return np.ones_like(array)
    identities = np.broadcast_to(np.eye(rows), (array.size // rows**2, rows, rows))
    return identities.reshape(array.shape).astype(array.dtype)


_silence = threading.Lock()  # the filters of warnings are everybody's


def _in_silence(function: Function, args: Any, options: Any) -> Any:
    with _silence, warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*args, **options)


def _shown(result: Any, args: list[Any]) -> int | None:
    for k, x in enumerate(args):
        parts = x if isinstance(x, (list, tuple)) else [x]
        arrays = [part for part in parts if isinstance(part, np.ndarray)]
        if any(np.may_share_memory(result, array) for array in arrays):
            return k
    return None


def converted(function: Function) -> Rule:
    """For functions that give their operand itself where there is nothing to do."""
    copied = miniature(function)

    def find(x: Any, *args: Any, **options: Any) -> Result:
        given, result = type_of(x), copied(x, *args, **options)
        if given.shape and given.dtype == result.type.dtype:
            small = filled(Miniatures().of(given))
            if function(small, *args, **options) is small:
                return Result(given, 0)
        return result

    return Rule(find)


def depends_on_data(function: Function) -> Callable[..., Result]:
    """For functions whose result has as many elements as they find."""

    def refuse(*_: Any, **__: Any) -> Result:
        raise DependsOnDataError(
            f"how many elements {function.__name__} finds depends on the values of its operand"
        )

    return refuse


def unknown(function: Function) -> Callable[..., Result]:
    """For functions of which nothing is known, and which must not be called to find out."""

    def refuse(*_: Any, **__: Any) -> Result:
        name = getattr(function, "__name__", function)
        raise NoTypeError(f"what {name} gives is known only when it is called")

    return refuse


def told(gives: Callable[..., Any]) -> Rule:
    """For helpers with a function beside them, which makes an empty array like their result.

    Or which gives an operand, where they show its memory.
    """

    def find(*args: Any, **options: Any) -> Result:
        operands = [unread(type_of(x)) if _is_array(x) else x for x in args]
        options = {k: unread(type_of(x)) if _is_array(x) else x for k, x in options.items()}
        result = gives(*operands, **options)
        memory = [k for k, x in enumerate(operands) if result is x or _base(result) is x]
        return Result(type_of(result), memory[0] if memory else None)

    return Rule(find)


def _base(x: Any) -> Any:
    return x if x.base is None or not isinstance(x.base, np.ndarray) else _base(x.base)


def chosen(function: Function) -> Callable[..., Result]:
    """For `np.where`: of three operands; with one it tells where a condition holds."""
    of_three, of_one = miniature(function), depends_on_data(function)

    def find(condition: Any, *branches: Any) -> Result:
        return (of_three if branches else of_one)(condition, *branches)

    return find


# --- shapes --------------------------------------------------------------------------------------


def _reshape(x: Any, shape: Any, order: Any = "C", copy: bool | None = None) -> Result:
    x = type_of(x)
    try:
        if copy:
            raise ValueError
        seen: Array = np.reshape(unread(x), shape, order, copy=False)
        return Result(type_of(seen), 0 if x.shape else None)
    except ValueError:
        if copy is False:
            raise
        # a copy is needed, or the shape does not fit: an array that need not be copied tells
        order = "F" if order == "F" else "C"
        whole = packed(x.shape, x.dtype, tuple(range(x.ndim)) if order == "F" else None)
        return Result(type_of(np.reshape(unread(whole), shape, order)))


reshape = Rule(_reshape)


def _ravel(x: Any, order: str = "C") -> Result:
    x = type_of(x)
    flat = packed((x.size,), x.dtype)
    if order == "C":
        return Result(flat, 0 if x.is_contiguous and x.shape else None)
    return _raveled(x, order)


_raveled = asked(np.ravel)
ravel = Rule(_ravel)


def _like(
    x: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Result:
    x = type_of(x)
    if shape is None:
        return _alike(x, dtype, order)
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    kept = order == "K" and len(shape) == x.ndim
    in_order = x.strides if kept else tuple(range(len(shape))) if order == "F" else None
    return Result(packed(shape, x.dtype if dtype is None else dtype, in_order))


like, _alike = Rule(_like), miniature(np.empty_like)  # `np.zeros_like` and its kin


def joined(function: Function) -> Rule:
    """For `np.concatenate` and `np.stack`: miniatures tell the layout."""
    called = _on_small(function)

    def find(arrays: Any, axis: int | None = 0, **options: Any) -> Result:
        small = Miniatures()
        try:
            result = called(map_tree(small.of, arrays), axis=axis, **options).type
        except Exception:
            function(map_tree(_repeated, arrays), axis=axis, **options)
            raise
        shapes = [type_of(x).shape for x in arrays]
        if axis is None:
            return Result(packed((sum(map(math.prod, shapes)),), result.dtype))
        shape, k = list(shapes[0]), axis % result.ndim
        if result.ndim > len(shape):
            shape.insert(k, len(shapes))
        else:
            shape[k] = sum(shape[k] for shape in shapes)
        return Result(small.large(result, tuple(shape)))

    return Rule(find)


# --- indexing ------------------------------------------------------------------------------------


class _Mask(NamedTuple):
    """A mask that is known: its axes, and how many elements it finds."""

    ndim: int
    found: int


def getitem(x: Any, index: Any) -> Result:
    """x[index]; see `operator.getitem`."""
    return _item(type_of(x), _parts(index, _computed_mask))


def _parts(index: Any, mask: Callable[[Type], Any]) -> tuple[Any, ...]:
    """Of the parts of an index what the rules need; `mask` is called with masks not known."""
    parts = index if isinstance(index, tuple) else (index,)
    return tuple([_part(part, mask) for part in parts])


def _computed_mask(part: Type) -> Any:
    raise DependsOnDataError(
        "x[mask]: how many elements there are depends on the values of the mask"
    )


def _part(part: Any, mask: Callable[[Type], Any]) -> Any:
    if part is None or part is Ellipsis or part.__class__ is int:
        return part
    if part.__class__ is Type:
        if part.dtype.kind == "b":
            return mask(part)
        number = not part.shape and part.dtype.kind in "iu"
        return 0 if number else part  # whatever the number is, what it takes is alike
    if part.__class__ is slice:
        if any(_is_array(p) for p in (part.start, part.stop, part.step)):
            raise DependsOnDataError(
                "x[start:stop]: how many elements there are depends on the values of the bounds"
            )
        return part
    array = np.asarray(part)
    if array.dtype == bool:
        return _Mask(array.ndim, int(np.count_nonzero(array)))
    if not array.ndim and array.dtype.kind in "iu":
        return int(array)
    return type_of(array if array.size else array.astype(np.intp))


def _find_item(x: Type, index: tuple[Any, ...]) -> Result:
    if not any(part.__class__ in (Type, _Mask) for part in index):
        whole = Ellipsis in index
        seen = unread(x)[index if whole else (*index, ...)]
        number = not x.shape or (not seen.shape and not whole)
        return Result(type_of(seen), None if number else 0)
    # slices first, of what they leave the elements at the other parts: all of that has the lengths
    # of parts and slices
    sliced: list[Any] = []
    rest: list[Any] = []
    for part in index:
        if part is None or part is Ellipsis or part.__class__ is slice:
            sliced.append(part)
            rest.append(part if part is Ellipsis else slice(None))
        elif part.__class__ is _Mask:
            sliced += [slice(None)] * part.ndim or [None]
            rest += [packed((part.found,), np.intp)] * max(part.ndim, 1)
        else:
            sliced.append(slice(None))
            rest.append(0 if part.__class__ is int else part)
    return _elements(type_of(unread(x)[tuple(sliced)]), tuple(rest))


_item, _elements = Rule(_find_item), miniature(operator.getitem)


def setitem(x: Any, index: Any, value: Any) -> Result:
    """x after x[index] = value. Raises ValueError for a value that does not broadcast."""
    return _written(type_of(x), _parts(index, lambda mask: mask), type_of(value).shape)


def _find_written(x: Type, index: tuple[Any, ...], given: tuple[int, ...]) -> Result:
    if not any(part.__class__ is Type and part.dtype.kind == "b" for part in index):
        taken = _item(x, index).type.shape
        spare = max(len(given) - len(taken), 0)  # axes of length 1 in front, which NumPy lets be
        if not set(given[:spare]) <= {1} or not _fits(given[spare:], taken):
            raise ValueError(f"could not broadcast from shape {given} into shape {taken}")
    return Result(fresh(x))


_written = Rule(_find_written)


def _fits(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    pairs = zip(reversed(given), reversed(shape), strict=False)
    return all(n in (1, length) for n, length in pairs)


def at(x: Any, *_: Any) -> Result:
    """x after `ufunc.at(x, index, values)`."""
    return Result(fresh(type_of(x)))


# --- helpers of gates ----------------------------------------------------------------------------


def labels(check: Function) -> Rule:
    """For `check_labels`: it is called on labels that are right, or as wrong as their shape."""

    def find(given: Any, scores_shape: tuple[int, ...]) -> Result:
        given = type_of(given)
        array = filled(given)
        array[...] = 0
        if array.ndim == 2:
            array[:, :1] = 1
        result = check(array, scores_shape)
        return Result(type_of(result), 0 if result is array else None)

    return Rule(find)
