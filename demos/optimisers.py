"""How optimisers go downhill: SGD, momentum, Nesterov, AdaGrad, RMSProp and Adam.

The update rules of CS231n ("Parameter updates") on two surfaces: a bowl that is a hundred times
steeper across than along, and a saddle, next to whose ridge they begin. Prints where each is after
so many steps, and leaves a picture of their paths, and a page that plays them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd as ag
import nn
from autograd import Parameter, Tensor
from autograd.draw import colours
from nn.plots.style import CLASS_COLOURS, MUTED, STYLE, write

from . import common, front

STEPS = 60


class Surface(NamedTuple):
    """A function of two numbers, where the paths begin, and the part of the plane that is shown."""

    name: str
    height: Callable[[Any, Any], Any]
    start: tuple[float, float]
    bounds: tuple[float, float, float, float]
    rates: tuple[float, ...]  # a step size for each rule


def bowl(x: Any, y: Any) -> Any:
    """Ill-conditioned: a hundred times as steep in y as in x."""
    return 0.05 * x**2 + 5 * y**2


def saddle(x: Any, y: Any) -> Any:
    """Up along x, down along y, where it levels off at last."""
    return x**2 - y**2 + 0.25 * y**4


SURFACES = (
    Surface("an ill-conditioned bowl", bowl, (-9.0, 0.9), (-10.5, 4.5, -1.25, 1.25),
            (0.18, 0.03, 0.03, 0.9, 0.25, 0.5)),
    Surface("a saddle", saddle, (-1.6, 0.001), (-1.9, 1.9, -0.7, 2.1),
            (0.08, 0.03, 0.03, 0.3, 0.05, 0.12)),
)  # fmt: skip
RULES: dict[str, Callable[[list[Parameter], float], nn.Optimiser]] = {
    "SGD": lambda p, lr: nn.SGD(p, lr),
    "momentum": lambda p, lr: nn.SGD(p, lr, momentum=0.9),
    "Nesterov": lambda p, lr: nn.SGD(p, lr, momentum=0.9, nesterov=True),
    "AdaGrad": lambda p, lr: nn.AdaGrad(p, lr),
    "RMSProp": lambda p, lr: nn.RMSProp(p, lr, alpha=0.9),
    "Adam": lambda p, lr: nn.Adam(p, lr),
}
LINES = ("-", "--", (0, (5, 1, 1, 1)), "-.", ":", (0, (3, 1)))


def path(surface: Surface, rule: str, steps: int = STEPS) -> Any:
    """The places (steps + 1, 2) that an optimiser goes through, by a compiled step."""
    x, y = (Parameter(value, name=name) for value, name in zip(surface.start, "xy", strict=True))
    optimiser = RULES[rule]([x, y], surface.rates[list(RULES).index(rule)])

    @ag.compile
    def step() -> Tensor:
        optimiser.zero_grad()
        loss: Tensor = surface.height(x, y)
        loss.backward()
        optimiser.step()
        return loss

    places = [surface.start]
    for _ in range(steps):
        step()
        places.append((x.item(), y.item()))
    return np.array(places)


def heights(surface: Surface, count: int = 160) -> tuple[Any, Any, Any]:
    """A grid of places, and how high the surface is there."""
    left, right, bottom, top = surface.bounds
    a, b = np.meshgrid(np.linspace(left, right, count), np.linspace(bottom, top, count))
    return a, b, surface.height(a, b)


def levels(surface: Surface, height: Any) -> Any:
    """Heights of the lines: close together where it is low."""
    low, high = height.min(), height.max()
    return low + (high - low) * np.linspace(0.03, 1, 15) ** 2


# --- the picture ----------------------------------------------------------------------------------


def picture(scheme: str, paths: Sequence[dict[str, Any]]) -> bytes:
    """The paths on both surfaces, on light or on dark ground, as PNG."""
    import matplotlib.pyplot as plt

    ground, ink, muted = (front.on(scheme, c) for c in ("#ffffff", colours.LIGHT["ink"], MUTED))
    lines = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), muted)
    look: dict[Any, Any] = {**STYLE, **lines, "axes.facecolor": ground, "axes.labelcolor": muted,
                            "text.color": ink}  # fmt: skip
    content = io.BytesIO()
    with plt.rc_context(look):
        figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained", facecolor=ground)
        for axis, surface, found in zip(axes, SURFACES, paths, strict=True):
            _panel(axis, surface, found, scheme, muted)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6,
                      labelcolor=ink)  # fmt: skip
        figure.savefig(content, dpi=110)
        plt.close(figure)
    return content.getvalue()


def _panel(axis: Any, surface: Surface, paths: dict[str, Any], scheme: str, muted: str) -> None:
    a, b, height = heights(surface)
    axis.contour(a, b, height, levels=levels(surface, height), colors=[muted], linewidths=0.6,
                 alpha=0.6, linestyles="solid")  # fmt: skip
    for (name, places), colour, line in zip(paths.items(), _colours(scheme), LINES, strict=True):
        axis.plot(*places.T, linestyle=line, color=colour, linewidth=1.6, label=name)
        axis.plot(*places[::5].T, "o", color=colour, markersize=2.6)
        axis.plot(*places[-1], "D", color=colour, markersize=6)
    axis.plot(*surface.start, "x", color=muted, markersize=9, markeredgewidth=2)
    left, right, bottom, top = surface.bounds
    axis.set(title=surface.name, xlim=(left, right), ylim=(bottom, top), xlabel="x", ylabel="y")


def _colours(scheme: str) -> list[str]:
    """A colour for each rule; lighter on dark ground."""
    if scheme == "light":
        return ["#0072B2", "#8a6100", "#7b3294", "#00785a", "#c24e00", "#1f2933"]
    return [*CLASS_COLOURS[5:6], "#E69F00", "#d58be8", "#2fd3a2", "#ff8a4c", "#f0f4f8"]


# --- the page -------------------------------------------------------------------------------------

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>how optimisers go downhill</title>
<style>
:root { color-scheme: light dark; --ground: #fff; --ink: #1f2933; --muted: #52606d }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14181d; --ink: #e4e9ee; --muted: #9aa7b4 } }
body { margin: 1.5rem auto; max-width: 68rem; padding: 0 1rem; background: var(--ground);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.3rem } .plots { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)) }
figure { margin: 0 } figcaption { font-weight: 600 } canvas { width: 100%; aspect-ratio: 3/2 }
.controls { display: flex; gap: 1rem; align-items: center; margin: 1rem 0 }
.controls input[type=range] { flex: 1 } button { font: inherit; min-width: 5rem }
fieldset { border: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem }
label span { display: inline-block; width: 1.4em; height: .3em; vertical-align: middle }
</style>
<h1>How optimisers go downhill</h1>
<div class="plots" id="plots"></div>
<div class="controls"><button id="play">play</button>
<input id="at" type="range" min="0" value="0" aria-label="step"><output id="told"></output></div>
<fieldset id="rules"><legend>rules</legend></fieldset>
<script>
"use strict";
const data = DATA;
const dark = matchMedia("(prefers-color-scheme: dark)");
const at = document.getElementById("at"), play = document.getElementById("play");
const told = document.getElementById("told"), shown = new Set(data.rules.keys());
at.max = data.steps;
const plots = data.surfaces.map((surface) => {
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  const canvas = document.createElement("canvas");
  caption.textContent = surface.name;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "paths on " + surface.name);
  figure.append(caption, canvas);
  document.getElementById("plots").append(figure);
  return { surface, canvas };
});
data.rules.forEach((name, k) => {
  const label = document.createElement("label"), box = document.createElement("input");
  const mark = document.createElement("span");
  box.type = "checkbox"; box.checked = true;
  box.onchange = () => { box.checked ? shown.add(k) : shown.delete(k); paint(); };
  label.append(box, " ", mark, " " + name);
  label.mark = mark;
  document.getElementById("rules").append(label);
});
function paint() {
  const ink = getComputedStyle(document.body), step = +at.value;
  const colours = data.colours[dark.matches ? "dark" : "light"];
  told.textContent = "step " + step + " of " + data.steps;
  document.querySelectorAll("#rules label").forEach((x, k) => {
    x.mark.style.background = colours[k]; });
  for (const { surface, canvas } of plots) {
    const scale = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * scale; canvas.height = height * scale;
    const c = canvas.getContext("2d");
    c.scale(scale, scale);
    const [left, right, bottom, top] = surface.bounds;
    const place = ([x, y]) => [(x - left) / (right - left) * width,
                               (top - y) / (top - bottom) * height];
    const line = (points) => { c.beginPath(); points.forEach((p, k) => {
      const [x, y] = place(p); k ? c.lineTo(x, y) : c.moveTo(x, y); }); c.stroke(); };
    c.strokeStyle = ink.getPropertyValue("--muted"); c.globalAlpha = 0.45; c.lineWidth = 0.8;
    surface.contours.forEach(line);
    c.globalAlpha = 1;
    surface.paths.forEach((path, k) => {
      if (!shown.has(k)) return;
      c.strokeStyle = c.fillStyle = colours[k]; c.lineWidth = 2;
      line(path.slice(0, step + 1));
      const [x, y] = place(path[step]);
      c.beginPath(); c.arc(x, y, 5, 0, 7); c.fill();
    });
  }
}
let timer = null;
function stop() { clearInterval(timer); timer = null; play.textContent = "play"; }
play.onclick = () => {
  if (timer) return stop();
  if (+at.value >= data.steps) at.value = 0;
  play.textContent = "pause";
  timer = setInterval(() => { at.value = +at.value + 1; paint();
    if (+at.value >= data.steps) stop(); }, 90);
};
at.oninput = () => { stop(); paint(); };
addEventListener("resize", paint);
dark.addEventListener("change", paint);
paint();
if (matchMedia("(prefers-reduced-motion: reduce)").matches) { at.value = data.steps; paint(); }
else play.click();
</script>
</html>
"""


