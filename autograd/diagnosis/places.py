"""Where a gate was called, and on what: the words of reports and errors."""

from __future__ import annotations

import linecache
import os
from itertools import islice
from typing import Any

import numpy as np

from ..lines import Place
from ..modes import Scope
from ..node import Node
from ..standins import concrete
from ..tensor import Tensor

__all__ = ["is_finite", "layer", "line", "shown", "worst"]


def line(site: Scope | Place | None) -> str:
    """The file, the line and its text; '' where none was noted (see `source_lines`)."""
    if not isinstance(site, Place):
        return ""
    code = site.code
    found = next(islice(code.co_positions(), site.offset // 2, None), (None,))[0]
    number = found or code.co_firstlineno
    text = linecache.getline(code.co_filename, number).strip()
    file = code.co_filename.removeprefix(os.getcwd() + os.sep)
    file = os.path.basename(file) if os.path.isabs(file) else file
    return f"{file}, line {number}" + (f": {text}" if text else "")


def layer(site: Scope | Place | None) -> str:
    """The path of modules around a gate, such as "Net.fc1"; '' outside of all."""
    scope = site.scope if isinstance(site, Place) else site
    return ".".join(box.name for box in scope.path) if scope is not None else ""


def values_of(x: Any) -> Any:
    """The array of a tensor, of what stands for one, or x itself."""
    return concrete(x._array if isinstance(x, Tensor) else x)


def is_finite(x: Any) -> bool:
    """Whether there is no NaN and no infinity in it; what is no float is finite."""
    array = np.asarray(values_of(x))
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def has_nan(x: Any) -> bool:
    """Whether there is a NaN in it."""
    array = np.asarray(values_of(x))
    return array.dtype.kind in "fc" and bool(np.isnan(array).any())


def worst(x: Any) -> tuple[int, ...]:
    """The index of the first element that is not finite."""
    array = np.asarray(values_of(x))
    return tuple(int(k) for k in np.argwhere(~np.isfinite(array))[0])


def shown(x: Any) -> str:
    """A number in a few digits; an array by its shape."""
    array = np.asarray(values_of(x))
    return f"{array[()]:.6g}" if array.ndim == 0 else f"an array {array.shape}"


def count(x: Any) -> str:
    """How much of an array is not finite, such as "2 of 64 values"."""
    array = np.asarray(values_of(x))
    bad = np.count_nonzero(~np.isfinite(array))
    return "the value" if array.ndim == 0 else f"{bad} of {array.size} values"


def described(node: Node) -> str:
    """A gate by its name, with its layer where it lies in one."""
    inside, gate = layer(node.site), node.gate
    name = gate.name if gate is not None else "leaf"
    return f"{name} in {inside}" if inside else name
