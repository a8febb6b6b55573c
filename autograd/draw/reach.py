"""Which wires are too long to be drawn: those begin again, near their gate, with a name.

A wire that passes by many gates needs a place in each column that it crosses, and the time that
Graphviz takes grows faster than the square of their number: an input used at each of 80 gates in
a row took it half a minute. As in circuit diagrams, the same name then means the same wire.
"""

from __future__ import annotations

from collections import Counter

from .model import Drawing, Use, Value

__all__ = ["cut_long_wires"]

BUDGET = 1000  # columns that all wires of a picture may cross together
LONG = 8  # columns that one wire may cross, where that is exceeded
MARKS = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


def cut_long_wires(drawing: Drawing) -> None:
    """Decide whether all leaves stand in one column, and which wires are cut."""
    columns = _columns(drawing)
    if sum(_lengths(drawing, columns).values()) <= BUDGET:
        return
    drawing.in_column = False
    first: dict[int, int] = {}
    for gate in drawing.gates:
        for use in gate.inputs:
            if use.value.leaf:  # it stands just before the first gate that uses it
                before = columns[gate.number] - 1
                first[use.value.number] = min(before, first.get(use.value.number, before))
    lengths = _lengths(drawing, columns | first)
    if sum(lengths.values()) > BUDGET:
        across = {use for g in drawing.gates if g.back for use in g.inputs if not use.value.back}
        cut = [use for use, length in lengths.items() if length > LONG or use in across]
        for use in cut:
            use.cut = True
        _mark(drawing, [use.value for use in cut])


def _columns(drawing: Drawing) -> dict[int, int]:
    """The column of each gate and value by number, counted from the leaves."""
    columns = {value.number: 0 for value in drawing.values if value.leaf}
    for gate in drawing.gates:
        inputs = [columns[use.value.number] + use.enters for use in gate.inputs]
        columns[gate.number] = max(inputs, default=0) + 1
        for value in gate.outputs:
            columns[value.number] = columns[gate.number] + 1
    return columns


def _lengths(drawing: Drawing, columns: dict[int, int]) -> dict[Use, int]:
    """How many columns each wire crosses."""
    return {
        use: columns[gate.number] - columns[use.value.number]
        for gate in drawing.gates
        for use in gate.inputs
    }


def _mark(drawing: Drawing, values: list[Value]) -> None:
    """Give numbers to values whose wires are cut and that have no name of their own."""
    names = Counter(value.name for value in drawing.values)
    unclear = [v for v in dict.fromkeys(values) if v.name in ("", "…") or names[v.name] > 1]
    for k, value in enumerate(unclear):
        number = MARKS[k] if k < len(MARKS) else f"({k + 1})"
        value.mark = f"{value.name.strip('…')} {number}".strip()
