"""Small helpers that clients import."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["func", "quick_grad_check", "subval", "subvals"]


def subvals(x: Iterable[Any], ivs: Iterable[tuple[int, Any]]) -> tuple[Any, ...]:
    """The tuple with other values at some places.

    >>> subvals((1, 2, 3), [(0, 10)])
    (10, 2, 3)
    """
    found = list(x)
    for place, value in ivs:
        found[place] = value
    return tuple(found)


def subval(x: Iterable[Any], i: int, v: Any) -> tuple[Any, ...]:
    """The tuple with another value at one place."""
    return subvals(x, [(i, v)])


def func(f: Any) -> Any:
    """The function itself."""
    return f


def quick_grad_check(
    fun: Callable[..., Any], arg0: Any, extra_args: Sequence[Any] = (),
    kwargs: dict[str, Any] | None = None, **_: Any,
) -> None:  # fmt: skip
    """Check the gradient by the first argument: an old name of `test_util.check_grads`."""
    from .test_util import check_grads

    warnings.warn("quick_grad_check: use autograd.test_util.check_grads", stacklevel=2)
    check_grads(lambda x: fun(x, *extra_args, **(kwargs or {})), modes=["rev"], order=1)(arg0)
