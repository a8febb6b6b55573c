"""The exceptions: each message says what was got, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "AutogradError",
    "ConvergenceError",
    "DTypeError",
    "GradientCheckError",
    "GraphError",
    "InPlaceError",
    "LabelError",
    "NoAxesError",
    "ShapeError",
    "TraceError",
    "UnsupportedError",
]


class AutogradError(Exception):
    """Base of every error that the engine raises on purpose."""


class ConvergenceError(AutogradError, ArithmeticError):
    """An iteration that did not come to its solution."""


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit together."""


class NoAxesError(ShapeError, TypeError):
    """A single value where a sequence is needed; NumPy's error there is a TypeError, too."""


class DTypeError(AutogradError, TypeError):
    """A kind of number that cannot be used, or cannot carry a gradient."""


class UnsupportedError(AutogradError, TypeError):
    """A NumPy function, option or conversion that would lose the gradient."""


class GraphError(AutogradError, RuntimeError):
    """A backward pass that the recorded graph cannot answer."""


class InPlaceError(AutogradError, RuntimeError):
    """A write into a tensor that would make a recorded value untrue."""


class LabelError(AutogradError, ValueError):
    """Class labels that do not fit the scores."""


class GradientCheckError(AutogradError, AssertionError):
    """Backprop and the numerical derivative disagree."""


class TraceError(AutogradError, TypeError):
    """Something in a function that `compile` cannot write down as a straight-line program."""


def keyword(name: str, given: dict[str, Any], known: Sequence[str]) -> TypeError:
    """The error for keywords that a method does not have: what NumPy calls them."""
    from .words.values import keyword

    return keyword(name, given, known)
