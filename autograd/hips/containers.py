"""Containers of clients: lists, tuples and dictionaries are never arrays, whatever they hold."""

from __future__ import annotations

from typing import Any

from autograd.functional.trees import Tree
from autograd.tensor import Tensor

__all__ = ["Container", "is_tracked", "plain", "unboxed"]


class Container(Tree):
    """What a container holds, leaf by leaf; a list of numbers is one too.

    >>> Container([1.0, 2.0]).leaves
    [1.0, 2.0]
    """

    def is_leaf(self, x: Any) -> bool:
        """No list or tuple is."""
        return False


def is_tracked(x: Any) -> bool:
    """Whether gradients flow through a value."""
    return isinstance(x, Tensor) and x.requires_grad


def plain(x: Any) -> Any:
    """The value of a tensor as an array, or as a NumPy number; anything else as it is."""
    return x.numpy()[()] if isinstance(x, Tensor) else x


def unboxed(x: Any) -> Any:
    """The same, inside of containers too."""
    if isinstance(x, (list, tuple, dict)):
        tree = Container(x)
        return tree.built([plain(leaf) for leaf in tree.leaves])
    return plain(x)
