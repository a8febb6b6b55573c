"""The pictures of the README, each on light and on dark ground; the gallery's demo makes them.

Each carries, as text inside the file, what it shows: by that the tests keep it true.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib.util
import io
import re
import runpy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import autograd as ag
import nn
from autograd import Tensor
from autograd.draw import colours, describe, draw
from autograd.explore import explore
from benchmarks import report
from nn import plots
from nn.plots.style import write

from . import common, spiral
from .circuits import NEURON

ROOT = Path(__file__).resolve().parents[1]
SCHEMES = ("light", "dark")


class MissingError(Exception):
    """A picture cannot be made, since something is not installed."""


def on(scheme: str, colour: str) -> str:
    """A colour for light ground as it is on the ground of the scheme."""
    return colours.DARK.get(colour, colour) if scheme == "dark" else colour


# --- graphs ---------------------------------------------------------------------------------------


def first_example() -> Tensor:
    """The result `f` of the first block of code in the README: that very text is run."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None, "README.md has no Python"
    scope: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(found[1], "README.md", "exec"), scope)
    result: Tensor = scope["f"]
    return result


def two_layer_net() -> Tensor:
    """The loss of the spiral net, with the names of the notes."""
    X, y = nn.spiral(seed=0)
    scores = nn.TwoLayerNet(2, 100, 3, seed=0)(Tensor(X, requires_grad=False, name="X"))
    scores.name = "scores"
    loss: Tensor = nn.softmax_cross_entropy(scores, Tensor(y, name="y"))
    loss.name = "L"
    return loss


GRAPHS: dict[str, Callable[[], Tensor]] = {
    "neuron": first_example, "two-layer-net": two_layer_net,
}  # fmt: skip


def _graph(path: Path, scheme: str) -> None:
    graph = GRAPHS[path.stem.removesuffix(f"-{scheme}")]()
    if draw(graph, scheme=scheme).save(path) != path:
        raise MissingError("without Graphviz there is no picture of a graph")


# --- the explorer at a step -----------------------------------------------------------------------

STEP = 16  # the gradient has come back to one of the two products, not yet to the other
SIZE = {"width": 1180, "height": 376}
PROGRAM = "f = ag.sigmoid(w0 * x0 + w1 * x1 + w2)\n"  # the lecture's neuron
SHOWN = """() => [
    ...document.querySelectorAll('h1, #where, #heading, #details'),
    ...document.querySelectorAll('#picture svg text:not(.unseen)'),
].map((part) => (part.innerText ?? part.textContent).trim()).join('\\n')"""


def explored(folder: Path) -> Tensor:
    """The neuron, recorded by running a file, so that the page tells which line made a gate."""
    program = folder / "neuron.py"
    program.write_text(PROGRAM)
    inputs = {name: Tensor(value, name=name) for name, value in NEURON.items()}
    with ag.source_lines():
        f: Tensor = runpy.run_path(str(program), {"ag": ag, **inputs})["f"]
    return f


def visit(browser: Any, scheme: str) -> tuple[str, bytes]:
    """What the explorer's page says and shows at the step: its text, and a screenshot."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        page = explore(explored(folder), folder / "neuron.html", title="sigmoid neuron")
        context = browser.new_context(viewport=SIZE, device_scale_factor=1.5, color_scheme=scheme,
                                      reduced_motion="reduce")  # fmt: skip
        tab = context.new_page()
        tab.goto(f"{page.as_uri()}#step={STEP}")
        text, picture = tab.evaluate(SHOWN), tab.screenshot()
        context.close()
    return text, picture


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window; None where there is none."""
    if importlib.util.find_spec("playwright") is None:
        yield None
        return
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        try:  # without a path Playwright takes a browser of its own, if one was installed
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error:
            yield None
            return
        yield browser
        browser.close()


def _explorer(path: Path, scheme: str) -> None:
    _load_matplotlib()
    with chromium() as browser:
        if browser is None:
            raise MissingError(
                "a screenshot needs chromium from your system, and playwright to drive it: "
                'python -m pip install -e ".[browser]"'
            )
        text, picture = visit(browser, scheme)
    save_png(path, picture, f"the explorer at step {STEP}", text)


# --- the spiral -----------------------------------------------------------------------------------

STEPS = (300, 1000, 10_000)  # of the net, after which it is looked at
PANEL, GAP, HEAD = 2.1, 0.08, 0.27  # inches


@functools.cache
def learnt() -> tuple[Any, Any, dict[str, nn.Module]]:
    """The run of `python -m demos.spiral`: points, classes, and the nets on the way, by title."""
    rng = np.random.default_rng(0)
    X, y = nn.spiral(seed=rng)
    linear = nn.Linear(2, 3, init=nn.init.normal, seed=rng)
    _learn(linear, X, y, 200)
    nets: dict[str, nn.Module] = {_title("linear classifier", linear, X, y): linear}
    net = nn.TwoLayerNet(2, 100, 3, seed=rng)
    for before, steps in zip((0, *STEPS), STEPS, strict=False):
        _learn(net, X, y, steps - before)
        nets[_title(f"net, {steps:,} steps", net, X, y)] = copy.deepcopy(net)
    return X, y, nets


