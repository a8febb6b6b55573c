"""What a fault comes from: the gate, leaf or cut at which a gradient died or went wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..gate import Edge
from ..gates.shape import sum_to
from ..node import Node
from ..standins import concrete
from ..tensor import Tensor
from .flow import Flow, norm
from .places import count, described, has_nan, is_finite, worst

__all__ = [
    "Cause", "Names", "cancels", "dead", "dying", "not_finite", "relative", "shrunk_or_grown",
    "unconnected",
]  # fmt: skip

EXAMPLES, MOST = 8, 0.9  # fewer examples say nothing of a unit; a share that is worth a note

Names = Mapping[Node, str]  # what leaves are called


@dataclass(frozen=True)
class Cause:
    """Where a fault comes from.

    kind       one word or two for it, such as "dead"
    sentence   what was found, where
    remedy     what to do
    node       the gate; None where there is none to name
    """

    kind: str
    sentence: str
    remedy: str
    node: Node | None = None


# --- gradients that are zero ----------------------------------------------------------------------


def dead(flow: Flow, leaves: Sequence[Node], names: Names) -> Cause:
    """Where a gradient became zero: the first such gate on the way back from the loss."""
    found: list[tuple[Node, Edge]] = []
    todo, seen = list(leaves), set(leaves)
    while todo:
        for user, edge in flow.users.get(todo.pop(), ()):
            if not flow.is_dead(user):
                found.append((user, edge))
            elif user not in seen:
                seen.add(user)
                todo.append(user)
    if not found:
        return Cause("zero", "the gradient of the loss is 0 to begin with", "look at the loss")
    user, edge = max(found, key=lambda pair: pair[0].number)
    return _killed(flow, user, edge, names)


def _killed(flow: Flow, node: Node, edge: Edge, names: Names) -> Cause:
    """Why a gate lets nothing of a gradient through."""
    gate = edge.gate
    if zeros := _zero_operands(flow, node, edge):
        return _of_zeros(flow, node, zeros[0], names)
    if gate.elementwise and gate.selects:
        return _switched_off(flow, node, edge)
    place, span = described(node), _span(flow.values[node.parents[edge.position]])
    if gate.times and not np.any(flow.local(node, edge)):
        if not callable(gate.rule(edge.position)):
            return Cause(
                "flat", f"{place} is flat: its slope is 0 everywhere",
                "take a smooth function in its place", node,
            )  # fmt: skip
        return Cause(
            "saturated", f"{place} is saturated: its operand is {span}, where its slope is 0",
            "scale the inputs to deviation 1, draw smaller weights, or take ReLU or a "
            "normalisation before it", node,
        )  # fmt: skip
    if gate.selects:
        return Cause(
            "unused", f"{place} takes no element of it that the loss depends on",
            "look at the index, and at the labels", node,
        )  # fmt: skip
    return Cause(
        "zero", f"{place} passes on a gradient of 0", "look at the operands of that gate", node
    )


def _zero_operands(flow: Flow, node: Node, edge: Edge) -> list[int]:
    """The positions of other operands, of a gate that multiplies, that are all 0."""
    gate = edge.gate
    if gate.selects or (gate.elementwise and not gate.times) or edge.passes:
        return []
    operands = flow.operands(node)
    named = {need.key for need in edge.needs if need.kind == "operand"}
    return [
        k for k, x in enumerate(operands)
        if k != edge.position and (gate.variadic or k in named) and _is_zero(x)
    ]  # fmt: skip


def _of_zeros(flow: Flow, node: Node, position: int, names: Names) -> Cause:
    """A gradient that is multiplied by zeros, which a gate that is off may have made."""
    operand: Any = node.parents[position]
    while isinstance(operand, Node) and operand.plan is not None:
        edges = operand.plan.edges
        off = [e for e in edges if e.gate.elementwise and e.gate.selects]
        given = [x for x in operand.parents if isinstance(x, Node) and _is_zero(flow.values[x])]
        if off and not given:
            return _switched_off(flow, operand, off[0])
        if not given:
            break
        operand = given[0]
    gate = node.plan.gate  # type: ignore[union-attr]
    name = _name(operand, gate.operands[0 if gate.variadic else position], names)
    return Cause(
        "zeros", f"{described(node)} multiplies it by {name}, which is all zeros",
        "draw weights at random, with nn.init.he or xavier: zeros pass no gradient on, and leave "
        "all units alike", node,
    )  # fmt: skip


def _switched_off(flow: Flow, node: Node, edge: Edge) -> Cause:
    """A gate that chooses, such as ReLU, and never chooses this operand."""
    out, span = np.asarray(flow.values[node]), _span(flow.values[node.parents[edge.position]])
    after = _after(node.parents[edge.position])
    if not np.any(out):
        return Cause(
            "dead",
            f"{described(node)}{after} is dead: all of its {out.size:,} outputs are 0 (100 %), for "
            f"its operand is {span}",
            "look at the bias before it and at the data; draw the weights anew (nn.init.he), take "
            "a smaller learning rate, or LeakyReLU", node,
        )  # fmt: skip
    off = np.count_nonzero(np.asarray(flow.contribution(node, edge)) == 0) / max(out.size, 1)
    return Cause(
        "dead",
        f"{described(node)}{after} lets no gradient through: it is off, at a bound or on the other "
        f"branch for {off:.0%} of its values, wherever a gradient arrives (its operand is {span})",
        "look at the operand's range and at the bounds or the condition of the gate", node,
    )  # fmt: skip


def cancels(flow: Flow, leaves: Sequence[Node], g: Any) -> bool:
    """Whether a gradient is 0 but for rounding, though what is added up in it is not."""
    scale = np.zeros(np.shape(g))
    for leaf in leaves:
        for user, edge in flow.users.get(leaf, ()):
            scale = scale + _magnitude(flow, user, edge, leaf)
    tolerance = float(np.finfo(np.asarray(g).dtype).eps) ** (2 / 3)
    return bool(np.any(scale) and np.all(np.abs(g) <= tolerance * scale))


def _magnitude(flow: Flow, node: Node, edge: Edge, leaf: Node) -> Any:
    """The sum of the absolute values of what an edge adds up."""
    g = np.abs(flow.grads[node])
    with np.errstate(all="ignore"):
        if edge.passes:
            found = g
        elif edge.gate.times:
            found = g * np.abs(edge.rule(*edge.arguments(node)))
        else:
            found = np.abs(edge.rule(g, *map(_absolute, edge.arguments(node))))
        return sum_to(found, shape=leaf.shape) if found.shape != leaf.shape else found


def _absolute(x: Any) -> Any:
    return np.abs(x) if getattr(getattr(x, "dtype", None), "kind", "") in ("f", "c") else x


# --- gradients that are too small or too large ----------------------------------------------------


def shrunk_or_grown(flow: Flow, leaf: Node, grew: bool) -> Cause:
    """The kind of gate at which a gradient shrinks, or grows, most on its way back to a leaf."""
    by_name: dict[str, list[tuple[float, Node]]] = {}
    value = leaf
    for user, edge in flow.way_back(leaf):
        before, after = flow.size(user), flow.size(value)
        factor = after / before if before else 1.0
        by_name.setdefault(edge.gate.name, []).append((factor, user))
        value = user
    if not by_name:
        return Cause("scale", "the loss itself is scaled so", "look at the loss")
    sign = -1.0 if grew else 1.0

    def total(name: str) -> float:
        return sign * sum(math.log(max(factor, 1e-300)) for factor, _ in by_name[name])

    name = min(by_name, key=total)
    worst_factor, node = min(by_name[name], key=lambda pair: sign * pair[0])
    product = math.exp(sign * total(name))
    many = f" {len(by_name[name])} gates {name} change it by {product:.2g} together," if (
        len(by_name[name]) > 1
    ) else ""  # fmt: skip
    verb = "grows" if grew else "shrinks"
    remedy = (
        "draw smaller weights (nn.init.he), scale the inputs and targets to deviation 1, clip "
        "with nn.clip_grad_norm"
        if grew
        else "take ReLU or GELU in place of sigmoids, nn.init.he or xavier, a normalisation or "
        "skip connections"
    )
    sentence = f"on its way back it {verb}:{many} most of all {described(node)}: {worst_factor:.2g}"
    return Cause("exploding" if grew else "vanishing", sentence, remedy, node)


# --- NaN and infinity -----------------------------------------------------------------------------


def not_finite(flow: Flow, names: Names) -> Cause | None:
    """The leaf or gate that the first NaN or infinity comes from, in the values or back."""
    if not flow.is_finite(flow.root):
        return _forward(flow, flow.root, names)
    return _back(flow)


def _forward(flow: Flow, root: Node, names: Names) -> Cause:
    """Go from a bad value to the bad operands that it was made of, as far as there are some."""
    node = root
    while True:
        if node.plan is None:
            return _leaf(node, node.value, names, "")
        operands = flow.operands(node)
        bad = [k for k, x in enumerate(operands) if not is_finite(x)]
        if has_nan(flow.values[node]):  # infinite masks are no fault where a NaN is
            bad = [k for k in bad if has_nan(operands[k])] or [
                k for k in bad if _made(flow, node.parents[k])
            ]
        if not bad:
            return _maker(flow, node, operands)
        made = [k for k in bad if isinstance(node.parents[k], Node) and node.parents[k].plan]
        if not made:
            name = node.plan.gate.operands[0 if node.plan.gate.variadic else bad[0]]
            given = f", the operand {name} of {described(node)}"
            return _leaf(node.parents[bad[0]], operands[bad[0]], names, given)
        node = min((node.parents[k] for k in made), key=lambda n: n.number)


def _made(flow: Flow, operand: Any) -> bool:
    """Whether an infinity came of finite numbers or with data: masks alone are below 0."""
    todo, seen = [operand], set[Node]()
    while todo:
        x = todo.pop()
        if not isinstance(x, Node) or x.plan is None:
            if np.any(np.asarray(x.value if isinstance(x, Node) else x) == np.inf):
                return True
        elif x not in seen and not flow.is_finite(x):
            seen.add(x)
            if all(map(is_finite, flow.operands(x))):
                return True
            todo += x.parents
    return False


def _leaf(leaf: Any, value: Any, names: Names, given: str) -> Cause:
    name = _name(leaf, f"a constant {np.shape(value)}", names)
    index, what = worst(value), "NaN" if has_nan(value) else "infinity"
    return Cause(
        "leaf", f"{name} holds {what}{given}: {count(value)}, the first at {index}",
        "no gate made it: look at where the array comes from, such as data with gaps, or a step "
        "that was too large; load the last good state", leaf if isinstance(leaf, Node) else None,
    )  # fmt: skip


def _maker(flow: Flow, node: Node, operands: list[Any]) -> Cause:
    out = flow.values[node]
    what = "NaN" if has_nan(out) else "infinity"
    of = "finite numbers" if all(map(is_finite, operands)) else "infinite operands"
    spans = [_span(x) for x in operands if np.asarray(concrete(x)).dtype.kind in "fc"]
    return Cause(
        "gate",
        f"{described(node)} is the first to make {what}, of {of}: {count(out)}, the first at "
        f"{worst(out)}; its operands are {' and '.join(spans[:3])}",
        "keep what is divided by, or what a root or logarithm is taken of, above 0; take "
        "log_softmax and logsumexp; with ag.detect_anomaly() it raises there", node,
    )  # fmt: skip


def _back(flow: Flow) -> Cause | None:
    """The first edge, on the way back, that makes such a gradient of a finite one."""
    for node in reversed(flow.order):
        g = flow.grads.get(node)
        if node.plan is None or g is None or not is_finite(g):
            continue
        for edge in node.plan.edges:
            parent = node.parents[edge.position]
            if parent in flow.grads and not is_finite(flow.grads[parent]):
                made = flow.contribution(node, edge)
                if is_finite(made):
                    continue
                name = edge.gate.operands[0 if edge.gate.variadic else edge.position]
                what, span = "NaN" if has_nan(made) else "infinity", _span(flow.values[parent])
                return Cause(
                    "slope",
                    f"{described(node)} makes {what} in the backward pass, though its value is "
                    f"finite: its slope is infinite where {name} is ({name} is {span})",
                    "keep the operand away from there by a small number that is added, or choose "
                    "by np.where what goes into the gate, not what comes out", node,
                )  # fmt: skip
    return None


def dying(flow: Flow) -> list[str]:
    """Layers of which most units are 0 for all examples, though some are not."""
    found = []
    for node in flow.order:
        gate, out = node.gate, np.asarray(flow.values[node])
        off = gate is not None and gate.elementwise and gate.selects and len(node.plan.edges) == 1  # type: ignore[union-attr]
        if off and out.ndim >= 2 and len(out) >= EXAMPLES:
            unit = 1 if out.ndim > 3 else out.ndim - 1
            alive = np.any(out, axis=tuple(k for k in range(out.ndim) if k != unit))
            share = 1 - np.count_nonzero(alive) / alive.size
            if MOST <= share < 1:
                found.append(
                    f"{described(node)}: {share:.0%} of its {alive.size} units are 0 for all "
                    f"{len(out)} examples"
                )
    return found


# --- no way from the loss -------------------------------------------------------------------------


def unconnected(flow: Flow, tensors: Sequence[Tensor]) -> list[Cause]:
    """Why nothing tracked leads from the loss to some tensors, and the nearest place to look.

    They are in the order of the net: where the output of a layer was cut off, so were those before.
    """
    if flow.root.plan is None:
        constant = Cause(
            "detached", "nothing tracked leads to any parameter: the loss is a constant or a leaf",
            "compute it outside of no_grad(), from tensors, without .numpy(), .data and detach()",
        )  # fmt: skip
        return [constant for _ in tensors]
    found: list[Cause] = []
    later: Cause | None = None
    for tensor in reversed(tensors):
        detached = _read(flow, tensor)
        later = None if detached else _cut(flow, tensor) or later
        found.append(detached or later or UNUSED)
    return found[::-1]


UNUSED = Cause(
    "unused",
    "nothing tracked leads from the loss to it: no gate of the graph uses it, and no constant in "
    "it has the size of its layer",
    "call its layer in forward(), or leave it out; or look for no_grad() and detach() around it",
)


def _read(flow: Flow, tensor: Tensor) -> Cause | None:
    """The gate that takes the values of a tensor as a constant."""
    for node, k, value in flow.constants:
        if _is_of(tensor, value):
            return Cause(
                "detached",
                f"nothing tracked leads from the loss to it: {described(node)} takes its values as "
                f"a constant (operand {_operand(node, k)}): .data, detach() or .numpy() gave them",
                "pass the parameter itself", node,
            )  # fmt: skip
    return None


def _cut(flow: Flow, tensor: Tensor) -> Cause | None:
    """The gate that takes a constant which has the size of what the layer of a tensor gives."""
    size = tensor.shape[0] if tensor.ndim > 2 else tensor.shape[-1] if tensor.ndim else 0
    for node, k, value in flow.constants:
        shape, dtype = np.shape(value), getattr(value, "dtype", np.dtype(int))
        if len(shape) >= 2 and dtype.kind == "f" and shape[1 if len(shape) > 3 else -1] == size:
            return Cause(
                "cut",
                f"nothing tracked leads from the loss to it: {described(node)} takes a constant "
                f"{shape} (operand {_operand(node, k)}), which may be what came of its layer",
                "pass the tensor on as it is: .numpy(), .data, detach() and no_grad() end the "
                "graph there", node,
            )  # fmt: skip
    return None


def _operand(node: Node, position: int) -> str:
    """What the row calls an operand."""
    gate = node.plan.gate  # type: ignore[union-attr]
    return str(position) if gate.variadic else gate.operands[position]


def _is_of(tensor: Tensor, value: Any) -> bool:
    """Whether a constant has the values of a tensor, as .data, detach() and .numpy() give them."""
    own = np.asarray(concrete(tensor._array))
    array = np.asarray(value) if not isinstance(value, str) else np.empty(0)
    if array.dtype.kind != own.dtype.kind or array.size != own.size or not own.ndim:
        return False
    if np.may_share_memory(own, array):
        return True
    turned = array if array.shape == own.shape else array.T
    return turned.shape == own.shape and bool(np.ptp(own) > 0 and np.array_equal(own, turned))


# --- words ----------------------------------------------------------------------------------------


def _name(operand: Any, otherwise: str, names: Names) -> str:
    if not isinstance(operand, Node):
        return otherwise
    if operand.plan is not None:
        return f"what {described(operand)} gives"
    return names.get(operand) or operand.name or otherwise


def _after(operand: Node) -> str:
    """What made the operand of a gate, which tells one activation from another."""
    return f", after {described(operand)}," if operand.plan is not None else ""


def _span(x: Any) -> str:
    """From the smallest to the largest element."""
    array = np.asarray(concrete(x))
    if array.dtype.kind == "c":
        array = np.abs(array)
    if array.ndim == 0:
        return f"{array[()]:.3g}"
    finite = array[np.isfinite(array)]
    if not finite.size:
        return f"{array.shape}, nowhere finite"
    return f"{array.shape} from {finite.min():.3g} to {finite.max():.3g}"


def _is_zero(x: Any) -> bool:
    array = np.asarray(concrete(x))
    return array.dtype.kind in "fc" and not array.any() and array.size > 0


def relative(g: Any, value: Any) -> float | None:
    """How large a gradient is beside the weights; None where these are 0."""
    size = norm(value)
    return norm(g) / size if size else None
