"""All rows of a Jacobian: the gradients of each element of a value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import backpropagate
from ..modes import MODE, recording
from ..node import Node
from ..tensor import Tensor, constant_tensor, ones

__all__ = ["all_rows", "constant", "one_by_one"]


def constant(value: Any) -> Tensor:
    """A tensor for a seed; while a program is traced it is a constant of the program."""
    if isinstance(value, Tensor):
        return value
    return constant_tensor(MODE.get().kind.constant(value))


def one_by_one(value: Tensor, nodes: list[Node], recorded: bool = False) -> list[Any]:
    """The gradients of each element of a value, joined along a new first axis; None where a node
    does not lead to it. Nothing that other elements were made of plays a part."""
    with recording():
        elements = [value[k] for k in np.ndindex(value.shape)] if value.shape else [value]
        seed = constant(ones(elements[0])) if recorded else ones(elements[0])
        found = [backpropagate(element.node, seed, nodes) for element in elements]
        return [np.stack([g[node] for g in found]) if node in found[0] else None for node in nodes]


all_rows = one_by_one  # (`fast` replaces this one: many rows in one backward pass.)
