"""One picture for each choice of closed scopes, tidied so that a page can animate it.

Graphviz lays out and paints. Here its SVG loses what is of no use in a page, and gets classes for
colours and `data-` attributes that say which gate, quantity or wire an element stands for.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from ..draw.build import Builder, Options
from ..draw.colours import BAD, GRADIENT, INK, MUTED, VALUE, WIRE
from ..draw.dot import dot
from ..draw.errors import DrawError
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
CLASSES = {VALUE: "value", GRADIENT: "gradient", INK: "ink", MUTED: "muted", BAD: "bad"}
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


def _layout(graph: Graph, shown: Shown, options: Options) -> Layout:
    builder = Builder(graph.wiring, shown, options)
    drawing = builder.drawing()
    names = {box.number: scope for scope, box in builder.boxes.items()}
    marks: dict[str, dict[str, str]] = {}
    for key, value in builder.values.items():
        marks[f"n{value.number}"] = {"class": f"quantity {value.look}",
                                     "data-quantity": str(graph.keys[key])}  # fmt: skip
    for unit, gate in builder.gates.items():
        kind = "closed" if isinstance(unit, Scope) else "plain"
        marks[f"n{gate.number}"] = {"class": f"gate {kind}", "data-part": graph.part(unit).id}
        for k, use in enumerate(gate.inputs):  # where a wire that was cut begins again
            source = marks[f"n{use.value.number}"]["data-quantity"]
            marks[f"n{gate.number}_{k}"] = {"class": "again", "data-quantity": source}
    for number, scope in names.items():
        marks[f"clust{number}"] = {"class": f"scope depth{builder.boxes[scope].depth % 2}",
                                   "data-scope": f"s{graph.scopes.index(scope)}"}  # fmt: skip
    text = re.sub(r"^label=<.*>;$", "", dot(drawing), count=1, flags=re.MULTILINE)  # the legend
    painted = render(text, "svg")
    if painted is None:
        raise DrawError(f"explore: there is no engine that lays out graphs; {ADVICE}")
    closed = tuple(sorted(graph.part(scope).id for scope in _outermost(graph, shown.closed)))
    steps = events(graph, shown)
    return Layout(closed, _tidy(painted.decode(), marks), steps, [*drawing.remarks])


def _tidy(painted: str, marks: dict[str, dict[str, str]]) -> ET.Element:
    """The SVG of Graphviz without fonts, links and tooltips, and with what `marks` says."""
    root = ET.fromstring(painted)
    graph = root.find(f"{SVG}g")
    assert graph is not None
    picture = ET.Element("svg", {"viewBox": _box(root), "class": "picture"})
    inner = ET.SubElement(picture, "g", {"transform": graph.get("transform", "")})
    for group in graph.findall(f"{SVG}g"):
        marked = _marks(group, marks)
        if marked is not None:
            found = ET.SubElement(inner, "g", marked)
            found.extend(_painted(group))
            _center(found)
    return picture


def _box(root: ET.Element) -> str:
    return " ".join(f"{float(x):g}" for x in root.get("viewBox", "").split())


def _marks(group: ET.Element, marks: dict[str, dict[str, str]]) -> dict[str, str] | None:
    """What a group of Graphviz stands for: a node, a cluster or a wire; None for anything else."""
    title = group.findtext(f"{SVG}title", "")
    if "->" not in title:
        return marks.get(group.get("id", ""))
    start, end = (marks[part.split(":")[0]] for part in title.split("->"))
    if "data-part" in end:
        return {"class": "wire", "data-into": end["data-part"], "data-of": start["data-quantity"]}
    return {"class": "wire", "data-from": start["data-part"], "data-of": end["data-quantity"]}


def _painted(group: ET.Element) -> Iterator[ET.Element]:
    """Shapes and texts of a group, in their order, with classes instead of colours."""
    for element in group.iter():
        tag = element.tag.removeprefix(SVG)
        if tag not in ("path", "polygon", "polyline", "ellipse", "text"):
            continue
        text = (element.text or "") if tag == "text" else ""
        if tag == "text" and not text.strip("\xa0 "):
            continue
        kept = {name: _short(value) for name, value in element.attrib.items() if name in KEPT}
        if "baseline-shift" in kept:  # an index is smaller than its letter
            kept["font-size"] = f"{0.72 * float(kept.get('font-size', 14)):.1f}"
        made = ET.Element(tag, {**kept, "class": _style(element) if text else _shape(element)})
        made.text = text or None
        yield made


def _short(value: str) -> str:
    """Coordinates with one decimal place: a tenth of a point is nothing to see."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), value)


def _style(text: ET.Element) -> str:
    color = CLASSES.get(text.get("fill", ""), "ink")
    weight = " strong" if text.get("font-weight") == "bold" else ""
    return color + weight + (" slanted" if text.get("font-style") == "italic" else "")


def _shape(shape: ET.Element) -> str:
    """What a shape is: a line, a filled strip or tip, or the face of a gate or box."""
    fill, dashed = shape.get("fill", "none"), shape.get("stroke-dasharray")
    kind = "line" if fill == "none" else ("tip" if fill == WIRE else "face")
    bad = " bad" if shape.get("stroke") == BAD else ""
    return kind + bad + (" dashed" if dashed else "")


def _center(group: ET.Element) -> None:
    """Texts alone in their row stand in the middle, whatever font the reader has.

    On a wire, what stands above it is the value, and what stands below it the gradient.
    """
    kind = group.get("class", "")
    if kind == "gate plain":
        middle, line = _middle(group.find("ellipse"))
    elif kind == "quantity wire":
        strips = [e for e in group if e.tag in ("polygon", "polyline")]
        middle, line = _middle(strips[0] if strips else None)
    else:
        _tell_norms(group)
        return
    texts = group.findall("text")
    rows = [text.get("y") for text in texts]
    for text in texts:
        if kind == "quantity wire" and "bad" in text.get("class", "") and line is not None:
            above = float(text.get("y", 0)) < line
            text.set("class", f"{'value' if above else 'gradient'} {text.get('class')}")
        named = "slanted" in text.get("class", "")
        if middle is not None and rows.count(text.get("y")) == 1 and not named:
            text.set("x", f"{middle:g}")
            text.set("text-anchor", "middle")


def _tell_norms(group: ET.Element) -> None:
    """In a box of data, what is not finite is a gradient where its row tells a norm."""
    texts = group.findall("text")
    norms = {text.get("y") for text in texts if "‖" in (text.text or "")}
    for text in texts:
        if "bad" in text.get("class", ""):
            kind = "gradient" if text.get("y") in norms else "value"
            text.set("class", f"{kind} {text.get('class')}")


def _middle(shape: ET.Element | None) -> tuple[float | None, float | None]:
    """The middle of a circle or a strip, across and down."""
    if shape is None:
        return None, None
    if shape.tag == "ellipse":
        return float(shape.get("cx", 0)), float(shape.get("cy", 0))
    points = [tuple(map(float, p.split(","))) for p in shape.get("points", "").split()]
    across, down = zip(*points, strict=True)
    return round((min(across) + max(across)) / 2, 1), (min(down) + max(down)) / 2
