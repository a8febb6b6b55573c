"""Derivatives of functions: `grad(f)` is a function that gives the gradient of f.

All take the function and `argnums`, the argument or arguments that it is differentiated by, and
give a function of the same arguments. What they give can be differentiated and compiled again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .backward import backpropagate, reachable
from .buffers import is_owned
from .errors import DTypeError, GraphError, ShapeError
from .gates.shape import reshape
from .modes import MODE, nested_grad
from .stacked import Stacked
from .tensor import Tensor, as_constant, constant_tensor

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

TOGETHER = 1 << 23  # bytes that a value may take for all rows that are worked out together

Argnums = int | Sequence[int]


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
    single = isinstance(argnums, int)
    positions = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        mode = MODE.get()
        nested, traced = mode.nested, mode.tracer is not None
        given = list(args)
        token = MODE.set(mode.__class__(True, mode.scope, True, mode.outside, mode.tracer))
        try:
            for k in positions:
                given[k] = _variable(args[k], k, "grad")
            variables = [given[k] for k in positions]
            value = f(*given, **kwargs)
            _check_single(value, f)
            one = np.ones(value.shape, value.dtype) if value.shape else value.dtype.type(1)
            nodes = [variable.node for variable in variables]
            grads: dict[Any, Any] = {}
            if value.requires_grad:
                grads = backpropagate(value.node, _constant(one) if nested else one, nodes)
        finally:
            MODE.reset(token)
        found = []
        for k, variable in zip(positions, variables, strict=True):
            g = grads.get(variable.node)
            if g is None:
                if not allow_unused:
                    raise _unused(k, f, "grad")
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


def vjp(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function of (*args, g) that gives the product of g and the Jacobian of `f`.

    `g` has the shape of what `f` returns, the product that of the argument: it is what backprop
    gives when g is the upstream gradient. Raises ShapeError when g does not fit; else as `grad`.

    >>> vjp(lambda x: x * x)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        nested = MODE.get().nested
        with nested_grad():
            value, variables = _call(f, argnums, args[:-1], kwargs, "vjp")
            _check_tensor(value, f, "vjp")
            seed = _direction(args[-1], value, nested, "vjp")
            found = _pull_back(value, seed, variables)
            if not allow_unused:
                _check_reached(found, f, argnums, "vjp")
        gradients = [_zeros(x) if g is None else g for g, x in zip(found, variables, strict=True)]
        return _like(argnums, [_given(g, nested) for g in gradients])

    return product


def jvp(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function of (*args, v) that gives the product of the Jacobian of `f` and v.

    `v` has the shape of the argument (for several argnums it is a tuple), the product that of
    what `f` returns: the slope of f along v. The vjp is linear in its upstream gradient, so its
    derivative by that is the jvp. Raises ShapeError when v does not fit; else as `grad`.

    >>> jvp(lambda x: x * x)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        nested = MODE.get().nested
        with nested_grad():
            value, variables = _call(f, argnums, args[:-1], kwargs, "jvp")
            _check_tensor(value, f, "jvp")
            upstream = Tensor(np.ones_like(value._value()), requires_grad=True, copy=False)
            found = _pull_back(value, upstream, variables)
            if not allow_unused:
                _check_reached(found, f, argnums, "jvp")
            slope = _along(args[-1], argnums, found, variables, "jvp")
            (total,) = _gradients_of_single(slope, [upstream], nested)
        return _given(total, nested)

    return product


def hvp(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function of (*args, v) that gives the product of the Hessian of `f` and v.

    It is the gradient of the slope along v, and costs two backward passes, however many elements
    the argument has. `f` returns a single value; v and the product have the argument's shape
    (tuples for several argnums). Raises ShapeError when v does not fit; else as `grad`.

    >>> hvp(lambda x: (x**3).sum())(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    gradient = grad(f, argnums, allow_unused=allow_unused)

    @functools.wraps(f)
    def product(*args: Any, **kwargs: Any) -> Any:
        nested = MODE.get().nested
        with nested_grad():
            first, variables = _call(gradient, argnums, args[:-1], kwargs, "hvp")
            slope = _along(args[-1], argnums, _several(argnums, first), variables, "hvp")
            found = _gradients_of_single(slope, variables, nested)
        return _like(argnums, [_given(g, nested) for g in found])

    return product


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function that gives all derivatives of what `f` returns by its argument `argnums`.

    Their shape is that of the result followed by that of the argument (a tuple of such arrays for
    several argnums). Many rows are worked out in one backward pass. Raises as `grad`.

    >>> jacobian(lambda x: x * x)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        nested = MODE.get().nested
        with nested_grad():
            value, variables = _call(f, argnums, args, kwargs, "jacobian")
            _check_tensor(value, f, "jacobian")
            found = _rows(value, variables, nested)
            if not allow_unused:
                _check_reached(found, f, argnums, "jacobian")
        pairs = zip(found, variables, strict=True)
        found = [_zeros(value, x) if rows is None else rows for rows, x in pairs]
        return _like(argnums, [_given(rows, nested) for rows in found])

    return derivatives


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, *, allow_unused: bool = False
) -> Callable[..., Any]:
    """The function that gives all second derivatives of `f` by its argument `argnums`.

    `f` returns a single value; the shape is that of the argument, twice. For several argnums it is
    a tuple of tuples: entry [i][j] has the shape of argument i followed by that of argument j.
    Raises as `grad`.

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    gradient = grad(f, argnums, allow_unused=allow_unused)

    @functools.wraps(f)
    def derivatives(*args: Any, **kwargs: Any) -> Any:
        nested = MODE.get().nested
        with nested_grad():
            first, variables = _call(gradient, argnums, args, kwargs, "hessian")
            blocks = [
                [
                    _zeros(value, x) if rows is None else rows
                    for rows, x in zip(_rows(value, variables, nested), variables, strict=True)
                ]
                for value in _several(argnums, first)
            ]
        rows = [_like(argnums, [_given(block, nested) for block in row]) for row in blocks]
        return _like(argnums, rows)

    return derivatives


