"""Run the ten programs of docs/science.md, and make a picture of what six of them find.

The code is that of the page: each section is run by itself. What a section prints is what the page
says that it prints; here it comes after the section's title.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograd.draw import colours
from nn.plots.style import GRADIENT, MUTED, STYLE, VALUE

from . import common, front

PAGE = front.ROOT / "docs" / "science.md"


@functools.cache
def sections() -> dict[str, str]:
    """The Python of each section of the page, by its title; what all begin with is in each."""
    start, *parts = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    code = ["\n".join(re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL))
            for part in (start, *parts)]  # fmt: skip
    titles = [part.partition("\n")[0] for part in parts]
    own = zip(titles, code[1:], strict=True)
    return {title: f"{code[0]}\n{text}" for title, text in own if text}


@functools.cache
def run(title: str) -> tuple[dict[str, Any], str]:
    """The names that a section defines, and what it prints."""
    scope: dict[str, Any] = {"__name__": title}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(sections()[title], str(PAGE), "exec"), scope)
    return scope, printed.getvalue()


def of(title: str) -> dict[str, Any]:
    """The names that a section defines."""
    return run(title)[0]


# --- the picture ----------------------------------------------------------------------------------


def gaussian_process(axis: Any, value: str, other: str, muted: str) -> str:
    """The mean of the process between the points, and two standard deviations around it."""
    s = of("A Gaussian process")
    x, y, theta, covariance = s["x"], s["y"], s["theta"], s["covariance"]
    at = np.linspace(-0.3, 6.3, 200)
    K = covariance(x, x, theta) + np.exp(2 * theta[2]) * np.eye(len(x))
    across = covariance(at, x, theta)
    mean = across @ np.linalg.solve(K, y)
    spread = 2 * np.sqrt(np.diag(covariance(at, at, theta) - across @ np.linalg.solve(K, across.T)))
    axis.fill_between(at, mean - spread, mean + spread, color=value, alpha=0.25, linewidth=0)
    axis.plot(at, mean, color=value)
    axis.plot(x, y, ".", color=other)
    return f"a Gaussian process, fitted: noise {np.exp(theta[2]):.2f}"


def populations(axis: Any, value: str, other: str, muted: str) -> str:
    """What sensitivities foretell for more prey, and what happens."""
    import autograd as ag

    s = of("An ODE")
    p, solution = s["p"], s["solution"]
    more = np.array([0.05, 0.0, 0.0, 0.0])
    before, after = solution(p, 70), solution(p + more, 70)
    foretold = before + ag.jvp(lambda p: solution(p, 70))(p, more)
    axis.plot(*before.T, color=muted, linestyle="--", label="a = 1.5")
    axis.plot(*after.T, color=value, label="a = 1.55")
    axis.plot(*foretold[::5].T, ".", color=other, label="as foretold")
    axis.set(xlabel="prey", ylabel="predators")
    axis.legend(labelcolor=muted)
    return "Lotka and Volterra: what derivatives foretell"


def response(axis: Any, value: str, other: str, muted: str) -> str:
    """The frequency response that was learnt, on the true one."""
    s = of("A filter in the frequency domain")
    at, H = np.linspace(0, 0.5, len(s["H"])), s["H"]
    true = np.fft.rfft(s["taps"], s["n"])
    for part, dashes, name in ((np.real, "-", "real"), (np.imag, "--", "imaginary")):
        axis.plot(at, part(true), dashes, color=value, label=name)
        axis.plot(at, part(H), ".", color=other)
    axis.set(xlabel="frequency")
    axis.legend(labelcolor=muted)
    return "a frequency response, learnt"


def arm(axis: Any, value: str, other: str, muted: str) -> str:
    """The arm at each of Newton's steps, and its target."""
    s = of("A robot's arm")
    ways, last = s["way"][:5], len(s["way"][:5]) - 1
    for k, q in enumerate(ways):
        angles = np.cumsum(q)
        links = s["links"][:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        places = np.concatenate([np.zeros((1, 2)), np.cumsum(links, axis=0)])
        shade = value if k == last else muted
        axis.plot(*places.T, "o-", color=shade, alpha=0.35 + 0.65 * (k == last), markersize=4)
        if k < 3:
            axis.annotate(
                str(k), places[-1], textcoords="offset points", xytext=(-11, 2), color=shade
            )
    axis.plot(*s["target"], "x", color=other, markersize=11, markeredgewidth=2.5)
    axis.set(xlim=(-0.65, 2.15), ylim=(-0.2, 1.8), aspect="equal")
    return f"an arm reaches for its target in {last} steps"


def banana(axis: Any, value: str, other: str, muted: str) -> str:
    """Samples on the lines of equal density."""
    s = of("Hamiltonian Monte Carlo")
    axis.plot(*s["samples"][::2].T, ".", color=value, markersize=2.5, alpha=0.5)
    a, b = np.meshgrid(np.linspace(-6.5, 6.5, 120), np.linspace(-6, 16, 120))
    height = s["log_density"](np.stack([a, b]))
    axis.contour(a, b, height, levels=[-8, -4, -2, -0.5], colors=[other], linewidths=1,
                 linestyles="solid")  # fmt: skip
    return "Hamiltonian Monte Carlo on a banana"


def chain(axis: Any, value: str, other: str, muted: str) -> str:
    """The middle of the chain in time, and the closed form."""
    s = of("Masses and springs")
    steps = np.arange(201)
    swing = s["swing"](2.0, np.sin(np.pi * np.arange(1, 8) / 8))
    axis.plot(steps * 0.05, swing[:, 4], color=value, label="step by step")
    axis.plot(steps[::8] * 0.05, np.cos(steps[::8] * s["theta"](2.0)), ".", color=other,
              label="closed form")  # fmt: skip
    axis.set(xlabel="time")
    axis.legend(labelcolor=muted)
    return "the middle of a chain of masses"


PANELS: list[Callable[..., str]] = [gaussian_process, populations, response, arm, banana, chain]


def picture(scheme: str) -> tuple[bytes, list[str]]:
    """All panels on light or on dark ground, as PNG, and their titles."""
    import matplotlib.pyplot as plt

    ground, ink, value, other, muted = (
        front.on(scheme, c) for c in ("#ffffff", colours.LIGHT["ink"], VALUE, GRADIENT, MUTED)
    )
    lines = dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color"), muted)
    look: dict[Any, Any] = {**STYLE, **lines, "axes.facecolor": ground, "axes.labelcolor": muted,
                            "text.color": ink, "axes.titlesize": 9.5}  # fmt: skip
    content = io.BytesIO()
    with plt.rc_context(look):
        figure, axes = plt.subplots(2, 3, figsize=(11, 6), layout="constrained", facecolor=ground)
        titles = [panel(axis, value, other, muted)
                  for panel, axis in zip(PANELS, axes.flat, strict=True)]  # fmt: skip
        for axis, title in zip(axes.flat, titles, strict=True):
            axis.set_title(title)
        figure.savefig(content, dpi=110)
        plt.close(figure)
    return content.getvalue(), titles


@common.program
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the demo; `arguments` as on the command line."""
    parser = common.parser(__doc__, "science")
    options = parser.parse_args(arguments)
    out: Path = common.folder(options.out)
    for title in sections():
        print(f"{title}\n" + re.sub("^", "    ", run(title)[1].rstrip(), flags=re.MULTILINE))
    if not common.can_plot():
        return
    for scheme in front.SCHEMES:
        png, titles = picture(scheme)
        path = out / f"programs-{scheme}.png"
        front.save_png(path, png, "ten programs", "\n".join(titles))
        common.wrote(path)


if __name__ == "__main__":
    main()
