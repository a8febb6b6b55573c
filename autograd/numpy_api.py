"""NumPy's own functions, called with Tensors: which gate records them, and which options.

What is not in the table raises, and so does an option that the gate does not have: a result
without its gradient is never given.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UnsupportedError

if TYPE_CHECKING:
    from .gate import Gate

__all__ = ["NUMPY_FUNCTIONS", "refuse_options", "register", "register_reduction"]

NUMPY_FUNCTIONS: dict[Any, Callable[..., Any]] = {}  # what records each: filled by the gate table


def call_ufunc(_: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """A ufunc, or one of its methods, met a Tensor: this is `Tensor.__array_ufunc__`."""
    handler = NUMPY_FUNCTIONS.get(ufunc if method == "__call__" else (ufunc, method))
    if handler is not None and options.get("out") is None:
        return handler(*inputs, **options)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    if handler is None:
        raise _no_gate(f"np.{name}")
    raise UnsupportedError(
        f"np.{name}(..., out=...): a recorded value cannot be written into an array; use the "
        "result of the call"
    )


def call_function(_: Any, function: Any, types: Any, args: Any, options: dict[str, Any]) -> Any:
    """Another function of NumPy met a Tensor: this is `Tensor.__array_function__`."""
    handler = NUMPY_FUNCTIONS.get(function)
    if handler is None:
        module = getattr(function, "__module__", "numpy").replace("numpy", "np", 1)
        raise _no_gate(f"{module}.{function.__name__}")
    return handler(*args, **options)


def _no_gate(name: str) -> UnsupportedError:
    return UnsupportedError(
        f"{name}: there is no gate for this function, so its gradient is not known; write it "
        "with functions that have one (see autograd.gates), or leave the graph on purpose with "
        "t.detach() or t.numpy()"
    )


def register(function: Callable[..., Any], call: Callable[..., Any], row: Gate) -> None:
    """Let `function`, called with a Tensor, record the gate."""
    if isinstance(function, np.ufunc):
        NUMPY_FUNCTIONS[function] = _ufunc_handler(function.__name__, call)
    else:
        NUMPY_FUNCTIONS[function] = _function_handler(function, call, row)


def register_reduction(ufunc: np.ufunc, call: Callable[..., Any]) -> None:
    """Let `ufunc.reduce`, whose axis is 0 when not given, record a reduction gate."""

    def handler(
        x: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        refuse_options(f"{ufunc.__name__}.reduce", {"dtype": dtype, "out": out})
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
        refuse_options(function.__name__, extra)
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
