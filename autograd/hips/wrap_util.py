"""Operators on functions of one argument, made to ones that choose among several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .util import subvals

__all__ = ["get_doc", "get_name", "unary_to_nary", "wrap_nary_f", "wraps"]

Function = Callable[..., Any]


def unary_to_nary(unary_operator: Function) -> Callable[..., Function]:
    """The operator (fun, x) as one of (fun, argnum=0), which gives a function of all arguments.

    `argnum` is one place, or a tuple or list of them: then x is the tuple of these arguments.

    >>> double = unary_to_nary(lambda fun, x: 2 * fun(x))
    >>> double(lambda x, y: x * y, 1)(3.0, 4.0)
    24.0
    """

    @wraps(unary_operator)
    def nary_operator(fun: Function, argnum: Any = 0, *op_args: Any, **op_kwargs: Any) -> Function:
        if not isinstance(argnum, (int, tuple, list)):
            raise TypeError(f"argnum is {argnum!r}; it has to be a place, or a tuple of places")

        @wrap_nary_f(fun, unary_operator, argnum)
        def nary_f(*args: Any, **kwargs: Any) -> Any:
            @wraps(fun)
            def unary_f(x: Any) -> Any:
                places = [(argnum, x)] if isinstance(argnum, int) else zip(argnum, x, strict=True)
                return fun(*subvals(args, places), **kwargs)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[k] for k in argnum)
            return unary_operator(unary_f, x, *op_args, **op_kwargs)

        return nary_f

    return nary_operator


def wraps(
    fun: Function, namestr: str = "{fun}", docstr: str = "{doc}", **kwargs: Any
) -> Callable[[Function], Function]:
    """Give a function a name and a docstring made of those of another."""

    def dress(f: Function) -> Function:
        given = {"fun": get_name(fun), "doc": get_doc(fun), **kwargs}
        f.__name__, f.__doc__ = namestr.format(**given), docstr.format(**given)
        return f

    return dress


def wrap_nary_f(fun: Function, op: Function, argnum: Any) -> Callable[[Function], Function]:
    """Give what an operator made of a function a name that says so."""
    doc = "    {op} of function {fun} with respect to argument {argnum}; it takes its arguments."
    return wraps(fun, "{op}_of_{fun}_wrt_argnum_{argnum}", doc, op=get_name(op), argnum=argnum)


def get_name(f: Any) -> str:
    """The name of a function."""
    return getattr(f, "__name__", "[unknown name]")


def get_doc(f: Any) -> str:
    """The docstring of a function."""
    return getattr(f, "__doc__", None) or ""
