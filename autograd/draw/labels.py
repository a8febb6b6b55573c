"""What is written on the parts of a picture, and in which role.

A label is what Graphviz calls an HTML-like one. Its `color` attributes name roles, such as
"value" and "gradient"; `colours.painted` puts colours in their place, last of all.
"""

from __future__ import annotations

import html
import re
import textwrap
import xml.etree.ElementTree as ET
from typing import NamedTuple

from .model import Box, Drawing, Gate, Lines, Use, Value
from .numbers import plural

__all__ = [
    "Text", "box_label", "caption", "cut_label", "escape", "gate_label", "texts_of", "value_label",
]  # fmt: skip

WIDEST = 100  # characters of a line of the title
GAP = '<font point-size="6"> </font>'  # also where engines take bold text for narrower than it is


def caption(drawing: Drawing) -> Lines:
    """The title, one line that explains the colours, and what the reader has to know."""
    lines = [GAP]
    if drawing.title:
        names = {v.name for v in drawing.values} if "=" in drawing.title else None
        title = textwrap.wrap(drawing.title, WIDEST)
        lines += [*(_font(_title(line, names), "ink", 15) for line in title), GAP]
    lines.append("&#160;" * 5 + ("&#160;" * 6).join(_legend(drawing)) + "&#160;" * 5)
    remarks = list(drawing.remarks)
    if cut := sum(use.cut for gate in drawing.gates for use in gate.inputs):
        remarks.append(f"{plural(cut, 'long wire')} cut: the same name is the same wire")
    lines += [GAP] * bool(remarks)
    lines += [_font(escape(remark), "muted", 12) for remark in remarks]
    return lines


def _legend(drawing: Drawing) -> Lines:
    name = _name(drawing.root_name)
    shapes = any(v.is_shape for v in drawing.values)
    numbers = any(not v.is_shape for v in drawing.values if v is not drawing.root)
    value, shape = f"<b>value</b>{GAP}", f"<b>(shape)</b>{GAP}"
    what = f"{value} or {shape}" if numbers else f"{shape} of the value,"
    forward = f"{what if shapes else value} above the wire"
    if any(len(v.above) > 1 for v in drawing.values if v.is_shape):
        forward += ", mean ± deviation, [least … greatest]"
    parts = [_font(f"{forward} (forward →)" if numbers or not shapes else forward, "value")]
    if any(gate.again for gate in drawing.gates):
        parts.append(_font("dotted: into the next repetition", "muted"))
    if any(gate.back for gate in drawing.gates):
        parts.append(_font("thin: used again by the backward pass (←)", "muted"))
    norms = any(v.is_norm for v in drawing.values)
    gradients = any(v.below and not v.is_norm for v in drawing.values if v is not drawing.root)
    norm = f"‖∂{name}‖ gradient norm"
    if gradients and norms:
        parts.append(_font(f"∂{name}/∂wire or {norm} below it (← backward)", "gradient"))
    elif norms:
        parts.append(_font(f"{norm}, below", "gradient"))
    elif any(v.below for v in drawing.values):
        parts.append(_font(f"∂{name}/∂wire below it (← backward)", "gradient"))
    return parts


def _title(title: str, names: set[str] | None) -> str:
    """A title; in a formula, variables are italic and their numbers lowered: f = w₀x₀ + ab."""
    if names is None:
        return escape(title)
    parts = re.split(r"([A-Za-z]+)(_?\d+)?", title)
    done = []
    for text, letters, below in zip(
        parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True
    ):
        below = below or ""
        if len(letters) == 1 or (letters and names.issuperset(letters)):
            lowered = below.strip("_")
            letters = f"<i>{letters}</i>"
            below = f"<sub>{lowered}</sub>" if lowered else ""
        done += [escape(text), letters, below]
    return "".join(done)


# --- values --------------------------------------------------------------------------------------


