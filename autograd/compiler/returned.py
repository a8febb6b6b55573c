"""Returned: what a function gives back, taken apart and put together again.

What a program computes of it comes from the program at every call, the rest is as it was. Both are
fixed when the function is traced, so results are put together by a straight line of code, which
takes less time than a walk through containers.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import ReadOnly, read_only
from ..errors import TraceError
from ..tensor import Tensor, constant_tensor
from ..unrecorded import unrecorded
from .lookalikes import LikeArray, LikeScalar, Values
from .traced import Traced

__all__ = ["form_of", "giver", "parts_of"]

DEEP, MANY = 4, 1000  # how far results are looked into for what a program computes


def _made_of(kind: type, values: dict[str, Any]) -> Any:
    """An object of a data class."""
    made: Any = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def parts_in(x: Any) -> list[Any] | None:
    """What a container among the results holds, or a data class with computed values; else None."""
    kind = type(x)
    if kind is tuple or kind is list or (isinstance(x, tuple) and hasattr(x, "_make")):
        return list(x)
    if kind is dict or kind is OrderedDict:
        return list(x.values())
    if not dataclasses.is_dataclass(x) or isinstance(x, type):
        return None
    parts = [getattr(x, field.name, None) for field in dataclasses.fields(x)]
    inside = getattr(x, "__dict__", {}).keys() <= {field.name for field in dataclasses.fields(x)}
    return parts if inside and _holds(parts, lambda _: False, 0) else None


def form_of(x: Any) -> Any:
    """How results are nested, for texts: see `heads.put_together`.

    Named tuples are tuples there, and data classes dictionaries: the text knows no other classes.
    """
    parts = parts_in(x)
    if parts is None:
        return None
    if isinstance(x, (tuple, list)):
        return ("list" if isinstance(x, list) else "tuple", *map(form_of, parts))
    keys = [*x] if isinstance(x, dict) else [field.name for field in dataclasses.fields(x)]
    return ("dict", *((key, form_of(part)) for key, part in zip(keys, parts, strict=True)))


def parts_of(result: Any, stays: Callable[[Any], bool]) -> list[Any]:
    """What a function returned, one after the other, out of nested containers.

    Raises TraceError for what cannot be put together again from computed values.
    """
    parts = parts_in(result)
    if parts is not None:
        return [leaf for part in parts for leaf in parts_of(part, stays)]
    if not isinstance(result, (Traced, Tensor)):
        if hasattr(type(result), "__next__") or hasattr(type(result), "__await__"):
            raise _cannot_return(result, "runs later, outside of the program")
        if _holds(result, stays, 0):
            raise _cannot_return(result, "holds values that the program computes")
    return [result]


def _cannot_return(x: Any, why: str) -> TraceError:
    return TraceError(
        f"compile: the function returns a {type(x).__name__}, which {why}; return arrays and "
        "numbers, or lists, tuples, dictionaries and data classes of them"
    )


def _holds(x: Any, stays: Callable[[Any], bool], depth: int) -> bool:
    """There is a value of the program in it, not too deep."""
    if isinstance(x, Traced):
        return True
    if isinstance(x, Tensor):
        return isinstance(x._array, Traced) and not stays(x)
    if depth > DEEP or isinstance(x, (str, bytes, int, float, np.ndarray, np.generic, type)):
        return False
    if isinstance(x, dict):
        inside = list(x.values())
    elif isinstance(x, (tuple, list, set, frozenset, deque)):
        inside = list(x)
    else:
        inside = [*getattr(x, "__dict__", {}).values()]
        slots = (s for base in type(x).__mro__ for s in getattr(base, "__slots__", ()))
        inside += [getattr(x, name, None) for name in slots if not name.startswith("__")]
        inside += [cell_contents(cell) for cell in getattr(x, "__closure__", None) or ()]
        for name in ("__defaults__", "__kwdefaults__", "__self__", "__func__"):
            inside.append(getattr(x, name, None))
        if isinstance(x, functools.partial):
            inside += [x.func, x.args, x.keywords]
    return any(_holds(part, stays, depth + 1) for part in inside[:MANY])


def cell_contents(cell: Any) -> Any:
    """What a variable of a closure holds; None if it is empty."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def giver(result: Any, leaves: list[Any], computed: list[int], name: str) -> Callable[..., Any]:
    """The function that makes the result of a call from the values that a program computes.

    `leaves` are what the function returned in `result`, one after the other; `computed` tells
    which of them the program computes. The others are given as they are. `name` is the function's:
    what eager code would have recorded, tells from where it comes.
    """
    scope: dict[str, Any] = {
        "asarray": np.asarray, "constant_tensor": constant_tensor, "read_only": read_only,
        "ReadOnly": ReadOnly, "unrecorded": unrecorded,
    }  # fmt: skip
    texts = []
    for k, x in enumerate(leaves):
        if k not in computed:
            scope[f"fixed_{k}"] = x
            texts.append(f"fixed_{k}")
        elif isinstance(x, Tensor):
            by = f"unrecorded(value_{k}, {name!r})"
            texts.append(by if x.requires_grad else f"constant_tensor(value_{k})")
        else:
            texts.append(_as_in_eager(f"value_{k}", x))
    rest = iter(texts)

    def bind(x: Any) -> str:
        name = f"known_{len(scope)}"
        scope[name] = x
        return name

    def text(x: Any) -> str:
        if (parts := parts_in(x)) is None:
            return next(rest)
        inside = [text(part) for part in parts]
        if isinstance(x, (tuple, list)):
            items = "".join(f"{item}, " for item in inside)
            if type(x) is tuple or type(x) is list:
                return f"[{items}]" if type(x) is list else f"({items})"
            return f"{bind(type(x))}._make(({items}))"
        if isinstance(x, dict):
            pairs = ", ".join(f"{bind(key)}: {item}" for key, item in zip(x, inside, strict=True))
            return f"{{{pairs}}}" if type(x) is dict else f"{bind(type(x))}({{{pairs}}})"
        names = [field.name for field in dataclasses.fields(x)]
        pairs = ", ".join(f"{name!r}: {item}" for name, item in zip(names, inside, strict=True))
        return f"{bind(_made_of)}({bind(type(x))}, {{{pairs}}})"

    names = ", ".join(f"value_{k}" for k in computed)
    return eval(f"lambda {names}: {text(result)}", scope)  # type: ignore[no-any-return]


def _as_in_eager(text: str, x: Any) -> str:
    """A computed value as what the function returned: an array, a scalar or a Python number."""
    if isinstance(x, Values):
        return f"read_only({text})"
    if isinstance(x, LikeArray) and type(x.value) is ReadOnly:
        return f"asarray({text}).view(ReadOnly)"
    if not isinstance(x, Traced) or x.variable.shape:
        return text
    if isinstance(x, LikeArray):
        return f"asarray({text})"
    return f"{text}[()]" if isinstance(x, LikeScalar) else f"{x.value.__class__.__name__}({text})"
