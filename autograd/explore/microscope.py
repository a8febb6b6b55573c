"""One number of a parameter, and the circuit of numbers that its gradient comes from.

Where arrays flow through a net, each number of a parameter takes part in thousands of small
products and sums. The microscope writes some of them out as a circuit of single values, which is
an ordinary graph: it can be drawn, explained and explored like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..backward import backpropagate
from ..draw.errors import DrawError
from ..draw.expand import Choice
from ..draw.numbers import plural
from ..draw.trace import Trace, follow
from ..gate import Plan
from ..modes import MODE, Mode, scope
from ..node import Node
from ..replay import operand_values
from ..tensor import Tensor

__all__ = ["microscope"]

BREADTH = 12  # numbers of one array that are followed, once the paths are chosen
Numbers = dict[int, Tensor]  # numbers of an array by flat index, as values of the new circuit


def microscope(
    tensor: Tensor,
    parameter: Tensor,
    index: int | tuple[int, ...],
    *,
    paths: int = 2,
    names: Mapping[str, Any] | None = None,
) -> Tensor:
    """The circuit of numbers between one number of a parameter and the result, as a new graph.

    tensor      the result, a single value, such as a loss
    parameter   a tensor that it was computed from, and the `index` of a number in it
    paths       of all the numbers that it flows into first (one for each example, say), so many
                are followed: those that carry most of the gradient
    names       more names, as for `autograd.draw.draw`

    All other numbers are constants, and the paths that are left out are folded into one straight
    line with their slope, so the value and the gradient are those of the whole net. Raises
    DrawError when the result does not depend on that number.

    >>> import numpy as np
    >>> W = Tensor([[0.1, 0.5], [-0.3, 0.8]], name="W")
    >>> loss = np.sum(np.square(W @ np.array([0.2, 0.4])))
    >>> from autograd.draw import draw
    >>> print(draw(microscope(loss, W, (0, 1))).text, end="")
    f = 0.116                  ∂f 1      +0.0676
    └─ 0.0484                  ∂f 1      x²
       └─ 0.22                 ∂f 0.44   +0.02
          └─ 0.2               ∂f 0.44   ×0.4
             └─ W[0, 1] = 0.5  ∂f 0.176
    """
    trace, target = _traced(tensor, parameter, names)
    flat = _flat_index(index, target)
    token = MODE.set(Mode())
    try:
        with np.errstate(all="ignore"):
            return _Microscope(trace, target, flat, paths).circuit()
    finally:
        MODE.reset(token)


def _traced(tensor: Any, parameter: Any, names: Any) -> tuple[Trace, Node]:
    for given in (tensor, parameter):
        if not isinstance(given, Tensor):
            raise DrawError(f"microscope: expected a Tensor, got {type(given).__name__}")
    if tensor.size != 1:
        raise DrawError(
            f"microscope: the result has shape {tensor.shape}; expected a single value, so "
            "reduce it first, with t.sum() or t.mean()"
        )
    trace = follow(tensor, Choice(True), None, names)
    target = parameter._node
    if target is None or target not in trace.grads or target.plan is not None:
        raise DrawError("microscope: no gradient flows from the result to this parameter")
    if any(node.dtype.kind == "c" for node in trace.nodes):
        raise DrawError(
            "microscope: there are complex numbers on the way, and the slope along one is no "
            "single number; draw(t) shows their gradients"
        )
    return trace, target


def _flat_index(index: Any, target: Node) -> int:
    try:
        places = np.arange(int(np.prod(target.shape))).reshape(target.shape)[index]
    except IndexError:
        places = np.zeros(0)
    if np.ndim(places) != 0:
        raise DrawError(
            f"microscope: index {index!r} does not name one number of an array of shape "
            f"{target.shape}"
        )
    return int(places)


def _plan(node: Node) -> Plan:
    assert node.plan is not None  # a gate made it
    return node.plan


class _Microscope:
    """Goes through the graph once, and writes out the numbers that depend on the chosen one."""

    def __init__(self, trace: Trace, target: Node, flat: int, paths: int):
        self.trace, self.target, self.flat = trace, target, flat
        self.paths, self.chosen, self.left_out = max(1, paths), False, 0
        self.numbers: dict[Node, Numbers] = {}
        self.slopes: dict[Node, Any] = {}  # of all numbers by the chosen one, roughly
        self.constants: dict[str, Tensor] = {}  # by name

    def circuit(self) -> Tensor:
        """The new graph; its one variable is the chosen number."""
        value = float(np.ravel(self.trace.values[self.target])[self.flat])
        w = Tensor(value, name=self._name(self.target, self.flat) or "w")
        self.numbers[self.target] = {self.flat: w}
        self.slopes[self.target] = np.zeros(self.target.shape)
        self.slopes[self.target].flat[self.flat] = 1.0
        for node in self.trace.nodes:
            if node.plan is not None and any(p in self.numbers for p in self._tracked(node)):
                self._follow(node)
        result = self.numbers.get(self.trace.root, {}).get(0)
        if result is None or result is w:
            raise DrawError("microscope: the result does not depend on this number")
        result = self._with_the_rest(result, w, value)
        result.name = self.trace.root_name
        return result

    def _tracked(self, node: Node) -> list[Node]:
        return [node.parents[k] for k in _plan(node).positions]

    def _with_the_rest(self, result: Tensor, w: Tensor, value: float) -> Tensor:
        """Add the paths that were left out, as a straight line through the present point."""
        kept = float(backpropagate(result.node, np.float64(1.0))[w.node])
        whole = float(np.ravel(self.trace.grads[self.target])[self.flat])
        if abs(whole - kept) <= 1e-9 * max(abs(whole), abs(kept)):
            return result
        what = f"{plural(self.left_out, 'more number')}" if self.left_out else "the rest"
        with scope(f"{what}, folded", note="as a straight line"):
            rest = (w - value) * (whole - kept)
        return result + rest

    # --- one gate of the net -----------------------------------------------------------------

    def _follow(self, node: Node) -> None:
        """Write out the numbers of one array, as far as they are followed."""
        found: Numbers = {}
        for place in self._places(node):
            number = self._number(node, place)
            named = node in self.trace.names and node is not self.trace.root
            if named and number.name is None:
                number.name = self._name(node, place)
            found[place] = number
        if found:
            self.numbers[node] = found

    def _places(self, node: Node) -> list[int]:
        """The numbers of the result that depend on the chosen one; of many, the strongest."""
        h = 1e-6
        slopes = (self._run(node, h) - self.trace.values[node]) / h
        moves = (slopes < 0) | (slopes > 0)
        depends = moves | np.isnan(self._run(node, np.nan))  # (some gates drop NaN)
        places = np.flatnonzero(depends)
        if len(places) > self.paths and not self.chosen:
            most, self.chosen = self.paths, True
        else:
            most = max(BREADTH, 4 * self.paths)
        strength = np.abs(np.ravel(slopes * self.trace.grads.get(node, 0.0)))
        if len(places) > most:
            self.left_out += len(places) - most
            order = np.argsort(-strength[places], kind="stable")
            places = np.sort(places[order[:most]])
        followed = np.zeros(node.shape)
        followed.flat[places] = np.ravel(slopes)[places]
        self.slopes[node] = followed
        return [int(place) for place in places]

    def _run(self, node: Node, h: float) -> Any:
        """The gate with the followed numbers of its operands moved by h times their slope.

        With NaN in place of h, what becomes NaN is what depends on them.
        """
        operands = operand_values(node, self.trace.values)
        for k, parent in enumerate(node.parents):
            if isinstance(parent, Node) and parent in self.numbers:
                moved = np.array(operands[k], float)
                for place in self.numbers[parent]:
                    moved.flat[place] += h * self.slopes[parent].flat[place] if h == h else h
                operands[k] = moved if moved.ndim else moved[()]
        gate = _plan(node).gate
        try:
            return gate.kernel(*([operands] if gate.variadic else operands), **(node.static or {}))
        except np.linalg.LinAlgError:  # of NaN: all numbers depend on it
            return np.full(node.shape, np.nan)

    def _number(self, node: Node, place: int) -> Tensor:
        """One number of the result, as a value of the new circuit."""
        gate = _plan(node).gate
        if gate.times and gate.numpy is not None and not node.static:
            operands = [self._operand(node, k, place) for k in range(len(node.parents))]
            return gate.numpy(*operands)  # type: ignore[no-any-return]
        return self._sum(node, place)

    def _operand(self, node: Node, position: int, place: int) -> Any:
        """The operand of an elementwise gate that belongs to one number of its result."""
        parent = node.parents[position]
        if not isinstance(parent, Node) and np.ndim(parent) == 0:
            return parent
        shape = np.shape(self.trace.values[parent] if isinstance(parent, Node) else parent)
        indices = np.arange(int(np.prod(shape))).reshape(shape)
        source = int(np.broadcast_to(indices, node.shape).flat[place])
        return self._at(parent, source)

    def _at(self, parent: Any, place: int) -> Any:
        """A number of an operand: followed, or constant; with its name if it has one."""
        if isinstance(parent, Node) and place in self.numbers.get(parent, {}):
            return self.numbers[parent][place]
        array = self.trace.values[parent] if isinstance(parent, Node) else parent
        return self._constant(float(np.ravel(array)[place]), self._name(parent, place))

    def _constant(self, value: float, name: str | None) -> Any:
        """A number that does not change: one with a name is one leaf, however often it is used."""
        if name is None:
            return value
        if name not in self.constants:
            self.constants[name] = Tensor(value, requires_grad=False, name=name)
        return self.constants[name]

    def _name(self, parent: Any, place: int) -> str | None:
        """`W1[0, 3]` for a number of an array that is called W1."""
        if isinstance(parent, Node):
            name, shape = self.trace.names.get(parent, ""), parent.shape
        else:
            equal = (name for name, x in self.trace.arrays if np.array_equal(x, parent))
            name, shape = next(equal, ""), np.shape(parent)
        if not name or shape == ():
            return name or None
        return f"{name}[{', '.join(str(k) for k in np.unravel_index(place, shape))}]"

    # --- gates on whole arrays ---------------------------------------------------------------

    def _sum(self, node: Node, place: int) -> Tensor:
        """A number of a sum, a product of matrices, ...: its slopes times the numbers, and a rest.

        For gates that are not linear this is their tangent: value and gradient are the same.
        """
        terms = self._terms(node, place)
        value = float(np.ravel(self.trace.values[node])[place])
        rest = value - sum(c * x.item() for c, x, _ in terms)
        if abs(rest) <= 1e-12 * max(abs(value), *(abs(c * x.item()) for c, x, _ in terms)):
            rest = 0.0
        factors = {c for c, _, _ in terms}
        shared = factors.pop() if len(factors) == 1 and len(terms) > 1 else None
        if shared is not None and shared not in (0.0, 1.0):  # a mean: one factor for all
            return self._added([x for _, x, _ in terms], rest / shared) * shared
        return self._added([self._product(*term) for term in terms], rest)

    def _added(self, terms: list[Tensor], rest: float) -> Tensor:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total + rest if rest else total

    def _product(self, c: float, x: Tensor, name: str | None) -> Tensor:
        if name:
            return self._constant(c, name) * x  # type: ignore[no-any-return]
        return x if c == 1.0 else x * c

    def _terms(self, node: Node, place: int) -> list[tuple[float, Tensor, str | None]]:
        """Slope, number and name of the slope, for each followed number that goes in."""
        seed = np.zeros(node.shape, node.dtype)
        seed.flat[place] = 1
        terms = []
        for position in _plan(node).positions:
            parent = node.parents[position]
            if parent in self.numbers:
                closure = node.closures[position]
                row = np.ravel(closure(seed if seed.ndim else seed[()]))  # type: ignore[misc]
                for source, number in self.numbers[parent].items():
                    name = self._factor(node, position, source, place)
                    if row[source] != 0 or name:
                        terms.append((float(row[source]), number, name))
        first = next(iter(self.numbers[p] for p in self._tracked(node) if p in self.numbers))
        return terms or [(0.0, next(iter(first.values())), None)]

    def _factor(self, node: Node, position: int, source: int, place: int) -> str | None:
        """The name of the other factor, in a product of which each term has two: W2[3, 0].

        A gate that is a switcher is linear in each operand. At a one in the place of the number,
        and zeros for all others, it gives the other factor; and of the places, which one that is.
        """
        gate, static = _plan(node).gate, node.static or {}
        if not gate.role.startswith("switcher") or len(node.parents) != 2:
            return None
        mine, other = (self._array(node.parents[k]) for k in (position, 1 - position))
        one = np.zeros(np.shape(mine))
        one.flat[source] = 1.0
        found = []
        for factors in (np.ones(np.shape(other)), np.arange(float(np.size(other)))):
            given = [one, factors.reshape(np.shape(other))]
            given = given if position == 0 else given[::-1]
            found.append(np.ravel(gate.kernel(*given, **static))[place])
        terms, which = found
        return self._name(node.parents[1 - position], int(which)) if terms == 1 else None

    def _array(self, parent: Any) -> Any:
        return self.trace.values[parent] if isinstance(parent, Node) else parent
