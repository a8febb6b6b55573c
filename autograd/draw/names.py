"""Names and titles, made fit to be read: on one line, without what cannot be seen, not endless."""

from __future__ import annotations

from typing import Any

__all__ = ["legible"]


def legible(name: Any, longest: int = 40) -> str:
    r"""A name as it is shown. Markup stays what it is; each output escapes it in its own way.

    >>> legible("first\nsecond"), legible("a\x00b"), legible("<b>"), legible("12345678", 5)
    ('first second', 'a�b', '<b>', '1234…')
    """
    text = "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in str(name))
    return text if len(text) <= longest else text[: longest - 1] + "…"
