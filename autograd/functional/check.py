"""Is the gradient right? Compare backprop with numerical derivatives, and say where it is not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..arrays import as_constant, check_plain
from ..backward import backpropagate
from ..complexes import real_part
from ..errors import DTypeError, GradientCheckError
from ..gates.shape import sum_to
from ..modes import no_grad
from ..node import Node
from ..replay import ancestors, operand_values, values
from ..tensor import Tensor, ones
from .gradients import grad, value_and_grad

__all__ = ["check_gradients", "numerical_gradient"]

# f'(x) from values at x ± h and x ± 2h; the error is of order h^4 (Abramowitz, Stegun 25.3.6)
FOUR_POINTS = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
TWO_POINTS = ((-1, -1 / 2), (1, 1 / 2))


def numerical_gradient(
    f: Callable[[np.ndarray[Any, Any]], Any],
    x: ArrayLike,
    h: float = 1e-4,
    *,
    stencil: tuple[tuple[int, float], ...] = TWO_POINTS,
) -> np.ndarray[Any, Any]:
    """The gradient of `f` at `x` by central differences: (f(x + h) - f(x - h)) / 2h.

    f takes an array like x and gives a single value; the result has the shape of x. One element
    at a time is moved by h, so it costs two calls of f for each ("Deep Learning from Scratch",
    section 4.4); complex ones along both axes, as df/dx + i df/dy.

    >>> numerical_gradient(lambda x: (x**2).sum(), [3.0, 4.0]).round(6)
    array([6., 8.])
    """
    point = np.array(x.numpy() if isinstance(x, Tensor) else check_plain(x))
    if point.dtype.kind not in "fc":
        raise DTypeError(f"numerical_gradient: x is {point.dtype}; differences need floats")
    result = np.zeros_like(point)
    units = (1.0, 1j) if point.dtype.kind == "c" else (1.0,)
    for index, unit in itertools.product(np.ndindex(point.shape), units):
        at, total = point[index], 0.0
        for steps, weight in stencil:
            point[index] = at + steps * h * unit
            total += weight * _value(f(point.copy()))
        point[index] = at
        result[index] += unit * total / h
    return result


def _value(result: Any) -> float:
    return float(result.item() if hasattr(result, "item") else result)


def check_gradients(
    f: Callable[..., Any],
    *inputs: ArrayLike,
    order: int = 1,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    h: float = 1e-3,
) -> None:
    """Raise GradientCheckError unless backprop through `f` agrees with numerical derivatives.

    f takes the inputs (in double precision) as tensors; a result that is no single value is
    weighted at random and summed. order=2 checks the derivatives of the gradient as well. The
    message names the input, the worst element, both values, and the gate whose rule is wrong.

    >>> import numpy as np
    >>> check_gradients(lambda x, y: np.exp(x) * y, [0.5, 1.0], [2.0, 3.0])
    """
    if not inputs or order < 1:
        raise GradientCheckError(
            f"check_gradients: {len(inputs)} inputs and order={order} leave nothing to check; pass "
            "what the function depends on as inputs, and order=1 or 2"
        )
    points = [_in_double(np.array(as_constant(check_plain(x)))) for x in inputs]
    scalar = _to_scalar(f, points, seed=0)
    for depth in range(order):
        _compare(scalar, points, rtol, atol, h, "gradient" if depth == 0 else "second derivative")
        if depth + 1 < order:
            scalar = _gradient_as_scalar(scalar, points, seed=depth + 1)


def _to_scalar(f: Callable[..., Any], points: list[Any], seed: int) -> Callable[..., Any]:
    """`f`, weighted with fixed random numbers and summed to a single value."""
    with no_grad():
        like = f(*[Tensor(x) for x in points])
    weights = _weights(np.random.default_rng(seed), like)
    return lambda *xs: _projection(f(*xs), weights)


def _in_double(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)


def _weights(rng: np.random.Generator, like: Any) -> Any:
    """Random numbers of the shape of a value, complex if it is."""
    weights = rng.uniform(0.5, 1.5, np.shape(like))
    return weights * (0.8 + 0.6j) if np.iscomplexobj(like) else weights


def _projection(x: Any, weights: Any) -> Any:
    """The weighted sum of a value: a single real number."""
    total = (x * np.conj(weights)).sum() if np.iscomplexobj(weights) else (x * weights).sum()
    return np.real(total) if np.iscomplexobj(weights) else total


def _gradient_as_scalar(f: Callable[..., Any], points: list[Any], seed: int) -> Callable[..., Any]:
    """A random projection of the gradient of `f`: its gradient is a projection of the Hessian."""
    everything = tuple(range(len(points)))
    rng = np.random.default_rng(seed)
    weights = [_weights(rng, x) for x in points]

    def projected(*xs: Any) -> Any:
        gradients = grad(f, everything, allow_unused=True)(*xs)
        total: Any = 0.0
        for g, w in zip(gradients, weights, strict=True):
            total = total + _projection(g, w)
        if not isinstance(total, Tensor):  # plain numbers asked for, or a gradient that is constant
            total = Tensor(total, requires_grad=False)
        return total

    return projected


def _compare(
    f: Callable[..., Any], points: list[Any], rtol: float, atol: float, h: float, what: str
) -> None:
    everything = tuple(range(len(points)))
    _, gradients = value_and_grad(f, everything, allow_unused=True)(*points)
    for k, backprop in enumerate(gradients):

        def along(x: Any, k: int = k) -> float:
            moved = [Tensor(x if i == k else p) for i, p in enumerate(points)]
            return float(f(*moved).item())

        numerical = numerical_gradient(along, points[k], h, stencil=FOUR_POINTS)
        error = np.abs(backprop - numerical)
        allowed = atol + rtol * np.maximum(np.abs(numerical), np.abs(backprop))
        wrong = ~(error <= allowed) & ~(np.isnan(backprop) & np.isnan(numerical))
        if wrong.any():
            excess = np.where(np.isnan(error), np.inf, error / allowed)
            worst = tuple(int(i) for i in np.unravel_index(np.argmax(excess), error.shape))
            raise GradientCheckError(
                f"{what} by input {k}, element {worst}: backprop gives {backprop[worst]:.10g}, "
                f"the numerical derivative is {numerical[worst]:.10g} "
                f"({int(wrong.sum())} of {wrong.size} elements differ){_culprit(f, points)}"
            )


def _culprit(f: Callable[..., Any], points: list[Any]) -> str:
    """Name the gate whose own rule disagrees with its kernel, if there is one."""
    result = f(*[Tensor(x) for x in points])
    if not isinstance(result, Tensor) or not result.requires_grad:
        return ""
    nodes = ancestors(result.node)
    known = values(nodes)
    for node in nodes:
        for edge in node.plan.edges if node.plan is not None else ():
            upstream = _weights(np.random.default_rng(7), np.zeros(node.shape, node.dtype))[()]
            try:
                found = _check_edge(node, edge.position, known, upstream)
            except np.linalg.LinAlgError:  # of this one it has no gradient: of what arrived it has
                upstream = backpropagate(result.node, ones(result), [node])[node]
                found = _check_edge(node, edge.position, known, upstream)
            if found:
                operand = edge.gate.operands[0 if edge.gate.variadic else edge.position]
                return f"; the rule of gate {edge.gate.name!r} for {operand!r} is wrong: {found}"
    return "; each gate agrees with its kernel, so look for a kink, or for steps that are too large"


def _check_edge(node: Node, position: int, known: dict[Node, Any], upstream: Any) -> str:
    """Compare one rule with the numerical derivative of its kernel; '' when they agree."""
    assert node.plan is not None
    gate, operands = node.plan.gate, operand_values(node, known)

    def along(x: Any) -> float:
        given = [x[()] if i == position else value for i, value in enumerate(operands)]
        with np.errstate(all="ignore"):
            out = gate.kernel(*([given] if gate.variadic else given), **(node.static or {}))
        return float(_projection(np.asarray(out), upstream))

    closure, shape = node.closures[position], node.parents[position].shape
    assert closure is not None
    downstream = real_part(closure(upstream), node.parents[position].dtype)
    backprop = downstream if np.shape(downstream) == shape else sum_to(downstream, shape=shape)
    numerical = numerical_gradient(along, known[node.parents[position]], 1e-3, stencil=FOUR_POINTS)
    if np.allclose(backprop, numerical, rtol=1e-5, atol=1e-7, equal_nan=True):
        return ""
    worst = np.unravel_index(np.argmax(np.abs(backprop - numerical)), numerical.shape)
    return f"{backprop[worst]:.6g} instead of {numerical[worst]:.6g}"
