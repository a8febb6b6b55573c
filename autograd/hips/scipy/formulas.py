"""Functions of SciPy's with the gradients of formulas: SciPy's values, to the bit, for the forward
pass, and in the backward pass the derivatives of the same function written in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core import make_jvp, make_vjp
from ..primitives import defjvp_argnums, defvjp_argnums, primitive
from ..util import subvals

__all__ = ["valued_by"]

Function = Callable[..., Any]


def valued_by(function: Function) -> Callable[[Function], Function]:
    """Let a formula give the derivatives of a function: a decorator of the formula."""

    def declare(formula: Function) -> Function:
        called = primitive(function)

        def at(argnums: Any, args: Any, kwargs: Any) -> tuple[Function, Any]:
            chosen = tuple(args[k] for k in argnums)
            return (
                lambda x: formula(*subvals(args, zip(argnums, x, strict=True)), **kwargs)
            ), chosen

        def vjp(argnums: Any, ans: Any, args: Any, kwargs: Any) -> Function:
            return make_vjp(*at(argnums, args, kwargs))[0]

        def jvp(argnums: Any, changes: Any, ans: Any, args: Any, kwargs: Any) -> Any:
            return make_jvp(*at(argnums, args, kwargs))(tuple(changes))[1]

        defvjp_argnums(called, vjp)
        defjvp_argnums(called, jvp)
        called.__doc__ = formula.__doc__
        return called

    return declare
