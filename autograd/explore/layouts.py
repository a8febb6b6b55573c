"""One picture for each choice of closed scopes, tidied so that a page can animate it.

Graphviz lays out. Of its SVG are kept the shapes, the texts and where they stand; which gate,
quantity or wire a group stands for, and in which role each text is, says the drawing itself. The
page gets it as classes and `data-` attributes, and its style sheet paints.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from ..draw.build import Builder, Options
from ..draw.dot import dot
from ..draw.errors import DrawError
from ..draw.labels import Text, box_label, cut_label, gate_label, texts_of, value_label
from ..draw.model import Drawing
from ..draw.render import ADVICE, render
from ..draw.wiring import Shown
from ..modes import Scope
from .events import Event, events
from .view import Graph

__all__ = ["Layout", "layouts"]

MOST = 24  # pictures in one page
LARGEST = 550_000  # characters of all pictures in one page, if each were written as a whole
SVG = "{http://www.w3.org/2000/svg}"
SPACE = "{http://www.w3.org/XML/1998/namespace}space"
KEPT = ("class", "d", "points", "cx", "cy", "rx", "ry", "x", "y", "transform", "viewBox",
        "font-size", "text-anchor", "baseline-shift", SPACE)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """A picture of a view, and the steps that can be seen in it."""

    closed: tuple[str, ...]  # the parts that stand for closed scopes
    picture: ET.Element
    steps: list[Event]
    remarks: list[str]


def layouts(graph: Graph, first: Shown, options: Options, max_nodes: int) -> list[Layout]:
    """The view to begin with, then the others that can be reached by closing and opening."""
    done: list[Layout] = []
    size = 0
    for shown in [first, *_others(graph, first, max_nodes)]:
        layout = _layout(graph, shown, options)
        size += len(ET.tostring(layout.picture, encoding="unicode"))
        if done and size > LARGEST:
            break
        done.append(layout)
    return done


# --- which scopes are closed ---------------------------------------------------------------------


def _others(graph: Graph, first: Shown, max_nodes: int) -> Iterator[Shown]:
    """Other choices of closed scopes: all of them if they are few, else the nearest."""
    if first.kept is not None:
        return
    seen = {_outermost(graph, first.closed)}
    for closed in _choices(graph, first.closed):
        closed = _outermost(graph, closed)
        shown = graph.shown(closed)
        if closed in seen or shown.size() > max_nodes:
            continue
        seen.add(closed)
        yield shown
        if len(seen) == MOST:
            return


def _choices(graph: Graph, first: frozenset[Scope]) -> Iterator[frozenset[Scope]]:
    scopes = graph.scopes
    yield frozenset()
    yield frozenset(path[0] for path in graph.wiring.paths.values() if path)
    yield from (first ^ {scope} for scope in scopes)
    if 2 ** len(scopes) <= 50 * MOST:
        for bits in range(2 ** len(scopes)):
            yield frozenset(s for k, s in enumerate(scopes) if bits >> k & 1)
    yield from (frozenset({scope}) for scope in scopes)


def _outermost(graph: Graph, closed: frozenset[Scope]) -> frozenset[Scope]:
    """The closed scopes that lie in no other closed one."""
    paths = {path for path in graph.wiring.paths.values() if not closed.isdisjoint(path)}
    return frozenset(next(scope for scope in path if scope in closed) for path in paths)


# --- the picture ---------------------------------------------------------------------------------


class _Mark(NamedTuple):
    """What a group in the SVG of Graphviz stands for."""

    attributes: dict[str, str]
    label: str = ""  # what is written on it, as markup
    bad: bool = False  # NaN or infinity began here


def _layout(graph: Graph, shown: Shown, options: Options) -> Layout:
    builder = Builder(graph.wiring, shown, options)
    drawing = builder.drawing()
    text = re.sub(r"^label=<.*>;$", "", dot(drawing), count=1, flags=re.MULTILINE)  # the legend
    painted = render(text, "svg")
    if painted is None:
        raise DrawError(f"explore: there is no engine that lays out graphs; {ADVICE}")
    closed = tuple(sorted(graph.part(scope).id for scope in _outermost(graph, shown.closed)))
    picture = _tidy(painted.decode(), _marks(graph, builder, drawing))
    return Layout(closed, picture, events(graph, shown), [*drawing.remarks])


def _marks(graph: Graph, builder: Builder, drawing: Drawing) -> dict[str, _Mark]:
    """What each node and cluster of Graphviz stands for, by its id."""
    marks: dict[str, _Mark] = {}
    for key, value in builder.values.items():
        names = {"class": f"quantity {value.look}", "data-quantity": str(graph.keys[key])}
        marks[f"n{value.number}"] = _Mark(names, value_label(drawing, value), value.bad)
    for unit, gate in builder.gates.items():
        kind = "closed" if isinstance(unit, Scope) else "plain"
        names = {"class": f"gate {kind}", "data-part": graph.part(unit).id}
        marks[f"n{gate.number}"] = _Mark(names, gate_label(gate), gate.bad)
        for k, use in enumerate(gate.inputs):  # where a wire that was cut begins again
            source = marks[f"n{use.value.number}"].attributes["data-quantity"]
            names = {"class": "again", "data-quantity": source}
            marks[f"n{gate.number}_{k}"] = _Mark(names, cut_label(use))
    for scope, box in builder.boxes.items():
        names = {"class": f"scope depth{box.depth % 2}",
                 "data-scope": f"s{graph.scopes.index(scope)}"}  # fmt: skip
        marks[f"clust{box.number}"] = _Mark(names, box_label(box))
    return marks


def _tidy(painted: str, marks: dict[str, _Mark]) -> ET.Element:
    """The SVG of Graphviz without fonts, links and tooltips, and with what `marks` says."""
    root = ET.fromstring(painted)
    graph = root.find(f"{SVG}g")
    assert graph is not None
    picture = ET.Element("svg", {"viewBox": _box(root), "class": "picture"})
    inner = ET.SubElement(picture, "g", {"transform": graph.get("transform", "")})
    for group in graph.findall(f"{SVG}g"):
        mark = _mark(group, marks)
        if mark is not None:
            ET.SubElement(inner, "g", mark.attributes).extend(_kept(group, mark))
    return picture


def _box(root: ET.Element) -> str:
    return " ".join(f"{float(x):g}" for x in root.get("viewBox", "").split())


def _mark(group: ET.Element, marks: dict[str, _Mark]) -> _Mark | None:
    """What a group of Graphviz stands for: a node, a cluster or a wire; None for anything else."""
    title = group.findtext(f"{SVG}title", "")
    if "->" not in title:
        return marks.get(group.get("id", ""))
    start, end = (marks[part.split(":")[0]].attributes for part in title.split("->"))
    if "data-part" in end:
        return _Mark({"class": "wire", "data-into": end["data-part"],
                      "data-of": start["data-quantity"]})  # fmt: skip
    return _Mark({"class": "wire", "data-from": start["data-part"],
                  "data-of": end["data-quantity"]})  # fmt: skip


def _kept(group: ET.Element, mark: _Mark) -> Iterator[ET.Element]:
    """Shapes and texts of a group, in their order, with classes for the style sheet."""
    kind = mark.attributes["class"]
    texts = texts_of(mark.label)
    pieces = (text for text in texts for _ in _solid(text.text))  # one for each letter
    lines = Counter(text.line for text in texts)
    middle = _middle(group, kind)
    for element in group.iter():
        tag = element.tag.removeprefix(SVG)
        if tag not in ("path", "polygon", "polyline", "ellipse", "text"):
            continue
        kept = {name: _short(value) for name, value in element.attrib.items() if name in KEPT}
        if tag != "text":
            yield ET.Element(tag, {**kept, "class": _shape(element, kind, mark.bad)})
        elif letters := _solid(element.text or ""):
            piece, *_ = [next(pieces) for _ in letters]
            if "baseline-shift" in kept:  # an index is smaller than its letter
                kept["font-size"] = f"{0.72 * float(kept.get('font-size', 14)):.1f}"
            if middle is not None and lines[piece.line] == 1 and not piece.slanted:
                kept |= {"x": f"{middle:g}", "text-anchor": "middle"}
            made = ET.Element(tag, {**kept, "class": _letters(piece)})
            made.text = element.text
            yield made


def _middle(group: ET.Element, kind: str) -> float | None:
    """Where texts alone in their line stand in the middle, whatever font the reader has."""
    if kind == "gate plain":
        circle = group.find(f".//{SVG}ellipse")
        return None if circle is None else float(_short(circle.get("cx", "0")))
    if kind == "quantity wire":
        strip = next(e for e in group.iter() if e.tag in (f"{SVG}polygon", f"{SVG}polyline"))
        across = [float(point.split(",")[0]) for point in _short(strip.get("points", "")).split()]
        return round((min(across) + max(across)) / 2, 1)
    return None


def _solid(text: str) -> str:
    return re.sub(r"\s", "", text)


def _short(value: str) -> str:
    """Coordinates with one decimal place: a tenth of a point is nothing to see."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)


def _letters(text: Text) -> str:
    return text.role + " strong" * text.strong + " slanted" * text.slanted


def _shape(shape: ET.Element, kind: str, bad: bool) -> str:
    """What a shape is: a line, a filled strip or tip, or the face of a gate or box."""
    filled, dashed = shape.get("fill", "none") != "none", "stroke-dasharray" in shape.attrib
    on_wire = kind in ("wire", "quantity wire")
    name = ("tip" if on_wire else "face") if filled else "line"
    marked = bad and not (on_wire and (filled or dashed))  # what is around a wire, not the wire
    return name + " bad" * marked + " dashed" * dashed
