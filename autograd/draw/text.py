"""A drawing as an indented tree of text: from the result back to what it was made of."""

from __future__ import annotations

from .model import Drawing, Gate, Value

__all__ = ["tree"]

DEEPEST = 40  # levels; a chain of gates would run out of the page


def tree(drawing: Drawing) -> str:
    """One line for each value, with its gradient and the gate that made it."""
    made_by = {value.number: gate for gate in drawing.gates for value in gate.outputs}
    rows: list[tuple[str, str, str]] = []
    seen: set[int] = set()
    todo: list[tuple[Value, str, str, int]] = [(drawing.root, "", "", 0)]
    while todo:
        value, guide, indent, depth = todo.pop()
        gate = made_by.get(value.number)
        again = value.number in seen and gate is not None
        seen.add(value.number)
        rows.append((guide + _value(value), _gradient(drawing, value), _gate(gate, again)))
        if gate is None or again:
            continue
        if depth == DEEPEST:
            rows.append((indent + "└─ …", "", ""))
            continue
        last = len(gate.inputs) - 1
        for k, use in reversed(list(enumerate(gate.inputs))):
            branch, bar = ("└─ ", "   ") if k == last else ("├─ ", "│  ")
            todo.append((use.value, indent + branch, indent + bar, depth + 1))
    lines = [drawing.title] if drawing.title else []
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for left, gradient, made in rows:
        lines.append(f"{left:{widths[0]}}  {gradient:{widths[1]}}  {made}".rstrip())
    lines += [f"({remark})" for remark in drawing.remarks]
    return "\n".join(lines) + "\n"


def _value(value: Value) -> str:
    text = "; ".join(value.above)
    if not value.name:
        return text
    return f"{value.name} {'' if value.is_shape else '= '}{text}"


def _gradient(drawing: Drawing, value: Value) -> str:
    if not value.below:
        return value.note
    wire = f"∂{drawing.root_name}"
    return f"{f'‖{wire}‖' if value.is_norm else wire} {'; '.join(value.below)}"


def _gate(gate: Gate | None, again: bool) -> str:
    """The gate that made a value, and the boxes that it lies in."""
    if gate is None:
        return ""
    text = (gate.symbol or f"{gate.name}: {gate.kind}".removesuffix(": ")).replace("\n", " ")
    if gate.times > 1:
        text += f" × {gate.times:,}"
    if gate.detail:
        text += f" ({gate.detail})"
    names, box = [], gate.box
    while box is not None:
        names.append(box.name + f" × {box.times:,}" * (box.times > 1))
        box = box.parent
    where = f"  in {'/'.join(reversed(names))}" if names else ""
    return f"{text}{where}{'  (as above)' if again else ''}"
