"""A function called with variables in place of some arguments, and what is asked of the result.

Results are recorded if recording was on outside, and tracked tensors of the caller's lead to the
value: those derivatives then depend on them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import arrays
from ..arrays import as_constant
from ..backward import backpropagate, reachable
from ..errors import DTypeError, GraphError, ShapeError
from ..gates.shape import reshape
from ..hooks import have_hooks
from ..leaf import is_lent, lend
from ..modes import MODE, recording
from ..node import Node
from ..standins import StandIn
from ..tensor import Tensor, ones
from . import rows
from .rows import constant
from .trees import Tree

__all__ = [
    "Argnums", "Call", "check_function", "check_real", "check_single", "like", "result", "several",
    "zeros",
]  # fmt: skip

Argnums = int | Sequence[int]


def check_function(f: Any, name: str) -> None:
    """Raise TypeError for a value where a function to be differentiated is expected."""
    if not callable(f):
        advice = "; for the gradients of a tensor call t.backward() and read x.grad"
        raise TypeError(
            f"{name}: got {type(f).__name__}, but it takes a function, as in {name}(f)(x)"
            f"{advice if isinstance(f, Tensor) else ''}"
        )


class Call:
    """A call of f for the derivatives called `name`, with respect to the arguments `argnums`.

    `variables` are what it is differentiated by, one for each array that these arguments hold;
    `values` the tensors that the function gave.
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
        self.tree = Tree(self.value)
        self.values: list[Any] = self.tree.leaves
        if name not in ("hvp", "hessian"):  # where f is a gradient, which may be constant
            for value in self.values or [self.value]:
                _check_tensor(value, f, name)

    def _value(self, given: list[Any], kwargs: Any) -> Any:
        """What f gives for variables in place of some arguments."""
        for k in several(self.argnums, self.argnums):
            if not -len(given) <= k < len(given):
                raise GraphError(
                    f"{self.name}: argnums is {self.argnums}, but the call has {len(given)} "
                    "positional arguments; what is differentiated by is passed by position"
                )
        places = [k % len(given) for k in several(self.argnums, self.argnums)]
        self.trees, made = [Tree(given[k]) for k in places], {}
        for k, tree in zip(places, self.trees, strict=True):
            for x in tree.leaves:
                self.connected |= isinstance(x, Tensor) and x.requires_grad
            if k not in made:
                made[k] = [_variable(x, k, self.name) for x in tree.leaves]
                given[k] = tree.built(made[k])
        self.variables = [x for k in places for x in made[k]]
        return self.f(*given, **kwargs)

    @property
    def nodes(self) -> list[Node]:
        """The records of the variables."""
        return [x.node for x in self.variables]

    def is_recorded(self, *others: Any) -> bool:
        """Whether the results are recorded; `others` are seeds and directions."""
        if not self.recording:
            return False
        if self.connected or any(isinstance(x, Tensor) and x.requires_grad for x in others):
            return True
        tracked = [x.node for x in self.values if isinstance(x, Tensor) and x.requires_grad]
        return any(self.reaches_others(_leaves(node)) for node in tracked)

    def pull_back(self, seeds: Sequence[Any]) -> tuple[list[Any], bool]:
        """The gradients by the variables for upstream gradients of the values, None where one does
        not lead to any, and whether they are recorded."""
        pairs = [p for p in zip(self.values, seeds, strict=True) if p[0].requires_grad]
        if not pairs:
            return [None] * len(self.variables), False
        if len(pairs) == 1:
            ((value, seed),) = pairs
        else:
            with recording():
                value = sum(np.sum(value * constant(seed)) for value, seed in pairs)
            seed = ones(value)
        connected = self.connected or any(isinstance(x, Tensor) and x.requires_grad for x in seeds)
        recorded = self.recording and connected
        if not recorded:
            array = seed._current() if isinstance(seed, Tensor) else seed
            grads = backpropagate(value.node, array, self.nodes)
            recorded = self.recording and self.reaches_others(grads)
        if recorded:
            grads = backpropagate(value.node, constant(seed), self.nodes)
        return [grads.get(node) for node in self.nodes], recorded

    def rows(self, value: Any) -> tuple[list[Any], bool]:
        """The derivatives of all elements of a value, by the variables, as `pull_back`."""
        if not isinstance(value, Tensor) or not value.requires_grad:
            return [None] * len(self.variables), False
        if not value.size:
            return [zeros(value, x) for x in self.variables], False
        recorded = self.recording and (self.connected or self.reaches_others(_leaves(value.node)))
        singly = recorded or have_hooks(reachable(value.node))
        joined = (rows.one_by_one if singly else rows.all_rows)(value, self.nodes, recorded)
        shapes = [(*value.shape, *x.shape) for x in self.variables]
        pairs = zip(joined, shapes, strict=True)
        return [None if x is None else np.reshape(x, shape) for x, shape in pairs], recorded

    def reaches_others(self, leaves: Iterable[Node]) -> bool:
        """Whether there are tracked tensors among them that f was not given as variables."""
        own = set(self.nodes)
        return any(
            node.plan is None and node.slot and node not in own and not self._is_over(node)
            for node in leaves
        )

    def _is_over(self, node: Node) -> bool:
        """Whether a leaf was a variable of another derivative, which f itself asked for."""
        return is_lent(node) and node.number > min(own.number for own in self.nodes)

    def directions(self, given: Any) -> list[Tensor]:
        """Directions to go along, checked: one for each variable, in the containers of these."""
        parts = several(self.argnums, given)
        if len(parts) != len(self.trees):
            raise ShapeError(
                f"{self.name}: got {len(parts)} directions for {len(self.trees)} argnums; pass one "
                "each"
            )
        found = []
        for part, tree in zip(parts, self.trees, strict=True):
            leaves = [part] if tree.single else Tree(part).leaves
            if len(leaves) != len(tree.leaves):
                raise ShapeError(
                    f"{self.name}: a direction holds {len(leaves)} arrays, but its argument "
                    f"{len(tree.leaves)}; give it the same containers"
                )
            found += leaves
        what = "the argument"
        return [
            _direction(v, x, self.name, what) for v, x in zip(found, self.variables, strict=True)
        ]

    def seeds(self, given: Any) -> list[Tensor]:
        """Upstream gradients of the values, checked, in the containers of these."""
        leaves = [given] if self.tree.single else Tree(given).leaves
        if len(leaves) != len(self.values):
            raise ShapeError(
                f"{self.name}: the upstream gradient holds {len(leaves)} arrays, but the function "
                f"gave {len(self.values)}; give it the same containers"
            )
        what = "what the function gives"
        return [_direction(g, x, self.name, what) for g, x in zip(leaves, self.values, strict=True)]

    def results(self, found: list[Any], recorded: bool, allow_unused: bool, of: Any = None) -> Any:
        """The derivatives by the variables as the caller gets them, in the arguments' containers.

        `of` is the value of a Jacobian, whose axes stand in front.
        """
        self.check_reached(found, allow_unused)
        shapes = [(x,) if of is None else (of, x) for x in self.variables]
        found = [zeros(*shape) if g is None else g for g, shape in zip(found, shapes, strict=True)]
        given = iter([result(g, recorded) for g in found])
        return like(
            self.argnums, [tree.built([next(given) for _ in tree.leaves]) for tree in self.trees]
        )

    def check_reached(self, found: list[Any], allow_unused: bool) -> None:
        """Raise GraphError if an argument does not lead to a value with any of its parts."""
        rest = iter(found)
        for k, tree in zip(several(self.argnums, self.argnums), self.trees, strict=True):
            reached = [next(rest) is not None for _ in tree.leaves]
            if not any(reached) and not allow_unused:
                raise GraphError(
                    f"{self.name}: argument {k} does not reach the result of {_name(self.f)}; its "
                    "gradient would be zero everywhere. Was it detached, converted or unused? Pass "
                    "allow_unused=True to get zeros"
                )


