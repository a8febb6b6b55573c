"""What all losses share: inputs that have to fit together, and `reduction`."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import LabelError, ShapeError, Tensor, fresh

from ..arguments import plain

__all__ = ["checked_range", "floats", "paired", "reduced", "reduction_named"]

Array = np.ndarray[Any, Any]


def reduction_named(word: str, *others: str) -> str:
    """The word itself. Raises ValueError unless it is a reduction, or one of the others."""
    if word not in ("mean", "sum", "none", *others):
        known = ", ".join(map(repr, ("mean", "sum", "none", *others)))
        raise ValueError(f"reduction is {word!r}; expected one of {known}")
    return word


def reduced(losses: Any, reduction: str, name: str) -> Any:
    """The mean or the sum of all losses, or the losses themselves.

    Raises ShapeError for the mean of none, ValueError for a reduction that there is not.
    """
    reduction_named(reduction)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return np.sum(losses)
    if not losses.size:
        raise ShapeError(
            f"{name}: the batch is empty, of shape {losses.shape}, and nothing has no mean; pass "
            'at least 1 example, or reduction="sum"'
        )
    return np.mean(losses)


def floats(value: Any, name: str, dtype: Any = None) -> Any:
    """A Tensor or an array, of floats; of `dtype`, if that is given.

    Raises UnsupportedError for masked arrays and matrices.
    """
    x = value if isinstance(value, Tensor) else plain(value, name)
    if dtype is None:
        return x if x.dtype.kind == "f" else x.astype(float)
    return x if x.dtype == dtype else x.astype(dtype)


def paired(name: str, y: Any, t: Any) -> tuple[Any, Any]:
    """Predictions and targets of one shape, both in the dtype of the predictions.

    Raises ShapeError for two shapes, also for those that broadcasting would make one: (20, 1) and
    (20,) would give all 400 differences.
    """
    y = floats(y, f"{name}: y")
    t = floats(t, f"{name}: t", y.dtype)
    if y.shape == t.shape:
        return y, t
    if y.size == t.size:
        remedy = f"give both one shape: t.reshape{y.shape}"
    else:
        remedy = "give both one shape"
    raise ShapeError(f"{name}: y is {y.shape} and t is {t.shape}; {remedy}")


def checked_range(x: Any, name: str, low: float, high: float) -> Any:
    """The constant x, checked in compiled programs, too; what is tracked is not looked at.

    Raises LabelError for NaN, and for what is not between low and high.
    """
    if isinstance(x, Tensor) and x.requires_grad:
        return x
    return fresh(_check_range, x, name, low, high)


def _check_range(x: Array, name: str, low: float, high: float) -> Array:
    if x.size and not (x.min() >= low and x.max() <= high):  # not so for NaN
        at = np.unravel_index(np.argmin((x >= low) & (x <= high)), x.shape)
        where = f" at {tuple(int(k) for k in at)}" if at else ""
        raise LabelError(f"{name} is {x[at]}{where}; expected numbers from {low:g} to {high:g}")
    return x
