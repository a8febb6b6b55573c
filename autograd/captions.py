"""What a gate is called, and how it is shown: for errors, pictures and formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Captions"]


@dataclass(eq=False, repr=False)
class Captions:
    """The words of a row; `gate()` says what the fields mean, see declare.py."""

    name: str = ""
    symbol: str = ""
    role: str = ""
    written: str = ""
    face: str = ""
    says: Any = ""
    shape: Callable[..., Any] | None = None
    opened: str = ""
    expand: Callable[..., Any] | None = None

    def caption(self, name: str) -> None:
        """Fill in what the row leaves open, with the name of its function."""
        self.name = self.name or name
        self.symbol = self.symbol or self.name
        self.says = self.says if isinstance(self.says, tuple) else (self.says,)
