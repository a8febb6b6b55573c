"""Let Graphviz lay out and paint: the `dot` program, or the engine that pygraphviz brings along."""

from __future__ import annotations

import html
import os
import re
import shutil
import sys
from itertools import count
from pathlib import Path

from .errors import DrawError

__all__ = ["ADVICE", "WriteError", "describe", "render", "say", "write"]

serial = count()
ADVICE = "to see pictures, install Graphviz with: pip install 'gategrad[draw]'"


class WriteError(DrawError):
    """A picture or page that cannot be written to where it is to be."""


def render(dot: str, kind: str) -> bytes | None:
    """The picture as "svg", "png" or "pdf"; None where there is no engine that can paint it."""
    if kind == "png":  # twice the usual resolution, for the screens of today
        dot = dot.replace("{\n", "{\ndpi=144;\n", 1)
    painted = _by_program(dot, kind) or _by_library(dot, kind)
    if painted is not None and kind == "svg":  # else browsers leave out spaces; later ones say so
        painted = re.sub(rb"<text(?![^>]* xml:space)", b'<text xml:space="preserve"', painted)
    return painted


def _by_program(dot: str, kind: str) -> bytes | None:
    """With the `dot` program, if it is installed and works."""
    if shutil.which("dot") is None:
        return None
    try:
        import graphviz  # type: ignore[import-untyped]
    except ImportError:
        return None
    try:
        return graphviz.Source(dot).pipe(kind, quiet=True)  # type: ignore[no-any-return]
    except (graphviz.CalledProcessError, graphviz.ExecutableNotFound, OSError):
        return None  # an installation that is broken or without this format: try the next engine


def _by_library(dot: str, kind: str) -> bytes | None:
    """With the engine inside the wheels of pygraphviz 2."""
    try:
        import pygraphviz  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return None
    try:
        return pygraphviz.AGraph(string=dot).draw(format=kind, prog="dot") or None
    except Exception:  # whatever is wrong with it: there is still the text
        return None


def describe(svg: str, title: str, description: str) -> str:
    """Give an SVG picture a title and a description that screen readers speak."""
    title, description = html.escape(title), html.escape(description)
    head = f'<svg role="img" aria-label="{title}"'
    texts = f"<title>{title}</title>\n<desc>{description}</desc>"
    numbers = r"<title>(n\d|cluster_\d|computation)[^<]*</title>\n?"  # they say nothing
    svg = re.sub(numbers, "", svg)
    svg = re.sub(r"<text[^>]*baseline-shift[^>]*>", _smaller, svg)
    return re.sub(r"<svg([^>]*)>", lambda found: f"{head}{found[1]}>\n{texts}", svg, count=1)


def _smaller(text: re.Match[str]) -> str:
    """A lowered number in small type; Graphviz leaves room for that, but does not say so."""
    return re.sub(r'(font-size=")([\d.]+)', lambda m: f"{m[1]}{0.7 * float(m[2]):.1f}", text[0])


def write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all: what was there stays until the new one is complete.

    Raises WriteError when it cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))  # the file behind a link, not the link
        if target.is_dir():
            raise IsADirectoryError("it is a folder")
        unfinished = target.with_name(f".{os.getpid()}-{next(serial)}.tmp")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WriteError(f"draw: cannot write {path}: {reason}; choose another place") from None


def say(text: str) -> None:
    """Print, also where the terminal has no signs such as `∂`: a question mark stands for them."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding))
