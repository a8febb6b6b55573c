"""The pictures of the gallery and of the README are those that the code makes now."""

from __future__ import annotations

import html
import importlib.util
import io
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.draw import Picture, draw
from autograd.draw.colours import DARK
from autograd.explore import explain
from benchmarks import report
from demos import front
from demos.gallery import PICTURES, main

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, README = DOCS / "gallery.md", DOCS.with_name("README.md")
SVG = "{http://www.w3.org/2000/svg}"
SCREEN = re.compile(
    r'<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="docs/pictures/(\S+?)">'
    r'\s*<img src="docs/pictures/(\S+?)" alt="([^"]+)">\s*</picture>'
)


def shown(svg: str) -> Counter[str]:
    """The texts of a picture, each as often as it stands there, without spaces."""
    found = ("".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text"))
    return Counter(filter(None, (re.sub(r"\s", "", text) for text in found)))


def texts(picture: Picture) -> Counter[str]:
    """The texts that Graphviz is told to paint, each as often as it is told, without spaces.

    Graphviz paints a little differently in each release; the texts are the same in all.
    """
    labels = re.findall(r"label=<(.*)>(?:\];|;)$", picture.dot, re.MULTILINE)
    found = (text for label in labels for text in re.findall(r">([^<>]+)<", f">{label}<"))
    return Counter(filter(None, (re.sub(r"\s", "", html.unescape(text)) for text in found)))


def is_up_to_date(picture: Picture, svg: str) -> None:
    assert texts(picture) == shown(svg), "run python -m demos.gallery"


# --- the gallery ----------------------------------------------------------------------------------


def test_the_page_shows_every_picture() -> None:
    found = re.findall(r"!\[[^]]+\]\(gallery/([\w-]+)\.svg\)", PAGE.read_text())
    assert sorted(found) == sorted(PICTURES)
    assert sorted(p.stem for p in (DOCS / "gallery").iterdir()) == sorted(PICTURES)


def test_the_pictures_are_small() -> None:
    for folder, most in (("gallery", 2**20), ("pictures", 500_000)):
        assert sum(p.stat().st_size for p in (DOCS / folder).iterdir()) < most
    assert max(p.stat().st_size for p in (DOCS / "pictures").iterdir()) < 60_000


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_shows_what_the_code_computes(name: str) -> None:
    is_up_to_date(PICTURES[name](), (DOCS / "gallery" / f"{name}.svg").read_text())


def test_the_demo_makes_some(tmp_path: Path) -> None:
    main(["nan", "readme-neuron", "--out", str(tmp_path)])
    made = {str(path.relative_to(tmp_path).with_suffix("")) for path in tmp_path.glob("*/*")}
    assert made == {"gallery/nan", "pictures/neuron-light", "pictures/neuron-dark"}
    with pytest.raises(SystemExit):
        main(["none"])


def test_what_cannot_be_made_is_left_out_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "playwright" else find(name)
    )
    main(["readme-explorer", "nan", "--out", str(tmp_path)])
    assert "left out: explorer-dark.png: a screenshot needs chromium" in capsys.readouterr().err
    assert list(tmp_path.glob("gallery/nan.*"))
    assert list((tmp_path / "pictures").iterdir()) == []


# --- the README -----------------------------------------------------------------------------------


def png(name: str) -> Any:
    image = pytest.importorskip("PIL.Image", reason="no Pillow: it comes with matplotlib")
    return image.open(DOCS / "pictures" / name)


def test_the_readme_shows_every_picture_on_light_and_on_dark_ground() -> None:
    text = README.read_text()
    found = SCREEN.findall(text)
    assert len(found) == text.count("<picture>") == text.count("<img")
    names = {Path(name).stem: Path(name).suffix for name in front.PICTURES}
    assert {(dark, light) for dark, light, _ in found} == {
        (f"{stem}-dark{suffix}", f"{stem}-light{suffix}") for stem, suffix in names.items()
    }
    assert min(len(words) for *_, words in found) > 40  # they tell what is to be seen
    files = {name for pair in found for name in pair[:2]}
    assert {path.name for path in (DOCS / "pictures").iterdir()} == files


@pytest.mark.parametrize("scheme", front.SCHEMES)
@pytest.mark.parametrize("name", front.GRAPHS)
def test_graphs_of_the_readme(name: str, scheme: str) -> None:
    svg = (DOCS / "pictures" / f"{name}-{scheme}.svg").read_text()
    is_up_to_date(draw(front.GRAPHS[name]()), svg)
    assert (DARK["#ffffff"] in svg) == (scheme == "dark")


