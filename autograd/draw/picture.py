"""The Picture of a graph: it can be shown, saved, or printed."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

from . import render
from .colours import LIGHT, adaptive
from .dot import dot
from .errors import DrawError
from .model import Drawing
from .numbers import plural
from .text import tree

__all__ = ["FORMATS", "Picture", "check_path"]

FORMATS = (".svg", ".png", ".pdf", ".dot", ".txt")


class Picture:
    """A drawn graph. A notebook shows it by itself; `print` gives the text tree.

    dot     the picture in the language of Graphviz, the same text in every run
    text    the graph as an indented tree of values, gradients and gates
    """

    def __init__(self, drawing: Drawing):
        self.drawing = drawing
        self.dot = dot(drawing)
        self.text = drawing.of_program + "\n" if drawing.of_program else tree(drawing)

    def svg(self) -> str:
        """The picture as SVG text; without an engine, a picture of the text tree."""
        return self._svg() or self._described(_svg_of_text(self.text))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture; the suffix (.svg, .png, .pdf, .dot, .txt) decides on the format.

        Where there is no engine to paint with, the text tree is printed and the DOT text saved
        beside it. Gives the path of what was written; raises DrawError if that cannot be done.
        """
        wanted = check_path(path)
        kind = wanted.suffix.lower()[1:]
        content = {"dot": self.dot.encode(), "txt": self.text.encode()}.get(kind)
        if kind == "svg":
            svg = self._svg()
            content = svg.encode() if svg is not None else None
        elif content is None:
            content = render.render(self.dot, kind)
        if content is None:
            wanted = wanted.with_suffix(".dot")
            content = self.dot.encode()
            render.write(wanted, content)
            render.say(f"{self.text}\n{wanted} holds the graph as DOT text; {render.ADVICE}")
        else:
            render.write(wanted, content)
        return wanted

    def _svg(self) -> str | None:
        found = render.render(self.dot, "svg")
        return self._described(found.decode()) if found else None

    def _described(self, svg: str) -> str:
        title = self.drawing.title or f"Computation graph of {self.drawing.root_name}"
        described = render.describe(svg, title, self.drawing.summary)
        return adaptive(described) if self.drawing.scheme == "auto" else described

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        svg = self._svg()
        bundle = {"text/plain": self.text if svg else f"{self.text}\n({render.ADVICE})"}
        return {"image/svg+xml": svg, **bundle} if svg else bundle

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        drawing = self.drawing
        return (
            f"<Picture of {drawing.root_name}: {plural(len(drawing.values), 'value')}, "
            f"{plural(len(drawing.gates), 'gate')}>"
        )


def check_path(path: str | os.PathLike[str]) -> Path:
    """The path to write to; DrawError for a suffix that is no format, or a missing folder."""
    try:
        wanted = Path(path)
    except TypeError:
        raise DrawError(f"draw: path={path!r}; expected a file name") from None
    if wanted.suffix.lower() not in FORMATS:
        raise DrawError(
            f"draw: {wanted.name!r} has the suffix {wanted.suffix!r}; "
            f"expected one of {', '.join(FORMATS)}"
        )
    if not os.path.isdir(wanted.parent):
        raise DrawError(f"draw: there is no folder {str(wanted.parent)!r}; make it first")
    return wanted


def _svg_of_text(text: str) -> str:
    lines = text.splitlines()
    width, height = 8 * max(map(len, lines), default=1) + 20, 18 * len(lines) + 20
    rows = "".join(
        f'<text x="10" y="{18 * k + 24}" xml:space="preserve">{html.escape(line)}</text>'
        for k, line in enumerate(lines)
    )
    ink = LIGHT["ink"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">'
        f'<g font-family="monospace" font-size="13" fill="{ink}">{rows}</g></svg>\n'
    )
