"""Colours, markers, and matplotlib itself, which is loaded when the first picture is made."""

from __future__ import annotations

import errno
import functools
import io
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, ParamSpec

import numpy as np

__all__ = [
    "BIAS", "CLASS_COLOURS", "CLASS_MARKERS", "DASHES", "GRADIENT", "MUTED", "STYLE", "VALUE",
    "PlotError", "drawable", "figure", "label", "legible", "on_axis", "rgb", "save", "write",
]  # fmt: skip

P = ParamSpec("P")
serial = count()

VALUE, GRADIENT, MUTED, BIAS = "#006e69", "#bf3b00", "#52606d", "#8a6100"
CLASS_COLOURS = ("#0072B2", "#E69F00", "#7b3294", "#009E73", "#D55E00", "#56B4E9")
CLASS_MARKERS = ("o", "s", "^", "D", "v", "P")  # no class is told by its colour alone
DASHES = ("-", "--", ":", "-.")
STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.titleweight": "bold",
    "axes.titlesize": 10.5,
    "legend.frameon": False,
    "figure.dpi": 110,
}


class PlotError(RuntimeError):
    """A picture that cannot be made or written, with what to do about it."""


def pyplot() -> Any:
    """matplotlib's pyplot; PlotError where it is not installed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise PlotError(
            "nn.plots draws with matplotlib, which is not installed; get it with: "
            "pip install 'gategrad[plots]'"
        ) from error
    return plt


def figure(rows: int = 1, columns: int = 1, size: tuple[float, float] | None = None) -> Any:
    """A figure in the style of these pictures, and its axes as an array (rows, columns).

    size   width and height in inches; by itself 4.2 by 3.8 for each of the axes
    Raises PlotError where matplotlib is not installed.
    """
    plt = pyplot()
    with plt.rc_context(STYLE):
        return plt.subplots(
            rows, columns, figsize=size or (4.2 * columns, 3.8 * rows), layout="constrained",
            squeeze=False,
        )  # fmt: skip


def on_axis(draw: Callable[P, Any]) -> Callable[P, Any]:
    """Let a function that draws on `axis` make a figure of its own where it gets None."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Any:
        if kwargs.get("axis") is None:
            _, axes = figure()
            kwargs["axis"] = axes[0, 0]
        with pyplot().rc_context(STYLE):
            draw(*args, **kwargs)
        return kwargs["axis"]

    return drawn


def drawable(values: Any) -> np.ndarray[Any, Any]:
    """Numbers that fit on an axis: NaN, a gap, for what is not finite or beyond 1e150."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.abs(numbers) <= 1e150, numbers, np.nan)


def legible(name: str, longest: int = 40) -> str:
    """A name as it is shown: on one line, without what cannot be seen, not endless."""
    text = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in str(name))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def label(name: str) -> str:
    """A name as text for matplotlib: a dollar begins a formula there, an underscore hides."""
    text = legible(name).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def save(axis: Any, path: str | os.PathLike[str], title: str = "") -> Path:
    """Write the figure that an axis belongs to (.png, .svg, .pdf), and close it.

    title   for those who cannot see it, in the file's metadata
    The file is written as a whole or not at all, in place of one that is there. Raises PlotError
    when it cannot be.
    """
    drawn = getattr(axis, "figure", axis)
    target, content = Path(path), io.BytesIO()
    kind = target.suffix.lower()[1:]
    if kind not in ("png", "svg", "pdf"):
        raise PlotError(f"save: {target.name!r}; expected a name that ends in .png, .svg or .pdf")
    dated = {} if kind == "png" else {"Date" if kind == "svg" else "CreationDate": None}
    drawn.savefig(content, format=kind, metadata={"Title": legible(title, 300), **dated})
    pyplot().close(drawn)
    return write(target, content.getvalue())


def write(path: str | os.PathLike[str], content: bytes) -> Path:
    """Write a file as a whole or not at all; PlotError when it cannot be written.

    What was there stays until the new file is complete.
    """
    target = Path(path)
    try:
        real = Path(os.path.realpath(target))  # the file behind a link, not the link
        if real.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a folder")
        unfinished = real.with_name(f".{os.getpid()}-{next(serial)}.tmp")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, real)
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PlotError(f"cannot write {target}: {reason}; choose another place") from None
    return target


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of "#0072B2"."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
