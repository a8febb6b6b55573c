"""Figures of several panels, each on light and on dark ground, as small PNG files."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autograd.draw import colours
from nn.plots.style import GRADIENT, MUTED, STYLE, VALUE

from . import common, front

__all__ = ["Look", "grid", "write"]


class Look(NamedTuple):
    """The colours of a figure: of the ground, of words, and of what is drawn."""

    ground: str
    ink: str
    muted: str
    value: str
    gradient: str

    @classmethod
    def of(cls, scheme: str) -> Look:
        """The colours on light or on dark ground."""
        light = ("#ffffff", colours.LIGHT["ink"], MUTED, VALUE, GRADIENT)
        return cls(*(front.on(scheme, colour) for colour in light))

    @property
    def settings(self) -> dict[Any, Any]:
        """The same for matplotlib, with the style of all pictures."""
        edges = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), self.muted)
        grounds = dict.fromkeys(("axes.facecolor", "figure.facecolor"), self.ground)
        words = {"text.color": self.ink, "axes.labelcolor": self.muted}
        return {**STYLE, **edges, **grounds, **words}


def grid(
    rows: int, columns: int, size: tuple[float, float], *, widths: Sequence[float] | None = None
) -> tuple[Any, Any]:
    """A figure of so many inches, and its panels as an array (rows, columns).

    widths   of the columns, beside one another
    """
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False,
                        width_ratios=widths)  # fmt: skip


def write(stem: Path, paint: Callable[[Look], Any], title: str, words: str) -> None:
    """Write what `paint` draws as STEM-light.png and STEM-dark.png; a word without matplotlib.

    words   what there is to be seen, as text inside the files
    """
    if not common.can_plot():
        return
    import matplotlib.pyplot as plt

    for scheme in front.SCHEMES:
        look, content = Look.of(scheme), io.BytesIO()
        with plt.rc_context(look.settings):
            figure = paint(look)
            figure.savefig(content, dpi=110)
            plt.close(figure)
        path = stem.with_name(f"{stem.name}-{scheme}.png")
        front.save_png(path, content.getvalue(), title, words)
        common.wrote(path)