def value_label(drawing: Drawing, value: Value) -> str:
    """Name, value and gradient: around a wire, or in a box of data."""
    return _wire(drawing, value) if value.look == "wire" else _data(drawing, value)


def cut_label(use: Use) -> str:
    """The name at which a wire that was cut begins again."""
    return _font(_name(use.value.label), "ink", 14)


def _wire(drawing: Drawing, value: Value) -> str:
    """Value above, the wire, gradient below; a leaf's name left of it, else before the value."""
    shown = value.label if value.leaf else ""
    left = ""
    if shown:
        name = _font(_name(shown), "ink", 16)
        side = "left" if value.back else "right"
        left = f'<td rowspan="3" align="{side}" cellpadding="3">{name}</td>'
    small = value.is_shape or len(value.above) > 1
    top = _above(value, 12 if small else 15)
    if value.label and not value.leaf:
        named = _name(value.label)
        gap = "<br/>" if len(value.above) > 1 else ""
        top = (_font(named, "value", 12) + " " if value.is_shape
               else _font(f"{named} = ", "ink", 12 if small else 15) + gap) + top  # fmt: skip
    below = _below(drawing, value, 15) or " " * (drawing.direction == "LR")  # as high as above
    wire = 'bgcolor="wire"' if value.flows else (
        'border="2" sides="T" style="dashed" color="wire"'
    )  # fmt: skip
    cell = f'<td width="{78 if value.is_shape else 46}">{top}</td>'
    frame = 'border="3" style="rounded" color="bad"' if value.bad else 'border="0"'
    return (
        f'<table {frame} cellborder="0" cellspacing="0" cellpadding="{1 + value.bad}">'
        f"<tr>{'' if value.back else left}{cell}{left if value.back else ''}</tr>"
        f'<tr><td port="w" height="2" cellpadding="0" {wire}></td></tr>'
        f"{f'<tr><td>{below}</td></tr>' if below else ''}</table>"
    )


def _data(drawing: Drawing, value: Value) -> str:
    """Name and shape in the first line, the gradient in the second."""
    name = escape(value.label)
    name = f"<b>{name}</b>" if value.look == "parameter" else f"<b><i>{name}</i></b>"
    size = 15 if value.look == "data" else 14
    lines = [_font(name, "ink", size)] if value.label else []
    numbers = _above(value, 12)
    if (len(value.above) == 1 or value.is_shape) and lines:
        lines = [f"{lines[0]}&#160;&#160;{numbers}"]
    else:
        lines.append(numbers)
    below = _below(drawing, value, 12)
    if below and len(value.below) > 1 and not value.is_norm:
        lines.append(GAP)
    return "<br/>".join([*lines, below] if below else lines)


def _above(value: Value, size: int) -> str:
    """The value, in bold; or the shape, in bold, and below it what the numbers are like."""
    role = "value bad" if value.bad_value else "value"
    if not value.is_shape:
        return _number_lines(value.above, role, size, True)
    shape = _number_lines(value.above[:1], role, size, True)
    more = value.above[1:]
    return f"{shape}<br/>{_number_lines(more, role, 11, False)}" if more else shape


def _below(drawing: Drawing, value: Value, size: int) -> str:
    if not value.below:
        return _font(value.note, "muted", 11) if value.note else ""
    role = "gradient bad" if value.bad_gradient else "gradient"
    if value.is_norm:
        norm = f"‖∂{_name(drawing.root_name)}‖ {_strong(value.below[0], value.bad_gradient)}"
        more = "<br/>" + _number_lines(value.below[1:], role, 11, False) if value.below[1:] else ""
        return _font(norm, role, 12) + more
    small = 12 if len(value.below) > 1 else size
    return _number_lines(value.below, role, small, value.bad_gradient)


def _number_lines(lines: Lines, role: str, size: int, bold: bool) -> str:
    spaced = [escape(line).replace("  ", "&#160;&#160;") for line in lines]
    return _font("<br/>".join(_strong(line, bold) for line in spaced), role, size)


