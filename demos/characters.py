"""What the two models of characters share: the text, losses in bits, samples, and pictures.

A model gives, for every character of a text, scores for the one that comes next. Its loss is told
in bits a character, -log2 p(next), beside what it costs to know less: how frequent characters are,
or pairs, or triples of them; and for the tales beside the entropy of the grammar that wrote them,
below which no model gets.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import autograd as ag
import nn
from nn import plots
from nn.plots.style import GRADIENT, MUTED, STYLE, VALUE, write

from . import common

__all__ = ["Corpus", "Run", "add_options", "bits", "corpus", "finish", "follow", "sample"]

Array = np.ndarray[Any, Any]
Scores = Callable[[Array], Any]  # of the next characters, (n, steps, alphabet), for (n, steps)

LEAST = 2000  # characters of a text: less has nothing to hold out
KNOWN = 300  # characters that a model has seen before those by which it is measured
GLANCE = 20_000  # characters held out that the curve is made of


@dataclass(frozen=True)
class Corpus:
    """A text as numbers, nine tenths of it for training, and its alphabet."""

    training: Array
    held_out: Array
    alphabet: str
    name: str
    floor: float | None  # bits a character, where they are known
    digest: str

    def text(self, numbers: Any) -> str:
        """The characters that the numbers stand for."""
        return "".join(self.alphabet[int(k)] for k in numbers)


@dataclass
class Run:
    """What a training leaves behind: the loss of held-out text along the way."""

    model: str
    parameters: int
    text: str  # which one it was: by its digest
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of the processor, for training alone
    training: list[float] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)
    final: float = math.nan  # bits a character of the whole of what was held out


# --- the text -----------------------------------------------------------------------------------


def add_options(parser: argparse.ArgumentParser) -> None:
    """Of both models: what to read, and how to write."""
    add = parser.add_argument
    add("--text", type=Path, help="a file to learn from, in UTF-8, instead of the tales")
    add("--characters", type=common.positive, default=1_000_000,
        help="so many of the text, the last tenth of them held out (%(default)s)")  # fmt: skip
    add("--clip", type=common.step_size, default=1.0,
        help="largest norm of the gradient (%(default)s)")  # fmt: skip
    add("--sample", type=common.positive, default=400, help="characters to write (%(default)s)")
    add("--temperature", type=common.step_size, nargs="+", default=[0.5, 1.0], metavar="T",
        help="scores are divided by it before one is drawn: lower is surer (0.5 1.0)")  # fmt: skip


def corpus(options: argparse.Namespace) -> Corpus:
    """The text that the options name; a word and exit code 1 for one that is of no use."""
    name, floor = "tales", None
    if options.text is None:
        text, floor = nn.tales(options.characters), nn.data.tales_entropy()
    else:
        name = options.text.name
        try:
            text = options.text.read_text("utf-8")[: options.characters]
        except UnicodeDecodeError as error:
            raise SystemExit(f"--text {options.text}: no text in UTF-8, {error.reason}") from None
    if len(text) < LEAST:
        raise SystemExit(
            f"the text has {len(text):,} characters; expected {LEAST:,} or more: choose another "
            "--text, or more --characters"
        )
    numbers, alphabet = nn.data.characters(text)
    cut = len(numbers) * 9 // 10
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Corpus(numbers[:cut], numbers[cut:], alphabet, name, floor, digest)


def baselines(text: Corpus) -> dict[str, float]:
    """Bits a character of who knows how often characters, pairs and triples occur in training.

    Where a context is rare, it is mixed with the shorter one: p = (count + 5 · p of the shorter) /
    (count of the context + 5).
    """
    k, found = len(text.alphabet), {}
    known = np.full((1, k), 1 / k)  # p of the next character, a row for each context
    seen, rest = text.training, text.held_out
    for order, name in enumerate(("single characters", "pairs", "triples")):
        if k ** (order + 1) > 1 << 24:
            break
        counts = _counted(seen, order, k)
        known = np.tile(known, (len(counts) // len(known), 1))
        known = (counts + 5 * known) / (counts.sum(axis=1, keepdims=True) + 5)
        at = _contexts(rest, order, k)
        found[name] = float(-np.log2(known[at, rest[order:]]).mean())
    return found


def _contexts(numbers: Array, order: int, k: int) -> Array:
    """The number of the `order` characters before each one, the nearest in the lowest place."""
    at = np.zeros(len(numbers) - order, np.intp)
    for back in range(order):
        at += numbers[order - 1 - back : len(numbers) - 1 - back] * k**back
    return at


def _counted(numbers: Array, order: int, k: int) -> Array:
    both = _contexts(numbers, order, k) * k + numbers[order:]
    return np.bincount(both, minlength=k ** (order + 1)).reshape(-1, k).astype(float)


# --- how good a model is ------------------------------------------------------------------------


def bits(scores: Scores, numbers: Array, window: int, known: int = KNOWN) -> Array:
    """-log2 p of each character of a text but the first, (n - 1,).

    The text is read in windows, and each character is told from `known` or more before it, as far
    as the text has them: the first characters of a window are only read.
    """
    known, found = min(known, window // 2), list[Array]()
    for x, y in _windows(numbers, window, known):
        with ag.no_grad():
            told = np.asarray(nn.functional.log_softmax(scores(x)).numpy(), np.float64)
        found += list(-np.take_along_axis(told, y[..., None], -1)[..., 0] / math.log(2))
    costs = [cost if k == 0 else cost[known:] for k, cost in enumerate(found)]
    return np.concatenate(costs)[: len(numbers) - 1]


def _windows(numbers: Array, window: int, known: int) -> Iterator[tuple[Array, Array]]:
    """Pieces (n, window) and what comes next in them; the end of the last one repeats itself."""
    window = min(window, len(numbers) - 1)
    known = min(known, window // 2)
    starts = np.arange(0, max(1, len(numbers) - 1 - known), window - known)
    places = np.minimum(starts[:, None] + np.arange(window), len(numbers) - 2)
    for part in np.array_split(places, max(1, len(places) // 16)):
        yield numbers[part], numbers[part + 1]


def follow(
    run: Run, step: Callable[[], Any], steps: int, evaluate: Callable[[], float], lr: float
) -> None:
    """Take the steps of a training, and tell how it goes; each gives its loss in nats."""
    shown = {*np.unique(np.rint(np.geomspace(1, steps, 8)).astype(int)).tolist(), steps}
    shown |= set(range(0, steps + 1, max(1, steps // 12)))
    print(f"{'step':>6}  {'CPU s':>7}  {'training':>8}  {'held out':>8}   bits a character")
    losses, spent = list[float](), 0.0
    for k in common.progress(range(1, steps + 1), steps, "training"):
        start = time.process_time()
        losses.append(step() / math.log(2))
        spent += time.process_time() - start
        common.check_losses([k], losses[-1:], lr)
        if k in shown:
            values = k, spent, float(np.mean(losses)), evaluate()
            for kept, value in zip((run.steps, run.seconds, run.training, run.held_out), values,
                                   strict=True):  # fmt: skip
                kept.append(value)  # type: ignore[attr-defined]
            print(f"{k:6d}  {spent:7.1f}  {values[2]:8.4f}  {values[3]:8.4f}", flush=True)
            losses = []


def sample(
    scores: Callable[[list[int]], Array], text: Corpus, length: int, temperature: float, seed: int
) -> str:
    """Characters that a model writes; `scores` gives those of the next one after all so far.

    It goes on from the beginning of the held-out text, where a paragraph ends if one does.
    """
    rng, shown = np.random.default_rng(seed), text.text(text.held_out[: 4 * KNOWN])
    end = shown.find("\n\n", KNOWN)
    known = end + 2 if end >= 0 else min(KNOWN, len(shown))
    written = text.held_out[:known].tolist()
    with ag.no_grad():
        for _ in range(length):
            s = np.asarray(scores(written), np.float64) / temperature
            p = np.exp(s - s.max())
            written.append(int(rng.choice(len(p), p=p / p.sum())))
    return text.text(written[known:])


# --- what is printed and drawn at the end -------------------------------------------------------


def finish(
    run: Run, text: Corpus, costs: Array, write_text: Callable[[float], str],
    options: argparse.Namespace, out: Path, name: str, beside: Run | None = None,
) -> None:  # fmt: skip
    """Tell the loss beside others, print samples, and leave the picture and the figures.

    costs        bits of each held-out character but the first
    write_text   gives a sample at a temperature
    """
    run.final = float(costs.mean())
    rows = {f"frequencies of {known}": cost for known, cost in baselines(text).items()}
    if beside is not None:
        rows[f"{beside.model}, {beside.parameters:,} parameters"] = beside.final
    rows[f"{run.model}, {run.parameters:,} parameters"] = run.final
    if text.floor is not None:
        rows["entropy of the grammar"] = text.floor
    wide = max(map(len, rows))
    print(f"\n{len(text.held_out):,} characters held out\n"
          f"{'':{wide}}  {'bits':>7}  perplexity of a character")  # fmt: skip
    for row, cost in rows.items():
        print(f"{row:{wide}}  {cost:7.4f}  {2**cost:7.3f}")
    for temperature in options.temperature:
        print(f"\n--- written at temperature {temperature:g} ---")
        print(_wrapped(write_text(temperature)).rstrip())
    print()
    write(out / f"{name}.json", (json.dumps(asdict(run), indent=1) + "\n").encode())
    common.wrote(out / f"{name}.json")
    if common.can_plot():
        _picture(out / f"{name}.png", run, text, costs, beside)
        common.wrote(out / f"{name}.png")


def _wrapped(text: str) -> str:
    lines = (textwrap.fill(line, 92, drop_whitespace=False) for line in text.split("\n"))
    return "\n".join(lines)


def _picture(path: Path, run: Run, text: Corpus, costs: Array, beside: Run | None) -> None:
    """The loss on its way, and a piece of held-out text: how surprising each character was."""
    import matplotlib.pyplot as plt

    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(11, 9), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=[1, 1.3], hspace=0.04)
        _curves(above.subplots(), run, text, beside)
        _surprise(below, below.subplots(), text, costs, run.model)
    plots.save(figure, path, f"{run.model} on {text.name}: loss, and how surprising a text was")


def _curves(axis: Any, run: Run, text: Corpus, beside: Run | None) -> None:
    runs = [(run, VALUE, "-"), *([] if beside is None else [(beside, GRADIENT, "--")])]
    for one, colour, dash in runs:
        told = f"{one.model}, {one.parameters:,} parameters: {one.final:.3f}"
        axis.loglog(one.seconds, one.held_out, dash, color=colour, lw=2, label=told)
    levels = {f"frequencies of {known}": cost for known, cost in baselines(text).items()}
    if text.floor is not None:
        levels["entropy of the grammar"] = text.floor
    beyond = {
        "color": MUTED,
        "fontsize": 9,
        "va": "center",
        "transform": axis.get_yaxis_transform(),
    }
    for name, level in levels.items():
        axis.axhline(level, color=MUTED, lw=0.9, ls=":")
        axis.text(1.01, level, f"{name}: {level:.3f}", **beyond)
    axis.set_xlim(min(x.seconds[0] for x, _, _ in runs), max(x.seconds[-1] for x, _, _ in runs))
    low, high = min([run.final, *levels.values()]), max(run.held_out[0], *levels.values())
    axis.set_ylim(low * 0.85, high * 1.15)
    ticks = [t for t in (0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 3, 5, 8) if low * 0.85 < t < high * 1.15]
    axis.set_yticks(ticks, [f"{t:g}" for t in ticks])
    axis.yaxis.minorticks_off()
    axis.xaxis.set_major_formatter("{x:g}")
    axis.legend(loc="lower left", bbox_to_anchor=(0, 0.06))
    axis.set(title="held-out text: bits a character",
             xlabel="seconds of training (of the processor)")  # fmt: skip


def _surprise(figure: Any, axis: Any, text: Corpus, costs: Array, model: str) -> None:
    """A piece of the text, a cell for each character, the darker the more bits it cost."""
    from matplotlib.colors import LinearSegmentedColormap

    across, down = 92, 15
    shown = text.text(text.held_out[1:])
    start = shown.find("\n\n", KNOWN)
    start = start + 2 if 0 <= start < len(shown) // 2 else min(KNOWN, len(shown) // 2)
    places = _laid_out(shown[start : start + across * down], across, down)
    grid = np.full((down, across), np.nan)
    for k, (row, column) in places.items():
        grid[row, column] = costs[start + k]
    colours = LinearSegmentedColormap.from_list("surprise", ["#ffffff", "#f6b26b", "#bf3b00"])
    image = axis.imshow(grid, cmap=colours, vmin=0, vmax=6, aspect=2.1)
    for k, (row, column) in places.items():
        c, cost = shown[start + k], costs[start + k]
        if c.isprintable() and c != " ":
            axis.text(column, row, c.replace("$", r"\$"), family="monospace", fontsize=9,
                      ha="center", va="center", in_layout=False,
                      color="white" if cost > 4.5 else "#14191f")  # fmt: skip
    axis.set(xticks=[], yticks=[], title=f"what surprised the {model}: bits of each character "
             "of a text that it had never seen")  # fmt: skip
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axis, location="bottom", shrink=0.4, aspect=40, pad=0.02)
    bar.set_label("bits", fontsize=9)
    bar.outline.set_visible(False)


def _laid_out(text: str, across: int, down: int) -> dict[int, tuple[int, int]]:
    """Row and column of each character, lines being broken at spaces."""
    places, row, column = dict[int, tuple[int, int]](), 0, 0
    for k, c in enumerate(text):
        word = len(text[k:].split(maxsplit=1)[0]) if not c.isspace() else 0
        begins = k == 0 or text[k - 1].isspace()
        if begins and column and column + word > across:
            row, column = row + 1, 0
        if row >= down:
            break
        if c == "\n":
            row, column = row + 1, 0
        elif column < across:
            places[k] = row, column
            column += 1
    return places
