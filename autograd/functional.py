"""Derivatives of functions: `grad(f)` is a function that gives the gradient of f."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backward import backpropagate
from .buffers import is_owned
from .errors import DTypeError, GraphError
from .gates.shape import reshape
from .modes import MODE, Mode
from .tensor import Tensor, constant_tensor

__all__ = ["grad", "value_and_grad"]


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of `f` by its argument `argnums`.

    `f` returns a single value; the gradient has the argument's shape (a tuple of gradients for
    several argnums). Derivatives of higher order: `grad(grad(f))`. Raises GraphError when the
    argument does not reach the result (zeros with `allow_unused`), DTypeError for integers.

    >>> grad(grad(lambda x: x**3))(2.0)
    array(12.)
    """
    both = value_and_grad(f, argnums, allow_unused=allow_unused)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, allow_unused: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Like `grad`, but the function gives the pair (value, gradient).

    >>> value_and_grad(lambda x: x * x)(3.0)
    (array(9.), array(6.))
    """
    single = isinstance(argnums, int)
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        mode = MODE.get()
        nested, traced = mode.nested, mode.tracer is not None
        given = list(args)
        token = MODE.set(Mode(True, mode.scope, True, mode.outside, mode.tracer))
        try:
            for k in positions:
                given[k] = _variable(args[k], k)
            variables = [given[k] for k in positions]
            value = f(*given, **kwargs)
            _check(value, f)
            one = np.ones(value.shape, value.dtype) if value.shape else value.dtype.type(1)
            nodes = [variable.node for variable in variables]
            grads: dict[Any, Any] = {}
            if value.requires_grad:
                grads = backpropagate(value.node, constant_tensor(one) if nested else one, nodes)
        finally:
            MODE.reset(token)
        found = []
        for k, variable in zip(positions, variables, strict=True):
            g = grads.get(variable.node)
            if g is None:
                if not allow_unused:
                    raise _unused(k, f)
                g = np.zeros(variable.shape, variable.dtype)
            elif nested:
                pass
            elif traced:
                g = g._data if isinstance(g, Tensor) else g
            elif g.__class__ is not np.ndarray or not is_owned(g, others=1):  # the dictionary
                g = np.array(g)
            found.append(g)
        if not nested:
            value = value._value() if traced else value.numpy()
        return value, found[0] if single else tuple(found)

    return both


def _unused(position: int, f: Callable[..., Any]) -> GraphError:
    return GraphError(
        f"grad: argument {position} does not reach the result of {_name(f)}; its gradient would be "
        "zero everywhere. Was it detached, converted or unused? Pass allow_unused=True to get zeros"
    )


def _variable(x: Any, position: int) -> Tensor:
    """A tensor of its own for an argument; inside another grad it stays connected."""
    if isinstance(x, Tensor) and x.requires_grad:
        return reshape(x, shape=x.shape)  # type: ignore[no-any-return]
    variable = Tensor(x, copy=False)
    if variable.requires_grad:
        return variable
    if variable.dtype.kind != "f":
        raise DTypeError(
            f"grad: argument {position} is {variable.dtype}, and only floats have gradients; "
            "write 3.0 instead of 3, or use array.astype(float)"
        )
    return Tensor(x, requires_grad=True, copy=False)


def _check(value: Any, f: Callable[..., Any]) -> None:
    if not isinstance(value, Tensor):
        raise GraphError(
            f"grad: {_name(f)} returned {type(value).__name__}, which carries no gradient; it "
            "should return a Tensor, computed from its arguments"
        )
    if value.size != 1:
        raise GraphError(
            f"grad: {_name(f)} returned shape {value.shape}; a gradient belongs to a single "
            "value, so reduce it with .sum() or .mean()"
        )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "the function")
