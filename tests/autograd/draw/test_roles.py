"""Colour comes last: labels speak of roles, and the explorer takes them from the drawing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from pictures import needs_an_engine

from autograd import Tensor
from autograd.draw import colours, draw
from autograd.draw.labels import Text, texts_of, value_label
from autograd.explore import explore


def test_a_label_tells_the_roles_of_its_texts() -> None:
    x = Tensor(3.0, name="x_1")
    drawing = draw(x * 2.0).drawing
    wire = next(value for value in drawing.values if value.name == "x_1")
    assert texts_of(value_label(drawing, wire)) == [
        Text("x", slanted=True, line=1),
        Text("1", slanted=True, line=1),
        Text("3", "value", strong=True, line=2),
        Text("2", "gradient", line=4),
    ]


def test_only_one_file_names_a_colour() -> None:
    folder = Path(colours.__file__).parents[1]
    named = {
        path.name
        for part in ("draw", "explore")
        for path in (folder / part).glob("*.py")
        if re.search(r"#[0-9a-f]{6}\b", path.read_text())
    }
    assert named == {"colours.py"}


@needs_an_engine
def test_the_page_has_roles_whatever_the_colours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meaning travels as data: with all colours the same, the page is the same."""
    x = Tensor([1.0, np.inf], name="x")
    with np.errstate(all="ignore"):
        y = np.sum((x - x) * Tensor(2.0, name="w"))
    colourful = explore(y, tmp_path / "colours.html").read_bytes()
    grey = dict.fromkeys(colours.PALETTE, ("#777777", "#777777"))
    monkeypatch.setattr(colours, "PALETTE", grey)
    assert explore(y, tmp_path / "grey.html").read_bytes() == colourful
    classes = set(re.findall(r'<text [^>]*class="([^"]+)"', colourful.decode()))
    assert {"value bad strong", "gradient bad strong", "ink slanted"} <= classes


@needs_an_engine
def test_every_text_of_a_hostile_name_keeps_its_role(tmp_path: Path) -> None:
    x = Tensor(2.0, name='a\\b ] "</td>&<i>  c')
    page = explore(x * x, tmp_path / "page.html").read_text()
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    values = [t.text for t in svg.iter("text") if "value" in (t.get("class") or "")]
    assert sorted(values) == ["2", "4"]


@needs_an_engine
def test_texts_alone_in_their_line_stand_in_the_middle(tmp_path: Path) -> None:
    x = Tensor(2.0, name="x")
    page = explore(x * 3.0, tmp_path / "page.html").read_text()
    svg = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    for group in svg.iter("g"):
        strip = group.find("polygon[@class='tip']")
        if "quantity" not in (group.get("class") or "") or strip is None:
            continue
        across = [float(p.split(",")[0]) for p in (strip.get("points") or "").split()]
        for text in group.iter("text"):
            beside = text.get("class") in ("ink slanted", "ink") or text.text == "6"  # f = 6
            assert (text.get("text-anchor") == "middle") != beside, text.text
            if not beside:
                middle = (min(across) + max(across)) / 2
                assert float(text.get("x") or 0) == pytest.approx(middle, abs=0.06)