# --- one or several arguments --------------------------------------------------------------------


def _several(argnums: Argnums, x: Any) -> list[Any]:
    """One entry for each of the argnums."""
    return [x] if isinstance(argnums, int) else list(x)


def _like(argnums: Argnums, found: list[Any]) -> Any:
    return found[0] if isinstance(argnums, int) else tuple(found)


def _call(
    f: Callable[..., Any], argnums: Argnums, args: Any, kwargs: Any, name: str
) -> tuple[Any, list[Tensor]]:
    """What f gives for variables in place of some arguments, and the variables."""
    given = list(args)
    positions = _several(argnums, argnums)
    for k in positions:
        if not -len(given) <= k < len(given):
            raise GraphError(
                f"{name}: argnums is {argnums}, but the call has {len(given)} positional "
                "arguments; what is differentiated by is passed by position"
            )
        given[k] = _variable(given[k], k, name)
    return f(*given, **kwargs), [given[k] for k in positions]


def _variable(x: Any, position: int, name: str) -> Tensor:
    """A tensor of its own for an argument; inside another grad it stays connected."""
    if isinstance(x, Tensor) and x.requires_grad:
        return reshape(x, shape=x.shape)  # type: ignore[no-any-return]
    variable = Tensor(x, copy=False)
    if variable.requires_grad:
        return variable
    if variable.dtype.kind != "f":
        raise DTypeError(
            f"{name}: argument {position} is {variable.dtype}, and only floats have gradients; "
            "write 3.0 instead of 3, or use array.astype(float)"
        )
    return Tensor(x, requires_grad=True, copy=False)


def _given(x: Any, nested: bool) -> Any:
    """A result as the caller gets it: inside another grad as it is, else an array of its own."""
    if nested:
        return x
    if isinstance(x, Tensor):
        x = x._value()
    return x if MODE.get().tracer is not None else np.array(x)


def _zeros(*of: Any) -> Any:
    """The derivative by what is not used: its shape is that of all together."""
    return np.zeros([length for x in of for length in x.shape], of[-1].dtype)


# --- backward passes -----------------------------------------------------------------------------


def _constant(value: Any) -> Tensor:
    """A tensor for a seed; while a program is traced it is a constant of the program."""
    tracer = MODE.get().tracer
    return constant_tensor(value if tracer is None else tracer.constant(value))


def _pull_back(value: Any, seed: Any, variables: list[Tensor]) -> list[Any]:
    """The gradients by variables; None where a variable does not lead to the value."""
    nodes = [x.node for x in variables]
    grads = backpropagate(value.node, seed, nodes) if value.requires_grad else {}
    return [grads.get(node) for node in nodes]


