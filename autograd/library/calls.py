"""Calls of NumPy's functions in all their forms: with options, with `out`, without a gate.

What has no gate takes the values of tensors that are not tracked, and of all tensors inside
`no_grad()`; for tracked ones it raises.
"""

from __future__ import annotations

import sys
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
from . import special, ufunc_methods

__all__ = [
    "OPTIONS", "each", "leaves", "of_function", "on_values", "options_of", "ufunc", "with_options",
    "with_values", "written",
]  # fmt: skip

# definitions of gates' functions with the options that the gates do not have
OPTIONS: dict[Any, Callable[..., Any]] = {}


def ufunc(key: Any, handler: Any, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """Call a ufunc, or the method of one: `key` is how the table names it."""
    function, method = key if isinstance(key, tuple) else (key, "__call__")
    known: Any = NUMPY_FUNCTIONS.get(function)
    if known is None:
        special.enter_if_loaded()
        known = NUMPY_FUNCTIONS.get(function)
    name = _name(function) + ("" if method == "__call__" else f".{method}")
    out = options.pop("out", None)
    if isinstance(out, tuple):
        out = out[0] if len(out) == 1 else out
    if method == "at":
        if known is None and isinstance(inputs[0], Tensor):
            raise UnsupportedError(f"{name}(t, ...): there is no gate for this function; use {name}"
                                   "(array, ...) with array = t.numpy(), a copy")  # fmt: skip
        return ufunc_methods.at(function, *inputs, **options)
    if known is None or (method in FOLDS and ufunc_methods.is_discrete(function)):
        check = known is None
        result = on_values(getattr(function, method), name, inputs, options, check)
    elif method in FOLDS:
        result = FOLDS[method](function, *inputs, **options)
    else:
        operands = ufunc_methods.outer(*inputs) if method == "outer" else inputs
        result = _elementwise(name, function, known, operands, out, **options)
    return result if out is None else written(result, out, name, options.get("casting"))


FOLDS: dict[str, Callable[..., Any]] = {
    "reduce": ufunc_methods.reduce,
    "accumulate": ufunc_methods.accumulate,
    "reduceat": ufunc_methods.reduceat,
}


def _name(function: Any) -> str:
    name = function.__name__
    for module in ("np", "numpy"), ("scipy.special", "scipy.special"):
        if getattr(sys.modules.get(module[1]), name, None) is function:
            return f"{module[0]}.{name}"
    return str(name)


def _elementwise(
    name: str, function: np.ufunc, handler: Any, inputs: Sequence[Any], out: Any,
    where: Any = True, dtype: Any = None, casting: Any = None, order: str = "K",
    subok: bool = True, **others: Any,
) -> Any:  # fmt: skip
    """A call of a ufunc with its options, apart from `out`."""
    layout = {k: others.pop(k) for k in ("axis", "axes", "keepdims") if k in others}  # of gufuncs
    refuse_options(name.removeprefix("np."), others)
    if dtype is not None or casting is not None:
        inputs = _cast(name, function, inputs, dtype, casting or "same_kind")
    if where is True:
        return handler(*inputs, **layout)
    if out is None or isinstance(out, tuple):
        raise UnsupportedError(
            f"{name}(..., where=mask): without out= the other elements have no value; write "
            f"np.where(mask, {name}(...), other)"
        )
    # elements that are not asked for are not computed: a number in the domain stands there
    inputs = [np.where(where, x, _in_domain(function)) for x in inputs]
    return np.where(where, handler(*inputs), out)


def _in_domain(function: np.ufunc) -> Any:
    """A number at which a function is finite, and has a finite derivative."""
    with np.errstate(all="ignore"):
        return 0.5 if function in (np.arcsin, np.arccos, np.arctanh) else 2


def _cast(
    name: str, function: np.ufunc, inputs: Sequence[Any], dtype: Any, casting: Any
) -> list[Any]:
    """The operands as what the loop of a ufunc takes that computes in a dtype."""
    given = [x.dtype if hasattr(x, "dtype") else _kind(x) for x in inputs]
    results = None if dtype is None else np.dtype(dtype)
    try:
        found = function.resolve_dtypes(
            (*given, *[None] * function.nout),
            signature=(*[None] * function.nin, *[results] * function.nout),
            casting=casting,
        )
    except TypeError as error:
        raise DTypeError(
            f"{name}(..., dtype={dtype}, casting={casting!r}): {error}; convert the operands "
            "first with x.astype(...)"
        ) from None
    return [_as(x, wanted) for x, wanted in zip(inputs, found, strict=False)]


def _kind(x: Any) -> Any:
    return type(x) if type(x) in (int, float, complex) else np.result_type(x)


def _as(x: Any, dtype: np.dtype[Any]) -> Any:
    if not hasattr(x, "dtype"):
        return np.asarray(x, dtype)[()]
    return x if x.dtype == dtype else astype(x, dtype=dtype)


# --- unusual options -----------------------------------------------------------------------------


def options_of(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let functions of NumPy that have a gate run a definition when it lacks an option: a
    decorator. An option that is NumPy's mark for "not given" is not passed on."""

    def register(definition: Callable[..., Any]) -> Callable[..., Any]:
        OPTIONS.update(dict.fromkeys(functions, definition))
        return definition

    return register


def with_options(
    function: Any, args: Sequence[Any], options: dict[str, Any], unusual: Any = None
) -> Any:
    """Call a function that has a gate with options that only a definition of it knows.

    Raises UnsupportedError, which names the `unusual` ones, when there is no definition.
    """
    if function not in OPTIONS:
        refuse_options(function.__name__, unusual)
    given = {name: value for name, value in options.items() if value is not np._NoValue}
    return OPTIONS[function](*args, **given)


# --- out -----------------------------------------------------------------------------------------


def written(result: Any, out: Any, name: str, casting: Any = None) -> Any:
    """`out`, after a result has been written into it: a tensor moves on to it, gradient and all.

    Raises ShapeError or DTypeError when the result does not fit, InPlaceError when `out` cannot be
    written to, and UnsupportedError when a recorded value would go into an array.
    """
    if isinstance(out, tuple):
        return tuple(written(r, o, name, casting) for r, o in zip(result, out, strict=True))
    if out is None:
        return result
    if not (hasattr(out, "shape") and hasattr(out, "dtype")):
        raise TypeError(f"{name}(..., out=...): expected a tensor or an array, got {type(out)}")
    if np.shape(result) != out.shape:
        result = _widened(result, out.shape, name)
    dtype = getattr(result, "dtype", None) or np.result_type(result)
    if not np.can_cast(dtype, out.dtype, casting or "same_kind"):
        raise DTypeError(
            f"{name}(..., out=t): the result is {dtype}, but out is {out.dtype}; let out be "
            f"{dtype}, or say casting='unsafe'"
        )
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


def _widened(result: Any, shape: tuple[int, ...], name: str) -> Any:
    """A result as often as it fits into `out`, which may be larger."""
    try:
        fits = np.broadcast_shapes(np.shape(result), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"{name}(..., out=t): the result has shape {np.shape(result)}, but out has {shape}; "
            "out needs the shape of the result, or one that the result broadcasts to"
        )
    return np.broadcast_to(result, shape)


# --- without a gate ------------------------------------------------------------------------------


def of_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a function of NumPy that is no ufunc does with tensors."""
    handler = NUMPY_FUNCTIONS.get(function)
    if handler is not None:
        return handler
    module = getattr(function, "__module__", "numpy").replace("numpy", "np", 1)
    name = f"{module}.{function.__name__}"
    return lambda *args, **options: on_values(function, name, args, options)


def on_values(
    function: Any, name: str, args: Sequence[Any], options: dict[str, Any], check: bool = True
) -> Any:
    """Call a function that has no gate with the values of tensors; raise if one is recorded.

    `check=False` is for functions that have no gradient.
    """
    tensors = [x for x in leaves((args, options)) if isinstance(x, Tensor)]
    if check and MODE.get().recording and any(x.requires_grad for x in tensors):
        raise UnsupportedError(
            f"{name}: there is no gate for this function, so its gradient is not known; write it "
            "with functions that have one (see autograd.gates), or leave the graph on purpose with "
            "t.detach() or t.numpy()"
        )
    out = options.pop("out", None) if isinstance(options.get("out"), Tensor) else None
    given = each(_plain, list(args))
    result = each(_as_tensor, function(*given, **each(_plain, options)))
    return written(result, out, name)


def with_values(function: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function that has no derivative with the values of tensors, tracked or not."""
    return function(*each(_plain, list(args)), **each(_plain, options))


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
    if isinstance(value, StandIn):
        return value.outside()
    view = np.asarray(value)[...]
    view.flags.writeable = False  # a function that writes in place must not reach the tensor
    return view


def _as_tensor(x: Any) -> Any:
    if isinstance(x, Tensor):  # of a function that was given one inside
        return x
    kind = np.dtype(getattr(x, "dtype", object)).kind
    return Tensor(x, requires_grad=False) if kind in "fciub" else x
