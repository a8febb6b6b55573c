"""Derivatives of functions: `grad(f)` is a function that gives the gradient of f."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backward import backpropagate
from .errors import DTypeError, GraphError
from .gates.shape import reshape
from .modes import MODE, nested_grad
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
        nested = MODE.get().nested
        given = list(args)
        with nested_grad():
            for k in positions:
                given[k] = _variable(args[k], k)
            value = f(*given, **kwargs)
            _check(value, f)
            variables = [given[k] for k in positions]
            one = np.ones(value.shape, value.dtype)[()]
            nodes = [variable.node for variable in variables]
            grads: dict[Any, Any] = {}
            if value.requires_grad:
                grads = backpropagate(value.node, constant_tensor(one) if nested else one, nodes)
        found = []
        for k, variable in zip(positions, variables, strict=True):
            if variable.node not in grads and not allow_unused:
                raise GraphError(
                    f"grad: argument {k} does not reach the result of {_name(f)}; its gradient "
                    "would be zero everywhere. Was it detached, converted or unused? Pass "
                    "allow_unused=True to get zeros"
                )
            g = grads.get(variable.node)
            found.append(np.zeros(variable.shape, variable.dtype) if g is None else g)
        if nested:
            pass
        elif MODE.get().tracer is not None:
            value, found = value._value(), [g._data if isinstance(g, Tensor) else g for g in found]
        else:
            value, found = value.numpy(), [np.array(g) for g in found]
        return value, found[0] if single else tuple(found)

    return both


def _variable(x: Any, position: int) -> Tensor:
    """A tensor of its own for an argument; inside another grad it stays connected."""
    if isinstance(x, Tensor) and x.requires_grad:
        return reshape(x, shape=x.shape)  # type: ignore[no-any-return]
    variable = Tensor(x, copy=False)
    if variable.dtype.kind != "f":
        raise DTypeError(
            f"grad: argument {position} is {variable.dtype}, and only floats have gradients; "
            "write 3.0 instead of 3, or use array.astype(float)"
        )
    return variable if variable.requires_grad else Tensor(x, requires_grad=True, copy=False)


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
