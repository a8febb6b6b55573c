"""Anomaly mode: the gate that makes the first NaN or infinity raises, and says where it stands.

It is a kind of values (values.py): plain arrays that are looked at. Gates and backward passes
outside of the block do not know of it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import AutogradError, TraceError
from ..gate import Edge, Gate, Plan
from ..lines import NotingMode
from ..modes import MODE, Mode, Scope, Switch
from ..node import Node
from ..tensor import Tensor
from ..values import Kind
from .places import count, has_nan, is_finite, layer, line, shown, values_of, worst

__all__ = ["AnomalyError", "detect_anomaly"]


class AnomalyError(AutogradError, ArithmeticError):
    """A gate made NaN or infinity, in a forward or a backward pass."""


# what to do about the errors that NumPy tells apart
DIVIDE, OVERFLOW, INVALID = "divide by zero", "overflow", "invalid value"
REMEDIES = {
    DIVIDE: "keep what is divided by, or what a logarithm is taken of, away from 0: "
    "np.maximum(x, 1e-12), or a function that is safe there, such as log_softmax for the "
    "logarithm of a softmax",
    OVERFLOW: "the result is larger than {dtype} can hold: subtract the maximum before exp, as "
    "softmax and logsumexp do, scale the inputs, or take a smaller learning rate",
    INVALID: "no number is the answer, as for 0/0, ∞ - ∞, and the root or logarithm of a negative "
    "number: look at the operands above, and clip them to where the function is defined",
}
BACK = {
    DIVIDE: "the slope is infinite here, as that of a root or a logarithm at 0 is: keep the "
    "operand away from 0, np.sqrt(x + 1e-12), or choose by np.where what goes *into* the gate",
    OVERFLOW: "the gradient is larger than {dtype} can hold: clip the values before this gate, "
    "scale the loss, or draw smaller weights",
    INVALID: "zero meets infinity, or two infinities, in the gate's slope: keep its operands away "
    "from where the slope is infinite, by a small number that is added",
}
BRANCH = (
    "; if np.where does not choose the value, let np.where choose the operand instead, or pass "
    "forward=False"
)


class _Now(threading.local):
    """What is known of the gate that is called, and of the backward pass, in this thread."""

    operands: Sequence[Any] = ()
    depth = 0  # inside a rule
    last = 0  # the number of the node whose turn it was
    at: tuple[Node, Edge, Any] | None = None
    first: tuple[Node, Edge, Any, Any] | None = None  # who made the first NaN or infinity
    reached = False  # a leaf was given one


class Anomaly(Kind):
    """Plain arrays, each result and gradient of which is looked at."""

    names_gradients = True

    def __init__(self, forward: bool, backward: bool):
        self.looks_forward, self.looks_back = forward, backward
        self.now = _Now()

    def enter(self, gate: Gate, operands: Sequence[Any], scope: Scope | None) -> Sequence[Any]:
        """A gate is called; its operands have names."""
        self.now.operands = operands
        return operands

    def forward(self, gate: Gate, values: Any, static: Any, plan: Plan | None) -> tuple[Any, Any]:
        """The result of a gate. Raises AnomalyError when it is the first that is not finite.

        What gates compute with arrays alone, as rules do in a backward pass, is not looked at.
        """
        operands, self.now.operands = self.now.operands, ()
        looked_at = self.looks_forward and not self.now.depth
        if not looked_at or not any(isinstance(x, Tensor) for x in operands):
            return gate.compute(values, static, plan)
        raised: list[str] = []
        with noting(raised):
            found = gate.compute(values, static, plan)
        if not is_finite(found[0]):
            self._judge(gate, operands, values, found[0], raised)
        return found

    def _judge(
        self, gate: Gate, operands: Sequence[Any], values: Any, out: Any, raised: list[str]
    ) -> None:
        """Raise unless NaN or infinity came with an operand that an earlier gate made.

        An infinity that comes in is no fault, as masks of scores are infinite; a NaN that a leaf
        brings in is, and so is one made of infinities.
        """
        if has_nan(out):
            bad = [k for k, x in enumerate(values) if has_nan(x)]
            if not bad:
                raise made(gate, values, out, raised)
            for k in bad:
                x = operands[k]
                if not isinstance(x, Tensor) or x._node is None or x._node.plan is None:
                    raise came_in(gate, k, x)
        elif all(map(is_finite, values)):
            raise made(gate, values, out, raised)

    def back(self, node: Node, edge: Edge, g: Any, arguments: Any = None) -> Any:
        """The chain rule at an edge; rules are not looked at while they run."""
        now = self.now
        if node.number > now.last:  # another pass, or the same once more, with masks
            now.first, now.reached = None, False
        now.last, now.at = node.number, (node, edge, g)
        now.depth += 1
        try:
            with np.errstate(all="ignore") if self.looks_back else np.errstate():
                return super().back(node, edge, g, arguments)
        finally:
            now.depth -= 1

    def arrived(self, parent: Node, g: Any) -> None:
        """The gradient with respect to a value, as far as it has been added up."""
        now = self.now
        if not self.looks_back or now.at is None or is_finite(g):
            return
        now.reached = now.reached or parent.plan is None
        if now.first is None:
            now.first = *now.at, g

    def leave(self, finite: Iterable[Any] | None = None) -> None:
        """A pass is over. Raises AnomalyError if a NaN or infinity has got to a leaf."""
        now = self.now
        first, reached = now.first, now.reached
        now.first, now.at, now.last, now.reached = None, None, 0, False
        if first is not None and reached:
            raise made_back(*first)


class noting:  # noqa: N801 (used like a function, in a with statement)
    """Note which floating-point errors NumPy meets inside the block, and do not warn of them."""

    def __init__(self, into: list[str]):
        self._state = np.errstate(
            divide="call", over="call", invalid="call", call=lambda what, _: into.append(what)
        )

    def __enter__(self) -> None:
        self._state.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._state.__exit__(*error)


# --- what is said ---------------------------------------------------------------------------------


def made(gate: Gate, values: Any, out: Any, raised: list[str]) -> AnomalyError:
    """The error for a gate that made NaN or infinity of its operands."""
    index, array = worst(out), np.asarray(values_of(out))
    names = gate.operands if not gate.variadic else [f"operand {k}" for k in range(len(values))]
    given = [_at(name, x, index, array.shape) for name, x in zip(names, values, strict=False)]
    where = f" at element {index}" if array.ndim else ""
    of = "finite numbers" if all(map(is_finite, values)) else "infinities"
    remedy = _remedy(REMEDIES, raised, array)
    branch = BRANCH if np.ndim(array) and raised else ""
    place = _where(MODE.get().site)
    return AnomalyError(
        f"{gate.name} made {shown(array[index])} of {of} in the forward pass{place}\n"
        f"  got: {shown(array[index])}{where}, where {', '.join(filter(None, given))}; "
        f"{count(out)} not finite\n"
        f"  do: {remedy}{branch}"
    )


def came_in(gate: Gate, position: int, x: Any) -> AnomalyError:
    """The error for NaN that an array or a leaf brings in."""
    name = gate.operands[0 if gate.variadic else position]
    named = x.name if isinstance(x, Tensor) and x.name else f"the operand {name}"
    index = worst(x)
    return AnomalyError(
        f"{named} brings NaN into {gate.name}{_where(MODE.get().site)}\n"
        f"  got: NaN at element {index}; {count(x)} not finite\n"
        "  do: no gate made it, so look at where the array comes from: data with gaps, np.empty, "
        "or a step of training that has left NaN in a parameter"
    )


def made_back(node: Node, edge: Edge, g: Any, bad: Any) -> AnomalyError:
    """The error for the first gradient that is not finite, at the edge where it arose."""
    gate, raised = edge.gate, list[str]()
    name = gate.operands[0 if gate.variadic else edge.position]
    if not is_finite(g):
        return AnomalyError(
            f"backward: the upstream gradient is not finite as it is given: {count(g)} not finite\n"
            "  do: look at the gradient that is passed to backward(), and at hooks"
        )
    with noting(raised):
        edge.back(node, values_of(g))
    array, index = np.asarray(values_of(bad)), worst(bad)
    given = [f"the upstream gradient is {shown(_element(g, index, array.shape))}"]
    given += [
        _at(name_of(gate, kind, key), x, index, array.shape)
        for (kind, key), x in zip(node.plan.layout, node.saved, strict=True)  # type: ignore[union-attr]
        if kind in ("operand", "out")
    ]
    at = f" at element {index}" if array.ndim else ""
    advice = "" if line(node.site) else (
        "\n  line: not known, for the forward pass ran outside of detect_anomaly()"
    )  # fmt: skip
    return AnomalyError(
        f"{gate.name} made {shown(array[index])} of finite numbers in the backward pass, in the "
        f"gradient with respect to {name}{_where(node.site)}\n"
        f"  got: {shown(array[index])}{at}, where {', '.join(filter(None, given))}; "
        f"{count(bad)} not finite\n"
        f"  do: {_remedy(BACK, raised, array)}{advice}"
    )


def name_of(gate: Gate, kind: str, key: Any) -> str:
    """What the row calls an operand, or its result."""
    return "out" if kind == "out" else gate.operands[0 if gate.variadic else key]


def _where(site: Any) -> str:
    inside, place = layer(site), line(site)
    return (f", in {inside}" if inside else "") + (f"\n  at: {place}" if place else "")


def _remedy(table: dict[str, str], raised: list[str], array: Any) -> str:
    """What to do about the error that NumPy met; what a kernel hides is told by the result."""
    index = worst(array)
    kind = raised[-1] if raised else INVALID if np.isnan(array[index]) else OVERFLOW
    return table[kind].format(dtype=array.dtype)


def _at(name: str, x: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """What an operand is at an element of the result; all of it, where it has another shape."""
    element = _element(x, index, shape)
    if element is None:
        return ""
    if np.ndim(element):
        low, high = np.min(element), np.max(element)
        return f"{name} {np.shape(element)} is from {low:.6g} to {high:.6g}"
    return f"{name} = {element!r}" if isinstance(element, int) else f"{name} = {element:.6g}"


def _element(x: Any, index: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    x = values_of(x)
    if x is None or isinstance(x, str) or np.asarray(x).dtype.kind not in "fciub":
        return None
    x = np.asarray(x)
    if x.shape == shape:
        return x[index]
    try:
        return np.broadcast_to(x, shape)[index] if x.size else None
    except ValueError:
        return x


# --- the mode -------------------------------------------------------------------------------------


class _Detecting(Switch):
    def __init__(self, forward: bool, backward: bool):
        super().__init__()
        self.looks = forward, backward

    def changed(self, mode: Mode) -> Mode:
        """The mode inside the block, with a kind of values of its own."""
        if not mode.kind.eager:
            raise TraceError(
                "detect_anomaly: inside a function that is being compiled there are no values to "
                "look at; put the block around the call of the compiled function, which then runs "
                "eagerly"
            )
        return NotingMode(mode.recording, mode.scope, mode, Anomaly(*self.looks), self)


def detect_anomaly(*, forward: bool = True, backward: bool = True) -> Switch:
    """Raise where a gate first makes NaN or infinity. A `with` block or a decorator.

    forward    look at what gates on tensors compute
    backward   look at the gradients of backward passes inside the block, too
    AnomalyError names the gate, its layer, the line of the program that called it, the operands,
    and a remedy. Compiled functions run eagerly inside. It costs some twenty microseconds a gate,
    and a look at each array; outside of the block nothing. An infinite gradient behind a branch
    that `np.where` does not take is no fault, but an infinite value there is: pass forward=False.

    >>> import numpy as np, autograd as ag
    >>> p = ag.Tensor([0.5, 0.0], name="p")
    >>> with ag.detect_anomaly():
    ...     np.log(p)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.diagnosis.anomaly.AnomalyError: log made -inf of finite numbers in the forward pass
    ...
    """
    return _Detecting(bool(forward), bool(backward))
