"""The gallery: its pictures are those that the code makes now."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from demos.gallery import PICTURES, main

PAGE = Path(__file__).resolve().parents[1] / "docs" / "gallery.md"


def test_the_page_shows_every_picture() -> None:
    shown = re.findall(r"!\[[^]]+\]\(gallery/([\w-]+)\.svg\)", PAGE.read_text())
    assert sorted(shown) == sorted(PICTURES)
    assert sorted(p.stem for p in PAGE.with_name("gallery").iterdir()) == sorted(PICTURES)


def test_the_pictures_are_small() -> None:
    assert sum(p.stat().st_size for p in PAGE.with_name("gallery").iterdir()) < 2**20


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_what_the_code_computes(name: str) -> None:
    """Graphviz paints a little differently in each release; the texts are the same in all."""
    picture = PICTURES[name]()
    svg = PAGE.with_name("gallery").joinpath(f"{name}.svg").read_text()
    shown = re.sub(r"\s", "", "".join(ET.fromstring(svg).itertext()))
    labels = re.findall(r"label=<(.*)>(?:\];|;)$", picture.dot, re.MULTILINE)
    for label in labels:
        for text in re.findall(r">([^<>]+)<", f">{label}<"):
            wanted = re.sub(r"\s", "", html.unescape(text))
            assert wanted in shown, f"{name}: no {wanted!r}; run python -m demos.gallery"


def test_the_demo_makes_some(tmp_path: Path) -> None:
    main(["nan", "--out", str(tmp_path)])
    assert [path.stem for path in tmp_path.iterdir()] == ["nan"]
    with pytest.raises(SystemExit):
        main(["none"])