def page(paths: Sequence[dict[str, Any]], file: Path) -> Path:
    """Write the page that plays the paths; it needs no network."""
    surfaces = [
        {"name": surface.name, "bounds": surface.bounds, "contours": _contours(surface),
         "paths": [places.round(4).tolist() for places in found.values()]}
        for surface, found in zip(SURFACES, paths, strict=True)
    ]  # fmt: skip
    steps = len(next(iter(paths[0].values()))) - 1
    shades = {scheme: _colours(scheme) for scheme in front.SCHEMES}
    data = {"rules": list(RULES), "steps": steps, "surfaces": surfaces, "colours": shades}
    return write(file, PAGE.replace("DATA", json.dumps(data, separators=(",", ":"))).encode())


def _contours(surface: Surface) -> list[Any]:
    """The lines of equal height, as points."""
    from matplotlib.figure import Figure

    a, b, height = heights(surface, 90)
    drawn = Figure().subplots().contour(a, b, height, levels=levels(surface, height))
    return [line.round(3).tolist() for kind in drawn.allsegs for line in kind if len(line) > 1]


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "optimisers")
    parser.add_argument("--steps", type=common.positive, default=STEPS, help="(%(default)s)")
    options = parser.parse_args(arguments)
    out = common.folder(options.out)
    paths = [{rule: path(s, rule, options.steps) for rule in RULES} for s in SURFACES]
    for surface, found in zip(SURFACES, paths, strict=True):
        print(f"{surface.name}, after {options.steps} steps")
        for rule, places in found.items():
            x, y = places[-1]
            print(f"  {rule:10} at ({x:8.4f}, {y:8.4f}), height {surface.height(x, y):9.5f}")
    if not common.can_plot():
        return
    for scheme in front.SCHEMES:
        file = out / f"paths-{scheme}.png"
        titles = "\n".join([*(s.name for s in SURFACES), *RULES])
        front.save_png(file, picture(scheme, paths), "paths of optimisers", titles)
        common.wrote(file)
    common.wrote(page(paths, out / "paths.html"))


if __name__ == "__main__":
    main()
