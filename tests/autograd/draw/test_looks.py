"""Pictures: statistics, windows, light and dark, and what tells things apart."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import product

import numpy as np
import pytest
from pictures import labels, needs_an_engine, net_loss, neuron, value

import autograd as ag
import nn
from autograd import Tensor
from autograd.draw import colours, draw
from autograd.draw.expand import Choice
from autograd.draw.symbols import face
from autograd.draw.trace import follow


def test_statistics_of_arrays() -> None:
    x = Tensor([[1.0, 3.0], [1.0, 3.0]], name="x")
    picture = draw((x * x).sum(), show="stats")
    assert value(picture, "x").above == ["(2, 2)", "2 ± 1", "[1 … 3]"]
    assert value(picture, "x").below == ["8.9", "4 ± 2", "[2 … 6]"]
    assert "mean ± deviation, [least … greatest]" in picture.dot
    assert "mean ± deviation" not in draw((x * x).sum()).dot


@pytest.mark.parametrize(
    "array", [np.zeros((0, 3)), np.array([np.nan, 1.0]), np.array([True, False]), np.arange(4),
              np.array([np.inf, -np.inf]), np.ones((2, 3), np.float32)]
)  # fmt: skip
def test_statistics_of_anything(array: np.ndarray) -> None:
    x = Tensor(array, name="x")
    ones = np.ones(array.shape)
    picture = draw(x * Tensor(ones), show="stats", gradient=ones)
    assert value(picture, "x").above[0].startswith(str(array.shape))
    assert labels(picture.dot)


def test_windows_stand_on_their_gates() -> None:
    x = Tensor(np.ones((2, 4, 12, 12)), name="x")
    w, b = Tensor(np.ones((4, 2, 5, 3))), Tensor(np.ones(4))
    y = ag.conv2d(x, w, b, stride=2, padding=1, groups=2)
    assert face(y.node, ()).detail == "5 × 3, stride 2, pad 1, 2 groups"
    assert face(ag.max_pool2d(x, 3, 2).node, ()).detail == "3 × 3, stride 2"
    assert face(ag.conv2d(x, Tensor(np.ones((1, 4, 3, 3)))).node, ()).detail == "3 × 3"
    uneven = ag.conv2d(x, Tensor(np.ones((1, 4, 3, 3))), padding=((0, 1), (2, 3)))
    assert face(uneven.node, ()).detail == "3 × 3, pad ((0, 1), (2, 3))"
    assert "5 × 3, stride 2" in draw(y.sum()).dot


# --- light and dark ----------------------------------------------------------------------------


def luminance(colour: str) -> float:
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Of text on ground, as WCAG 2 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


TEXTS = [colours.LIGHT[role] for role in ("ink", "muted", "value", "gradient", "bad")]
GROUNDS = [colours.LIGHT[role] for role in ("ground", "scope", "closed", "parameter", "data")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_texts_can_be_read_on_all_grounds(scheme: str) -> None:
    for text, ground in product(TEXTS, GROUNDS):
        pair = (text, ground) if scheme == "light" else (colours.DARK[text], colours.DARK[ground])
        assert round(contrast(*pair), 1) >= 4.5, (text, ground)


def test_a_dark_picture_has_no_colour_of_a_light_one() -> None:
    for f in (neuron(), net_loss()[0]):
        light, dark = (draw(f, expand=True, scheme=s).dot for s in ("light", "dark"))
        used = set(re.findall('="(#[0-9a-f]{6})"', light))
        assert used <= set(colours.DARK)
        assert set(re.findall('="(#[0-9a-f]{6})"', dark)) == {colours.DARK[c] for c in used}
        assert light.count("\n") == dark.count("\n")


def test_a_name_that_looks_like_a_colour_stays() -> None:
    x = Tensor(1.0, name='color="#ffffff"')
    assert "color=&quot;#ffffff&quot;" in draw(x * x, scheme="dark").dot


@needs_an_engine
def test_an_svg_can_follow_the_screen() -> None:
    svg = draw(net_loss()[0], scheme="auto").svg()
    ET.fromstring(svg)
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg))
    style = re.search(r"<style>@media \(prefers-color-scheme:dark\){(.*)}</style>", svg)
    assert style
    for colour in used:
        assert f'[fill="{colour}"]{{fill:{colours.DARK[colour]}}}' in style[1]
    assert "<style>" not in draw(net_loss()[0]).svg()


def test_kinds_of_values_differ_without_colour() -> None:
    """Parameters are rounded and upright, data is square and italic, no gradient is dashed."""
    loss, *_ = net_loss()
    dot = draw(loss, names={"X": loss}).dot
    parameter = next(line for line in dot.splitlines() if "<b>W1</b>" in line)
    data = next(line for line in dot.splitlines() if "<b><i>labels</i></b>" in line)
    assert 'style="rounded,filled"' in parameter
    assert 'style="filled"' in data
    assert "no gradient" in data
    number = re.match(r"n(\d+)", data)
    assert number
    assert re.search(rf"^n{number[1]} -> n\d+ \[style=dashed", dot, re.MULTILINE)
    detached = draw(Tensor(2.0, name="x") * Tensor(3.0, name="c").detach()).dot
    assert 'style="dashed"' in detached


def test_names_of_variables_that_results_are_assigned_to() -> None:
    x, given = Tensor(2.0, name="x"), Tensor(1.0)
    net = nn.TwoLayerNet(2, 4, 3, seed=0)
    with ag.source_lines():
        q = x + 1.0
        product = q * np.exp(
            q - given,
        )
        for _ in range(2):
            product = np.tanh(product * 0.5)
        scores = net(np.ones((5, 2)))
        total = product + np.sum(scores)
    unnamed = x * total
    names = follow(unnamed, Choice()).names
    assert sorted(names.values()) == sorted(
        ["x", "q", *["product"] * 3, "scores", "total", "W1", "b1", "W2", "b2"]
    )
    assert follow(q, Choice()).root_name == "q"
    assert follow(scores, Choice()).root_name == "scores"
    q.node.name = "sum"  # a name that was given counts for more
    assert follow(q, Choice()).root_name == "sum"
    assert follow(q, Choice(), names={"other": q}).root_name == "other"
