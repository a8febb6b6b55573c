"""Graphs to draw, and what the tests read out of their pictures."""

from __future__ import annotations

import importlib.util
import re
import shutil
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draws import generator

import autograd as ag
import nn
from autograd import Node, Tensor, scope
from autograd.draw import Picture
from autograd.draw.model import Drawing, Gate, Value

ROOT = Path(__file__).resolve().parents[2]
GREEN, ORANGE, MAGENTA = "#006e69", "#bf3b00", "#a3006d"
TAGS = {"label", "table", "tr", "td", "font", "b", "i", "br", "sub"}
has_dot = shutil.which("dot") is not None
runs_dot = has_dot and importlib.util.find_spec("graphviz") is not None  # as `draw` does
has_pygraphviz = importlib.util.find_spec("pygraphviz") is not None
needs_an_engine = pytest.mark.skipif(
    not (runs_dot or has_pygraphviz),
    reason="there is no Graphviz here: install it, or pip install 'gategrad[draw]'",
)

# the numbers of the circuit of the notes, along the wires
FORWARD = [
    "2.00", "−1.00", "−3.00", "−2.00", "−3.00", "−2.00", "6.00", "4.00", "1.00", "−1.00", "0.37",
    "1.37", "0.73",
]  # fmt: skip
BACKWARD = [
    "−0.20", "0.39", "−0.39", "−0.59", "0.20", "0.20", "0.20", "0.20", "0.20", "−0.20", "−0.53",
    "−0.53", "1.00",
]  # fmt: skip


def labels(dot: str) -> list[ET.Element]:
    """The labels of a DOT text, which are HTML; they have to be well-formed."""
    found = re.findall(r"label=<(.*)>(?:\];|;)$", dot, re.MULTILINE)
    return [ET.fromstring(f"<label>{label}</label>") for label in found]


def texts(dot: str, color: str) -> Counter[str]:
    """What is written in a colour on wires and boxes, the legend not counted."""
    fonts = [font for label in labels(dot)[1:] for font in label.iter("font")]
    return Counter("".join(f.itertext()) for f in fonts if f.get("color") == color)


def tags(elements: list[ET.Element]) -> set[str]:
    return {part.tag for element in elements for part in element.iter()}


def edges(dot: str) -> list[tuple[str, str]]:
    return re.findall(r"^(n\d+)[:\w]* -> (n\d+)[:\w]*(?: \[.*\])?;$", dot, re.MULTILINE)


def value(picture: Picture, name: str) -> Value:
    (found,) = (v for v in picture.drawing.values if v.name == name)
    return found


def gate(picture: Picture, symbol: str) -> Gate:
    (found,) = (g for g in picture.drawing.gates if symbol in (g.symbol, g.name))
    return found


def number_of_wires(drawing: Drawing) -> int:
    return sum(len(g.inputs) for g in drawing.gates)


def svg_of(picture: Picture) -> ET.Element:
    return ET.fromstring(picture.svg())


def neuron() -> Tensor:
    """The circuit of the notes: w = [2, -3, -3], x = [-1, -2]."""
    values = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}
    w0, x0, w1, x1, w2 = (Tensor(v, name=name) for name, v in values.items())
    f: Tensor = ag.sigmoid(w0 * x0 + w1 * x1 + w2)
    return f


def net_loss() -> tuple[Tensor, nn.TwoLayerNet, np.ndarray, np.ndarray]:
    X, y = nn.spiral(10, 3, seed=0)
    net = nn.TwoLayerNet(2, 5, 3, seed=0)
    return net.loss(X, y), net, X, y


def behind(*tensors: Tensor) -> list[Node]:
    found, todo = [], [t.node for t in tensors]
    while todo:
        node = todo.pop()
        if node not in found:
            found.append(node)
            todo += [p for p in node.parents if isinstance(p, Node)]
    return found


def random_program(seed: int) -> tuple[Tensor, list[Tensor]]:
    """Gates in scopes that are entered again and again, on values that are used several times."""
    rng = generator(seed)
    leaves = [Tensor(rng.normal(), name=f"x{k}") for k in range(3)]
    values = list(leaves)
    scopes = [scope(name) for name in "abc"]
    binary: list[Any] = [np.add, np.multiply, np.maximum, np.subtract]
    unary: list[Any] = [ag.sigmoid, np.tanh, ag.relu]
    for _ in range(25):
        x, y = (values[k] for k in rng.integers(max(0, len(values) - 6), len(values), 2))
        outer, inner = scopes[rng.integers(3)], scopes[rng.integers(3)]
        with outer:
            z = binary[rng.integers(4)](x, y)
            if rng.random() < 0.5:
                with inner:
                    z = unary[rng.integers(3)](z)
        values.append(z * 0.5 if rng.random() < 0.3 else z)
    return values[-1] + values[-2] + leaves[0], values


def is_in_order(drawing: Drawing) -> bool:
    """Whether every gate can come after its operands: no wire leads back."""
    made = {v.number: g.number for g in drawing.gates for v in g.outputs}
    needs = {
        g.number: {made[u.value.number] for u in g.inputs if u.value.number in made}
        for g in drawing.gates
    }
    while needs:
        free = [g for g, operands in needs.items() if not operands & needs.keys()]
        if not free:
            return False
        for g in free:
            del needs[g]
    return True
