"""The fixed point of a function, with the gradient of the implicit function theorem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import make_vjp
from ..primitives import defvjp, primitive
from ..vspaces import vspace

__all__ = ["fixed_point"]

Function = Callable[..., Any]


@primitive
def fixed_point(f: Function, a: Any, x0: Any, distance: Function, tol: float) -> Any:
    """The x with x = f(a)(x), by iteration from x0 until the distance of two steps is below tol."""
    step = f(a)
    old, x = x0, step(x0)
    while distance(x, old) > tol:
        old, x = x, step(x)
    return x


def _gradient(ans: Any, f: Function, a: Any, x0: Any, distance: Function, tol: float) -> Any:
    """By a: (1 - df/dx)^-T g is a fixed point itself, of w -> g + (df/dx)^T w."""
    by_a, _ = make_vjp(lambda both: f(both[0])(both[1]), (a, ans))

    def backward(given: Any) -> Function:
        a, x, g = given
        by_x, _ = make_vjp(f(a), x)
        return lambda w: vspace(x).add(g, by_x(w))

    def vjp(g: Any) -> Any:
        w = fixed_point(backward, (a, ans, g), vspace(x0).zeros(), distance, tol)
        return by_a(w)[0]

    return vjp


defvjp(fixed_point, None, _gradient, None)
