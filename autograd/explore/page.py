"""One HTML file: the pictures, the steps and the script, with nothing to fetch from anywhere."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import xml.etree.ElementTree as ET
from importlib import resources
from typing import Any

import numpy as np

from ..draw.numbers import gradient_norm, number, plural, shape
from ..node import Node
from .events import Backward, Event, Flow, Forward, Seed, Start
from .heat import heat_map
from .javascript import gate_in_javascript
from .layouts import Layout
from .parts import Part, Quantity
from .shared import Placed, Shared
from .view import Graph

__all__ = ["page"]

LONGEST = 1000  # gates of a circuit that the page can run
SCRIPTS = ("number", "scalars", "steps", "picture", "inspector", "inputs", "quiz", "main")


def page(graph: Graph, pictures: list[Layout], title: str, text: str) -> str:
    """The whole file."""
    style = _asset("page.css")
    program, gates = _program(graph) or (None, [])
    table = "const GATES = [\n" + "".join(f"  {gate},\n" for gate in gates) + "];\n"
    script = '"use strict";\n' + table + "".join(_asset(f"{s}.js") for s in SCRIPTS)
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    shared = Shared()
    placed = [shared.place(layout.picture) for layout in pictures]
    first, (inner,) = pictures[0].picture, pictures[0].picture
    parts = {
        "POLICY": html.escape(policy),
        "TITLE": html.escape(title),
        "STYLE": style,
        "PICTURE": _svg(first),
        "SHARED": "".join(map(_svg, shared.groups[len(inner) :])),
        "TEXT": html.escape(text),
        "DATA": _json(_data(graph, pictures, placed, title, program)),
        "SCRIPT": script,
    }
    pieces = _asset("page.html").split("%%")
    return "".join(parts[p] if k % 2 else p for k, p in enumerate(pieces))


def _asset(name: str) -> str:
    return resources.files(__package__).joinpath("assets", name).read_text("utf-8")


def _svg(element: ET.Element) -> str:
    return ET.tostring(element, encoding="unicode")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _json(data: Any) -> str:
    """JSON that can stand inside a script element, whatever the names in it are."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# --- what the script knows -----------------------------------------------------------------------


Program = list[dict[str, Any]]


def _data(
    graph: Graph, pictures: list[Layout], placed: list[Placed], title: str, program: Program | None
) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for layout in pictures:
        for step in layout.steps:
            if isinstance(step, (Forward, Backward)):
                parts.setdefault(step.part.id, _part(step.part)).update(_of_step(step))
    seen = _seen(pictures) if program is None else set(graph.quantities.values())
    return {
        "title": title,
        "root": {"name": graph.trace.root_name, "quantity": graph.keys[graph.trace.root]},
        "decimals": graph.decimals,
        "quantities": [_quantity(q) if q in seen else None for q in graph.quantities.values()],
        "given": sorted({q.number for layout in pictures for q in _start(layout).leaves}),
        "parts": parts,
        "scopes": [_scope(graph, k) for k in range(len(graph.scopes))],
        "layouts": [
            {"closed": layout.closed, "steps": [_step(s) for s in layout.steps],
             "remarks": layout.remarks, **vars(where)}
            for layout, where in zip(pictures, placed, strict=True)
        ],
        "program": program,
    }  # fmt: skip


def _start(layout: Layout) -> Start:
    first = layout.steps[0]
    assert isinstance(first, Start)
    return first


def _seen(pictures: list[Layout]) -> set[Quantity]:
    """What any picture shows; of a large graph that is a part."""
    seen: set[Quantity] = set()
    for step in (step for layout in pictures for step in layout.steps):
        if isinstance(step, Start):
            seen.update(step.leaves)
        elif isinstance(step, Forward):
            seen.update(step.inputs, step.outputs)
        elif isinstance(step, Seed):
            seen.add(step.result)
    return seen


def _step(step: Event) -> str:
    """A step as the page names it: `start`, `seed`, `forward g3`, `backward g3`."""
    if isinstance(step, (Start, Seed)):
        return type(step).__name__.lower()
    return f"{type(step).__name__.lower()} {step.part.id}"


