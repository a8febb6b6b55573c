"""Names are texts: escaped in DOT, in SVG and in text, never markup."""

from __future__ import annotations

import re

import pytest
from pictures import TAGS, labels, needs_an_engine, neuron, svg_of, tags

from autograd import Parameter, Tensor, scope
from autograd.draw import draw
from autograd.draw.names import legible

NAMES = [
    "</script><b>", "a\"b'c", "first\nsecond\tthird", "\\N \\G \\\\ \\\"end\\", "a&b&amp;&#65;",
    "日本語 π 🙂", "]]>--><!--", "nul\x00 bell\x07 escape\x1b[31m \ud800", "\u202eright to left",
    "%3 ${x} {|} <p>", "x" * 5000, "abc" * 1000 + "_1", "-->", "n1", "",
]  # fmt: skip
named = pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))


def with_name(name: str) -> Tensor:
    """A graph that has this name in all places."""
    with scope(name, name, name):
        q = Tensor(1.0, name=name) * Tensor([1.0, 2.0], requires_grad=False, name=name)
        q.name = name
    f = (q + Parameter([1.0, 2.0], name=name)).sum()
    f.name = name
    return f


def skeleton(dot: str) -> str:
    """A DOT text without its labels and strings."""
    return re.sub(r'"[^"\\]*"', '""', re.sub(r"label=<.*>(?=\];$|;$)", "", dot, flags=re.M))


@named
def test_a_name_is_escaped_in_dot_and_in_text(name: str) -> None:
    shown = legible(name)
    for close in ((), name):
        picture = draw(with_name(name), title=name, collapse=close)
        assert tags(labels(picture.dot)) <= TAGS
        assert re.fullmatch(r'[\w\s=\[\]{},;:."#>-]*', skeleton(picture.dot))
        written = ["".join(label.itertext()).replace("\\\\", "\\") for label in labels(picture.dot)]
        if name not in ("abc" * 1000 + "_1", ""):
            assert sum(shown in text for text in written) >= 4
        assert max(map(len, written)) < 500
        assert shown in picture.text
        assert picture.text.replace("\n", "").isprintable()
        assert max(map(len, picture.text.splitlines())) < 500
        assert picture.drawing.boxes == [] or picture.drawing.boxes[0].name == shown


@needs_an_engine
@named
def test_a_name_is_escaped_in_svg(name: str) -> None:
    space = "{http://www.w3.org/2000/svg}"
    known = {"svg", "g", "a", "title", "desc", "path", "polygon", "polyline", "ellipse", "text"}
    for close in ((), name):
        svg = svg_of(draw(with_name(name), title=name, collapse=close))
        assert tags([svg]) <= {space + tag for tag in known}
        lines = ["".join(t.itertext()) for t in svg.iter(f"{space}text")]
        assert sum(legible(name) == line.replace("\xa0", " ").strip() for line in lines) >= 3
        assert all(not key.startswith("on") for part in svg.iter() for key in part.attrib)
        title, description = svg[0], svg[1]
        expected = legible(name, 300) or f"Computation graph of {legible(name) or 'f'}"
        assert (title.text, svg.get("aria-label")) == (expected, expected)
        assert str(description.text).startswith(f"{legible(name) or 'f'} = 6")


@named
def test_a_name_is_escaped_in_a_picture_of_the_text(name: str, no_engine: None) -> None:
    svg = svg_of(draw(with_name(name), title=name))
    assert {tag.split("}")[1] for tag in tags([svg])} == {"svg", "g", "text", "title", "desc"}
    assert legible(name) in "".join(svg.itertext())


def test_variables_are_italic_and_their_numbers_lowered() -> None:
    dot = draw(neuron(), title="f(w,x) = σ(w0 x0 + layer2)").dot
    assert dot.count("<i>w<sub>0</sub></i>") == 1
    assert "<i>f</i>(<i>w</i>,<i>x</i>) = σ(<i>w</i><sub>0</sub> <i>x</i><sub>0</sub>" in dot
    assert "layer2" in dot
    assert "a plain title" in draw(neuron(), title="a plain title").dot


def test_a_long_title_has_several_lines() -> None:
    title = "a title that goes on and on, " * 8 + "to its end"
    lines = ["".join(font.itertext()) for font in labels(draw(neuron(), title=title).dot)[0]]
    assert " ".join(line for line in lines if "and" in line or "end" in line) == title
    assert max(map(len, lines)) <= 100
