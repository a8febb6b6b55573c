"""Arrays made so small that a page can show them as a grid of coloured cells."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from ..draw.numbers import number, shape

__all__ = ["heat_map"]

ROWS, COLUMNS = 16, 24  # cells at most


def heat_map(array: Any) -> dict[str, Any] | None:
    """A grid of numbers from -127 to 127, and what they stand for; None for single values.

    The axes but the last become rows. Where there are more than fit, a cell stands for a block,
    and shows the number of it that is furthest from 0.
    """
    if np.ndim(array) == 0 or np.size(array) == 0:
        return None
    array = np.abs(array) if np.iscomplexobj(array) else array  # of complex numbers their size
    table = np.reshape(array, (-1, np.shape(array)[-1]))
    good = np.isfinite(table)
    bad = int(table.size - np.count_nonzero(good))
    finite = np.where(good, table, 0) if bad else table
    cells = _furthest(_furthest(finite, ROWS).T, COLUMNS).T.astype(float)
    known = table[good] if bad else table
    low, high = (number(end(known)) if known.size else "NaN" for end in (np.min, np.max))
    top = float(np.abs(cells).max())
    scaled = np.clip(np.rint(cells * (127 / top if top else 0.0)), -127, 127).astype(np.int8)
    return {
        "rows": scaled.shape[0], "columns": scaled.shape[1], "whole": scaled.size == table.size,
        "cells": base64.b64encode(scaled.tobytes()).decode(), "shape": shape(array),
        "low": low, "high": high, "bad": bad,
    }  # fmt: skip


def _furthest(table: Any, most: int) -> Any:
    """At most so many rows; each is made of a block of them."""
    count = len(table)
    if count <= most:
        return table
    starts = np.linspace(0, count, most, endpoint=False).astype(int)
    low, high = np.minimum.reduceat(table, starts), np.maximum.reduceat(table, starts)
    return np.where(-1.0 * low > high, low, high)
