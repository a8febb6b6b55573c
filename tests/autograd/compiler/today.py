"""What a judge of the compiler is known to find wrong today: a list beside it, which has to shrink.

A new fault turns the test red, and so does one that is gone but still listed; the judge's command
with `--write` writes the list anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

__all__ = ["known", "write"]


def known(judge: str) -> frozenset[str]:
    """The titles of what is wrong today."""
    return frozenset(_file(judge).read_text(encoding="utf-8").splitlines())


def write(judge: str, titles: Iterable[str]) -> None:
    """Write down what is wrong today."""
    _file(judge).write_text("".join(f"{title}\n" for title in titles), encoding="utf-8")


def _file(judge: str) -> Path:
    return Path(__file__).with_name(f"wrong_today_{judge}.txt")