def _of_step(step: Forward | Backward) -> dict[str, Any]:
    if isinstance(step, Forward):
        return {"inputs": [q.number for q in step.inputs],
                "outputs": [q.number for q in step.outputs]}  # fmt: skip
    return {"flows": [_flow(flow) for flow in step.flows]}


def _part(part: Part) -> dict[str, Any]:
    source = part.source
    return {
        "name": part.name, "symbol": part.symbol, "role": part.role, "path": part.path,
        "gates": part.gates, "flows": [],
        "source": None if source is None else {
            "where": f"{source.file}:{source.line}",
            "text": [source.text[: source.start], source.text[source.start : source.end],
                     source.text[source.end :]],
        },
    }  # fmt: skip


def _flow(flow: Flow) -> dict[str, Any]:
    made = {
        "into": flow.into.number, "position": flow.position, "uses": flow.uses,
        "elsewhere": flow.elsewhere,
        "formula": flow.formula, "shapes": flow.shapes,
    }  # fmt: skip
    if np.ndim(flow.downstream) == 0:
        local = None if flow.local is None or np.ndim(flow.local) else _number(flow.local)
        return {**made, "local": local, "downstream": _number(flow.downstream)}
    heat = heat_map(flow.downstream) if flow.uses > 1 else None
    return {**made, "norm": gradient_norm(flow.downstream), "heat": heat}


def _quantity(q: Quantity) -> dict[str, Any]:
    made = {"label": q.label, "leaf": q.leaf, "named": q.named, "tracked": q.tracked,
            "shape": shape(q.value)}  # fmt: skip
    if np.ndim(q.value) == 0 and not np.iscomplexobj(q.value):
        return {**made, "value": _number(q.value),
                "gradient": None if q.gradient is None else _number(q.gradient)}  # fmt: skip
    norm = None if q.gradient is None else gradient_norm(q.gradient)
    return {**made, "norm": norm, "heat": heat_map(q.value),
            "gradientHeat": None if q.gradient is None else heat_map(q.gradient)}  # fmt: skip


def _number(x: Any) -> float | str:
    """A number, or what JavaScript's Number() reads as NaN and infinity."""
    if np.iscomplexobj(x):
        return number(x)
    value = float(x)
    return value if np.isfinite(value) else str(value).replace("inf", "Infinity")


def _scope(graph: Graph, k: int) -> dict[str, Any]:
    scope, part = graph.scopes[k], graph.part(graph.scopes[k])
    members = [n for n, node in enumerate(graph.wiring.gates) if scope in graph.wiring.paths[node]]
    return {"id": part.id, "name": part.name, "path": part.path, "members": members,
            "holds": plural(part.gates, "gate")}  # fmt: skip


def _program(graph: Graph) -> tuple[Program, list[str]] | None:
    """The circuit for the page to run again, and its gates in JavaScript.

    None unless it is all numbers, and every gate a formula.
    """
    double = all(node.dtype == float for node in graph.wiring.gates)
    values = [q.value for q in graph.quantities.values()]
    single = all(np.ndim(x) == 0 and not np.iscomplexobj(x) for x in values)
    small = 0 < len(graph.wiring.gates) <= LONGEST
    if not (double and single and small and graph.trace.grads):
        return None
    gates: dict[str, int] = {}
    program = []
    for node in graph.wiring.gates:
        text = gate_in_javascript(node)
        if text is None:
            return None
        program.append(_call(graph, node, gates.setdefault(text, len(gates))))
    return program, list(gates)


def _call(graph: Graph, node: Node, gate: int) -> dict[str, Any]:
    keys = dict(graph.wiring.operands[node])
    return {
        "gate": gate,
        "operands": [
            {"quantity": graph.keys[keys[k]]} if k in keys else {"constant": _number(operand)}
            for k, operand in enumerate(node.parents)
        ],
        "tracked": list(node.plan.positions),  # type: ignore[union-attr]
        "out": graph.keys[node],
    }
