"""Derivatives of functions, as clients of `autograd.numpy` expect them (see core.py).

All take (fun, argnum=0) and give a function of the same arguments; argnum is one place or several.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.functional.checkpointing import checkpoint

from .core import Call
from .core import make_jvp as _make_jvp
from .core import make_vjp as _make_vjp
from .vspaces import vspace
from .wrap_util import unary_to_nary

__all__ = [
    "checkpoint", "deriv", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "jacobian",
    "make_ggnvp", "make_hvp", "make_jvp", "make_jvp_reversemode", "make_vjp", "multigrad_dict",
    "tensor_jacobian_product", "value_and_grad", "value_and_multigrad", "vector_jacobian_product",
]  # fmt: skip

Function = Callable[..., Any]

make_vjp = unary_to_nary(_make_vjp)
make_jvp = unary_to_nary(_make_jvp)


def _slope(name: str, vjp: Function, value: Any) -> Any:
    """The gradient of a single real value."""
    space = vspace(value)
    if space.size != 1:
        raise TypeError(
            f"{name}: the function should give one real number, but gave {space}; take the "
            "jacobian, elementwise_grad, or holomorphic_grad of it"
        )
    return vjp(space.ones())


@unary_to_nary
def grad(fun: Function, x: Any) -> Any:
    """The gradient of fun, which gives a single real value, in the containers of the argument."""
    return _slope("grad", *_make_vjp(fun, x))


@unary_to_nary
def value_and_grad(fun: Function, x: Any) -> Any:
    """The value of fun, and its gradient."""
    vjp, value = _make_vjp(fun, x)
    return value, _slope("value_and_grad", vjp, value)


def value_and_multigrad(fun: Function, argnums: Any = 0) -> Function:
    """The value of fun, and its gradients by several arguments."""
    return value_and_grad(fun, argnums)


@unary_to_nary
def elementwise_grad(fun: Function, x: Any) -> Any:
    """The sum of the rows of the Jacobian; its diagonal if each element depends on one alone."""
    vjp, value = _make_vjp(fun, x)
    if vspace(value).iscomplex:
        raise TypeError(
            "elementwise_grad: the function gave complex numbers; it should give real ones"
        )
    return vjp(vspace(value).ones())


@unary_to_nary
def deriv(fun: Function, x: Any) -> Any:
    """The change of fun along a change of ones."""
    return _make_jvp(fun, x)(vspace(x).ones())[1]


@unary_to_nary
def jacobian(fun: Function, x: Any) -> Any:
    """All derivatives of fun, which gives an array: its axes come first, then those of x."""
    return Call(fun, x).rows()


@unary_to_nary
def hessian(fun: Function, x: Any) -> Any:
    """All second derivatives of fun."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def holomorphic_grad(fun: Function, x: Any) -> Any:
    """The complex derivative of fun."""
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=3)
    return grad(lambda z: np.real(fun(z)))(x)


def grad_named(fun: Function, argname: str) -> Function:
    """The gradient of fun by the argument of a name."""
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


@unary_to_nary
def grad_and_aux(fun: Function, x: Any) -> Any:
    """The gradient of the first of two results, and the second as it is."""
    vjp, (value, aux) = _make_vjp(lambda x: tuple(fun(x)), x)
    return vjp((vspace(value).ones(), vspace(aux).zeros())), aux


@unary_to_nary
def make_hvp(fun: Function, x: Any) -> Any:
    """The function from v to the product of the Hessian and v, and the gradient."""
    return _make_vjp(grad(fun), x)


@unary_to_nary
def make_jvp_reversemode(fun: Function, x: Any) -> Any:
    """The function from a change of x to that of fun, by two passes backward."""
    vjp, value = _make_vjp(fun, x)
    return _make_vjp(vjp, vspace(value).zeros())[0]


def hessian_tensor_product(fun: Function, argnum: Any = 0) -> Function:
    """The function of (*args, v) that gives the product of the Hessian and v, of the same shape."""
    gradient = grad(fun, argnum)

    def along(*args: Any, **kwargs: Any) -> Any:
        return np.tensordot(gradient(*args[:-1], **kwargs), args[-1], np.ndim(args[-1]))

    return grad(along, argnum)


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: Any = 0) -> Function:
    """The function of (*args, v) that gives the product of v and the Jacobian."""

    def weighted(*args: Any, **kwargs: Any) -> Any:
        return np.tensordot(args[-1], fun(*args[:-1], **kwargs), axes=np.ndim(args[-1]))

    return jacobian(weighted, argnum)


vector_jacobian_product = tensor_jacobian_product


def _half_of_squares(x: Any) -> Any:
    return 0.5 * np.sum(x * x, axis=-1)


def make_ggnvp(f: Function, g: Function = _half_of_squares, f_argnum: Any = 0) -> Function:
    """At a point: the function from v to the product of J' H J and v, with J the Jacobian of f and
    H the Hessian of g at f (Schraudolph, "Fast Curvature Matrix-Vector Products", 2002)."""

    @unary_to_nary
    def at(f: Function, x: Any) -> Function:
        f_vjp, value = _make_vjp(f, x)
        g_hvp, _ = _make_vjp(grad(g), value)
        f_jvp, _ = _make_vjp(f_vjp, vspace(value).zeros())
        return lambda v: f_vjp(g_hvp(f_jvp(v)))

    return at(f, f_argnum)


def multigrad_dict(fun: Function) -> Function:
    """The gradients of fun by all its arguments, as a dictionary by their names."""
    signature = inspect.signature(fun)

    @functools.wraps(fun)
    def gradients(*args: Any, **kwargs: Any) -> OrderedDict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()

        def of_a_dictionary(given: dict[str, Any]) -> Any:
            call = inspect.BoundArguments(signature, OrderedDict(given))
            return fun(*call.args, **call.kwargs)

        return OrderedDict(grad(of_a_dictionary)(dict(bound.arguments)))

    return gradients