# --- gates and boxes -----------------------------------------------------------------------------


def gate_label(gate: Gate) -> str:
    """The symbol of a gate, or what a box holds."""
    if gate.heading:
        return _closed(gate)
    label = escape(gate.symbol).replace("\n", "<br/>")
    return label + ("<br/>" + _font(escape(gate.detail), "muted", 11) if gate.detail else "")


def box_label(box: Box) -> str:
    """The name of a scope, and what is to be said of it."""
    name = escape(box.name) + _times(box.times)
    symbol = f" <i>{escape(box.symbol)}</i>" if box.symbol else ""
    name = name + symbol if box.fused else _strong(name, True)
    kind = f": {escape(box.kind)}" if box.kind else ""
    note = "&#160;&#160;" + _font(escape(box.note), "muted", 11) if box.note else ""
    return f"⊟ {name}{kind}{note}"


def _closed(gate: Gate) -> str:
    """What stands on a box that holds several gates."""
    rows = []
    if gate.symbol:
        rows += [_font(f"⊞ {escape(gate.heading)}", "ink", 11)]
        rows += [_font(f"<i>{escape(gate.symbol)}</i>", "ink", 22)]
    else:
        kind = f": {escape(gate.kind)}" if gate.kind else ""
        name = escape(gate.name) + _times(gate.times)
        rows += [_font(f"⊞ {_strong(name, True)}{kind}", "ink", 14)]
        rows += [_font(escape(gate.heading), "muted", 11)]
    if gate.detail:
        rows += [_font(escape(gate.detail), "muted", 11)]
    cells = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
    return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{cells}</table>'


def _times(count: int) -> str:
    """How many equal blocks a box stands for."""
    return f"&#160;&#160;× {count:,}" if count > 1 else ""


# --- text ----------------------------------------------------------------------------------------


def _name(name: str) -> str:
    """A variable in italics; the number of w0 or x_1 is lowered."""
    match = re.fullmatch(r"(\w)(\d+)|(\w+?)_(\w{1,2})", name)
    if match is None or not name.isidentifier():
        return f"<i>{escape(name)}</i>"
    base, below = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"<i>{base}<sub>{below}</sub></i>"


def _font(text: str, role: str, size: int | None = None) -> str:
    points = f' point-size="{size}"' if size else ""
    return f'<font color="{role}"{points}>{text}</font>'


def _strong(text: str, bold: bool) -> str:
    return f"<b>{text}</b>" if bold and text else text  # an empty <b> is a mistake to Graphviz


def escape(text: str, backslash: str = "&#92;" * 2) -> str:
    """Text as it is written in a label; Graphviz would put the name of the node for `\\N`.

    It also takes a `]` that stands alone for the beginning of the end of a label.
    """
    return html.escape(text).replace("\\", backslash).replace("]", "&#93;")


# --- labels, read again --------------------------------------------------------------------------


class Text(NamedTuple):
    """A piece of a label in one role and one kind of letters."""

    text: str
    role: str = "ink"
    strong: bool = False
    slanted: bool = False
    line: int = 0  # pieces of the same line stand side by side


def texts_of(label: str) -> list[Text]:
    """The pieces of a label in the order in which they are painted, without empty ones."""
    found: list[Text] = []
    line = 0

    def read(element: ET.Element, role: str, strong: bool, slanted: bool) -> None:
        nonlocal line
        line += element.tag in ("br", "td")
        here = element.get("color", role) if element.tag == "font" else role
        strong, slanted = strong or element.tag == "b", slanted or element.tag == "i"
        add(element.text, here, strong, slanted)
        for part in element:
            read(part, here, strong, slanted)
            add(part.tail, here, strong, slanted)

    def add(text: str | None, role: str, strong: bool, slanted: bool) -> None:
        if text and text.strip():
            found.append(Text(text.replace("\\\\", "\\"), role, strong, slanted, line))

    read(ET.fromstring(f"<label>{label}</label>"), "ink", False, False)
    return found