@pytest.mark.parametrize("scheme", front.SCHEMES)
def test_the_explorer_at_a_step(scheme: str, tmp_path: Path) -> None:
    """What stood in the page when the screenshot was made is what the chain rule says now."""
    words = png(f"explorer-{scheme}.png").text["Description"]
    told = explain(front.explored(tmp_path), expand=True)
    block = re.search(rf"^ *{front.STEP}  (.*\n(?: {{5,}}.*\n?)+)", told, re.MULTILINE)
    assert block is not None
    head, *flows = block[1].splitlines()
    assert f"step {front.STEP} /" in words
    assert head.split(": ")[2].split("  [")[0] in words
    assert len(flows) == 2
    for number in re.findall(r"−?\d+\.?\d*", " ".join(flow.split(":")[1] for flow in flows)):
        assert number in words.split(), f"no {number}; run python -m demos.gallery"


@pytest.mark.parametrize("scheme", front.SCHEMES)
def test_the_explorer_in_a_browser(scheme: str, browser: Any) -> None:
    words, _ = front.visit(browser, scheme)
    then = png(f"explorer-{scheme}.png").text["Description"]
    assert sorted(words.split()) == sorted(then.split()), "run python -m demos.gallery"


@pytest.mark.parametrize("scheme", front.SCHEMES)
def test_the_regions_of_the_spiral(scheme: str) -> None:
    """In squares of 12 pixels: letters and edges are painted differently in each release."""
    pytest.importorskip("matplotlib")
    picture = png(f"spiral-{scheme}.png")
    *_, nets = front.learnt()
    assert picture.text["Description"].splitlines() == list(nets), "run python -m demos.gallery"
    image = pytest.importorskip("PIL.Image")
    now, then = (squares(np.asarray(each.convert("RGB")))
                 for each in (image.open(io.BytesIO(front.regions(scheme))), picture))  # fmt: skip
    assert now.shape == then.shape
    differs = np.abs(now - then).max(axis=2) > 20
    assert differs.mean() < 0.02, "run python -m demos.gallery"


def squares(pixels: Any, side: int = 12) -> Any:
    rows, columns = (n // side for n in pixels.shape[:2])
    cut = pixels[: rows * side, : columns * side].astype(float)
    return cut.reshape(rows, side, columns, side, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("scheme", front.SCHEMES)
def test_the_plot_of_speed(scheme: str) -> None:
    """Every mark stands where the tables of docs/performance.md say."""
    svg = ET.fromstring((DOCS / "pictures" / f"speed-{scheme}.svg").read_text())
    told = svg.find(f"{SVG}desc")
    assert told is not None
    assert told.text == front.said(), "run python -m demos.gallery"
    speed = front.speed()
    placed = {text.text: (float(text.attrib["x"]), float(text.attrib["y"]))
              for text in svg.iter(f"{SVG}text") if "x" in text.attrib}  # fmt: skip
    names = sorted(speed, key=lambda name: placed[name][1])
    left, right = placed["0.1"][0], placed["10"][0]
    for k, kind in enumerate(front.WORK.values()):
        (group,) = (g for g in svg.iter(f"{SVG}g") if g.get("id") == f"work{k}")
        marks = sorted((float(use.attrib["y"]), float(use.attrib["x"]))
                       for use in group.iter(f"{SVG}use"))  # fmt: skip
        expected = [name for name in names if kind in speed[name]]
        assert len(marks) == len(expected)
        for (_, x), name in zip(marks, expected, strict=True):
            multiple = 0.1 * 100 ** ((x - left) / (right - left))
            low, high = speed[name][kind]
            assert 0.995 * low < multiple < 1.005 * high, f"{name}: run python -m demos.gallery"


def test_tables_are_read_back() -> None:
    text = """
| workload | by hand | ours | others |
|---|---|---|---|
| a | 4 µs | 0.5 to 0.6 | 2 |
| b | 5 ms |  | 1.5 |

| batch: µs | 1 |
|---|---|
| by hand | 2 |

| workload | by hand | third |
|---|---|---|
| a | 4 µs | 30 |
"""
    assert report.multiples(text) == {
        "a": {"ours": (0.5, 0.6), "others": (2, 2), "third": (30, 30)}, "b": {"others": (1.5, 1.5)},
    }  # fmt: skip