def _gradients_of_single(value: Tensor, variables: list[Tensor], nested: bool) -> list[Any]:
    """The gradients of a single value; zeros by what it does not depend on."""
    seed = value.dtype.type(1)
    found = _pull_back(value, _constant(seed) if nested else seed, variables)
    return [_zeros(x) if g is None else g for g, x in zip(found, variables, strict=True)]


def _along(
    v: Any, argnums: Argnums, gradients: list[Any], variables: list[Tensor], name: str
) -> Any:
    """The slope along v: the sum of the products of gradients and directions."""
    directions = _several(argnums, v)
    if len(directions) != len(variables):
        raise ShapeError(
            f"{name}: got {len(directions)} directions for {len(variables)} argnums; pass one each"
        )
    total: Any = constant_tensor(variables[0].dtype.type(0))
    for direction, g, x in zip(directions, gradients, variables, strict=True):
        direction = _direction(direction, x, True, name)
        if g is not None:
            total = total + np.sum(g * direction)
    return total


def _direction(direction: Any, like: Tensor, nested: bool, name: str) -> Any:
    """A direction, checked: an array, or a tensor inside another grad."""
    if not isinstance(direction, Tensor):
        direction = constant_tensor(as_constant(direction, dtype=like.dtype, copy=False))
    if direction.shape != like.shape:
        what = "what the function gives" if name == "vjp" else "the argument"
        raise ShapeError(
            f"{name}: the direction, the last argument, has shape {direction.shape}, but {what} "
            f"has {like.shape}; they must agree"
        )
    return direction if nested else direction._value()


def _rows(value: Any, variables: list[Tensor], nested: bool) -> list[Any]:
    """The derivatives of all elements of a value; None by what it does not depend on."""
    if not isinstance(value, Tensor) or not value.requires_grad:
        return [None] * len(variables)
    if not value.size:
        return [_zeros(value, x) for x in variables]
    nodes = [x.node for x in variables]
    if nested:  # each row is recorded, so that it can be differentiated again
        one = np.eye(value.size, dtype=value.dtype).reshape(value.size, *value.shape)
        parts = [backpropagate(value.node, _constant(row[()]), nodes) for row in one]
        joined = [
            np.stack([part[node] for part in parts]) if node in parts[0] else None for node in nodes
        ]
    else:
        blocks = [backpropagate(value.node, seed, nodes) for seed in _seeds(value)]
        joined = [
            _joined([block[node].values for block in blocks]) if node in blocks[0] else None
            for node in nodes
        ]
    return [
        None if rows is None else np.reshape(rows, (*value.shape, *x.shape))
        for rows, x in zip(joined, variables, strict=True)
    ]


def _joined(blocks: list[Any]) -> Any:
    return np.concatenate(blocks) if len(blocks) > 1 else blocks[0]


def _seeds(value: Tensor) -> list[Stacked]:
    """For each element of a value the direction of that element alone; as many as fit together."""
    nodes = reachable(value.node) or [value.node]
    largest = max(math.prod(node.shape) * node.dtype.itemsize for node in nodes)
    count, size = max(1, TOGETHER // max(1, largest)), value.size
    return [
        Stacked(np.eye(min(count, size - k), size, k, value.dtype).reshape(-1, *value.shape))
        for k in range(0, size, count)
    ]


# --- checks --------------------------------------------------------------------------------------


def _check_tensor(value: Any, f: Callable[..., Any], name: str) -> None:
    if not isinstance(value, Tensor):
        raise GraphError(
            f"{name}: {_name(f)} returned {type(value).__name__}, which carries no gradient; it "
            "should return a Tensor, computed from its arguments"
        )


def _check_single(value: Any, f: Callable[..., Any]) -> None:
    _check_tensor(value, f, "grad")
    if value.size != 1:
        raise GraphError(
            f"grad: {_name(f)} returned shape {value.shape}; a gradient belongs to a single "
            "value, so reduce it with .sum() or .mean(), or take the jacobian"
        )


def _check_reached(found: list[Any], f: Callable[..., Any], argnums: Argnums, name: str) -> None:
    for k, g in zip(_several(argnums, argnums), found, strict=True):
        if g is None:
            raise _unused(k, f, name)


def _unused(position: int, f: Callable[..., Any], name: str) -> GraphError:
    return GraphError(
        f"{name}: argument {position} does not reach the result of {_name(f)}; its gradient would "
        "be zero everywhere. Was it detached, converted or unused? Pass allow_unused=True to get "
        "zeros"
    )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "the function")
