"""What the pictures of a page have in common, written once.

The pictures of a graph differ in which scopes are closed. A gate, and many a wire, looks the same
in most of them and only stands elsewhere, so a picture is a list of groups and how far each is
moved from where it was drawn first.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Placed", "Shared", "taken_apart"]

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
ACROSS, DOWN, PAIRS = ("x", "cx"), ("y", "cy"), ("d", "points")
NEAR = 0.15  # points between two drawings that are the same: each is rounded to a tenth


@dataclass(frozen=True)
class Placed:
    """A picture as its groups: the number of each, and how far it is moved across and down."""

    box: str
    transform: str
    groups: list[float]  # three numbers for each


@dataclass
class _Shape:
    """Where a group was drawn first: all its coordinates."""

    number: int
    across: list[float]
    down: list[float]


@dataclass
class Shared:
    """The groups of all pictures, in the order in which they are met first."""

    groups: list[ET.Element] = field(default_factory=list)
    _known: dict[Any, list[_Shape]] = field(default_factory=dict)

    def place(self, picture: ET.Element) -> Placed:
        """A picture in terms of the groups; those that are new are added to them."""
        (inner,) = picture
        placed = [number for group in inner for number in self._place(group)]
        return Placed(picture.get("viewBox", ""), inner.get("transform", ""), placed)

    def _place(self, group: ET.Element) -> tuple[float, float, float]:
        look, across, down = taken_apart(group)
        for shape in self._known.setdefault(look, []):
            x, y = _moved(shape.across, across), _moved(shape.down, down)
            if x is not None and y is not None:
                return shape.number, x, y
        self._known[look].append(_Shape(len(self.groups), across, down))
        self.groups.append(group)
        return len(self.groups) - 1, 0, 0


def taken_apart(group: ET.Element) -> tuple[Any, list[float], list[float]]:
    """What a group looks like, wherever it stands; and its coordinates."""
    across: list[float] = []
    down: list[float] = []
    look: list[Any] = [tuple(group.attrib.items())]
    for element in group:
        rest = []
        for name, value in element.attrib.items():
            numbers = [float(found) for found in NUMBER.findall(value)]
            if name in ACROSS:
                across += numbers
            elif name in DOWN:
                down += numbers
            elif name in PAIRS:
                across += numbers[::2]
                down += numbers[1::2]
                value = NUMBER.sub("", value)
            rest.append((name, "" if name in (*ACROSS, *DOWN) else value))
        look.append((element.tag, element.text, tuple(rest)))
    return tuple(look), across, down


def _moved(first: Iterable[float], now: Iterable[float]) -> float | None:
    """How far the same shape is moved along an axis; None if it is not the same."""
    steps = [b - a for a, b in zip(first, now, strict=True)]
    middle = round((min(steps) + max(steps)) / 2, 1) if steps else 0.0
    if any(abs(step - middle) > NEAR for step in steps):
        return None
    return int(middle) if middle == int(middle) else middle
