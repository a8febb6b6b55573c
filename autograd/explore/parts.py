"""What events speak of: the values on wires, and the gates between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..draw.sources import Source

__all__ = ["Part", "Quantity"]


@dataclass(frozen=True, eq=False)
class Quantity:
    """A value on a wire, and its gradient once all of it has arrived."""

    number: int
    label: str
    value: Any
    gradient: Any  # None where no gradient flows
    leaf: bool
    named: bool  # by the program, not by its formula
    tracked: bool


@dataclass(frozen=True)
class Part:
    """A gate, or a closed scope that holds several."""

    id: str
    name: str
    symbol: str
    role: str
    path: tuple[str, ...]  # the scopes that it lies in
    source: Source | None
    gates: int
