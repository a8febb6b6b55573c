"""The one exception of drawing."""

from __future__ import annotations

from ..errors import AutogradError

__all__ = ["DrawError"]


class DrawError(AutogradError, ValueError):
    """A picture that cannot be made as asked, or a file that cannot be written."""
