"""From a drawing to the DOT language of Graphviz, which lays it out and paints it.

The text depends on the drawing alone, so two runs give the same bytes. A wire is a node of its
own: a table of three rows, of which the middle one is a filled cell, two points high.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections import Counter

from .colours import BAD, GRADIENT, INK, LOOKS, MUTED, SCOPE_FILL, SCOPE_INK, VALUE, WIRE, darkened
from .model import Box, Drawing, Gate, Lines, Use, Value
from .numbers import plural

__all__ = ["dot"]

FONT = "Helvetica,Arial,sans-serif"
ORDERED = ("subtract", "divide", "power")  # here it matters which operand is the upper one
WIDEST = 100  # characters of a line of the title
# All that a wire of ours ever says, in the order of the alphabet: Graphviz 2.43 draws some wires
# between neighbours in a column on a copy of the graph, which has its attributes in that order, and
# looks them up by their number. In another order it took a font for the kind of an arrow.
EDGE = {
    "arrowhead": "normal", "arrowsize": "0.7", "color": f'"{WIRE}"', "constraint": "true",
    "dir": "forward", "fontname": f'"{FONT}"', "headport": '""', "minlen": "1",
    "penwidth": "1.4", "style": "solid", "tailport": '""', "weight": "1",
}  # fmt: skip
GAP = '<font point-size="6"> </font>'  # also where engines take bold text for narrower than it is


def dot(drawing: Drawing) -> str:
    """The whole picture as DOT text."""
    lines = ["digraph computation {", *_header(drawing)]
    lines += _inside(drawing, None, _order(drawing))
    for gate in drawing.gates:
        lines += _edges(drawing, gate)
    text = "\n".join([*lines, *_column(drawing), "}"]) + "\n"
    return darkened(text) if drawing.scheme == "dark" else text


def _order(drawing: Drawing) -> list[Value | Gate]:
    """Leaves first, those with few wires above; then what is made of them, as the formula is read.

    Graphviz begins with this order. Of those tried on random expressions it gave the fewest
    crossings and the shortest wires.
    """
    uses = _uses(drawing)
    order = drawing.reading_order
    leaves = [item for item in order if isinstance(item, Value) and item.leaf]
    leaves.sort(key=lambda leaf: uses[leaf.number])
    return [*leaves, *(i for i in order if isinstance(i, Gate) or not i.leaf)]


def _uses(drawing: Drawing) -> Counter[int]:
    """How many wires lead away from each value."""
    uses = (use for gate in drawing.gates for use in gate.inputs)
    return Counter(use.value.number for use in uses if not use.cut)


def _header(drawing: Drawing) -> Lines:
    wide = len(drawing.gates) <= 3
    gaps = "nodesep=0.28; ranksep=0.32;" if wide else "nodesep=0.18; ranksep=0.2;"
    ranks = " newrank=true;" if drawing.of_program else ""  # boxes may stand one below another
    return [
        f'rankdir={drawing.direction}; bgcolor="#ffffff"; pad=0.25; {gaps} splines=true;{ranks}',
        f'fontname="{FONT}"; fontsize=13; fontcolor="{INK}"; labelloc=b; '
        f"tooltip={_quoted(drawing.summary)};",
        f"label=<{'<br/>'.join(_caption(drawing))}>;",
        f'node [fontname="{FONT}"];',
        f"edge [{', '.join(f'{name}={value}' for name, value in EDGE.items())}];",
    ]


def _column(drawing: Drawing) -> Lines:
    """Leaves stand in one column, in the order in which the formula is read.

    That order makes no wires cross if each leaf is used once; else Graphviz looks for a better one.
    """
    uses = _uses(drawing)
    leaves = [v for v in drawing.leaves if v.box is None and v.look == "wire"]
    if len(leaves) < 2 or not drawing.in_column:
        return []
    names = [f"n{leaf.number}" for leaf in leaves]
    if all(uses[leaf.number] == 1 for leaf in leaves):
        return [f"{{rank=same; edge [style=invis]; {' -> '.join(names)}}}"]
    return [f"{{rank=same; {'; '.join(names)}}}"]


# --- the legend ----------------------------------------------------------------------------------


def _caption(drawing: Drawing) -> Lines:
    """The title, one line that explains the colours, and what the reader has to know."""
    lines = [GAP]
    if drawing.title:
        names = {v.name for v in drawing.values} if "=" in drawing.title else None
        title = textwrap.wrap(drawing.title, WIDEST)
        lines += [*(_font(_title(line, names), INK, 15) for line in title), GAP]
    lines.append("&#160;" * 5 + ("&#160;" * 6).join(_legend(drawing)) + "&#160;" * 5)
    remarks = list(drawing.remarks)
    if cut := sum(use.cut for gate in drawing.gates for use in gate.inputs):
        remarks.append(f"{plural(cut, 'long wire')} cut: the same name is the same wire")
    lines += [GAP] * bool(remarks)
    lines += [_font(_escape(remark), MUTED, 12) for remark in remarks]
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
    parts = [_font(f"{forward} (forward →)" if numbers or not shapes else forward, VALUE)]
    if any(gate.again for gate in drawing.gates):
        parts.append(_font("dotted: into the next repetition", MUTED))
    if any(gate.back for gate in drawing.gates):
        parts.append(_font("thin: used again by the backward pass (←)", MUTED))
    norms = any(v.is_norm for v in drawing.values)
    gradients = any(v.below and not v.is_norm for v in drawing.values if v is not drawing.root)
    norm = f"‖∂{name}‖ gradient norm"
    if gradients and norms:
        parts.append(_font(f"∂{name}/∂wire or {norm} below it (← backward)", GRADIENT))
    elif norms:
        parts.append(_font(f"{norm}, below", GRADIENT))
    elif any(v.below for v in drawing.values):
        parts.append(_font(f"∂{name}/∂wire below it (← backward)", GRADIENT))
    return parts


def _title(title: str, names: set[str] | None) -> str:
    """A title; in a formula, variables are italic and their numbers lowered: f = w₀x₀ + ab."""
    if names is None:
        return _escape(title)
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
        done += [_escape(text), letters, below]
    return "".join(done)


# --- values --------------------------------------------------------------------------------------


def _value(drawing: Drawing, value: Value) -> str:
    label = _wire_label(drawing, value) if value.look == "wire" else _data_label(drawing, value)
    style = "shape=plain"
    if value.look != "wire":
        fill, ink, kind, width = LOOKS[value.look]
        ink, width = (BAD, 3) if value.bad else (ink, width)
        style = (f'shape=box, style="{kind}", fillcolor="{fill}", color="{ink}", '
                 f'penwidth={width}, margin="0.12,0.07"')  # fmt: skip
    return _node(value.number, style, label, value.about)


def _wire_label(drawing: Drawing, value: Value) -> str:
    """Value above, the wire, gradient below; a leaf's name left of it, else before the value."""
    shown = value.label if value.leaf else ""
    left = ""
    if shown:
        name = _font(_name(shown), INK, 16)
        side = "left" if value.back else "right"
        left = f'<td rowspan="3" align="{side}" cellpadding="3">{name}</td>'
    small = value.is_shape or len(value.above) > 1
    top = _above(value, 12 if small else 15)
    if value.label and not value.leaf:
        named = _name(value.label)
        gap = "<br/>" if len(value.above) > 1 else ""
        top = (_font(named, VALUE, 12) + " " if value.is_shape
               else _font(f"{named} = ", INK, 12 if small else 15) + gap) + top  # fmt: skip
    below = _below(drawing, value, 15) or " " * (drawing.direction == "LR")  # as high as above
    wire = f'bgcolor="{WIRE}"' if value.flows else (
        f'border="2" sides="T" style="dashed" color="{WIRE}"'
    )  # fmt: skip
    cell = f'<td width="{78 if value.is_shape else 46}">{top}</td>'
    frame = f'border="3" style="rounded" color="{BAD}"' if value.bad else 'border="0"'
    return (
        f'<table {frame} cellborder="0" cellspacing="0" cellpadding="{1 + value.bad}">'
        f"<tr>{'' if value.back else left}{cell}{left if value.back else ''}</tr>"
        f'<tr><td port="w" height="2" cellpadding="0" {wire}></td></tr>'
        f"{f'<tr><td>{below}</td></tr>' if below else ''}</table>"
    )


