"""Derivatives of functions: `grad(f)` is a function that gives the gradient of f.

All take the function and `argnums`, the argument or arguments with respect to which it is
differentiated, and give a function of the same arguments. Arrays in, arrays out; but where a
tracked tensor is involved, as an argument or because f uses it, what comes out is recorded, so that
it can be differentiated again.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from . import arrays
from .arrays import as_constant
from .backward import backpropagate, reachable
from .errors import DTypeError, GraphError, ShapeError
from .gates.shape import reshape
from .modes import MODE, recording
from .node import Node
from .standins import StandIn
from .tensor import Tensor, constant_tensor, ones
from .values import ARRAYS

__all__ = ["grad", "hessian", "hvp", "jacobian", "jvp", "value_and_grad", "vjp"]

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

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _Call("grad", f, argnums, args, kwargs)
        _check_single(call.value, f)
        found, recorded = call.pull_back(call.value, ones(call.value))
        return _result(call.value, recorded), call.results(found, recorded, allow_unused)

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
        call = _Call("vjp", f, argnums, args[:-1], kwargs)
        found, recorded = call.pull_back(call.value, _direction(args[-1], call.value, "vjp"))
        return call.results(found, recorded, allow_unused)

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
        call = _Call("jvp", f, argnums, args[:-1], kwargs)
        with recording():
            upstream = Tensor(ones(call.value), requires_grad=True, copy=False)
            nodes = [x.node for x in call.variables]
            grads = backpropagate(call.value.node, upstream, nodes)
            found = [grads.get(node) for node in nodes]
            call.check_reached(found, allow_unused)
            slope = _along(args[-1], argnums, found, call.variables, "jvp")
        (total,), recorded = call.pull_back(slope, ones(slope), [upstream])
        return _result(_zeros(call.value) if total is None else total, recorded)

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
        call = _Call("hvp", gradient, argnums, args[:-1], kwargs)
        with recording():
            first = _several(argnums, call.value)
            slope = _along(args[-1], argnums, first, call.variables, "hvp")
        found, recorded = call.pull_back(slope, ones(slope))
        return call.results(found, recorded, allow_unused=True)

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
        call = _Call("jacobian", f, argnums, args, kwargs)
        found, recorded = call.rows(call.value)
        return call.results(found, recorded, allow_unused, call.value)

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
        call = _Call("hessian", gradient, argnums, args, kwargs)
        rows = [
            call.results(*call.rows(value), allow_unused=True, of=value)
            for value in _several(argnums, call.value)
        ]
        return _like(argnums, rows)

    return derivatives


class _Call:
    """A function called with variables in place of some arguments, and what is asked of it.

    Results are recorded if recording was on outside, and tracked tensors of the caller's lead to
    the value: those gradients then depend on them too.
    """

    def __init__(self, name: str, f: Callable[..., Any], argnums: Argnums, args: Any, kwargs: Any):
        self.name, self.f, self.argnums = name, f, argnums
        self.recording = MODE.get().recording
        self.connected = False
        if self.recording:
            self.value = self._value(list(args), kwargs)
        else:
            with recording():
                self.value = self._value(list(args), kwargs)
        if name not in ("hvp", "hessian"):  # where f is a gradient, which may be constant
            _check_tensor(self.value, f, name)

    def _value(self, given: list[Any], kwargs: Any) -> Any:
        """What f gives for variables in place of some arguments."""
        for k in _several(self.argnums, self.argnums):
            if not -len(given) <= k < len(given):
                raise GraphError(
                    f"{self.name}: argnums is {self.argnums}, but the call has {len(given)} "
                    "positional arguments; what is differentiated by is passed by position"
                )
        places = [k % len(given) for k in _several(self.argnums, self.argnums)]
        for k in set(places):
            self.connected |= isinstance(given[k], Tensor) and given[k].requires_grad
            given[k] = _variable(given[k], k, self.name)
        self.variables = [given[k] for k in places]
        return self.f(*given, **kwargs)

    def pull_back(
        self, value: Tensor, seed: Any, variables: list[Tensor] | None = None
    ) -> tuple[list[Any], bool]:
        """The gradients by the variables, None where one does not lead to the value, and whether
        they are recorded."""
        variables = self.variables if variables is None else variables
        if not value.requires_grad:
            return [None] * len(variables), False
        nodes = [x.node for x in variables]
        connected = self.connected or (isinstance(seed, Tensor) and seed.requires_grad)
        recorded = self.recording and connected
        if not recorded:
            array = seed._value() if isinstance(seed, Tensor) else seed
            grads = backpropagate(value.node, array, nodes)
            recorded = self.recording and self.reaches_others(grads, *variables)
        if recorded:
            grads = backpropagate(value.node, _constant(seed), nodes)
        return [grads.get(node) for node in nodes], recorded

    def rows(self, value: Any) -> tuple[list[Any], bool]:
        """The derivatives of all elements of a value, by the variables, as `pull_back`."""
        if not isinstance(value, Tensor) or not value.requires_grad:
            return [None] * len(self.variables), False
        if not value.size:
            return [_zeros(value, x) for x in self.variables], False
        nodes = [x.node for x in self.variables]
        recorded = self.recording and (self.connected or self.reaches_others(_leaves(value.node)))
        joined = (one_by_one if recorded else all_rows)(value, nodes, recorded)
        shapes = [(*value.shape, *x.shape) for x in self.variables]
        pairs = zip(joined, shapes, strict=True)
        return [None if x is None else np.reshape(x, shape) for x, shape in pairs], recorded

    def reaches_others(self, leaves: Iterable[Node], *variables: Tensor) -> bool:
        """Whether there are tracked tensors among them that f was not given as variables."""
        own = {x.node for x in (*self.variables, *variables)}
        return any(node.plan is None and node.slot and node not in own for node in leaves)

    def results(self, found: list[Any], recorded: bool, allow_unused: bool, of: Any = None) -> Any:
        """The derivatives by the variables as the caller gets them: one, or several."""
        self.check_reached(found, allow_unused)
        shapes = [(x,) if of is None else (of, x) for x in self.variables]
        found = [_zeros(*shape) if g is None else g for g, shape in zip(found, shapes, strict=True)]
        return _like(self.argnums, [_result(found.pop(0), recorded) for _ in shapes])

    def check_reached(self, found: list[Any], allow_unused: bool) -> None:
        """Raise GraphError if a variable does not lead to the value."""
        for k, g in zip(_several(self.argnums, self.argnums), found, strict=True):
            if g is None and not allow_unused:
                raise GraphError(
                    f"{self.name}: argument {k} does not reach the result of {_name(self.f)}; its "
                    "gradient would be zero everywhere. Was it detached, converted or unused? Pass "
                    "allow_unused=True to get zeros"
                )


# --- one or several arguments --------------------------------------------------------------------


def _several(argnums: Argnums, x: Any) -> list[Any]:
    """One entry for each of the argnums."""
    return [x] if isinstance(argnums, int) else list(x)


def _like(argnums: Argnums, found: list[Any]) -> Any:
    return found[0] if isinstance(argnums, int) else tuple(found)


def _variable(x: Any, position: int, name: str) -> Tensor:
    """A tensor of its own for an argument; a tracked one stays connected to its graph."""
    if isinstance(x, Tensor) and x.requires_grad:
        return reshape(x, shape=x.shape)
    variable = Tensor(x)
    if variable.dtype.kind not in "fc":
        raise DTypeError(
            f"{name}: argument {position} is {variable.dtype}, and only floats have gradients; "
            "write 3.0 instead of 3, or use array.astype(float)"
        )
    variable.requires_grad = True
    return variable


def _result(x: Any, recorded: bool) -> Any:
    """A result as the caller gets it: recorded, or an array of its own."""
    if recorded:
        return x
    x = x._value() if isinstance(x, Tensor) else x
    if isinstance(x, StandIn):
        return x.packed().outside()
    return arrays.own(x) if MODE.get().kind is ARRAYS else x


def _zeros(*of: Any) -> Any:
    """The derivative with respect to what is not used: its shape is that of all together."""
    return np.zeros([length for x in of for length in x.shape], of[-1].dtype)


# --- backward passes -----------------------------------------------------------------------------


def _constant(value: Any) -> Tensor:
    """A tensor for a seed; while a program is traced it is a constant of the program."""
    if isinstance(value, Tensor):
        return value
    return constant_tensor(MODE.get().kind.constant(value))


def _leaves(root: Node) -> Iterator[Node]:
    """The leaves that gradients flow to from `root`."""
    for node in reachable(root):
        for position in node.plan.positions:  # type: ignore[union-attr]
            yield node.parents[position]


def one_by_one(value: Tensor, nodes: list[Node], recorded: bool = False) -> list[Any]:
    """The gradients of each element of a value, joined along a new first axis; None where a node
    does not lead to it. Nothing that other elements were made of plays a part."""
    with recording():
        elements = [value[k] for k in np.ndindex(value.shape)] if value.shape else [value]
        seed = _constant(ones(elements[0])) if recorded else ones(elements[0])
        found = [backpropagate(element.node, seed, nodes) for element in elements]
        return [np.stack([g[node] for g in found]) if node in found[0] else None for node in nodes]


all_rows = one_by_one  # (`fast` replaces this one: many rows in one backward pass.)


def _along(
    v: Any, argnums: Argnums, gradients: list[Any], variables: list[Tensor], name: str
) -> Any:
    """The slope along v: the sum of the products of gradients and directions."""
    directions = _several(argnums, v)
    if len(directions) != len(variables):
        raise ShapeError(
            f"{name}: got {len(directions)} directions for {len(variables)} argnums; pass one each"
        )
    total: Any = _constant(variables[0].dtype.type(0))
    for direction, g, x in zip(directions, gradients, variables, strict=True):
        direction = _direction(direction, x, name)
        if g is not None:
            total = total + np.sum(g * direction)
    return total


def _direction(direction: Any, like: Tensor, name: str) -> Tensor:
    """A direction, checked, as a tensor."""
    if not isinstance(direction, Tensor):
        direction = _constant(as_constant(direction, dtype=like.dtype, copy=False))
    if direction.shape != like.shape:
        what = "what the function gives" if name == "vjp" else "the argument"
        raise ShapeError(
            f"{name}: the direction, the last argument, has shape {direction.shape}, but {what} "
            f"has {like.shape}; they must agree"
        )
    return direction  # type: ignore[no-any-return]


# --- checks --------------------------------------------------------------------------------------


def _check_tensor(value: Any, f: Callable[..., Any], name: str) -> None:
    if not isinstance(value, Tensor):
        raise GraphError(
            f"{name}: {_name(f)} returned {type(value).__name__}, which carries no gradient; it "
            "should return a Tensor, computed from its arguments"
        )


def _check_single(value: Any, f: Callable[..., Any]) -> None:
    if value.size != 1:
        raise GraphError(
            f"grad: {_name(f)} returned shape {value.shape}; a gradient belongs to a single "
            "value, so reduce it with .sum() or .mean(), or take the jacobian"
        )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "the function")
