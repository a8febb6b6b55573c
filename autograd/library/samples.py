"""Functions of samples along a line: interp between them, unwrap their jumps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..arrays import Array
from ..declare import composed, gate
from ..errors import ShapeError
from ..gates.index import getitem
from ..tensor import Tensor

__all__: list[str] = []


@composed(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
           ) -> Any:  # fmt: skip
    """Lines between the points (xp, fp) at x, as `np.interp`; xp has to increase.

    Gradients flow to all of them. At a point, a kink, x gets the slope of minimum norm. The result
    is float32 if all of them are.
    """
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or not np.size(xp):
        raise ShapeError(
            f"np.interp: xp is {np.shape(xp)} and fp is {np.shape(fp)}; expected two sequences of "
            "as many numbers, one at least"
        )
    x, xp, fp = map(_floats, (x, xp, fp))
    if period is not None:
        x, xp, fp = _within(np.abs(period), x, xp, fp)
        left = right = None
    last = np.size(xp) - 1
    k = np.clip(np.searchsorted(_values(xp), _values(x), side="right") - 1, 0, last)
    here = getitem(xp, k)
    inside = getitem(fp, k) + _slopes(xp, fp, k, x == here) * (x - here)
    low = np.where(x < xp[0], fp[0] if left is None else left, inside)
    return np.where(x > xp[last], fp[last] if right is None else right, low)


def _slopes(xp: Any, fp: Any, k: Any, at_point: Any) -> Any:
    """Of the lines after the points k; at a point itself that of minimum norm, of two lines."""
    run = xp[1:] - xp[:-1]
    rise = (fp[1:] - fp[:-1]) / np.where(run == 0, 1.0, run)
    level = 0.0 * fp[:1]  # before the first point, and after the last
    lines = np.concatenate([level, rise, level])
    before, after = getitem(lines, k), getitem(lines, k + 1)
    least = np.where(np.abs(before) < np.abs(after), before, after)
    least = np.where(np.sign(before) * np.sign(after) <= 0, 0.0, least)
    return np.where(at_point, least, after)


def _within(period: Any, x: Any, xp: Any, fp: Any) -> tuple[Any, Any, Any]:
    """The same in one period, with the last point before the first, and the first after it."""
    x, xp = x % period, xp % period
    order = np.argsort(_values(xp))
    xp, fp = getitem(xp, order), getitem(fp, order)
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


def _floats(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x
    x = np.asarray(x)
    return x if x.dtype.kind in "fc" else x.astype(float)


def _values(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


@gate(numpy=np.unwrap, vjp=lambda g: g, says="{g}")
def unwrap(p: Array, discont: float | None = None, axis: int = -1, period: float = 2 * math.pi
           ) -> Array:  # fmt: skip
    """Jumps of more than half a period taken out, by adding whole ones, as `np.unwrap`."""
    return np.unwrap(p, discont, axis, period=period)
