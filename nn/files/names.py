"""How PyTorch names and lays out the parameters and buffers of the same net."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

from ..module import Module

__all__ = ["Partner", "torch_names"]

Array = np.ndarray[Any, Any]


class Partner(NamedTuple):
    """The name of an array in PyTorch, and whether its two axes are the other way round there."""

    name: str
    turned: bool = False

    def there(self, array: Array) -> Array:
        """An array of ours as PyTorch has it; its biases are vectors, not rows (1, n)."""
        if self.turned:
            return array.T
        return array[0] if array.shape[:-1] == (1,) and self.name.endswith("bias") else array

    def here(self, array: Array, shape: tuple[int, ...]) -> Array:
        """An array of PyTorch's as it is here, where its shape should be `shape`."""
        if self.turned:
            return np.ascontiguousarray(array.T)
        return array[None] if (1, *array.shape) == shape else array


def torch_names(net: Module) -> dict[str, list[Partner]]:
    """For each name of `net.state_dict()` those in PyTorch; it names all places of what is shared.

    What differs is said by the classes: `torch_names`, {"W": "weight"}, of a module's attributes,
    and `torch_turned`, a pattern of those which are matrices (in, out) here and (out, in) there.
    """
    ours = {id(t): name for name, t in (*net.named_parameters(), *net.named_buffers())}
    found: dict[str, list[Partner]] = {name: [] for name in ours.values()}
    for tensor, partner in _partners(net, "", ()):
        found[ours[id(tensor)]].append(partner)
    return found


def _partners(
    module: Module, prefix: str, around: tuple[int, ...]
) -> Iterator[tuple[Any, Partner]]:
    """Every parameter and buffer, as often as it is there; `around` has the modules it is in."""
    names, turned = type(module).torch_names, type(module).torch_turned
    for name, value in module.named_own():
        first, dot, rest = name.partition(".")
        path = f"{prefix}{names.get(first, first)}{dot}{rest}"
        if not isinstance(value, Module):
            yield value, Partner(path, fnmatchcase(name, turned))
        elif id(value) not in around:
            yield from _partners(value, f"{path}.", (*around, id(module)))
