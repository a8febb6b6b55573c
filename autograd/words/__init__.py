"""What to say when something does not work: in the user's terms, with what to write instead.

Nothing here is loaded until then but this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import GraphError, UnsupportedError

__all__ = ["MISFITS", "misfit", "tracked_as_array", "without_gradient"]

MISFITS = AttributeError, IndexError, TypeError, ValueError  # of operands that do not fit


def misfit(row: Any, values: Sequence[Any], error: Exception) -> Exception:
    """What a gate raises in place of an error of NumPy; that error if there is no more to tell."""
    from .values import misfit

    return misfit(row, values, error)


TO_WRITE_INTO = (  # advice, in errors
    "for a[...] = t with an array a let a be a Tensor, a = np.zeros_like(t, shape=...) or "
    "a = ag.Tensor(a, requires_grad=False)"
)


def tracked_as_array(shape: tuple[int, ...]) -> UnsupportedError:
    """The error of a tracked tensor that is asked for its array."""
    advice = (
        "for X.dot(t) with an array X np.dot(X, t)"
        if shape
        else "and keep losses, to be averaged or plotted, as numbers: loss.item()"
    )
    return UnsupportedError(
        "np.asarray(t): t is tracked, and a plain array would silently lose its gradient. For "
        f"np.array([t, u]) write np.stack([t, u]), for nested lists np.block, {advice}; "
        f"{TO_WRITE_INTO}; use t.numpy() or t.detach() to leave the graph on purpose, as for a plot"
    )


def without_gradient(dtype: Any) -> GraphError:
    """The error of a constant that is given a gradient."""
    advice = "set t.requires_grad = True to train it"
    if dtype.kind not in "fc":
        advice = f"it holds {dtype}, and only floats have one: write 0.0 where it says 0"
    return GraphError(f"grad: this tensor has requires_grad=False and keeps no gradient; {advice}")
