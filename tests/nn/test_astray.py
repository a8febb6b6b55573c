"""Pictures of trainings that went astray: what is not finite is a gap, and names are but text."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import plots
from nn.plots.classes import confidence, region_image
from nn.plots.player import page

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
NOT_FINITE = [float("nan"), float("inf"), float("-inf")]
NAMES = ["\ud800", "a\0b", "W$", "_W", "$\\frac{$", "a\nb", "x" * 500]


@pytest.fixture(autouse=True)
def no_figure_stays() -> Any:
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def astray(value: float) -> plots.Film:
    """A film of three pictures, in the second of which everything is `value`."""
    film = plots.Film(*nn.spiral(8, seed=0), size=8)
    for step, score in enumerate((0.0, value, 1.0)):
        film.add(step, lambda points, s=score: np.full((len(points), 3), s), 1.0 + score)
    return film


def read(text: str) -> Any:
    """The numbers in a page, read as strictly as a browser reads them."""
    (data,) = re.findall(r'<script type="application/json" id="film">(.*?)</script>', text)

    def invalid(constant: str) -> None:
        raise AssertionError(f"{constant} is not in JSON")

    return json.loads(data, parse_constant=invalid)


@pytest.mark.parametrize("value", NOT_FINITE)
def test_a_film_has_numbers_that_are_not_finite(value: float) -> None:
    history = plots.History([0, 1, 2], [1.0, value, 2.0])
    found = read(page(astray(value), "astray", history))
    names = [frame["loss"] for frame in found["frames"]]
    assert [float(name) for name in names] == pytest.approx([1.0, value, 2.0], nan_ok=True)
    assert [float(loss) for _, loss in found["curve"]] == pytest.approx(
        [1.0, value, 2.0], nan_ok=True
    )
    assert found["frames"][1]["accuracy"] == ("NaN" if np.isnan(value) else 1 / 3)


def test_where_scores_are_nan_no_class_is_shown() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    image = astray(float("nan")).frames[1]["image"]
    shown = pyplot.imread(io.BytesIO(base64.b64decode(image.split(",")[1])))
    assert (shown[..., 3] == 0).all()
    ground = region_image(lambda points: np.full((len(points), 3), np.nan), (0, 1, 0, 1), 4)
    assert (ground == 1).all()


def test_infinite_scores_are_sure() -> None:
    chosen, sure = confidence([[np.inf, 0.0], [0.0, -np.inf], [-np.inf, np.inf]])
    assert chosen.tolist() == [0, 0, 1]
    assert sure.tolist() == [1, 1, 1]


def test_a_film_of_many_classes_has_their_colours() -> None:
    """A picture has at most 256 colours, and classes repeat them from the seventh on."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    X = np.array([[0.0, 0.0], [1.0, 1.0]])
    film = plots.Film(X, np.array([0, 12]), size=4)
    for chosen in (6, 12):
        film.add(chosen, lambda points, k=chosen: 9.0 * (np.arange(13) == k) + 0 * points[:, :1], 1)
    first, second = (
        pyplot.imread(io.BytesIO(base64.b64decode(frame["image"].split(",")[1])))
        for frame in film.frames
    )
    np.testing.assert_array_equal(first, second)
    colour = [int(plots.CLASS_COLOURS[0][k : k + 2], 16) / 255 for k in (1, 3, 5)]
    assert first[0, 0, :3] == pytest.approx(colour, abs=1e-6)


def test_a_film_of_one_class() -> None:
    film = plots.Film(np.ones((2, 2)), np.zeros(2, int), size=4)
    film.add(0, lambda points: np.ones((len(points), 1)), 0.0)
    assert film.frames[0]["accuracy"] == 1.0


@pytest.mark.parametrize(
    "wrong", [{"X": np.full((2, 2), np.nan)}, {"X": np.ones((0, 2)), "y": np.ones(0, int)},
              {"size": 0}, {"y": np.array([-1, 0])}], ids=["nan", "none", "size", "class"]
)  # fmt: skip
def test_points_that_cannot_be_shown_are_told(wrong: dict[str, Any]) -> None:
    with pytest.raises(plots.PlotError, match="expected at least one point"):
        plots.Film(**{"X": np.ones((2, 2)), "y": np.zeros(2, int), **wrong})


@pytest.mark.parametrize("value", [*NOT_FINITE, 1e308, 1e-320, 0.0])
def test_curves_have_gaps(value: float, tmp_path: Path) -> None:
    curves = {"W": [0.5, value]}
    made = plots.History([0, 1], [1.0, value], [value, 0.1], [0.5, value], curves, curves)
    for axis in (
        plots.loss_curve(made, classes=3), plots.gradient_norms(made), plots.update_ratios(made),
        plots.activations(np.array([[1.0, value]])),
    ):  # fmt: skip
        plots.save(axis, tmp_path / "curve.png")
    if not np.isfinite(value):
        drawn = plots.loss_curve(made).get_lines()[0].get_ydata()
        assert drawn[0] == 1.0
        assert np.isnan(drawn[1])


@pytest.mark.parametrize("ratios", [[0.1, 0.2], [1e-9, 1e-9], [1e-3, 1.0000000000000002e-3]])
def test_the_healthy_ratios_are_on_the_axis(ratios: list[float], tmp_path: Path) -> None:
    """Words outside of it would leave no room for the curves, with a warning."""
    made = plots.History([0, 1], [1.0, 1.0], update_ratios={"W": ratios})
    axis = plots.update_ratios(made)
    low, high = axis.get_ylim()
    assert low < min(5e-4, *ratios)
    assert high > max(2e-3, *ratios)
    plots.save(axis, tmp_path / "ratios.png")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_any_name_is_text(name: str, suffix: str, tmp_path: Path) -> None:
    made = plots.History([0, 1], [1.0, 1.0], gradient_norms={name: [1.0, 2.0]},
                         update_ratios={name: [1.0, 2.0]})  # fmt: skip
    for axis in (plots.gradient_norms(made), plots.update_ratios(made),
                 plots.accuracy_curve([0, 1], {name: [0.5, 0.6]})):  # fmt: skip
        plots.save(axis, tmp_path / f"names.{suffix}", name)
    path = plots.player(astray(0.0), tmp_path / "film.html", title=name)
    assert len(read(path.read_text("utf-8"))["frames"]) == 3


def test_the_page_shows_where_training_went_astray(browser: Any, tmp_path: Path) -> None:
    history = plots.History([0, 1, 2, 3], [1.0, float("inf"), float("nan"), 2.0])
    path = plots.player(astray(float("nan")), tmp_path / "film.html", history=history)
    context = browser.new_context(offline=True)
    opened, problems = context.new_page(), []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(f"{path.as_uri()}#step=1")
    assert opened.inner_text("#told") == "step 1: loss NaN, accuracy NaN %"
    assert opened.get_attribute("circle.dot", "visibility") == "hidden"
    assert opened.get_attribute("path.loss", "d").count("M") == 2
    opened.keyboard.press("ArrowRight")
    assert opened.inner_text("#told") == "step 2: loss 2.00, accuracy 33.3 %"
    assert opened.get_attribute("circle.dot", "visibility") == "visible"
    assert problems == []
    context.close()
