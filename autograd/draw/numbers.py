"""How numbers are written in a picture: short, and with a real minus sign."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np

__all__ = ["gradient_norm", "is_finite", "number", "plural", "rows", "shape", "statistics"]


def number(value: Any, decimals: int | None = None, digits: int = 4) -> str:
    """A single value: four significant digits, or `decimals` places; `0` only for exact zero.

    >>> number(0.73105857), number(-3.0), number(0.000123), number(0.73105857, decimals=2)
    ('0.7311', '−3', '1.23e−04', '0.73')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (complex, np.complexfloating)):
        imaginary = number(value.imag, decimals, digits)
        sign = "" if imaginary.startswith("−") else "+"
        return f"{number(value.real, decimals, digits)}{sign}{imaginary}i"
    value = float(value) if not isinstance(value, (int, np.integer)) else int(value)
    if value == 0:
        return "0"
    if math.isnan(value):
        return "NaN"
    sign = "−" if value < 0 else ""
    size = abs(value)
    if math.isinf(size):
        return sign + "∞"
    if isinstance(size, int):
        text = str(size) if size < 10**9 else f"{size:.2e}"
    elif decimals is not None:
        text = f"{size:.{decimals}f}" if size < 1e5 else f"{size:.2e}"
        sign = sign if text.strip("0.") else ""  # no minus before 0.00
    elif 1e-3 <= size < 1e5:
        places = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{size:.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        text = f"{size:.2e}"
    return sign + text.replace("-", "−").replace("e+", "e")


def plural(count: int, what: str) -> str:
    """A number of things, in words: `1 gate`, `1,200 gates`."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def shape(array: Any) -> str:
    """The shape as NumPy writes it."""
    return str(np.shape(array))


def rows(array: Any, decimals: int | None = None) -> list[str]:
    """A small array, one line per row of its last axis.

    >>> rows(np.array([[0.1, -0.5], [12.0, 0.0]]))
    ['[0.1  −0.5]', '[ 12     0]']
    """
    table = np.reshape(array, (-1, np.shape(array)[-1])).tolist()
    texts = [[number(x, decimals) for x in row] for row in table]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        "[" + "  ".join(t.rjust(w) for t, w in zip(row, widths, strict=True)) + "]" for row in texts
    ]


def statistics(array: Any) -> list[str]:
    """What the numbers of an array are like: mean ± standard deviation, and the extremes.

    >>> statistics(np.array([1.0, 3.0]))
    ['2 ± 1', '[1 … 3]']
    >>> statistics(np.array([True, False, True, True]))
    ['75 % True']
    >>> statistics(np.array([3 + 4j, 3 - 4j]))  # how large they are
    ['|z| 5 ± 0', '[5 … 5]']
    """
    array = np.asarray(array)
    if array.size == 0:
        return ["empty"]
    if array.dtype.kind == "b":
        return [f"{number(100 * array.mean(), digits=2)} % True"]
    if array.dtype.kind == "c":
        with np.errstate(all="ignore"):
            middle, *others = statistics(np.abs(array))
        return [f"|z| {middle}", *others]
    low, high = number(array.min(), digits=2), number(array.max(), digits=2)
    if array.dtype.kind in "iu":
        return [f"[{low} … {high}]"]
    with np.errstate(all="ignore"):
        mean, spread = array.mean(dtype=float), array.std(dtype=float)
    near_zero = 0 < abs(mean) < 1e-9 * spread  # what is left of it are rounding errors
    middle = "≈ 0" if near_zero else number(mean, digits=2)
    return [f"{middle} ± {number(spread, digits=2)}", f"[{low} … {high}]"]


def gradient_norm(g: Any) -> str:
    """The Euclidean norm of a gradient, with two significant digits: enough to compare."""
    with np.errstate(all="ignore"):
        return number(np.linalg.norm(np.abs(np.ravel(g)).astype(float)), digits=2)


def is_finite(array: Any) -> bool:
    """Whether there is no NaN and no infinity in it."""
    if not getattr(array, "ndim", 0):
        return cmath.isfinite(array)
    if array.size and not any(array.strides):  # one number everywhere
        array = array[(0,) * array.ndim]
    return bool(np.isfinite(array).all())
