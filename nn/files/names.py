"""How PyTorch names and lays out the parameters of the same net."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..layers import Linear
from ..module import Module

__all__ = ["Turned", "torch_names"]

Array = np.ndarray[Any, Any]
NAMES = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}


class Turned(NamedTuple):
    """The name of a parameter in PyTorch, and whether its two axes are the other way round."""

    name: str
    turned: bool

    def there(self, array: Array) -> Array:
        """An array of ours as PyTorch has it."""
        return array.T if self.turned and array.ndim == 2 else array

    def here(self, array: Array) -> Array:
        """An array of PyTorch's as it is here."""
        return np.ascontiguousarray(array.T) if self.turned and array.ndim == 2 else array


class _Names(dict[str, Turned]):
    """The names of a net's parameters and buffers; what is not told of keeps its name."""

    def __missing__(self, name: str) -> Turned:
        return Turned(name, False)


def torch_names(net: Module) -> dict[str, Turned]:
    """For each name of `net.state_dict()` the one in PyTorch.

    W and gamma are weight, b and beta are bias. W of Linear is (in, out) here, as in the lecture,
    and (out, in) there; filters are the same in both. A module with other names says so, in a class
    attribute `torch_names = {"scale": "weight"}`.
    """
    found = _Names()
    for path, module in net.named_modules():
        prefix = f"{path}." if path and not path.endswith(".") else path
        for own, other in getattr(type(module), "torch_names", NAMES).items():
            turned = isinstance(module, Linear) and own == "W"
            found[prefix + own] = Turned(_path(prefix) + other, turned)
    return found


def _path(prefix: str) -> str:
    """Without the list in which Sequential has its modules: "0." for "modules.0."."""
    parts = prefix.split(".")
    return ".".join(p for p, q in zip(parts, [*parts[1:], ""], strict=True)
                    if not (p == "modules" and q.isdigit()))  # fmt: skip