def _data_label(drawing: Drawing, value: Value) -> str:
    """Name and shape in the first line, the gradient in the second."""
    name = _escape(value.label)
    name = f"<b>{name}</b>" if value.look == "parameter" else f"<b><i>{name}</i></b>"
    size = 15 if value.look == "data" else 14
    lines = [_font(name, INK, size)] if value.label else []
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
    color = BAD if value.bad_value else VALUE
    if not value.is_shape:
        return _number_lines(value.above, color, size, True)
    shape = _number_lines(value.above[:1], color, size, True)
    more = value.above[1:]
    return f"{shape}<br/>{_number_lines(more, color, 11, False)}" if more else shape


def _below(drawing: Drawing, value: Value, size: int) -> str:
    if not value.below:
        return _font(value.note, MUTED, 11) if value.note else ""
    color = BAD if value.bad_gradient else GRADIENT
    if value.is_norm:
        norm = f"‖∂{_name(drawing.root_name)}‖ {_strong(value.below[0], value.bad_gradient)}"
        more = "<br/>" + _number_lines(value.below[1:], color, 11, False) if value.below[1:] else ""
        return _font(norm, color, 12) + more
    small = 12 if len(value.below) > 1 else size
    return _number_lines(value.below, color, small, value.bad_gradient)


def _number_lines(lines: Lines, color: str, size: int, bold: bool) -> str:
    spaced = [_escape(line).replace("  ", "&#160;&#160;") for line in lines]
    return _font("<br/>".join(_strong(line, bold) for line in spaced), color, size)


