"""A function's recorded program, run again at other arguments without the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd.modes import no_grad
from autograd.node import Node
from autograd.replay import ancestors, operand_values
from autograd.tensor import Tensor

from ..containers import Container, is_tracked, plain

__all__ = ["const_graph", "const_graph_unary", "full_graph"]

Function = Callable[..., Any]


def const_graph_unary(fun: Function) -> Function:
    """The function of one argument, which runs once; then the gates that it recorded run."""
    program: list[_Program] = []

    def run(x: Any) -> Any:
        if not program:
            program.append(_Program(fun, x))
            return program[0].first
        return program[0](x)

    return run


def const_graph(fun: Function, *args: Any, **kwargs: Any) -> Function:
    """The function, with some arguments given, which runs once; then its recorded gates run."""
    unary = const_graph_unary(lambda rest: fun(*args, *rest, **kwargs))
    return lambda *rest: unary(rest)


def full_graph(fun: Function, *args: Any, **kwargs: Any) -> Any:
    """The node of what the function gives: a picture of it is drawn by `autograd.draw`."""
    value = fun(*[Tensor(x) for x in args], **kwargs)
    return value.node if is_tracked(value) else None


class _Program:
    """The gates between x and fun(x)."""

    def __init__(self, fun: Function, x: Any):
        tree = Container(x)
        leaves = [Tensor(plain(leaf)) for leaf in tree.leaves]
        self.inputs = [leaf.node for leaf in leaves]
        self.result = Container(fun(tree.built(leaves)))
        tracked = [y.node for y in self.result.leaves if is_tracked(y)]
        if not tracked:
            raise ValueError("const_graph: what the function gives is independent of its arguments")
        self.first = self._built({})
        nodes = {node for root in tracked for node in ancestors(root)}
        self.nodes = sorted(nodes, key=lambda node: node.number)

    def _built(self, known: dict[Node, Any]) -> Any:
        leaves = self.result.leaves
        return self.result.built(
            [known.get(y.node, plain(y)) if is_tracked(y) else plain(y) for y in leaves]
        )

    def __call__(self, x: Any) -> Any:
        known: dict[Node, Any] = dict(
            zip(self.inputs, map(plain, Container(x).leaves), strict=True)
        )
        with no_grad():
            for node in self.nodes:
                if node in known:
                    continue
                if node.plan is None:
                    known[node] = node.value
                else:
                    operands = operand_values(node, known)
                    known[node], _ = node.plan.gate.compute(operands, node.static or {}, None)
        return self._built(known)
