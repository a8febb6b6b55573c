"""What can go wrong in a training that was set up well."""

from __future__ import annotations

from autograd import AutogradError

__all__ = ["NotFiniteError"]


class NotFiniteError(AutogradError, ArithmeticError):
    """A loss, or a parameter, that became NaN or infinite; that step did not take place."""