# --- gates ---------------------------------------------------------------------------------------


def _gate(gate: Gate) -> str:
    ink, width = (BAD, 3) if gate.bad else (INK, 1.4)
    if gate.heading:
        ink = BAD if gate.bad else SCOPE_INK
        style = (f'shape=box, style="rounded,filled", fillcolor="#eef3f7", color="{ink}", '
                 f"penwidth={3 if gate.bad else 1.6}")  # fmt: skip
        return _node(gate.number, style, _closed_label(gate), gate.about)
    style = f'color="{ink}", fontcolor="{INK}", penwidth={width}, fillcolor="#ffffff"'
    if len(gate.symbol) <= 3 and not gate.detail:
        size = {1: 20, 2: 14}.get(len(gate.symbol), 13)
        style = f"shape=circle, style=filled, fixedsize=true, width=0.46, fontsize={size}, {style}"
    else:
        style = f'shape=box, style="rounded,filled", fontsize=14, margin="0.12,0.06", {style}'
    label = _escape(gate.symbol).replace("\n", "<br/>")
    if gate.detail:
        label += "<br/>" + _font(_escape(gate.detail), MUTED, 11)
    return _node(gate.number, style, label, gate.about)


def _closed_label(gate: Gate) -> str:
    """What stands on a box that holds several gates."""
    rows = []
    if gate.symbol:
        rows += [_font(f"⊞ {_escape(gate.heading)}", INK, 11)]
        rows += [_font(f"<i>{_escape(gate.symbol)}</i>", INK, 22)]
    else:
        kind = f": {_escape(gate.kind)}" if gate.kind else ""
        name = _escape(gate.name) + _times(gate.times)
        rows += [_font(f"⊞ {_strong(name, True)}{kind}", INK, 14)]
        rows += [_font(_escape(gate.heading), MUTED, 11)]
    if gate.detail:
        rows += [_font(_escape(gate.detail), MUTED, 11)]
    cells = "".join(f"<tr><td>{row}</td></tr>" for row in rows)
    return f'<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{cells}</table>'


def _times(count: int) -> str:
    """How many equal blocks a box stands for."""
    return f"&#160;&#160;× {count:,}" if count > 1 else ""


def _edges(drawing: Drawing, gate: Gate) -> Lines:
    lines = []
    main = _main(gate)
    ends = [""] * len(gate.inputs)
    if gate.name in ORDERED and len(ends) == 2:
        ends = [":nw", ":sw" if drawing.direction == "LR" else ":ne"]
    for k, (use, end) in enumerate(zip(gate.inputs, ends, strict=True)):
        options = [] if use.flows else ["style=dashed"]
        if use.enters and not use.cut:
            options.append("minlen=2")
        if use is main:
            options.append("weight=8")
        note = f" [{', '.join(options)}]" if options else ""
        start = f"n{gate.number}_{k}" if use.cut else _port(drawing, use.value, "e")
        if gate.back and use.cut:
            lines.append(f"n{gate.number} -> {start} [{', '.join([*options, 'dir=back'])}];")
        elif gate.back:
            lines.append(_edge_back(drawing, gate, use, options))
        else:
            lines.append(f"{start} -> n{gate.number}{end}{note};")
    for maker in gate.again:
        style = f'style=dotted, constraint=false, color="{SCOPE_INK}"'
        lines.append(f"n{maker.number} -> n{gate.number} [{style}];")
    for value in gate.outputs:
        start = _port(drawing, value, "w")
        ends = (
            [f"n{gate.number}", start]
            if not value.back
            else [_port(drawing, value, "e"), f"n{gate.number}"]
        )
        lines.append(f"{' -> '.join(ends)} [arrowhead=none, weight=8];")
    return lines


