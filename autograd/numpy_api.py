"""NumPy's own functions, called with Tensors: which gate records them, and which options.

The table is filled by the gates, and by the library (see library/) when a function is met that is
not there yet. What has no gate at all raises for tracked tensors, and so does an option that the
gate does not have: a result without its gradient is never given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UnsupportedError

if TYPE_CHECKING:
    from .gate import Gate

__all__ = ["COMPOSED", "NUMPY_FUNCTIONS", "refuse_options", "register", "register_reduction"]

# what records each function, and each method of a ufunc: filled by the gate table
NUMPY_FUNCTIONS: dict[Any, Callable[..., Any]] = {}
COMPOSED: dict[str, Callable[..., Any]] = {}  # those that are made of other functions, by name


def call_ufunc(_: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """A ufunc, or one of its methods, met a Tensor: this is `Tensor.__array_ufunc__`."""
    key = ufunc if method == "__call__" else (ufunc, method)
    handler = NUMPY_FUNCTIONS.get(key)
    if handler is None or options:
        from .library import calls

        return calls.ufunc(key, handler, inputs, options)
    return handler(*inputs)


def call_function(_: Any, function: Any, types: Any, args: Any, options: dict[str, Any]) -> Any:
    """Another function of NumPy met a Tensor: this is `Tensor.__array_function__`."""
    handler = NUMPY_FUNCTIONS.get(function)
    if handler is None:
        from .library import calls

        handler = calls.of_function(function)
    return handler(*args, **options)


def register(function: Callable[..., Any], call: Callable[..., Any], row: Gate) -> None:
    """Let `function`, called with a Tensor, record the gate."""
    if isinstance(function, np.ufunc):
        NUMPY_FUNCTIONS[function] = _ufunc_handler(function.__name__, call)
    else:
        NUMPY_FUNCTIONS[function] = _function_handler(function, call, row)


def register_reduction(ufunc: np.ufunc, call: Callable[..., Any]) -> None:
    """Let `ufunc.reduce`, whose axis is 0 when not given, record a reduction gate."""

    def handler(x: Any, axis: Any = 0, keepdims: bool = False, **options: Any) -> Any:
        if options:
            from .library import calls

            function = getattr(np, call.__name__)
            return calls.with_options(function, (x, axis), options | {"keepdims": keepdims})
        return call(x, axis=axis, keepdims=keepdims)

    NUMPY_FUNCTIONS[ufunc, "reduce"] = handler


def _ufunc_handler(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def handler(*inputs: Any, **options: Any) -> Any:
        if options:
            refuse_options(name, options)
        return call(*inputs)

    return handler


def _function_handler(
    function: Callable[..., Any], call: Callable[..., Any], row: Gate
) -> Callable[..., Any]:
    """Translate NumPy's order and names of arguments into the gate's."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # a function written in C that does not tell
        parameters = inspect.signature(row.kernel).parameters
    names = list(parameters)
    defaults = {name: p.default for name, p in parameters.items()}
    count = len(row.operands)
    renamed = dict(zip(names, row.operands, strict=False))

    def handler(*args: Any, **options: Any) -> Any:
        if len(args) <= count and not options:
            return call(*args)
        options.update(zip(names[count:], args[count:], strict=False))
        given: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, value in options.items():
            known = renamed.get(name, name)
            if known in row.statics or known in row.operands:
                if value is not np._NoValue:
                    given[known] = value
            elif value is not defaults.get(name):
                extra[name] = value
        if any(value is not None for value in extra.values()):
            from .library import calls

            return calls.with_options(function, args[:count], options, extra)
        return call(*args[:count], **given)

    return handler


def refuse_options(name: str, options: dict[str, Any]) -> None:
    """Raise UnsupportedError if an option of a NumPy function was given that no gate has."""
    given = [key for key, value in options.items() if value is not None]
    if given:
        raise UnsupportedError(
            f"np.{name}: the option {', '.join(given)} is not supported with tensors; compute "
            "without it, or use t.numpy() if no gradient is wanted"
        )