def _learn(net: nn.Module, X: Any, y: Any, steps: int) -> None:
    spiral.train(net, X, y, lr=1.0, reg=1e-3, steps=steps, report=lambda *_: None,
                 record_every=steps, label="net")  # fmt: skip


def _title(name: str, net: nn.Module, X: Any, y: Any) -> str:
    return f"{name}: {100 * spiral.accuracy(net, X, y):.0f} %"


def regions(scheme: str) -> bytes:
    """What each net makes of the plane, side by side, as PNG."""
    import matplotlib.pyplot as plt

    X, y, nets = learnt()
    ground, count = on(scheme, "#ffffff"), len(nets)
    width, height = count * PANEL + (count - 1) * GAP, PANEL + HEAD
    picture = io.BytesIO()
    with plt.rc_context({"text.color": on(scheme, colours.LIGHT["ink"])}):
        figure = plt.figure(figsize=(width, height), facecolor=ground)
        for k, (title, net) in enumerate(nets.items()):
            box = (k * (PANEL + GAP) / width, 0, PANEL / width, PANEL / height)
            axis = figure.add_axes(box)
            plots.decision_regions(X, y, spiral.scores_of(net), title, axis=axis, ground=ground)
            axis.set_anchor("S")
            axis.title.set_fontsize(9.5)
        figure.savefig(picture, dpi=150)
        plt.close(figure)
    return picture.getvalue()


def _spiral(path: Path, scheme: str) -> None:
    _load_matplotlib()
    save_png(path, regions(scheme), "the spiral's regions", "\n".join(learnt()[2]))


# --- speed ----------------------------------------------------------------------------------------


WORK = {  # lines of the tables
    "spiral step float32": "two-layer net, spiral",
    "mnist step float32": "two-layer net, MNIST",
    "conv step float32": "convolutional net",
}
NAMES = {  # columns of the tables, where the heads of a wide table are too short for a plot
    "tuned by hand": "NumPy tuned by hand",
    "compiled": "gategrad, compiled",
    "compiled, numba": "gategrad, with numba",
    "HIPS": "HIPS autograd",
    "JAX jit": "JAX, jit",
    "JAX scan": "JAX, scan",
}
CONDITIONS = "AMD EPYC, float32, one thread; further left is faster"


def speed() -> dict[str, dict[str, tuple[float, float]]]:
    """What the tables of docs/performance.md say: by system, by work, least and greatest."""
    tables = report.multiples((ROOT / "docs" / "performance.md").read_text("utf-8"))
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for row, work in WORK.items():
        for column, multiple in tables[row].items():
            found.setdefault(NAMES.get(column, column), {})[work] = multiple
    return found


def said() -> str:
    """The same in words."""
    return ". ".join(
        f"{name}: " + ", ".join(f"{low:g} to {high:g} ({work})" if low < high
                                else f"{low:g} ({work})" for work, (low, high) in own.items())
        for name, own in speed().items()
    )  # fmt: skip


def _speed(path: Path, scheme: str) -> None:
    _load_matplotlib()
    from benchmarks import plot

    ink, muted, ground, own = (
        on(scheme, c)
        for c in (colours.LIGHT["ink"], colours.LIGHT["muted"], "#ffffff", colours.LIGHT["value"])
    )
    marks = [on(scheme, c) for c in ("#1f5f99", "#bf3b00", "#8a6100")]
    svg = plot.beside(speed(), CONDITIONS, ink=ink, muted=muted, ground=ground, own=own,
                      colours=marks)  # fmt: skip
    described = describe(svg, "Time of a training step beside other systems", said())
    write(path, described.encode())


# --- files ----------------------------------------------------------------------------------------

COLOURS = 128


def _load_matplotlib() -> None:
    """Let it draw into files. Pillow, which writes the PNGs, comes with it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingError('it needs matplotlib: python -m pip install -e ".[demos]"')
    common.draw_into_files()


def save_png(path: Path, png: bytes, title: str, text: str) -> None:
    """Write a picture in few colours, so that it is small, with what it shows as text inside."""
    from PIL import Image, PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_itxt("Title", title)
    info.add_itxt("Description", text)
    few = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    content = io.BytesIO()
    few.save(content, "PNG", optimize=True, pnginfo=info)
    write(path, content.getvalue())


PICTURES: dict[str, Callable[[Path, str], None]] = {
    "neuron.svg": _graph,
    "two-layer-net.svg": _graph,
    "explorer.png": _explorer,
    "spiral.png": _spiral,
    "speed.svg": _speed,
}
