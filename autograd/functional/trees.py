"""Containers: tuples, lists, dictionaries, named tuples and dataclasses, nested as you like.

What is differentiated by may be one, and what a function gives: the derivatives come in the same
containers. A list of plain numbers is an array, as NumPy takes it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Tree"]


class Tree:
    """What a container holds, leaf by leaf, and how it is built of other leaves.

    >>> tree = Tree({"w": 1.0, "rest": {"b": [2.0, 3.0]}})
    >>> tree.leaves
    [1.0, [2.0, 3.0]]
    >>> tree.built([10.0, 20.0])
    {'w': 10.0, 'rest': {'b': 20.0}}
    """

    def __init__(self, value: Any):
        self.leaves: list[Any] = []
        self._build = self._take(value)
        self.single = self._build is next  # no container: the value is its one leaf

    def _take(self, x: Any) -> Callable[[Iterator[Any]], Any]:
        """Note the leaves of x; gives what builds the same of as many others."""
        if dataclasses.is_dataclass(x) and not isinstance(x, type):
            fields = {f.name: self._take(getattr(x, f.name)) for f in dataclasses.fields(x)}
            return lambda leaves: dataclasses.replace(
                x, **{name: part(leaves) for name, part in fields.items()}
            )
        if isinstance(x, dict):
            items = {key: self._take(part) for key, part in x.items()}
            return lambda leaves: {key: part(leaves) for key, part in items.items()}
        if isinstance(x, (tuple, list)) and not self.is_leaf(x):
            parts = [self._take(part) for part in x]
            made = type(x)._make if hasattr(x, "_make") else type(x)
            return lambda leaves: made([part(leaves) for part in parts])
        self.leaves.append(x)
        return next

    def is_leaf(self, x: Any) -> bool:
        """Whether a list or a tuple is one array, and no container."""
        return _is_array(x)

    def built(self, leaves: list[Any]) -> Any:
        """The same container, of other leaves."""
        return self._build(iter(leaves))


def _is_array(x: Any) -> bool:
    """Whether a sequence, as deep as it goes, holds plain numbers alone."""
    if isinstance(x, (tuple, list)):
        return all(map(_is_array, x)) and not hasattr(x, "_make")
    return isinstance(x, (int, float, complex))
