"""Checkpoints: forget what a part of the forward pass computed, and compute it on the way back.

A chain of n parts then keeps the n results between them, and the inner values of one part at a
time: memory for time, one more forward pass (Griewank, Walther, "Evaluating Derivatives", ch. 12).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import GraphError
from ..modes import MODE, no_grad, recording
from ..node import Node, next_number
from ..tensor import Tensor
from ..values import ARRAYS
from .boundary import Work, as_gate, operands_of, pull_back, row
from .trees import Tree

__all__ = ["checkpoint"]

CHECKPOINT = row("checkpoint", "checkpoint")


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The function f as one gate, whose inner values are not kept: also a decorator.

    The backward pass runs f once more. Arguments and results may be containers of tensors; tensors
    that f reads from outside, such as parameters, get their gradients too. Raises GraphError in the
    backward pass when f gives other values than before, because it draws random numbers or
    something that it reads has changed.

    >>> import numpy as np
    >>> from autograd import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> checkpoint(lambda x: np.exp(x) * x)(x).sum().backward()
    >>> x.grad.round(3)
    array([ 5.437, 22.167])
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        mode = MODE.get()
        if not mode.recording or mode.kind is not ARRAYS:
            return f(*args, **kwargs)
        start = next_number()
        tree = Tree(f(*args, **kwargs))
        made = [_Again(f, args, kwargs, k, x, start) for k, x in enumerate(tree.leaves)]
        results = zip(tree.leaves, made, strict=True)
        return tree.built(
            [as_gate(CHECKPOINT, again, x._array) if again.operands else x for x, again in results]
        )

    return call


class _Again(Work):
    """One result of the function, to be computed again."""

    def __init__(self, f: Any, args: Any, kwargs: Any, position: int, result: Any, start: int):
        super().__init__()
        self.f, self.given, self.position = f, Tree((args, kwargs)), position
        tracked = isinstance(result, Tensor) and result.requires_grad
        self.operands = operands_of(result.node, start) if tracked else []

    def value(self) -> Any:
        with no_grad():
            return self._run(self.given.leaves)._current()

    def _run(self, leaves: list[Any]) -> Any:
        args, kwargs = self.given.built(leaves)
        return Tree(self.f(*args, **kwargs)).leaves[self.position]

    def gradients(self, g: Any, out: Any) -> list[Any]:
        """Those of the run again; recorded if g is, else of arguments that are cut off."""
        leaves, instead, start = self.given.leaves, dict[Node, Node](), next_number()
        with recording():
            if not isinstance(g, Tensor):
                leaves = [_cut_off(x, instead) for x in leaves]
            result = self._run(leaves)
            before = out._array if isinstance(out, Tensor) else out
            if not isinstance(result, Tensor) or not _same(result._array, before):
                raise GraphError(
                    "checkpoint: the function gave another value when it was computed again for "
                    "the backward pass; random numbers have to be drawn outside of it, and what it "
                    "reads must not change before"
                )
            grads = pull_back(result.node, g, start)
        return [grads.get(instead.get(node, node)) for node in self.operands]


def _same(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


def _cut_off(x: Any, instead: dict[Node, Node]) -> Any:
    """A tracked tensor as a leaf of its own."""
    if not isinstance(x, Tensor) or not x.requires_grad:
        return x
    leaf = x.detach()
    leaf.requires_grad = True
    instead[x.node] = leaf.node
    return leaf
