"""Derivatives of functions: `grad(f)` is a function that gives the gradient of f.

All take the function and `argnums`, the argument or arguments with respect to which it is
differentiated, and give a function of the same arguments. Arguments and results may be containers
of arrays (see trees.py). Arrays in, arrays out; but where a
tracked tensor is involved, as an argument or because f uses it, what comes out is recorded, so that
it can be differentiated again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..errors import ShapeError
from ..tensor import ones
from .calls import Argnums, Call, check_function, check_real, check_single, result

__all__ = ["elementwise_grad", "grad", "hessian", "jacobian", "value_and_grad", "vjp"]


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
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
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Like `grad`, but the function gives the pair (value, gradient).

    >>> value_and_grad(lambda x: x * x)(3.0)
    (array(9.), array(6.))
    """

    check_function(f, "grad")

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = Call("grad", f, argnums, args, kwargs)
        check_single(call.value, f)
        found, recorded = call.pull_back([ones(call.value)])
        return result(call.value, recorded), call.results(found, recorded, allow_unused)

    return both


def vjp(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function of (*args, g) that gives the product of g and the Jacobian of `f`.

    `g` has the shape of what `f` returns, the product that of the argument: it is what backprop
    gives when g is the upstream gradient. Raises ShapeError when g does not fit; else as `grad`.

    >>> import numpy as np
    >>> vjp(lambda x: x * x)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        call = Call("vjp", f, argnums, args[:-1], kwargs)
        found, recorded = call.pull_back(call.seeds(args[-1]))
        return call.results(found, recorded, allow_unused)

    return product


def elementwise_grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that gives the derivative of an elementwise `f`, element by element.

    Each element of the result of f depends on the same element of the argument alone, so all
    derivatives come in one backward pass. Raises ShapeError when the shapes show that it is not so;
    else as `grad`.

    >>> import numpy as np
    >>> elementwise_grad(lambda x: x**3)(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """

    @functools.wraps(f)
    def derivative(*args: Any, **kwargs: Any) -> Any:
        call = Call("elementwise_grad", f, argnums, args, kwargs)
        check_real(call.values, "elementwise_grad", "what the function returns")
        for value in call.values:
            for x in call.variables:
                if value.shape != x.shape:
                    raise ShapeError(
                        f"elementwise_grad: the argument has shape {x.shape}, but the result "
                        f"{value.shape}; use grad or jacobian for what is not elementwise"
                    )
        found, recorded = call.pull_back([ones(value) for value in call.values])
        return call.results(found, recorded, allow_unused=False)

    return derivative


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function that gives all derivatives of what `f` returns by its argument `argnums`.

    Their shape is that of the result followed by that of the argument (a tuple of such arrays for
    several argnums). Many rows are worked out in one backward pass. Raises as `grad`.

    >>> import numpy as np
    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        call = Call("jacobian", f, argnums, args, kwargs)
        check_real(call.values, "jacobian", "what the function returns")
        rows = [call.results(*call.rows(x), allow_unused, of=x) for x in call.values]
        return call.tree.built(rows)

    return derivatives


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function that gives all second derivatives of `f` by its argument `argnums`.

    `f` returns a single value; the shape is that of the argument, twice. For several argnums it is
    a tuple of tuples: entry [i][j] has the shape of argument i followed by that of argument j.
    Raises as `grad`.

    >>> import numpy as np
    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    gradient = grad(f, argnums, allow_unused=allow_unused)

    @functools.wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        call = Call("hessian", gradient, argnums, args, kwargs)
        check_real(call.values, "hessian", "the gradient, as the argument is,")
        rows = [call.results(*call.rows(x), allow_unused=True, of=x) for x in call.values]
        return call.tree.built(rows)

    return derivatives