# --- one or several arguments --------------------------------------------------------------------


def several(argnums: Argnums, x: Any) -> list[Any]:
    """One entry for each of the argnums."""
    return [x] if isinstance(argnums, int) else list(x)


def like(argnums: Argnums, found: list[Any]) -> Any:
    """One result for one of the argnums, a tuple for several."""
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
    lend(variable.node)
    return variable


def result(x: Any, recorded: bool) -> Any:
    """A result as the caller gets it: recorded, or an array of its own."""
    if recorded:
        return x
    x = x._current() if isinstance(x, Tensor) else x
    if isinstance(x, StandIn):
        return x.packed().outside()
    return arrays.own(x) if MODE.get().kind.eager else x


def zeros(*of: Any) -> Any:
    """The derivative with respect to what is not used: its shape is that of all together."""
    return np.zeros([length for x in of for length in x.shape], of[-1].dtype)


def _leaves(root: Node) -> Iterator[Node]:
    """The leaves that gradients flow to from `root`."""
    for node in reachable(root):
        for position in node.plan.positions:  # type: ignore[union-attr]
            yield node.parents[position]


def _direction(direction: Any, of: Tensor, name: str, what: str) -> Tensor:
    """A direction, or an upstream gradient, checked, as a tensor."""
    if not isinstance(direction, Tensor):
        direction = constant(as_constant(direction, dtype=of.dtype, copy=False))
    if direction.shape != of.shape:
        raise ShapeError(
            f"{name}: the direction, the last argument, has shape {direction.shape}, but {what} "
            f"has {of.shape}; they must agree"
        )
    return direction  # type: ignore[no-any-return]


# --- checks --------------------------------------------------------------------------------------


def _check_tensor(value: Any, f: Callable[..., Any], name: str) -> None:
    if not isinstance(value, Tensor):
        raise GraphError(
            f"{name}: {_name(f)} returned {type(value).__name__}, which carries no gradient; it "
            "should return a Tensor, computed from its arguments"
        )


def check_single(value: Any, f: Callable[..., Any]) -> None:
    """Raise GraphError unless f gave one real value, which alone has a gradient."""
    if not isinstance(value, Tensor):
        raise GraphError(
            f"grad: {_name(f)} returned {type(value).__name__}; a gradient belongs to a single "
            "value, so return that one alone, or take the jacobian"
        )
    if value.size != 1:
        raise GraphError(
            f"grad: {_name(f)} returned shape {value.shape}; a gradient belongs to a single "
            "value, so reduce it with .sum() or .mean(), or take the jacobian"
        )
    if value.dtype.kind == "c":
        raise GraphError(
            f"grad: {_name(f)} returned a complex value, and only a real one goes up or down; take "
            "its np.real, np.imag or np.abs"
        )


def check_real(values: list[Any], name: str, what: str) -> None:
    """Raise GraphError if values are complex: their derivatives are no single complex numbers."""
    if any(x.dtype.kind == "c" for x in values if isinstance(x, Tensor)):
        raise GraphError(
            f"{name}: {what} is complex, and its derivative is no complex number: of real and "
            "imaginary part each has its own. Take np.real and np.imag, as functions of the "
            "parts; or ask for products, with vjp, jvp or hvp"
        )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "the function")