def _edge_back(drawing: Drawing, gate: Gate, use: Use, options: list[str]) -> str:
    """A wire into a gate of the backward pass.

    Graphviz puts the end of a wire to the right of its beginning, so a wire that runs from right
    to left is one with its arrow at the beginning.
    """
    if use.value.back:
        options = [*options, "dir=back"]
        return f"n{gate.number} -> {_port(drawing, use.value, 'w')} [{', '.join(options)}];"
    alone = not any(other.value.back for other in gate.inputs)
    first = alone and use is gate.inputs[0]
    options = ["penwidth=1", f'color="{SCOPE_INK}"', *([] if first else ["constraint=false"])]
    if first:  # it stands below what it is made of
        flat = f"{{rank=same; n{use.value.number}; n{gate.number}}}"
        return f"n{use.value.number} -> n{gate.number} [{', '.join(options)}]; {flat}"
    return f"{_port(drawing, use.value, 'e')} -> n{gate.number} [{', '.join(options)}];"


def _main(gate: Gate) -> Use | None:
    """The operand that the eye should follow, if there is one: the only one that is no leaf."""
    inner = [use for use in gate.inputs if not use.value.leaf]
    data = [use for use in gate.inputs if use.value.look == "data"]
    if len(inner) == 1:
        return inner[0]
    return data[0] if len(data) == 1 and not inner else None


def _port(drawing: Drawing, value: Value, side: str) -> str:
    """Where a wire begins or ends: at the filled cell, if the picture runs from left to right."""
    on_cell = value.look == "wire" and drawing.direction == "LR"
    return f"n{value.number}:w:{side}" if on_cell else f"n{value.number}"


# --- boxes around gates --------------------------------------------------------------------------


def _inside(drawing: Drawing, box: Box | None, order: list[Value | Gate]) -> Lines:
    """All that lies directly in a box (None: in the picture), and the boxes in it."""
    lines = [
        _value(drawing, item) if isinstance(item, Value) else _gate(item)
        for item in order
        if item.box is box
    ]
    lines += [
        _node(
            f"{gate.number}_{k}",
            "shape=plain",
            _font(_name(use.value.label), INK, 14),
            use.value.about,
        )
        for gate in drawing.gates
        for k, use in enumerate(gate.inputs)
        if use.cut and gate.box is box
    ]
    for inner in drawing.boxes:
        if inner.parent is box:
            lines += _cluster(drawing, inner, order)
    return lines


def _cluster(drawing: Drawing, box: Box, order: list[Value | Gate]) -> Lines:
    name = _escape(box.name) + _times(box.times)
    symbol = f" <i>{_escape(box.symbol)}</i>" if box.symbol else ""
    name = name + symbol if box.fused else _strong(name, True)
    kind = f": {_escape(box.kind)}" if box.kind else ""
    note = "&#160;&#160;" + _font(_escape(box.note), MUTED, 11) if box.note else ""
    side = "l" if drawing.direction == "LR" else "r"  # where no wire comes in
    return [
        f"subgraph cluster_{box.number} {{",
        f'style="rounded,filled"; color="{SCOPE_INK}"; penwidth=1.3; margin=13; '
        f'fillcolor="{SCOPE_FILL[box.depth % 2]}"; labeljust={side}; labelloc=t; fontsize=14; '
        f"tooltip={_quoted(box.name)};",
        f"label=<⊟ {name}{kind}{note}>;",
        *_inside(drawing, box, order),
        "}",
    ]


# --- text ----------------------------------------------------------------------------------------


def _node(number: int | str, style: str, label: str, about: str) -> str:
    return f'n{number} [id="n{number}", {style}, tooltip={_quoted(about)}, label=<{label}>];'


def _name(name: str) -> str:
    """A variable in italics; the number of w0 or x_1 is lowered."""
    match = re.fullmatch(r"(\w)(\d+)|(\w+?)_(\w{1,2})", name)
    if match is None or not name.isidentifier():
        return f"<i>{_escape(name)}</i>"
    base, below = (match[1], match[2]) if match[1] else (match[3], match[4])
    return f"<i>{base}<sub>{below}</sub></i>"


def _font(text: str, color: str, size: int | None = None) -> str:
    points = f' point-size="{size}"' if size else ""
    return f'<font color="{color}"{points}>{text}</font>'


def _strong(text: str, bold: bool) -> str:
    return f"<b>{text}</b>" if bold and text else text  # an empty <b> is a mistake to Graphviz


def _escape(text: str, backslash: str = "&#92;" * 2) -> str:
    """Text as it is written in a label; Graphviz would put the name of the node for `\\N`.

    It also takes a `]` that stands alone for the beginning of the end of a label.
    """
    return html.escape(text).replace("\\", backslash).replace("]", "&#93;")


def _quoted(text: str) -> str:
    """Text as a DOT string, for tooltips, where backslashes are looked at twice."""
    return f'"{_escape(text, "&#92;" * 4)}"'
