"""From a drawing to the DOT language of Graphviz, which lays it out and paints it.

The text depends on the drawing alone, so two runs give the same bytes. A wire is a node of its
own: a table of three rows, of which the middle one is a filled cell, two points high. Colours are
named by their role; `painted` puts them in their place, last of all.
"""

from __future__ import annotations

from collections import Counter

from .colours import painted
from .labels import box_label, caption, cut_label, escape, gate_label, value_label
from .model import Box, Drawing, Gate, Lines, Use, Value

__all__ = ["dot"]

FONT = "Helvetica,Arial,sans-serif"
LOOKS = {"parameter": ("rounded,filled", 1.8), "data": ("filled", 1.4)}  # outline, and its width
SCOPES = ("scope", "ground")  # one inside of the other
# All that a wire of ours ever says, in the order of the alphabet: Graphviz 2.43 draws some wires
# between neighbours in a column on a copy of the graph, which has its attributes in that order, and
# looks them up by their number. In another order it took a font for the kind of an arrow.
EDGE = {
    "arrowhead": "normal", "arrowsize": "0.7", "color": '"wire"', "constraint": "true",
    "dir": "forward", "fontname": f'"{FONT}"', "headport": '""', "minlen": "1",
    "penwidth": "1.4", "style": "solid", "tailport": '""', "weight": "1",
}  # fmt: skip


def dot(drawing: Drawing) -> str:
    """The whole picture as DOT text."""
    lines = ["digraph computation {", *_header(drawing)]
    lines += _inside(drawing, None, _order(drawing))
    for gate in drawing.gates:
        lines += _edges(drawing, gate)
    text = "\n".join([*lines, *_column(drawing), "}"]) + "\n"
    return painted(text, drawing.scheme)


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
        f'rankdir={drawing.direction}; bgcolor="ground"; pad=0.25; {gaps} splines=true;{ranks}',
        f'fontname="{FONT}"; fontsize=13; fontcolor="ink"; labelloc=b; '
        f"tooltip={_quoted(drawing.summary)};",
        f"label=<{'<br/>'.join(caption(drawing))}>;",
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


# --- values --------------------------------------------------------------------------------------


def _value(drawing: Drawing, value: Value) -> str:
    style = "shape=plain"
    if value.look != "wire":
        kind, width = LOOKS[value.look]
        edge, width = ("bad", 3) if value.bad else (f"{value.look} edge", width)
        style = (f'shape=box, style="{kind}", fillcolor="{value.look}", color="{edge}", '
                 f'penwidth={width}, margin="0.12,0.07"')  # fmt: skip
    return _node(value.number, style, value_label(drawing, value), value.about)


# --- gates ---------------------------------------------------------------------------------------


def _gate(gate: Gate) -> str:
    edge, width = ("bad", 3) if gate.bad else ("ink", 1.4)
    if gate.heading:
        edge, width = ("bad", 3) if gate.bad else ("edge", 1.6)
        style = (f'shape=box, style="rounded,filled", fillcolor="closed", color="{edge}", '
                 f"penwidth={width}")  # fmt: skip
        return _node(gate.number, style, gate_label(gate), gate.about)
    style = f'color="{edge}", fontcolor="ink", penwidth={width}, fillcolor="ground"'
    if len(gate.symbol) <= 3 and not gate.detail:
        size = {1: 20, 2: 14}.get(len(gate.symbol), 13)
        style = f"shape=circle, style=filled, fixedsize=true, width=0.46, fontsize={size}, {style}"
    else:
        style = f'shape=box, style="rounded,filled", fontsize=14, margin="0.12,0.06", {style}'
    return _node(gate.number, style, gate_label(gate), gate.about)


def _edges(drawing: Drawing, gate: Gate) -> Lines:
    lines = []
    main = _main(gate)
    ends = [""] * len(gate.inputs)
    if gate.ordered and len(ends) == 2:
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
        style = 'style=dotted, constraint=false, color="edge"'
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
    options = ["penwidth=1", 'color="edge"', *([] if first else ["constraint=false"])]
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
            cut_label(use),
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
    side = "l" if drawing.direction == "LR" else "r"  # where no wire comes in
    return [
        f"subgraph cluster_{box.number} {{",
        f'style="rounded,filled"; color="edge"; penwidth=1.3; margin=13; '
        f'fillcolor="{SCOPES[box.depth % 2]}"; labeljust={side}; labelloc=t; fontsize=14; '
        f"tooltip={_quoted(box.name)};",
        f"label=<{box_label(box)}>;",
        *_inside(drawing, box, order),
        "}",
    ]


def _node(number: int | str, style: str, label: str, about: str) -> str:
    return f'n{number} [id="n{number}", {style}, tooltip={_quoted(about)}, label=<{label}>];'


def _quoted(text: str) -> str:
    """Text as a DOT string, for tooltips, where backslashes are looked at twice."""
    return f'"{escape(text, "&#92;" * 4)}"'
