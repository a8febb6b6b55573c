"""Rules as old code gives them, by methods of the primitive: `f.defvjp(rule, argnum=0)`."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from .primitives import defvjp
from .primitives import primitive as _primitive
from .vspaces import vspace

__all__ = ["primitive"]

Rule = Callable[..., Any]


@functools.wraps(_primitive)
def primitive(f_raw: Rule) -> Rule:  # noqa: D103 (that of primitives.py)
    made: Any = _primitive(f_raw)
    rules: dict[int, Rule | None] = {}

    def give(rule: Rule | None, argnum: int, method: str) -> None:
        warnings.warn(f"{method}: use autograd.extend.defvjp", DeprecationWarning, stacklevel=3)
        rules[argnum] = rule
        defvjp(made, *rules.values(), argnums=tuple(rules))

    def defgrad(gradfun: Rule, argnum: int = 0) -> None:
        give(gradfun, argnum, "defgrad")

    def defvjp_unstaged(vjpmaker: Rule, argnum: int = 0) -> None:
        def staged(ans: Any, *args: Any, **kwargs: Any) -> Rule:
            space = vspace(args[argnum])
            return lambda g: vjpmaker(g, ans, space, vspace(g), *args, **kwargs)

        give(staged, argnum, "defvjp")

    def defvjp_is_zero(argnums: Any = (0,)) -> None:
        for argnum in argnums:
            give(None, argnum, "defvjp_is_zero")

    made.defgrad, made.defvjp, made.defvjp_is_zero = defgrad, defvjp_unstaged, defvjp_is_zero
    return made  # type: ignore[no-any-return]
