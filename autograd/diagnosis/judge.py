"""The diagnosis of a loss: what reaches each parameter, and what is wrong where nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..backward import _seed
from ..errors import GraphError
from ..modes import MODE
from ..node import Node
from ..tensor import Tensor
from .causes import (
    Cause,
    cancels,
    dead,
    dying,
    not_finite,
    relative,
    shrunk_or_grown,
    unconnected,
)
from .flow import Flow, rms
from .places import has_nan, is_finite
from .report import Diagnosis, Row, grouped

__all__ = ["Diagnosis", "diagnose"]

TINY = 1e-5  # of the largest gradient of all parameters, by the mean square
HUGE = 1e4  # times the weights, or those of a parameter of ordinary size

Parameters = Mapping[str, Tensor] | Iterable[Tensor] | None


def diagnose(loss: Tensor, parameters: Parameters = None) -> Diagnosis:
    """Say of each parameter whether its gradient is healthy, and where it died if not.

    loss         a single value; before or after `backward()`, whose gradients are left alone
    parameters   tensors, by name or in a list; without them all leaves of the graph
    The values and gradients of all gates are computed once more, and kept until it returns.
    The result prints as a table with a sentence and a remedy for each fault; it is true when there
    is none, and `rows` and `faults` are for programs. Called inside `source_lines()`, the forward
    pass notes its lines, and the sentences name them.
    Raises TypeError when the loss is no Tensor, GraphError when it is no single value.

    >>> import numpy as np, autograd as ag
    >>> w = ag.Parameter([1.0, 2.0], name="w")
    >>> loss = ag.relu(w - 5.0).sum()
    >>> report = diagnose(loss)
    >>> report.ok, report.rows[0].status, report.faults[0].kind
    (False, 'zero', 'dead')
    """
    loss = _checked(loss)
    flow = Flow(loss)
    named = _named(parameters, flow)
    names = {x: name for name, p in named.items() for x in _leaves(flow, p)}
    rows = _sized(flow, [_row(flow, name, p, names) for name, p in named.items()], named)
    apart = [row.name for row, _ in rows if row.status == "unconnected"]
    cuts = dict(zip(apart, unconnected(flow, [named[name] for name in apart]), strict=True))
    judged = [(row, cuts.get(row.name, cause)) for row, cause in rows]
    value = float(np.asarray(flow.values[flow.root]).reshape(()))
    told = any(row.status in ("NaN", "infinite") for row, _ in rows)
    if not told and not np.isfinite(value):  # gates that choose have kept it from the parameters
        status = "NaN" if np.isnan(value) else "infinite"
        judged.append((Row("loss", (), status, 1.0, value, 1.0), not_finite(flow, names)))
    rows_, faults = grouped(judged)
    return Diagnosis(value, rows_[: len(rows)], faults, tuple(dying(flow)))


def _checked(loss: Any) -> Tensor:
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"diagnose: the loss is a {type(loss).__name__}; expected a Tensor: .item(), .numpy() "
            "and float() leave the graph, so pass on the loss itself"
        )
    if not MODE.get().kind.eager:
        raise GraphError("diagnose: inside a function that is being compiled there are no values")
    _seed(loss, None)
    return loss


def _named(parameters: Parameters, flow: Flow) -> dict[str, Tensor]:
    """The tensors to judge, by name; two of one name are told apart by numbers."""
    if isinstance(parameters, Mapping):
        return dict(parameters)
    given = list(parameters) if parameters is not None else _of_graph(flow)
    found: dict[str, Tensor] = {}
    for k, x in enumerate(given):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"diagnose: parameters holds a {type(x).__name__}; expected tensors, or a dict of "
                "them by name, such as dict(net.named_parameters())"
            )
        name = x.name or f"tensor {x.shape}"
        found[name if name not in found else f"{name} [{k}]"] = x
    return found


def _of_graph(flow: Flow) -> list[Tensor]:
    """A tensor for each leaf of the graph that takes a gradient."""
    found = []
    for leaves in flow.leaves.values():
        x = Tensor(leaves[-1].value, requires_grad=True, copy=False)
        x._node = leaves[-1]
        found.append(x)
    return found


def _leaves(flow: Flow, p: Tensor) -> list[Node]:
    node = p._node
    return flow.leaves.get(id(node.slot), []) if node is not None and node.slot else []


def _row(flow: Flow, name: str, p: Tensor, names: dict[Node, str]) -> tuple[Row, Cause | None]:
    """The row of a parameter, judged by its gradient alone."""
    leaves = _leaves(flow, p)
    g, value = flow.gradient(leaves), np.asarray(p._current())

    def row(status: str) -> Row:
        size = rms(g) if g is not None else None
        ratio = relative(g, value) if g is not None else None
        return Row(name, p.shape, status, size, rms(value), ratio)

    if not p.requires_grad:
        return row("frozen"), None
    if g is None:
        return row("unconnected"), None
    if not is_finite(g) or not is_finite(value):
        return row("NaN" if has_nan(g) or has_nan(value) else "infinite"), not_finite(flow, names)
    if cancels(flow, leaves, g):
        return row("redundant"), None
    if not np.any(g):
        return row("zero"), dead(flow, leaves, names)
    return row("healthy"), None


def _sized(
    flow: Flow, rows: list[tuple[Row, Cause | None]], named: Mapping[str, Tensor]
) -> list[tuple[Row, Cause | None]]:
    """The rows, with gradients that are far larger or smaller than the others'."""
    healthy = {row.name: row.gradient or 0.0 for row, _ in rows if row.status == "healthy"}
    if not healthy:
        return [(_stationary(row), cause) for row, cause in rows]
    weight = {row.name: row.weight for row, _ in rows}
    weights = [weight[name] for name in healthy if weight[name]]
    usual = float(np.median(weights)) if weights else 1.0
    large = {name for name, g in healthy.items() if g > HUGE * max(weight[name], usual)}
    largest = max((g for name, g in healthy.items() if name not in large), default=0.0)
    small = {name for name, g in healthy.items() if g < TINY * largest and not large}
    causes = {
        name: _of_size(flow, [named[x] for x in names], grew)
        for names, grew in ((large, True), (small, False))
        for name in names
    }
    status = {**dict.fromkeys(large, "exploding"), **dict.fromkeys(small, "vanishing")}
    return [
        (row.judged(status.get(row.name, row.status)), causes.get(row.name, cause))
        for row, cause in rows
    ]


def _of_size(flow: Flow, tensors: list[Tensor], grew: bool) -> Cause:
    """Why gradients grew or shrank, as seen from the tensor that is farthest from the loss."""
    leaves = [x for p in tensors for x in _leaves(flow, p)]
    ways = {x: flow.way_back(x) for x in leaves}
    return shrunk_or_grown(flow, max(leaves, key=lambda x: (len(ways[x]), -x.number)), grew)


def _stationary(row: Row) -> Row:
    """At a minimum the gradients of all parameters cancel, and none is without effect."""
    return row.judged("stationary") if row.status == "redundant" else row
