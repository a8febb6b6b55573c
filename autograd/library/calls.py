"""Calls of NumPy's functions in all their forms: with options, with `out`, without a gate.

What has no gate takes the values of tensors that are not tracked, and of all tensors inside
`no_grad()`; for tracked ones it raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import library  # noqa: F401 (fills the tables)
from ..errors import DTypeError, InPlaceError, ShapeError, UnsupportedError
from ..gates.shape import astype
from ..modes import MODE
from ..numpy_api import NUMPY_FUNCTIONS, refuse_options
from ..standins import StandIn
from ..tensor import Tensor

__all__ = ["of_function", "ufunc", "written"]


def ufunc(key: Any, handler: Any, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """Call a ufunc, or the method of one: `key` is how the table names it."""
    function, method = key if isinstance(key, tuple) else (key, "__call__")
    handler = handler or NUMPY_FUNCTIONS.get(key)
    name = f"np.{function.__name__}" + ("" if method == "__call__" else f".{method}")
    if handler is None:
        return on_values(getattr(function, method), name, inputs, options)
    out = options.pop("out", None)
    if isinstance(out, tuple):
        out = out[0] if len(out) == 1 else out
    if method == "__call__":
        result = _elementwise(name, handler, inputs, out, **options)
    else:
        result = handler(*inputs, **options)
    return result if out is None else written(result, out, name)


def _elementwise(
    name: str, handler: Any, inputs: Sequence[Any], out: Any,
    where: Any = True, dtype: Any = None, casting: str = "same_kind", order: str = "K",
    subok: bool = True, **others: Any,
) -> Any:  # fmt: skip
    """A call of a ufunc with its options, apart from `out`."""
    refuse_options(name.removeprefix("np."), others)
    if dtype is not None:
        inputs = [_cast(x, np.dtype(dtype), casting, name) for x in inputs]
    if where is True:
        return handler(*inputs)
    if out is None or isinstance(out, tuple):
        raise UnsupportedError(
            f"{name}(..., where=mask): without out= the other elements have no value; write "
            f"np.where(mask, {name}(...), other)"
        )
    # elements that are not asked for are not computed: 1 is in the domain of every function
    inputs = [np.where(where, x, 1) for x in inputs]
    return np.where(where, handler(*inputs), out)


def _cast(x: Any, dtype: np.dtype[Any], casting: Any, name: str) -> Any:
    """An operand in the dtype of the computation."""
    if not hasattr(x, "dtype"):
        return x if dtype.kind == "b" else np.asarray(x, dtype)[()]
    if dtype.kind == "b" or x.dtype == dtype:  # what compares gives bools in any case
        return x
    if not np.can_cast(x.dtype, dtype, casting):
        raise DTypeError(
            f"{name}(..., dtype={dtype}): an operand is {x.dtype}, which {casting!r} casting does "
            "not make into that; convert it first with x.astype(...)"
        )
    return astype(x, dtype=dtype)


# --- out -----------------------------------------------------------------------------------------


def written(result: Any, out: Any, name: str) -> Any:
    """`out`, after a result has been written into it: a tensor moves on to it, gradient and all.

    Raises ShapeError or DTypeError when the result does not fit, InPlaceError when `out` cannot be
    written to, and UnsupportedError when a recorded value would go into an array.
    """
    if isinstance(out, tuple):
        return tuple(written(r, o, name) for r, o in zip(result, out, strict=True))
    if out is None:
        return result
    if np.shape(result) != out.shape:
        raise ShapeError(
            f"{name}(..., out=t): the result has shape {np.shape(result)}, but out has {out.shape}"
        )
    dtype = getattr(result, "dtype", None) or np.result_type(result)
    if not np.can_cast(dtype, out.dtype, "same_kind"):
        raise DTypeError(f"{name}(..., out=t): the result is {dtype}, but out is {out.dtype}")
    if isinstance(out, Tensor):
        if out._is_number():
            raise InPlaceError(f"{name}(..., out=t): t is a number, as in NumPy; write t = ...")
        made = result if isinstance(result, Tensor) else Tensor(result, requires_grad=False)
        made = made if made.dtype == out.dtype else astype(made, dtype=out.dtype)
        out._move_on(made, f"{name}(..., out=t)", "use the result of the call")
        return out
    if isinstance(result, Tensor) and result.requires_grad:
        raise UnsupportedError(
            f"{name}(..., out=array): a recorded value cannot be written into an array, where its "
            "gradient would be lost; use the result of the call, or let out be a Tensor"
        )
    out[...] = result._current() if isinstance(result, Tensor) else result
    return out


# --- without a gate ------------------------------------------------------------------------------


def of_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a function of NumPy that is no ufunc does with tensors."""
    handler = NUMPY_FUNCTIONS.get(function)
    if handler is not None:
        return handler
    module = getattr(function, "__module__", "numpy").replace("numpy", "np", 1)
    name = f"{module}.{function.__name__}"
    return lambda *args, **options: on_values(function, name, args, options)


def on_values(function: Any, name: str, args: Sequence[Any], options: dict[str, Any]) -> Any:
    """Call a function that has no gate with the values of tensors; raise if one is recorded."""
    tensors = [x for x in leaves((args, options)) if isinstance(x, Tensor)]
    if MODE.get().recording and any(x.requires_grad for x in tensors):
        raise UnsupportedError(
            f"{name}: there is no gate for this function, so its gradient is not known; write it "
            "with functions that have one (see autograd.gates), or leave the graph on purpose with "
            "t.detach() or t.numpy()"
        )
    given = each(_plain, list(args))
    return each(_as_tensor, function(*given, **each(_plain, options)))


def leaves(tree: Any) -> Iterator[Any]:
    """What tuples, lists and dictionaries hold."""
    if isinstance(tree, (tuple, list)):
        for part in tree:
            yield from leaves(part)
    elif isinstance(tree, dict):
        yield from leaves(list(tree.values()))
    else:
        yield tree


def each(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same tuples, lists and dictionaries, of what a function makes of what they hold."""
    if isinstance(tree, dict):
        return {name: each(function, x) for name, x in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [each(function, x) for x in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return function(tree)


def _plain(x: Any) -> Any:
    """The value of a tensor as NumPy's functions take it."""
    if not isinstance(x, Tensor):
        return x
    value = x._current()
    return value.outside() if isinstance(value, StandIn) else np.asarray(value)


def _as_tensor(x: Any) -> Any:
    kind = np.dtype(getattr(x, "dtype", object)).kind
    return Tensor(x, requires_grad=False) if kind in "fciub" else x
