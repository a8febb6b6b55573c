"""Pictures of training: they show the numbers that they are given, and say what is missing."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import io
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from nn import plots
from nn.plots.classes import region_image
from nn.plots.player import LEVELS, _png, page

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_figure_stays() -> Any:
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def history() -> plots.History:
    made = plots.History()
    net = nn.TwoLayerNet(2, 5, 3, seed=0)
    X, y = nn.spiral(10, seed=0)
    for step in range(3):
        for p in net.parameters():
            p.zero_grad()
        loss = net.loss(X, y)
        loss.backward()
        hidden = np.maximum(0, X @ net.fc1.W.numpy())
        made.record(step, loss.item(), 0.01, 0.3 * step, net=net, lr=0.5, hidden=hidden)
    return made


def texts(axis: Any) -> set[str]:
    return {text.get_text() for text in axis.texts}


# --- curves --------------------------------------------------------------------------------------


def test_a_history_has_norms_and_ratios() -> None:
    net = nn.TwoLayerNet(2, 5, 3, seed=0)
    net.loss(*nn.spiral(10, seed=0)).backward()
    made = plots.History()
    made.record(7, 1.5, net=net, lr=0.5)
    assert made.steps == [7]
    assert made.accuracy == made.dead == []
    norms = {p.name: np.linalg.norm(p.grad) for p in net.parameters()}
    assert {k: v[0] for k, v in made.gradient_norms.items()} == pytest.approx(norms)
    W1 = net.fc1.W
    expected = 0.5 * np.linalg.norm(W1.grad) / np.linalg.norm(W1.numpy())
    assert made.update_ratios["W1"] == pytest.approx([expected])
    assert set(made.update_ratios) == {"W1", "W2"}  # not the biases, which begin at zero


def test_the_loss_curve_has_both_losses_and_the_level_of_chance() -> None:
    made = history()
    axis = plots.loss_curve(made, classes=3)
    data, penalty, chance = axis.get_lines()
    assert list(data.get_ydata()) == made.data_loss
    assert list(penalty.get_ydata()) == made.penalty
    assert chance.get_ydata()[0] == pytest.approx(math.log(3))
    assert texts(axis) == {"ln 3: chance "}


def test_curves_on_an_axis_of_the_caller() -> None:
    made = history()
    _, axes = plots.figure(1, 4)
    assert plots.accuracy_curve(made.steps, {"test": made.accuracy}, axis=axes[0, 0]) is axes[0, 0]
    assert axes[0, 0].get_title() == "test accuracy: 60.0 %"
    assert plots.gradient_norms(made, axis=axes[0, 1]).get_yscale() == "log"
    ratios = plots.update_ratios(made, axis=axes[0, 2])
    assert ratios.get_yscale() == "log"
    assert "about 1e-3 is healthy" in texts(ratios)
    plots.dead_units_curve(made, axis=axes[0, 3])
    assert list(axes[0, 3].get_lines()[0].get_ydata()) == [100 * d for d in made.dead]


def test_dead_units() -> None:
    hidden = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]])
    assert plots.dead_units(hidden) == 0.5
    axis = plots.activations(hidden)
    assert axis.get_title() == "hidden: 75 % zeros, 2/4 units dead"


# --- classes -------------------------------------------------------------------------------------


def test_regions_have_the_colour_of_the_class_and_points_its_marker() -> None:
    X = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    y = np.array([0, 1, 2])

    def scores(points: Any) -> Any:
        return -8.0 * np.sum((points[:, None] - X) ** 2, axis=2)

    axis = plots.decision_regions(X, y, scores)
    lines = axis.get_lines()
    assert [line.get_marker() for line in lines] == ["o", "s", "^"]
    assert [line.get_color() for line in lines] == ["#0072B2", "#E69F00", "#7b3294"]
    assert [list(line.get_xdata()) for line in lines] == [[-1.0], [1.0], [0.0]]
    image = region_image(scores, (-1.0, 1.0, 0.0, 2.0), 21)
    for row, column, colour in [(0, 0, (0, 0x72, 0xB2)), (0, 20, (0xE6, 0x9F, 0))]:
        expected = 1 - 0.62 * (1 - np.array(colour) / 255)
        assert image[row, column] == pytest.approx(expected, abs=0.01)


def test_unsure_regions_are_pale() -> None:
    image = region_image(lambda points: np.zeros((len(points), 3)), (0.0, 1.0, 0.0, 1.0), 4)
    assert image.min() >= 0.88 - 1e-9


def test_regions_on_dark_ground_are_dark_where_the_net_is_unsure() -> None:
    image = region_image(lambda points: np.zeros((len(points), 3)), (0, 1, 0, 1), 4, "#000000")
    assert image.max() <= 0.12 * 0xB2 / 255 + 1e-9
    X, y = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
    axis = plots.decision_regions(X, y, lambda points: 0 * points @ X.T, ground="#000000")
    assert axis.get_images()[0].get_array().max() <= 0.12 * 0xB2 / 255 + 1e-9


def test_weight_tiles_are_the_columns() -> None:
    W = np.zeros((6, 3))
    W[:, 1] = [1, 2, 3, 4, 5, -10]
    sheet = np.asarray(plots.weight_tiles(W, (2, 3)).get_images()[0].get_array())
    assert np.nanmin(sheet) == -1.0
    assert np.isclose(sheet, 0.5).sum() == 1


def test_the_most_confident_mistakes_come_first() -> None:
    labels = np.array([0, 1, 1, 0])
    p = np.array([[0.9, 0.1], [0.7, 0.3], [0.95, 0.05], [0.4, 0.6]])
    axis = plots.mistakes(np.zeros((4, 4)), labels, p, (2, 2), count=2)
    assert [text.get_text() for text in axis.texts] == ["1, not 0  95 %", "1, not 0  70 %"]
    assert axis.get_title().endswith("3 of 4 wrong")
    assert plots.mistakes(np.zeros((1, 4)), labels[:1], p[:1], (2, 2)).texts[:] == []


def test_the_confusion_matrix_counts() -> None:
    axis = plots.confusion(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), classes=4)
    assert sorted(text.get_text() for text in axis.texts) == ["1"] * 5
    assert axis.get_title() == "confusion: 60.0 % right"
    assert axis.get_ylabel() == "is"
    (image,) = axis.get_images()
    assert image.get_array()[0, 1] == 0.5


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_files_have_a_title_and_are_the_same_every_time(suffix: str, tmp_path: Path) -> None:
    for name in "ab":
        axis = plots.loss_curve(history(), classes=3)
        plots.save(axis, tmp_path / f"{name}{suffix}", "a loss of ours")
    first, second = (tmp_path / f"{name}{suffix}" for name in "ab")
    if suffix != ".svg":  # it numbers its parts at random
        assert first.read_bytes() == second.read_bytes()
    assert b"a loss of ours" in first.read_bytes()


def test_what_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(plots.PlotError, match=r"ends in \.png, \.svg or \.pdf"):
        plots.save(plots.loss_curve(history()), tmp_path / "a.gif")
    with pytest.raises(plots.PlotError, match=r"cannot write .*: No such file.*another place"):
        plots.save(plots.loss_curve(history()), tmp_path / "no" / "a.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(plots.PlotError, match="it is a folder"):
        plots.save(plots.loss_curve(history()), tmp_path / "folder.png")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]


def test_without_matplotlib_there_is_a_word_of_advice() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = sys.modules['matplotlib.pyplot'] = None\n"
        "import nn\n"  # the package itself does not need it
        "try: nn.plots.loss_curve(nn.plots.History())\n"
        "except nn.plots.PlotError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "pip install 'gategrad[plots]'" in done.stdout, done.stderr


def test_matplotlib_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, nn; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n"


# --- the film ------------------------------------------------------------------------------------


def spiral_film() -> plots.Film:
    X, y = nn.spiral(8, seed=0)
    film = plots.Film(X, y, size=16)
    for k in range(5):
        W = np.array([[k, -1.0, 0.5], [0.0, 1.0, -1.0]])
        film.add(10 * k, lambda points, W=W: points @ W, loss=1.0 / (k + 1))
    return film


class Tags(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_lets_nothing_in_from_outside() -> None:
    text = page(spiral_film(), "a film", None)
    (policy,) = (a["content"] for t, a in Tags(text).found if "http-equiv" in a)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind in ("style", "script"):
        (inside,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    for tag, attributes in Tags(text).found:
        assert not {"src", "href", "style", "onclick", "onload"} & set(attributes), tag
    without_names = text.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in re.sub(r'http-equiv="Content', "", without_names)


def test_a_title_is_text() -> None:
    text = page(spiral_film(), '</title><script>alert("&")</script>', None)
    assert text.count("<script") == 2
    assert "&lt;script&gt;alert(&quot;&amp;&quot;)" in text


def test_the_pictures_of_a_film_show_the_classes() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    film = spiral_film()
    image = film.frames[2]["image"]
    shown = pyplot.imread(io.BytesIO(base64.b64decode(image.split(",")[1])))
    left, _, _, top = film.bounds
    corner = np.array([[left, top]]) @ np.array([[2, -1.0, 0.5], [0.0, 1.0, -1.0]])
    colour = plots.CLASS_COLOURS[int(corner.argmax())]
    expected = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    assert shown[0, 0, :3] == pytest.approx(expected, abs=1e-6)
    assert 0.1 < shown[0, 0, 3] < 0.65


def test_a_png_is_a_png() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    palette = [(255, 0, 0, 255), (0, 0, 255, 128)]
    shown = pyplot.imread(io.BytesIO(_png(np.array([[0, 1, 1]]), palette)))
    assert shown[0, 0] == pytest.approx([1, 0, 0, 1])
    assert shown[0, 2] == pytest.approx([0, 0, 1, 128 / 255])
    assert len(palette) <= 6 * LEVELS <= 256


def test_the_numbers_of_a_film_are_in_the_page() -> None:
    film, made = spiral_film(), plots.History()
    made.record(0, 1.0)
    made.record(3, float("nan"))
    text = page(film, "a film", made)
    (data,) = re.findall(r'<script type="application/json" id="film">(.*?)</script>', text)
    read = json.loads(data)
    assert [frame["step"] for frame in read["frames"]] == [0, 10, 20, 30, 40]
    guesses = film.X @ np.array([[4, -1.0, 0.5], [0.0, 1.0, -1.0]])
    assert read["frames"][-1]["accuracy"] == np.mean(guesses.argmax(axis=1) == film.y)
    assert read["curve"] == [[0, 1.0], [3, "NaN"]]
    assert len(read["points"]) == len(film.X)
    assert read["chance"] == pytest.approx(math.log(3))


def test_wrong_films_are_told(tmp_path: Path) -> None:
    with pytest.raises(plots.PlotError, match="expected points"):
        plots.Film(np.ones((3, 4)), np.ones(3, int))
    X, y = nn.spiral(3, seed=0)
    with pytest.raises(plots.PlotError, match="has no pictures"):
        plots.player(plots.Film(X, y), tmp_path / "film.html")
    with pytest.raises(plots.PlotError, match="cannot write"):
        plots.player(spiral_film(), tmp_path / "no" / "film.html")


def test_the_page_plays(browser: Any, tmp_path: Path) -> None:
    path = plots.player(spiral_film(), tmp_path / "film.html", title="a film")
    context = browser.new_context(offline=True, reduced_motion="reduce", color_scheme="dark")
    opened, problems = context.new_page(), []
    opened.on("console", lambda message: problems.append(message.text))
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(f"{path.as_uri()}#step=20")

    def told() -> str:
        return opened.inner_text("#told").split(":")[0]

    assert told() == "step 20"
    opened.keyboard.press("ArrowRight")
    assert told() == "step 30"
    opened.keyboard.press("Home")
    assert told() == "step 0"
    assert opened.evaluate("location.hash") == "#step=0"
    opened.focus("#slider")
    opened.keyboard.press("End")
    assert told() == "step 40"
    curve = opened.locator("#curve").bounding_box()
    opened.mouse.move(curve["x"] + curve["width"] * (46 + 462 * 0.27) / 520, curve["y"] + 50)
    assert told() == "step 10"
    pixel = "[...document.getElementById('regions').getContext('2d').getImageData(5, 5, 1, 1).data]"
    assert opened.evaluate(pixel)[3] > 0
    opened.click("#play")
    assert "pause" in opened.inner_text("#play")
    opened.keyboard.press("ArrowLeft")
    assert "play" in opened.inner_text("#play")
    assert opened.get_attribute("#regions", "aria-label").startswith("decision regions at step 0")
    dark = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(20, 25, 31)"
    assert problems == []
    context.close()
